//===- EquationBuilder.cpp - Equations as tensor ops ----------------------===//

#include "frontends/YAML/EquationBuilder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using seqc::frontend::Combine;
using seqc::frontend::Scalars;

namespace seqc::yaml {

std::unique_ptr<Expression>
parseExpression(Reporter &reporter, const Node &scalar, StringRef subject) {
  return parseExpression(scalar.text, [&](size_t offset, StringRef message) {
    reporter.errorInText(scalar, offset, subject + ": " + message);
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

Term EquationBuilder::fail(const Expression &at, const Twine &message) {
  Position position = origin;
  position.column += at.offset;
  reporter.error(position, Twine(user.subject) + ": " + message);
  return {};
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Term EquationBuilder::combine(const Expression &at, ArrayRef<Term> operands,
                              Emitter::ElementFn element) {
  Term result{Term::Kind::Number, {}};
  SmallVector<Tensor> inputs;
  for (const Term &operand : operands) {
    if (!operand.isValid())
      return {};
    if (operand.kind == Term::Kind::Matrix)
      return fail(at, operand.describe() +
                          " stands where a vector or a number is required; "
                          "write a product with a vector as 'W x'");
    inputs.push_back(operand.value);
    if (operand.kind == Term::Kind::Vector)
      result.kind = Term::Kind::Vector;
  }
  const Term &left = operands.front(), &right = operands.back();
  if (left.kind == Term::Kind::Vector && right.kind == Term::Kind::Vector &&
      left.getFeatures() != right.getFeatures())
    return fail(at, left.describe() + " meets " + right.describe() +
                        "; required are vectors of one size");
  result.value = e.elementwise(DataType::Float, inputs, element);
  return result;
}

Term EquationBuilder::evaluateName(const Expression &expression) {
  StringRef name = expression.name;
  if (auto it = names.find(name); it != names.end())
    return it->second;
  std::string weight = prefix + "." + name.str() + suffix;
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
    return fail(expression, "'" + name + "' is neither a value (known are " +
                                list + ") nor is there a weight '" + weight +
                                "'" + suggest(name, known));
  }
  if (shape->size() > 2)
    return fail(expression, "weight '" + weight + "' has shape " +
                                formatShape(*shape) +
                                "; required is a matrix, a vector or a number");
  Tensor value = weights.get(weight, *shape, user);
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
                "the left side of a product 'W x' is " + matrix.describe() +
                    "; required is a matrix (write '*' to multiply element by "
                    "element)");
  if (vector.kind == Term::Kind::Matrix ||
      vector.getFeatures() != matrix.getFeatures())
    return fail(*expression.operands[1],
                matrix.describe() + " is multiplied with " + vector.describe() +
                    "; required is a vector of " + Twine(matrix.getFeatures()));
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
    sizes.push_back(e.getBuilder().getIndexAttr(operand.getFeatures()));
    parts.push_back(frontend::repeatTo(e, operand.value, sizes));
  }
  return {Term::Kind::Vector,
          frontend::concat(e, parts, parts.front().getRank() - 1)};
}

Term EquationBuilder::reduce(Term operand, Combine how, bool mean) {
  if (operand.kind == Term::Kind::Number)
    return operand;
  int64_t last = operand.value.getRank() - 1;
  Tensor result = e.reduce(operand.value, last, how, /*keep=*/last > 0);
  if (mean)
    result = e.elementwise(
        DataType::Float,
        {result, e.scalar(DataType::Float, 1.0 / operand.getFeatures())},
        [](Scalars &s, mlir::ValueRange v) {
          return s.mul(DataType::Float, v[0], v[1]);
        });
  return {Term::Kind::Number, result};
}

Term EquationBuilder::evaluateCall(const Expression &expression) {
  StringRef function = expression.name;
  SmallVector<Term> operands;
  for (const auto &operand : expression.operands)
    operands.push_back(evaluate(*operand, origin));
  for (auto [operand, source] : zip(operands, expression.operands)) {
    if (!operand.isValid())
      return {};
    if (operand.kind == Term::Kind::Matrix)
      return fail(*source, "'" + function + "' is given " + operand.describe() +
                               "; required is a vector or a number");
  }
  if (function == "concat")
    return concat(operands);
  bool isExtreme = function == "min" || function == "max";
  bool isBinary =
      function == "dot" || (isExtreme && expression.operands.size() == 2);
  if (operands.size() != (isBinary ? 2 : 1))
    return fail(expression, "'" + function + "' is given " +
                                Twine(operands.size()) +
                                " operands; required " +
                                (isBinary    ? "are 2"
                                 : isExtreme ? "are 1 or 2"
                                             : "is 1"));
  if (isBinary) {
    Term result =
        combine(expression, operands, [&](Scalars &s, mlir::ValueRange v) {
          return function == "dot"   ? s.mul(DataType::Float, v[0], v[1])
                 : function == "min" ? s.min(DataType::Float, v[0], v[1])
                                     : s.max(DataType::Float, v[0], v[1]);
        });
    return function == "dot" && result.isValid() ? reduce(result, Combine::Sum)
                                                 : result;
  }
  Term operand = operands.front();
  if (function == "sum" || function == "mean")
    return reduce(operand, Combine::Sum, function == "mean");
  if (isExtreme)
    return reduce(operand, function == "max" ? Combine::Max : Combine::Min);
  operand.value = frontend::applyFunction(e, function, operand.value);
  return operand;
}

Term EquationBuilder::evaluate(const Expression &expression,
                               Position newOrigin) {
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
  default:
    break;
  }
  SmallVector<Term> operands;
  for (const auto &operand : expression.operands)
    operands.push_back(evaluate(*operand, origin));
  return combine(expression, operands, [&](Scalars &s, mlir::ValueRange v) {
    DataType type = DataType::Float;
    return expression.kind == Kind::Negate     ? s.neg(type, v[0])
           : expression.kind == Kind::Add      ? s.add(type, v[0], v[1])
           : expression.kind == Kind::Subtract ? s.sub(type, v[0], v[1])
           : expression.kind == Kind::Multiply ? s.mul(type, v[0], v[1])
                                               : s.div(type, v[0], v[1]);
  });
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

Tensor EquationBuilder::asVector(const Term &term, int64_t features,
                                 Position position, StringRef what) {
  if (!term.isValid())
    return {};
  if (!features)
    features = term.getFeatures();
  if (term.kind == Term::Kind::Matrix ||
      (term.kind == Term::Kind::Vector && term.getFeatures() != features)) {
    reporter.error(
        position, Twine(user.subject) + ": " + what + " is " + term.describe() +
                      "; required is a vector of " + Twine(features));
    return {};
  }
  Extents sizes = lanes;
  sizes.push_back(e.getBuilder().getIndexAttr(features));
  return frontend::repeatTo(e, term.value, sizes);
}

Tensor EquationBuilder::asNumber(const Term &term, Position position,
                                 StringRef what) {
  if (!term.isValid())
    return {};
  if (term.kind != Term::Kind::Number) {
    reporter.error(
        position,
        Twine(user.subject) + ": " + what + " is " + term.describe() +
            "; required is a number (sum, mean, max or dot give one)");
    return {};
  }
  Tensor value = term.value;
  if (value.getRank())
    value = e.squeeze(value, value.getRank() - 1);
  return frontend::repeatTo(e, value, lanes);
}

} // namespace seqc::yaml
