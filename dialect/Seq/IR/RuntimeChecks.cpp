//===- RuntimeChecks.cpp - Building checks of a call ----------------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

using arith::CmpIPredicate;

Value RuntimeChecks::toValue(OpFoldResult index) {
  return getValueOrCreateConstantIndexOp(builder, loc, index);
}

Value RuntimeChecks::constant(int64_t number) {
  return arith::ConstantIndexOp::create(builder, loc, number);
}

Value RuntimeChecks::compare(CmpIPredicate predicate, Value left, Value right) {
  return arith::CmpIOp::create(builder, loc, predicate, left, right);
}

OpFoldResult RuntimeChecks::extent(Value tensor, int64_t dim) {
  return tensor::getMixedSize(builder, loc, tensor, dim);
}

OpFoldResult RuntimeChecks::resultExtent(Value result, int64_t dim) {
  int64_t size = detail::extent(result, dim);
  if (ShapedType::isDynamic(size))
    return {};
  return builder.getIndexAttr(size);
}

void RuntimeChecks::require(Value condition, const Twine &message,
                            ArrayRef<Value> values) {
  RequireOp::create(builder, loc, condition, describe(op, message.str()),
                    values);
}

void RuntimeChecks::requireShared(ArrayRef<NamedExtent> extents, StringRef what,
                                  StringRef label) {
  // A static extent is what all others are compared with.
  const NamedExtent *reference = nullptr;
  for (const NamedExtent &extent : extents)
    if (extent.size && (!reference || (!getConstantIntValue(reference->size) &&
                                       getConstantIntValue(extent.size))))
      reference = &extent;
  for (const NamedExtent &extent : extents) {
    // Static ones were compared by the verifier.
    if (!extent.size || &extent == reference ||
        getConstantIntValue(extent.size))
      continue;
    Value found = toValue(extent.size), required = toValue(reference->size);
    require(compare(CmpIPredicate::eq, found, required),
            extent.name + " has {0} " + what + ", but {1} are required [" +
                label + "]",
            {found, required});
  }
}

void RuntimeChecks::requireExtent(const Twine &name, Value tensor, int64_t dim,
                                  OpFoldResult required, StringRef label) {
  OpFoldResult size = extent(tensor, dim);
  if (!required || (getConstantIntValue(size) && getConstantIntValue(required)))
    return;
  Value found = toValue(size), wanted = toValue(required);
  require(compare(CmpIPredicate::eq, found, wanted),
          name + " has extent {0} in dimension " + Twine(dim) +
              ", but {1} is required [" + label + "]",
          {found, wanted});
}

void RuntimeChecks::requireBroadcast(StringRef name, Value tensor,
                                     ArrayRef<OpFoldResult> required,
                                     StringRef label) {
  for (auto [dim, wanted] : llvm::enumerate(required)) {
    OpFoldResult size = extent(tensor, dim);
    std::optional<int64_t> known = getConstantIntValue(size);
    if (known == 1 || (known && getConstantIntValue(wanted)))
      continue;
    Value found = toValue(size), full = toValue(wanted);
    Value fits = arith::OrIOp::create(
        builder, loc, compare(CmpIPredicate::eq, found, full),
        compare(CmpIPredicate::eq, found, constant(1)));
    require(fits,
            name + " has extent {0} in dimension " + Twine(dim) +
                ", but {1} or 1 is required [" + label + "]",
            {found, full});
  }
}

void RuntimeChecks::requireAtLeast(StringRef name, Value index, int64_t low,
                                   StringRef label) {
  require(compare(CmpIPredicate::sge, index, constant(low)),
          name + " is {0}, but at least " + Twine(low) + " is required [" +
              label + "]",
          {index});
}

/// A tensor of rank 0 that holds `number`.
static Value makeScalarTensor(OpBuilder &builder, Location loc,
                              TypedAttr number) {
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>(),
                                        number.getType());
  return linalg::FillOp::create(
             builder, loc,
             arith::ConstantOp::create(builder, loc, number).getResult(), empty)
      .getResult(0);
}

/// The only element of a tensor of rank 0, as an index.
static Value readScalar(OpBuilder &builder, Location loc, Value tensor) {
  Value element = tensor::ExtractOp::create(builder, loc, tensor, ValueRange());
  if (element.getType().isIndex())
    return element;
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    element);
}

