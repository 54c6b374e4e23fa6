//===- Shapes.cpp - Operators on shapes -----------------------------------===//

#include "frontends/ONNX/Ops/Family.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/DenseSet.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

/// Shape: the extents from `start` to before `end`.
static LogicalResult convertShape(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(node.getInt("start", 0));
  int64_t end = clamp(node.getInt("end", rank));
  Extents sizes = e.extents(x);
  return node.give(e.fromExtents(ArrayRef<OpFoldResult>(sizes).slice(
      start, std::max<int64_t>(0, end - start))));
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

/// Replaces the -1 among extents that are read at run time, if there is one;
/// `open` are the dimensions that they belong to.
static void resolveRest(Emitter &e, ArrayRef<OpFoldResult> from,
                        ArrayRef<size_t> open, Extents &goal) {
  if (open.empty())
    return;
  Extents others(goal);
  SmallVector<Number> isRest;
  for (size_t d : open) {
    Number wanted(e, goal[d]);
    isRest.push_back(wanted < 0);
    others[d] = select(isRest.back(), 1, wanted);
  }
  Number rest =
      Number(e, e.product(from)) / max(Number(e, e.product(others)), 1);
  for (auto [d, here] : zip(open, isRest))
    goal[d] = select(here, rest, Number(e, goal[d]));
}

namespace {
/// What a Reshape is asked for.
struct NewShape {
  Extents sizes;
  /// The dimension of a -1 that the model names, and those whose extents are
  /// elements of a tensor that a call gives.
  std::optional<size_t> rest;
  SmallVector<size_t> open;
  bool allowZero = false;
};
} // namespace

/// Ends the call where extents that it gives are none that a constant list may
/// have; `rank` is that of the input.
static void requireShape(Emitter &e, const NewShape &shape, size_t rank) {
  auto boolean = [&](bool value) { return Number(e, DataType::Bool, value); };
  Number hasRest = boolean(shape.rest.has_value()), isTwice = boolean(false);
  Number hasZero = boolean(any_of(shape.sizes, [](OpFoldResult size) {
    return mlir::isConstantIntValue(size, 0);
  }));
  for (size_t d : shape.open) {
    Number size(e, shape.sizes[d]);
    e.require(size >= -1, "its shape has extent {0}", {size});
    Number isRest = size == -1, isZero = size == 0;
    isTwice = isTwice | (hasRest & isRest);
    hasRest = hasRest | isRest;
    hasZero = hasZero | isZero;
    if (!shape.allowZero && d >= rank)
      e.require(!isZero,
                "extent 0 at position {0} keeps a dimension that a tensor of "
                "rank {1} does not have",
                {Number(e, d), Number(e, rank)});
  }
  e.require(!isTwice, "its shape has -1 twice; required is at most one");
  if (shape.allowZero)
    e.require(!(hasRest & hasZero),
              "its shape has -1 and 0; required is one of them where "
              "'allowzero' is set");
}

/// Reads what a Reshape is asked for; zeros that keep an extent are replaced.
static LogicalResult readNewShape(Node &node, ArrayRef<OpFoldResult> from,
                                  NewShape &shape) {
  Emitter &e = node.getEmitter();
  if (node.getOpset() < 5) {
    for (int64_t size : node.getIntList("shape"))
      shape.sizes.push_back(Number(e, size));
  } else {
    if (!node.hasInput(1))
      return node.error("input 1 (shape) is missing");
    FailureOr<Tensor> list = readShape(node, 1);
    if (failed(list))
      return failure();
    shape.sizes = e.indices(*list);
  }
  shape.allowZero = node.getInt("allowzero", 0) != 0;
  for (auto [d, size] : enumerate(shape.sizes)) {
    std::optional<int64_t> number = mlir::getConstantIntValue(size);
    if (!number && comesFromData(e.toValue(size)))
      shape.open.push_back(d);
    if (number && *number == -1) {
      if (shape.rest)
        return node.error("its shape has -1 twice; required is at most one");
      shape.rest = d;
    } else if (number && *number < -1) {
      return node.error("its shape has extent " + Twine(*number));
    } else if (number == 0 && !shape.allowZero && d >= from.size()) {
      return node.error("extent 0 at position " + Twine(d) +
                        " keeps a dimension that a tensor of rank " +
                        Twine(from.size()) + " does not have");
    }
  }
  requireShape(e, shape, from.size());
  if (shape.allowZero)
    return success();
  for (auto [d, size] : enumerate(shape.sizes))
    if (mlir::getConstantIntValue(size) == 0)
      size = from[d];
    else if (is_contained(shape.open, d) && d < from.size())
      size = select(Number(e, size) == 0, Number(e, from[d]), Number(e, size));
  return success();
}

/// Reshape: 0 keeps an extent (unless allowzero), -1 is what remains.
static LogicalResult convertReshape(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  Extents from = e.extents(x);
  NewShape shape;
  if (failed(readNewShape(node, from, shape)))
    return failure();
  Extents &goal = shape.sizes;
  std::optional<size_t> rest = shape.rest;
  if (!rest)
    resolveRest(e, from, shape.open, goal);
  bool unknown = llvm::any_of(
      goal, [](OpFoldResult size) { return !mlir::getConstantIntValue(size); });
  if (rest) {
    // What is the same by construction on both sides cancels out.
    SmallVector<OpFoldResult> above(from.begin(), from.end());
    SmallVector<OpFoldResult> below;
    for (auto [d, size] : enumerate(goal)) {
      if (d == *rest)
        continue;
      auto *same = llvm::find_if(above, [&](OpFoldResult other) {
        return Emitter::isSame(size, other) &&
               mlir::getConstantIntValue(size) != 0;
      });
      if (same != above.end())
        above.erase(same);
      else
        below.push_back(size);
    }
    // Zero elements: whatever remains is zero.
    goal[*rest] =
        Number(e, e.product(above)) / max(Number(e, e.product(below)), 1);
  } else if (unknown && goal.size() == 1) {
    e.requireSameCount(from, goal);
    goal[0] = e.product(from);
  }
  // A list of extents that were given at run time may be wrong; the product of
  // static ones can be checked here.
  std::optional<int64_t> before = mlir::getConstantIntValue(e.product(from)),
                         after = mlir::getConstantIntValue(e.product(goal));
  if (before && after && *before != *after)
    return node.error(
        "a tensor of " + Twine(*before) +
        " elements cannot be reshaped to one of " +
        (*after > kMostElements ? "more than 2^46" : std::to_string(*after)));
  return node.give(e.reshape(x, goal));
}

static LogicalResult convertTranspose(Node &node, Emitter &e) {
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
  return node.give(e.transpose(x, permutation));
}

/// The only index of Gather, if all that is taken is one slice: a constant, or
/// the number of an iteration of the loop around. What depends on neither may
/// be moved in front of the check of its index.
static std::optional<OpFoldResult>
getOnlyIndex(Emitter &e, Tensor indices, std::optional<ArrayRef<int64_t>> fixed,
             OpFoldResult extent) {
  if (indices.getRank() > 1 || !e.isKnown(indices) ||
      indices.getType().getNumElements() != 1)
    return std::nullopt;
  mlir::Operation *around = e.getBuilder().getInsertionBlock()->getParentOp();
  std::optional<int64_t> size = mlir::getConstantIntValue(extent);
  if (fixed) {
    int64_t index = fixed->front() + (fixed->front() < 0 && size ? *size : 0);
    bool isSafe = size && index >= 0 && index < *size;
    if (isSafe || (index >= 0 && !isa<mlir::LoopLikeOpInterface>(around)))
      return OpFoldResult(e.fixed(index));
    return std::nullopt;
  }
  OpFoldResult index = e.indices(indices).front();
  auto loop = dyn_cast<mlir::scf::ForOp>(around);
  return loop && index == OpFoldResult(loop.getInductionVar())
             ? std::optional(index)
             : std::nullopt;
}

/// Gather: rows of dimension `axis`; negative indices count from the end.
static LogicalResult convertGather(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), indices = node.getInput(1);
  int64_t axis = node.getAxis("axis", 0, x.getRank());
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
    return node.give(e.fromElements(x.type, indices.getShape(), picked));
  }
  Extents sizes = e.extents(x), rows = e.extents(indices);
  sizes.erase(sizes.begin() + axis);
  sizes.insert(sizes.begin() + axis, rows.begin(), rows.end());
  OpFoldResult extent = e.extent(x, axis);
  // Constant indices that all lie in a static extent need no test.
  std::optional<int64_t> size = mlir::getConstantIntValue(extent);
  bool safe = fixed && size && llvm::all_of(*fixed, [&](int64_t i) {
                return i >= 0 && i < *size;
              });
  if (!safe)
    e.requireIndices(indices, extent, "an index");
  if (auto only = getOnlyIndex(e, indices, fixed, extent)) {
    Tensor slice = takeAt(e, x, axis, e.toValue(*only));
    return node.give(rows.empty() ? slice : e.unsqueeze(slice, axis));
  }
  // A table that has rows to read, whatever the checks of indices find.
  if (axis == 0 && x.getRank() > 1 && isFloat(x.type) && size.value_or(0) > 0)
    return node.give(e.lookUp(indices, x, /*fromEnd=*/!safe));
  return node.give(define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    Number i = load(e, indices, at.slice(axis, rows.size())).toIndex();
    SmallVector<Number> position(at.take_front(axis));
    position.push_back(safe ? i : makeSafe(i, e.toValue(extent)).index);
    llvm::append_range(position, at.drop_front(axis + rows.size()));
    return safe ? load(e, x, position) : loadUnlessEmpty(e, x, position);
  }));
}

