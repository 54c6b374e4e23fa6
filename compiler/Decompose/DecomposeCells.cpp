//===- DecomposeCells.cpp - Named layers to recurrences -------------------===//
//
// Turns seq.rnn, seq.gru and seq.lstm into one seq.recurrence per direction.
// The cell of the recurrence is written so that later passes have little to
// discover: every gate is a product with the step's input whose initial value
// is the bias, followed by a product with the hidden state that accumulates on
// it, and everything after the products is one elementwise linalg.generic.
// Slices of weights and sums of biases stand in front of the recurrence.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/CellBuilder.h"
#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/TensorBuilders.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace seqc {
#define GEN_PASS_DEF_DECOMPOSECELLSPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

/// Subclasses give the values in front of a recurrence and its cell for one
/// kind of layer.
template <typename OpTy> struct Cell;

template <> struct Cell<seq::RnnOp> {
  static constexpr size_t numGates = 1;
  SmallVector<Value> biases;

  Cell(seq::RnnOp, ImplicitLocOpBuilder &b, const LayerDirection &layer)
      : biases({layer.biasSum(b, 0)}) {}

  /// New states for a step.
  SmallVector<Value> build(ImplicitLocOpBuilder &b, const LayerDirection &layer,
                           ValueRange steps, ValueRange states) {
    CellBuilder cell(b, layer, steps);
    Value sum =
        cell.recurrentProduct(0, states[0], cell.inputProduct(0, biases[0]));
    return elementwise(
        b, sum, cell.empty(layer.getGateSize()),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {layer.activations[0].build(b, args[0])};
        });
  }
};

template <> struct Cell<seq::GruOp> {
  static constexpr size_t numGates = 3;
  bool linearBeforeReset;
  Value updateBias, resetBias, hiddenBias, hiddenRecurrentBias;

  Cell(seq::GruOp op, ImplicitLocOpBuilder &b, const LayerDirection &layer)
      : linearBeforeReset(op.getLinearBeforeReset()) {
    if (layer.inputBiases.empty())
      return;
    updateBias = layer.biasSum(b, 0);
    resetBias = layer.biasSum(b, 1);
    hiddenBias = linearBeforeReset ? layer.inputBiases[2] : layer.biasSum(b, 2);
    hiddenRecurrentBias = layer.recurrentBiases[2];
  }

  SmallVector<Value> build(ImplicitLocOpBuilder &b, const LayerDirection &layer,
                           ValueRange steps, ValueRange states) {
    CellBuilder cell(b, layer, steps);
    Value state = states[0];
    int64_t size = layer.getGateSize();
    Value update = cell.inputProduct(0, updateBias);
    Value reset = cell.inputProduct(1, resetBias);
    Value hidden = cell.inputProduct(2, hiddenBias);
    update = cell.recurrentProduct(0, state, update);
    reset = cell.recurrentProduct(1, state, reset);
    const CellActivation &gate = layer.activations[0],
                         &candidate = layer.activations[1];

    // H = (1 - z) . h + z . H[t-1]
    auto blend = [](ImplicitLocOpBuilder &b, Value z, Value h, Value previous) {
      Value one = floatConstant(b, z.getType(), 1.0);
      Value fresh = mul(b, arith::SubFOp::create(b, one, z), h);
      return add(b, fresh, mul(b, z, previous));
    };
    if (linearBeforeReset) {
      Value inner = cell.recurrentProduct(
          2, state, cell.start(hiddenRecurrentBias, size));
      return elementwise(
          b, {update, reset, hidden, inner, state}, cell.empty(size),
          [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
            Value z = gate.build(b, args[0]);
            Value r = gate.build(b, args[1]);
            Value sum = add(b, args[2], mul(b, r, args[3]));
            return {blend(b, z, candidate.build(b, sum), args[4])};
          });
    }
    Value kept = elementwise(
        b, {reset, state}, cell.empty(size),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          return {mul(b, gate.build(b, args[0]), args[1])};
        })[0];
    hidden = cell.recurrentProduct(2, kept, hidden);
    return elementwise(
        b, {update, hidden, state}, cell.empty(size),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value z = gate.build(b, args[0]);
          return {blend(b, z, candidate.build(b, args[1]), args[2])};
        });
  }
};

