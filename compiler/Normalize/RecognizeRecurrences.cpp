//===- RecognizeRecurrences.cpp - Loops over slices of tensors ------------===//
//
// A loop whose iterations read one slice of a tensor each, carry states of
// fixed shapes and write one slice of their results each is a recurrence.
// Extents that have to be equal are proved by IndexFacts. All loops are matched
// before the first one is rewritten, as facts refer to what they have seen.
//
// Leaves behind: transpositions where time is not the leading dimension, and
// unit extents where slices have no rows in common.
//
//===----------------------------------------------------------------------===//

#include "compiler/Normalize/Passes.h"
#include "compiler/Normalize/Recognition.h"
#include "compiler/Transforms/IndexFacts.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/SetVector.h"

namespace seqc {
#define GEN_PASS_DEF_RECOGNIZERECURRENCESPASS
#include "compiler/Normalize/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// What one iteration reads of a tensor, or writes to a result.
template <typename SliceOp> struct Slice {
  SliceOp op;
  /// The dimension along which iterations follow each other.
  int64_t axis;
  /// Whether the slices of all iterations are the whole tensor.
  bool isWhole;
  /// Its sizes without the axis, and the shape that they make.
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
};

class LoopRecurrence {
public:
  explicit LoopRecurrence(scf::ForOp loop) : loop(loop) {}

  /// Whether the loop is a recurrence; changes nothing.
  bool match(IndexFacts &facts);
  void rewrite();

private:
  //===--- What the loop is -----------------------------------------------===//
  void findDead(IndexFacts &facts);
  bool matchSlices(IndexFacts &facts);
  template <typename SliceOp>
  std::optional<Slice<SliceOp>> matchSlice(SliceOp op, Value position,
                                           Value tensor, Type slice,
                                           IndexFacts &facts);
  bool matchStates(IndexFacts &facts);
  bool isOverwritten(tensor::InsertSliceOp insert, IndexFacts &facts);
  bool matchRows(IndexFacts &facts);
  void findOutside(IndexFacts &facts);
  bool isOutside(OpFoldResult index) {
    auto value = dyn_cast<Value>(index);
    return !value || loop.isDefinedOutsideOfLoop(value);
  }

  //===--- The recurrence -------------------------------------------------===//
  Value makeSequence(OpBuilder &b, Slice<tensor::ExtractSliceOp> input);
  void enterCell(OpBuilder &b, Block *cell);
  void yield(OpBuilder &b);
  Value leaveOutput(OpBuilder &b, Value output, Value init, int64_t axis);
  /// The shape in the recurrence of what has `shape` in the loop.
  SmallVector<int64_t> withRow(ArrayRef<int64_t> shape) const {
    SmallVector<int64_t> result(shape);
    if (hasUnitRow)
      result.insert(result.begin(), 1);
    return result;
  }

  scf::ForOp loop;
  SmallVector<Slice<tensor::ExtractSliceOp>> inputs;
  /// By number of the carried tensor; null for states.
  SmallVector<std::optional<Slice<tensor::InsertSliceOp>>> outputs;
  /// By number, what puts a state back where the iteration got it.
  SmallVector<tensor::InsertSliceOp> overwrites;
  /// Ops that only hold what is known of the iteration's number, users first.
  llvm::SetVector<Operation *> dead;
  bool reverse = false;
  /// Whether slices have no rows in common, so that the recurrence runs over
  /// one row that holds everything.
  bool hasUnitRow = false;
  /// Whether only a call knows how many rows there are.
  bool hasOpenRows = false;
  /// Indices from outside that are the number of rows, and tensors that are
  /// made for so many.
  llvm::SetVector<Value> rowCounts;
  llvm::SetVector<Operation *> fills;
};

} // namespace

//===----------------------------------------------------------------------===//
// What the loop is
//===----------------------------------------------------------------------===//

/// Checks that are known to hold, and what only they use.
void LoopRecurrence::findDead(IndexFacts &facts) {
  for (Operation &op : llvm::reverse(*loop.getBody())) {
    auto check = dyn_cast<seq::RequireOp>(op);
    bool isDead = check ? facts.holds(check.getCondition())
                        : !op.use_empty() && isMemoryEffectFree(&op) &&
                              llvm::all_of(op.getUsers(), [&](Operation *user) {
                                return dead.contains(user);
                              });
    if (isDead)
      dead.insert(&op);
  }
}

