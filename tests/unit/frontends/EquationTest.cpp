//===- EquationTest.cpp - Parsing of equations ----------------------------===//

#include "frontends/YAML/Equation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace llvm;
using namespace seqc::yaml;
using testing::HasSubstr;

namespace {

/// An expression in prefix notation.
std::string print(const Expression &expression) {
  std::string text;
  switch (expression.kind) {
  case Expression::Kind::Number:
    text = std::to_string(expression.number);
    return text.substr(0, text.find_last_not_of("0.") + 1);
  case Expression::Kind::Name:
    return expression.name;
  case Expression::Kind::Operator:
    text = expression.operands.size() == 1 ? "neg" : expression.name;
    break;
  case Expression::Kind::Product:
    text = "@";
    break;
  case Expression::Kind::Call:
    text = expression.name;
    break;
  }
  for (const auto &operand : expression.operands)
    text += " " + print(*operand);
  return "(" + text + ")";
}

/// The parsed expression, or the error with its offset.
std::string parse(StringRef text) {
  std::string error;
  std::unique_ptr<Expression> expression =
      parseExpression(text, [&](size_t offset, StringRef message) {
        error = std::to_string(offset) + ": " + message.str();
      });
  return expression ? print(*expression) : error;
}

} // namespace

TEST(Equation, JuxtapositionBindsTighterThanTimes) {
  EXPECT_EQ(parse("Wf x + Uf h * g + b"), "(+ (+ (@ Wf x) (* (@ Uf h) g)) b)");
  EXPECT_EQ(parse("A @ B x"), "(@ A (@ B x))");
  EXPECT_EQ(parse("Un (f * h)"), "(@ Un (* f h))");
  EXPECT_EQ(parse("W tanh(V x)"), "(@ W (tanh (@ V x)))");
}

TEST(Equation, FollowsThePrecedenceOfArithmetic) {
  EXPECT_EQ(parse("a - b - c"), "(- (- a b) c)");
  EXPECT_EQ(parse("a / b / c"), "(/ (/ a b) c)");
  EXPECT_EQ(parse("-a * b"), "(* (neg a) b)");
  EXPECT_EQ(parse("(1 - f) * h + f*n"), "(+ (* (- 1 f) h) (* f n))");
  EXPECT_EQ(parse("a - -2.5e-1"), "(- a (neg 0.25))");
}

TEST(Equation, ReadsScoresAsPapersWriteThem) {
  EXPECT_EQ(parse("v · tanh(W [s; h])"), "(dot v (tanh (@ W (concat s h))))");
  EXPECT_EQ(parse("v ⋅ [s, h]"), "(dot v (concat s h))");
  EXPECT_EQ(parse("sum(tanh(q*k))"), "(sum (tanh (* q k)))");
}

TEST(Equation, ReadsNamesWithDots) {
  EXPECT_EQ(parse("encoder.last_h + x"), "(+ encoder.last_h x)");
}

TEST(Equation, ParsesAssignments) {
  std::optional<Equation> equation =
      parseEquation(" h = f * h ", [](size_t, StringRef) {});
  ASSERT_TRUE(equation);
  EXPECT_EQ(equation->target, "h");
  EXPECT_EQ(print(*equation->value), "(* f h)");
}

TEST(Equation, LocatesErrors) {
  EXPECT_EQ(
      parse("a + * b"),
      "4: found '*' where a name, a number, a function or '(' is required");
  EXPECT_EQ(parse("a + "),
            "4: the equation ends where a name, a number, a function or '(' is "
            "required");
  EXPECT_EQ(parse("tanh x"),
            "5: found 'x' where '(' after the function 'tanh' is required");
  EXPECT_EQ(parse("(a"), "2: the equation ends where ')' is required");
  EXPECT_EQ(parse("f(a"), "3: the equation ends where ')' is required");
  EXPECT_EQ(parse("min(a b"),
            "7: the equation ends where ',' or ')' is required");
  EXPECT_EQ(parse("a)"),
            "1: found ')' where the end or an operator is required");
  EXPECT_EQ(parse("a § b"),
            "2: found '§' where the end or an operator is required");
  EXPECT_THAT(parse("1.2.3"), HasSubstr("found '1.2.3'"));
  EXPECT_THAT(parse(""), HasSubstr("the equation ends"));
}

TEST(Equation, BoundsDepth) {
  EXPECT_THAT(parse(std::string(100'000, '(')),
              HasSubstr("at most 100 nested levels"));
  EXPECT_THAT(parse(std::string(100'000, '-')),
              HasSubstr("at most 100 nested levels"));
  std::string products;
  for (int i = 0; i < 100'000; ++i)
    products += "a ";
  EXPECT_THAT(parse(products), HasSubstr("at most 100 nested levels"));
  std::string sum;
  for (int i = 0; i < 100'000; ++i)
    sum += "a + ";
  EXPECT_THAT(parse(sum), HasSubstr("an expression of at most 500 operands"));
}

TEST(Equation, RefusesBadAssignments) {
  auto error = [](StringRef text) {
    std::string message = "none";
    parseEquation(text, [&](size_t, StringRef m) { message = m.str(); });
    return message;
  };
  EXPECT_EQ(error("tanh = x"),
            "found 'tanh' where the name of a value is required");
  EXPECT_EQ(error("3 = x"), "found '3' where the name of a value is required");
  EXPECT_EQ(error("h x"), "found 'x' where '=' is required");
  EXPECT_EQ(error("h = x = y"),
            "found '=' where the end or an operator is required");
}
