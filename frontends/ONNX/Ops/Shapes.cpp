//===- Shapes.cpp - Operators on shapes -----------------------------------===//

#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/DenseSet.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::arith::CmpIPredicate;

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
  // Extents of long chains share what they are computed from.
  llvm::SmallDenseSet<Value, 16> seen{size};
  SmallVector<Value> pending{size};
  while (!pending.empty()) {
    mlir::Operation *op = pending.pop_back_val().getDefiningOp();
    if (op && isa<mlir::tensor::DimOp>(op))
      continue;
    if (!op || op->getName().getDialectNamespace() != "arith")
      return true;
    for (Value operand : op->getOperands())
      if (seen.insert(operand).second)
        pending.push_back(operand);
  }
  return false;
}

/// Replaces the -1 among extents that are read at run time, if there is one.
static void resolveRest(Emitter &e, ArrayRef<OpFoldResult> from,
                        Extents &goal) {
  Scalars s = e.scalars();
  SmallVector<std::pair<size_t, Value>> open;
  Extents others;
  for (auto [d, size] : enumerate(goal)) {
    if (mlir::getConstantIntValue(size) || !comesFromData(e.toValue(size))) {
      others.push_back(size);
      continue;
    }
    Value wanted = e.toValue(size);
    Value isRest = s.compareIndex(CmpIPredicate::slt, wanted, s.index(0));
    open.emplace_back(d, isRest);
    others.push_back(OpFoldResult(s.select(isRest, s.index(1), wanted)));
  }
  if (open.empty())
    return;
  Value denominator = s.maxIndex(e.toValue(e.product(others)), s.index(1));
  Value rest = s.divIndex(e.toValue(e.product(from)), denominator);
  for (auto [d, isRest] : open)
    goal[d] = OpFoldResult(s.select(isRest, rest, e.toValue(goal[d])));
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
    if (!node.hasInput(1))
      return node.error("input 1 (shape) is missing");
    FailureOr<Tensor> shape = readShape(node, 1);
    if (failed(shape))
      return failure();
    goal = e.indices(*shape);
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
              s.select(s.compareIndex(CmpIPredicate::eq, wanted, s.index(0)),
                       e.toValue(from[d]), wanted));
      }
    }
    others.push_back(size);
  }
  if (!rest)
    resolveRest(e, from, goal);
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

/// Gather: rows of dimension `axis`; negative indices count from the end.
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
  if (!safe)
    e.requireIndices(indices, e.extent(x, *axis), "an index");
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

/// The axes of Squeeze and Unsqueeze, from opset 13 on an input, which for
/// Unsqueeze (`adds`) are added to the rank. Gives for each dimension whether
/// it is named, or nothing if no axes are given.
static LogicalResult getAxes(Node &node, int64_t rank, bool adds,
                             std::optional<SmallVector<Value>> &named,
                             int64_t &count) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  SmallVector<Value> axes;
  if (node.getOpset() < 13) {
    std::optional<SmallVector<int64_t>> given = node.getInts("axes");
    if (!given)
      return success();
    for (int64_t axis : *given)
      axes.push_back(s.index(axis));
  } else if (Tensor given = node.getInput(1)) {
    if (given.getRank() > 1 || !isInteger(given.type))
      return node.error("its axes are no list of integers");
    if (!given.getType().hasStaticShape())
      return node.unsupported("axes of dynamic length are not supported");
    if (failed(node.requireList(1, "axes", adds ? kMostRank - rank : rank)))
      return failure();
    for (OpFoldResult axis : e.indices(given))
      axes.push_back(e.toValue(axis));
  } else {
    return success();
  }
  count = axes.size();
  if (adds)
    rank += count;
  SmallVector<bool> seen(rank);
  named.emplace(rank, s.boolean(false));
  for (Value axis : axes) {
    if (std::optional<int64_t> number = mlir::getConstantIntValue(axis)) {
      std::optional<int64_t> at = node.getAxis(*number, rank);
      if (!at)
        return failure();
      if (seen[*at])
        return node.error("its axes name dimension " + Twine(*at) + " twice");
      seen[*at] = true;
    }
    e.requireInside(axis, s.index(-rank), s.index(rank), "an axis");
    axis = s.wrapIndex(axis, s.index(rank));
    for (int64_t d = 0; d < rank; ++d)
      (*named)[d] = s.logicalOr(
          (*named)[d], s.compareIndex(CmpIPredicate::eq, axis, s.index(d)));
  }
  return success();
}

