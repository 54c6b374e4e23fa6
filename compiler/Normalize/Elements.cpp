//===- Elements.cpp - What an element of a tensor is made of --------------===//

#include "compiler/Normalize/Elements.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace seqc;

/// Steps from one op to the next that an element is followed for at most.
static constexpr int kMostSteps = 64;
/// Ops behind each other that are compared; trees of them are small.
static constexpr int kMostDepth = 8;
/// Numbers beyond this are none of positions; sums of a few stay exact.
static constexpr int64_t kMostPosition = int64_t(1) << 40;

AffineExpr Element::describe(OpFoldResult index) const {
  MLIRContext *context = value.getContext();
  if (std::optional<int64_t> number = getConstantIntValue(index))
    return *number <= kMostPosition && *number >= -kMostPosition
               ? getAffineConstantExpr(*number, context)
               : AffineExpr();
  if (!symbols)
    return {};
  auto outer = cast<Value>(index);
  auto *found = llvm::find(*symbols, outer);
  unsigned symbol = found - symbols->begin();
  if (found == symbols->end())
    symbols->push_back(outer);
  return getAffineSymbolExpr(symbol, context);
}

std::optional<int64_t> seqc::findOnlyLarge(ArrayRef<int64_t> group,
                                           RankedTensorType type) {
  int64_t found = group.front();
  for (int64_t dim : group)
    if (type.getDimSize(dim) != 1) {
      if (type.getDimSize(found) != 1 && found != dim)
        return std::nullopt;
      found = dim;
    }
  return found;
}

/// The number or element `value` at `at` on the way from `element`.
static Element placeAt(const Element &element, Value value,
                       ArrayRef<AffineExpr> at) {
  unsigned symbols = element.symbols ? element.symbols->size() : 0;
  return element.with(value, AffineMap::get(element.place.getNumDims(), symbols,
                                            at, value.getContext()));
}

/// Element `indices` of a tensor on the way from `element`. Where there is but
/// one index it is 0.
static Element moveTo(const Element &element, Value tensor,
                      ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> at(indices);
  for (auto [index, extent] : llvm::zip(at, getShape(tensor)))
    if (extent == 1)
      index = getAffineConstantExpr(0, tensor.getContext());
  return placeAt(element, tensor, at);
}

Element seqc::getRoot(Value tensor) {
  unsigned dims = 0;
  SmallVector<AffineExpr> indices;
  for (int64_t extent : getShape(tensor))
    indices.push_back(
        getAffineDimExpr(extent == 1 ? 0 : dims++, tensor.getContext()));
  return moveTo({tensor, AffineMap::get(dims, 0, tensor.getContext())}, tensor,
                indices);
}

/// The loops of `op` when it gives `element`; those of reductions are left
/// null.
static SmallVector<AffineExpr> getLoops(linalg::LinalgOp op,
                                        const Element &element) {
  SmallVector<AffineExpr> loops(op.getNumLoops());
  AffineMap map =
      op.getIndexingMapMatchingResult(cast<OpResult>(element.value));
  for (auto [expression, index] :
       llvm::zip(map.getResults(), element.place.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expression))
      loops[dim.getPosition()] = index;
  return loops;
}

/// What the body of `op` yields for one of its results.
static Value getYielded(linalg::LinalgOp op, Value result) {
  return op.getBlock()->getTerminator()->getOperand(
      cast<OpResult>(result).getResultNumber());
}

/// Stride and offset of an index that changes with nothing but the last
/// dimension, where only some elements are asked for.
static std::optional<std::pair<int64_t, int64_t>>
readIndex(AffineExpr index, const Element &element) {
  int64_t last = static_cast<int64_t>(element.place.getNumDims()) - 1;
  for (int64_t dim = 0; dim < last; ++dim)
    if (index.isFunctionOfDim(dim))
      return std::nullopt;
  auto at = [&](int64_t number) {
    return dyn_cast<AffineConstantExpr>(
        index.replace(getAffineDimExpr(last, index.getContext()),
                      getAffineConstantExpr(number, index.getContext())));
  };
  if (element.range == 0 || !at(0) || !at(1))
    return std::nullopt;
  return std::pair(at(1).getValue() - at(0).getValue(), at(0).getValue());
}

