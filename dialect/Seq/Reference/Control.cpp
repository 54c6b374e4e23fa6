//===- Control.cpp - Loops, branches and assertions -----------------------===//

#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/Reference/Handlers.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc::reference {

static llvm::Expected<Results>
evaluateFor(Interpreter &interpreter, Operation &op,
            llvm::MutableArrayRef<Tensor> operands) {
  auto loop = cast<scf::ForOp>(op);
  ElementKind kind = operands[0].getKind();
  int64_t lower = operands[0].scalar().i, upper = operands[1].scalar().i;
  int64_t step = operands[2].scalar().i;
  if (step <= 0)
    return makeError(op, "step " + llvm::Twine(step) + " is not positive");
  Results state;
  for (Tensor &init : operands.drop_front(3))
    state.push_back(std::move(init));
  bool isUnsigned = loop.getUnsignedCmp();
  auto isBelow = [&](int64_t index) {
    return isUnsigned
               ? static_cast<uint64_t>(index) < static_cast<uint64_t>(upper)
               : index < upper;
  };
  for (int64_t index = lower; isBelow(index);) {
    Results arguments{Tensor::ofInt(kind, index)};
    llvm::append_range(arguments,
                       llvm::make_range(std::make_move_iterator(state.begin()),
                                        std::make_move_iterator(state.end())));
    llvm::Expected<Results> yielded =
        interpreter.runBlock(*loop.getBody(), std::move(arguments));
    if (!yielded)
      return yielded.takeError();
    state = std::move(*yielded);
    if (llvm::AddOverflow(index, step, index))
      break;
  }
  return state;
}

static llvm::Expected<Results>
evaluateWhile(Interpreter &interpreter, Operation &op,
              llvm::MutableArrayRef<Tensor> operands) {
  auto loop = cast<scf::WhileOp>(op);
  Results state;
  for (Tensor &init : operands)
    state.push_back(std::move(init));
  while (true) {
    llvm::Expected<Results> before =
        interpreter.runBlock(*loop.getBeforeBody(), std::move(state));
    if (!before)
      return before.takeError();
    bool goesOn = before->front().scalar().i != 0;
    before->erase(before->begin());
    if (!goesOn)
      return before;
    llvm::Expected<Results> after =
        interpreter.runBlock(*loop.getAfterBody(), std::move(*before));
    if (!after)
      return after.takeError();
    state = std::move(*after);
  }
}

static llvm::Expected<Results>
evaluateIf(Interpreter &interpreter, Operation &op,
           llvm::MutableArrayRef<Tensor> operands) {
  Region &region = op.getRegion(operands[0].scalar().i != 0 ? 0 : 1);
  if (region.empty())
    return Results();
  return interpreter.runBlock(region.front(), {});
}

static llvm::Expected<Results>
evaluateIndexSwitch(Interpreter &interpreter, Operation &op,
                    llvm::MutableArrayRef<Tensor> operands) {
  auto choice = cast<scf::IndexSwitchOp>(op);
  Region *region = &choice.getDefaultRegion();
  for (auto [value, caseRegion] :
       llvm::zip(choice.getCases(), choice.getCaseRegions()))
    if (value == operands[0].scalar().i)
      region = &caseRegion;
  return interpreter.runBlock(region->front(), {});
}

static llvm::Expected<Results>
evaluateExecuteRegion(Interpreter &interpreter, Operation &op,
                      llvm::MutableArrayRef<Tensor>) {
  if (!op.getRegion(0).hasOneBlock())
    return makeError(op, "a region of several blocks is not evaluated");
  return interpreter.runBlock(op.getRegion(0).front(), {});
}

/// Numbers that an op inside `scf.forall.in_parallel` takes as attribute or
/// value.
static llvm::Expected<Shape> getMixed(Interpreter &interpreter, Operation &op,
                                      llvm::ArrayRef<OpFoldResult> mixed) {
  Shape result;
  for (OpFoldResult entry : mixed) {
    if (auto attribute = dyn_cast<Attribute>(entry)) {
      result.push_back(cast<IntegerAttr>(attribute).getInt());
      continue;
    }
    llvm::Expected<Tensor> value = interpreter.lookup(op, cast<Value>(entry));
    if (!value)
      return value.takeError();
    result.push_back(value->scalar().i);
  }
  return result;
}