/// For each dimension how many of those before it are not named.
static SmallVector<Value> countOthersBefore(Emitter &e, ArrayRef<Value> named) {
  Scalars s = e.scalars();
  SmallVector<Value> counts;
  Value next = s.index(0);
  for (Value isNamed : named) {
    counts.push_back(next);
    next = s.addIndex(next, s.select(isNamed, s.index(0), s.index(1)));
  }
  return counts;
}

static LogicalResult convertUnsqueeze(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  std::optional<SmallVector<Value>> named;
  int64_t count = 0;
  if (failed(getAxes(node, x.getRank(), true, named, count)))
    return failure();
  if (!named)
    return node.error("its axes are missing");
  // Dimensions that are not new are those of the input in order.
  Extents from = e.extents(x), sizes;
  for (auto [isNew, next] : llvm::zip(*named, countOthersBefore(e, *named))) {
    std::optional<int64_t> position = mlir::getConstantIntValue(next);
    std::optional<int64_t> fixed = mlir::getConstantIntValue(isNew);
    if (fixed && *fixed) {
      sizes.push_back(e.getBuilder().getIndexAttr(1));
      continue;
    }
    OpFoldResult size = e.getBuilder().getIndexAttr(1);
    if (position && *position < static_cast<int64_t>(from.size()))
      size = from[*position];
    else
      for (auto [d, old] : enumerate(from))
        size = OpFoldResult(
            s.select(s.compareIndex(CmpIPredicate::eq, next, s.index(d)),
                     e.toValue(old), e.toValue(size)));
    if (!fixed)
      size = OpFoldResult(s.select(isNew, s.index(1), e.toValue(size)));
    sizes.push_back(size);
  }
  node.setOutput(0, e.reshape(x, sizes));
  return success();
}

/// A tensor without its extents of 1, where a call decides which those are.
static GraphValue squeezeOnes(Emitter &e, Tensor x) {
  Scalars s = e.scalars();
  Extents from = e.extents(x);
  SmallVector<Value> isOne;
  SmallVector<int64_t> open;
  for (auto [d, size] : enumerate(from)) {
    isOne.push_back(
        s.compareIndex(CmpIPredicate::eq, e.toValue(size), s.index(1)));
    if (!mlir::getConstantIntValue(size))
      open.push_back(d);
  }
  SmallVector<Value> row(kMostSequenceRank, s.index(-1));
  SmallVector<Value> positions = countOthersBefore(e, isOne);
  for (auto [d, next] : enumerate(positions))
    for (size_t i = 0; i <= d && i < row.size(); ++i) {
      Value here =
          s.logicalAnd(s.logicalNot(isOne[d]),
                       s.compareIndex(CmpIPredicate::eq, next, s.index(i)));
      row[i] = s.select(here, e.toValue(from[d]), row[i]);
    }
  for (Value &size : row)
    size = s.fromIndex(DataType::Int64, size);
  Tensor shape = e.fromElements(DataType::Int64, {kMostSequenceRank}, row);
  // What is left for each choice of extents that are 1.
  std::vector<SmallVector<int64_t>> forms;
  for (unsigned choice = 0; choice < 1u << open.size(); ++choice) {
    SmallVector<int64_t> form;
    for (auto [d, size] : enumerate(x.getShape())) {
      auto *at = llvm::find(open, static_cast<int64_t>(d));
      bool stays =
          at == open.end() ? size != 1 : (choice >> (at - open.begin())) & 1;
      if (stays)
        form.push_back(size);
    }
    auto same = llvm::find_if(forms, [&](const SmallVector<int64_t> &other) {
      return other.size() == form.size();
    });
    if (same == forms.end())
      forms.push_back(form);
    else
      for (auto [mine, other] : llvm::zip(*same, form))
        mine = mine == other ? mine : mlir::ShapedType::kDynamic;
  }
  llvm::sort(forms,
             [](const auto &a, const auto &b) { return a.size() < b.size(); });
  return makeUnranked(e.reshape(x, {e.product(from)}), shape, forms);
}