/// Steps into the source of a slice that is taken out.
static bool stepIntoSlice(tensor::ExtractSliceOp slice, Element &element) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  ArrayRef<AffineExpr> at = element.place.getResults();
  SmallVector<AffineExpr> indices;
  for (auto [dim, offset] : llvm::enumerate(slice.getMixedOffsets())) {
    AffineExpr first = element.describe(offset);
    auto stride = getConstantIntValue(slice.getMixedStrides()[dim]);
    if (!first || !stride || (element.symbols && *stride != 1))
      return false;
    if (!dropped[dim]) {
      first = at.front() * *stride + first;
      at = at.drop_front();
    }
    indices.push_back(first);
  }
  element = moveTo(element, slice.getSource(), indices);
  return true;
}

/// Steps into what a slice was put in, or into the slice.
static bool stepBesideSlice(tensor::InsertSliceOp slice, Element &element) {
  ArrayRef<AffineExpr> at = element.place.getResults();
  Value source = slice.getSource(), target = slice.getDest();
  RankedTensorType type = slice.getSourceType();
  if (type.getRank() != static_cast<int64_t>(at.size()))
    return false;
  SmallVector<AffineExpr> indices;
  for (auto [dim, index] : llvm::enumerate(at)) {
    auto offset = getConstantIntValue(slice.getMixedOffsets()[dim]),
         stride = getConstantIntValue(slice.getMixedStrides()[dim]);
    if (!offset || stride != 1)
      return false;
    // All of what was put in, or nothing of it.
    if (auto place = readIndex(index, element)) {
      int64_t first = place->second - *offset,
              last = first + place->first * (element.range - 1),
              size = type.getDimSize(dim);
      if (ShapedType::isDynamic(size))
        return false;
      if (last < 0 || first >= size) {
        element = moveTo(element, target, at);
        return true;
      }
      if (first < 0 || last >= size)
        return false;
      indices.push_back(index - *offset);
      continue;
    }
    FailureOr<bool> isWhole = ValueBoundsConstraintSet::areEqual(
        {source, int64_t(dim)}, {target, int64_t(dim)});
    if (*offset != 0 || failed(isWhole) || !*isWhole)
      return false;
    indices.push_back(index);
  }
  element = moveTo(element, source, indices);
  return true;
}

/// Steps from an element of a tensor into what makes it.
static bool stepBehind(Element &element) {
  Operation *op = element.value.getDefiningOp();
  ArrayRef<AffineExpr> at = element.place.getResults();
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return false;
    element = moveTo(element, cast.getSource(), at);
    return true;
  }
  if (isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
    auto from = cast<RankedTensorType>(op->getOperand(0).getType());
    auto wide = expand ? cast<RankedTensorType>(element.value.getType()) : from;
    SmallVector<AffineExpr> indices(from.getRank(),
                                    getAffineConstantExpr(0, op->getContext()));
    auto groups =
        expand ? expand.getReassociationIndices()
               : cast<tensor::CollapseShapeOp>(op).getReassociationIndices();
    for (auto [i, group] : llvm::enumerate(groups)) {
      std::optional<int64_t> dim = findOnlyLarge(group, wide);
      if (dim) {
        indices[expand ? i : *dim] = at[expand ? *dim : i];
        continue;
      }
      // Two dimensions in the place of one.
      auto place = expand ? std::nullopt : readIndex(at[i], element);
      int64_t inner = wide.getDimSize(group.back());
      if (group.size() != 2 || !place || ShapedType::isDynamic(inner) ||
          place->first % inner != 0 || place->second >= inner)
        return false;
      indices[group[0]] =
          getAffineDimExpr(element.place.getNumDims() - 1, op->getContext()) *
          (place->first / inner);
      indices[group[1]] =
          getAffineConstantExpr(place->second, op->getContext());
    }
    element = moveTo(element, op->getOperand(0), indices);
    return true;
  }
  bool followsSlices = element.range != 0 || element.symbols;
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
    return followsSlices && stepIntoSlice(slice, element);
  if (auto slice = dyn_cast_or_null<tensor::InsertSliceOp>(op))
    return followsSlices && stepBesideSlice(slice, element);
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!linalgOp || !linalgOp.hasPureTensorSemantics() ||
      linalgOp.getNumReductionLoops() != 0)
    return false;
  SmallVector<AffineExpr> loops = getLoops(linalgOp, element);
  if (!llvm::all_of(loops, [](AffineExpr loop) { return bool(loop); }))
    return false;
  element = placeAt(element, getYielded(linalgOp, element.value), loops);
  return true;
}

