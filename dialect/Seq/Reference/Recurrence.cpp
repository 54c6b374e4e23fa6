//===- Recurrence.cpp - Loops over time with a cell region ----------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

#include <algorithm>

using namespace mlir;

namespace seqc::reference {

namespace {

/// Number of elements in one entry of dimension 0.
int64_t getRowSize(llvm::ArrayRef<int64_t> shape) {
  return shape.empty() ? 1 : countElements(shape.drop_front()).value_or(0);
}

/// Evaluates one recurrence.
class RecurrenceEvaluation {
public:
  RecurrenceEvaluation(Interpreter &interpreter, seq::RecurrenceOp op,
                       llvm::ArrayRef<Tensor> operands)
      : interpreter(interpreter), op(op), values(*op, operands),
        scanned(values.get(op.getScanned())), states(values.get(op.getInits())),
        outputs(op.getOutputs().size()) {}

  llvm::Expected<Results> run() {
    if (llvm::Error error = op.isFlat() ? runFlat() : runSteps())
      return error;
    Results results(outputs.begin(), outputs.end());
    llvm::append_range(results, states);
    return results;
  }

private:
  /// Rows `[offset, offset + count)` of dimension 0, as one tensor of the given
  /// shape.
  llvm::Expected<Tensor> takeRows(const Tensor &source, int64_t offset,
                                  int64_t count,
                                  llvm::ArrayRef<int64_t> shape) {
    llvm::Expected<Tensor> rows =
        interpreter.allocate(*op, source.getKind(), shape);
    if (!rows)
      return rows;
    int64_t size = getRowSize(source.getShape());
    std::copy_n(source.data() + offset * size, count * size,
                rows->mutableData());
    return rows;
  }

  /// Runs the cell once; checks how much it yields.
  llvm::Expected<Results> runCell(Results arguments) {
    llvm::Expected<Results> yielded =
        interpreter.runBlock(op.getCell().front(), std::move(arguments));
    if (yielded && yielded->size() != states.size() + outputs.size())
      return makeError(*op, "the cell yields " + llvm::Twine(yielded->size()) +
                                " values, required " +
                                llvm::Twine(states.size() + outputs.size()));
    return yielded;
  }

  /// Makes an output on the first step, when the shape of its slices is known.
  llvm::Error prepareOutput(size_t number, llvm::ArrayRef<int64_t> shape,
                            ElementKind kind) {
    if (outputs[number].getRank() != 0)
      return checkShape(*op, outputs[number].getShape().drop_front(),
                        shape.drop_front(),
                        "an entry of output " + llvm::Twine(number));
    llvm::Expected<Tensor> output = interpreter.allocate(*op, kind, shape);
    if (!output)
      return output.takeError();
    outputs[number] = std::move(*output);
    return llvm::Error::success();
  }

  /// Makes the outputs that no step has written; `fallback` are their leading
  /// extents.
  llvm::Error fillOutputs(llvm::ArrayRef<int64_t> fallback) {
    for (auto [number, output] : llvm::enumerate(outputs)) {
      if (output.getRank() != 0)
        continue;
      Type type = op.getOutputs()[number].getType();
      std::optional<ElementKind> kind = getElementKind(type);
      if (!kind)
        return makeError(*op, "unsupported element type");
      if (llvm::Error error =
              prepareOutput(number, resolveShape(type, fallback), *kind))
        return error;
    }
    return llvm::Error::success();
  }

  /// Finds the extents of time and batch and checks that all operands agree on
  /// them.
  llvm::Error findExtents(int64_t &time, int64_t &batch) {
    time = -1;
    batch = -1;
    auto agree = [&](int64_t &extent, int64_t found,
                     const char *what) -> llvm::Error {
      if (extent >= 0 && extent != found)
        return makeError(*op, llvm::Twine(what) +
                                  " extents differ: " + llvm::Twine(found) +
                                  " and " + llvm::Twine(extent));
      extent = found;
      return llvm::Error::success();
    };
    for (const Tensor &input : scanned) {
      if (llvm::Error error = agree(time, input.getDim(0), "time"))
        return error;
      if (llvm::Error error = agree(batch, input.getDim(1), "batch"))
        return error;
    }
    for (const Tensor &state : states)
      if (llvm::Error error = agree(batch, state.getDim(0), "batch"))
        return error;
    if (const Tensor *lengths = values.get(op.getLengths()))
      if (llvm::Error error = agree(batch, lengths->getDim(0), "batch"))
        return error;
    if (const Tensor *steps = values.get(op.getSteps()))
      time = steps->scalar().i;
    if (time < 0)
      return makeError(*op, "the number of steps " + llvm::Twine(time) +
                                " is negative");
    return llvm::Error::success();
  }

