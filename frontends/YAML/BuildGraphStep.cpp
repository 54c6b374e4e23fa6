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

#include "frontends/Common/Loops.h"
#include "frontends/YAML/GraphSearch.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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
  OpFoldResult most = search.getMostSteps();
  auto add = [&](RankedTensorType type, Value init) {
    block->addArgument(type, e.getLoc());
    inits.push_back(init);
  };
  mlir::Type i32 = e.storage(DataType::Int32);
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
  GraphSignal signal = graphs.resolve(*reader.find(key));
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
    return reader.errorAt(key,
                          "'{0}' is {1}; required are floats with a last "
                          "dimension of {2}, one per token",
                          key, found, search.size);
  }
  // The last position of a sequence counts.
  for (int64_t d = 0; d + 1 < logits.getRank(); ++d) {
    Number last = Number(e, e.extent(logits, d)) - 1;
    logits = e.sliceDim(logits, d, Value(max(last, 0)), e.fixed(1));
  }
  logits = e.reshape(logits, {e.fixed(1), e.fixed(search.size)});
  return e.convert(logits, DataType::Float);
}

Value GraphSearchImport::readChoice() {
  if (reader.has("logits")) {
    Tensor logits = readLogits("logits");
    if (!logits)
      return {};
    Number best = read(e, frontend::argmaxLast(e, logits), Number(0));
    Number top =
        read(e, e.reduce(logits, {1}, frontend::Combine::Max, /*keep=*/false),
             Number(0));
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
      !llvm::all_of(choice.getShape(), [](int64_t size) { return size == 1; }))
    return reader.errorAt("choice", "'choice' is no single integer; required "
                                    "is the next token of a batch of one");
  SmallVector<Number> at(choice.getRank(), 0);
  return load(e, choice, at).as(DataType::Int32);
}

Value GraphSearchImport::pick(Value given) {
  Number token(e, DataType::Int32, given), chosen = token.toIndex();
  Number nan(e, DataType::Float, std::numeric_limits<double>::quiet_NaN());
  Number others = select(token == kNoNumber, nan, -frontend::kInfinity);
  return frontend::define(e, DataType::Float,
                          {e.fixed(1), e.fixed(search.size)},
                          [&](ArrayRef<Number> at) {
                            return select(at[1] == chosen, 0, others);
                          })
      .value;
}

GraphSearchImport::Yield GraphSearchImport::listStates(Yield first,
                                                       bool isNext) const {
  for (const GraphState &state : states.list)
    first.push_back(isNext ? state.next : state.inside.value);
  return first;
}

/// Runs the graphs at one moment after another, from `begin` on, until they
/// give a symbol or time is over. Gives the symbol, the time and the states.
GraphSearchImport::Yield GraphSearchImport::buildSymbol(Value begin) {
  Yield initial =
      listStates({begin, e.scalars().constantInteger(DataType::Int32, blank)},
                 /*isNext=*/false);
  bool sound = true;
  auto wait = [&](OpBuilder &b, Location loc, ValueRange carried) {
    Number now(e, carried[0]), symbol(e, DataType::Int32, carried[1]);
    mlir::scf::ConditionOp::create(b, loc, (symbol == blank) & (now < frames),
                                   carried);
  };
  auto move = [&](OpBuilder &b, Location loc, ValueRange carried) {
    graphs.time = carried[0];
    graphs.define("time", graphs.time);
    Value token = callGraphs() ? readChoice() : Value();
    sound = token != nullptr;
    if (!sound)
      return;
    Number time(e, graphs.time);
    Number moves = Number(e, DataType::Int32, token) == blank;
    mlir::scf::YieldOp::create(
        b, loc,
        listStates({select(moves, time + 1, time), token}, /*isNext=*/true));
  };
  auto loop = mlir::scf::WhileOp::create(e.getBuilder(), e.getLoc(),
                                         mlir::TypeRange(ValueRange(initial)),
                                         initial, wait, move);
  nest.push_back(&loop.getAfter());
  Yield found(loop.getResults());
  std::swap(found[0], found[1]);
  return sound ? found : Yield();
}

/// The graphs run but for the first token, whose logits are known. Gives the
/// logits and the states.
GraphSearchImport::Yield GraphSearchImport::buildLater() {
  Value isFirst = Number(e, position) == 0;
  Yield known = listStates({firstLogits.value}, /*isNext=*/false), later;
  auto choice = mlir::scf::IfOp::create(
      e.getBuilder(), e.getLoc(), isFirst,
      [&](OpBuilder &b, Location loc) {
        mlir::scf::YieldOp::create(b, loc, known);
      },
      [&](OpBuilder &b, Location loc) {
        later = buildPlainly();
        mlir::scf::YieldOp::create(b, loc, later);
      });
  nest.push_back(&choice.getElseRegion());
  return later.empty() ? later : Yield(choice.getResults());
}