template <> struct Cell<seq::LstmOp> {
  static constexpr size_t numGates = 4;
  enum Gate : size_t { Input, Output, Forget, Candidate };
  bool inputForget;
  SmallVector<Value> biases;

  Cell(seq::LstmOp op, ImplicitLocOpBuilder &b, const LayerDirection &layer)
      : inputForget(op.getInputForget()) {
    for (size_t gate = 0; gate < numGates; ++gate)
      biases.push_back(isUsed(gate) ? layer.biasSum(b, gate) : Value());
  }

  /// With input_forget the forget gate is 1 - i and has no product.
  bool isUsed(size_t gate) const { return gate != Forget || !inputForget; }

  SmallVector<Value> build(ImplicitLocOpBuilder &b, const LayerDirection &layer,
                           ValueRange steps, ValueRange states) {
    CellBuilder cell(b, layer, steps);
    SmallVector<Value> inputs;
    SmallVector<size_t> position(numGates);
    for (size_t gate = 0; gate < numGates; ++gate)
      if (isUsed(gate)) {
        position[gate] = inputs.size();
        inputs.push_back(cell.inputProduct(gate, biases[gate]));
      }
    for (size_t gate = 0; gate < numGates; ++gate)
      if (isUsed(gate))
        inputs[position[gate]] =
            cell.recurrentProduct(gate, states[0], inputs[position[gate]]);
    size_t firstPeephole = inputs.size();
    llvm::append_range(inputs, layer.peepholes);
    bool peeks = !layer.peepholes.empty();
    const CellActivation &f = layer.activations[0], &g = layer.activations[1],
                         &h = layer.activations[2];

    // The old cell state is the initial value of the new one: it is updated in
    // place.
    Value hidden = cell.empty(layer.getGateSize());
    SmallVector<Value> results = elementwise(
        b, inputs, {states[1], hidden},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value previous = args[inputs.size()];
          auto peek = [&](Value sum, size_t peephole, Value memory) {
            return peeks ? add(b, sum,
                               mul(b, args[firstPeephole + peephole], memory))
                         : sum;
          };
          Value i = f.build(b, peek(args[position[Input]], 0, previous));
          Value forget;
          if (inputForget)
            forget =
                arith::SubFOp::create(b, floatConstant(b, i.getType(), 1.0), i);
          else
            forget = f.build(b, peek(args[position[Forget]], 2, previous));
          Value c = g.build(b, args[position[Candidate]]);
          Value memory = add(b, mul(b, forget, previous), mul(b, i, c));
          Value o = f.build(b, peek(args[position[Output]], 1, memory));
          return {memory, mul(b, o, h.build(b, memory))};
        });
    return {cell.project(results[1]), results[0]};
  }
};

