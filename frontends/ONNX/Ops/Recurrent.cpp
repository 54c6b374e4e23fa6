//===- Recurrent.cpp - RNN, GRU and LSTM ----------------------------------===//
//
// The three operators become seq.rnn, seq.gru and seq.lstm, whose definitions
// follow ONNX. Weights need static shapes there; what a model leaves open is
// taken from the other inputs.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/RecurrentImport.h"

#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/Products.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"

#include "dialect/Seq/IR/Activations.h"

#include "mlir/IR/TypeUtilities.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::ShapedType;
using mlir::Value;
using mlir::ValueRange;

using enum RecurrentImport::Input;

LogicalResult RecurrentImport::readAttributes() {
  std::string name = node.getString("direction", "forward");
  std::optional<seq::Direction> found =
      seq::symbolizeDirection(StringRef(name).lower());
  if (!found)
    return node.error("'direction' is '" + name +
                      "'; required is forward, reverse or bidirectional");
  direction = *found;
  directions = direction == seq::Direction::Bidirectional ? 2 : 1;
  batchFirst = node.getInt("layout", 0) != 0;
  size = node.getInt("hidden_size", kAny);
  (void)node.getInt("output_sequence", 0);
  if (node.hasAttribute("clip")) {
    float bound = node.getFloat("clip", 0);
    if (!(bound > 0))
      return node.error("'clip' is " + std::to_string(bound) +
                        "; required is a number above 0");
    clip = e.getBuilder().getF32FloatAttr(bound);
  }
  return readActivations();
}

/// The function that ONNX calls `name`, in letters of any case.
static std::optional<seq::Activation> findActivation(StringRef name) {
  for (StringRef known : seq::getActivationNames()) {
    std::string joined = known.str();
    llvm::erase(joined, '_');
    if (name.equals_insensitive(joined))
      return seq::symbolizeActivation(known);
  }
  return std::nullopt;
}

/// Names and factors of the activations, which a bidirectional layer has for
/// each direction.
LogicalResult RecurrentImport::readActivations() {
  std::vector<std::string> names =
      node.getStrings("activations").value_or(std::vector<std::string>());
  SmallVector<seq::Activation> functions;
  size_t count = defaults.size() * directions;
  if (!names.empty() && names.size() != count)
    return node.error("it names " + Twine(names.size()) +
                      " activations; required are " + Twine(count));
  for (const std::string &name : names) {
    std::optional<seq::Activation> known = findActivation(name);
    if (!known)
      return node.unsupported("activation '" + name + "' is not supported");
    functions.push_back(*known);
  }
  mlir::Builder &b = e.getBuilder();
  if (!names.empty())
    activations = seq::getActivationArrayAttr(b.getContext(), functions);
  auto readFactors = [&](StringRef name, size_t most) {
    SmallVector<float> list =
        node.getFloats(name).value_or(SmallVector<float>());
    list.truncate(std::min(list.size(), most));
    return list.empty() ? mlir::ArrayAttr() : b.getF32ArrayAttr(list);
  };
  auto [withAlpha, withBeta] = seq::countFactors(functions);
  alpha = readFactors("activation_alpha", withAlpha);
  beta = readFactors("activation_beta", withBeta);
  return success();
}

RecurrentImport::Activations
RecurrentImport::activationsOf(int64_t which) const {
  if (!activations)
    return {};
  SmallVector<seq::Activation> functions = seq::getActivationList(activations);
  ArrayRef<seq::Activation> list(functions);
  size_t each = defaults.size();
  auto [alphas, betas] = seq::countFactors(list.take_front(which * each));
  auto [ownAlphas, ownBetas] =
      seq::countFactors(list.slice(which * each, each));
  mlir::Builder &b = e.getBuilder();
  auto part = [&](mlir::ArrayAttr all, size_t begin, size_t count) {
    if (!all || begin >= all.size())
      return mlir::ArrayAttr();
    return b.getArrayAttr(
        all.getValue().slice(begin, std::min(count, all.size() - begin)));
  };
  return {part(activations, which * each, each), part(alpha, alphas, ownAlphas),
          part(beta, betas, ownBetas)};
}

