//===- ImportEquation.cpp - Equations as layers ---------------------------===//

#include "frontends/YAML/EquationBuilder.h"

using namespace llvm;

namespace seqc::yaml {

Signal Importer::importEquation(LayerContext &layer) {
  const MappingReader &reader = layer.reader;
  const Node *node =
      reader.require("value", "an expression such as '0.5 * (a + b)'");
  if (!node || !reader.getText("value"))
    return {};
  Position position = node->getTextPosition();
  std::unique_ptr<Expression> expression = parseExpression(reader, *node);
  if (!expression)
    return {};

  // Which names are signals, and is there a sequence among them?
  auto isOperand = [&](const Signal &signal) {
    return signal.isVector() || signal.kind == Signal::Kind::Scalar ||
           (signal.isSequence() && !step);
  };
  std::map<std::string, Signal> used;
  bool sound = true;
  visitNames(*expression, [&](const Expression &name) {
    bool known = find(name.name) || layerPositions.count(name.name) ||
                 isOfFaultyLayer(name.name);
    if (!known || used.count(name.name))
      return;
    Node reference = Node::scalar(name.name, position);
    reference.position.column += name.offset;
    Signal signal = resolve(reference, reader.getSubject());
    bool fits = isOperand(signal);
    if (signal.isValid() && !fits)
      reader.error(reference.position,
                   "'{0}' is {1}; required is a sequence or a vector",
                   name.name, signal.describe());
    sound &= fits;
    used[name.name] = signal;
  });
  if (sound && used.empty())
    reader.error(position, "the expression names no input or layer");
  if (!sound || used.empty())
    return {};
  auto first = llvm::find_if(
      used, [](const auto &entry) { return entry.second.isSequence(); });
  bool isSequence = first != used.end();
  const Signal &model = (isSequence ? first : used.begin())->second;
  Emitter &e = builder();
  Extents lanes = e.extents(isSequence ? timeMajor(model) : model.value);
  if (model.kind != Signal::Kind::Scalar)
    lanes.pop_back();
  EquationBuilder equations(weights, e, layer, lanes);
  for (auto &[name, signal] : used) {
    bool isScalar = signal.kind == Signal::Kind::Scalar;
    if (isScalar && isSequence)
      return reader.error(
          position,
          "'{0}' has one number per row; required is a sequence or a vector",
          name);
    // A vector is the same for all steps of a row: batch aligns with batch.
    if (isScalar)
      equations.define(name,
                       {Term::Kind::Number, e.unsqueeze(signal.value, 1)});
    else
      equations.define(name,
                       signal.isSequence() ? timeMajor(signal) : signal.value);
  }
  for (StringRef name : getKnownNames())
    if (isOperand(*find(name)))
      equations.mention(name);
  Term term = equations.evaluate(*expression, position);
  bool isNumber = term.kind == Term::Kind::Number;
  Signal result = model;
  result.value = isNumber ? equations.asNumber(term, position, "the value")
                          : equations.asVector(term, 0, position, "the value");
  if (!result.value)
    return {};
  result.isOuter = false;
  result.timeMajor = isSequence;
  result.features = isNumber ? 0 : term.getFeatures();
  using Kind = Signal::Kind;
  result.kind = isSequence ? (isNumber ? Kind::StepScalar : Kind::Sequence)
                           : (isNumber ? Kind::Scalar : Kind::Vector);
  return result;
}

} // namespace seqc::yaml
