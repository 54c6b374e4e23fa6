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
using seqc::frontend::DataType;
using seqc::frontend::Tensor;

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
  frontend::Emitter e = graphs.emitAt(0);
  mlir::OpBuilder &b = e.getBuilder();
  mlir::OpFoldResult most = search.getMostSteps();
  auto add = [&](mlir::RankedTensorType type, mlir::Value init) {
    block->addArgument(type, graphs.loc);
    inits.push_back(init);
  };
  mlir::Type i32 = b.getI32Type();
  if (usesPrefix) {
    int64_t extent = mlir::getConstantIntValue(most).value_or(kAny);
    add(mlir::RankedTensorType::get({kAny, extent}, i32),
        e.fill(DataType::Int32, {b.getIndexAttr(1), most}, 0).value);
  }
  if (isTransducer)
    add(mlir::RankedTensorType::get({kAny}, i32),
        e.fill(DataType::Int32, {b.getIndexAttr(1)}, 0).value);
  for (const std::unique_ptr<NamedGraph> &graph : steps)
    states.read(*graph);
  states.declare(most);
  for (GraphState &state : states.list)
    add(state.laneType, state.first);
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

static mlir::Value makeI32(frontend::Emitter &e, int64_t value) {
  return e.scalars().constantInteger(DataType::Int32, value);
}

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
  if (!logits || logits.getRank() < 1 || !onnx::isFloat(logits.type) ||
      logits.getShape().back() != search.size) {
    std::string found = "one number";
    if (logits) {
      found = onnx::getName(logits.type) + " with a last dimension ";
      if (logits.getRank() == 0)
        found = onnx::getName(logits.type) + " without dimensions";
      else if (logits.getShape().back() == kAny)
        found += "that varies";
      else
        found += "of " + std::to_string(logits.getShape().back());
    }
    reader.errorAt(key, "'" + key + "' is " + found +
                            "; required are floats with a last dimension of " +
                            Twine(search.size) + ", one per token");
    return {};
  }
  // The last position of a sequence counts.
  frontend::Emitter e = graphs.emitFor(logits.value);
  frontend::Scalars s = e.scalars();
  for (int64_t d = 0; d + 1 < logits.getRank(); ++d) {
    mlir::Value last = s.subIndex(e.extentValue(logits, d), s.index(1));
    logits = e.sliceDim(logits, d, s.maxIndex(last, s.index(0)),
                        e.getBuilder().getIndexAttr(1));
  }
  logits = e.reshape(logits, {e.getBuilder().getIndexAttr(1),
                              e.getBuilder().getIndexAttr(search.size)});
  return e.convert(logits, DataType::Float);
}

mlir::Value GraphSearchImport::readChoice() {
  if (reader.has("logits")) {
    Tensor logits = readLogits("logits");
    if (!logits)
      return {};
    frontend::Emitter e = graphs.emitFor(logits.value);
    Tensor best = frontend::argmaxLast(e, logits);
    frontend::Scalars s = e.scalars();
    Tensor greatest =
        e.reduce(logits, {1}, frontend::Combine::Max, /*keep=*/false);
    mlir::Value top = e.load(greatest, s.index(0));
    auto compare = [&](mlir::arith::CmpFPredicate predicate, bool negative) {
      return s.op<mlir::arith::CmpFOp>(predicate, top,
                                       s.infinity(DataType::Float, negative));
    };
    // The order of tokens passes over NaN, and takes any of equal ones.
    mlir::Value taken =
        s.select(compare(mlir::arith::CmpFPredicate::OGT, /*negative=*/true),
                 e.load(best, s.index(0)), makeI32(e, kNoToken));
    return s.select(
        compare(mlir::arith::CmpFPredicate::OLT, /*negative=*/false), taken,
        makeI32(e, kNoNumber));
  }
  GraphSignal signal = graphs.resolve(*reader.find("choice"));
  if (!signal)
    return {};
  Tensor choice = signal.tensor;
  bool isOne = choice && onnx::isInteger(choice.type);
  if (isOne)
    for (int64_t extent : choice.getShape())
      isOne &= extent == 1;
  if (!isOne) {
    reader.errorAt("choice", "'choice' is no single integer; required is the "
                             "next token of a batch of one");
    return {};
  }
  frontend::Emitter e = graphs.emitFor(choice.value);
  frontend::Scalars s = e.scalars();
  SmallVector<mlir::Value> at(choice.getRank(), s.index(0));
  return s.convert(choice.type, DataType::Int32, e.load(choice, at));
}

