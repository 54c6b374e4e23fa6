//===- AttentionLstm.cpp - An LSTM that attends to a memory ---------------===//
//
// AttnLSTM wraps a cell in additive attention: a step's input is joined by what
// the step before attended to, and its hidden state is the query of the next.
// Each direction becomes a seq.recurrence whose cell holds one step of seq.lstm
// and a seq.attention.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Ops/RecurrentImport.h"

#include <array>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::ShapedType;
using mlir::Value;

namespace {

/// Inputs behind those of LSTM.
enum Input {
  QueryWeight = 8,
  MemoryWeight,
  ScoreWeight,
  Memory,
  MemoryLens,
  AttentionWeight
};

/// One node on its way to its recurrences.
class AttentionLstmImport {
public:
  explicit AttentionLstmImport(Node &node)
      : node(node), e(node.getEmitter()), cell(node) {}

  LogicalResult run();

private:
  LogicalResult readSizes();
  LogicalResult readInputs();
  /// The recurrence of a direction: the hidden states of all steps, and the last
  /// hidden state and that of the cell.
  std::array<Tensor, 3> build(int64_t direction);
  /// The cell of a recurrence: new states from a step's input and states.
  SmallVector<Value> buildCell(int64_t direction, Tensor step,
                               ArrayRef<Tensor> states, Tensor keys);
  /// Direction `direction` of a tensor that has one for each, with that
  /// dimension of extent 1 or without it; null for null.
  Tensor keepPart(Tensor all, int64_t direction);
  Tensor part(Tensor all, int64_t direction);

  Node &node;
  Emitter &e;
  RecurrentImport cell;
  /// Sizes of the attention's hidden layer, of an entry of the memory, and of
  /// what joins the input.
  int64_t depth = RecurrentImport::kAny, width = RecurrentImport::kAny,
          joined = RecurrentImport::kAny;
  Tensor queryWeight, memoryWeight, scoreWeight, memory, memoryLens,
      attentionWeight;
};

} // namespace

/// What inputs say of sizes before their shapes are checked.
LogicalResult AttentionLstmImport::readSizes() {
  static constexpr std::pair<size_t, StringLiteral> required[] = {
      {QueryWeight, "QW"},
      {MemoryWeight, "MW"},
      {ScoreWeight, "V"},
      {Memory, "M"}};
  for (auto [input, name] : required)
    if (!node.hasInput(input))
      return node.error("input " + Twine(input) + " (" + name + ") is missing");
  auto known = [&](size_t input, int64_t rank, int64_t dim, int64_t &size) {
    Tensor given = node.getInput(input);
    if (ShapedType::isDynamic(size) && given && given.getRank() == rank)
      size = given.getShape()[dim];
  };
  known(MemoryWeight, 3, 2, depth);
  known(QueryWeight, 3, 2, depth);
  known(ScoreWeight, 2, 1, depth);
  known(MemoryWeight, 3, 1, width);
  known(Memory, 3, 2, width);
  if (node.hasInput(AttentionWeight))
    known(AttentionWeight, 3, 2, joined);
  else
    joined = width;
  if (depth > 0 && width > 0 && joined > 0)
    return success();
  return node.unsupported(
      "weights of unknown or empty shape are not supported");
}

LogicalResult AttentionLstmImport::readInputs() {
  // Unlike LSTM the operator has no such attribute: time comes first.
  if (int64_t layout = node.getInt("layout", 0))
    return node.error("attribute 'layout' is " + Twine(layout) +
                      "; required is 0");
  if (failed(readSizes()) || failed(cell.read(joined)))
    return failure();
  int64_t directions = cell.numDirections(), hidden = cell.hiddenSize();
  if (failed(cell.take(queryWeight, QueryWeight, "QW",
                       {directions, hidden, depth})) ||
      failed(cell.take(memoryWeight, MemoryWeight, "MW",
                       {directions, width, depth})) ||
      failed(cell.take(scoreWeight, ScoreWeight, "V", {directions, depth})) ||
      failed(cell.take(memory, Memory, "M",
                       {cell.numRows(), RecurrentImport::kAny, width})) ||
      failed(cell.take(attentionWeight, AttentionWeight, "AW",
                       {directions, hidden + width, joined})) ||
      failed(cell.takeLengths(memoryLens, MemoryLens, "memory_seq_lens",
                              e.extent(memory, 1))))
    return failure();
  OpFoldResult rows = e.extent(cell.tensor(RecurrentImport::X), 1);
  e.requireEqual(e.extent(memory, 0), rows, "the batch of its memory");
  if (!memoryLens)
    return success();
  e.requireEqual(e.extent(memoryLens, 0), rows,
                 "the number of lengths of its memory");
  // Entries behind the end are no part of the memory, whatever they hold.
  Tensor whole = memory;
  memory = define(e, whole.type, e.extents(whole), [&](ArrayRef<Number> at) {
    Number length = load(e, memoryLens, {at[0]}).toIndex();
    return select(at[1] < length, load(e, whole, at), 0);
  });
  return success();
}