/// Steps from an element that a body looks up by the indices of its loops.
static bool stepToLookup(tensor::ExtractOp extract, Element &element) {
  auto op = dyn_cast<linalg::LinalgOp>(extract->getParentOp());
  if (!op)
    return false;
  Value init = op.getDpsInits()[0];
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<AffineExpr> indices;
  bool mayRepeat = element.mayRepeat;
  for (auto [dim, index] : llvm::enumerate(extract.getIndices())) {
    if (std::optional<int64_t> number = getConstantIntValue(index)) {
      indices.push_back(getAffineConstantExpr(*number, op.getContext()));
      continue;
    }
    // An extent that is 1 or the loop's.
    auto choice = index.getDefiningOp<arith::SelectOp>();
    if (choice) {
      auto compare = choice.getCondition().getDefiningOp<arith::CmpIOp>();
      if (!compare || compare.getPredicate() != arith::CmpIPredicate::eq ||
          getConstantIntValue(compare.getRhs()) != 1 ||
          getConstantIntValue(choice.getTrueValue()) != 0)
        return false;
      mayRepeat = true;
    }
    auto loop = (choice ? choice.getFalseValue() : index)
                    .getDefiningOp<linalg::IndexOp>();
    if (!loop)
      return false;
    std::optional<unsigned> place =
        map.getResultPosition(getAffineDimExpr(loop.getDim(), op.getContext()));
    FailureOr<bool> isWhole =
        choice || !place
            ? FailureOr<bool>(bool(choice))
            : ValueBoundsConstraintSet::areEqual(
                  {extract.getTensor(), int64_t(dim)}, {init, int64_t(*place)});
    if (failed(isWhole) || !*isWhole)
      return false;
    indices.push_back(element.place.getResult(loop.getDim()));
  }
  element.mayRepeat = mayRepeat;
  element = moveTo(element, extract.getTensor(), indices);
  return true;
}

/// Steps from a number to what it is, without a change of its value.
static bool stepAside(Element &element) {
  auto argument = dyn_cast<BlockArgument>(element.value);
  Operation *op = argument ? argument.getOwner()->getParentOp()
                           : element.value.getDefiningOp();
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return stepToLookup(extract, element);
  if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
    element.value = op->getOperand(0);
    return true;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!argument || !linalgOp)
    return false;
  OpOperand &operand = op->getOpOperand(argument.getArgNumber());
  if (!isa<RankedTensorType>(operand.get().getType())) {
    element.value = operand.get();
    return true;
  }
  AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
  element =
      moveTo(element, operand.get(), map.compose(element.place).getResults());
  return true;
}

static bool step(Element &element) {
  return isa<RankedTensorType>(element.value.getType()) ? stepBehind(element)
                                                        : stepAside(element);
}

Element seqc::follow(Element element) {
  for (int i = 0; i < kMostSteps && step(element); ++i)
    ;
  return element;
}

std::optional<Element>
seqc::findTensor(Element element,
                 llvm::function_ref<bool(const Element &)> accepts) {
  for (int i = 0; i < kMostSteps; ++i) {
    if (isa<RankedTensorType>(element.value.getType()) && accepts(element))
      return element;
    if (!step(element))
      break;
  }
  return std::nullopt;
}

Value seqc::getTensor(const Element &element, const Element &root) {
  std::optional<Element> source = findTensor(element);
  return source && !source->mayRepeat && source->place == root.place &&
                 getShape(source->value) == getShape(root.value)
             ? source->value
             : Value();
}

SmallVector<AffineExpr> seqc::getIndices(const Element &element) {
  SmallVector<AffineExpr> indices;
  for (auto [index, extent] :
       llvm::zip(element.place.getResults(), getShape(element.value)))
    if (extent != 1)
      indices.push_back(index);
  return indices;
}

