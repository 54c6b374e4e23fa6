//===- DecomposeLinearRecurrence.cpp - Linear recurrences as recurrences --===//
//
// The form of a linear recurrence with a full matrix, or in a semiring other
// than the reals: a `seq.recurrence` whose cell is one generic per line of the
// op's definition.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/LinearRecurrenceForms.h"
#include "compiler/Decompose/TensorBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace seqc {
namespace {

using utils::IteratorType;

/// Sums and products of a semiring on scalars.
class Algebra {
public:
  Algebra(seq::Semiring semiring, Type element)
      : semiring(semiring), element(element) {}

  bool isLog() const { return semiring == seq::Semiring::Log; }
  double zero() const {
    return semiring == seq::Semiring::Real
               ? 0
               : -std::numeric_limits<double>::infinity();
  }
  double one() const { return semiring == seq::Semiring::Real ? 1 : 0; }

  Value multiply(ImplicitLocOpBuilder &b, Value x, Value y) const {
    if (semiring == seq::Semiring::Real)
      return arith::MulFOp::create(b, x, y);
    return arith::AddFOp::create(b, x, y);
  }

  Value add(ImplicitLocOpBuilder &b, Value x, Value y) const {
    if (semiring == seq::Semiring::Real)
      return arith::AddFOp::create(b, x, y);
    Value most = arith::MaximumFOp::create(b, x, y);
    if (semiring == seq::Semiring::MaxPlus)
      return most;
    Value distance = math::AbsFOp::create(b, arith::SubFOp::create(b, x, y));
    Value rest = math::Log1pOp::create(
        b, math::ExpOp::create(b, arith::NegFOp::create(b, distance)));
    // Two infinities have no distance.
    return arith::SelectOp::create(b, isInfinite(b, most), most,
                                   arith::AddFOp::create(b, most, rest));
  }

  Value isInfinite(ImplicitLocOpBuilder &b, Value x) const {
    Value infinity =
        floatConstant(b, element, std::numeric_limits<double>::infinity());
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                 math::AbsFOp::create(b, x), infinity);
  }

private:
  seq::Semiring semiring;
  Type element;
};

/// Loops of the generics of a cell: rows, heads, readers of a head, keys,
/// columns, and keys that are summed over.
enum Loop : unsigned { Row, Head, Reader, Key, Column, Summed };

/// A tensor and the loops that its dimensions follow.
struct Operand {
  Value value;
  SmallVector<Loop> loops;

  explicit operator bool() const { return static_cast<bool>(value); }
};

/// Writes the recurrence that one op stands for.
class RecurrenceWriter {
public:
  RecurrenceWriter(seq::LinearRecurrenceOp op, OpBuilder &builder)
      : op(op), b(op.getLoc(), builder),
        element(op.getInit().getType().getElementType()),
        shape(op.getInit().getType().getShape()),
        readers(op.getNumQueryHeads() / shape[1]),
        algebra(op.getSemiring(), element) {}

