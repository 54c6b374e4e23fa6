//===- LinearRecurrence.cpp - Recurrences linear in their state -----------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;

namespace seqc::reference {

namespace {

/// Sums, products and their neutral elements.
class Algebra {
public:
  explicit Algebra(seq::Semiring semiring) : semiring(semiring) {}

  double zero() const {
    return semiring == seq::Semiring::Real
               ? 0
               : -std::numeric_limits<double>::infinity();
  }
  double one() const { return semiring == seq::Semiring::Real ? 1 : 0; }
  double multiply(double a, double b) const {
    return semiring == seq::Semiring::Real ? a * b : a + b;
  }
  double add(double a, double b) const {
    if (semiring == seq::Semiring::Real)
      return a + b;
    if (std::isnan(a) || std::isnan(b))
      return std::numeric_limits<double>::quiet_NaN();
    double most = std::max(a, b);
    if (semiring == seq::Semiring::MaxPlus || std::isinf(most))
      return most;
    return most + std::log1p(std::exp(std::min(a, b) - most));
  }

private:
  seq::Semiring semiring;
};

/// An operand with a slice per step, addressed by time, row and one of `heads`
/// heads; extents of 1 repeat.
class Slices {
public:
  Slices(const Tensor *tensor, int64_t heads) : tensor(tensor), heads(heads) {
    if (tensor)
      strides = getStrides(tensor->getShape());
  }

  explicit operator bool() const { return tensor; }

  /// An element behind head `h` of `heads`, at `i` and, if there are two
  /// features, `j`.
  double at(int64_t t, int64_t b, int64_t h, int64_t i, int64_t j = 0) const {
    int64_t head = h / (heads / tensor->getDim(2));
    int64_t place = head * strides[2];
    for (auto [dim, index] :
         {std::pair<int64_t, int64_t>{0, t}, {1, b}, {3, i}, {4, j}})
      if (dim < tensor->getRank() && tensor->getDim(dim) != 1)
        place += index * strides[dim];
    return tensor->floats()[place];
  }

private:
  const Tensor *tensor;
  int64_t heads;
  Shape strides;
};

/// Evaluates one op.
class LinearRecurrenceEvaluation {
public:
  LinearRecurrenceEvaluation(Interpreter &interpreter,
                             seq::LinearRecurrenceOp op,
                             llvm::ArrayRef<Tensor> operands)
      : interpreter(interpreter), op(op), algebra(op.getSemiring()),
        values(*op, operands), state(*values.get(op.getInit())),
        lengths(values.get(op.getLengths())), rows(state.getDim(0)),
        heads(state.getDim(1)), keys(state.getDim(2)), columns(state.getDim(3)),
        readers(op.getNumQueryHeads()),
        matrix(values.get(op.getMatrix()), heads),
        decay(values.get(op.getDecay()), heads),
        lookup(values.get(op.getLookup()), heads),
        erase(values.get(op.getErase()), heads),
        key(values.get(op.getKey()), heads),
        value(values.get(op.getValue()), heads),
        query(values.get(op.getQuery()), readers) {}

  llvm::Expected<Results> run() {
    if (llvm::Error error = check())
      return error;
    Results results;
    Tensor outputs;
    if (op.getOutputs()) {
      Shape shape = {steps, rows, readers, columns};
      if (!query)
        shape = {steps, rows, heads, keys, columns};
      auto type = cast<RankedTensorType>(op.getOutputs().getType());
      llvm::Expected<Tensor> made = interpreter.allocate(
          *op, *getElementKind(type.getElementType()), shape);
      if (!made)
        return made.takeError();
      outputs = std::move(*made);
    }
    llvm::MutableArrayRef<double> s = state.mutableFloats(),
                                  out = op.getOutputs()
                                            ? outputs.mutableFloats()
                                            : llvm::MutableArrayRef<double>();
    for (int64_t b = 0; b < rows; ++b) {
      int64_t length = lengths ? lengths->ints()[b] : steps;
      for (int64_t i = 0; i < length; ++i) {
        int64_t t = op.getReverse() ? length - 1 - i : i;
        for (int64_t h = 0; h < heads; ++h)
          advance(t, b, h,
                  s.slice((b * heads + h) * keys * columns, keys * columns));
        if (!out.empty())
          read(t, b,
               s.slice(b * heads * keys * columns, heads * keys * columns),
               out);
      }
    }
    results.push_back(std::move(state));
    if (op.getOutputs())
      results.push_back(std::move(outputs));
    return results;
  }

private:
  llvm::Error check() {
    steps = 1;
    if (Value time = op.getTimeOperand())
      steps = values.get(time)->getDim(0);
    for (Value operand : op.getStepOperands()) {
      const Tensor &tensor = *values.get(operand);
      auto type = cast<RankedTensorType>(operand.getType());
      for (auto [dim, wanted] :
           {std::pair<int64_t, int64_t>{0, steps}, {1, rows}})
        if (type.getDimSize(dim) != 1 && tensor.getDim(dim) != wanted)
          return makeError(*op, "extent " + llvm::Twine(tensor.getDim(dim)) +
                                    " of dimension " + llvm::Twine(dim) +
                                    " of an operand is not " +
                                    llvm::Twine(wanted));
    }
    if (!lengths)
      return llvm::Error::success();
    if (llvm::Error error =
            checkShape(*op, lengths->getShape(), {rows}, "lengths"))
      return error;
    for (int64_t length : lengths->ints())
      if (length < 0 || length > steps)
        return makeError(*op, "length " + llvm::Twine(length) +
                                  " is not in 0 to " + llvm::Twine(steps));
    return llvm::Error::success();
  }