/// The table that an element is looked up in, and the index of the element's
/// place that is the table's last one and tells nothing else.
static std::pair<Value, unsigned> findLookup(const Element &element) {
  if (auto embedding = element.value.getDefiningOp<seq::EmbeddingOp>()) {
    bool hasColumns = getShape(embedding.getTable()).size() > 1;
    return {hasColumns ? embedding.getTable() : nullptr,
            element.place.getNumResults() - 1};
  }
  auto extract = element.value.getDefiningOp<tensor::ExtractOp>();
  auto loop = extract && !extract.getIndices().empty()
                  ? extract.getIndices().back().getDefiningOp<linalg::IndexOp>()
                  : nullptr;
  if (!loop)
    return {};
  SetVector<Operation *> slice;
  for (Value index : extract.getIndices().drop_back())
    (void)getBackwardSlice(index, &slice);
  if (llvm::any_of(slice, [&](Operation *op) {
        auto index = dyn_cast<linalg::IndexOp>(op);
        return index && index.getDim() == loop.getDim();
      }))
    return {};
  return {extract.getTensor(), loop.getDim()};
}

/// Whether a table of constants, which both elements are looked up in, has equal
/// numbers at their places in each row.
static bool isSameLookup(const Element &a, const Element &b) {
  auto [source, column] = findLookup(a);
  DenseFPElementsAttr table;
  if (!source || a.value != b.value ||
      !matchPattern(source, m_Constant(&table)))
    return false;
  // Nothing else may change between both places.
  for (auto [dim, left] : llvm::enumerate(a.place.getResults()))
    if (dim != column && left != b.place.getResult(dim))
      return false;
  auto left = readIndex(a.place.getResult(column), a),
       right = readIndex(b.place.getResult(column), b);
  if (!left || !right)
    return false;
  int64_t columns = table.getType().getShape().back();
  auto numbers = table.value_begin<APFloat>();
  for (int64_t row = 0; row < table.getNumElements(); row += columns)
    for (int64_t p = 0; p < a.range; ++p) {
      int64_t i = left->first * p + left->second,
              j = right->first * p + right->second;
      if (std::max(i, j) >= columns ||
          !APFloat(numbers[row + i]).bitwiseIsEqual(numbers[row + j]))
        return false;
    }
  return true;
}

bool seqc::isSame(const Element &a, const Element &b, int depth) {
  Element left = follow(a), right = follow(b);
  if (left.mayRepeat != right.mayRepeat || depth > kMostDepth)
    return false;
  if (left.value == right.value && left.place == right.place)
    return true;
  // The same op of the same numbers, at two places.
  Operation *op = left.value.getDefiningOp(),
            *other = right.value.getDefiningOp();
  if (left.range == 0 || !op || !other || op->getName() != other->getName())
    return false;
  if (isa<tensor::ExtractOp, seq::EmbeddingOp>(op))
    return isSameLookup(left, right);
  SmallVector<Element, 3> operands = getOperands(left),
                          others = getOperands(right);
  if (operands.empty())
    return getNumber(left) && getNumber(left) == getNumber(right);
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
         op->getAttrDictionary() == other->getAttrDictionary() &&
         llvm::all_of_zip(operands, others,
                          [&](const Element &l, const Element &r) {
                            return isSame(l, r, depth + 1);
                          });
}

std::optional<double> seqc::getNumber(const Element &element) {
  Attribute constant;
  if (!matchPattern(follow(element).value, m_Constant(&constant)))
    return std::nullopt;
  if (auto elements = dyn_cast<DenseFPElementsAttr>(constant))
    if (elements.isSplat())
      constant = elements.getSplatValue<Attribute>();
  auto number = dyn_cast<FloatAttr>(constant);
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
}

bool seqc::isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

SmallVector<Element, 3> seqc::getOperands(const Element &element) {
  Element number = follow(element);
  SmallVector<Element, 3> operands;
  Operation *op = number.value.getDefiningOp();
  if (op && !isa<RankedTensorType>(number.value.getType()))
    for (Value operand : op->getOperands())
      operands.push_back(number.with(operand, number.place));
  return operands;
}

/// What `element` is the sum of: the summand in the body of a reduction, its
/// place without the loops that are summed along.
static std::optional<std::pair<Value, SmallVector<AffineExpr>>>
readSum(const Element &element) {
  auto op = element.value.getDefiningOp<linalg::LinalgOp>();
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() == 0 || !isZeroFill(op.getDpsInits()[0]))
    return std::nullopt;
  auto sum = getYielded(op, element.value).getDefiningOp<arith::AddFOp>();
  Value total = op.getRegionOutputArgs()[0];
  if (!sum || (sum.getLhs() != total && sum.getRhs() != total))
    return std::nullopt;
  return std::pair(sum.getLhs() == total ? sum.getRhs() : sum.getLhs(),
                   getLoops(op, element));
}