Tensor AttentionLstmImport::keepPart(Tensor all, int64_t direction) {
  return all ? e.sliceDim(all, 0, Number(e, direction), Number(e, 1)) : all;
}

Tensor AttentionLstmImport::part(Tensor all, int64_t direction) {
  return all ? e.squeeze(keepPart(all, direction), 0) : all;
}

SmallVector<Value> AttentionLstmImport::buildCell(int64_t direction,
                                                  Tensor step,
                                                  ArrayRef<Tensor> states,
                                                  Tensor keys) {
  mlir::OpBuilder &b = e.getBuilder();
  Tensor input = e.unsqueeze(e.concat({step, states[2]}, 1), 0);
  Tensor before = e.unsqueeze(states[0], 0);
  Tensor content = e.unsqueeze(states[1], 0);
  auto weight = [&](RecurrentImport::Input which) {
    return keepPart(cell.tensor(which), direction).value;
  };
  RecurrentImport::Activations activations = cell.activationsOf(direction);
  auto stateType = cast<RankedTensorType>(before.value.getType());
  SmallVector<int64_t> all(stateType.getShape());
  all.insert(all.begin(), 1);
  auto lstm = seq::LstmOp::create(
      b, e.getLoc(), cell.resultType(all), stateType, stateType, input.value,
      weight(RecurrentImport::W), weight(RecurrentImport::R),
      weight(RecurrentImport::B), /*lengths=*/Value(), before.value,
      content.value, weight(RecurrentImport::P), /*projection=*/Value(),
      /*weight_scale=*/Value(), /*weight_zero=*/Value(),
      /*recurrent_scale=*/Value(), /*recurrent_zero=*/Value(),
      seq::Direction::Forward, activations.names, activations.alpha,
      activations.beta, cell.clip, node.getInt("input_forget", 0) != 0,
      /*batch_first=*/false);
  DataType type = cell.computeType();
  auto squeezed = [&](Value state) {
    return e.squeeze(e.withExtents(state, type, e.extents(before)), 0);
  };
  Tensor hidden = squeezed(lstm.getYH()), kept = squeezed(lstm.getYC());

  Tensor query = e.unsqueeze(
      e.contract(hidden, "bh", part(queryWeight, direction), "ha", "ba"), 1);
  bool ordered = states.size() > 3;
  auto attention = seq::AttentionOp::create(
      b, e.getLoc(), cell.resultType({query.getShape()[0], 1, width}),
      mlir::Type(), seq::Score::Additive, query.value, keys.value, memory.value,
      part(scoreWeight, direction).value, /*mask=*/Value(), /*bias=*/Value(),
      memoryLens.value, ordered ? states[3].value : Value(),
      /*starts=*/Value(), mlir::FloatAttr(), mlir::FloatAttr(),
      seq::Causal::None, mlir::DenseI64ArrayAttr(), seq::Normalizer::Softmax,
      mlir::FloatAttr());
  Extents sizes = e.extents(query);
  sizes[2] = Number(e, width);
  Tensor context =
      e.squeeze(e.withExtents(attention.getOutput(), type, sizes), 1);
  if (attentionWeight)
    context = e.contract(e.concat({hidden, context}, 1), "bc",
                         part(attentionWeight, direction), "ca", "ba");
  SmallVector<Value> results = {hidden.value, kept.value, context.value};
  if (ordered)
    results.push_back(states[3].value);
  return results;
}