Value RuntimeChecks::reduce(const ElementRange &range, bool greatest) {
  auto type = cast<RankedTensorType>(range.tensor.getType());
  Type element = type.getElementType();
  unsigned width = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  APInt start = greatest ? APInt::getSignedMinValue(width)
                         : APInt::getSignedMaxValue(width);
  Value init =
      makeScalarTensor(builder, loc, builder.getIntegerAttr(element, start));
  unsigned rank = type.getRank();
  SmallVector<Value> inputs{range.tensor};
  SmallVector<AffineMap> maps{builder.getMultiDimIdentityMap(rank)};
  if (range.rowLengths) {
    inputs.push_back(range.rowLengths);
    maps.push_back(AffineMap::get(rank, 0, builder.getAffineDimExpr(0)));
  }
  maps.push_back(AffineMap::get(rank, 0, builder.getContext()));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto reduction = linalg::GenericOp::create(
      builder, loc, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange arguments) {
        Value number = arguments.front();
        if (range.rowLengths) {
          Value position = linalg::IndexOp::create(b, l, 1);
          Value length =
              arith::IndexCastOp::create(b, l, b.getIndexType(), arguments[1]);
          Value counts =
              arith::CmpIOp::create(b, l, CmpIPredicate::slt, position, length);
          Value none = arith::ConstantOp::create(b, l, b.getZeroAttr(element));
          number = arith::SelectOp::create(b, l, counts, number, none);
        }
        Value next =
            greatest ? arith::MaxSIOp::create(b, l, number, arguments.back())
                           .getResult()
                     : arith::MinSIOp::create(b, l, number, arguments.back())
                           .getResult();
        linalg::YieldOp::create(b, l, next);
      });
  return readScalar(builder, loc, reduction.getResult(0));
}

void RuntimeChecks::requireElements(StringRef name, const ElementRange &range,
                                    StringRef label) {
  // Of no elements the least one is the greatest number, and the other way
  // round.
  Value least = reduce(range, /*greatest=*/false),
        greatest = reduce(range, /*greatest=*/true);
  Value low = toValue(range.low), high = toValue(range.high);
  Value above = compare(CmpIPredicate::sge, least, low);
  Value inside = arith::AndIOp::create(
      builder, loc, above, compare(CmpIPredicate::sle, greatest, high));
  Value found = arith::SelectOp::create(builder, loc, above, greatest, least);
  require(inside,
          name + " holds {0}, but {1} to {2} is required [" + label + "]",
          {found, low, high});
}

void RuntimeChecks::requireInside(StringRef name, Value numbers, Value last,
                                  StringRef label) {
  if (isa<RankedTensorType>(numbers.getType())) {
    requireElements(name,
                    {numbers, builder.getIndexAttr(0), OpFoldResult(last), {}},
                    label);
    return;
  }
  Value first = constant(0);
  Value inside = arith::AndIOp::create(
      builder, loc, compare(CmpIPredicate::sge, numbers, first),
      compare(CmpIPredicate::sle, numbers, last));
  require(inside, name + " is {0}, but {1} to {2} is required [" + label + "]",
          {numbers, first, last});
}

Value RuntimeChecks::reduceVector(
    Value vector, bool greatest, function_ref<Value(OpBuilder &, Value)> body) {
  int64_t start = greatest ? std::numeric_limits<int64_t>::min() : 0;
  Value init = makeScalarTensor(builder, loc, builder.getIndexAttr(start));
  AffineMap maps[] = {builder.getMultiDimIdentityMap(1),
                      AffineMap::get(1, 0, builder.getContext())};
  auto reduction = linalg::GenericOp::create(
      builder, loc, init.getType(), vector, init, maps,
      utils::IteratorType::reduction,
      [&](OpBuilder &b, Location l, ValueRange arguments) {
        Value number = body(b, arguments[0]);
        Value next =
            greatest
                ? arith::MaxSIOp::create(b, l, number, arguments[1]).getResult()
                : arith::AddIOp::create(b, l, number, arguments[1]).getResult();
        linalg::YieldOp::create(b, l, next);
      });
  return readScalar(builder, loc, reduction.getResult(0));
}
