//===- PositionMasks.cpp - Masks that compare positions -------------------===//

#include "compiler/Normalize/PositionMasks.h"
#include "compiler/Normalize/Elements.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc;

namespace {

/// Numbers that are read of one mask at most: every one is entered once per
/// use, so that this also bounds the time.
constexpr unsigned kMostNumbers = 256;

/// Follows one mask, and narrows the band by each comparison.
class MaskReader {
public:
  explicit MaskReader(const Element &root) : root(root) {
    ArrayRef<AffineExpr> at = root.place.getResults();
    // An extent of 1 repeats its only element.
    if (at.size() >= 2 &&
        llvm::all_of(at.take_back(2), llvm::IsaPred<AffineDimExpr>))
      distance = at.back() - at[at.size() - 2];
  }

  /// Whether a truth value, or its negation, is the same as what it narrows the
  /// band by.
  bool read(const Element &element, bool negated);
  std::optional<Band> getBand() const;

private:
  bool readConstant(DenseElementsAttr elements, ArrayRef<AffineExpr> at,
                    bool negated);
  bool readComparison(arith::CmpIOp op, const Element &element, bool negated);
  /// A number of type index or i64; null if it is no sum of positions.
  AffineExpr readNumber(const Element &element);
  /// Keys are visible where `number` is at most 0.
  bool narrow(AffineExpr number);

  AffineExpr simplify(AffineExpr expression) const {
    return simplifyAffineExpr(expression, root.place.getNumDims(),
                              root.symbols->size());
  }

  const Element &root;
  /// Key minus query; null where the mask does not tell one of them.
  AffineExpr distance;
  /// What all bounds are relative to; null if there are none.
  AffineExpr shift;
  std::optional<int64_t> first, last;
  unsigned numbers = 0;
};

} // namespace

/// Whether a number is 0, which is true, or hides a key, which is not.
static std::optional<bool> readShown(std::optional<double> number) {
  if (number == 0.0)
    return true;
  return number && *number <= kLowest ? std::optional(false) : std::nullopt;
}

/// Where the elements of a constant are true.
static std::optional<SmallVector<bool>> readShown(DenseElementsAttr elements) {
  if (!isa<FloatType>(elements.getElementType()))
    return llvm::to_vector(elements.getValues<bool>());
  SmallVector<bool> shown;
  for (Attribute number : elements.getValues<Attribute>()) {
    std::optional<bool> truth =
        readShown(cast<FloatAttr>(number).getValueAsDouble());
    if (!truth)
      return std::nullopt;
    shown.push_back(*truth);
  }
  return shown;
}

bool MaskReader::read(const Element &element, bool negated) {
  Element truth = follow(element);
  if (++numbers > kMostNumbers || truth.mayRepeat)
    return false;
  DenseElementsAttr elements;
  if (matchPattern(truth.value, m_Constant(&elements)))
    return readConstant(elements, truth.place.getResults(), negated);
  // What is never true is no mask of positions.
  if (APInt number; matchPattern(truth.value, m_ConstantInt(&number)))
    return number.isOne() != negated;
  if (auto shown = readShown(getNumber(truth)))
    return *shown != negated;
  SmallVector<Element, 3> operands = getOperands(truth);
  Operation *op = truth.value.getDefiningOp();
  if (operands.empty())
    return false;
  // What is 0 where a condition holds and hides keys elsewhere, or the other
  // way around.
  if (isa<arith::SelectOp>(op) && isa<FloatType>(truth.value.getType())) {
    auto yes = readShown(getNumber(operands[1])),
         no = readShown(getNumber(operands[2]));
    return yes && no && *yes != *no && read(operands[0], negated == *yes);
  }
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return readComparison(compare, truth, negated);
  if (negated ? isa<arith::OrIOp>(op) : isa<arith::AndIOp>(op))
    return read(operands[0], negated) && read(operands[1], negated);
  return isa<arith::XOrIOp>(op) && matchPattern(op->getOperand(1), m_One()) &&
         read(operands[0], !negated);
}