FailureOr<Tensor> RecurrentImport::placeShape(size_t input, StringRef name,
                                              ArrayRef<int64_t> shape) {
  Tensor given = node.getInput(input);
  if (!given)
    return Tensor();
  if (failed(mlir::verifyCompatibleShape(given.getShape(), shape)))
    return node.error("input " + Twine(input) + " (" + name + ") has shape " +
                      describeShape(given.getShape()) + "; required is " +
                      describeShape(shape));
  SmallVector<int64_t> merged(given.getShape());
  for (auto [size, known] : zip_equal(merged, shape))
    size = ShapedType::isDynamic(size) ? known : size;
  return e.castShape(given, merged);
}

LogicalResult RecurrentImport::take(Tensor &to, size_t input, StringRef name,
                                    ArrayRef<int64_t> shape) {
  FailureOr<Tensor> placed = placeShape(input, name, shape);
  if (failed(placed))
    return failure();
  to = *placed;
  // Weights may be bytes, which stay so.
  if (to && to.type == type)
    to = e.convert(to, compute);
  return success();
}

/// Lengths that are given at run time may be anything: they are checked, and
/// nothing relies on that.
LogicalResult RecurrentImport::takeLengths(Tensor &to, size_t input,
                                           StringRef name, OpFoldResult most) {
  FailureOr<Tensor> placed = placeShape(input, name, {batch});
  if (failed(placed))
    return failure();
  Tensor lengths = *placed;
  if (!lengths)
    return success();
  std::optional<int64_t> limit = mlir::getConstantIntValue(most);
  auto fixed = e.constantIntegers(lengths);
  // Rows that all have every step need no lengths.
  if (fixed && limit && all_of(*fixed, [&](int64_t n) { return n == *limit; }))
    return success();
  to = lengths;
  if (fixed && limit &&
      all_of(*fixed, [&](int64_t n) { return n >= 0 && n <= *limit; }))
    return success();
  Number steps(e, most), last = steps.as(lengths.type);
  e.requireIndices(lengths, steps + 1, "a sequence length", /*fromEnd=*/false);
  to = map(e, lengths.type, {lengths},
           [&](Number n) { return clamp(n, 0, last); });
  return success();
}

LogicalResult RecurrentImport::read(int64_t more) {
  if (failed(readAttributes()))
    return failure();
  Tensor x = node.getInput(X), w = node.getInput(W), r = node.getInput(R);
  type = x.type, compute = getComputeType(type);
  // The size of the state and of the features, wherever they are known.
  auto known = [](Tensor t, int64_t dim) {
    return t.getRank() == 3 ? t.getShape()[dim] : kAny;
  };
  auto isOpen = [](int64_t n) { return ShapedType::isDynamic(n); };
  auto settleSize = [&](Tensor from, int64_t rank, int64_t dim, int64_t times) {
    if (isOpen(size) && from && from.getRank() == rank &&
        !isOpen(from.getShape()[dim]))
      size = from.getShape()[dim] / times;
  };
  settleSize(r, 3, 2, 1);
  settleSize(w, 3, 1, gates);
  settleSize(r, 3, 1, gates);
  settleSize(node.getInput(B), 2, 1, 2 * gates);
  settleSize(node.getInput(InitialH), 3, 2, 1);
  settleSize(node.getInput(InitialC), 3, 2, 1);
  settleSize(node.getInput(P), 2, 1, 3);
  features = known(w, 2);
  if (!isOpen(features))
    features -= more;
  else
    features = known(x, 2);
  if (features < 0 && !isOpen(features))
    return node.error("input 1 (W) has " + Twine(known(w, 2)) +
                      " columns; required are those of " + Twine(more) +
                      " more features than X has");
  if (isOpen(size) || isOpen(features) || size <= 0)
    return node.unsupported("weights whose numbers of units and features no "
                            "input tells are not supported");
  int64_t rowDim = batchFirst ? 0 : 1, stepDim = 1 - rowDim;
  time = known(x, stepDim), batch = known(x, rowDim);
  for (auto [input, dim] :
       {std::pair<Input, int64_t>(SequenceLens, 0), {InitialH, rowDim}})
    if (Tensor t = node.getInput(input);
        isOpen(batch) && t && dim < t.getRank())
      batch = t.getShape()[dim];

  SmallVector<int64_t> input = {time, batch, features};
  SmallVector<int64_t> state = {directions, batch, size};
  if (batchFirst)
    std::swap(input[0], input[1]), std::swap(state[0], state[1]);
  auto place = [&](Input part, StringRef name, ArrayRef<int64_t> shape) {
    return take(tensors[part], part, name, shape);
  };
  if (failed(place(X, "X", input)) ||
      failed(place(W, "W", {directions, gates * size, features + more})) ||
      failed(place(R, "R", {directions, gates * size, size})) ||
      failed(place(B, "B", {directions, 2 * gates * size})) ||
      failed(place(InitialH, "initial_h", state)) ||
      failed(place(InitialC, "initial_c", state)) ||
      failed(place(P, "P", {directions, 3 * size})) ||
      failed(takeLengths(tensors[SequenceLens], SequenceLens, "sequence_lens",
                         e.extent(tensors[X], stepDim))))
    return failure();
  OpFoldResult rows = e.extent(tensors[X], rowDim);
  for (auto [given, dim] : {std::pair<Input, int64_t>(SequenceLens, 0),
                            {InitialH, rowDim},
                            {InitialC, rowDim}})
    if (tensors[given])
      e.requireEqual(e.extent(tensors[given], dim), rows,
                     ("the batch of input " + Twine(int(given))).str());
  return success();
}