/// A slice of `tensor`, read from or written to, at `position` of one
/// dimension; `slice` is its type.
template <typename SliceOp>
std::optional<Slice<SliceOp>>
LoopRecurrence::matchSlice(SliceOp op, Value position, Value tensor, Type slice,
                           IndexFacts &facts) {
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets(),
                            sizes = op.getMixedSizes();
  auto isHere = [&](OpFoldResult index) {
    return index == OpFoldResult(position);
  };
  if (llvm::count_if(offsets, isHere) != 1 ||
      !llvm::all_of(op.getMixedStrides(), isOneInteger))
    return std::nullopt;
  int64_t axis = llvm::find_if(offsets, isHere) - offsets.begin();
  if (!isOneInteger(sizes[axis]))
    return std::nullopt;
  bool isWhole = facts.isEqual(facts.describeExtent(tensor, axis),
                               facts.describe(loop.getUpperBound()));
  for (auto [d, offset, size] : llvm::enumerate(offsets, sizes)) {
    if (static_cast<int64_t>(d) == axis)
      continue;
    if (!isOutside(offset) || !isOutside(size))
      return std::nullopt;
    isWhole &=
        isZeroInteger(offset) &&
        facts.isEqual(facts.describe(size), facts.describeExtent(tensor, d));
  }
  sizes.erase(sizes.begin() + axis);
  auto shape = llvm::map_to_vector(sizes, [](OpFoldResult size) {
    return getConstantIntValue(size).value_or(ShapedType::kDynamic);
  });
  // The slice may have lost its axis, and no other extent.
  SmallVector<int64_t> found(cast<RankedTensorType>(slice).getShape());
  if (found.size() > shape.size())
    found.erase(found.begin() + axis);
  if (found != shape)
    return std::nullopt;
  return Slice<SliceOp>{op, axis, isWhole, sizes, shape};
}

bool LoopRecurrence::matchSlices(IndexFacts &facts) {
  // An iteration knows its number, or that of the iterations behind it.
  Value number = loop.getInductionVar();
  AffineExpr last = facts.describe(loop.getUpperBound()) - 1;
  SmallVector<std::pair<Value, bool>> positions{{number, false}};
  for (Operation *user : number.getUsers())
    if (auto sub = dyn_cast<arith::SubIOp>(user);
        sub && sub.getLhs() != number && sub->getBlock() == loop.getBody() &&
        facts.isEqual(facts.describe(OpFoldResult(sub.getLhs())), last)) {
      positions.push_back({sub, true});
      dead.insert(sub); // Once the slices are gone.
    }
  outputs.resize(loop.getNumResults());
  std::optional<bool> direction;
  for (auto [position, backwards] : positions)
    for (Operation *user : position.getUsers()) {
      if (dead.contains(user))
        continue;
      if (user->getBlock() != loop.getBody() ||
          direction.value_or(backwards) != backwards)
        return false;
      direction = backwards;
      if (auto read = dyn_cast<tensor::ExtractSliceOp>(user)) {
        auto input = isOutside(read.getSource())
                         ? matchSlice(read, position, read.getSource(),
                                      read.getType(), facts)
                         : std::nullopt;
        if (!input)
          return false;
        inputs.push_back(*input);
        continue;
      }
      auto write = dyn_cast<tensor::InsertSliceOp>(user);
      auto place =
          write ? dyn_cast<BlockArgument>(write.getDest()) : BlockArgument();
      if (!place || place.getOwner() != loop.getBody() || !place.hasOneUse() ||
          !write.getResult().hasOneUse())
        return false;
      OpOperand &use = *write.getResult().use_begin();
      unsigned number = use.getOperandNumber();
      if (use.getOwner() != loop.getBody()->getTerminator() ||
          place != loop.getRegionIterArg(number))
        return false;
      outputs[number] = matchSlice(write, position, loop.getInitArgs()[number],
                                   write.getSource().getType(), facts);
      if (!outputs[number] || !outputs[number]->isWhole)
        return false;
    }
  reverse = direction.value_or(false);
  // Users are listed last first.
  llvm::sort(inputs, [](auto &left, auto &right) {
    return left.op->isBeforeInBlock(right.op);
  });
  return !inputs.empty();
}

