//===- EquationBuilder.cpp - Equations as tensor ops ----------------------===//

#include "frontends/YAML/EquationBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace llvm;

namespace seqc::yaml {

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
  case Kind::Literal:
  case Kind::Number:
    return "a number";
  case Kind::Vector:
    return "a vector of " + std::to_string(features);
  case Kind::Matrix:
    return "a matrix of [" + std::to_string(rows) + ", " +
           std::to_string(features) + "]";
  }
  return "";
}

Term EquationBuilder::fail(const Expression &at, const Twine &message) {
  Position position = origin;
  position.column += at.offset;
  reporter.error(position, Twine(user.subject) + ": " + message);
  return {};
}

mlir::Value EquationBuilder::spread(const Term &term, bool withLanes,
                                    int64_t asVectorOf) {
  mlir::Builder &attributes = b.getBuilder();
  SmallVector<mlir::OpFoldResult> sizes;
  SmallVector<int64_t> added;
  if (withLanes) {
    if (!term.lanes)
      added.push_back(0);
    sizes.push_back(lanes);
  }
  if (asVectorOf) {
    if (term.kind != Term::Kind::Vector)
      added.push_back(sizes.size());
    sizes.push_back(attributes.getIndexAttr(asVectorOf));
  }
  if (term.kind == Term::Kind::Literal)
    return b.fill(sizes, term.literal);
  return added.empty() ? term.value : b.broadcast(term.value, sizes, added);
}

Term EquationBuilder::combine(
    const Expression &at, Term left, Term right,
    function_ref<mlir::Value(mlir::Value, mlir::Value)> combineValues,
    function_ref<double(double, double)> combineLiterals) {
  if (!left.isValid() || !right.isValid())
    return {};
  for (const Term *side : {&left, &right})
    if (side->kind == Term::Kind::Matrix)
      return fail(at, side->describe() +
                          " stands where a vector or a number is required; "
                          "write a product with a vector as 'W x'");
  if (left.kind == Term::Kind::Literal && right.kind == Term::Kind::Literal) {
    Term result = left;
    result.literal = combineLiterals(left.literal, right.literal);
    return result;
  }
  bool leftIsVector = left.kind == Term::Kind::Vector;
  bool rightIsVector = right.kind == Term::Kind::Vector;
  if (leftIsVector && rightIsVector && left.features != right.features)
    return fail(at, left.describe() + " meets " + right.describe() +
                        "; required are vectors of one size");
  Term result;
  result.lanes = left.lanes || right.lanes;
  result.kind =
      leftIsVector || rightIsVector ? Term::Kind::Vector : Term::Kind::Number;
  result.features = leftIsVector ? left.features : right.features;
  int64_t asVectorOf = result.kind == Term::Kind::Vector ? result.features : 0;
  mlir::Value a = spread(left, result.lanes, asVectorOf);
  mlir::Value c = spread(right, result.lanes, asVectorOf);
  result.value = combineValues(a, c);
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
  Term term;
  term.value = weights.get(weight, *shape, user);
  if (shape->empty() || (shape->size() == 1 && shape->front() == 1)) {
    term.kind = Term::Kind::Number;
    if (shape->size() == 1)
      term.value = b.collapse(term.value, {});
  } else if (shape->size() == 1) {
    term.kind = Term::Kind::Vector;
    term.features = shape->front();
  } else {
    term.kind = Term::Kind::Matrix;
    term.rows = shape->front();
    term.features = shape->back();
  }
  return term;
}

