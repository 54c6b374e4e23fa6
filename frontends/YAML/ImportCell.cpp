//===- ImportCell.cpp - User-written cells --------------------------------===//
//
// A cell is a list of equations. Over a sequence it becomes the region of a
// seq.recurrence; in a decoder step its equations stand in the step itself.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/EquationBuilder.h"
#include "frontends/YAML/NamedCells.h"
#include "frontends/YAML/Recurrent.h"

using namespace llvm;

namespace seqc::yaml {

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
    for (StringRef text : named.equations)
      cell.equations.emplace_back(
          *parseEquation(text, [](size_t, StringRef) {}), std::nullopt);
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
      return formatv("; nothing reads '{0}', which line {1} assigns: did you "
                     "mean '{2}' there?",
                     equation.target, position->line, state);
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
  bool sound = equations && equations->isSequence();
  if (equations && !sound)
    reader.reject("equations", "a list of texts");
  for (const Node &item :
       sound ? ArrayRef(equations->items) : ArrayRef<Node>()) {
    std::optional<Equation> equation;
    if (!item.isScalar())
      reporter.reject(item, Twine(reader.getSubject()) + ": an equation",
                      "a text");
    else
      equation =
          parseEquation(item.text, [&](size_t offset, StringRef message) {
            reader.error(item.getTextPosition(offset), "{0}", message);
          });
    sound &= equation.has_value();
    if (!equation)
      continue;
    Position position = item.getTextPosition();
    if (equation->target == cell.input)
      reader.error(position, "'{0}' is the input and cannot be assigned",
                   cell.input);
    assigned.insert(equation->target);
    cell.equations.emplace_back(std::move(*equation), position);
  }
  for (const std::string &state : cell.states)
    if (sound && !assigned.count(state))
      reader.errorAt("states", "no equation assigns the state '{0}'{1}", state,
                     findMisspelt(cell, state));
  if (sound && !cell.output.empty() && !assigned.count(cell.output))
    reader.errorAt("output", "no equation assigns the output '{0}'",
                   cell.output);
  cells[entry.key] = std::move(cell);
}

//===----------------------------------------------------------------------===//
// Cells as layers
//===----------------------------------------------------------------------===//

CellLayer::CellLayer(Importer &importer, LayerContext &layer,
                     const CellDefinition &cell)
    : RecurrentLayer(importer, layer), cell(cell) {
  for (const std::string &state : cell.states)
    states.push_back({state});
}

bool CellLayer::readAttributes() {
  const Node *size = reader.require(
      "size", "a whole number, or a mapping from states to them");
  if (!size)
    return false;
  bool isEach = size->isMapping();
  SmallVector<StringRef> names(cell.states.begin(), cell.states.end());
  MappingReader sizes(importer.reporter, *size,
                      (reader.getSubject() + ", 'size'").str());
  std::optional<int64_t> all;
  if (isEach)
    sizes.checkKeys(names);
  else
    all = importer.getSize(reader, "size");
  bool sound = !states.empty() && (isEach || all);
  for (State &state : states) {
    if (isEach) {
      sizes.require(state.name, "a whole number of at least 1");
      all = sizes.getInteger(state.name, 1);
    }
    sound &= all.has_value();
    state.size = all.value_or(0);
  }
  return sound;
}

const RecurrentLayer::State *CellLayer::getOutput() const {
  auto it = llvm::find_if(
      states, [&](const State &state) { return state.name == cell.output; });
  return it == states.end() ? nullptr : &*it;
}

SmallVector<Value> CellLayer::evaluate(EquationBuilder &equations) {
  Position position = layer.user.position;
  std::map<std::string, Term> assigned;
  bool sound = true;
  for (const auto &[equation, place] : cell.equations) {
    Term term = equations.evaluate(*equation.value, place);
    sound &= term.isValid();
    equations.define(equation.target, term);
    assigned[equation.target] = term;
  }
  SmallVector<Value> values;
  for (const State &state : states)
    values.push_back(equations
                         .asVector(assigned[state.name], state.size, position,
                                   "the new state '" + state.name + "'")
                         .value);
  const Term &output = assigned[cell.output];
  bool isVector = output.kind == Term::Kind::Vector;
  values.push_back(
      equations.asVector(output, isVector ? 0 : 1, position, "the output")
          .value);
  if (!sound || is_contained(values, Value()))
    values.clear();
  return values;
}

Tensor CellLayer::buildStep(Tensor x) {
  EquationBuilder equations(importer.weights, *importer.step, layer,
                            {importer.stepLanes});
  equations.define(cell.input, x);
  for (const State &state : states)
    if (StepState *found = findState(state, 0))
      equations.define(state.name, found->inside);
  SmallVector<Value> values = evaluate(equations);
  if (values.empty())
    return {};
  for (auto [state, value] : zip(states, values))
    if (StepState *found = findState(state, 0))
      found->next = {value, DataType::Float};
  return {values.back(), DataType::Float};
}

Tensor CellLayer::buildSequence(Tensor x, Value lengths) {
  Emitter &outer = importer.outer;
  SmallVector<Tensor> outputs;
  SmallVector<SmallVector<Tensor>> ends(states.size());
  for (int64_t d = 0; d < directions; ++d) {
    auto block = std::make_unique<Block>();
    Emitter inside(outer, *block);
    OpFoldResult lanes;
    Tensor slice =
        Importer::addRows(inside, *block, x.getShape().back(), lanes);
    EquationBuilder equations(importer.weights, inside, layer, {lanes});
    if (d == 1)
      equations.setWeightSuffix("_reverse");
    equations.define(cell.input, slice);
    SmallVector<Value> inits;
    for (const State &state : states) {
      Tensor argument = Importer::addRows(inside, *block, state.size, lanes);
      equations.define(state.name, argument);
      inits.push_back(importer.takeState(state.initial, d, state.size).value);
    }
    SmallVector<Value> values = evaluate(equations);
    if (values.empty())
      return {};
    seq::YieldOp::create(inside.getBuilder(), outer.getLoc(),
                         ValueRange(values));
    Extents sizes = outer.extents(x);
    sizes.back() = outer.fixed(
        cast<RankedTensorType>(values.back().getType()).getDimSize(1));
    auto recurrence = seq::RecurrenceOp::create(
        outer.getBuilder(), outer.getLoc(),
        mlir::TypeRange{outer.typeOf(sizes, DataType::Float)},
        mlir::TypeRange(block->getArgumentTypes()).drop_front(),
        ValueRange{x.value}, ValueRange(inits), lengths, Value(), Value(),
        /*reverse=*/d == 1 || direction == seq::Direction::Reverse);
    recurrence.getCell().push_back(block.release());
    outputs.push_back(outer.withExtents(recurrence.getOutputs().front(),
                                        DataType::Float, sizes));
    for (auto [list, final, state] : zip(ends, recurrence.getFinals(), states))
      list.push_back(
          outer.unsqueeze(outer.withExtents(final, DataType::Float,
                                            importer.getRowExtents(state.size)),
                          0));
  }
  for (auto [state, list] : zip(states, ends))
    state.finals.push_back(frontend::concat(outer, list, 0));
  return frontend::concat(outer, outputs, 2);
}

} // namespace seqc::yaml