  SmallVector<Value> run() {
    matrix = prepare(op.getMatrix(), {Key, Summed});
    decay = prepare(op.getDecay(), {Key, Column});
    lookup = prepare(op.getLookup(), {Key});
    erase = prepare(op.getErase(), {Key});
    key = prepare(op.getKey(), {Key});
    value = prepare(op.getValue(), {Column});
    query = prepare(op.getQuery(), {Key});
    Value steps;
    if (scanned.empty())
      steps = indexConstant(b, 1);
    SmallVector<Type> outputs;
    if (op.getOutputs())
      outputs.push_back(outputType(op.getOutputs()));
    auto recurrence = seq::RecurrenceOp::create(
        b, outputs, TypeRange(op.getInit().getType()), scanned,
        ValueRange(op.getInit()), op.getLengths(), /*counts=*/Value(), steps,
        op.getReverse());
    emitCell(recurrence);
    SmallVector<Value> results = {recurrence.getFinals()[0]};
    if (op.getOutputs())
      results.push_back(finish(recurrence.getOutputs()[0]));
    return results;
  }

private:
  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  /// An operand with a slice per step as the cell takes it: without repeated
  /// extents, and scanned unless all steps and rows have one slice.
  Operand prepare(Value source, ArrayRef<Loop> features) {
    if (!source)
      return {};
    auto type = cast<RankedTensorType>(source.getType());
    SmallVector<Loop> loops = {Row, Head};
    int64_t groups = type.getDimSize(2);
    if (groups > shape[1]) {
      source = splitHeads(source, groups / shape[1]);
      loops.push_back(Reader);
    } else if (groups > 1 && groups < shape[1]) {
      source = repeatHeads(source, shape[1] / groups);
    }
    llvm::append_range(loops, features);
    type = cast<RankedTensorType>(source.getType());
    bool isShared = type.getDimSize(0) == 1 && type.getDimSize(1) == 1;
    if (!isShared)
      source = repeatSteps(source);
    // Dimension d > 0 follows loop d - 1.
    SmallVector<OpFoldResult> sizes = extents(b, source);
    SmallVector<OpFoldResult> zeros(sizes.size(), b.getIndexAttr(0));
    SmallVector<int64_t> dropped;
    Operand operand;
    if (isShared)
      dropped.push_back(0);
    for (auto [index, loop] : llvm::enumerate(loops)) {
      int64_t dim = static_cast<int64_t>(index) + 1;
      if ((loop == Row && isShared) ||
          (loop != Row && type.getDimSize(dim) == 1))
        dropped.push_back(dim);
      else
        operand.loops.push_back(loop);
    }
    operand.value =
        dropped.empty() ? source : slice(b, source, zeros, sizes, dropped);
    if (!isShared)
      scanned.push_back(operand.value);
    return operand;
  }

  /// Dimension 2, the heads of a query, as heads of the state and readers.
  Value splitHeads(Value source, int64_t count) {
    auto type = cast<RankedTensorType>(source.getType());
    SmallVector<int64_t> split(type.getShape());
    SmallVector<OpFoldResult> sizes = extents(b, source);
    split[2] = shape[1];
    split.insert(split.begin() + 3, count);
    sizes[2] = b.getIndexAttr(shape[1]);
    sizes.insert(sizes.begin() + 3, b.getIndexAttr(count));
    return tensor::ExpandShapeOp::create(
        b, RankedTensorType::get(split, type.getElementType()), source,
        splitting(type.getRank()), sizes);
  }

