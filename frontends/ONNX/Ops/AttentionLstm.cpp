//===- AttentionLstm.cpp - An LSTM that attends to a memory ---------------===//
//
// AttnLSTM wraps a cell in additive attention: a step's input is joined by what
// the step before attended to, and its hidden state is the query of the next.
// Each direction becomes a seq.recurrence whose cell holds one step of seq.lstm
// and a seq.attention.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Ops/RecurrentImport.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::ShapedType;
using mlir::Value;
using mlir::ValueRange;

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
      : node(node), e(node.getEmitter()),
        cell(node, /*gates=*/4,
             {seq::Activation::Sigmoid, seq::Activation::Tanh,
              seq::Activation::Tanh}) {}

  LogicalResult run();

private:
  /// What a recurrence gives: hidden states of all steps, and the last states.
  struct Result {
    Tensor all, hidden, memory;
  };

  LogicalResult readSizes();
  LogicalResult readInputs();
  Result build(int64_t direction);
  /// The cell of a recurrence: new states from a step's input and states.
  SmallVector<Value> buildCell(int64_t direction, Tensor step,
                               ArrayRef<Tensor> states, Tensor keys);
  /// Direction `direction` of a tensor that has one for each, with that
  /// dimension of extent 1 or without it.
  Tensor part(Tensor all, int64_t direction, bool keep);

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
  if (failed(requireFloats(node, 1)) || failed(readSizes()) ||
      failed(cell.read(joined)))
    return failure();
  int64_t directions = cell.numDirections(), hidden = cell.hiddenSize();
  struct Part {
    Tensor &tensor;
    size_t input;
    StringRef name;
    SmallVector<int64_t> shape;
  };
  for (const Part &part :
       {Part{queryWeight, QueryWeight, "QW", {directions, hidden, depth}},
        {memoryWeight, MemoryWeight, "MW", {directions, width, depth}},
        {scoreWeight, ScoreWeight, "V", {directions, depth}},
        {memory, Memory, "M", {cell.numRows(), RecurrentImport::kAny, width}},
        {attentionWeight,
         AttentionWeight,
         "AW",
         {directions, hidden + width, joined}}}) {
    FailureOr<Tensor> taken = cell.take(part.input, part.name, part.shape);
    if (failed(taken))
      return failure();
    part.tensor = *taken;
  }
  FailureOr<Tensor> lengths =
      cell.takeLengths(MemoryLens, "memory_seq_lens", e.extent(memory, 1));
  if (failed(lengths))
    return failure();
  memoryLens = *lengths;
  OpFoldResult rows = e.extent(cell.tensor(RecurrentImport::X), 1);
  e.requireEqual(e.extent(memory, 0), rows, "the batch of its memory");
  if (!memoryLens)
    return success();
  e.requireEqual(e.extent(memoryLens, 0), rows,
                 "the number of lengths of its memory");
  // Entries behind the end are no part of the memory, whatever they hold.
  DataType type = memory.type;
  memory = e.generate(type, e.extents(memory), [&](Scalars &s, ValueRange at) {
    Value length = s.toIndex(memoryLens.type, e.load(memoryLens, at[0]));
    Value live = s.compareIndex(mlir::arith::CmpIPredicate::slt, at[1], length);
    return s.select(live, e.load(memory, at), s.constant(type, 0));
  });
  return success();
}

Tensor AttentionLstmImport::part(Tensor all, int64_t direction, bool keep) {
  if (!all)
    return all;
  mlir::OpBuilder &b = e.getBuilder();
  Tensor one = e.sliceDim(all, 0, b.getIndexAttr(direction), b.getIndexAttr(1));
  return keep ? one : e.squeeze(one, 0);
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
    return part(cell.tensor(which), direction, /*keep=*/true).value;
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
  for (Value result : {lstm.getYH(), lstm.getYC()})
    e.setExtents(result, e.extents(before));
  Tensor hidden = e.squeeze({lstm.getYH(), type}, 0);
  Tensor kept = e.squeeze({lstm.getYC(), type}, 0);

  Tensor query = e.contract(
      hidden, "bh", part(queryWeight, direction, /*keep=*/false), "ha", "ba");
  query = e.unsqueeze(query, 1);
  bool ordered = states.size() > 3;
  auto attention = seq::AttentionOp::create(
      b, e.getLoc(), cell.resultType({query.getShape()[0], 1, width}),
      mlir::Type(), seq::Score::Additive, query.value, keys.value, memory.value,
      part(scoreWeight, direction, /*keep=*/false).value, /*mask=*/Value(),
      /*bias=*/Value(), memoryLens.value, ordered ? states[3].value : Value(),
      /*starts=*/Value(), mlir::FloatAttr(), mlir::FloatAttr(),
      seq::Causal::None, mlir::DenseI64ArrayAttr(), seq::Normalizer::Softmax,
      mlir::FloatAttr());
  Extents sizes = e.extents(query);
  sizes[2] = b.getIndexAttr(width);
  e.setExtents(attention.getOutput(), sizes);
  Tensor context = e.squeeze({attention.getOutput(), type}, 1);
  if (attentionWeight)
    context = e.contract(e.concat({hidden, context}, 1), "bc",
                         part(attentionWeight, direction, /*keep=*/false), "ca",
                         "ba");
  SmallVector<Value> results = {hidden.value, kept.value, context.value};
  if (ordered)
    results.push_back(states[3].value);
  return results;
}