mlir::Value GraphSearchImport::pick(mlir::Value token) {
  frontend::Emitter e = graphs.emitInside();
  mlir::OpBuilder &b = e.getBuilder();
  frontend::Scalars outside = e.scalars();
  mlir::Value chosen = outside.toIndex(DataType::Int32, token);
  mlir::Value isNone = outside.op<mlir::arith::CmpIOp>(
      mlir::arith::CmpIPredicate::eq, token, makeI32(e, kNoNumber));
  mlir::Value others =
      outside.select(isNone,
                     outside.constant(DataType::Float,
                                      std::numeric_limits<double>::quiet_NaN()),
                     outside.infinity(DataType::Float, /*negative=*/true));
  return e
      .generate(DataType::Float,
                {b.getIndexAttr(1), b.getIndexAttr(search.size)},
                [&](frontend::Scalars &s, mlir::ValueRange at) {
                  return s.select(s.compareIndex(mlir::arith::CmpIPredicate::eq,
                                                 at[1], chosen),
                                  s.constant(DataType::Float, 0), others);
                })
      .value;
}

/// Runs the graphs at one moment after another, from `begin` on, until they
/// give a symbol or time is over. Yields the symbol, the time and the states.
bool GraphSearchImport::buildSymbol(mlir::Value begin, Yield &yielded) {
  frontend::Emitter e = graphs.emitInside();
  mlir::OpBuilder &b = e.getBuilder();
  mlir::Location loc = graphs.loc;
  SmallVector<mlir::Value> initial = {begin, makeI32(e, blank)};
  for (GraphState &state : states.list)
    initial.push_back(state.inside.value);
  SmallVector<mlir::Type> types;
  for (mlir::Value value : initial)
    types.push_back(value.getType());
  SmallVector<mlir::Location> locs(types.size(), loc);
  auto loop = mlir::scf::WhileOp::create(b, loc, types, initial);
  mlir::Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
  frontend::Scalars s = e.scalars();
  mlir::Value isBlank =
      s.op<mlir::arith::CmpIOp>(mlir::arith::CmpIPredicate::eq,
                                before->getArgument(1), makeI32(e, blank));
  mlir::Value isLeft = s.compareIndex(mlir::arith::CmpIPredicate::slt,
                                      before->getArgument(0), frames);
  mlir::scf::ConditionOp::create(b, loc, s.logicalAnd(isBlank, isLeft),
                                 before->getArguments());
  mlir::Block *after = b.createBlock(&loop.getAfter(), {}, types, locs);
  graphs.nest.enter(after, loop);
  graphs.time = after->getArgument(0);
  graphs.define("time", graphs.time);
  mlir::Value token;
  bool sound = callGraphs() && (token = readChoice());
  if (sound) {
    frontend::Emitter inner = graphs.emitInside();
    frontend::Scalars at = inner.scalars();
    mlir::Value moves = at.op<mlir::arith::CmpIOp>(
        mlir::arith::CmpIPredicate::eq, token, makeI32(inner, blank));
    mlir::Value next =
        at.select(moves, at.addIndex(graphs.time, at.index(1)), graphs.time);
    SmallVector<mlir::Value> carried = {next, token};
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
  frontend::Emitter e = graphs.emitInside();
  frontend::Scalars s = e.scalars();
  mlir::Value isFirst =
      s.compareIndex(mlir::arith::CmpIPredicate::eq, position, s.index(0));
  SmallVector<mlir::Value> known = {firstLogits.value};
  for (GraphState &state : states.list)
    known.push_back(state.inside.value);
  auto choice =
      mlir::scf::IfOp::create(e.getBuilder(), graphs.loc,
                              mlir::TypeRange(mlir::ValueRange(known)), isFirst,
                              /*addThenBlock=*/true, /*addElseBlock=*/true);
  mlir::OpBuilder inner(&importer.reporter.getContext());
  inner.setInsertionPointToEnd(choice.thenBlock());
  mlir::scf::YieldOp::create(inner, graphs.loc, known);
  graphs.nest.enter(choice.elseBlock(), choice);
  graphs.nest.setSparse(true);
  bool sound = callGraphs();
  Tensor logits = sound ? readLogits("logits") : Tensor();
  if (logits) {
    SmallVector<mlir::Value> next = {logits.value};
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
bool GraphSearchImport::buildLane(mlir::Value lane, Yield &yielded) {
  frontend::Emitter e = graphs.emitInside();
  mlir::OpBuilder &b = e.getBuilder();
  frontend::Scalars s = e.scalars();
  mlir::Value id = e.load({ids, DataType::Int32}, lane);
  graphs.define("token", s.toIndex(DataType::Int32, id));
  graphs.define("position", position);
  mlir::Value length = s.addIndex(position, s.index(1));
  graphs.define("prefix.length", length);
  graphs.define("prefix.mask",
                e.fill(DataType::Int64, {b.getIndexAttr(1), length}, 1));

  unsigned argument = 3;
  auto take = [&](DataType type) {
    Tensor all = {block->getArgument(argument++), type};
    return e.squeeze(e.sliceDim(all, 0, lane, b.getIndexAttr(1)), 0);
  };
  mlir::Value table, begin;
  if (usesPrefix) {
    Tensor old = take(DataType::Int32);
    table =
        mlir::tensor::InsertOp::create(b, graphs.loc, id, old.value, position);
    graphs.define("prefix", e.unsqueeze(e.sliceDim({table, DataType::Int32}, 0,
                                                   b.getIndexAttr(0), length),
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

  SmallVector<mlir::Value> found;
  mlir::Value logits, time;
  if (isTransducer) {
    if (!buildSymbol(begin, found))
      return false;
    logits = pick(found[0]);
    frontend::Emitter after = graphs.emitInside();
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
    else if (mlir::Value token = readChoice())
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
  frontend::Emitter last = graphs.emitInside();
  for (mlir::Value &value : drop_begin(yielded))
    value = last.unsqueeze({value, DataType::Int32}, 0).value;
  return true;
}

/// All lanes of a step.
bool GraphSearchImport::buildLanes(Yield &yielded) {
  frontend::Emitter e = graphs.emitInside();
  frontend::Scalars s = e.scalars();
  mlir::OpBuilder &b = e.getBuilder();
  SmallVector<mlir::RankedTensorType> types = {
      mlir::RankedTensorType::get({kAny, search.size}, b.getF32Type())};
  for (mlir::BlockArgument state : block->getArguments().drop_front(3))
    types.push_back(mlir::cast<mlir::RankedTensorType>(state.getType()));
  if (search.isSingle()) {
    // The batch is one, and so are the lanes as long as there are any.
    if (!buildLane(s.index(0), yielded))
      return false;
    frontend::Emitter end = graphs.emitInside();
    for (auto [value, type] : zip(yielded, types))
      value = end.castShape({value, DataType::Int32}, type.getShape()).value;
    return true;
  }
  mlir::Value lanes = e.extentValue({ids, DataType::Int32}, 0);
  SmallVector<mlir::Value> rooms;
  for (auto [i, type] : enumerate(types)) {
    SmallVector<mlir::Value> sizes = {lanes};
    for (int64_t d = 1; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(e.extentValue({inits[i - 1], DataType::Int32}, d));
    rooms.push_back(mlir::tensor::EmptyOp::create(b, graphs.loc, type, sizes));
  }
  auto loop = mlir::scf::ForOp::create(b, graphs.loc, s.index(0), lanes,
                                       s.index(1), rooms);
  graphs.nest.enter(loop.getBody(), loop);
  SmallVector<mlir::Value> row;
  bool sound = buildLane(loop.getInductionVar(), row);
  if (sound) {
    frontend::Emitter inner = graphs.emitInside();
    SmallVector<mlir::Value> filled;
    for (auto [value, room] : zip(row, loop.getRegionIterArgs())) {
      Tensor part = {value, DataType::Int32};
      frontend::Extents offsets(part.getRank(),
                                inner.getBuilder().getIndexAttr(0));
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
  frontend::Emitter e = graphs.emitInside();
  frontend::Scalars s = e.scalars();
  // The graph that gave the first logits has filled the caches once more.
  filled = position;
  if (firstLogits)
    filled = s.maxIndex(s.subIndex(position, s.index(1)), s.index(0));
  SmallVector<mlir::Value> yielded;
  bool sound = buildLanes(yielded);
  if (sound) {
    frontend::Emitter end = graphs.emitInside();
    seq::YieldOp::create(end.getBuilder(), graphs.loc,
                         mlir::ValueRange(yielded));
  }
  graphs.nest.leave();
  return sound;
}

} // namespace seqc::yaml