/// Whether `insert` gives all elements of a carried tensor new values.
bool LoopRecurrence::isOverwritten(tensor::InsertSliceOp insert,
                                   IndexFacts &facts) {
  if (insert.getSourceType() != insert.getDestType() ||
      !llvm::all_of(insert.getMixedStrides(), isOneInteger) ||
      !llvm::all_of(insert.getMixedOffsets(), isZeroInteger))
    return false;
  for (auto [d, size] : llvm::enumerate(insert.getMixedSizes()))
    if (!facts.isEqual(facts.describe(size),
                       facts.describeExtent(insert.getDest(), d)))
      return false;
  return true;
}

/// States keep their extents: if an iteration gets those of the first one, it
/// hands them on.
bool LoopRecurrence::matchStates(IndexFacts &facts) {
  overwrites.resize(loop.getNumResults());
  auto forEachState = [&](auto visit) {
    for (unsigned i = 0; i < outputs.size(); ++i)
      if (!outputs[i])
        for (int64_t d = 0;
             d < static_cast<int64_t>(getShape(loop.getResult(i)).size()); ++d)
          if (!visit(i, d))
            return false;
    return true;
  };
  forEachState([&](unsigned i, int64_t d) {
    facts.learnEqual(facts.describeExtent(loop.getRegionIterArg(i), d),
                     facts.describeExtent(loop.getInitArgs()[i], d));
    return true;
  });
  ValueRange yielded = loop.getYieldedValues();
  for (unsigned i = 0; i < outputs.size(); ++i) {
    auto insert = yielded[i].getDefiningOp<tensor::InsertSliceOp>();
    if (!outputs[i] && insert && insert->getBlock() == loop.getBody() &&
        insert.getDest() == loop.getRegionIterArg(i) &&
        isOverwritten(insert, facts))
      overwrites[i] = insert;
  }
  return forEachState([&](unsigned i, int64_t d) {
    Value next = overwrites[i] ? overwrites[i].getSource() : yielded[i];
    return facts.isEqual(facts.describeExtent(next, d),
                         facts.describeExtent(loop.getInitArgs()[i], d));
  });
}

/// Decides what the rows are; only time and rows may be open extents.
bool LoopRecurrence::matchRows(IndexFacts &facts) {
  // The shapes of slices and states, and their leading extents.
  SmallVector<std::pair<ArrayRef<int64_t>, AffineExpr>> parts;
  auto addSlice = [&](const auto &slice) {
    parts.emplace_back(slice.shape, slice.sizes.empty()
                                        ? AffineExpr()
                                        : facts.describe(slice.sizes.front()));
  };
  llvm::for_each(inputs, addSlice);
  for (auto [output, init] : llvm::zip(outputs, loop.getInitArgs())) {
    if (output)
      addSlice(*output);
    else
      parts.emplace_back(getShape(init), getShape(init).empty()
                                             ? AffineExpr()
                                             : facts.describeExtent(init, 0));
  }
  AffineExpr rows = parts.front().second;
  hasUnitRow = !llvm::all_of(parts, [&](const auto &part) {
    return rows && part.second && facts.isEqual(part.second, rows);
  });
  if (llvm::any_of(parts, [&](const auto &part) {
        return ShapedType::isDynamicShape(
            part.first.drop_front(hasUnitRow ? 0 : 1));
      }))
    return false;
  hasOpenRows = !hasUnitRow && ShapedType::isDynamic(parts.front().first[0]);
  return true;
}

/// Tensors without content for any rows, and the number of rows itself, belong
/// into the cell: it is told how many rows it gets.
void LoopRecurrence::findOutside(IndexFacts &facts) {
  if (!hasOpenRows)
    return;
  AffineExpr rows = facts.describe(inputs.front().sizes.front());
  auto isRows = [&](Value index) {
    return facts.isEqual(facts.describe(OpFoldResult(index)), rows);
  };
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  for (Value outer : used) {
    if (outer.getType().isIndex()) {
      if (!getConstantIntValue(outer) && isRows(outer))
        rowCounts.insert(outer);
      continue;
    }
    auto fill = outer.getDefiningOp<linalg::FillOp>();
    Value room = fill ? fill.getOutputs()[0] : outer;
    auto empty = room.getDefiningOp<tensor::EmptyOp>();
    for (Value size : empty ? empty.getDynamicSizes() : ValueRange()) {
      if (!isRows(size))
        continue;
      rowCounts.insert(size);
      fills.insert(empty);
      if (fill)
        fills.insert(fill);
    }
  }
}