  /// One step of one head; `s` is its state.
  void advance(int64_t t, int64_t b, int64_t h,
               llvm::MutableArrayRef<double> s) {
    if (matrix) {
      std::vector<double> old(s.begin(), s.end());
      for (int64_t k = 0; k < keys; ++k)
        for (int64_t v = 0; v < columns; ++v) {
          double sum = algebra.zero();
          for (int64_t j = 0; j < keys; ++j)
            sum = algebra.add(sum, algebra.multiply(matrix.at(t, b, h, k, j),
                                                    old[j * columns + v]));
          s[k * columns + v] = sum;
        }
    }
    for (int64_t k = 0; decay && k < keys; ++k)
      for (int64_t v = 0; v < columns; ++v)
        s[k * columns + v] =
            algebra.multiply(decay.at(t, b, h, k, v), s[k * columns + v]);
    for (int64_t v = 0; erase && v < columns; ++v) {
      double seen = 0;
      for (int64_t j = 0; j < keys; ++j)
        seen += lookup.at(t, b, h, j) * s[j * columns + v];
      for (int64_t k = 0; k < keys; ++k)
        s[k * columns + v] -= erase.at(t, b, h, k) * seen;
    }
    for (int64_t k = 0; value && k < keys; ++k)
      for (int64_t v = 0; v < columns; ++v) {
        double at = key ? key.at(t, b, h, k) : algebra.one();
        s[k * columns + v] = algebra.add(
            s[k * columns + v], algebra.multiply(at, value.at(t, b, h, v)));
      }
  }

  /// What step `t` gives of the states `s` of all heads of a row.
  void read(int64_t t, int64_t b, llvm::ArrayRef<double> s,
            llvm::MutableArrayRef<double> out) {
    if (!query) {
      llvm::copy(s,
                 out.begin() + (t * rows + b) * static_cast<int64_t>(s.size()));
      return;
    }
    for (int64_t q = 0; q < readers; ++q)
      for (int64_t v = 0; v < columns; ++v) {
        double sum = algebra.zero();
        int64_t h = q / (readers / heads);
        for (int64_t k = 0; k < keys; ++k)
          sum = algebra.add(sum,
                            algebra.multiply(query.at(t, b, q, k),
                                             s[(h * keys + k) * columns + v]));
        out[((t * rows + b) * readers + q) * columns + v] = sum;
      }
  }

  Interpreter &interpreter;
  seq::LinearRecurrenceOp op;
  Algebra algebra;
  OperandValues values;
  Tensor state;
  const Tensor *lengths;
  int64_t steps = 0, rows, heads, keys, columns, readers;
  Slices matrix, decay, lookup, erase, key, value, query;
};

} // namespace

static llvm::Expected<Results>
evaluateLinearRecurrence(Interpreter &interpreter, Operation &op,
                         llvm::MutableArrayRef<Tensor> operands) {
  return LinearRecurrenceEvaluation(interpreter,
                                    cast<seq::LinearRecurrenceOp>(op), operands)
      .run();
}

void addLinearRecurrenceHandlers(HandlerTable &table) {
  table["seq.linear_recurrence"] = evaluateLinearRecurrence;
}

} // namespace seqc::reference
