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

#include "frontends/Common/Numbers.h"
#include "frontends/YAML/Importer.h"

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
  /// Equations of a layer. Names that are not values are its weights. `lanes`
  /// are the extents of the lanes.
  EquationBuilder(WeightReader &weights, Emitter &emitter,
                  const LayerContext &layer, Extents lanes)
      : weights(weights), e(emitter), layer(layer), lanes(std::move(lanes)) {}

  /// Added to the names of weights, e.g. "_reverse".
  void setWeightSuffix(llvm::StringRef newSuffix) { suffix = newSuffix.str(); }

  /// Gives `name` a value.
  void define(llvm::StringRef name, Term term) { names[name.str()] = term; }
  void define(llvm::StringRef name, Tensor vector) {
    define(name, Term{Term::Kind::Vector, vector});
  }

  /// Lists `name` among the known ones where another is not known.
  void mention(llvm::StringRef name) { mentioned.insert(name.str()); }

  /// Evaluates `expression`, which begins at `origin` in the file. Faults of one
  /// that stands in no file are where the layer is.
  Term evaluate(const Expression &expression, std::optional<Position> origin);

  /// `term` as `[lanes..., features]`, of any length if `features` is 0;
  /// reports and gives null if it is something else.
  Tensor asVector(const Term &term, int64_t features, Position position,
                  const llvm::Twine &what);
  /// `term` as `[lanes...]`; reports and gives null if it is something else.
  Tensor asNumber(const Term &term, Position position, llvm::StringRef what);

private:
  /// Reports an error at `at`, in a format of formatv().
  template <typename... Args>
  Term fail(const Expression &at, const char *format, const Args &...args);
  Term evaluateName(const Expression &expression);
  Term evaluateProduct(const Expression &expression);
  Term evaluateCall(const Expression &expression);
  Term concat(llvm::ArrayRef<Term> operands);
  /// Combines the elements of a vector.
  Term reduce(Term operand, frontend::Combine how);
  /// Element by element; none of the operands is a matrix.
  using ElementFn =
      llvm::function_ref<frontend::Number(llvm::ArrayRef<frontend::Number>)>;
  Term combine(const Expression &at, llvm::ArrayRef<Term> operands,
               ElementFn element);

  WeightReader &weights;
  Emitter &e;
  const LayerContext &layer;
  std::string suffix;
  Extents lanes;
  std::map<std::string, Term, std::less<>> names;
  std::set<std::string> mentioned;
  std::optional<Position> origin;
};

/// Parses the text of a scalar; null after an error, which is reported.
std::unique_ptr<Expression> parseExpression(const MappingReader &reader,
                                            const Node &scalar);

/// Calls `visit` for every name in `expression`.
void visitNames(const Expression &expression,
                llvm::function_ref<void(const Expression &)> visit);

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_EQUATIONBUILDER_H
