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

/// Where the text of a scalar begins: behind its quote.
static Position textPosition(const Node &node) {
  Position position = node.position;
  position.column += node.quoted;
  return position;
}

//===----------------------------------------------------------------------===//
// Definitions
//===----------------------------------------------------------------------===//

void Importer::readCells() {
  readDefinedCells();
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

void Importer::readDefinedCells() {
  const Node *node = root.find("cells");
  if (!node)
    return;
  if (!node->isMapping()) {
    reporter.error(node->position,
                   "'cells' is " + node->describe() +
                       "; required is a mapping from names to cells");
    return;
  }
  for (const Entry &entry : node->entries)
    readCell(entry);
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
    reader.errorAt("equations", "'equations' is " + equations->describe() +
                                    "; required is a list of texts");
    equations = nullptr;
  }
  bool sound = equations != nullptr;
  for (const Node &item :
       equations ? ArrayRef<Node>(equations->items) : ArrayRef<Node>()) {
    Position position = textPosition(item);
    std::optional<Equation> equation;
    if (!item.isScalar())
      reporter.error(item.position, Twine(reader.getSubject()) +
                                        ": an equation is " + item.describe() +
                                        "; required is a text");
    else
      equation =
          parseEquation(item.text, [&](size_t offset, StringRef message) {
            Position at = position;
            at.column += offset;
            reporter.error(at, Twine(reader.getSubject()) + ": " + message);
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
  for (auto [state, size] : zip(cell.states, sizes)) {
    mlir::Value value = equations.asVector(assigned[state], size, layer,
                                           "the new state '" + state + "'");
    sound &= static_cast<bool>(value);
    values.push_back(value);
  }
  const Term &output = assigned[cell.output];
  int64_t features = output.kind == Term::Kind::Vector ? output.features : 1;
  values.push_back(equations.asVector(output, features, layer, "the output"));
  sound &= static_cast<bool>(values.back());
  return sound ? values : SmallVector<mlir::Value>();
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
                              layer.prefix, step->dim(input.value, 0));
    equations.define(cell.input, Term::vector(input.value, input.features));
    for (auto [state, size] : zip(cell.states, sizes))
      equations.define(
          state,
          Term::vector(stepStates[layer.name + "." + state].inside, size));
    SmallVector<mlir::Value> values =
        evaluateCell(equations, cell, sizes, position);
    if (values.empty())
      return {};
    for (auto [state, value] : zip(cell.states, values))
      stepStates[layer.name + "." + state].next = value;
    int64_t features =
        cast<mlir::RankedTensorType>(values.back().getType()).getDimSize(1);
    return withValue(input, values.back(), features);
  }

  if (input.kind != Signal::Kind::Sequence)
    return mismatch(reader, "input", input, "a sequence of features");
  mlir::Value x = timeMajor(input);
  int64_t any = mlir::ShapedType::kDynamic;
  int64_t directions = word == "bidirectional" ? 2 : 1;
  SmallVector<mlir::Value> initial;
  for (auto [state, size] : zip(cell.states, sizes))
    initial.push_back(readInitialState(reader, state, directions, size));

  SmallVector<mlir::Value> outputs;
  SmallVector<SmallVector<mlir::Value>> finals(cell.states.size());
  for (int64_t direction = 0; direction < directions; ++direction) {
    auto block = std::make_unique<mlir::Block>();
    TensorBuilder inside(&reporter.getContext());
    inside.setLoc(outer.getLoc());
    inside.getBuilder().setInsertionPointToStart(block.get());
    mlir::Value slice = block->addArgument(outer.f32Type({any, input.features}),
                                           outer.getLoc());
    EquationBuilder equations(reporter, weights, inside, layer.user,
                              layer.prefix, inside.dim(slice, 0));
    if (direction == 1)
      equations.setWeightSuffix("_reverse");
    equations.define(cell.input, Term::vector(slice, input.features));
    SmallVector<mlir::Value> inits;
    SmallVector<mlir::Type> stateTypes;
    for (auto [i, state] : enumerate(cell.states)) {
      mlir::Value argument =
          block->addArgument(outer.f32Type({any, sizes[i]}), outer.getLoc());
      equations.define(state, Term::vector(argument, sizes[i]));
      stateTypes.push_back(argument.getType());
      inits.push_back(
          initial[i]
              ? outer.squeeze(outer.slice(initial[i], 0, direction, 1), 0)
              : outer.fill({outer.dim(x, 1),
                            outer.getBuilder().getIndexAttr(sizes[i])},
                           0));
    }
    SmallVector<mlir::Value> values =
        evaluateCell(equations, cell, sizes, position);
    if (values.empty())
      break;
    seq::YieldOp::create(inside.getBuilder(), outer.getLoc(),
                         mlir::ValueRange(values));
    int64_t features =
        cast<mlir::RankedTensorType>(values.back().getType()).getDimSize(1);
    auto recurrence = seq::RecurrenceOp::create(
        outer.getBuilder(), outer.getLoc(),
        mlir::TypeRange{outer.f32Type({any, any, features})},
        mlir::TypeRange(stateTypes), mlir::ValueRange{x},
        mlir::ValueRange(inits), input.lengths, mlir::Value(), mlir::Value(),
        /*reverse=*/direction == 1 || word == "reverse");
    recurrence.getCell().push_back(block.release());
    outputs.push_back(recurrence.getOutputs().front());
    for (auto [list, final] : zip(finals, recurrence.getFinals()))
      list.push_back(final);
  }
  bool sound = static_cast<int64_t>(outputs.size()) == directions;
  for (auto [i, state] : enumerate(cell.states)) {
    Signal stack, last;
    if (sound) {
      stack.kind = Signal::Kind::State;
      stack.count = directions;
      stack.features = sizes[i];
      SmallVector<mlir::Value> layers;
      for (mlir::Value final : finals[i])
        layers.push_back(outer.unsqueeze(final, 0));
      stack.value = outer.concat(layers, 0);
      last.kind = Signal::Kind::Vector;
      last.features = directions * sizes[i];
      last.value = outer.concat(finals[i], 1);
    }
    define(layer.name + "." + state, stack, position);
    define(layer.name + ".last_" + state, last, position);
  }
  if (!sound)
    return {};
  mlir::Value y = outer.concat(outputs, 2);
  Signal result = withValue(
      input, y, cast<mlir::RankedTensorType>(y.getType()).getDimSize(2));
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
  Position position = textPosition(*node);
  std::unique_ptr<Expression> expression =
      parseExpression(*text, [&](size_t offset, StringRef message) {
        Position at = position;
        at.column += offset;
        reporter.error(at, Twine(reader.getSubject()) + ": " + message);
      });
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
    Node reference;
    reference.kind = Node::Kind::Scalar;
    reference.text = name.name;
    reference.position = position;
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
  TensorBuilder &b = builder();
  Signal result = *model;
  result.isOuter = false;
  mlir::Value like = isSequence ? timeMajor(*model) : model->value;
  SmallVector<mlir::OpFoldResult> sizes = b.dims(like);
  mlir::OpFoldResult lanes;
  std::map<std::string, Term> terms;
  for (auto &[name, signal] : used) {
    mlir::Value value = signal.value;
    if (signal.kind == Signal::Kind::Scalar) {
      if (isSequence) {
        reporter.error(
            position,
            Twine(reader.getSubject()) + ": '" + name +
                "' has one number per row; required is a sequence or a "
                "vector");
        return {};
      }
      lanes = b.dim(value, 0);
      terms[name] = {Term::Kind::Number, value, 0, 0, 0, true};
      continue;
    }
    if (isSequence && signal.kind == Signal::Kind::Vector) {
      SmallVector<mlir::OpFoldResult> wide = {sizes[0], sizes[1],
                                              b.dim(value, 1)};
      value = b.broadcast(value, wide, {0});
    } else if (isSequence) {
      value = timeMajor(signal);
    }
    if (isSequence)
      value = b.flattenRows(value);
    lanes = b.dim(value, 0);
    terms[name] = Term::vector(value, signal.features);
  }
  EquationBuilder equations(reporter, weights, b, layer.user, layer.prefix,
                            lanes);
  for (auto &[name, term] : terms)
    equations.define(name, term);
  for (const Signals *scope : {&signals, &stepSignals})
    for (auto &[name, signal] : *scope)
      if (signal.kind == Signal::Kind::Vector ||
          signal.kind == Signal::Kind::Scalar ||
          (signal.kind == Signal::Kind::Sequence && !step))
        equations.mention(name);
  Term term = equations.evaluate(*expression, position);
  if (!term.isValid())
    return {};
  bool isNumber =
      term.kind != Term::Kind::Vector && term.kind != Term::Kind::Matrix;
  mlir::Value value =
      isNumber ? equations.asNumber(term, position, "the value")
               : equations.asVector(term, term.features, position, "the value");
  if (!value)
    return {};
  result.features = isNumber ? 0 : term.features;
  result.timeMajor = isSequence;
  if (isSequence) {
    SmallVector<mlir::OpFoldResult> outSizes = {sizes[0], sizes[1]};
    SmallVector<mlir::ReassociationIndices> groups = {{0, 1}};
    if (!isNumber) {
      outSizes.push_back(b.getBuilder().getIndexAttr(term.features));
      groups.push_back({2});
    }
    value = b.expand(value, groups, outSizes);
  }
  result.value = value;
  result.kind =
      isSequence
          ? (isNumber ? Signal::Kind::StepScalar : Signal::Kind::Sequence)
          : (isNumber ? Signal::Kind::Scalar : Signal::Kind::Vector);
  return result;
}

} // namespace seqc::yaml