static LogicalResult convertConcat(Node &node, Emitter &e) {
  SmallVector<Tensor> tensors;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is missing");
    tensors.push_back(node.getInput(i));
    if (failed(node.requireRank(i, tensors[0].getRank())))
      return failure();
  }
  return node.give(
      e.concat(tensors, node.getAxis("axis", 1, tensors[0].getRank())));
}

/// DepthToSpace and SpaceToDepth: blocks of `blocksize` x `blocksize` pixels
/// and channels change places.
static LogicalResult convertDepthToSpace(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  bool toDepth = node.getOperator() == "SpaceToDepth";
  int64_t block = readBetween(node, "blocksize", 0, 1, 65536, "1 to 65536");
  std::string mode =
      toDepth ? "DCR" : readChoice(node, "mode", "DCR", {"DCR", "CRD"});
  Extents from = e.extents(x);
  for (int64_t d : {1, 2, 3}) {
    if ((d == 1) == toDepth)
      continue;
    int64_t factor = toDepth ? block : block * block;
    std::optional<int64_t> size = mlir::getConstantIntValue(from[d]);
    if (size && *size % factor)
      return node.error("dimension " + Twine(d) + " has extent " +
                        Twine(*size) + "; required is a multiple of " +
                        Twine(factor));
    e.require(Number(e, from[d]) % factor == 0,
              "dimension {0} has extent {1}; required is a multiple of {2}",
              {Number(e, d), from[d], Number(e, factor)});
  }
  OpFoldResult b = Number(e, block);
  if (toDepth) {
    OpFoldResult rows = Number(e, from[2]) / block,
                 columns = Number(e, from[3]) / block;
    x = e.reshape(x, {from[0], from[1], rows, b, columns, b});
    x = e.transpose(x, {0, 3, 5, 1, 2, 4});
    return node.give(
        e.reshape(x, {from[0], e.product({from[1], b, b}), rows, columns}));
  }
  OpFoldResult depth = Number(e, from[1]) / (block * block);
  x = mode == "DCR"
          ? e.transpose(e.reshape(x, {from[0], b, b, depth, from[2], from[3]}),
                        {0, 3, 4, 1, 5, 2})
          : e.transpose(e.reshape(x, {from[0], depth, b, b, from[2], from[3]}),
                        {0, 1, 4, 2, 5, 3});
  return node.give(e.reshape(
      x, {from[0], depth, e.product({from[2], b}), e.product({from[3], b})}));
}