void RecurrentImport::setOutputs(ValueRange results) {
  OpFoldResult steps = e.extent(tensors[X], batchFirst ? 1 : 0),
               rows = e.extent(tensors[X], batchFirst ? 0 : 1),
               sides = Number(e, directions), units = Number(e, size);
  Extents state = batchFirst ? Extents{rows, sides, units}
                             : Extents{sides, rows, units},
          all(state);
  all.insert(all.begin() + (batchFirst ? 1 : 0), steps);
  for (auto [i, result] : enumerate(results)) {
    e.setExtents(result, i == 0 ? all : state);
    if (node.wantsOutput(i))
      node.setOutput(i, e.convert({result, compute}, type));
  }
}

/// The op of an RNN or a GRU, which has attributes of its own.
template <typename Op, typename... Own>
static LogicalResult build(RecurrentImport &r, Own... own) {
  auto op =
      Op::create(r.e.getBuilder(), r.e.getLoc(), r.yType(), r.stateType(),
                 r.get(X), r.get(W), r.get(R), r.get(B), r.get(SequenceLens),
                 r.get(InitialH), r.direction, r.activations, r.alpha, r.beta,
                 r.clip, own..., r.batchFirst);
  r.setOutputs(op->getResults());
  return success();
}

static LogicalResult convertRNN(Node &node, Emitter &) {
  RecurrentImport r(node, 1, {seq::Activation::Tanh});
  return failed(r.read()) ? failure() : build<seq::RnnOp>(r);
}

static LogicalResult convertGRU(Node &node, Emitter &) {
  RecurrentImport r(node, 3, {seq::Activation::Sigmoid, seq::Activation::Tanh});
  bool linearBeforeReset = node.getInt("linear_before_reset", 0) != 0;
  return failed(r.read()) ? failure() : build<seq::GruOp>(r, linearBeforeReset);
}

/// LSTM; its weights may be bytes, which parameters say then (null tensors for
/// weights of floats).
static LogicalResult importLSTM(RecurrentImport &r, const Parameters &weight,
                                const Parameters &recurrent) {
  if (failed(r.read()))
    return failure();
  bool inputForget = r.node.getInt("input_forget", 0) != 0;
  auto op = seq::LstmOp::create(
      r.e.getBuilder(), r.e.getLoc(), r.yType(), r.stateType(), r.stateType(),
      r.get(X), r.get(W), r.get(R), r.get(B), r.get(SequenceLens),
      r.get(InitialH), r.get(InitialC), r.get(P), /*projection=*/Value(),
      weight.scale.value, weight.zero.value, recurrent.scale.value,
      recurrent.zero.value, r.direction, r.activations, r.alpha, r.beta, r.clip,
      inputForget, r.batchFirst, weight.zero.type == DataType::Int8,
      recurrent.zero.type == DataType::Int8);
  r.setOutputs(op->getResults());
  return success();
}

static LogicalResult convertLSTM(Node &node, Emitter &) {
  RecurrentImport r(node);
  return importLSTM(r, {}, {});
}

