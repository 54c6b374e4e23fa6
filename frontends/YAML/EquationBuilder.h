//===- EquationBuilder.h - Equations as tensor ops --------------*- C++ -*-===//
//
// An equation speaks of one row: vectors, numbers and matrices. The IR works on
// many rows (lanes) at once, so a vector is `[lanes..., features]` and a number
// `[lanes..., 1]`; weights have no lanes and get them where they meet a value
// that has.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_EQUATIONBUILDER_H
#define FRONTENDS_YAML_EQUATIONBUILDER_H

#include "frontends/Common/Layers.h"
#include "frontends/YAML/Equation.h"
#include "frontends/YAML/Schema.h"
#include "frontends/YAML/WeightReader.h"

#include <map>
#include <set>

namespace seqc::yaml {

/// A value of an equation.
struct Term {
  enum class Kind { Invalid, Number, Vector, Matrix };
  Kind kind = Kind::Invalid;
  /// A number without lanes has no dimension.
  Tensor value;

  bool isValid() const { return kind != Kind::Invalid; }
  /// Features of a vector, columns of a matrix, 1 for a number.
  int64_t getFeatures() const {
    return value.getRank() ? value.getShape().back() : 1;
  }
  /// What it is, in words.
  std::string describe() const;
};

/// Evaluates expressions into ops at the insertion point of an emitter.
class EquationBuilder {
public:
  /// Names that are not values are weights `prefix.NAME`. `lanes` are the
  /// extents of the lanes.
  EquationBuilder(Reporter &reporter, WeightReader &weights, Emitter &emitter,
                  WeightUser user, std::string prefix, Extents lanes)
      : reporter(reporter), weights(weights), e(emitter), user(std::move(user)),
        prefix(std::move(prefix)), lanes(std::move(lanes)) {}

  /// Added to the names of weights, e.g. "_reverse".
  void setWeightSuffix(llvm::StringRef newSuffix) { suffix = newSuffix.str(); }

  /// Gives `name` a value.
  void define(llvm::StringRef name, Term term) { names[name.str()] = term; }
  void define(llvm::StringRef name, Tensor vector) {
    define(name, Term{Term::Kind::Vector, vector});
  }

  /// Lists `name` among the known ones where another is not known.
  void mention(llvm::StringRef name) { mentioned.insert(name.str()); }

  /// Evaluates `expression`, which begins at `origin` in the file.
  Term evaluate(const Expression &expression, Position origin);

  /// `term` as `[lanes..., features]`, of any length if `features` is 0;
  /// reports and gives null if it is something else.
  Tensor asVector(const Term &term, int64_t features, Position position,
                  llvm::StringRef what);
  /// `term` as `[lanes...]`; reports and gives null if it is something else.
  Tensor asNumber(const Term &term, Position position, llvm::StringRef what);

private:
  Term fail(const Expression &at, const llvm::Twine &message);
  Term evaluateName(const Expression &expression);
  Term evaluateProduct(const Expression &expression);
  Term evaluateCall(const Expression &expression);
  Term concat(llvm::ArrayRef<Term> operands);
  /// Combines the elements of a vector.
  Term reduce(Term operand, frontend::Combine how, bool mean = false);
  /// Element by element; none of the operands is a matrix.
  Term combine(const Expression &at, llvm::ArrayRef<Term> operands,
               Emitter::ElementFn element);

  Reporter &reporter;
  WeightReader &weights;
  Emitter &e;
  WeightUser user;
  std::string prefix, suffix;
  Extents lanes;
  std::map<std::string, Term, std::less<>> names;
  std::set<std::string> mentioned;
  Position origin;
};

/// Parses the text of a scalar; null after an error, which is reported.
std::unique_ptr<Expression> parseExpression(Reporter &reporter,
                                            const Node &scalar,
                                            llvm::StringRef subject);

/// Calls `visit` for every name in `expression`.
void visitNames(const Expression &expression,
                llvm::function_ref<void(const Expression &)> visit);

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_EQUATIONBUILDER_H