static LogicalResult convertSqueeze(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  std::optional<SmallVector<Value>> named;
  int64_t count = 0;
  if (failed(getAxes(node, x.getRank(), false, named, count)))
    return failure();
  if (!named) {
    if (!x.getType().hasStaticShape()) {
      if (x.getRank() > kMostSequenceRank)
        return node.unsupported("squeezing every extent of 1 of more than 8 "
                                "dimensions is not supported");
      node.setOutput(0, squeezeOnes(e, x));
      return success();
    }
    named.emplace();
    for (int64_t d = 0; d < x.getRank(); ++d) {
      named->push_back(s.boolean(x.getShape()[d] == 1));
      count += x.getShape()[d] == 1;
    }
  }
  // Dimensions that stay move to the front in order.
  Extents from = e.extents(x);
  Extents sizes(x.getRank() - std::min(count, x.getRank()),
                e.getBuilder().getIndexAttr(1));
  SmallVector<Value> positions = countOthersBefore(e, *named);
  for (auto [d, isNamed] : enumerate(*named)) {
    Value next = positions[d];
    std::optional<int64_t> fixed = mlir::getConstantIntValue(isNamed),
                           position = mlir::getConstantIntValue(next);
    std::optional<int64_t> extent = mlir::getConstantIntValue(from[d]);
    if (fixed && *fixed) {
      if (extent && *extent != 1)
        return node.error("dimension " + Twine(d) + " has extent " +
                          Twine(*extent) + "; required is 1");
      continue;
    }
    if (fixed && position && *position < static_cast<int64_t>(sizes.size())) {
      sizes[*position] = from[d];
    } else {
      for (auto [i, size] : enumerate(sizes)) {
        Value here =
            s.logicalAnd(s.logicalNot(isNamed),
                         s.compareIndex(CmpIPredicate::eq, next, s.index(i)));
        size =
            OpFoldResult(s.select(here, e.toValue(from[d]), e.toValue(size)));
      }
    }
  }
  node.setOutput(0, e.reshape(x, sizes));
  return success();
}

/// DepthToSpace and SpaceToDepth: blocks of `blocksize` x `blocksize` pixels
/// and channels change places.
static LogicalResult convertDepthToSpace(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  bool toDepth = node.getOperator() == "SpaceToDepth";
  int64_t block = node.getInt("blocksize", 0);
  std::string mode = toDepth ? "DCR" : node.getString("mode", "DCR");
  if (x.getRank() != 4 || block < 1 || block > 65536)
    return node.error("it has a tensor of rank " + Twine(x.getRank()) +
                      " and blocks of " + Twine(block) +
                      "; required are rank 4 and 1 to 65536");
  if (mode != "DCR" && mode != "CRD")
    return node.error("mode '" + Twine(mode) +
                      "' does not exist; required is DCR or CRD");
  Extents from = e.extents(x);
  auto constant = [&](int64_t number) -> OpFoldResult {
    return e.getBuilder().getIndexAttr(number);
  };
  auto divide = [&](OpFoldResult size, int64_t by) {
    return OpFoldResult(s.divIndex(e.toValue(size), s.index(by)));
  };
  for (int64_t d : {1, 2, 3}) {
    if ((d == 1) == toDepth)
      continue;
    int64_t factor = toDepth ? block : block * block;
    std::optional<int64_t> size = mlir::getConstantIntValue(from[d]);
    if (size && *size % factor)
      return node.error("dimension " + Twine(d) + " has extent " +
                        Twine(*size) + "; required is a multiple of " +
                        Twine(factor));
  }
  OpFoldResult b = constant(block);
  if (toDepth) {
    OpFoldResult rows = divide(from[2], block),
                 columns = divide(from[3], block);
    x = e.reshape(x, {from[0], from[1], rows, b, columns, b});
    x = e.transpose(x, {0, 3, 5, 1, 2, 4});
    x = e.reshape(x, {from[0], e.product({from[1], b, b}), rows, columns});
  } else {
    OpFoldResult depth = divide(from[1], block * block);
    x = mode == "DCR"
            ? e.transpose(
                  e.reshape(x, {from[0], b, b, depth, from[2], from[3]}),
                  {0, 3, 4, 1, 5, 2})
            : e.transpose(
                  e.reshape(x, {from[0], depth, b, b, from[2], from[3]}),
                  {0, 1, 4, 2, 5, 3});
    x = e.reshape(
        x, {from[0], depth, e.product({from[2], b}), e.product({from[3], b})});
  }
  node.setOutput(0, x);
  return success();
}

