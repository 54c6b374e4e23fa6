//===- PositionMasks.cpp - Masks that compare positions -------------------===//

#include "compiler/Normalize/PositionMasks.h"
#include "compiler/Normalize/Elements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc;

namespace {

/// Numbers beyond this are none of positions; sums of a few stay exact.
constexpr int64_t kMost = int64_t(1) << 40;

/// Ops that one mask is followed through at most: every one is entered once per
/// use, so that this also bounds the time.
constexpr unsigned kMostSteps = 256;

/// a + sign * b, if its numbers stay small; values on both sides cancel.
std::optional<LinearPosition> add(LinearPosition a, const LinearPosition &b,
                                  int64_t sign) {
  if (a.isOther || b.isOther)
    return std::nullopt;
  a.query += sign * b.query;
  a.key += sign * b.key;
  a.constant += sign * b.constant;
  for (int64_t number : {a.query, a.key, a.constant})
    if (number > kMost || number < -kMost)
      return std::nullopt;
  auto move = [](ArrayRef<Value> from, SmallVectorImpl<Value> &to,
                 SmallVectorImpl<Value> &against) {
    for (Value value : from) {
      auto found = llvm::find(against, value);
      if (found != against.end())
        against.erase(found);
      else
        to.push_back(value);
    }
  };
  move(b.plus, sign > 0 ? a.plus : a.minus, sign > 0 ? a.minus : a.plus);
  move(b.minus, sign > 0 ? a.minus : a.plus, sign > 0 ? a.plus : a.minus);
  return a;
}

/// Follows one mask.
class MaskReader {
public:
  /// Element `at` of a tensor of i1, or its negation.
  std::optional<Inequalities>
  readTensor(Value tensor, ArrayRef<LinearPosition> at, bool negated) {
    if (++steps > kMostSteps)
      return std::nullopt;
    Operation *op = tensor.getDefiningOp();
    if (!op)
      return std::nullopt;
    if (DenseElementsAttr elements; matchPattern(tensor, m_Constant(&elements)))
      return readConstant(elements, at, negated);
    SmallVector<LinearPosition> moved;
    if (Value source = stepThrough(op, at, moved))
      return readTensor(source, moved, negated);
    std::optional<Frame> frame = enter(tensor, at);
    if (!frame)
      return std::nullopt;
    return readTruth(frame->getYielded(tensor), *frame, negated);
  }

private:
  /// A structured op and the positions of its loops.
  struct Frame {
    linalg::LinalgOp op;
    SmallVector<LinearPosition> loops;

    Block *getBody() const { return linalg::LinalgOp(op).getBlock(); }
    /// What the body yields for a result of the op.
    Value getYielded(Value result) const {
      return getBody()->getTerminator()->getOperand(
          cast<OpResult>(result).getResultNumber());
    }
  };

  /// The structured op without reductions that makes `tensor`, its loops at the
  /// positions of element `at`; nothing if another op makes it.
  static std::optional<Frame> enter(Value tensor, ArrayRef<LinearPosition> at) {
    auto op = tensor.getDefiningOp<linalg::LinalgOp>();
    if (!op || !op.hasPureTensorSemantics() || op.getNumReductionLoops() != 0)
      return std::nullopt;
    AffineMap map = op.getIndexingMapMatchingResult(cast<OpResult>(tensor));
    if (!map.isPermutation())
      return std::nullopt;
    Frame frame{op, SmallVector<LinearPosition>(at.size())};
    for (auto [expression, position] : llvm::zip(map.getResults(), at))
      frame.loops[cast<AffineDimExpr>(expression).getPosition()] = position;
    return frame;
  }

  /// Whether a number is 0, which is true, or hides a key, which is not.
  static std::optional<bool> readShown(APFloat number) {
    bool losesInfo = false;
    number.convert(APFloat::IEEEdouble(), APFloat::rmTowardZero, &losesInfo);
    if (number.isZero())
      return true;
    return number.convertToDouble() <= kLowest ? std::optional(false)
                                               : std::nullopt;
  }

