//===- Roller.cpp - The loop of a chain of steps, and its users -----------===//
//
// States of the last step leave the loop as its results; what is used of several
// steps is stacked, and each use gets its slice. Where the values of all steps
// are put next to each other, the stack takes their place.
//
//===----------------------------------------------------------------------===//

#include "compiler/Normalize/Roller.h"

#include "compiler/Normalize/Elements.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace seqc;

/// Offsets, sizes and strides of the slice at one position of a stack.
static std::array<SmallVector<OpFoldResult>, 3>
findInStack(OpBuilder &b, const Roller::Stack &stack, OpFoldResult position) {
  SmallVector<OpFoldResult> offsets(stack.sizes.size() + 1, b.getIndexAttr(0)),
      sizes(stack.sizes), strides(offsets.size(), b.getIndexAttr(1));
  offsets[0] = position;
  sizes.insert(sizes.begin(), b.getIndexAttr(1));
  return {offsets, sizes, strides};
}

/// The slice of an iteration; `position` counts from the lowest place on.
Value Roller::makeSlice(OpBuilder &b, const Scanned &input, Value tensor,
                        Value position) {
  tensor::ExtractSliceOp first = input.first;
  SmallVector<OpFoldResult> offsets = first.getMixedOffsets();
  // A part that was cut out has no offsets left.
  if (tensor != first.getSource())
    llvm::fill(offsets, b.getIndexAttr(0));
  offsets[input.axis] = position;
  return tensor::ExtractSliceOp::create(b, first.getLoc(), first.getType(),
                                        tensor, offsets, first.getMixedSizes(),
                                        first.getMixedStrides());
}

scf::ForOp Roller::makeLoop(OpBuilder &b) {
  Location loc = ops[last]->getLoc();
  auto index = [&](int64_t number) -> Value {
    return arith::ConstantIndexOp::create(b, loc, number);
  };
  SmallVector<Value> begin, tensors;
  for (const State &state : states)
    begin.push_back(state.init);
  for (const Stack &stack : stacks) {
    SmallVector<OpFoldResult> sizes(stack.sizes);
    sizes.insert(sizes.begin(), b.getIndexAttr(count));
    begin.push_back(tensor::EmptyOp::create(
        b, loc, sizes, getElementTypeOrSelf(stack.element.getType())));
  }
  for (Scanned &input : scanned) {
    tensor::ExtractSliceOp first = input.first;
    Value tensor = first.getSource();
    if (input.low != 0 || first.getSourceType().getDimSize(input.axis) !=
                              static_cast<int64_t>(count)) {
      SmallVector<OpFoldResult> offsets = first.getMixedOffsets(),
                                sizes = first.getMixedSizes();
      offsets[input.axis] = b.getIndexAttr(input.low);
      sizes[input.axis] = b.getIndexAttr(count);
      tensor = tensor::ExtractSliceOp::create(b, loc, tensor, offsets, sizes,
                                              first.getMixedStrides());
    }
    tensors.push_back(tensor);
  }
  auto loop =
      scf::ForOp::create(b, loc, index(0), index(count), index(1), begin);
  OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
  Value position = loop.getInductionVar();
  if (direction < 0)
    position = arith::SubIOp::create(
        inner, loc, arith::ConstantIndexOp::create(inner, loc, count - 1),
        position);
  for (auto [input, tensor] : llvm::zip(scanned, tensors))
    input.argument.replaceAllUsesWith(
        makeSlice(inner, input, tensor, position));
  for (auto [state, argument] : llvm::zip(states, loop.getRegionIterArgs()))
    state.argument.replaceAllUsesWith(argument);
  loop.getBody()->getOperations().splice(loop.getBody()->end(),
                                         body.getOperations());
  inner.setInsertionPointToEnd(loop.getBody());
  SmallVector<Value> next;
  for (const State &state : states)
    next.push_back(state.next);
  for (const Stack &stack : stacks) {
    auto [offsets, sizes, strides] = findInStack(inner, stack, position);
    next.push_back(tensor::InsertSliceOp::create(
        inner, loc, stack.element, loop.getRegionIterArg(next.size()), offsets,
        sizes, strides));
  }
  scf::YieldOp::create(inner, loc, next);
  for (auto [stack, result] :
       llvm::zip(stacks, loop.getResults().drop_front(states.size())))
    stack.value = result;
  return loop;
}