/// Size: the number of elements.
static LogicalResult convertSize(Node &node) {
  Emitter &e = node.getEmitter();
  Value count = e.toValue(e.product(e.extents(node.getInput(0))));
  node.setOutput(
      0, e.fromElements(DataType::Int64, {},
                        {e.scalars().fromIndex(DataType::Int64, count)}));
  return success();
}

/// Flatten: the dimensions before `axis` become one, and the others another.
static LogicalResult convertFlatten(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t axis = node.getInt("axis", 1);
  if (axis != x.getRank()) {
    std::optional<int64_t> at = node.getAxis(axis, x.getRank());
    if (!at)
      return failure();
    axis = *at;
  }
  Extents sizes = e.extents(x);
  ArrayRef<OpFoldResult> all = sizes;
  node.setOutput(0, e.reshape(x, {e.product(all.take_front(axis)),
                                  e.product(all.drop_front(axis))}));
  return success();
}

/// Expand: broadcasting in both directions.
static LogicalResult convertExpand(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  // A shorter list leaves the rank of the input as it is.
  FailureOr<Tensor> shape = readShape(node, 1, /*least=*/x.getRank() + 1);
  if (failed(shape))
    return failure();
  Extents goal = e.indices(*shape), from = e.extents(x);
  if (goal.size() < from.size())
    goal.insert(goal.begin(), from.size() - goal.size(),
                e.getBuilder().getIndexAttr(1));
  for (auto [d, size] : enumerate(goal)) {
    std::optional<int64_t> number = mlir::getConstantIntValue(size);
    if (number && *number < 0)
      return node.error("its shape has extent " + Twine(*number));
    if (!number)
      e.requireSizes(size);
    size_t skipped = goal.size() - from.size();
    if (d < skipped)
      continue;
    OpFoldResult old = from[d - skipped];
    e.requireBroadcast(old, size);
    std::optional<int64_t> before = mlir::getConstantIntValue(old);
    if (number && before && *number != 1 && *before != 1 && *number != *before)
      return node.error("extent " + Twine(*before) + " does not broadcast to " +
                        Twine(*number));
    if (before == 1)
      continue;
    // An extent other than 1 stays.
    if (before || number == 1)
      size = old;
    else
      size = OpFoldResult(s.select(
          s.compareIndex(CmpIPredicate::eq, e.toValue(old), s.index(1)),
          e.toValue(size), e.toValue(old)));
  }
  node.setOutput(0, e.broadcastTo(x, goal));
  return success();
}

void registerShapeOps(Registry &registry) {
  registry.add({
      {"Shape", 1, 1, 1, convertShape},
      {"Reshape", 1, 1, 2, convertReshape,
       "results of a rank that only a call decides"},
      {"Transpose", 1, 1, 1, convertTranspose},
      {"Gather", 1, 2, 2, convertGather},
      {"Concat", 1, 1, kVariadic, convertConcat},
      {"Unsqueeze", 1, 1, 2, convertUnsqueeze, "axes of unknown number"},
      {"Squeeze", 1, 1, 2, convertSqueeze, "axes of unknown number"},
      {"Size", 1, 1, 1, convertSize},
      {"Flatten", 1, 1, 1, convertFlatten},
      {"Expand", 8, 2, 2, convertExpand,
       "results of a rank that only a call decides"},
      {"DepthToSpace", 1, 1, 1, convertDepthToSpace},
      {"SpaceToDepth", 1, 1, 1, convertDepthToSpace},
  });
}

} // namespace seqc::onnx