  /// The diagonals between which all elements of a constant are true, if they
  /// are true there and nowhere else.
  static std::optional<Inequalities> readConstant(DenseElementsAttr elements,
                                                  ArrayRef<LinearPosition> at,
                                                  bool negated) {
    SmallVector<bool> shown;
    if (isa<FloatType>(elements.getElementType())) {
      for (const APFloat &number : elements.getValues<APFloat>()) {
        std::optional<bool> truth = readShown(number);
        if (!truth)
          return std::nullopt;
        shown.push_back(*truth);
      }
    } else {
      shown.append(elements.value_begin<bool>(), elements.value_end<bool>());
    }
    if (llvm::all_equal(shown))
      return shown.empty() ? std::nullopt : truth(shown.front(), negated);
    ArrayRef<int64_t> shape = elements.getType().getShape();
    int64_t keys = shape.back(), count = shown.size();
    if (shape.size() < 2 || keys * shape[shape.size() - 2] != count)
      return std::nullopt;
    int64_t first = count, last = -count;
    for (int64_t i = 0; i < count; ++i)
      if (shown[i] != negated) {
        first = std::min(first, i % keys - i / keys);
        last = std::max(last, i % keys - i / keys);
      }
    for (int64_t i = 0; i < count; ++i) {
      int64_t diagonal = i % keys - i / keys;
      if ((shown[i] != negated) != (diagonal >= first && diagonal <= last))
        return std::nullopt;
    }
    // Bounds that no element is beyond are none.
    auto difference = add(at.back(), at[at.size() - 2], -1);
    auto opposite = add(at[at.size() - 2], at.back(), -1);
    Inequalities result;
    if (!difference || !opposite)
      return std::nullopt;
    if (last < keys - 1) {
      difference->constant -= last;
      result.push_back(*difference);
    }
    if (first > 1 - count / keys) {
      opposite->constant += first;
      result.push_back(*opposite);
    }
    return result;
  }

  static std::optional<Inequalities> truth(bool value, bool negated) {
    // What is never true is no mask of positions.
    if (value == negated)
      return std::nullopt;
    return Inequalities();
  }