  /// The form with time as dimension 0.
  llvm::Error runSteps() {
    int64_t time, batch;
    if (llvm::Error error = findExtents(time, batch))
      return error;
    const Tensor *lengths = values.get(op.getLengths());
    int64_t longest = lengths ? 0 : time;
    if (lengths)
      for (auto [row, length] : llvm::enumerate(lengths->ints())) {
        if (length < 0 || length > time)
          return makeError(*op, "length " + llvm::Twine(length) + " of row " +
                                    llvm::Twine(row) + " is outside [0, " +
                                    llvm::Twine(time) + "]");
        longest = std::max(longest, length);
      }
    for (int64_t round = 0; round < longest; ++round) {
      // The step of a row in this round, or -1 where it takes no part.
      auto stepOf = [&](int64_t row) -> int64_t {
        int64_t own = lengths ? lengths->ints()[row] : time;
        return round >= own ? -1 : op.getReverse() ? own - 1 - round : round;
      };
      if (llvm::Error error =
              runRound(time, std::max<int64_t>(batch, 0), stepOf))
        return error;
    }
    return fillOutputs({time, std::max<int64_t>(batch, 0)});
  }

  /// A tensor of rows, of which each is the row `placeOf` of `source`.
  llvm::Expected<Tensor>
  gatherRows(const Tensor &source, llvm::ArrayRef<int64_t> shape,
             llvm::function_ref<int64_t(int64_t)> placeOf) {
    llvm::Expected<Tensor> rows =
        interpreter.allocate(*op, source.getKind(), shape);
    if (!rows)
      return rows;
    int64_t size = getRowSize(shape);
    for (int64_t row = 0; row < shape[0]; ++row)
      std::copy_n(source.data() + placeOf(row) * size, size,
                  rows->mutableData() + row * size);
    return rows;
  }

  /// One step of each row that takes part. What rows are combined to must not
  /// see the others: they are a copy of one that does.
  llvm::Error runRound(int64_t time, int64_t batch,
                       llvm::function_ref<int64_t(int64_t)> stepOf) {
    auto isAlive = [&](int64_t row) { return stepOf(row) >= 0; };
    int64_t first = 0;
    while (first < batch && !isAlive(first))
      ++first;
    auto standIn = [&](int64_t row) { return isAlive(row) ? row : first; };
    Results arguments;
    for (const Tensor &input : scanned) {
      llvm::Expected<Tensor> slice =
          gatherRows(input, input.getShape().drop_front(), [&](int64_t row) {
            return stepOf(standIn(row)) * batch + standIn(row);
          });
      if (!slice)
        return slice.takeError();
      arguments.push_back(std::move(*slice));
    }
    for (const Tensor &state : states) {
      llvm::Expected<Tensor> rows =
          gatherRows(state, state.getShape(), standIn);
      if (!rows)
        return rows.takeError();
      arguments.push_back(std::move(*rows));
    }
    llvm::Expected<Results> yielded = runCell(std::move(arguments));
    if (!yielded)
      return yielded.takeError();
    for (auto [number, state] : llvm::enumerate(states)) {
      Tensor &next = (*yielded)[number];
      if (llvm::Error error = checkShape(*op, next.getShape(), state.getShape(),
                                         "state " + llvm::Twine(number)))
        return error;
      int64_t size = getRowSize(state.getShape());
      for (int64_t row = 0; row < state.getDim(0); ++row)
        if (!isAlive(row))
          std::copy_n(state.data() + row * size, size,
                      next.mutableData() + row * size);
      state = std::move(next);
    }
    for (size_t number = 0; number < outputs.size(); ++number) {
      const Tensor &slice = (*yielded)[states.size() + number];
      Shape shape{time};
      llvm::append_range(shape, slice.getShape());
      if (llvm::Error error = prepareOutput(number, shape, slice.getKind()))
        return error;
      int64_t size = getRowSize(slice.getShape());
      int64_t rows = slice.getRank() == 0 ? 1 : slice.getDim(0);
      if (const Tensor *lengths = values.get(op.getLengths());
          lengths && rows != lengths->getDim(0))
        return makeError(*op, "output " + llvm::Twine(number) + " has " +
                                  llvm::Twine(rows) + " rows, required " +
                                  llvm::Twine(lengths->getDim(0)));
      Scalar *target = outputs[number].mutableData();
      for (int64_t row = 0; row < rows; ++row)
        if (isAlive(row))
          std::copy_n(slice.data() + row * size, size,
                      target + (stepOf(row) * rows + row) * size);
    }
    return llvm::Error::success();
  }