/// The inserts that put a value somewhere, with more dimensions if need be.
static SmallVector<tensor::InsertSliceOp> getInserts(Value value) {
  SmallVector<tensor::InsertSliceOp> list;
  for (Operation *user : value.getUsers()) {
    if (isa<tensor::ExpandShapeOp>(user) && user->hasOneUse())
      user = *user->user_begin();
    if (auto found = dyn_cast<tensor::InsertSliceOp>(user))
      list.push_back(found);
  }
  return list;
}

/// The inserts that put the values of all steps into one tensor, one next to
/// the other, if `insert` is that of the first step; otherwise nothing.
static SmallVector<tensor::InsertSliceOp>
findChainOf(tensor::InsertSliceOp insert, const Roller::Row &values) {
  SmallVector<tensor::InsertSliceOp> inserts{insert};
  auto isBehind = [](tensor::InsertSliceOp a, tensor::InsertSliceOp b) {
    return a.getDest() == b.getResult() && b.getResult().hasOneUse();
  };
  for (Value value : llvm::drop_begin(values)) {
    tensor::InsertSliceOp before = inserts.back(), next;
    for (tensor::InsertSliceOp other : getInserts(value))
      if (isBehind(other, before) || isBehind(before, other))
        next = other;
    if (!next || next.getMixedSizes() != insert.getMixedSizes() ||
        next.getSourceType() != insert.getSourceType())
      return {};
    inserts.push_back(next);
  }
  return inserts;
}

/// `stack` with its leading dimension at `axis`, turned around if asked for.
static Value arrange(OpBuilder &b, Location loc, const Roller::Stack &stack,
                     int64_t axis, bool turn) {
  auto type = cast<RankedTensorType>(stack.value.getType());
  int64_t rank = type.getRank(), count = type.getDimSize(0);
  SmallVector<OpFoldResult> sizes(stack.sizes);
  sizes.insert(sizes.begin() + axis, b.getIndexAttr(count));
  if (!turn)
    return moveAxis(b, loc, stack.value, axis, sizes, /*back=*/true);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  AffineMap map = b.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto turned = linalg::GenericOp::create(
      b, loc, empty.getType(), ValueRange(), empty, map, loops,
      [&](OpBuilder &nested, Location loc, ValueRange) {
        SmallVector<Value> at;
        for (int64_t d = 0; d < rank; ++d)
          at.push_back(linalg::IndexOp::create(nested, loc, d));
        std::rotate(at.begin(), at.begin() + axis, at.begin() + axis + 1);
        Value last = arith::ConstantIndexOp::create(nested, loc, count - 1);
        at[0] = arith::SubIOp::create(nested, loc, last, at[0]);
        Value element = tensor::ExtractOp::create(nested, loc, stack.value, at);
        linalg::YieldOp::create(nested, loc, element);
      });
  return turned.getResult(0);
}