  /// The operand of an op that moves elements, and the element's place in it.
  static Value stepThrough(Operation *op, ArrayRef<LinearPosition> at,
                           SmallVector<LinearPosition> &moved) {
    if (auto cast = dyn_cast<tensor::CastOp>(op)) {
      moved.assign(at.begin(), at.end());
      return cast.getSource();
    }
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      size_t next = 0;
      for (auto [dim, offset] : llvm::enumerate(slice.getMixedOffsets())) {
        LinearPosition place;
        if (!dropped[dim]) {
          place = at[next++];
          if (getConstantIntValue(slice.getMixedStrides()[dim]) != 1)
            return nullptr;
        }
        LinearPosition shift;
        if (std::optional<int64_t> number = getConstantIntValue(offset))
          shift.constant = *number;
        else
          shift.plus.push_back(cast<Value>(offset));
        std::optional<LinearPosition> sum = add(place, shift, 1);
        if (!sum)
          return nullptr;
        moved.push_back(*sum);
      }
      return slice.getSource();
    }
    // Reshapes of unit extents.
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      for (const ReassociationIndices &group :
           expand.getReassociationIndices()) {
        std::optional<int64_t> dim =
            findOnlyLarge(group, expand.getResultType());
        if (!dim)
          return nullptr;
        moved.push_back(at[*dim]);
      }
      return expand.getSrc();
    }
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      moved.resize(collapse.getSrcType().getRank());
      for (auto [position, group] :
           llvm::zip(at, collapse.getReassociationIndices())) {
        std::optional<int64_t> dim =
            findOnlyLarge(group, collapse.getSrcType());
        if (!dim)
          return nullptr;
        moved[*dim] = position;
      }
      return collapse.getSrc();
    }
    return nullptr;
  }

  /// An i1 in the body of `frame`. Each call goes to the operands of one op;
  /// `steps` bounds them.
  std::optional<Inequalities> readTruth(Value value, const Frame &frame,
                                        bool negated) {
    if (++steps > kMostSteps)
      return std::nullopt;
    APInt number;
    if (matchPattern(value, m_ConstantInt(&number)))
      return truth(number.isOne(), negated);
    if (auto argument = dyn_cast<BlockArgument>(value))
      return readArgument(argument, frame, [&](Value tensor, auto at) {
        return readTensor(tensor, at, negated);
      });
    Operation *op = value.getDefiningOp();
    if (isa<FloatType>(value.getType()))
      return readChoice(dyn_cast<arith::SelectOp>(op), frame);
    if (auto compare = dyn_cast<arith::CmpIOp>(op))
      return readComparison(compare, frame, negated);
    bool isBoth = isa<arith::AndIOp>(op), isEither = isa<arith::OrIOp>(op);
    if ((isBoth && !negated) || (isEither && negated)) {
      auto a = readTruth(op->getOperand(0), frame, negated);
      auto b = a ? readTruth(op->getOperand(1), frame, negated) : std::nullopt;
      if (b)
        a->append(*b);
      return b ? a : std::nullopt;
    }
    if (isa<arith::XOrIOp>(op) && matchPattern(op->getOperand(1), m_One()))
      return readTruth(op->getOperand(0), frame, !negated);
    return std::nullopt;
  }

  /// What is 0 where a condition holds and hides keys elsewhere, or the other
  /// way around.
  std::optional<Inequalities> readChoice(arith::SelectOp op,
                                         const Frame &frame) {
    APFloat yes(0.0), no(0.0);
    if (!op || !matchPattern(op.getTrueValue(), m_ConstantFloat(&yes)) ||
        !matchPattern(op.getFalseValue(), m_ConstantFloat(&no)))
      return std::nullopt;
    std::optional<bool> first = readShown(yes), second = readShown(no);
    if (!first || !second || first == second)
      return std::nullopt;
    return readTruth(op.getCondition(), frame, !*first);
  }

  std::optional<Inequalities> readComparison(arith::CmpIOp op,
                                             const Frame &frame, bool negated) {
    auto a = readNumber(op.getLhs(), frame), b = readNumber(op.getRhs(), frame);
    if (!a || !b)
      return std::nullopt;
    arith::CmpIPredicate predicate = op.getPredicate();
    if (negated)
      predicate = arith::invertPredicate(predicate);
    using Predicate = arith::CmpIPredicate;
    bool isSwapped = predicate == Predicate::sge || predicate == Predicate::sgt;
    bool isStrict = predicate == Predicate::slt || predicate == Predicate::sgt;
    if (!isSwapped && !isStrict && predicate != Predicate::sle)
      return std::nullopt;
    // a <= b is a - b <= 0, a < b is a - b + 1 <= 0.
    auto difference = isSwapped ? add(*b, *a, -1) : add(*a, *b, -1);
    if (!difference)
      return std::nullopt;
    difference->constant += isStrict;
    return Inequalities{*difference};
  }

  /// A number of type index or i64 in the body of `frame`.
  std::optional<LinearPosition> readNumber(Value value, const Frame &frame) {
    if (++steps > kMostSteps ||
        !(value.getType().isIndex() || value.getType().isInteger(64)))
      return std::nullopt;
    LinearPosition number;
    if (std::optional<int64_t> constant = getConstantIntValue(value)) {
      number.constant = *constant;
      return add({}, number, 1);
    }
    if (auto argument = dyn_cast<BlockArgument>(value);
        argument && argument.getOwner() == frame.getBody())
      return readArgument(argument, frame, [&](Value tensor, auto at) {
        return readNumbers(tensor, at);
      });
    Operation *op = value.getDefiningOp();
    if (op && op->getBlock() == frame.getBody()) {
      if (auto index = dyn_cast<linalg::IndexOp>(op))
        return frame.loops[index.getDim()];
      if (isa<arith::IndexCastOp>(op))
        return readNumber(op->getOperand(0), frame);
      if (!isa<arith::AddIOp, arith::SubIOp>(op))
        return std::nullopt;
      auto a = readNumber(op->getOperand(0), frame);
      auto b = a ? readNumber(op->getOperand(1), frame) : std::nullopt;
      if (!b)
        return std::nullopt;
      return add(*a, *b, isa<arith::AddIOp>(op) ? 1 : -1);
    }
    if (!value.getType().isIndex())
      return std::nullopt;
    number.plus.push_back(value);
    return number;
  }

  /// Element `at` of a tensor of numbers, as a tensor of positions has them.
  std::optional<LinearPosition> readNumbers(Value tensor,
                                            ArrayRef<LinearPosition> at) {
    if (++steps > kMostSteps)
      return std::nullopt;
    Operation *op = tensor.getDefiningOp();
    if (!op)
      return std::nullopt;
    SmallVector<LinearPosition> moved;
    if (Value source = stepThrough(op, at, moved))
      return readNumbers(source, moved);
    std::optional<Frame> frame = enter(tensor, at);
    if (!frame || !isa<linalg::GenericOp>(op))
      return std::nullopt;
    return readNumber(frame->getYielded(tensor), *frame);
  }

  /// `read` on the tensor that an argument of the body is an element of.
  template <typename Read>
  auto readArgument(BlockArgument argument, const Frame &frame, Read read)
      -> decltype(read(Value(), ArrayRef<LinearPosition>())) {
    linalg::LinalgOp op = frame.op;
    if (argument.getOwner() != op.getBlock())
      return std::nullopt;
    OpOperand &operand = op->getOpOperand(argument.getArgNumber());
    if (!isa<TensorType>(operand.get().getType()))
      return std::nullopt;
    SmallVector<LinearPosition> at;
    for (AffineExpr expression :
         op.getMatchingIndexingMap(&operand).getResults()) {
      LinearPosition position;
      if (auto dim = dyn_cast<AffineDimExpr>(expression))
        position = frame.loops[dim.getPosition()];
      else if (auto constant = dyn_cast<AffineConstantExpr>(expression))
        position.constant = constant.getValue();
      else
        return std::nullopt;
      at.push_back(position);
    }
    return read(operand.get(), ArrayRef<LinearPosition>(at));
  }

  unsigned steps = 0;
};

} // namespace

std::optional<Inequalities> seqc::findPositionMask(Value mask) {
  auto type = cast<RankedTensorType>(mask.getType());
  SmallVector<LinearPosition> at(type.getRank());
  // An extent of 1 repeats its only element.
  for (auto [dim, position] : llvm::enumerate(at)) {
    if (type.getDimSize(dim) == 1)
      continue;
    if (dim + 2 == at.size())
      position.query = 1;
    else if (dim + 1 == at.size())
      position.key = 1;
    else
      position.isOther = true;
  }
  return MaskReader().readTensor(mask, at, /*negated=*/false);
}