  /// The form that stores living rows only.
  llvm::Error runFlat() {
    const Tensor *counts = values.get(op.getCounts());
    int64_t bound = states.empty() ? -1 : states.front().getDim(0), rows = 0;
    for (const Tensor &state : states)
      if (state.getDim(0) != bound)
        return makeError(
            *op, "batch extents differ: " + llvm::Twine(state.getDim(0)) +
                     " and " + llvm::Twine(bound));
    for (auto [step, count] : llvm::enumerate(counts->ints())) {
      if (count < 0 || (bound >= 0 && count > bound))
        return makeError(*op, "count " + llvm::Twine(count) + " of step " +
                                  llvm::Twine(step) + " is outside [0, " +
                                  llvm::Twine(bound) + "]");
      bound = count;
      if (llvm::AddOverflow(rows, count, rows))
        return makeError(*op, "the counts overflow");
    }
    for (const Tensor &input : scanned)
      if (input.getDim(0) != rows)
        return makeError(*op, "the counts sum to " + llvm::Twine(rows) +
                                  ", but a scanned input has " +
                                  llvm::Twine(input.getDim(0)) + " rows");
    int64_t offset = 0;
    for (int64_t count : counts->ints()) {
      if (count == 0)
        break;
      if (llvm::Error error = runFlatStep(offset, count, rows))
        return error;
      offset += count;
    }
    return fillOutputs({rows});
  }

  /// One step of the flat form.
  llvm::Error runFlatStep(int64_t offset, int64_t count, int64_t rows) {
    Results arguments;
    auto addRows = [&](const Tensor &source, int64_t first) -> llvm::Error {
      Shape shape(source.getShape());
      shape[0] = count;
      llvm::Expected<Tensor> slice = takeRows(source, first, count, shape);
      if (!slice)
        return slice.takeError();
      arguments.push_back(std::move(*slice));
      return llvm::Error::success();
    };
    for (const Tensor &input : scanned)
      if (llvm::Error error = addRows(input, offset))
        return error;
    for (const Tensor &state : states)
      if (llvm::Error error = addRows(state, 0))
        return error;
    llvm::Expected<Results> yielded = runCell(std::move(arguments));
    if (!yielded)
      return yielded.takeError();
    auto putRows = [&](const Tensor &source, Tensor &target,
                       int64_t first) -> llvm::Error {
      Shape required(target.getShape());
      required[0] = count;
      if (llvm::Error error = checkShape(*op, source.getShape(), required,
                                         "what the cell yields"))
        return error;
      std::copy_n(source.data(), source.getNumElements(),
                  target.mutableData() + first * getRowSize(target.getShape()));
      return llvm::Error::success();
    };
    for (auto [number, state] : llvm::enumerate(states))
      if (llvm::Error error = putRows((*yielded)[number], state, 0))
        return error;
    for (size_t number = 0; number < outputs.size(); ++number) {
      const Tensor &slice = (*yielded)[states.size() + number];
      Shape shape(slice.getShape());
      shape[0] = rows;
      if (llvm::Error error = prepareOutput(number, shape, slice.getKind()))
        return error;
      if (llvm::Error error = putRows(slice, outputs[number], offset))
        return error;
    }
    return llvm::Error::success();
  }

  Interpreter &interpreter;
  seq::RecurrenceOp op;
  OperandValues values;
  llvm::SmallVector<Tensor> scanned, states, outputs;
};

} // namespace

static llvm::Expected<Results>
evaluateRecurrence(Interpreter &interpreter, Operation &op,
                   llvm::MutableArrayRef<Tensor> operands) {
  return RecurrenceEvaluation(interpreter, cast<seq::RecurrenceOp>(op),
                              operands)
      .run();
}

void addRecurrenceHandlers(HandlerTable &table) {
  table["seq.recurrence"] = evaluateRecurrence;
}

} // namespace seqc::reference
