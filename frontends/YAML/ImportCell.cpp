//===- ImportCell.cpp - User-written cells and equations ------------------===//
//
// A cell is a list of equations. Over a sequence it becomes the region of a
// seq.recurrence; in a decoder step its equations stand in the step itself.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/EquationBuilder.h"
#include "frontends/YAML/Importer.h"
#include "frontends/YAML/NamedCells.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace llvm;

namespace seqc::yaml {

/// The place of equations that no file holds.
static constexpr Position kNowhere{0, 0};

/// Faults in an equation that no file holds are where the layer is. Named
/// equations are a few operators deep.
static void forgetOffsets(Expression &expression) {
  expression.offset = 0;
  for (std::unique_ptr<Expression> &operand : expression.operands)
    forgetOffsets(*operand);
}

//===----------------------------------------------------------------------===//
// Definitions
//===----------------------------------------------------------------------===//

void Importer::readCells() {
  for (const Entry &entry : reporter.readEntries(
           root.find("cells"), "'cells'", "a mapping from names to cells"))
    readCell(entry);
  for (const NamedCell &named : getNamedCells()) {
    // What the description defines is what it means.
    if (!isMentioned(named.kind) || cells.count(named.kind))
      continue;
    CellDefinition cell;
    cell.input = "x";
    cell.states.assign(named.states.begin(), named.states.end());
    cell.output = cell.states.front();
    for (StringRef text : named.equations) {
      Equation equation = *parseEquation(text, [](size_t, StringRef) {});
      forgetOffsets(*equation.value);
      cell.equations.emplace_back(std::move(equation), kNowhere);
    }
    cells[named.kind.str()] = std::move(cell);
  }
}

/// Names the equation that was probably meant to assign `state`: one whose
/// target is near to it, and nothing else either.
static std::string findMisspelt(const CellDefinition &cell, StringRef state) {
  std::set<StringRef> used(cell.states.begin(), cell.states.end());
  used.insert(cell.output);
  for (const auto &[equation, position] : cell.equations)
    visitNames(*equation.value,
               [&](const Expression &name) { used.insert(name.name); });
  for (const auto &[equation, position] : cell.equations)
    if (!used.count(equation.target) &&
        findNearestName(equation.target, ArrayRef<StringRef>(state)))
      return ("; nothing reads '" + equation.target + "', which line " +
              Twine(position.line) + " assigns: did you mean '" + state +
              "' there?")
          .str();
  return "";
}

void Importer::readCell(const Entry &entry) {
  MappingReader reader(reporter, entry.value, "cell '" + entry.key + "'",
                       {"input", "states", "output", "equations"});
  CellDefinition cell;
  cell.input = reader.getText("input").value_or("x");
  reader.require("states", "a list of names");
  cell.states = reader.getWords("states");
  cell.output = reader.getText("output").value_or(
      cell.states.empty() ? "" : cell.states[0]);
  std::set<std::string> assigned;
  const Node *equations =
      reader.require("equations", "a list such as ['h = tanh(W x + U h)']");
  if (equations && !equations->isSequence()) {
    reader.reject("equations", "a list of texts");
    equations = nullptr;
  }
  bool sound = equations != nullptr;
  for (const Node &item :
       equations ? ArrayRef<Node>(equations->items) : ArrayRef<Node>()) {
    Position position = item.getTextPosition();
    std::optional<Equation> equation;
    if (!item.isScalar())
      reporter.reject(item, Twine(reader.getSubject()) + ": an equation",
                      "a text");
    else
      equation =
          parseEquation(item.text, [&](size_t offset, StringRef message) {
            reporter.errorInText(item, offset,
                                 Twine(reader.getSubject()) + ": " + message);
          });
    sound &= equation.has_value();
    if (!equation)
      continue;
    if (equation->target == cell.input)
      reporter.error(position, Twine(reader.getSubject()) + ": '" + cell.input +
                                   "' is the input and cannot be assigned");
    assigned.insert(equation->target);
    cell.equations.emplace_back(std::move(*equation), position);
  }
  for (const std::string &state : cell.states)
    if (sound && !assigned.count(state))
      reader.errorAt("states", "no equation assigns the state '" + state + "'" +
                                   findMisspelt(cell, state));
  if (sound && !cell.output.empty() && !assigned.count(cell.output))
    reader.errorAt("output",
                   "no equation assigns the output '" + cell.output + "'");
  cells[entry.key] = std::move(cell);
}

//===----------------------------------------------------------------------===//
// Cells as layers
//===----------------------------------------------------------------------===//

/// Evaluates the equations of `cell`; the new states, then the output. Empty on
/// errors.
static SmallVector<mlir::Value> evaluateCell(EquationBuilder &equations,
                                             const CellDefinition &cell,
                                             ArrayRef<int64_t> sizes,
                                             Position layer) {
  std::map<std::string, Term> assigned;
  bool sound = true;
  for (const auto &[equation, position] : cell.equations) {
    // A named cell's equations stand in no file.
    Position at = position.line == kNowhere.line ? layer : position;
    Term term = equations.evaluate(*equation.value, at);
    sound &= term.isValid();
    equations.define(equation.target, term);
    assigned[equation.target] = term;
  }
  SmallVector<mlir::Value> values;
  for (auto [state, size] : zip(cell.states, sizes))
    values.push_back(equations
                         .asVector(assigned[state], size, layer,
                                   "the new state '" + state + "'")
                         .value);
  const Term &output = assigned[cell.output];
  values.push_back(equations
                       .asVector(output,
                                 output.kind == Term::Kind::Vector ? 0 : 1,
                                 layer, "the output")
                       .value);
  return sound && !is_contained(values, mlir::Value())
             ? values
             : SmallVector<mlir::Value>();
}

std::vector<int64_t> Importer::readCellSizes(MappingReader &reader,
                                             const CellDefinition &cell) {
  const Node *size = reader.require(
      "size", "a whole number, or a mapping from states to them");
  std::vector<int64_t> sizes;
  if (!size)
    return sizes;
  if (!size->isMapping()) {
    if (std::optional<int64_t> all = getSize(reader, "size"))
      sizes.assign(cell.states.size(), *all);
    return sizes;
  }
  SmallVector<StringRef> states(cell.states.begin(), cell.states.end());
  MappingReader sizeReader(reporter, *size,
                           reader.getSubject().str() + ", 'size'", states);
  for (const std::string &state : cell.states) {
    sizeReader.require(state, "a whole number of at least 1");
    if (std::optional<int64_t> given = sizeReader.getInteger(state, 1))
      sizes.push_back(*given);
  }
  if (sizes.size() != cell.states.size())
    sizes.clear();
  return sizes;
}

Signal Importer::importCell(LayerContext &layer, const CellDefinition &cell) {
  MappingReader reader(
      reporter, *layer.node, layer.user.subject,
      {"kind", "weights", "input", "size", "direction", "initial"});
  SmallVector<StringRef> states(cell.states.begin(), cell.states.end());
  checkInitial(reader, states);
  Signal input = resolveInput(reader);
  std::vector<int64_t> sizes = readCellSizes(reader, cell);
  std::optional<std::string> given =
      reader.getWord("direction", {"forward", "reverse", "bidirectional"});
  std::string word = given.value_or("forward");
  if (sizes.empty() || cell.states.empty() || !input.isValid() ||
      given.has_value() != reader.has("direction")) {
    if (!step)
      for (const std::string &state : cell.states)
        for (StringRef prefix : {".", ".last_"})
          define((layer.name + prefix + state).str(), {}, layer.user.position);
    return {};
  }
  Position position = layer.user.position;

  if (step) {
    if (input.kind != Signal::Kind::Vector)
      return mismatch(reader, "input", input, "a vector of features");
    if (word != "forward") {
      reader.errorAt("direction",
                     "a layer of a step runs forward; found '" + word + "'");
      return {};
    }
    EquationBuilder equations(reporter, weights, *step, layer.user,
                              layer.prefix, {stepLanes});
    equations.define(cell.input, input.value);
    for (const std::string &state : cell.states)
      equations.define(state, stepStates[layer.name + "." + state].inside);
    SmallVector<mlir::Value> values =
        evaluateCell(equations, cell, sizes, position);
    if (values.empty())
      return {};
    for (auto [state, value] : zip(cell.states, values))
      stepStates[layer.name + "." + state].next = {value, DataType::Float};
    return withValue(input, {values.back(), DataType::Float});
  }

  if (input.kind != Signal::Kind::Sequence)
    return mismatch(reader, "input", input, "a sequence of features");
  Tensor x = timeMajor(input);
  int64_t any = mlir::ShapedType::kDynamic;
  int64_t directions = word == "bidirectional" ? 2 : 1;
  SmallVector<Tensor> initial;
  for (auto [state, size] : zip(cell.states, sizes))
    initial.push_back(readInitialState(reader, state, directions, size));

  SmallVector<Tensor> outputs;
  SmallVector<SmallVector<Tensor>> finals(cell.states.size());
  for (int64_t direction = 0; direction < directions; ++direction) {
    auto block = std::make_unique<mlir::Block>();
    Emitter inside(&reporter.getContext());
    inside.setLoc(outer.getLoc());
    inside.getBuilder().setInsertionPointToStart(block.get());
    mlir::OpFoldResult lanes;
    Tensor slice = addRows(inside, *block, input.features, lanes);
    EquationBuilder equations(reporter, weights, inside, layer.user,
                              layer.prefix, {lanes});
    if (direction == 1)
      equations.setWeightSuffix("_reverse");
    equations.define(cell.input, slice);
    SmallVector<mlir::Value> inits;
    SmallVector<mlir::Type> stateTypes;
    for (auto [state, size, start] : zip(cell.states, sizes, initial)) {
      Tensor argument = addRows(inside, *block, size, lanes);
      equations.define(state, argument);
      stateTypes.push_back(argument.getType());
      Tensor init = start ? takeState(start, direction)
                          : outer.fill(DataType::Float, getRowExtents(size), 0);
      inits.push_back(init.value);
    }
    SmallVector<mlir::Value> values =
        evaluateCell(equations, cell, sizes, position);
    if (values.empty())
      break;
    seq::YieldOp::create(inside.getBuilder(), outer.getLoc(),
                         mlir::ValueRange(values));
    int64_t features =
        cast<mlir::RankedTensorType>(values.back().getType()).getDimSize(1);
    auto outputType = mlir::RankedTensorType::get(
        {any, any, features}, outer.storage(DataType::Float));
    auto recurrence = seq::RecurrenceOp::create(
        outer.getBuilder(), outer.getLoc(), mlir::TypeRange{outputType},
        mlir::TypeRange(stateTypes), mlir::ValueRange{x.value},
        mlir::ValueRange(inits), input.lengths, mlir::Value(), mlir::Value(),
        /*reverse=*/direction == 1 || word == "reverse");
    recurrence.getCell().push_back(block.release());
    Extents shape = outer.extents(x);
    shape.back() = outer.getBuilder().getIndexAttr(features);
    outputs.push_back(frontend::withExtents(
        outer, recurrence.getOutputs().front(), DataType::Float, shape));
    for (auto [list, final, size] : zip(finals, recurrence.getFinals(), sizes))
      list.push_back(frontend::withExtents(outer, final, DataType::Float,
                                           getRowExtents(size)));
  }
  bool sound = static_cast<int64_t>(outputs.size()) == directions;
  for (auto [state, list] : zip(cell.states, finals)) {
    Signal stack, last;
    if (sound) {
      last = makeSignal(Signal::Kind::Vector, frontend::concat(outer, list, 1));
      for (Tensor &final : list)
        final = outer.unsqueeze(final, 0);
      stack = makeSignal(Signal::Kind::State, frontend::concat(outer, list, 0),
                         directions);
    }
    define(layer.name + "." + state, stack, position);
    define(layer.name + ".last_" + state, last, position);
  }
  if (!sound)
    return {};
  Signal result = withValue(input, frontend::concat(outer, outputs, 2));
  result.timeMajor = true;
  return result;
}

//===----------------------------------------------------------------------===//
// Equations as layers
//===----------------------------------------------------------------------===//

Signal Importer::importEquation(LayerContext &layer) {
  MappingReader reader(reporter, *layer.node, layer.user.subject,
                       {"kind", "weights", "value"});
  const Node *node =
      reader.require("value", "an expression such as '0.5 * (a + b)'");
  std::optional<std::string> text = reader.getText("value");
  if (!node || !text)
    return {};
  Position position = node->getTextPosition();
  std::unique_ptr<Expression> expression =
      parseExpression(reporter, *node, reader.getSubject());
  if (!expression)
    return {};

  // Which names are signals, and is there a sequence among them?
  std::map<std::string, Signal> used;
  bool sound = true;
  visitNames(*expression, [&](const Expression &name) {
    bool known = signals.count(name.name) ||
                 (step && stepSignals.count(name.name)) ||
                 layerPositions.count(name.name);
    if (!known || used.count(name.name))
      return;
    Node reference = Node::scalar(name.name, position);
    reference.position.column += name.offset;
    Signal signal = resolve(reference, reader.getSubject());
    bool fits = signal.kind == Signal::Kind::Vector ||
                signal.kind == Signal::Kind::Scalar ||
                (signal.kind == Signal::Kind::Sequence && !step);
    if (signal.isValid() && !fits)
      reporter.error(reference.position,
                     Twine(reader.getSubject()) + ": '" + name.name + "' is " +
                         signal.describe() +
                         "; required is a sequence or a vector");
    sound &= fits;
    used[name.name] = signal;
  });
  if (!sound)
    return {};
  if (used.empty()) {
    reporter.error(position, Twine(reader.getSubject()) +
                                 ": the expression names no input or layer");
    return {};
  }
  const Signal *model = &used.begin()->second;
  for (auto &[name, signal] : used)
    if (signal.kind == Signal::Kind::Sequence) {
      model = &signal;
      break;
    }
  bool isSequence = model->kind == Signal::Kind::Sequence;
  Emitter &e = builder();
  Extents lanes = e.extents(isSequence ? timeMajor(*model) : model->value);
  if (model->kind != Signal::Kind::Scalar)
    lanes.pop_back();
  EquationBuilder equations(reporter, weights, e, layer.user, layer.prefix,
                            lanes);
  for (auto &[name, signal] : used) {
    if (signal.kind != Signal::Kind::Scalar) {
      // A vector is the same for all steps of a row: batch aligns with batch.
      equations.define(name, signal.kind == Signal::Kind::Sequence
                                 ? timeMajor(signal)
                                 : signal.value);
      continue;
    }
    if (isSequence) {
      reporter.error(
          position, Twine(reader.getSubject()) + ": '" + name +
                        "' has one number per row; required is a sequence or a "
                        "vector");
      return {};
    }
    equations.define(name, {Term::Kind::Number, e.unsqueeze(signal.value, 1)});
  }
  for (const Signals *scope : {&signals, &stepSignals})
    for (auto &[name, signal] : *scope)
      if (signal.kind == Signal::Kind::Vector ||
          signal.kind == Signal::Kind::Scalar ||
          (signal.kind == Signal::Kind::Sequence && !step))
        equations.mention(name);
  Term term = equations.evaluate(*expression, position);
  bool isNumber = term.kind == Term::Kind::Number;
  Tensor value = isNumber ? equations.asNumber(term, position, "the value")
                          : equations.asVector(term, 0, position, "the value");
  if (!value)
    return {};
  Signal result = *model;
  result.isOuter = false;
  result.timeMajor = isSequence;
  result.value = value;
  result.features = isNumber ? 0 : term.getFeatures();
  result.kind =
      isSequence
          ? (isNumber ? Signal::Kind::StepScalar : Signal::Kind::Sequence)
          : (isNumber ? Signal::Kind::Scalar : Signal::Kind::Vector);
  return result;
}

} // namespace seqc::yaml