/// The graphs run once. Gives the logits and the states.
GraphSearchImport::Yield GraphSearchImport::buildPlainly() {
  if (!callGraphs())
    return {};
  Value logits;
  if (reader.has("logits"))
    logits = readLogits("logits").value;
  else if (Value token = readChoice())
    logits = pick(token);
  return logits ? listStates({logits}, /*isNext=*/true) : Yield();
}

/// One lane of a step: what follows the last token of one hypothesis.
GraphSearchImport::Yield GraphSearchImport::buildLane(Value lane) {
  OpBuilder &b = e.getBuilder();
  Number id(e, DataType::Int32, e.load({ids, DataType::Int32}, lane));
  graphs.define("token", Value(id.toIndex()));
  graphs.define("position", position);
  Value length = Number(e, position) + 1;
  graphs.define("prefix.length", length);
  graphs.define("prefix.mask",
                e.fill(DataType::Int64, {e.fixed(1), length}, 1));

  // Prefix, time and states, in the order of their arguments.
  auto arguments = block->getArguments().drop_front(3);
  auto take = [&](DataType type) {
    Tensor all = {arguments.front(), type};
    arguments = arguments.drop_front();
    return e.squeeze(e.sliceDim(all, 0, lane, e.fixed(1)), 0);
  };
  Yield kept;
  if (usesPrefix) {
    Tensor old = take(DataType::Int32);
    kept.push_back(
        mlir::tensor::InsertOp::create(b, e.getLoc(), id, old.value, position));
    graphs.define("prefix", e.unsqueeze(e.sliceDim({kept[0], DataType::Int32},
                                                   0, e.fixed(0), length),
                                        0));
  }
  Value begin;
  if (isTransducer) {
    Tensor times{arguments.front(), DataType::Int32};
    begin = load(e, times, Number(lane)).toIndex();
    arguments = arguments.drop_front();
  }
  for (GraphState &state : states.list)
    state.inside = e.castShape(take(state.input->type),
                               state.laneType.getShape().drop_front());

  Yield found;
  if (!isTransducer) {
    found = firstLogits ? buildLater() : buildPlainly();
  } else if (found = buildSymbol(begin); !found.empty()) {
    found[0] = pick(found[0]);
    Value next = e.scalars().fromIndex(DataType::Int32, found[1]);
    found[1] = e.fromElements(DataType::Int32, {}, next).value;
  }
  if (found.empty())
    return {};
  Yield yielded = {found[0]};
  llvm::append_range(yielded, kept);
  llvm::append_range(yielded, drop_begin(found));
  // All but the logits, which have one row, get the dimension of the lanes.
  for (Value &value : drop_begin(yielded))
    value = e.unsqueeze({value, DataType::Int32}, 0).value;
  return yielded;
}

/// All lanes of a step.
GraphSearchImport::Yield GraphSearchImport::buildLanes() {
  OpBuilder &b = e.getBuilder();
  SmallVector<RankedTensorType> types = {
      RankedTensorType::get({kAny, search.size}, b.getF32Type())};
  for (mlir::BlockArgument state : block->getArguments().drop_front(3))
    types.push_back(mlir::cast<RankedTensorType>(state.getType()));
  if (search.isSingle()) {
    // The batch is one, and so are the lanes as long as there are any.
    Yield yielded = buildLane(Number(e, 0));
    for (auto [value, type] : zip(yielded, types))
      value = e.castShape({value, DataType::Int32}, type.getShape()).value;
    return yielded;
  }
  Value lanes = e.extentValue({ids, DataType::Int32}, 0);
  SmallVector<Value> rooms;
  for (auto [i, type] : enumerate(types)) {
    SmallVector<Value> sizes = {lanes};
    for (int64_t d = 1; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(e.extentValue({inits[i - 1], DataType::Int32}, d));
    rooms.push_back(mlir::tensor::EmptyOp::create(b, e.getLoc(), type, sizes));
  }
  Yield row;
  Yield yielded = frontend::iterate(
      e, {lanes}, rooms, [&](ArrayRef<Number> at, ValueRange carried) {
        mlir::Region *body = b.getBlock()->getParent();
        row = buildLane(at[0]);
        nest.push_back(body);
        for (auto [value, room] : zip(row, carried)) {
          Tensor part = {value, DataType::Int32};
          Extents offsets(part.getRank(), e.fixed(0));
          offsets[0] = at[0];
          value = e.insert(part, {room, DataType::Int32}, offsets).value;
        }
        return row;
      });
  return row.empty() ? row : yielded;
}

bool GraphSearchImport::buildStep() {
  graphs.inStep = true;
  OpBuilder::InsertionGuard guard(e.getBuilder());
  e.getBuilder().setInsertionPointToEnd(block.get());
  // The graph that gave the first logits has filled the caches once more.
  filled = position;
  if (firstLogits)
    filled = max(Number(e, position) - 1, 0);
  Yield yielded = buildLanes();
  return !yielded.empty() &&
         seq::YieldOp::create(e.getBuilder(), e.getLoc(), ValueRange(yielded));
}

} // namespace seqc::yaml