bool LoopRecurrence::match(IndexFacts &facts) {
  if (!isConstantIntValue(loop.getLowerBound(), 0) ||
      !isConstantIntValue(loop.getStep(), 1) || loop.getNumResults() == 0 ||
      !llvm::all_of(loop.getResultTypes(), llvm::IsaPred<RankedTensorType>))
    return false;
  size_t mark = facts.mark();
  findDead(facts);
  bool fits = matchSlices(facts) && matchStates(facts) && matchRows(facts);
  if (fits)
    findOutside(facts);
  facts.forgetSince(mark);
  return fits;
}

//===----------------------------------------------------------------------===//
// The recurrence
//===----------------------------------------------------------------------===//

/// The scanned input that holds the slices of all iterations.
Value LoopRecurrence::makeSequence(OpBuilder &b,
                                   Slice<tensor::ExtractSliceOp> input) {
  Location loc = input.op.getLoc();
  Value tensor = input.op.getSource();
  SmallVector<OpFoldResult> sizes;
  if (input.isWhole) {
    sizes = tensor::getMixedSizes(b, loc, tensor);
  } else {
    SmallVector<OpFoldResult> offsets = input.op.getMixedOffsets();
    sizes = input.op.getMixedSizes();
    offsets[input.axis] = b.getIndexAttr(0);
    sizes[input.axis] = getAsOpFoldResult(loop.getUpperBound());
    tensor = tensor::ExtractSliceOp::create(b, loc, tensor, offsets, sizes,
                                            input.op.getMixedStrides());
  }
  tensor = moveAxis(b, loc, tensor, input.axis, sizes, /*back=*/false);
  SmallVector<int64_t> shape(getShape(tensor));
  if (hasUnitRow)
    shape.insert(shape.begin() + 1, 1);
  return moveUnits(b, tensor, shape);
}

/// Moves the body into the cell, where slices and states are arguments.
void LoopRecurrence::enterCell(OpBuilder &b, Block *cell) {
  // Fills stand behind what they fill.
  for (Operation *fill : llvm::reverse(fills)) {
    b.setInsertionPointToStart(loop.getBody());
    replaceAllUsesInRegionWith(fill->getResult(0), b.clone(*fill)->getResult(0),
                               loop.getRegion());
  }
  b.setInsertionPointToStart(cell);
  auto argument = cell->args_begin();
  for (auto &input : inputs)
    input.op.getResult().replaceAllUsesWith(
        moveUnits(b, *argument++, input.op.getType().getShape()));
  for (auto [output, state] : llvm::zip(outputs, loop.getRegionIterArgs()))
    if (!output)
      state.replaceAllUsesWith(moveUnits(b, *argument++, getShape(state)));
  auto &from = loop.getBody()->getOperations();
  cell->getOperations().splice(cell->end(), from, from.begin(),
                               std::prev(from.end()));
  if (rowCounts.empty())
    return;
  Value sized = *llvm::find_if(cell->getArguments(), [](Value argument) {
    return ShapedType::isDynamic(getShape(argument)[0]);
  });
  b.setInsertionPointToStart(cell);
  Value rows = tensor::DimOp::create(b, loop.getLoc(), sized, 0);
  for (Value count : rowCounts)
    replaceAllUsesInRegionWith(count, rows, *cell->getParent());
}

/// Ends the cell with what the loop hands on, and drops what ended the loop.
void LoopRecurrence::yield(OpBuilder &b) {
  SmallVector<Value> states, slices;
  for (auto [i, output] : llvm::enumerate(outputs)) {
    Value next = loop.getYieldedValues()[i];
    if (overwrites[i])
      next = overwrites[i].getSource();
    if (!output) {
      states.push_back(moveUnits(b, next, withRow(getShape(next))));
      continue;
    }
    slices.push_back(
        moveUnits(b, output->op.getSource(), withRow(output->shape)));
  }
  llvm::append_range(states, slices);
  seq::YieldOp::create(b, loop.getLoc(), states);
  loop.getBody()->getTerminator()->erase();
  for (auto [output, overwrite] : llvm::zip(outputs, overwrites)) {
    if (output)
      output->op.erase();
    if (overwrite && overwrite->use_empty())
      overwrite.erase();
  }
  for (auto &input : inputs)
    input.op.erase();
  for (Operation *op : dead)
    op->erase();
}