/// Weight `input` [directions, features, gates * size] of 8-bit integers, with
/// a scale and a zero point for each direction or each column, becomes as LSTM
/// has it.
static FailureOr<Parameters> readBytes(Node &node, size_t input,
                                       size_t scaleInput) {
  Emitter &e = node.getEmitter();
  Tensor weight = node.getInput(input), scale = node.getInput(scaleInput),
         zero = node.getInput(scaleInput + 1);
  if (!scale || !zero)
    return node.error("input " + Twine(input) +
                      " has no scale or no zero point; required are both");
  Extents sizes = e.extents(weight);
  OpFoldResult one = Number(e, 1);
  for (Tensor *given : {&scale, &zero}) {
    int64_t rank = given->getRank();
    if (!e.requireEqual(e.extent(*given, 0), sizes[0],
                        "an extent of a scale or zero point") ||
        (rank == 2 && !e.requireEqual(e.extent(*given, 1), sizes[2],
                                      "an extent of a scale or zero point")))
      return failure();
    *given = e.reshape(*given, {sizes[0], rank == 2 ? sizes[2] : one});
    if (!given->getType().hasStaticShape())
      return node.unsupported("weights of dynamic shape are not supported");
  }
  node.inputs[input] = e.transpose(weight, {0, 2, 1});
  return Parameters{scale, zero};
}

/// Weights per direction from which on inputs and states are rounded to bytes.
/// The operator's definition does not ask for it, and fewer weights stay in the
/// first-level caches as floats: products of bytes gain nothing there, and the
/// result is exact.
static constexpr int64_t kLeastRounded = 64 * 1024;

/// The number of weights of one direction, many where it is not known.
static int64_t countWeights(Node &node, size_t input) {
  mlir::RankedTensorType type = node.getInput(input).getType();
  return type.hasStaticShape() && type.getNumElements() > 0
             ? type.getNumElements() / type.getDimSize(0)
             : kLeastRounded;
}

/// DynamicQuantizeLSTM: its inputs 8 to 11 are scale and zero point of W and
/// of R. Kernels that split the rows of a batch among threads round the states
/// of each part by its own range; one thread has one range, and so has this.
static LogicalResult convertDynamicQuantizeLSTM(Node &node, Emitter &e) {
  FailureOr<Parameters> weight = readBytes(node, W, 8),
                        recurrent = readBytes(node, R, 10);
  if (failed(weight) || failed(recurrent))
    return failure();
  int64_t count = countWeights(node, W) + countWeights(node, R);
  if (count < kLeastRounded) {
    // One for each direction and column, which are rows now.
    for (auto [input, by] : {std::pair(W, *weight), {R, *recurrent}})
      node.inputs[input] =
          dequantize(e, node.getInput(input),
                     {e.unsqueeze(by.scale, 2), e.unsqueeze(by.zero, 2)});
    return convertLSTM(node, e);
  }
  RecurrentImport r(node);
  return importLSTM(r, *weight, *recurrent);
}

void registerRecurrentOps(Registry &registry) {
  StringRef note = "numbers of units or features that no input tells";
  // X, W, R, B, lengths, states and peepholes.
  auto inputs =
      takes(kFloats, kSame, kSame, kSame, kIndices, kSame, kSame, kSame);
  auto bytes =
      takes(kFloat, kBytes(3), kBytes(3), kSame, kIndices, kSame, kSame, kSame,
            kFloat(1, 2), likeInput(W)(1, 2), kFloat(1, 2), likeInput(R)(1, 2));
  SmallVector<InputRule, 0> attention = inputs;
  attention.append({kSame, kSame, kSame, kSame, kIndices, kSame});
  registry.add({
      {"RNN", 1, 3, 6, convertRNN, inputs, note},
      {"GRU", 1, 3, 6, convertGRU, inputs, note},
      {"LSTM", 1, 3, 8, convertLSTM, inputs, note},
  });
  registry.addContrib({
      {"DynamicQuantizeLSTM", 1, 3, 12, convertDynamicQuantizeLSTM, bytes,
       "weights of dynamic shape; from 65,536 weights per direction on, "
       "inputs and states are rounded to 8 bits"},
      {"AttnLSTM", 1, 3, 14, convertAttnLSTM, attention,
       "weights of dynamic shape"},
  });
}

} // namespace seqc::onnx