std::array<Tensor, 3> AttentionLstmImport::build(int64_t direction) {
  mlir::OpBuilder &b = e.getBuilder();
  mlir::Location loc = e.getLoc();
  DataType type = cell.computeType();
  int64_t hidden = cell.hiddenSize();
  Tensor x = cell.tensor(RecurrentImport::X);
  OpFoldResult steps = e.extent(x, 0), rows = e.extent(x, 1),
               size = Number(e, hidden);
  Tensor lengths = cell.tensor(RecurrentImport::SequenceLens);
  // With lengths, fewer and fewer rows take part.
  int64_t batch = lengths ? RecurrentImport::kAny : x.getShape()[1];
  x = e.castShape(x, {x.getShape()[0], batch, cell.numFeatures()});
  Tensor keys =
      e.contract(memory, "btm", part(memoryWeight, direction), "ma", "bta");

  // The hidden state, the cell's and what joins the input, which is zero at
  // first.
  SmallVector<Tensor> inits;
  for (auto input : {RecurrentImport::InitialH, RecurrentImport::InitialC}) {
    Tensor given = part(cell.tensor(input), direction);
    inits.push_back(given ? given : e.fill(type, {rows, size}, 0));
  }
  inits.push_back(e.fill(type, {rows, Number(e, joined)}, 0));
  // Rows are sorted by their lengths; each takes its number along, which says
  // whose memory it attends to.
  if (lengths)
    inits.push_back(define(e, DataType::Int32, {rows},
                           [](ArrayRef<Number> at) { return at[0]; }));

  SmallVector<Value> initValues;
  SmallVector<mlir::Type> stateTypes;
  for (Tensor &init : inits) {
    SmallVector<int64_t> shape(init.getShape());
    shape[0] = batch;
    init = e.castShape(init, shape);
    initValues.push_back(init.value);
    stateTypes.push_back(init.value.getType());
  }
  bool reverse = cell.direction == seq::Direction::Reverse || direction == 1;
  mlir::Type all = cell.resultType({x.getShape()[0], batch, hidden});
  auto recurrence = seq::RecurrenceOp::create(
      b, loc, mlir::TypeRange{all}, stateTypes, x.value, initValues,
      lengths.value, /*counts=*/Value(), /*steps=*/Value(), reverse);
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    mlir::Block *block = b.createBlock(&recurrence.getCell());
    Tensor step{
        block->addArgument(cell.resultType({batch, cell.numFeatures()}), loc),
        type};
    // The rows of all arguments are the same.
    SmallVector<Tensor> states;
    for (Tensor init : inits) {
      Extents sizes = e.extents(init);
      sizes[0] = e.extent(step, 0);
      states.push_back(e.withExtents(
          block->addArgument(init.value.getType(), loc), init.type, sizes));
    }
    SmallVector<Value> yielded = buildCell(direction, step, states, keys);
    yielded.push_back(yielded[0]);
    seq::YieldOp::create(b, loc, yielded);
  }
  auto result = [&](Value value, Extents sizes, ArrayRef<int64_t> shape) {
    return e.castShape(e.withExtents(value, type, sizes), shape);
  };
  int64_t known = cell.numRows();
  mlir::ValueRange finals = recurrence.getFinals();
  return {result(recurrence.getOutputs()[0], {steps, rows, size},
                 {x.getShape()[0], known, hidden}),
          result(finals[0], {rows, size}, {known, hidden}),
          result(finals[1], {rows, size}, {known, hidden})};
}

LogicalResult AttentionLstmImport::run() {
  if (failed(readInputs()))
    return failure();
  // Directions follow time in the first result, and come first in the others.
  constexpr int64_t kDims[] = {1, 0, 0};
  SmallVector<Tensor> results[3];
  for (int64_t d = 0; d < cell.numDirections(); ++d)
    for (auto [list, result, dim] : zip_equal(results, build(d), kDims))
      list.push_back(e.unsqueeze(result, dim));
  SmallVector<Value> outputs;
  for (auto [list, dim] : zip_equal(results, kDims))
    outputs.push_back(e.concat(list, dim).value);
  cell.setOutputs(outputs);
  return success();
}

LogicalResult convertAttnLSTM(Node &node, Emitter &) {
  return AttentionLstmImport(node).run();
}

} // namespace seqc::onnx