std::optional<Element> seqc::matchSum(const Element &element) {
  Element result = follow(element);
  auto sum = readSum(result);
  if (!sum)
    return std::nullopt;
  unsigned dims = result.place.getNumDims(), next = 0;
  auto skip = [&] {
    while (next < dims && result.place.isFunctionOfDim(next))
      ++next;
    return next < dims;
  };
  for (AffineExpr &loop : sum->second)
    if (!loop) {
      if (!skip())
        return std::nullopt;
      loop = getAffineDimExpr(next++, result.value.getContext());
    }
  if (skip())
    return std::nullopt;
  return result.with(sum->first, AffineMap::get(dims, 0, sum->second,
                                                result.value.getContext()));
}

std::optional<std::array<Element, 2>>
seqc::matchProduct(const Element &element) {
  Element result = follow(element);
  auto sum = readSum(result);
  if (!sum || llvm::count(sum->second, AffineExpr()) != 1)
    return std::nullopt;
  MLIRContext *context = result.value.getContext();
  unsigned dims = result.place.getNumDims();
  *llvm::find(sum->second, AffineExpr()) = getAffineDimExpr(dims, context);
  auto factors = match<arith::MulFOp>(result.with(
      sum->first, AffineMap::get(dims + 1, 0, sum->second, context)));
  if (!factors)
    return std::nullopt;
  return std::array{(*factors)[0], (*factors)[1]};
}

std::optional<int64_t> seqc::findInnerAxis(const Element &element,
                                           const Element &root) {
  AffineMap place = follow(element).place;
  unsigned outer = 0, dims = place.getNumDims();
  while (outer < dims && place.isFunctionOfDim(outer))
    ++outer;
  for (unsigned dim = outer; dim < dims; ++dim)
    if (place.isFunctionOfDim(dim))
      return std::nullopt;
  for (auto [axis, index] : llvm::enumerate(root.place.getResults()))
    if (index.isFunctionOfDim(outer) && outer < dims)
      return axis;
  return std::nullopt;
}

Value seqc::mapElements(
    OpBuilder &b, Location loc, Value tensor, Type element,
    llvm::function_ref<Value(OpBuilder &, Location, Value)> body) {
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, tensor), element);
  int64_t rank = getShape(tensor).size();
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, empty.getType(), tensor, empty, maps, loops,
             [&](OpBuilder &inner, Location loc, ValueRange x) {
               linalg::YieldOp::create(inner, loc, body(inner, loc, x[0]));
             })
      .getResult(0);
}

Value seqc::moveUnits(OpBuilder &b, Value tensor, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getShape() == shape)
    return tensor;
  SmallVector<int64_t> large(type.getShape()), wanted(shape);
  llvm::erase(large, 1);
  llvm::erase(wanted, 1);
  if (large != wanted)
    return {};
  Location loc = tensor.getLoc();
  if (type.getShape() != ArrayRef(large))
    tensor = b.createOrFold<tensor::CollapseShapeOp>(
        loc, type.clone(large), tensor,
        *getReassociationIndicesForCollapse(type.getShape(), large));
  if (shape == ArrayRef(large))
    return tensor;
  return b.createOrFold<tensor::ExpandShapeOp>(
      loc, type.clone(shape), tensor,
      *getReassociationIndicesForCollapse(shape, large));
}

Value seqc::moveAxis(OpBuilder &b, Location loc, Value tensor, int64_t axis,
                     ArrayRef<OpFoldResult> sizes, bool back) {
  if (axis == 0)
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  auto order = llvm::to_vector(llvm::seq<int64_t>(type.getRank()));
  std::rotate(order.begin(), order.begin() + (back ? 1 : axis),
              order.begin() + axis + 1);
  SmallVector<OpFoldResult> moved(sizes);
  if (!back)
    applyPermutationToVector(moved, order);
  Value empty = tensor::EmptyOp::create(b, loc, moved, type.getElementType());
  // Extents of both sides are known alike.
  auto shape =
      applyPermutation(getShape(empty), invertPermutationVector(order));
  if (ArrayRef(shape) != type.getShape())
    tensor = tensor::CastOp::create(b, loc, type.clone(shape), tensor);
  return linalg::TransposeOp::create(b, loc, tensor, empty, order)
      ->getResult(0);
}
