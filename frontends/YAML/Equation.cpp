//===- Equation.cpp - Equations of user-written cells and scores ----------===//
//
// A recursive-descent parser over a small lexer. Depth and length are bounded,
// since equations come from a file.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/Equation.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ConvertUTF.h"

#include <cmath>

using namespace llvm;

namespace seqc::yaml {

/// Deeper and longer than any equation a person writes.
static constexpr int kMaxDepth = 100;
static constexpr int kMaxOperands = 500;

static constexpr StringLiteral kFunctions[] = {
    "sigmoid", "tanh", "relu", "exp", "log",  "sqrt", "softplus",
    "abs",     "min",  "max",  "sum", "mean", "dot",  "concat"};

ArrayRef<StringLiteral> functionNames() { return kFunctions; }

static bool isNameStart(char c) { return isAlpha(c) || c == '_'; }
static bool isNamePart(char c) { return isAlnum(c) || c == '_'; }

/// Whether `symbol` is a multiplication dot, U+00B7 or U+22C5.
static bool isDot(StringRef symbol) {
  return symbol == "\xc2\xb7" || symbol == "\xe2\x8b\x85";
}

/// The length of the name that `text` begins with; 0 if there is none.
static size_t matchName(StringRef text) {
  if (text.empty() || !isNameStart(text[0]))
    return 0;
  size_t length = 1;
  while (length < text.size() &&
         (isNamePart(text[length]) ||
          (text[length] == '.' && length + 1 < text.size() &&
           isNamePart(text[length + 1]))))
    ++length;
  return length;
}

bool isEquationName(StringRef text) {
  return !text.empty() && matchName(text) == text.size();
}

namespace {
/// What the parser looks at: one symbol, name or number.
struct Token {
  enum class Kind { End, Name, Number, Symbol, Bad };
  Kind kind = Kind::End;
  size_t offset = 0;
  StringRef text;
  double number = 0;

  bool is(StringRef symbol) const {
    return kind == Kind::Symbol && text == symbol;
  }
};

class Parser {
public:
  Parser(StringRef text, const EquationErrorHandler &onError)
      : text(text), onError(onError) {
    advance();
  }

  std::unique_ptr<Expression> parseSum() {
    return nest([&] { return parseChain(/*ofTerms=*/true); });
  }
  /// An expression that ends with the text.
  std::unique_ptr<Expression> parseWhole() {
    std::unique_ptr<Expression> value = parseSum();
    if (value && !atEnd())
      return fail("the end or an operator");
    return value;
  }
  bool atEnd() const { return token.kind == Token::Kind::End; }
  const Token &peek() const { return token; }
  void advance();
  /// Reports that `required` was expected where the parser stands.
  std::nullptr_t fail(const Twine &required);

private:
  /// What `parse` gives, one level deeper.
  std::unique_ptr<Expression>
  nest(function_ref<std::unique_ptr<Expression>()> parse) {
    if (++depth > kMaxDepth)
      return fail("an expression of at most " + Twine(kMaxDepth) +
                  " nested levels");
    std::unique_ptr<Expression> inner = parse();
    --depth;
    return inner;
  }
  /// Operands joined from left to right: a sum `ofTerms`, or a term.
  std::unique_ptr<Expression> parseChain(bool ofTerms);
  std::unique_ptr<Expression> parseUnary();
  std::unique_ptr<Expression> parseProduct();
  std::unique_ptr<Expression> parseAtom();
  /// Parses a list of expressions up to `close`, which it takes.
  bool parseOperands(Expression &into, StringRef close);
  bool startsAtom() const;

  static std::unique_ptr<Expression>
  make(Expression::Kind kind, StringRef name, size_t offset,
       std::unique_ptr<Expression> a, std::unique_ptr<Expression> b = nullptr) {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->name = name.str();
    node->offset = offset;
    node->operands.push_back(std::move(a));
    if (b)
      node->operands.push_back(std::move(b));
    return node;
  }