/// The loop's result that is `output` in the recurrence.
Value LoopRecurrence::leaveOutput(OpBuilder &b, Value output, Value init,
                                  int64_t axis) {
  Location loc = loop.getLoc();
  SmallVector<int64_t> shape(getShape(output));
  if (hasUnitRow)
    shape.erase(shape.begin() + 1);
  output = moveUnits(b, output, shape);
  output = moveAxis(b, loc, output, axis, tensor::getMixedSizes(b, loc, init),
                    /*back=*/true);
  return output.getType() == init.getType()
             ? output
             : tensor::CastOp::create(b, loc, init.getType(), output);
}

void LoopRecurrence::rewrite() {
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  SmallVector<Value> scanned, inits;
  SmallVector<Type> stateTypes, outputTypes, arguments;
  for (const auto &input : inputs) {
    scanned.push_back(makeSequence(b, input));
    auto type = cast<RankedTensorType>(scanned.back().getType());
    arguments.push_back(type.clone(type.getShape().drop_front()));
  }
  int64_t steps = getShape(scanned[0]).front();
  for (auto [output, init] : llvm::zip(outputs, loop.getInitArgs())) {
    auto type = cast<RankedTensorType>(init.getType());
    if (output) {
      SmallVector<int64_t> shape = withRow(output->shape);
      shape.insert(shape.begin(), steps);
      outputTypes.push_back(type.clone(shape));
      continue;
    }
    inits.push_back(moveUnits(b, init, withRow(type.getShape())));
    stateTypes.push_back(inits.back().getType());
  }
  llvm::append_range(arguments, stateTypes);
  auto recurrence = seq::RecurrenceOp::create(
      b, loc, outputTypes, stateTypes, scanned, inits, /*lengths=*/Value(),
      /*counts=*/Value(), /*steps=*/Value(), reverse);
  Block *cell = &recurrence.getCell().emplaceBlock();
  cell->addArguments(arguments, SmallVector<Location>(arguments.size(), loc));
  enterCell(b, cell);
  b.setInsertionPointToEnd(cell);
  yield(b);

  b.setInsertionPointAfter(recurrence);
  auto finals = recurrence.getFinals().begin();
  auto stacked = recurrence.getOutputs().begin();
  for (auto [i, output] : llvm::enumerate(outputs)) {
    Value init = loop.getInitArgs()[i];
    Value result = output ? leaveOutput(b, *stacked++, init, output->axis)
                          : moveUnits(b, *finals++, getShape(init));
    loop.getResult(i).replaceAllUsesWith(result);
  }
  loop.erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// The loops of a function that are recurrences, inner ones first.
static std::vector<LoopRecurrence> findRecurrences(func::FuncOp function,
                                                   bool isEntry) {
  std::vector<LoopRecurrence> found;
  SmallVector<Operation *> scratch;
  {
    IndexFacts facts(function.getContext(), scratch);
    if (isEntry)
      facts.learnInputs(function);
    SmallVector<size_t> marks;
    function.walk([&](Operation *op, const WalkStage &stage) {
      // What a region has checked holds inside of it.
      if (!stage.isBeforeAllRegions())
        facts.forgetSince(marks.pop_back_val());
      if (auto check = dyn_cast<seq::RequireOp>(op))
        facts.learn(check.getCondition());
      if (!stage.isAfterAllRegions()) {
        marks.push_back(facts.mark());
        return;
      }
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        LoopRecurrence recurrence(loop);
        if (recurrence.match(facts))
          found.push_back(std::move(recurrence));
      }
    });
  }
  for (Operation *op : llvm::reverse(scratch))
    if (isOpTriviallyDead(op))
      op->erase();
  return found;
}

namespace {

struct RecognizeRecurrences
    : seqc::impl::RecognizeRecurrencesPassBase<RecognizeRecurrences> {
  void runOnOperation() override {
    llvm::DenseSet<Operation *> entries = findCheckedEntries(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Recognition recognition;
      for (LoopRecurrence &recurrence :
           findRecurrences(function, entries.contains(function))) {
        recurrence.rewrite();
        ++recognition.counts["recurrence"];
        ++numRecognized;
      }
      recognition.record(function);
    }
  }
};

} // namespace