  /// How dimension 2 of a tensor of `rank` dimensions is split.
  static SmallVector<ReassociationIndices> splitting(int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t dim = 0; dim < rank; ++dim)
      groups.push_back(dim == 2
                           ? ReassociationIndices{2, 3}
                           : ReassociationIndices{dim > 2 ? dim + 1 : dim});
    return groups;
  }

  /// Each head `count` times in a row.
  Value repeatHeads(Value source, int64_t count) {
    auto type = cast<RankedTensorType>(source.getType());
    SmallVector<OpFoldResult> sizes = extents(b, source);
    sizes.insert(sizes.begin() + 3, b.getIndexAttr(count));
    Value repeated = repeat(source, sizes, /*added=*/{3});
    return tensor::CollapseShapeOp::create(b, repeated,
                                           splitting(type.getRank()));
  }

  /// `source` with all its steps and rows.
  Value repeatSteps(Value source) {
    SmallVector<OpFoldResult> sizes = extents(b, source), whole = sizes;
    SmallVector<int64_t> added;
    OpFoldResult wanted[] = {
        extent(b, op.getTimeOperand() ? op.getTimeOperand() : source, 0),
        extent(b, op.getInit(), 0)};
    for (int64_t dim : {0, 1})
      if (isOneInteger(sizes[dim]) && !isOneInteger(wanted[dim])) {
        whole[dim] = wanted[dim];
        added.push_back(dim);
      }
    if (added.empty())
      return source;
    SmallVector<OpFoldResult> zeros(sizes.size(), b.getIndexAttr(0));
    return repeat(slice(b, source, zeros, sizes, added), whole, added);
  }

  /// `source` in `sizes`, along whose dimensions `added` it does not change.
  Value repeat(Value source, ArrayRef<OpFoldResult> sizes,
               ArrayRef<int64_t> added) {
    Value empty = emptyTensor(b, sizes, getElementTypeOrSelf(source.getType()));
    return linalg::BroadcastOp::create(b, source, empty, added)->getResult(0);
  }

  //===--------------------------------------------------------------------===//
  // Results
  //===--------------------------------------------------------------------===//

  /// The type of the recurrence's output: rows are those of the state, readers
  /// stand behind their head.
  RankedTensorType outputType(Value outputs) {
    auto type = cast<RankedTensorType>(outputs.getType());
    SmallVector<int64_t> split(type.getShape());
    split[1] = shape[0];
    if (readers > 1) {
      split[2] = shape[1];
      split.insert(split.begin() + 3, readers);
    }
    return RankedTensorType::get(split, type.getElementType());
  }

  Value finish(Value outputs) {
    if (readers > 1)
      outputs = tensor::CollapseShapeOp::create(b, outputs, splitting(4));
    return castTo(b, outputs, op.getOutputs().getType());
  }

  //===--------------------------------------------------------------------===//
  // The cell
  //===--------------------------------------------------------------------===//

  void emitCell(seq::RecurrenceOp recurrence) {
    OpBuilder::InsertionGuard guard(b);
    Block *cell = b.createBlock(&recurrence.getCell());
    for (Value input : scanned) {
      auto type = cast<RankedTensorType>(input.getType());
      Value step =
          cell->addArgument(RankedTensorType::get(type.getShape().drop_front(),
                                                  type.getElementType()),
                            b.getLoc());
      for (Operand *operand :
           {&matrix, &decay, &lookup, &erase, &key, &value, &query})
        if (operand->value == input)
          operand->value = step;
    }
    Operand state{cell->addArgument(op.getInit().getType(), b.getLoc()),
                  {Row, Head, Key, Column}};
    rows = extent(b, state.value, 0);
    state.value = advance(state);
    SmallVector<Value> yielded = {state.value};
    if (op.getOutputs())
      yielded.push_back(read(state));
    seq::YieldOp::create(b, yielded);
  }

  /// The state after a step.
  Value advance(Operand state) {
    ArrayRef<Loop> whole = state.loops;
    if (matrix) {
      Operand old{state.value, {Row, Head, Summed, Column}};
      state.value = contract(matrix, old, whole, Summed);
    }
    if (decay)
      state.value = map({state, decay}, whole,
                        [&](ImplicitLocOpBuilder &b, ValueRange v) {
                          return algebra.multiply(b, v[0], v[1]);
                        });
    if (erase) {
      Operand found{contract(lookup, state, {Row, Head, Column}, Key),
                    {Row, Head, Column}};
      state.value = map({state, erase, found}, whole,
                        [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                          return arith::SubFOp::create(
                              b, v[0], arith::MulFOp::create(b, v[1], v[2]));
                        });
    }
    if (value) {
      SmallVector<Operand> inputs = {state, value};
      if (key)
        inputs.push_back(key);
      state.value =
          map(inputs, whole, [&](ImplicitLocOpBuilder &b, ValueRange v) {
            Value written = key ? algebra.multiply(b, v[2], v[1]) : v[1];
            return algebra.add(b, v[0], written);
          });
    }
    return state.value;
  }

  /// What a step gives of its state.
  Value read(const Operand &state) {
    Type stored = getElementTypeOrSelf(op.getOutputs().getType());
    SmallVector<Loop> loops = state.loops;
    Value result = state.value;
    if (query) {
      loops = {Row, Head, Column};
      if (readers > 1)
        loops.insert(loops.begin() + 2, Reader);
      result = contract(query, state, loops, Key);
    }
    if (stored == element)
      return result;
    return map(
        {{result, loops}}, loops,
        [](ImplicitLocOpBuilder &, ValueRange v) { return v[0]; }, stored);
  }

  OpFoldResult sizeOf(Loop loop) {
    switch (loop) {
    case Row:
      return rows;
    case Head:
      return b.getIndexAttr(shape[1]);
    case Reader:
      return b.getIndexAttr(readers);
    case Key:
    case Summed:
      return b.getIndexAttr(shape[2]);
    case Column:
      return b.getIndexAttr(shape[3]);
    }
    llvm_unreachable("unknown loop");
  }

  using Body = llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

  /// A generic whose loops are those of its result and, in front of nothing,
  /// `summed`. `body` gets numbers of the state's type.
  Value emit(ArrayRef<Operand> inputs, Value init, ArrayRef<Loop> result,
             std::optional<Loop> summed, Body body) {
    SmallVector<Loop> loops(result);
    SmallVector<IteratorType> iterators(loops.size(), IteratorType::parallel);
    if (summed) {
      loops.push_back(*summed);
      iterators.push_back(IteratorType::reduction);
    }
    auto mapOf = [&](ArrayRef<Loop> used) {
      SmallVector<AffineExpr> dims;
      for (Loop loop : used)
        dims.push_back(
            b.getAffineDimExpr(llvm::find(loops, loop) - loops.begin()));
      return AffineMap::get(loops.size(), 0, dims, b.getContext());
    };
    SmallVector<Value> values;
    SmallVector<AffineMap> maps;
    for (const Operand &input : inputs) {
      values.push_back(input.value);
      maps.push_back(mapOf(input.loops));
    }
    maps.push_back(mapOf(result));
    Type stored = getElementTypeOrSelf(init.getType());
    return generic(
        b, values, init, maps, iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          SmallVector<Value> wide;
          for (Value number : v.drop_back())
            wide.push_back(convertFloat(b, number, element));
          wide.push_back(v.back());
          return {convertFloat(b, body(b, wide), stored)};
        })[0];
  }

  SmallVector<OpFoldResult> sizesOf(ArrayRef<Loop> loops) {
    return llvm::map_to_vector(loops, [&](Loop loop) { return sizeOf(loop); });
  }

  /// Each element of the result from one of every input.
  Value map(ArrayRef<Operand> inputs, ArrayRef<Loop> result, Body body,
            Type stored = nullptr) {
    Value empty = emptyTensor(b, sizesOf(result), stored ? stored : element);
    return emit(inputs, empty, result, std::nullopt, body);
  }

  /// Sums, over `summed`, of the products of two operands.
  Value contract(const Operand &left, const Operand &right,
                 ArrayRef<Loop> result, Loop summed) {
    Value zero = floatConstant(b, element, algebra.zero());
    Value start = filledTensor(b, sizesOf(result), zero);
    auto product = [&](ImplicitLocOpBuilder &b, ValueRange v) {
      return algebra.multiply(b, v[0], v[1]);
    };
    if (!algebra.isLog())
      return emit({left, right}, start, result, summed,
                  [&](ImplicitLocOpBuilder &b, ValueRange v) {
                    return algebra.add(b, v.back(), product(b, v));
                  });
    // The greatest term is taken out of the sum, unless it is infinite: then
    // it is the sum.
    Operand most{emit({left, right}, start, result, summed,
                      [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                        return arith::MaximumFOp::create(b, v.back(),
                                                         product(b, v));
                      }),
                 SmallVector<Loop>(result)};
    Value none = filledTensor(b, sizesOf(result), floatConstant(b, element, 0));
    Operand sum{emit({left, right, most}, none, result, summed,
                     [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                       Value shifted =
                           arith::SubFOp::create(b, product(b, v), v[2]);
                       return arith::AddFOp::create(
                           b, v.back(), math::ExpOp::create(b, shifted));
                     }),
                SmallVector<Loop>(result)};
    return map({most, sum}, result,
               [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                 Value whole = arith::AddFOp::create(
                     b, v[0], math::LogOp::create(b, v[1]));
                 return arith::SelectOp::create(b, algebra.isInfinite(b, v[0]),
                                                v[0], whole);
               });
  }

  seq::LinearRecurrenceOp op;
  ImplicitLocOpBuilder b;
  Type element;
  /// Rows, heads, keys and columns.
  ArrayRef<int64_t> shape;
  /// Queries per head of the state.
  int64_t readers;
  Algebra algebra;
  SmallVector<Value> scanned;
  Operand matrix, decay, lookup, erase, key, value, query;
  /// Rows of the step at hand.
  OpFoldResult rows;
};

struct LinearRecurrenceDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<
          LinearRecurrenceDecomposition, seq::LinearRecurrenceOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto recurrence = cast<seq::LinearRecurrenceOp>(op);
    if (isTiledLater(recurrence))
      return failure();
    return RecurrenceWriter(recurrence, builder).run();
  }
};

} // namespace

void registerLinearRecurrenceDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::LinearRecurrenceOp::attachInterface<LinearRecurrenceDecomposition>(
        *context);
  });
}

} // namespace seqc