/// Replaces one layer.
template <typename OpTy> class LayerDecomposer {
public:
  LayerDecomposer(OpTy op, OpBuilder &builder)
      : op(op), b(op.getLoc(), builder), batchFirst(op.getBatchFirst()),
        numDirections(op.getNumDirections()), hidden(op.getHiddenSize()) {}

  /// Builds the recurrences and gives the values that replace the results of
  /// the layer.
  SmallVector<Value> run() {
    if (llvm::all_of(op->getResultTypes(), isEmpty))
      return emptyResults();
    input = batchFirst ? transpose(b, op.getInput(), {1, 0, 2})
                       : Value(op.getInput());
    if (isEmpty(op.getWeight().getType()))
      input = withoutFeatures();
    std::optional<double> clip;
    if (std::optional<APFloat> bound = op.getClip())
      clip = bound->convertToDouble();
    SmallVector<CellActivation> activations =
        resolveActivations(op.getAllActivations(), op.getActivationAlphaAttr(),
                           op.getActivationBetaAttr(), clip);
    size_t perDirection = op.getNumActivations();

    SmallVector<SmallVector<Value>> results(op->getNumResults());
    for (int64_t direction = 0; direction < numDirections; ++direction) {
      LayerDirection layer = takeApart(direction);
      layer.activations =
          ArrayRef(activations).slice(direction * perDirection, perDirection);
      bool reverse =
          op.getDirection() == seq::Direction::Reverse || direction == 1;
      seq::RecurrenceOp recurrence = buildRecurrence(layer, reverse);
      results[0].push_back(recurrence.getOutputs()[0]);
      for (auto [index, final] : llvm::enumerate(recurrence.getFinals()))
        results[index + 1].push_back(final);
    }

    SmallVector<Value> replacements;
    for (auto [index, values] : llvm::enumerate(results)) {
      Value old = op->getResult(index), joined;
      if (!batchFirst)
        replaceTransposes(old, values, partSizes(values[0]),
                          index == 0 ? 1 : 0);
      if (!old.use_empty())
        joined =
            castTo(b, index == 0 ? joinOutputs(values) : joinStates(values),
                   old.getType());
      replacements.push_back(joined);
    }
    return replacements;
  }

private:
  /// Whether a tensor of this type has no elements.
  static bool isEmpty(Type type) {
    return llvm::is_contained(cast<RankedTensorType>(type).getShape(), 0);
  }

  /// The results of a layer without rows or units.
  SmallVector<Value> emptyResults() {
    SmallVector<Value> values;
    OpFoldResult steps = extent(b, op.getInput(), batchFirst ? 1 : 0),
                 rows = extent(b, op.getInput(), batchFirst ? 0 : 1);
    for (Value result : op->getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      int64_t timeDim = type.getRank() < 4 ? -1 : batchFirst ? 1 : 0;
      SmallVector<OpFoldResult> sizes;
      for (auto [dim, size] : llvm::enumerate(type.getShape()))
        sizes.push_back(!ShapedType::isDynamic(size)
                            ? OpFoldResult(b.getIndexAttr(size))
                        : int64_t(dim) == timeDim ? steps
                                                  : rows);
      values.push_back(
          castTo(b, emptyTensor(b, sizes, type.getElementType()), type));
    }
    return values;
  }

  /// Something to count the steps and rows of an input without features by: no
  /// slice of that exists.
  Value withoutFeatures() {
    return zeroTensor(
        b, {extent(b, input, 0), extent(b, input, 1), b.getIndexAttr(1)},
        getElementTypeOrSelf(input.getType()));
  }

  /// Row `direction` of a tensor, columns [begin, begin + count) of the next
  /// dimension. Frontends put the tensors of a layer together from weights;
  /// where a part is one of these, it is taken.
  Value part(Value source, int64_t direction, int64_t begin, int64_t count) {
    auto type = cast<RankedTensorType>(source.getType());
    if (auto concat = source.getDefiningOp<tensor::ConcatOp>();
        concat && concat.getDim() == 0 &&
        int64_t(concat.getInputs().size()) == numDirections)
      return part(concat.getInputs()[direction], 0, begin, count);
    if (auto expand = source.getDefiningOp<tensor::ExpandShapeOp>())
      if (expand.getSrcType().getRank() + 1 == type.getRank() &&
          expand.getReassociationIndices()[0].size() == 2)
        return rowRange(b, expand.getSrc(),
                        direction * type.getDimSize(1) + begin, count);
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> sizes = extents(b, source);
    offsets[0] = b.getIndexAttr(direction);
    sizes[0] = b.getIndexAttr(1);
    offsets[1] = b.getIndexAttr(begin);
    sizes[1] = b.getIndexAttr(count);
    return slice(b, source, offsets, sizes, {0});
  }

  /// One matrix or vector per gate, the gates lying one after the other from
  /// `first` on.
  SmallVector<Value> gates(Value source, int64_t direction, int64_t first = 0) {
    SmallVector<Value> values;
    for (int64_t gate = 0; gate < int64_t(Cell<OpTy>::numGates); ++gate)
      values.push_back(
          part(source, direction, (first + gate) * hidden, hidden));
    return values;
  }

  /// What the recurrence scans: the input, or, where weights are bytes, the
  /// input's product with each gate that has one. It is quantized as a whole, so
  /// that these products are not the cell's.
  SmallVector<Value> scannedValues(const LayerDirection &layer,
                                   const Cell<OpTy> &cell) {
    if (layer.byteRecurrents.empty())
      return {input};
    SmallVector<Value> values;
    if constexpr (std::is_same_v<OpTy, seq::LstmOp>) {
      auto type = cast<RankedTensorType>(input.getType());
      OpFoldResult steps = extent(b, input, 0), rows = extent(b, input, 1),
                   columns = b.getIndexAttr(hidden);
      SmallVector<ReassociationIndices> groups{{0, 1}, {2}};
      if (!layer.byteWeights.empty() && !quantized.bytes) {
        quantized = quantizeByRange(b, input);
        quantized.bytes =
            tensor::CollapseShapeOp::create(b, quantized.bytes, groups);
      }
      for (size_t gate = 0; gate < Cell<OpTy>::numGates; ++gate) {
        if (!cell.isUsed(gate))
          continue;
        Value bias = cell.biases[gate];
        if (layer.byteWeights.empty()) {
          SmallVector<OpFoldResult> sizes{steps, rows, columns};
          values.push_back(bias ? linalg::BroadcastOp::create(
                                      b, bias,
                                      emptyTensor(b, sizes, b.getF32Type()),
                                      ArrayRef<int64_t>{0, 1})
                                      ->getResult(0)
                                : zeroTensor(b, sizes, b.getF32Type()));
          continue;
        }
        Value flat =
            multiplyQuantized(b, quantized, layer.byteWeights[gate], bias);
        values.push_back(tensor::ExpandShapeOp::create(
            b,
            RankedTensorType::get(
                {type.getDimSize(0), type.getDimSize(1), hidden},
                b.getF32Type()),
            flat, groups, {steps, rows, columns}));
      }
    }
    return values;
  }

  /// The weights and initial states of a direction.
  LayerDirection takeApart(int64_t direction) {
    constexpr int64_t numGates = Cell<OpTy>::numGates;
    LayerDirection layer;
    bool hasFeatures = !isEmpty(op.getWeight().getType());
    bool isQuantized = false;
    if constexpr (std::is_same_v<OpTy, seq::LstmOp>) {
      isQuantized = op.isQuantized();
      if (isQuantized && hasFeatures)
        layer.byteWeights = takeByteGates(
            b,
            {op.getWeight(), op.getWeightScale(), op.getWeightZero(),
             /*transposed=*/false, op.getWeightSigned()},
            direction, numGates);
      if (isQuantized)
        layer.byteRecurrents = takeByteGates(
            b,
            {op.getRecurrent(), op.getRecurrentScale(), op.getRecurrentZero(),
             /*transposed=*/false, op.getRecurrentSigned()},
            direction, numGates);
    }
    if (hasFeatures && !isQuantized)
      layer.weights = gates(op.getWeight(), direction);
    if (!isQuantized)
      layer.recurrents = gates(op.getRecurrent(), direction);
    if (Value bias = op.getBias()) {
      layer.inputBiases = gates(bias, direction);
      layer.recurrentBiases = gates(bias, direction, numGates);
    }
    int64_t stateSize =
        cast<RankedTensorType>(op.getRecurrent().getType()).getDimSize(2);
    layer.inits.push_back(initialState(op.getInitialH(), direction, stateSize));
    if constexpr (std::is_same_v<OpTy, seq::LstmOp>) {
      layer.inits.push_back(initialState(op.getInitialC(), direction, hidden));
      if (Value peephole = op.getPeephole())
        for (int64_t gate = 0; gate < 3; ++gate)
          layer.peepholes.push_back(
              part(peephole, direction, gate * hidden, hidden));
      if (Value projection = op.getProjection())
        layer.projection = part(projection, direction, 0, stateSize);
    }
    return layer;
  }

  /// `[B, size]`: the given state of a direction, or zeros.
  Value initialState(Value given, int64_t direction, int64_t size) {
    SmallVector<OpFoldResult> sizes = {extent(b, input, 1),
                                       b.getIndexAttr(size)};
    auto inputType = cast<RankedTensorType>(input.getType());
    auto type = RankedTensorType::get({inputType.getDimSize(1), size},
                                      inputType.getElementType());
    if (!given)
      return zeroTensor(b, sizes, inputType.getElementType());
    // With one direction a reshape does, which folds with the one that made the
    // state.
    if (numDirections == 1)
      return castTo(b,
                    b.createOrFold<tensor::CollapseShapeOp>(
                        given, ArrayRef<ReassociationIndices>{{0, 1}, {2}}),
                    type);
    int64_t directionDim = batchFirst ? 1 : 0;
    SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)),
        all = extents(b, given);
    offsets[directionDim] = b.getIndexAttr(direction);
    all[directionDim] = b.getIndexAttr(1);
    return castTo(b, slice(b, given, offsets, all, {directionDim}), type);
  }

  seq::RecurrenceOp buildRecurrence(const LayerDirection &layer, bool reverse) {
    Cell<OpTy> cell(op, b, layer);
    auto inputType = cast<RankedTensorType>(input.getType());
    SmallVector<Type> states;
    for (Value init : layer.inits)
      states.push_back(init.getType());
    auto state = cast<RankedTensorType>(states[0]);
    auto output = RankedTensorType::get(
        {inputType.getDimSize(0), state.getDimSize(0), state.getDimSize(1)},
        state.getElementType());
    SmallVector<Value> scanned = scannedValues(layer, cell);
    auto recurrence = seq::RecurrenceOp::create(
        b, TypeRange{output}, states, scanned, layer.inits, op.getLengths(),
        /*counts=*/Value(),
        /*steps=*/Value(), reverse);
    SmallVector<Type> arguments;
    for (Value value : scanned) {
      auto type = cast<RankedTensorType>(value.getType());
      arguments.push_back(RankedTensorType::get(type.getShape().drop_front(),
                                                type.getElementType()));
    }
    llvm::append_range(arguments, states);
    SmallVector<Location> locations(arguments.size(), op.getLoc());
    OpBuilder::InsertionGuard guard(b);
    Block *body =
        b.createBlock(&recurrence.getCell(), {}, arguments, locations);
    ValueRange slices(body->getArguments());
    SmallVector<Value> yielded =
        cell.build(b, layer, slices.take_front(scanned.size()),
                   slices.drop_front(scanned.size()));
    yielded.push_back(yielded[0]);
    seq::YieldOp::create(b, yielded);
    return recurrence;
  }

  /// Puts parts of extents `sizes` side by side along a new dimension `dim`.
  /// The extents come from the input, so that nothing asks a recurrence for
  /// those of its results.
  Value stack(ValueRange parts, SmallVector<OpFoldResult> sizes, int64_t dim) {
    auto type = cast<RankedTensorType>(parts[0].getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + dim, numDirections);
    sizes.insert(sizes.begin() + dim, b.getIndexAttr(numDirections));
    if (numDirections == 1) {
      // The new dimension joins the group of the one behind it.
      SmallVector<ReassociationIndices> groups;
      for (int64_t source = 0, target = 0; source < type.getRank();
           ++source, ++target) {
        groups.emplace_back();
        if (source == dim)
          groups.back().push_back(target++);
        groups.back().push_back(target);
      }
      return tensor::ExpandShapeOp::create(
          b, RankedTensorType::get(shape, type.getElementType()), parts[0],
          groups, sizes);
    }
    Value joined = emptyTensor(b, sizes, type.getElementType());
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    sizes[dim] = b.getIndexAttr(1);
    for (auto [direction, value] : llvm::enumerate(parts)) {
      offsets[dim] = b.getIndexAttr(direction);
      joined = tensor::InsertSliceOp::create(b, value, joined, offsets, sizes,
                                             strides);
    }
    return joined;
  }

  /// Extents of what a direction gives, `[T, B, P]` or `[B, P]`.
  SmallVector<OpFoldResult> partSizes(Value part) {
    int64_t rank = cast<RankedTensorType>(part.getType()).getRank();
    SmallVector<OpFoldResult> sizes = {extent(b, input, 0), extent(b, input, 1),
                                       extent(b, part, rank - 1)};
    if (rank == 2)
      sizes.erase(sizes.begin());
    return sizes;
  }

  /// Frontends like the directions behind the batch. A transpose that moves
  /// dimension `dim` of a result one place further is not needed if the parts
  /// are put side by side there.
  void replaceTransposes(Value result, ValueRange parts,
                         ArrayRef<OpFoldResult> sizes, int64_t dim) {
    Value joined;
    for (Operation *user : llvm::make_early_inc_range(result.getUsers())) {
      auto moving = dyn_cast<linalg::TransposeOp>(user);
      if (!moving || moving.getInput() != result)
        continue;
      SmallVector<int64_t> exchange = llvm::to_vector(
          llvm::seq<int64_t>(0, moving.getPermutation().size()));
      std::swap(exchange[dim], exchange[dim + 1]);
      if (moving.getPermutation() != ArrayRef(exchange))
        continue;
      if (!joined)
        joined = stack(parts, llvm::to_vector(sizes), dim + 1);
      Value moved = moving->getResult(0);
      moved.replaceAllUsesWith(castTo(b, joined, moved.getType()));
      moving->erase();
    }
  }

  /// `[T, B, P]` per direction to `[T, D, B, P]` or `[B, T, D, P]`.
  Value joinOutputs(ArrayRef<Value> outputs) {
    SmallVector<OpFoldResult> sizes = partSizes(outputs[0]);
    if (!batchFirst)
      return stack(outputs, sizes, 1);
    SmallVector<Value> parts;
    for (Value value : outputs)
      parts.push_back(transpose(b, value, {1, 0, 2}, sizes));
    std::swap(sizes[0], sizes[1]);
    return stack(parts, sizes, 2);
  }

  /// `[B, P]` per direction to `[D, B, P]` or `[B, D, P]`.
  Value joinStates(ArrayRef<Value> states) {
    return stack(states, partSizes(states[0]), batchFirst ? 1 : 0);
  }

  OpTy op;
  ImplicitLocOpBuilder b;
  bool batchFirst;
  int64_t numDirections, hidden;
  /// The input, time first, and its rows as bytes, once they are needed.
  Value input;
  QuantizedTensor quantized;
};