Term EquationBuilder::evaluateElementwise(const Expression &expression) {
  Term left = evaluate(*expression.operands[0], origin);
  if (expression.kind == Expression::Kind::Negate) {
    if (!left.isValid())
      return {};
    if (left.kind == Term::Kind::Literal) {
      left.literal = -left.literal;
      return left;
    }
    if (left.kind == Term::Kind::Matrix)
      return fail(expression, left.describe() +
                                  " stands where a vector or a number is "
                                  "required");
    left.value =
        mlir::arith::NegFOp::create(b.getBuilder(), b.getLoc(), left.value);
    return left;
  }
  Term right = evaluate(*expression.operands[1], origin);
  using Kind = Expression::Kind;
  return combine(
      expression, left, right,
      [&](mlir::Value x, mlir::Value y) {
        return expression.kind == Kind::Add        ? b.add(x, y)
               : expression.kind == Kind::Subtract ? b.sub(x, y)
               : expression.kind == Kind::Multiply ? b.mul(x, y)
                                                   : b.div(x, y);
      },
      [&](double x, double y) {
        return expression.kind == Kind::Add        ? x + y
               : expression.kind == Kind::Subtract ? x - y
               : expression.kind == Kind::Multiply ? x * y
                                                   : x / y;
      });
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
  bool isNumber =
      vector.kind == Term::Kind::Number || vector.kind == Term::Kind::Literal;
  int64_t features = isNumber ? 1 : vector.features;
  if (vector.kind == Term::Kind::Matrix || features != matrix.features)
    return fail(*expression.operands[1],
                matrix.describe() + " is multiplied with " + vector.describe() +
                    "; required is a vector of " + Twine(matrix.features));
  mlir::Value x = spread(vector, vector.lanes, features);
  Term result;
  result.kind = Term::Kind::Vector;
  result.features = matrix.rows;
  result.lanes = vector.lanes;
  result.value = vector.lanes
                     ? b.linear(x, matrix.value)
                     : b.squeeze(b.linear(b.unsqueeze(x, 0), matrix.value), 0);
  return result;
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
  auto takes = [&](size_t count, StringRef required) {
    if (operands.size() == count)
      return true;
    fail(expression, "'" + function + "' is given " + Twine(operands.size()) +
                         " operands; required " + required);
    return false;
  };

  if (function == "concat") {
    bool anyLanes =
        any_of(operands, [](const Term &term) { return term.lanes; });
    Term result;
    result.kind = Term::Kind::Vector;
    result.lanes = anyLanes;
    SmallVector<mlir::Value> values;
    for (const Term &operand : operands) {
      int64_t features =
          operand.kind == Term::Kind::Vector ? operand.features : 1;
      values.push_back(spread(operand, anyLanes, features));
      result.features += features;
    }
    result.value = b.concat(values, anyLanes ? 1 : 0);
    return result;
  }
  if (function == "dot" ||
      ((function == "min" || function == "max") && operands.size() == 2)) {
    if (!takes(2, "are 2"))
      return {};
    auto extreme = [&](mlir::Value x, mlir::Value y) -> mlir::Value {
      mlir::OpBuilder &ops = b.getBuilder();
      if (function == "dot")
        return b.mul(x, y);
      if (function == "min")
        return mlir::arith::MinimumFOp::create(ops, b.getLoc(), x, y);
      return mlir::arith::MaximumFOp::create(ops, b.getLoc(), x, y);
    };
    auto literal = [&](double x, double y) {
      return function == "dot"   ? x * y
             : function == "min" ? std::fmin(x, y)
                                 : std::fmax(x, y);
    };
    Term result =
        combine(expression, operands[0], operands[1], extreme, literal);
    if (function != "dot" || result.kind != Term::Kind::Vector)
      return result;
    result.value = b.reduceLast(result.value, Reduction::Sum);
    result.kind = Term::Kind::Number;
    return result;
  }
  if (!takes(1, function == "min" || function == "max" ? "are 1 or 2" : "is 1"))
    return {};
  Term operand = operands.front();
  if (operand.kind == Term::Kind::Literal)
    operand = {Term::Kind::Number, b.fill({}, operand.literal), 0, 0, 0, false};
  std::optional<Reduction> reduction =
      function == "sum"    ? std::optional(Reduction::Sum)
      : function == "mean" ? std::optional(Reduction::Mean)
      : function == "max"  ? std::optional(Reduction::Max)
      : function == "min"  ? std::optional(Reduction::Min)
                           : std::nullopt;
  if (!reduction) {
    operand.value = b.apply(function, operand.value);
    return operand;
  }
  if (operand.kind == Term::Kind::Vector) {
    operand.value = b.reduceLast(operand.value, *reduction);
    operand.kind = Term::Kind::Number;
  }
  return operand;
}

Term EquationBuilder::evaluate(const Expression &expression,
                               Position newOrigin) {
  origin = newOrigin;
  switch (expression.kind) {
  case Expression::Kind::Number: {
    Term term;
    term.kind = Term::Kind::Literal;
    term.literal = expression.number;
    return term;
  }
  case Expression::Kind::Name:
    return evaluateName(expression);
  case Expression::Kind::Product:
    return evaluateProduct(expression);
  case Expression::Kind::Call:
    return evaluateCall(expression);
  default:
    return evaluateElementwise(expression);
  }
}

mlir::Value EquationBuilder::asVector(const Term &term, int64_t features,
                                      Position position, StringRef what) {
  if (!term.isValid())
    return {};
  if (term.kind == Term::Kind::Matrix ||
      (term.kind == Term::Kind::Vector && features &&
       term.features != features)) {
    reporter.error(
        position, Twine(user.subject) + ": " + what + " is " + term.describe() +
                      "; required is a vector of " + Twine(features));
    return {};
  }
  return spread(term, /*withLanes=*/true, features ? features : term.features);
}

mlir::Value EquationBuilder::asNumber(const Term &term, Position position,
                                      StringRef what) {
  if (!term.isValid())
    return {};
  if (term.kind == Term::Kind::Matrix || term.kind == Term::Kind::Vector) {
    reporter.error(
        position,
        Twine(user.subject) + ": " + what + " is " + term.describe() +
            "; required is a number (sum, mean, max or dot give one)");
    return {};
  }
  return spread(term, /*withLanes=*/true, 0);
}

} // namespace seqc::yaml
