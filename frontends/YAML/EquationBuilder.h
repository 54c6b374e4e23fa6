//===- EquationBuilder.h - Equations as tensor ops --------------*- C++ -*-===//
//
// An equation speaks of one row: vectors, numbers and matrices. The IR works on
// many rows (lanes) at once, so a vector is `[lanes, features]` and a number is
// `[lanes]`; weights have no lanes and get them where they meet a value that
// has.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_EQUATIONBUILDER_H
#define FRONTENDS_YAML_EQUATIONBUILDER_H

#include "frontends/YAML/Equation.h"
#include "frontends/YAML/Schema.h"
#include "frontends/YAML/TensorBuilder.h"
#include "frontends/YAML/WeightReader.h"

#include <map>
#include <set>

namespace seqc::yaml {

/// A value of an equation.
struct Term {
  enum class Kind { Invalid, Literal, Number, Vector, Matrix };
  Kind kind = Kind::Invalid;
  /// The value, unless the term is a literal.
  mlir::Value value;
  /// A literal's value.
  double literal = 0;
  /// Features of a vector, columns of a matrix.
  int64_t features = 0;
  /// Rows of a matrix.
  int64_t rows = 0;
  /// Whether dimension 0 of the value counts lanes.
  bool lanes = false;

  bool isValid() const { return kind != Kind::Invalid; }
  /// What it is, in words.
  std::string describe() const;

  static Term vector(mlir::Value value, int64_t features) {
    return {Kind::Vector, value, 0, features, 0, true};
  }
};

/// Evaluates expressions into ops at the insertion point of a TensorBuilder.
class EquationBuilder {
public:
  /// Names that are not values are weights `prefix.NAME`. `lanes` is the number
  /// of lanes.
  EquationBuilder(Reporter &reporter, WeightReader &weights,
                  TensorBuilder &builder, WeightUser user, std::string prefix,
                  mlir::OpFoldResult lanes)
      : reporter(reporter), weights(weights), b(builder), user(std::move(user)),
        prefix(std::move(prefix)), lanes(lanes) {}

  /// Added to the names of weights, e.g. "_reverse".
  void setWeightSuffix(llvm::StringRef newSuffix) { suffix = newSuffix.str(); }

  /// Gives `name` a value.
  void define(llvm::StringRef name, Term term) { names[name.str()] = term; }

  /// Lists `name` among the known ones where another is not known.
  void mention(llvm::StringRef name) { mentioned.insert(name.str()); }

  /// Evaluates `expression`, which begins at `origin` in the file.
  Term evaluate(const Expression &expression, Position origin);

  /// `term` as `[lanes, features]`; reports and gives null if it is something
  /// else.
  mlir::Value asVector(const Term &term, int64_t features, Position position,
                       llvm::StringRef what);
  /// `term` as `[lanes]`; reports and gives null if it is something else.
  mlir::Value asNumber(const Term &term, Position position,
                       llvm::StringRef what);

private:
  Term fail(const Expression &at, const llvm::Twine &message);
  Term evaluateName(const Expression &expression);
  Term evaluateElementwise(const Expression &expression);
  Term evaluateProduct(const Expression &expression);
  Term evaluateCall(const Expression &expression);
  Term combine(
      const Expression &at, Term left, Term right,
      llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combineValues,
      llvm::function_ref<double(double, double)> combineLiterals);
  /// `term` with lanes if `withLanes`, as a vector if `asVectorOf` is above 0.
  mlir::Value spread(const Term &term, bool withLanes, int64_t asVectorOf);

  Reporter &reporter;
  WeightReader &weights;
  TensorBuilder &b;
  WeightUser user;
  std::string prefix, suffix;
  mlir::OpFoldResult lanes;
  std::map<std::string, Term, std::less<>> names;
  std::set<std::string> mentioned;
  Position origin;
};

/// Calls `visit` for every name in `expression`.
void visitNames(const Expression &expression,
                llvm::function_ref<void(const Expression &)> visit);

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_EQUATIONBUILDER_H