  StringRef text;
  const EquationErrorHandler &onError;
  size_t position = 0;
  Token token;
  int depth = 0, operands = 0;
  bool failed = false;
};
} // namespace

void Parser::advance() {
  while (position < text.size() && isSpace(text[position]))
    ++position;
  token = Token();
  token.offset = position;
  if (position == text.size())
    return;
  StringRef rest = text.substr(position);
  size_t length = matchName(rest);
  token.kind = Token::Kind::Name;
  if (length == 0 && (isDigit(rest[0]) || rest[0] == '.')) {
    token.kind = Token::Kind::Number;
    StringRef tail =
        rest.drop_while([](char c) { return isDigit(c) || c == '.'; });
    StringRef power = tail;
    if (power.consume_front_insensitive("e")) {
      if (!power.consume_front("+"))
        power.consume_front("-");
      if (!power.empty() && isDigit(power[0]))
        tail = power.drop_while(isDigit);
    }
    length = rest.size() - tail.size();
    if (rest.take_front(length).getAsDouble(token.number) ||
        !std::isfinite(token.number))
      token.kind = Token::Kind::Bad;
  } else if (length == 0) {
    length = getNumBytesForUTF8(rest[0]);
    bool isSymbol = StringRef("+-*/@()[],;=").contains(rest[0]) ||
                    isDot(rest.take_front(length));
    token.kind = isSymbol ? Token::Kind::Symbol : Token::Kind::Bad;
  }
  token.text = rest.take_front(length);
  position += token.text.size();
}

std::nullptr_t Parser::fail(const Twine &required) {
  if (!failed)
    onError(
        token.offset,
        atEnd()
            ? ("the equation ends where " + required + " is required").str()
            : ("found '" + token.text + "' where " + required + " is required")
                  .str());
  failed = true;
  return nullptr;
}

bool Parser::startsAtom() const {
  return token.kind == Token::Kind::Name || token.kind == Token::Kind::Number ||
         token.is("(") || token.is("[");
}

std::unique_ptr<Expression> Parser::parseChain(bool ofTerms) {
  auto parseOperand = [&] {
    return ofTerms ? parseChain(/*ofTerms=*/false) : parseUnary();
  };
  std::unique_ptr<Expression> left = parseOperand();
  while (left &&
         (token.is(ofTerms ? "+" : "*") || token.is(ofTerms ? "-" : "/"))) {
    Token symbol = token;
    advance();
    std::unique_ptr<Expression> right = parseOperand();
    if (!right)
      return nullptr;
    left = make(Expression::Kind::Operator, symbol.text, symbol.offset,
                std::move(left), std::move(right));
  }
  return left;
}

std::unique_ptr<Expression> Parser::parseUnary() {
  if (!token.is("-"))
    return parseProduct();
  size_t offset = token.offset;
  std::unique_ptr<Expression> operand = nest([&] {
    advance();
    return parseUnary();
  });
  return operand
             ? make(Expression::Kind::Operator, "-", offset, std::move(operand))
             : nullptr;
}

std::unique_ptr<Expression> Parser::parseProduct() {
  std::unique_ptr<Expression> left = parseAtom();
  bool isScalar = isDot(token.text), isProduct = isScalar || token.is("@");
  if (!left || (!isProduct && !startsAtom()))
    return left;
  std::unique_ptr<Expression> right = nest([&] {
    if (isProduct)
      advance();
    return parseProduct();
  });
  if (!right)
    return nullptr;
  size_t offset = left->offset;
  return make(isScalar ? Expression::Kind::Call : Expression::Kind::Product,
              isScalar ? "dot" : "", offset, std::move(left), std::move(right));
}

bool Parser::parseOperands(Expression &into, StringRef close) {
  while (true) {
    std::unique_ptr<Expression> operand = parseSum();
    if (!operand)
      return false;
    into.operands.push_back(std::move(operand));
    bool isLast = token.is(close);
    if (!isLast && !token.is(",") && !(close == "]" && token.is(";")))
      return fail("',' or '" + close + "'"), false;
    advance();
    if (isLast)
      return true;
  }
}

std::unique_ptr<Expression> Parser::parseAtom() {
  if (++operands > kMaxOperands)
    return fail("an expression of at most " + Twine(kMaxOperands) +
                " operands");
  auto node = std::make_unique<Expression>();
  node->offset = token.offset;
  if (token.kind == Token::Kind::Number) {
    node->number = token.number;
    advance();
    return node;
  }
  if (token.kind == Token::Kind::Name || token.is("[")) {
    bool isList = token.is("[");
    node->name = isList ? "concat" : token.text.str();
    bool isCall = isList || is_contained(kFunctions, token.text);
    node->kind = isCall ? Expression::Kind::Call : Expression::Kind::Name;
    advance();
    if (!isCall)
      return node;
    if (!isList && !token.is("("))
      return fail("'(' after the function '" + Twine(node->name) + "'");
    if (!isList)
      advance();
    return parseOperands(*node, isList ? "]" : ")") ? std::move(node) : nullptr;
  }
  if (token.is("(")) {
    advance();
    std::unique_ptr<Expression> inner = parseSum();
    if (inner && !token.is(")"))
      return fail("')'");
    if (inner)
      advance();
    return inner;
  }
  return fail("a name, a number, a function or '('");
}

std::unique_ptr<Expression>
parseExpression(StringRef text, const EquationErrorHandler &onError) {
  return Parser(text, onError).parseWhole();
}

std::optional<Equation> parseEquation(StringRef text,
                                      const EquationErrorHandler &onError) {
  Parser parser(text, onError);
  Equation equation;
  equation.target = parser.peek().text.str();
  if (parser.peek().kind != Token::Kind::Name ||
      is_contained(kFunctions, parser.peek().text))
    return parser.fail("the name of a value"), std::nullopt;
  parser.advance();
  if (!parser.peek().is("="))
    return parser.fail("'='"), std::nullopt;
  parser.advance();
  equation.value = parser.parseWhole();
  return equation.value ? std::optional(std::move(equation)) : std::nullopt;
}

} // namespace seqc::yaml