/// Size: the number of elements.
static LogicalResult convertSize(Node &node, Emitter &e) {
  Number count(e, e.product(e.extents(node.getInput(0))));
  return node.give(
      e.fromElements(DataType::Int64, {}, {count.as(DataType::Int64)}));
}

/// Flatten: the dimensions before `axis` become one, and the others another.
static LogicalResult convertFlatten(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t axis = node.getInt("axis", 1);
  if (axis != x.getRank())
    axis = node.getAxis(axis, x.getRank()).value_or(0);
  Extents sizes = e.extents(x);
  ArrayRef<OpFoldResult> all = sizes;
  return node.give(e.reshape(
      x, {e.product(all.take_front(axis)), e.product(all.drop_front(axis))}));
}

/// Expand: broadcasting in both directions.
static LogicalResult convertExpand(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  // A shorter list leaves the rank of the input as it is.
  FailureOr<Tensor> shape = readShape(node, 1, /*least=*/x.getRank() + 1);
  if (failed(shape))
    return failure();
  Extents goal = e.indices(*shape), from = e.extents(x);
  if (goal.size() < from.size())
    goal.insert(goal.begin(), from.size() - goal.size(), Number(e, 1));
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
    size = e.broadcastExtent(old, size);
  }
  return node.give(e.broadcastTo(x, goal));
}

void registerShapeOps(Registry &registry) {
  StringRef note = "results of a rank that only a call decides";
  registry.add({
      {"Shape", 1, 1, 1, convertShape},
      {"Reshape", 1, 1, 2, convertReshape, takes(kAny, kAny(1)), note},
      {"Transpose", 1, 1, 1, convertTranspose},
      {"Gather", 1, 2, 2, convertGather, takes(kAny.atLeast(1), kIntegers)},
      {"Concat", 1, 1, kVariadic, convertConcat, takes(kAny.atLeast(1), kSame)},
      {"Size", 1, 1, 1, convertSize},
      {"Flatten", 1, 1, 1, convertFlatten},
      {"Expand", 8, 2, 2, convertExpand, takes(kAny, kAny(1)), note},
      {"DepthToSpace", 1, 1, 1, convertDepthToSpace, takes(kAny(4))},
      {"SpaceToDepth", 1, 1, 1, convertDepthToSpace, takes(kAny(4))},
  });
}

} // namespace seqc::onnx