/// Makes inserts of all steps' values next to each other one insert, and none
/// where they fill what they are put into.
void Roller::joinInserts(OpBuilder &b, const Stack &stack) {
  for (tensor::InsertSliceOp insert : getInserts(stack.values[0])) {
    SmallVector<tensor::InsertSliceOp> inserts =
        findChainOf(insert, stack.values);
    if (inserts.empty())
      continue;
    SmallVector<OpFoldResult> start = insert.getMixedOffsets(),
                              sizes = insert.getMixedSizes();
    SmallVector<SmallVector<OpFoldResult>> offsets;
    for (tensor::InsertSliceOp other : inserts)
      offsets.push_back(other.getMixedOffsets());
    std::optional<Walk> walk = findWalk(offsets);
    if (!walk || !llvm::all_of(insert.getMixedStrides(), isOneInteger) ||
        !isOneInteger(sizes[walk->axis]))
      continue;
    int64_t axis = walk->axis;
    // The dimension is new, or all values have it.
    Stack slices = stack;
    SmallVector<OpFoldResult> rest(sizes);
    rest.erase(rest.begin() + axis);
    if (isEqualConstantIntOrValueArray(sizes, stack.sizes)) {
      SmallVector<int64_t> shape(getShape(stack.value));
      shape.erase(shape.begin() + axis + 1);
      slices.sizes = rest;
      slices.value = moveUnits(b, stack.value, shape);
    }
    if (!isEqualConstantIntOrValueArray(rest, slices.sizes))
      continue;
    bool isAscending = inserts[1].getDest() == inserts[0].getResult();
    tensor::InsertSliceOp bottom =
                              isAscending ? inserts.front() : inserts.back(),
                          top = isAscending ? inserts.back() : inserts.front();
    bool turn = walk->step != (direction < 0 ? -1 : 1);
    Value whole = arrange(b, insert.getLoc(), slices, axis, turn);
    start[axis] = b.getIndexAttr(walk->low);
    sizes[axis] = b.getIndexAttr(count);
    auto empty = bottom.getDest().getDefiningOp<tensor::EmptyOp>();
    OpBuilder here(top);
    if (!empty || !llvm::all_of(start, isZeroInteger) ||
        !isEqualConstantIntOrValueArray(empty.getMixedSizes(), sizes))
      whole = tensor::InsertSliceOp::create(here, top.getLoc(), whole,
                                            bottom.getDest(), start, sizes,
                                            top.getMixedStrides());
    else if (whole.getType() != top.getType())
      whole = tensor::CastOp::create(here, top.getLoc(), top.getType(), whole);
    top.getResult().replaceAllUsesWith(whole);
    if (isAscending)
      std::reverse(inserts.begin(), inserts.end());
    for (tensor::InsertSliceOp done : inserts) {
      Operation *source = done.getSource().getDefiningOp();
      done.erase();
      if (isa<tensor::ExpandShapeOp>(source) && source->use_empty())
        source->erase();
    }
  }
}

/// Gives uses outside of the chain their values.
void Roller::replaceUses(OpBuilder &b, const Stack &stack) {
  for (auto [step, value] : llvm::enumerate(stack.values)) {
    auto isOther = [&](OpOperand &use) { return !isMember(use.getOwner()); };
    if (llvm::none_of(value.getUses(), isOther))
      continue;
    auto [offsets, sizes, strides] =
        findInStack(b, stack, b.getIndexAttr(position(step)));
    Value(value).replaceUsesWithIf(
        tensor::ExtractSliceOp::create(b, value.getLoc(),
                                       cast<RankedTensorType>(value.getType()),
                                       stack.value, offsets, sizes, strides),
        isOther);
  }
}

/// Drops the chain, and what only it used.
void Roller::eraseUnused() {
  Block *block = ops[last]->getBlock();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (members.contains(&op) || isOpTriviallyDead(&op))
      op.erase();
}

bool Roller::run() {
  if (!read(getResults(anchors, 0), 0) || states.empty() || scanned.empty() ||
      !checkOrder() || !findUses() || !checkShapes())
    return false;
  OpBuilder b(ops[last]);
  scf::ForOp loop = makeLoop(b);
  for (const Stack &stack : stacks)
    joinInserts(b, stack);
  // Other ops may use the last step as they use the others.
  for (auto [state, final] : llvm::zip(states, loop.getResults())) {
    bool isStacked = llvm::any_of(stacks, [&](const Stack &stack) {
      return stack.values == state.values;
    });
    state.values.back().replaceUsesWithIf(final, [&](OpOperand &use) {
      Operation *user = use.getOwner();
      return !isMember(user) &&
             (!isStacked || user->hasTrait<OpTrait::IsTerminator>());
    });
  }
  for (const Stack &stack : stacks)
    replaceUses(b, stack);
  eraseUnused();
  // What stands in front of the loop and needs it.
  sortTopologically(loop->getBlock());
  return true;
}
