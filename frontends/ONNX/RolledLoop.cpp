//===- RolledLoop.cpp - Loops over graphs ---------------------------------===//
//
// The body is imported into a draft, whose carried tensors have the shapes of
// the initial ones. Extents that the body changes become dynamic and the body
// is imported anew, until all fit. Then the draft's ops move into the loop that
// the body needs: scf.for where the number of iterations is known before and
// all shapes are those of the first one, and scf.while otherwise.
//
// Outputs of scf.while are stacked in storage that doubles: an outer loop makes
// room, an inner one runs until it is full, and works in place.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/RolledLoop.h"

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/GraphImporter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace seqc::onnx {

/// Elements for which a stack of unknown height has room at first.
static constexpr int64_t kFirstRoom = 16;
/// Ops that compute an extent.
static constexpr unsigned kMostExtentOps = 256;

namespace {

/// A stacked output.
struct Stack {
  Tensor element;
  int64_t axis;
  bool backwards;
  /// Extents of the whole before the loop, but for that of `axis`. Where one
  /// of them is found in the loop only, it is that of the first iteration, and
  /// each iteration makes new storage.
  Extents sizes = {};
  bool isKnown = true;
};

class LoopRoller {
public:
  LoopRoller(Node &node, const RolledLoop &loop, IterationFn body)
      : node(node), e(node.getEmitter()), builder(e.getBuilder()), loop(loop),
        body(body), loc(e.getLoc()) {}

  FailureOr<SmallVector<Tensor>> run() {
    for (Tensor tensor : loop.carried) {
      initial.push_back(e.extents(tensor));
      moves.emplace_back(tensor.getRank(), false);
    }
    mark = e.markExtents();
    if (failed(settle()))
      return failure();
    FailureOr<SmallVector<Tensor>> results = finish();
    dropDraft();
    if (finished)
      e.forgetExtents(mark, finished);
    return results;
  }

private:
  SmallVector<int64_t> shapeOf(size_t k) {
    SmallVector<int64_t> shape(loop.carried[k].getShape());
    for (auto [extent, moved] : llvm::zip(shape, moves[k]))
      if (moved)
        extent = ShapedType::kDynamic;
    return shape;
  }

  /// Imports the body into a draft until its types fit.
  LogicalResult settle() {
    GraphImporter &importer = node.getImporter();
    for (bool loud = importer.isSilent();;) {
      unsigned errors = importer.countErrors();
      LogicalResult result = tryBody(/*quiet=*/!loud);
      if (succeeded(result) && fits)
        return success();
      dropDraft();
      if (succeeded(result))
        continue;
      if (loud)
        return failure();
      // Once more, to tell what is wrong.
      importer.forgetErrors(errors);
      loud = true;
    }
  }

  void dropDraft() {
    e.forgetExtents(mark, draft);
    draft.erase();
    draft = nullptr;
    e.setLoc(loc);
  }

  LogicalResult tryBody(bool quiet) {
    auto trial = node.getImporter().beSilent(quiet);
    inits.clear();
    for (size_t k = 0; k < loop.carried.size(); ++k)
      inits.push_back(e.castShape(loop.carried[k], shapeOf(k)).value);
    Value one = Number(e, 1);
    draft = scf::ForOp::create(builder, loc, Number(e, 0), one, one, inits);
    if (!draft.getBody()->empty())
      draft.getBody()->clear();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(draft.getBody());
    SmallVector<Tensor> carried;
    for (auto [k, argument] : llvm::enumerate(draft.getRegionIterArgs())) {
      carried.push_back({argument, loop.carried[k].type});
      e.setExtents(argument, argumentExtents(k, argument));
    }
    FailureOr<Iteration> made = body(draft.getInductionVar(), carried);
    if (failed(made))
      return failure();
    iteration = *made;
    fits = true;
    for (auto [k, next] : llvm::enumerate(iteration.carried)) {
      Tensor first = loop.carried[k];
      if (next.type != first.type)
        return node.error("carried value " + Twine(k) + " begins as " +
                          getName(first.type) + " and goes on as " +
                          getName(next.type) + "; required is one type");
      if (next.getRank() != first.getRank())
        return node.unsupported(
            "carried value " + Twine(k) + " begins with rank " +
            Twine(first.getRank()) + " and goes on with rank " +
            Twine(next.getRank()) + "; a rank that changes is not supported");
      for (int64_t d = 0; d < next.getRank(); ++d) {
        OpFoldResult size = e.extent(next, d);
        if (moves[k][d] || Emitter::isSame(size, initial[k][d]))
          continue;
        std::optional<int64_t> before = getConstantIntValue(initial[k][d]),
                               after = getConstantIntValue(size);
        if (loop.keepsShapes && before && after)
          return node.error("state " + Twine(k) + " begins with extent " +
                            Twine(*before) + " of dimension " + Twine(d) +
                            " and goes on with " + Twine(*after) +
                            "; required is one shape");
        if (loop.keepsShapes) {
          std::string what = ("extent " + Twine(d) + " of state " + Twine(k) +
                              " behind a step")
                                 .str();
          (void)e.requireEqual(size, initial[k][d], what);
          continue;
        }
        moves[k][d] = true;
        fits = false;
      }
    }
    return success();
  }

  /// Extents of a carried tensor in the body: the initial ones, or those it has
  /// in this iteration.
  Extents argumentExtents(size_t k, Value argument) {
    Extents sizes = initial[k];
    for (auto [d, moved] : llvm::enumerate(moves[k]))
      if (moved)
        sizes[d] = builder.createOrFold<tensor::DimOp>(loc, argument, d);
    return sizes;
  }

  //===--- Extents that are known before the loop -------------------------===//

  /// What a value of the draft is before the loop; null if it depends on the
  /// iteration. With `first`, what it is in the first iteration. What has been
  /// hoisted is known, what cannot be ends the walk, and each op takes one of
  /// `budget`, which bounds the depth as well.
  Value hoist(Value value, unsigned &budget, bool first) {
    if (!draft->isAncestor(value.getParentBlock()->getParentOp()))
      return value;
    if (Value known = hoisted[first].lookupOrNull(value))
      return known;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() != draft.getBody() || !argument.getArgNumber())
        return {};
      size_t k = argument.getArgNumber() - 1;
      return first || iteration.carried[k].value == value ? inits[k] : Value();
    }
    Operation *op = value.getDefiningOp();
    if (budget == 0)
      return {};
    --budget;
    if (auto dim = dyn_cast<tensor::DimOp>(op)) {
      auto argument = dyn_cast<BlockArgument>(dim.getSource());
      std::optional<int64_t> d = dim.getConstantIndex();
      if (!d || !argument || argument.getOwner() != draft.getBody())
        return {};
      size_t k = argument.getArgNumber() - 1;
      return moves[k][*d] && !first ? Value() : e.toValue(initial[k][*d]);
    }
    if (op->getNumRegions() || op->getNumResults() != 1 ||
        !(isPure(op) || isSafeRead(op)))
      return {};
    for (Value operand : op->getOperands()) {
      Value outside = hoist(operand, budget, first);
      if (!outside)
        return {};
      hoisted[first].map(operand, outside);
    }
    Operation *copy = builder.clone(*op, hoisted[first]);
    hoisted[first].map(value, copy->getResult(0));
    return copy->getResult(0);
  }

  /// A read at a place that exists.
  static bool isSafeRead(Operation *op) {
    auto read = dyn_cast<tensor::ExtractOp>(op);
    if (!read)
      return false;
    return llvm::all_of(
        llvm::zip(read.getIndices(), read.getTensor().getType().getShape()),
        [](auto pair) {
          std::optional<int64_t> at = getConstantIntValue(std::get<0>(pair));
          return at && *at >= 0 && *at < std::get<1>(pair);
        });
  }

  FailureOr<SmallVector<Stack>> makeStacks() {
    SmallVector<Stack> stacks;
    for (auto [k, element] : llvm::enumerate(iteration.elements)) {
      std::optional<int64_t> axis = node.getAxis(
          loop.axes.empty() ? 0 : loop.axes[k], element.getRank() + 1);
      if (!axis)
        return failure();
      Stack stack{element, *axis, !loop.backwards.empty() && loop.backwards[k]};
      Extents inside;
      {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(draft.getBody());
        inside = e.extents(element);
      }
      for (OpFoldResult size : inside) {
        if (auto value = dyn_cast<Value>(size)) {
          unsigned budget = kMostExtentOps;
          Value outside = hoist(value, budget, /*first=*/false);
          stack.isKnown &= static_cast<bool>(outside);
          budget = kMostExtentOps;
          if (!outside)
            outside = hoist(value, budget, /*first=*/true);
          size = outside ? OpFoldResult(outside) : e.fixed(0);
        }
        stack.sizes.push_back(size);
      }
      stack.sizes = e.simplify(stack.sizes);
      stacks.push_back(stack);
    }
    return stacks;
  }

  //===--- Storage of stacked outputs -------------------------------------===//

  static Extents withAxis(const Stack &stack, OpFoldResult size) {
    Extents sizes = stack.sizes;
    sizes.insert(sizes.begin() + stack.axis, size);
    return sizes;
  }

  /// The type of storage for any number of elements.
  static SmallVector<int64_t> openShape(const Stack &stack) {
    SmallVector<int64_t> shape(stack.element.getShape());
    shape.insert(shape.begin() + stack.axis, ShapedType::kDynamic);
    return shape;
  }

  /// Storage for `count` elements; for none where their extents are not known.
  /// `fixed`: a constant count may be part of the type.
  Value makeStorage(const Stack &stack, OpFoldResult count, bool fixed) {
    Extents sizes = withAxis(stack, stack.isKnown ? count : e.fixed(0));
    Tensor made{e.empty(sizes, stack.element.type), stack.element.type};
    if (stack.isKnown && fixed)
      return made.value;
    return e.castShape(made, openShape(stack)).value;
  }

  /// Element `number` of the storage in the body.
  Value store(const Stack &stack, Value storage, Value number,
              OpFoldResult count) {
    DataType type = stack.element.type;
    if (stack.isKnown) {
      Value at =
          stack.backwards ? Number(e, count) - 1 - number : Number(e, number);
      return putAt(e, stack.element, {storage, type}, stack.axis, at).value;
    }
    // A longer one with the old elements and the new one.
    Tensor old{storage, type};
    Extents sizes = e.extents(stack.element);
    Number at(e, number);
    for (int64_t d = 0; d < stack.element.getRank(); ++d) {
      OpFoldResult before = e.extent(old, d < stack.axis ? d : d + 1);
      if (Emitter::isSame(before, sizes[d]))
        continue;
      (void)e.require((at == 0) | (Number(e, before) == e.toValue(sizes[d])),
                      "elements of a stacked output have extents {0} and {1}; "
                      "required is one shape",
                      {before, sizes[d]});
    }
    sizes.insert(sizes.begin() + stack.axis, at + 1);
    Tensor longer{e.empty(sizes, type), type};
    Extents offsets(sizes.size(), e.fixed(0));
    if (stack.backwards)
      offsets[stack.axis] = e.fixed(1);
    longer = e.insert(old, longer, offsets);
    longer = putAt(e, stack.element, longer, stack.axis,
                   stack.backwards ? Number(e, 0) : at);
    return e.castShape(longer, openShape(stack)).value;
  }

  //===--- The loop -------------------------------------------------------===//

  /// Moves the draft's ops to the insertion point.
  void moveBody(Value number, ValueRange carried) {
    Block *from = draft.getBody();
    OpFoldResult old(draft.getInductionVar());
    // An extent may be the number of the iteration itself.
    auto rename = [&](Tensor &tensor) {
      Extents sizes = e.extents(tensor);
      llvm::replace(sizes, old, OpFoldResult(number));
      auto argument = dyn_cast<BlockArgument>(tensor.value);
      if (argument && argument.getOwner() == from)
        tensor.value = carried[argument.getArgNumber() - 1];
      e.setExtents(tensor.value, sizes);
    };
    for (Tensor &next : iteration.carried)
      rename(next);
    for (Stack &stack : stacks)
      rename(stack.element);
    draft.getInductionVar().replaceAllUsesWith(number);
    for (auto [argument, value] : llvm::zip(draft.getRegionIterArgs(), carried))
      argument.replaceAllUsesWith(value);
    Block *to = builder.getInsertionBlock();
    to->getOperations().splice(builder.getInsertionPoint(),
                               from->getOperations());
  }

  /// Whether a tensor has extents that are found at run time and that stay.
  bool keepsOpenExtents(size_t k) {
    return !llvm::is_contained(moves[k], true) &&
           llvm::is_contained(shapeOf(k), ShapedType::kDynamic);
  }

  /// The draft's ops and what the next iteration gets, at the insertion point.
  SmallVector<Value> emitBody(Value number, ValueRange carried,
                              ValueRange storage, OpFoldResult count) {
    moveBody(number, carried);
    SmallVector<Value> next;
    for (auto [k, tensor] : llvm::enumerate(iteration.carried)) {
      Tensor cast = e.castShape(tensor, shapeOf(k));
      if (cast.value != carried[k] && keepsOpenExtents(k)) {
        // Where this iteration got it, so that no iteration takes memory.
        e.setExtents(carried[k], initial[k]);
        cast = overwrite(e, cast, {carried[k], cast.type});
      }
      next.push_back(cast.value);
    }
    for (auto [stack, place] : llvm::zip(stacks, storage)) {
      if (stack.isKnown)
        e.setExtents(place, withAxis(stack, count));
      next.push_back(store(stack, place, number, count));
    }
    return next;
  }

  FailureOr<SmallVector<Tensor>> finish() {
    if (!loop.trips && !iteration.goesOn)
      return node.error("it has no trip count, and its condition never "
                        "changes; required is one that ends it");
    FailureOr<SmallVector<Stack>> made = makeStacks();
    if (failed(made))
      return failure();
    stacks = *made;
    // MLIR gives scf.for the static type of what it begins with, as if no
    // iteration changed it, and leaves scf.while alone.
    bool isFixed =
        llvm::none_of(moves,
                      [](ArrayRef<bool> list) {
                        return llvm::is_contained(list, true);
                      }) &&
        llvm::all_of(stacks, [](const Stack &stack) { return stack.isKnown; });
    return iteration.goesOn || !isFixed ? finishWhile() : finishFor();
  }

  SmallVector<Tensor> collect(ValueRange results) {
    SmallVector<Tensor> tensors;
    for (auto [k, first] : llvm::enumerate(loop.carried)) {
      Value value = results[k];
      tensors.push_back({value, first.type});
      if (!llvm::is_contained(moves[k], true))
        e.setExtents(value, initial[k]);
    }
    return tensors;
  }

  SmallVector<Tensor> finishFor() {
    Number trips(e, loop.trips);
    if (!Emitter::isSize(loop.trips))
      trips = max(trips, 0);
    if (loop.begins)
      trips = select(loop.begins, trips, 0);
    OpFoldResult count = trips;
    SmallVector<Value> begin(inits);
    for (const Stack &stack : stacks)
      begin.push_back(makeStorage(stack, count, /*fixed=*/true));
    auto op = scf::ForOp::create(builder, loc, Number(e, 0), trips,
                                 Number(e, 1), begin);
    finished = op;
    if (!op.getBody()->empty())
      op.getBody()->clear();
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(op.getBody());
      ValueRange arguments = op.getRegionIterArgs();
      scf::YieldOp::create(builder, loc,
                           emitBody(op.getInductionVar(),
                                    arguments.take_front(inits.size()),
                                    arguments.drop_front(inits.size()), count));
    }
    SmallVector<Tensor> results = collect(op.getResults());
    for (auto [stack, value] :
         llvm::zip(stacks, op.getResults().drop_front(inits.size()))) {
      results.push_back({value, stack.element.type});
      if (stack.isKnown)
        e.setExtents(value, withAxis(stack, count));
    }
    return results;
  }

  /// scf.while over (tensors, number, goes on), at most up to `limit`.
  scf::WhileOp makeWhile(ArrayRef<Value> begin, Value limit,
                         function_ref<SmallVector<Value>(ValueRange)> emit) {
    SmallVector<Type> types;
    for (Value value : begin)
      types.push_back(value.getType());
    return scf::WhileOp::create(
        builder, loc, types, begin,
        [&](OpBuilder &nested, Location, ValueRange arguments) {
          Scalars s(nested, loc);
          Value goes = arguments.back();
          if (limit)
            goes = s.logicalAnd(goes,
                                s.compare(Compare::Less, kIndex,
                                          arguments.drop_back().back(), limit));
          scf::ConditionOp::create(nested, loc, goes, arguments);
        },
        [&](OpBuilder &nested, Location, ValueRange arguments) {
          OpBuilder::InsertionGuard guard(builder);
          builder.setInsertionPoint(nested.getInsertionBlock(),
                                    nested.getInsertionPoint());
          scf::YieldOp::create(builder, loc, emit(arguments));
        });
  }

  /// One iteration inside of scf.while.
  SmallVector<Value> emitStep(ValueRange arguments, OpFoldResult count) {
    Value number = arguments[arguments.size() - 2];
    SmallVector<Value> next =
        emitBody(number, arguments.take_front(inits.size()),
                 arguments.drop_front(inits.size()).drop_back(2), count);
    next.push_back(Number(e, number) + 1);
    next.push_back(iteration.goesOn ? iteration.goesOn
                                    : e.scalars().boolean(true));
    return next;
  }

  SmallVector<Tensor> finishWhile() {
    SmallVector<Value> begin(inits);
    for (const Stack &stack : stacks)
      begin.push_back(makeStorage(stack, e.fixed(0), /*fixed=*/false));
    begin.push_back(Number(e, 0));
    begin.push_back(loop.begins ? loop.begins : e.scalars().boolean(true));
    bool makesRoom =
        llvm::any_of(stacks, [](const Stack &stack) { return stack.isKnown; });
    scf::WhileOp op = makeWhile(begin, loop.trips, [&](ValueRange arguments) {
      return makesRoom ? emitRound(arguments)
                       : emitStep(arguments, OpFoldResult());
    });
    finished = op;
    ValueRange all = op.getResults();
    SmallVector<Tensor> results = collect(all);
    Value count = all[all.size() - 2];
    for (auto [stack, value] :
         llvm::zip(stacks, all.drop_front(inits.size()))) {
      Tensor whole{value, stack.element.type};
      // The rest is room that was not needed.
      if (stack.isKnown)
        whole = e.slice(whole, {}, withAxis(stack, OpFoldResult(count)));
      results.push_back(whole);
    }
    return results;
  }

  /// Makes room for as many elements again, and iterates until it is used up.
  SmallVector<Value> emitRound(ValueRange arguments) {
    Number number(e, arguments[arguments.size() - 2]);
    Number room = max(number + number, kFirstRoom);
    if (loop.trips)
      room = min(room, loop.trips);
    SmallVector<Value> begin(arguments);
    for (auto [k, stack] : llvm::enumerate(stacks)) {
      if (!stack.isKnown)
        continue;
      Value &place = begin[inits.size() + k];
      DataType type = stack.element.type;
      Tensor old = e.slice({place, type}, {},
                           withAxis(stack, OpFoldResult(Value(number))));
      place =
          e.insert(old, {makeStorage(stack, Value(room), false), type}).value;
    }
    scf::WhileOp op = makeWhile(begin, room, [&](ValueRange inner) {
      return emitStep(inner, OpFoldResult(Value(room)));
    });
    return SmallVector<Value>(op.getResults());
  }

  Node &node;
  Emitter &e;
  OpBuilder &builder;
  const RolledLoop &loop;
  IterationFn body;
  Location loc;
  /// What is noted of extents in the loop comes behind it.
  size_t mark = 0;
  SmallVector<Extents> initial;
  /// Which extents of carried tensors change.
  SmallVector<SmallVector<bool>> moves;
  scf::ForOp draft;
  Operation *finished = nullptr;
  bool fits = false;
  SmallVector<Value> inits;
  Iteration iteration;
  SmallVector<Stack> stacks;
  IRMapping hoisted[2];
};

} // namespace

FailureOr<SmallVector<Tensor>> roll(Node &node, const RolledLoop &loop,
                                    IterationFn body) {
  return LoopRoller(node, loop, body).run();
}

} // namespace seqc::onnx