/// The diagonals between which all elements of a constant are true, if they are
/// true there and nowhere else.
bool MaskReader::readConstant(DenseElementsAttr elements,
                              ArrayRef<AffineExpr> at, bool negated) {
  std::optional<SmallVector<bool>> shown = readShown(elements);
  if (!shown || shown->empty())
    return false;
  if (llvm::all_equal(*shown))
    return shown->front() != negated;
  ArrayRef<int64_t> shape = elements.getType().getShape();
  int64_t keys = shape.back(), count = shown->size();
  if (shape.size() < 2 || keys * shape[shape.size() - 2] != count)
    return false;
  auto getDiagonal = [&](int64_t i) { return i % keys - i / keys; };
  int64_t low = count, high = -count;
  for (int64_t i = 0; i < count; ++i)
    if ((*shown)[i] != negated) {
      low = std::min(low, getDiagonal(i));
      high = std::max(high, getDiagonal(i));
    }
  for (int64_t i = 0; i < count; ++i)
    if (((*shown)[i] != negated) !=
        (getDiagonal(i) >= low && getDiagonal(i) <= high))
      return false;
  // Bounds that no element is beyond are none.
  AffineExpr diagonal = at.back() - at[at.size() - 2];
  return (high >= keys - 1 || narrow(diagonal - high)) &&
         (low <= 1 - count / keys || narrow(low - diagonal));
}

bool MaskReader::readComparison(arith::CmpIOp op, const Element &element,
                                bool negated) {
  SmallVector<Element, 3> sides = getOperands(element);
  AffineExpr a = readNumber(sides[0]), b = a ? readNumber(sides[1]) : a;
  if (!b)
    return false;
  // a <= b is a - b <= 0, a < b is a - b + 1 <= 0.
  switch (negated ? arith::invertPredicate(op.getPredicate())
                  : op.getPredicate()) {
  case arith::CmpIPredicate::sle:
    return narrow(a - b);
  case arith::CmpIPredicate::slt:
    return narrow(a - b + 1);
  case arith::CmpIPredicate::sge:
    return narrow(b - a);
  case arith::CmpIPredicate::sgt:
    return narrow(b - a + 1);
  default:
    return false;
  }
}

AffineExpr MaskReader::readNumber(const Element &element) {
  Element number = follow(element);
  Value value = number.value;
  if (++numbers > kMostNumbers || number.mayRepeat ||
      !(value.getType().isIndex() || value.getType().isInteger(64)))
    return {};
  if (getConstantIntValue(value))
    return number.describe(value);
  if (!isa<linalg::LinalgOp>(value.getParentBlock()->getParentOp()))
    return value.getType().isIndex() ? number.describe(value) : AffineExpr();
  if (auto index = value.getDefiningOp<linalg::IndexOp>())
    return number.place.getResult(index.getDim());
  SmallVector<Element, 3> operands = getOperands(number);
  if (value.getDefiningOp<arith::IndexCastOp>())
    return readNumber(operands[0]);
  bool isSum = value.getDefiningOp<arith::AddIOp>() != nullptr;
  if (!isSum && !value.getDefiningOp<arith::SubIOp>())
    return {};
  AffineExpr a = readNumber(operands[0]), b = a ? readNumber(operands[1]) : a;
  if (!b)
    return {};
  return isSum ? a + b : a - b;
}

bool MaskReader::narrow(AffineExpr number) {
  if (!distance)
    return false;
  // j - i + c + v <= 0 is j - i <= -c - v, i - j + c + v <= 0 is
  // j - i >= c + v.
  AffineExpr bound = simplify(distance - number);
  bool isUpper = bound.isSymbolicOrConstant();
  if (!isUpper)
    bound = simplify(distance + number);
  if (!bound.isSymbolicOrConstant())
    return false;
  SmallVector<AffineExpr> none(root.symbols->size(),
                               getAffineConstantExpr(0, bound.getContext()));
  auto at = dyn_cast<AffineConstantExpr>(bound.replaceSymbols(none));
  if (!at)
    return false;
  AffineExpr rest = simplify(bound - at.getValue());
  if (shift && shift != rest)
    return false;
  shift = rest;
  if (isUpper)
    last = std::min(at.getValue(), last.value_or(INT64_MAX));
  else
    first = std::max(at.getValue(), first.value_or(INT64_MIN));
  return true;
}

std::optional<Band> MaskReader::getBand() const {
  // Between an empty pair of bounds no key is visible.
  if (first && last && *first > *last)
    return std::nullopt;
  Band band{first, last, {}};
  SmallVector<int64_t> counts;
  if (!shift)
    return band;
  if (failed(getFlattenedAffineExpr(shift, 0, root.symbols->size(), &counts)) ||
      counts.size() != root.symbols->size() + 1)
    return std::nullopt;
  for (auto [value, count] : llvm::zip(*root.symbols, counts))
    if (count != 0)
      band.shift.emplace_back(value, count);
  return band;
}

std::optional<Band> seqc::findBand(Value mask) {
  SmallVector<Value> symbols;
  Element root = getRoot(mask);
  root.symbols = &symbols;
  MaskReader reader(root);
  return reader.read(root, /*negated=*/false) ? reader.getBand() : std::nullopt;
}