/// Applies what one iteration of `scf.forall` inserts into the shared results.
static llvm::Error combine(Interpreter &interpreter, scf::ForallOp loop,
                           Results &shared) {
  for (Operation &inner : loop.getTerminator().getRegion().front()) {
    auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(inner);
    if (!insert)
      return makeError(inner, "the interpreter does not know this op");
    auto target = dyn_cast<BlockArgument>(insert.getDest());
    int64_t number = target ? target.getArgNumber() - loop.getRank() : -1;
    if (number < 0 || number >= static_cast<int64_t>(shared.size()))
      return makeError(inner, "the destination is not an output of the loop");
    llvm::Expected<Tensor> source =
        interpreter.lookup(inner, insert.getSource());
    if (!source)
      return source.takeError();
    Shape box[3];
    llvm::SmallVector<OpFoldResult> mixed[3] = {insert.getMixedOffsets(),
                                                insert.getMixedSizes(),
                                                insert.getMixedStrides()};
    for (int part = 0; part < 3; ++part) {
      llvm::Expected<Shape> numbers = getMixed(interpreter, inner, mixed[part]);
      if (!numbers)
        return numbers.takeError();
      box[part] = std::move(*numbers);
    }
    if (llvm::Error error =
            insertSlice(inner, *source, shared[number], box[0], box[1], box[2]))
      return error;
  }
  return llvm::Error::success();
}

/// `scf.forall`: the iterations in order, each on the outputs as they were
/// before the loop.
static llvm::Expected<Results>
evaluateForall(Interpreter &interpreter, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  auto loop = cast<scf::ForallOp>(op);
  Shape bounds[3];
  llvm::SmallVector<OpFoldResult> mixed[3] = {loop.getMixedLowerBound(),
                                              loop.getMixedUpperBound(),
                                              loop.getMixedStep()};
  for (int part = 0; part < 3; ++part) {
    llvm::Expected<Shape> numbers = getMixedNumbers(op, mixed[part], operands);
    if (!numbers)
      return numbers.takeError();
    bounds[part] = std::move(*numbers);
  }
  const auto &[lower, upper, step] = bounds;
  Results initial, shared;
  for (Tensor &output : operands.take_back(loop.getOutputs().size()))
    initial.push_back(output);
  shared = initial;
  for (auto [dim, number] : llvm::enumerate(step)) {
    if (number <= 0)
      return makeError(op, "step " + llvm::Twine(number) + " is not positive");
    if (lower[dim] >= upper[dim])
      return shared;
  }
  Shape indices(lower);
  while (true) {
    Results arguments;
    for (int64_t index : indices)
      arguments.push_back(Tensor::ofIndex(index));
    llvm::append_range(arguments, initial);
    llvm::Expected<Results> yielded =
        interpreter.runBlock(*loop.getBody(), std::move(arguments));
    if (!yielded)
      return yielded.takeError();
    if (llvm::Error error = combine(interpreter, loop, shared))
      return error;
    int64_t dim = static_cast<int64_t>(indices.size()) - 1;
    for (; dim >= 0; --dim) {
      bool overflows = llvm::AddOverflow(indices[dim], step[dim], indices[dim]);
      if (!overflows && indices[dim] < upper[dim])
        break;
      indices[dim] = lower[dim];
    }
    if (dim < 0)
      return shared;
  }
}

static llvm::Expected<Results>
evaluateAssert(Interpreter &, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  if (operands[0].scalar().i == 0)
    return makeError(op, cast<cf::AssertOp>(op).getMsg());
  return Results();
}

static llvm::Expected<Results>
evaluateRequire(Interpreter &, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  if (operands[0].scalar().i != 0)
    return Results();
  SmallVector<int64_t> numbers;
  for (Tensor &value : operands.drop_front())
    numbers.push_back(value.scalar().i);
  std::string message = cast<seq::RequireOp>(op).format(numbers);
  if (seq::isMarked<seq::ExhaustsMark>(&op))
    return llvm::createStringError(
        std::make_error_code(std::errc::not_enough_memory), message);
  return llvm::createStringError(message);
}

void addControlHandlers(HandlerTable &table) {
  table["scf.for"] = evaluateFor;
  table["scf.while"] = evaluateWhile;
  table["scf.if"] = evaluateIf;
  table["scf.index_switch"] = evaluateIndexSwitch;
  table["scf.execute_region"] = evaluateExecuteRegion;
  table["scf.forall"] = evaluateForall;
  table["cf.assert"] = evaluateAssert;
  table["seq.require"] = evaluateRequire;
}

} // namespace seqc::reference
