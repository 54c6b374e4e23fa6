//===- EquationBuilder.cpp - Equations as tensor ops ----------------------===//

#include "frontends/YAML/EquationBuilder.h"

using namespace llvm;
using seqc::frontend::Combine;
using seqc::frontend::Number;

namespace seqc::yaml {

std::unique_ptr<Expression> parseExpression(const MappingReader &reader,
                                            const Node &scalar) {
  return parseExpression(scalar.text, [&](size_t offset, StringRef message) {
    reader.error(scalar.getTextPosition(offset), "{0}", message);
  });
}

void visitNames(const Expression &expression,
                function_ref<void(const Expression &)> visit) {
  if (expression.kind == Expression::Kind::Name)
    visit(expression);
  for (const auto &operand : expression.operands)
    visitNames(*operand, visit);
}

std::string Term::describe() const {
  switch (kind) {
  case Kind::Invalid:
    return "an invalid value";
  case Kind::Number:
    return "a number";
  case Kind::Vector:
    return "a vector of " + std::to_string(getFeatures());
  case Kind::Matrix:
    return "a matrix of " + formatShape(value.getShape());
  }
  return "";
}

template <typename... Args>
Term EquationBuilder::fail(const Expression &at, const char *format,
                           const Args &...args) {
  Position position = origin.value_or(layer.user.position);
  if (origin)
    position.column += at.offset;
  return layer.reader.error(position, format, args...);
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Term EquationBuilder::combine(const Expression &at, ArrayRef<Term> operands,
                              ElementFn element) {
  Term result{Term::Kind::Number, {}};
  SmallVector<Tensor> inputs;
  for (const Term &operand : operands) {
    if (!operand.isValid())
      return {};
    if (operand.kind == Term::Kind::Matrix)
      return fail(at,
                  "{0} stands where a vector or a number is required; write a "
                  "product with a vector as 'W x'",
                  operand.describe());
    inputs.push_back(operand.value);
    if (operand.kind == Term::Kind::Vector)
      result.kind = Term::Kind::Vector;
  }
  const Term &left = operands.front(), &right = operands.back();
  if (left.kind == Term::Kind::Vector && right.kind == Term::Kind::Vector &&
      left.getFeatures() != right.getFeatures())
    return fail(at, "{0} meets {1}; required are vectors of one size",
                left.describe(), right.describe());
  result.value = frontend::map(e, DataType::Float, inputs, element);
  return result;
}

Term EquationBuilder::evaluateName(const Expression &expression) {
  StringRef name = expression.name;
  if (auto it = names.find(name); it != names.end())
    return it->second;
  std::string weight = layer.prefix + "." + name.str() + suffix;
  // A matrix may be the weight of an nn.Linear.
  if (!weights.has(weight) && weights.has(weight + ".weight"))
    weight += ".weight";
  std::optional<SmallVector<int64_t, 4>> shape = weights.getShape(weight);
  if (!shape) {
    if (weights.has(weight))
      return {}; // The file could not be read; that was reported.
    std::set<std::string> values = mentioned;
    for (auto &[key, term] : names)
      values.insert(key);
    std::vector<StringRef> known(values.begin(), values.end());
    std::string list = join(known, ", ");
    llvm::append_range(known, functionNames());
    return fail(expression,
                "'{0}' is neither a value (known are {1}) nor is there a "
                "weight '{2}'{3}",
                name, list, weight, suggest(name, known));
  }
  if (shape->size() > 2)
    return fail(expression,
                "weight '{0}' has shape {1}; required is a matrix, a vector or "
                "a number",
                weight, formatShape(*shape));
  Tensor value = weights.get(weight, *shape, layer.user);
  if (shape->size() == 2)
    return {Term::Kind::Matrix, value};
  if (!shape->empty() && shape->front() != 1)
    return {Term::Kind::Vector, value};
  return {Term::Kind::Number, e.reshape(value, {})};
}

Term EquationBuilder::evaluateProduct(const Expression &expression) {
  Term matrix = evaluate(*expression.operands[0], origin);
  Term vector = evaluate(*expression.operands[1], origin);
  if (!matrix.isValid() || !vector.isValid())
    return {};
  if (matrix.kind != Term::Kind::Matrix)
    return fail(*expression.operands[0],
                "the left side of a product 'W x' is {0}; required is a matrix "
                "(write '*' to multiply element by element)",
                matrix.describe());
  if (vector.kind == Term::Kind::Matrix ||
      vector.getFeatures() != matrix.getFeatures())
    return fail(*expression.operands[1],
                "{0} is multiplied with {1}; required is a vector of {2}",
                matrix.describe(), vector.describe(), matrix.getFeatures());
  if (vector.value.getRank() == 0)
    vector.value = e.unsqueeze(vector.value, 0);
  return {Term::Kind::Vector, frontend::linear(e, vector.value, matrix.value)};
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

Term EquationBuilder::concat(ArrayRef<Term> operands) {
  bool anyLanes = any_of(
      operands, [](const Term &term) { return term.value.getRank() > 1; });
  SmallVector<Tensor> parts;
  for (const Term &operand : operands) {
    Extents sizes = anyLanes ? lanes : Extents();
    sizes.push_back(e.fixed(operand.getFeatures()));
    parts.push_back(frontend::repeatTo(e, operand.value, sizes));
  }
  return {Term::Kind::Vector,
          frontend::concat(e, parts, parts.front().getRank() - 1)};
}

Term EquationBuilder::reduce(Term operand, Combine how) {
  if (operand.kind == Term::Kind::Number)
    return operand;
  int64_t last = operand.value.getRank() - 1;
  return {Term::Kind::Number,
          e.reduce(operand.value, last, how, /*keep=*/last > 0)};
}

Term EquationBuilder::evaluateCall(const Expression &expression) {
  StringRef function = expression.name;
  auto operands = map_to_vector(expression.operands, [&](const auto &operand) {
    return evaluate(*operand, origin);
  });
  for (auto [operand, source] : zip(operands, expression.operands)) {
    if (!operand.isValid())
      return {};
    if (operand.kind == Term::Kind::Matrix)
      return fail(*source,
                  "'{0}' is given {1}; required is a vector or a number",
                  function, operand.describe());
  }
  if (function == "concat")
    return concat(operands);
  bool isDot = function == "dot", isMax = function == "max";
  bool isExtreme = isMax || function == "min";
  bool isBinary = isDot || (isExtreme && operands.size() == 2);
  if (operands.size() != (isBinary ? 2 : 1))
    return fail(expression, "'{0}' is given {1} operands; required {2}",
                function, operands.size(),
                isBinary    ? "are 2"
                : isExtreme ? "are 1 or 2"
                            : "is 1");
  if (isBinary) {
    Term result =
        combine(expression, operands, [&](ArrayRef<Number> x) -> Number {
          return isDot   ? x[0] * x[1]
                 : isMax ? max(x[0], x[1])
                         : min(x[0], x[1]);
        });
    return isDot && result.isValid() ? reduce(result, Combine::Sum) : result;
  }
  Term operand = operands.front();
  if (isExtreme)
    return reduce(operand, isMax ? Combine::Max : Combine::Min);
  if (function != "sum" && function != "mean") {
    operand.value = frontend::applyFunction(e, function, operand.value);
    return operand;
  }
  Term sum = reduce(operand, Combine::Sum);
  if (function == "mean" && operand.kind == Term::Kind::Vector)
    sum.value = frontend::scale(e, sum.value, 1.0 / operand.getFeatures());
  return sum;
}

Term EquationBuilder::evaluate(const Expression &expression,
                               std::optional<Position> newOrigin) {
  using Kind = Expression::Kind;
  origin = newOrigin;
  switch (expression.kind) {
  case Kind::Number:
    return {Term::Kind::Number, e.scalar(DataType::Float, expression.number)};
  case Kind::Name:
    return evaluateName(expression);
  case Kind::Product:
    return evaluateProduct(expression);
  case Kind::Call:
    return evaluateCall(expression);
  case Kind::Operator:
    break;
  }
  auto operands = map_to_vector(expression.operands, [&](const auto &operand) {
    return evaluate(*operand, origin);
  });
  return combine(expression, operands, [&](ArrayRef<Number> x) -> Number {
    StringRef symbol = expression.name;
    return x.size() == 1   ? -x[0]
           : symbol == "+" ? x[0] + x[1]
           : symbol == "-" ? x[0] - x[1]
           : symbol == "*" ? x[0] * x[1]
                           : x[0] / x[1];
  });
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

Tensor EquationBuilder::asVector(const Term &term, int64_t features,
                                 Position position, const Twine &what) {
  if (!term.isValid())
    return {};
  if (!features)
    features = term.getFeatures();
  if (term.kind == Term::Kind::Matrix ||
      (term.kind == Term::Kind::Vector && term.getFeatures() != features))
    return layer.reader.error(position,
                              "{0} is {1}; required is a vector of {2}", what,
                              term.describe(), features);
  Extents sizes = lanes;
  sizes.push_back(e.fixed(features));
  return frontend::repeatTo(e, term.value, sizes);
}

Tensor EquationBuilder::asNumber(const Term &term, Position position,
                                 StringRef what) {
  if (!term.isValid())
    return {};
  if (term.kind != Term::Kind::Number)
    return layer.reader.error(
        position,
        "{0} is {1}; required is a number (sum, mean, max or dot give one)",
        what, term.describe());
  Tensor value = term.value;
  if (value.getRank())
    value = e.squeeze(value, value.getRank() - 1);
  return frontend::repeatTo(e, value, lanes);
}

} // namespace seqc::yaml
