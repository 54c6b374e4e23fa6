//===- Shapes.cpp - Operators on shapes -----------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

/// Shape: the extents from `start` to before `end`.
static LogicalResult convertShape(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(node.getInt("start", 0));
  int64_t end = clamp(node.getInt("end", rank));
  Extents sizes = e.extents(x);
  node.setOutput(0, e.fromExtents(ArrayRef<OpFoldResult>(sizes).slice(
                        start, std::max<int64_t>(0, end - start))));
  return success();
}

/// Whether an extent is computed from elements of tensors, not from extents
/// alone. A zero among the latter stands for an extent that is zero, and there
/// the dimension it would keep is zero too.
static bool comesFromData(Value size) {
  mlir::Operation *op = size.getDefiningOp();
  if (!op)
    return true;
  if (isa<mlir::tensor::DimOp>(op))
    return false;
  if (op->getName().getDialectNamespace() != "arith")
    return true;
  return llvm::any_of(op->getOperands(), comesFromData);
}

/// Reshape: 0 keeps an extent (unless allowzero), -1 is what remains.
static LogicalResult convertReshape(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  Extents goal;
  if (node.getOpset() < 5) {
    for (int64_t size : node.getInts("shape").value_or(SmallVector<int64_t>()))
      goal.push_back(e.getBuilder().getIndexAttr(size));
  } else {
    Tensor shape = node.getInput(1);
    if (!shape)
      return node.error("input 1 (shape) is missing");
    if (shape.getRank() != 1 || !shape.getType().hasStaticShape())
      return node.unsupported("a shape of unknown rank is not supported");
    goal = e.indices(shape);
  }
  bool allowZero = node.getInt("allowzero", 0) != 0;
  Extents from = e.extents(x);
  std::optional<size_t> rest;
  SmallVector<OpFoldResult> others;
  for (auto [d, size] : enumerate(goal)) {
    std::optional<int64_t> number = mlir::getConstantIntValue(size);
    if (number && *number == -1) {
      if (rest)
        return node.error("its shape has -1 twice; required is at most one");
      rest = d;
      continue;
    }
    if (number && *number < -1)
      return node.error("its shape has extent " + Twine(*number));
    if (!allowZero) {
      if (number && *number == 0) {
        if (d >= from.size())
          return node.error("extent 0 at position " + Twine(d) +
                            " keeps a dimension that a tensor of rank " +
                            Twine(from.size()) + " does not have");
        size = from[d];
      } else if (!number && d < from.size()) {
        Value wanted = e.toValue(size);
        if (comesFromData(wanted))
          size = OpFoldResult(
              s.select(s.compareIndex(mlir::arith::CmpIPredicate::eq, wanted,
                                      s.index(0)),
                       e.toValue(from[d]), wanted));
      }
    }
    others.push_back(size);
  }
  goal = e.simplify(goal);
  bool unknown = llvm::any_of(
      goal, [](OpFoldResult size) { return !mlir::getConstantIntValue(size); });
  if (rest) {
    // What is the same by construction on both sides cancels out.
    SmallVector<OpFoldResult> above(from.begin(), from.end());
    SmallVector<OpFoldResult> below;
    for (OpFoldResult size : e.simplify(others)) {
      auto *same = llvm::find_if(above, [&](OpFoldResult other) {
        return Emitter::isSame(size, other) &&
               mlir::getConstantIntValue(size) != 0;
      });
      if (same != above.end())
        above.erase(same);
      else
        below.push_back(size);
    }
    Value numerator = e.toValue(e.product(above));
    Value denominator = e.toValue(e.product(below));
    // Zero elements: whatever remains is zero.
    denominator = s.maxIndex(denominator, s.index(1));
    goal[*rest] = OpFoldResult(s.divIndex(numerator, denominator));
    goal = e.simplify(goal);
  } else if (unknown && goal.size() == 1) {
    goal[0] = e.product(from);
  }
  // A list of extents that were given at run time may be wrong; the product of
  // static ones can be checked here.
  std::optional<int64_t> before = mlir::getConstantIntValue(e.product(from)),
                         after = mlir::getConstantIntValue(e.product(goal));
  if (before && after && *before != *after)
    return node.error("a tensor of " + Twine(*before) +
                      " elements cannot be reshaped to one of " +
                      Twine(*after));
  node.setOutput(0, e.reshape(x, goal));
  return success();
}

static LogicalResult convertTranspose(Node &node) {
  Tensor x = node.getInput(0);
  std::optional<SmallVector<int64_t>> given = node.getInts("perm");
  SmallVector<int64_t> permutation;
  if (given && !given->empty())
    permutation = *given;
  else
    for (int64_t d = x.getRank(); d-- > 0;)
      permutation.push_back(d);
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (static_cast<int64_t>(sorted.size()) != x.getRank() ||
      !llvm::equal(sorted, llvm::seq<int64_t>(0, x.getRank())))
    return node.error("'perm' is no permutation of the " + Twine(x.getRank()) +
                      " dimensions");
  node.setOutput(0, node.getEmitter().transpose(x, permutation));
  return success();
}