AttentionLstmImport::Result AttentionLstmImport::build(int64_t direction) {
  mlir::OpBuilder &b = e.getBuilder();
  mlir::Location loc = e.getLoc();
  DataType type = cell.computeType();
  Tensor x = cell.tensor(RecurrentImport::X);
  OpFoldResult steps = e.extent(x, 0), rows = e.extent(x, 1);
  Tensor lengths = cell.tensor(RecurrentImport::SequenceLens);
  // With lengths, fewer and fewer rows take part.
  int64_t batch = lengths ? RecurrentImport::kAny : x.getShape()[1];
  x = e.castShape(x, {x.getShape()[0], batch, cell.numFeatures()});
  Tensor keys =
      e.contract(memory, "btm", part(memoryWeight, direction, /*keep=*/false),
                 "ma", "bta");

  // The hidden state, the cell's and what joins the input, which is zero at
  // first.
  SmallVector<Tensor> inits;
  for (auto input : {RecurrentImport::InitialH, RecurrentImport::InitialC}) {
    Tensor given = part(cell.tensor(input), direction, /*keep=*/false);
    OpFoldResult size = b.getIndexAttr(cell.hiddenSize());
    Tensor init = given ? given : e.fill(type, {rows, size}, 0);
    inits.push_back(e.castShape(init, {batch, cell.hiddenSize()}));
  }
  inits.push_back(e.castShape(e.fill(type, {rows, b.getIndexAttr(joined)}, 0),
                              {batch, joined}));
  // Rows are sorted by their lengths; each takes its number along, which says
  // whose memory it attends to.
  if (lengths)
    inits.push_back(e.castShape(e.generate(DataType::Int32, {rows},
                                           [](Scalars &s, ValueRange at) {
                                             return s.fromIndex(DataType::Int32,
                                                                at[0]);
                                           }),
                                {batch}));

  SmallVector<Value> initValues;
  SmallVector<mlir::Type> stateTypes;
  for (Tensor init : inits) {
    initValues.push_back(init.value);
    stateTypes.push_back(init.value.getType());
  }
  bool reverse = cell.direction == seq::Direction::Reverse || direction == 1;
  auto recurrence = seq::RecurrenceOp::create(
      b, loc,
      mlir::TypeRange{
          cell.resultType({x.getShape()[0], batch, cell.hiddenSize()})},
      stateTypes, x.value, initValues, lengths.value, /*counts=*/Value(),
      /*steps=*/Value(), reverse);
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    mlir::Block *block = b.createBlock(&recurrence.getCell());
    Tensor step{
        block->addArgument(cell.resultType({batch, cell.numFeatures()}), loc),
        type};
    SmallVector<Tensor> states;
    for (Tensor init : inits)
      states.push_back(
          {block->addArgument(init.value.getType(), loc), init.type});
    // The rows of all arguments are the same.
    OpFoldResult inner = e.extent(step, 0);
    for (Tensor state : states) {
      Extents sizes = e.extents(inits[0]);
      sizes.resize(state.getRank());
      sizes[0] = inner;
      if (state.getRank() > 1)
        sizes[1] = b.getIndexAttr(state.getShape()[1]);
      e.setExtents(state.value, sizes);
    }
    SmallVector<Value> yielded = buildCell(direction, step, states, keys);
    yielded.push_back(yielded[0]);
    seq::YieldOp::create(b, loc, yielded);
  }
  Result result{{recurrence.getOutputs()[0], type},
                {recurrence.getFinals()[0], type},
                {recurrence.getFinals()[1], type}};
  OpFoldResult size = b.getIndexAttr(cell.hiddenSize());
  e.setExtents(result.all.value, {steps, rows, size});
  result.all = e.castShape(
      result.all, {x.getShape()[0], cell.numRows(), cell.hiddenSize()});
  for (Tensor *last : {&result.hidden, &result.memory}) {
    e.setExtents(last->value, {rows, size});
    *last = e.castShape(*last, {cell.numRows(), cell.hiddenSize()});
  }
  return result;
}

LogicalResult AttentionLstmImport::run() {
  if (failed(readInputs()))
    return failure();
  SmallVector<Tensor> all, hidden, memories;
  for (int64_t d = 0; d < cell.numDirections(); ++d) {
    Result result = build(d);
    all.push_back(e.unsqueeze(result.all, 1));
    hidden.push_back(e.unsqueeze(result.hidden, 0));
    memories.push_back(e.unsqueeze(result.memory, 0));
  }
  cell.setOutputs({e.concat(all, 1).value, e.concat(hidden, 0).value,
                   e.concat(memories, 0).value});
  return success();
}

LogicalResult convertAttnLSTM(Node &node) {
  return AttentionLstmImport(node).run();
}

} // namespace seqc::onnx