/// Folds reshapes that follow a value with those that made it. In the cell of a
/// recurrence nothing but rows may be left between a layer of one step and
/// what surrounds it.
static void foldReshapes(Value value) {
  for (Operation *user : llvm::make_early_inc_range(value.getUsers())) {
    if (!isa<tensor::CollapseShapeOp>(user))
      continue;
    OpBuilder builder(user);
    SmallVector<Value> folded;
    if (succeeded(builder.tryFold(user, folded)) && folded.size() == 1) {
      user->getResult(0).replaceAllUsesWith(folded[0]);
      user->erase();
    }
  }
}

struct DecomposeCellsPass : impl::DecomposeCellsPassBase<DecomposeCellsPass> {
  /// Replaces `op` and counts it.
  template <typename OpTy> void replace(OpTy op) {
    OpBuilder builder(op);
    SmallVector<Value> values = LayerDecomposer<OpTy>(op, builder).run();
    for (auto [result, value] : llvm::zip_equal(op->getResults(), values))
      if (value) {
        result.replaceAllUsesWith(value);
        foldReshapes(value);
      }
    op->erase();
    ++numLayers;
  }

  void runOnOperation() override {
    SmallVector<Operation *> layers;
    getOperation().walk([&](seq::CellOpInterface op) { layers.push_back(op); });
    for (Operation *layer : layers) {
      if (auto rnn = dyn_cast<seq::RnnOp>(layer))
        replace(rnn);
      else if (auto gru = dyn_cast<seq::GruOp>(layer))
        replace(gru);
      else if (auto lstm = dyn_cast<seq::LstmOp>(layer))
        replace(lstm);
    }
  }
};

} // namespace
} // namespace seqc