/// Gather: rows of dimension `axis`; negative indices count from the end, and
/// one that is out of range reads the nearest row.
static LogicalResult convertGather(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), indices = node.getInput(1);
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", 0), x.getRank());
  if (!axis)
    return failure();
  if (!isInteger(indices.type))
    return node.error("its indices are " + getName(indices.type) +
                      "; required is int32 or int64");
  std::optional<SmallVector<int64_t>> fixed = e.constantIntegers(indices);
  // Shape arithmetic.
  if (fixed && x.getRank() == 1 && e.isKnown(x)) {
    SmallVector<Value> all = e.elements(x), picked;
    for (int64_t i : *fixed) {
      std::optional<int64_t> at = node.getAxis(i, all.size());
      if (!at)
        return failure();
      picked.push_back(all[*at]);
    }
    node.setOutput(0, e.fromElements(x.type, indices.getShape(), picked));
    return success();
  }
  Extents sizes = e.extents(x), rows = e.extents(indices);
  sizes.erase(sizes.begin() + *axis);
  sizes.insert(sizes.begin() + *axis, rows.begin(), rows.end());
  Value extent = e.extentValue(x, *axis);
  // Constant indices that all lie in a static extent need no test.
  std::optional<int64_t> size = mlir::getConstantIntValue(e.extent(x, *axis));
  bool safe = fixed && size && llvm::all_of(*fixed, [&](int64_t i) {
                return i >= 0 && i < *size;
              });
  node.setOutput(
      0, e.generate(x.type, sizes, [&](Scalars &s, mlir::ValueRange at) {
        Value i = s.toIndex(indices.type,
                            e.load(indices, at.slice(*axis, rows.size())));
        SmallVector<Value> position(at.take_front(*axis));
        if (!safe)
          i = makeSafe(s, i, extent).index;
        position.push_back(i);
        llvm::append_range(position, at.drop_front(*axis + rows.size()));
        return safe ? e.load(x, position) : loadUnlessEmpty(e, x, position);
      }));
  return success();
}

static LogicalResult convertConcat(Node &node) {
  SmallVector<Tensor> tensors;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is missing");
    tensors.push_back(node.getInput(i));
    if (tensors[i].getRank() != tensors[0].getRank() ||
        tensors[i].type != tensors[0].type)
      return node.error("its inputs differ in rank or type");
  }
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", 1), tensors[0].getRank());
  if (!axis)
    return failure();
  node.setOutput(0, node.getEmitter().concat(tensors, *axis));
  return success();
}

/// The dimensions that Squeeze and Unsqueeze name; from opset 13 on an input.
static LogicalResult getAxes(Node &node, int64_t rank,
                             std::optional<SmallVector<int64_t>> &axes) {
  Emitter &e = node.getEmitter();
  if (node.getOpset() < 13) {
    axes = node.getInts("axes");
  } else if (Tensor given = node.getInput(1)) {
    axes = e.constantIntegers(given);
    if (!axes)
      return node.unsupported("axes that are computed are not supported");
  }
  if (!axes)
    return success();
  for (int64_t &axis : *axes) {
    std::optional<int64_t> at = node.getAxis(axis, rank);
    if (!at)
      return failure();
    axis = *at;
  }
  llvm::sort(*axes);
  if (std::adjacent_find(axes->begin(), axes->end()) != axes->end())
    return node.error("its axes name a dimension twice");
  return success();
}

static LogicalResult convertUnsqueeze(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  std::optional<SmallVector<int64_t>> axes;
  int64_t count = 0;
  if (node.getOpset() < 13)
    count = node.getInts("axes").value_or(SmallVector<int64_t>()).size();
  else if (Tensor given = node.getInput(1))
    count =
        given.getType().hasStaticShape() ? given.getType().getNumElements() : 0;
  if (failed(getAxes(node, x.getRank() + count, axes)))
    return failure();
  Extents sizes = e.extents(x);
  for (int64_t axis : axes.value_or(SmallVector<int64_t>()))
    sizes.insert(sizes.begin() + axis, e.getBuilder().getIndexAttr(1));
  node.setOutput(0, e.reshape(x, sizes));
  return success();
}

static LogicalResult convertSqueeze(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  std::optional<SmallVector<int64_t>> axes;
  if (failed(getAxes(node, x.getRank(), axes)))
    return failure();
  if (!axes) {
    axes.emplace();
    for (int64_t d = 0; d < x.getRank(); ++d) {
      if (x.getType().isDynamicDim(d))
        return node.unsupported("squeezing every extent of 1 where extents "
                                "are dynamic is not supported");
      if (x.getShape()[d] == 1)
        axes->push_back(d);
    }
  }
  Extents sizes = e.extents(x);
  for (int64_t axis : reverse(*axes)) {
    if (!x.getType().isDynamicDim(axis) && x.getShape()[axis] != 1)
      return node.error("dimension " + Twine(axis) + " has extent " +
                        Twine(x.getShape()[axis]) + "; required is 1");
    sizes.erase(sizes.begin() + axis);
  }
  node.setOutput(0, e.reshape(x, sizes));
  return success();
}

void registerShapeOps(Registry &registry) {
  registry.add({
      {"Shape", 1, 1, 1, convertShape},
      {"Reshape", 1, 1, 2, convertReshape},
      {"Transpose", 1, 1, 1, convertTranspose},
      {"Gather", 1, 2, 2, convertGather},
      {"Concat", 1, 1, kVariadic, convertConcat},
      {"Unsqueeze", 1, 1, 2, convertUnsqueeze},
      {"Squeeze", 1, 1, 2, convertSqueeze},
  });
}

} // namespace seqc::onnx
