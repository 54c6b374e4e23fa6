//===- BuildGraphStep.cpp - One step of a search around ONNX graphs -------===//
//
//   seq.generate {            step: position, states of all lanes
//     for each lane {         beam search only; greedy search has one lane
//       while blank {         transducer only: time moves on until a symbol
//         graphs of the step
//       }
//     }
//     yield logits, states
//   }
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/GraphSearch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace llvm;
using seqc::frontend::Number;

namespace seqc::yaml {

static constexpr int64_t kAny = mlir::ShapedType::kDynamic;

/// Tokens of logits that are no numbers, and of those that are all -inf: `pick`
/// makes such logits of them, and the search deals with the row.
static constexpr int64_t kNoNumber = std::numeric_limits<int32_t>::min();
static constexpr int64_t kNoToken = kNoNumber + 1;

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

void GraphSearchImport::declareStates() {
  Emitter e = graphs.emitAt(0);
  OpBuilder &b = e.getBuilder();
  OpFoldResult most = search.getMostSteps();
  auto add = [&](RankedTensorType type, Value init) {
    block->addArgument(type, graphs.loc);
    inits.push_back(init);
  };
  mlir::Type i32 = b.getI32Type();
  if (usesPrefix) {
    int64_t extent = mlir::getConstantIntValue(most).value_or(kAny);
    add(RankedTensorType::get({kAny, extent}, i32),
        e.fill(DataType::Int32, {e.fixed(1), most}, 0).value);
  }
  if (isTransducer)
    add(RankedTensorType::get({kAny}, i32),
        e.fill(DataType::Int32, {e.fixed(1)}, 0).value);
  for (const std::unique_ptr<NamedGraph> &graph : steps)
    states.read(*graph);
  states.declare(most);
  for (GraphState &state : states.list)
    add(state.laneType, state.first);
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

bool GraphSearchImport::callGraphs() {
  bool sound = true;
  for (const std::unique_ptr<NamedGraph> &graph : steps) {
    StringMap<GraphSignal> fed;
    graphs.readInputs(*graph, fed);
    states.feed(*graph, filled, fed);
    sound &= graphs.build(*graph, fed);
  }
  return sound && states.collect(filled);
}

Tensor GraphSearchImport::readLogits(StringRef key) {
  const Node *node = reader.find(key);
  GraphSignal signal = graphs.resolve(*node);
  if (!signal)
    return {};
  Tensor logits = signal.tensor;
  int64_t features = logits && logits.getRank() ? logits.getShape().back() : 0;
  if (!features || !onnx::isFloat(logits.type) || features != search.size) {
    std::string found = "one number";
    if (logits)
      found = onnx::getName(logits.type) +
              (logits.getRank() == 0 ? " without dimensions"
               : features == kAny
                   ? " with a last dimension that varies"
                   : " with a last dimension of " + std::to_string(features));
    reader.errorAt(key,
                   "'{0}' is {1}; required are floats with a last dimension of "
                   "{2}, one per token",
                   key, found, search.size);
    return {};
  }
  // The last position of a sequence counts.
  Emitter e = graphs.emitFor(logits.value);
  Scalars s = e.scalars();
  for (int64_t d = 0; d + 1 < logits.getRank(); ++d) {
    Number count(s, e.extentValue(logits, d));
    logits = e.sliceDim(logits, d, Value(max(count - 1, 0)), e.fixed(1));
  }
  logits = e.reshape(logits, {e.fixed(1), e.fixed(search.size)});
  return e.convert(logits, DataType::Float);
}

Value GraphSearchImport::readChoice() {
  if (reader.has("logits")) {
    Tensor logits = readLogits("logits");
    if (!logits)
      return {};
    Emitter e = graphs.emitFor(logits.value);
    Scalars s = e.scalars();
    Number zero(s, s.index(0));
    Number best = read(e, frontend::argmaxLast(e, logits), zero);
    Number top = read(
        e, e.reduce(logits, {1}, frontend::Combine::Max, /*keep=*/false), zero);
    using frontend::kInfinity;
    // The order of tokens passes over NaN, and takes any of equal ones.
    return select(top < kInfinity, select(top > -kInfinity, best, kNoToken),
                  best.constantLike(kNoNumber));
  }
  GraphSignal signal = graphs.resolve(*reader.find("choice"));
  if (!signal)
    return {};
  Tensor choice = signal.tensor;
  if (!choice || !onnx::isInteger(choice.type) ||
      !llvm::all_of(choice.getShape(),
                    [](int64_t size) { return size == 1; })) {
    reader.errorAt("choice", "'choice' is no single integer; required is the "
                             "next token of a batch of one");
    return {};
  }
  Emitter e = graphs.emitFor(choice.value);
  Scalars s = e.scalars();
  SmallVector<Value> at(choice.getRank(), s.index(0));
  return s.convert(choice.type, DataType::Int32, e.load(choice, at));
}

Value GraphSearchImport::pick(Value given) {
  Emitter e = graphs.emitInside();
  Scalars outside = e.scalars();
  Number token(outside, DataType::Int32, given), chosen = token.toIndex();
  Number nan(e, DataType::Float, std::numeric_limits<double>::quiet_NaN());
  Number others = select(token == kNoNumber, nan, -frontend::kInfinity);
  return frontend::define(e, DataType::Float,
                          {e.fixed(1), e.fixed(search.size)},
                          [&](ArrayRef<Number> at) {
                            return select(at[1] == chosen, 0, others);
                          })
      .value;
}

/// Runs the graphs at one moment after another, from `begin` on, until they
/// give a symbol or time is over. Yields the symbol, the time and the states.
bool GraphSearchImport::buildSymbol(Value begin, Yield &yielded) {
  Emitter e = graphs.emitInside();
  OpBuilder &b = e.getBuilder();
  Location loc = graphs.loc;
  Scalars outside = e.scalars();
  SmallVector<Value> initial = {
      begin, outside.constantInteger(DataType::Int32, blank)};
  for (GraphState &state : states.list)
    initial.push_back(state.inside.value);
  SmallVector<Location> locs(initial.size(), loc);
  mlir::TypeRange types{ValueRange(initial)};
  auto loop = mlir::scf::WhileOp::create(b, loc, types, initial);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
  Scalars s = e.scalars();
  Number now(s, before->getArgument(0)),
      symbol(s, DataType::Int32, before->getArgument(1));
  mlir::scf::ConditionOp::create(b, loc, (symbol == blank) & (now < frames),
                                 before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, locs);
  graphs.nest.enter(after, loop);
  graphs.time = after->getArgument(0);
  graphs.define("time", graphs.time);
  Value token;
  bool sound = callGraphs() && (token = readChoice());
  if (sound) {
    Emitter inner = graphs.emitInside();
    Scalars at = inner.scalars();
    Number time(at, graphs.time);
    Number moves = Number(at, DataType::Int32, token) == blank;
    SmallVector<Value> carried = {select(moves, time + 1, time), token};
    for (GraphState &state : states.list)
      carried.push_back(state.next);
    mlir::scf::YieldOp::create(inner.getBuilder(), loc, carried);
  }
  graphs.nest.leave();
  yielded.assign(loop.getResults().begin(), loop.getResults().end());
  std::swap(yielded[0], yielded[1]);
  return sound;
}

/// The graphs run but for the first token, whose logits are known.
bool GraphSearchImport::buildLater(Yield &yielded) {
  Emitter e = graphs.emitInside();
  Value isFirst = Number(e, position) == 0;
  SmallVector<Value> known = {firstLogits.value};
  for (GraphState &state : states.list)
    known.push_back(state.inside.value);
  auto choice = mlir::scf::IfOp::create(
      e.getBuilder(), graphs.loc, mlir::TypeRange(ValueRange(known)), isFirst,
      /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder inner(&importer.reporter.getContext());
  inner.setInsertionPointToEnd(choice.thenBlock());
  mlir::scf::YieldOp::create(inner, graphs.loc, known);
  graphs.nest.enter(choice.elseBlock(), choice);
  graphs.nest.setSparse(true);
  bool sound = callGraphs();
  Tensor logits = sound ? readLogits("logits") : Tensor();
  if (logits) {
    SmallVector<Value> next = {logits.value};
    for (GraphState &state : states.list)
      next.push_back(state.next);
    inner.setInsertionPointToEnd(choice.elseBlock());
    mlir::scf::YieldOp::create(inner, graphs.loc, next);
  }
  graphs.nest.setSparse(false);
  graphs.nest.leave();
  yielded.assign(choice.getResults().begin(), choice.getResults().end());
  return static_cast<bool>(logits);
}

/// One lane of a step: what follows the last token of one hypothesis.
bool GraphSearchImport::buildLane(Value lane, Yield &yielded) {
  Emitter e = graphs.emitInside();
  OpBuilder &b = e.getBuilder();
  Scalars s = e.scalars();
  Value id = e.load({ids, DataType::Int32}, lane);
  graphs.define("token", s.toIndex(DataType::Int32, id));
  graphs.define("position", position);
  Value length = Number(e, position) + 1;
  graphs.define("prefix.length", length);
  graphs.define("prefix.mask",
                e.fill(DataType::Int64, {e.fixed(1), length}, 1));

  unsigned argument = 3;
  auto take = [&](DataType type) {
    Tensor all = {block->getArgument(argument++), type};
    return e.squeeze(e.sliceDim(all, 0, lane, e.fixed(1)), 0);
  };
  Value table, begin;
  if (usesPrefix) {
    Tensor old = take(DataType::Int32);
    table =
        mlir::tensor::InsertOp::create(b, graphs.loc, id, old.value, position);
    graphs.define("prefix", e.unsqueeze(e.sliceDim({table, DataType::Int32}, 0,
                                                   e.fixed(0), length),
                                        0));
  }
  if (isTransducer)
    begin = s.toIndex(
        DataType::Int32,
        e.load({block->getArgument(argument++), DataType::Int32}, lane));
  for (GraphState &state : states.list) {
    Tensor inside = take(state.input->type);
    state.inside = e.castShape(
        inside, SmallVector<int64_t>(state.laneType.getShape().drop_front()));
  }

  SmallVector<Value> found;
  Value logits, time;
  if (isTransducer) {
    if (!buildSymbol(begin, found))
      return false;
    logits = pick(found[0]);
    Emitter after = graphs.emitInside();
    time =
        after
            .fromElements(DataType::Int32, {},
                          after.scalars().fromIndex(DataType::Int32, found[1]))
            .value;
    found.erase(found.begin());
  } else if (firstLogits) {
    if (!buildLater(found))
      return false;
    logits = found[0];
  } else {
    if (!callGraphs())
      return false;
    if (reader.has("logits"))
      logits = readLogits("logits").value;
    else if (Value token = readChoice())
      logits = pick(token);
    if (!logits)
      return false;
    found.push_back(logits);
    for (GraphState &state : states.list)
      found.push_back(state.next);
  }
  yielded = {logits};
  if (table)
    yielded.push_back(table);
  if (time)
    yielded.push_back(time);
  llvm::append_range(yielded, drop_begin(found));
  // All but the logits, which have one row, get the dimension of the lanes.
  Emitter last = graphs.emitInside();
  for (Value &value : drop_begin(yielded))
    value = last.unsqueeze({value, DataType::Int32}, 0).value;
  return true;
}

/// All lanes of a step.
bool GraphSearchImport::buildLanes(Yield &yielded) {
  Emitter e = graphs.emitInside();
  Scalars s = e.scalars();
  OpBuilder &b = e.getBuilder();
  SmallVector<RankedTensorType> types = {
      RankedTensorType::get({kAny, search.size}, b.getF32Type())};
  for (mlir::BlockArgument state : block->getArguments().drop_front(3))
    types.push_back(mlir::cast<RankedTensorType>(state.getType()));
  if (search.isSingle()) {
    // The batch is one, and so are the lanes as long as there are any.
    if (!buildLane(s.index(0), yielded))
      return false;
    Emitter end = graphs.emitInside();
    for (auto [value, type] : zip(yielded, types))
      value = end.castShape({value, DataType::Int32}, type.getShape()).value;
    return true;
  }
  Value lanes = e.extentValue({ids, DataType::Int32}, 0);
  SmallVector<Value> rooms;
  for (auto [i, type] : enumerate(types)) {
    SmallVector<Value> sizes = {lanes};
    for (int64_t d = 1; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(e.extentValue({inits[i - 1], DataType::Int32}, d));
    rooms.push_back(mlir::tensor::EmptyOp::create(b, graphs.loc, type, sizes));
  }
  auto loop = mlir::scf::ForOp::create(b, graphs.loc, s.index(0), lanes,
                                       s.index(1), rooms);
  graphs.nest.enter(loop.getBody(), loop);
  SmallVector<Value> row;
  bool sound = buildLane(loop.getInductionVar(), row);
  if (sound) {
    Emitter inner = graphs.emitInside();
    SmallVector<Value> filled;
    for (auto [value, room] : zip(row, loop.getRegionIterArgs())) {
      Tensor part = {value, DataType::Int32};
      Extents offsets(part.getRank(), inner.fixed(0));
      offsets[0] = loop.getInductionVar();
      filled.push_back(
          inner.insert(part, {room, DataType::Int32}, offsets).value);
    }
    mlir::scf::YieldOp::create(inner.getBuilder(), graphs.loc, filled);
  }
  graphs.nest.leave();
  yielded.assign(loop.getResults().begin(), loop.getResults().end());
  return sound;
}

bool GraphSearchImport::buildStep() {
  graphs.inStep = true;
  graphs.nest.enter(block.get());
  Emitter e = graphs.emitInside();
  Scalars s = e.scalars();
  // The graph that gave the first logits has filled the caches once more.
  filled = position;
  if (firstLogits)
    filled = max(Number(s, position) - 1, 0);
  SmallVector<Value> yielded;
  bool sound = buildLanes(yielded);
  if (sound) {
    Emitter end = graphs.emitInside();
    seq::YieldOp::create(end.getBuilder(), graphs.loc, ValueRange(yielded));
  }
  graphs.nest.leave();
  return sound;
}

} // namespace seqc::yaml
