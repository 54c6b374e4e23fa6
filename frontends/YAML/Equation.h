//===- Equation.h - Equations of user-written cells and scores --*- C++ -*-===//
//
//   equation := name '=' sum
//   sum      := term (('+' | '-') term)*
//   term     := unary (('*' | '/') unary)*
//   unary    := '-' unary | product
//   product  := atom (('@' | '·')? product)?
//   atom     := number | name | function '(' sum (',' sum)* ')' | '(' sum ')'
//             | '[' sum ((';' | ',') sum)* ']'
//
// A product is of a matrix and a vector and associates to the right; brackets
// concatenate.
//
// `W x` and `W @ x` multiply a matrix with a vector, `v · x` is dot(v, x), `*`
// and `/` work element by element.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_EQUATION_H
#define FRONTENDS_YAML_EQUATION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seqc::yaml {

/// A node of an expression.
struct Expression {
  enum class Kind {
    Number,
    Name,
    /// `+`, `-` of one or two operands, `*` or `/`.
    Operator,
    /// Juxtaposition or `@`.
    Product,
    /// A function of `functionNames()`, or a concatenation in brackets
    /// ("concat").
    Call
  };

  Kind kind = Kind::Number;
  /// Byte in the text of the equation where the node begins.
  size_t offset = 0;
  double number = 0;
  /// The name, the operator, or the function.
  std::string name;
  std::vector<std::unique_ptr<Expression>> operands;
};

/// `target = value`; without a target a bare expression.
struct Equation {
  std::string target;
  std::unique_ptr<Expression> value;
};

/// Receives an error and the byte in the text it belongs to.
using EquationErrorHandler =
    std::function<void(size_t offset, llvm::StringRef message)>;

/// Parses `target = expression`; nothing after an error.
std::optional<Equation> parseEquation(llvm::StringRef text,
                                      const EquationErrorHandler &onError);

/// Parses a bare expression; null after an error.
std::unique_ptr<Expression>
parseExpression(llvm::StringRef text, const EquationErrorHandler &onError);

/// The functions an expression may call.
llvm::ArrayRef<llvm::StringLiteral> functionNames();

/// Whether `text` is a name: letters, digits, underscores, and dots inside.
bool isEquationName(llvm::StringRef text);

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_EQUATION_H
