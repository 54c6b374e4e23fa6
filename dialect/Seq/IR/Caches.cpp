//===- Caches.cpp - Keys and values of earlier steps ----------------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// What the ops share
//===----------------------------------------------------------------------===//

/// Reports an error under C1 unless `axis` is a dimension of `cache` from
/// `first` on.
static LogicalResult checkAxis(Operation *op, RankedTensorType cache,
                               int64_t axis, int64_t first) {
  if (axis >= first && axis < cache.getRank())
    return success();
  return op->emitOpError("has axis ")
         << axis << ", but a dimension from " << first
         << " on of a cache of rank " << cache.getRank() << " is required [C1]";
}

/// Reports an error under `label` unless `type`, of what `name` names, has the
/// elements of the cache.
static LogicalResult checkElements(Operation *op, StringRef name,
                                   RankedTensorType type,
                                   RankedTensorType cache, StringRef label) {
  if (type.getElementType() == cache.getElementType())
    return success();
  return op->emitOpError(name)
         << " holds " << type.getElementType() << ", but the cache's "
         << cache.getElementType() << " is required [" << label << "]";
}

/// `value` if it can stand for the result of `op`: folds drop the checks of
/// extents with the op, so that these have to be static.
static OpFoldResult foldTo(Operation *op, Value value) {
  Type type = op->getResultTypes().front();
  if (value.getType() == type && cast<RankedTensorType>(type).hasStaticShape())
    return value;
  return {};
}

/// Whether `value` is the index `number`.
static bool isIndex(Value value, int64_t number) {
  APInt known;
  return matchPattern(value, m_ConstantInt(&known)) &&
         known.getSExtValue() == number;
}

//===----------------------------------------------------------------------===//
// CacheAppendOp
//===----------------------------------------------------------------------===//

LogicalResult CacheAppendOp::verify() {
  RankedTensorType cache = tensorType(getCache()),
                   entries = tensorType(getEntries());
  auto axis = static_cast<int64_t>(getAxis());
  if (failed(checkAxis(*this, cache, axis, hasRowPositions() ? 1 : 0)) ||
      failed(checkElements(*this, "entries", entries, cache, "C2")))
    return failure();
  SmallVector<int64_t> shape(cache.getShape());
  int64_t capacity = shape[axis];
  shape[axis] = ShapedType::kDynamic;
  if (failed(checkShape(*this, "entries", entries, shape, "C2")))
    return failure();
  int64_t count = entries.getDimSize(axis);
  if (!ShapedType::isDynamic(capacity) && !ShapedType::isDynamic(count) &&
      count > capacity)
    return emitOpError("has ")
           << count << " entries for a capacity of " << capacity
           << ", but at most as many are required [C2]";
  if (hasRowPositions())
    return checkShape(*this, "position", tensorType(getPosition()),
                      cache.getDimSize(0), "C3");
  return success();
}

OpFoldResult CacheAppendOp::fold(FoldAdaptor adaptor) {
  auto number = dyn_cast_if_present<IntegerAttr>(adaptor.getPosition());
  if (auto numbers =
          dyn_cast_if_present<SplatElementsAttr>(adaptor.getPosition()))
    number = numbers.getSplatValue<IntegerAttr>();
  if (!number || !number.getValue().isZero())
    return {};
  return foldTo(*this, getEntries());
}

Speculation::Speculatability CacheAppendOp::getSpeculatability() {
  return Speculation::NotSpeculatable;
}

SmallVector<ExtentSource> CacheAppendOp::getExtentSources(int64_t) {
  return extentsOf(getCache());
}

void CacheAppendOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  auto axis = static_cast<int64_t>(getAxis());
  for (int64_t dim = 0; dim < tensorType(getCache()).getRank(); ++dim)
    if (dim != axis)
      checks.requireExtent("entries", getEntries(), dim,
                           checks.extent(getCache(), dim), "C2");
  if (hasRowPositions())
    checks.requireExtent("position", getPosition(), 0,
                         checks.extent(getCache(), 0), "C3");
  OpFoldResult room = checks.extent(getCache(), axis),
               given = checks.extent(getEntries(), axis);
  Value capacity = checks.toValue(room), count = checks.toValue(given);
  if (!getConstantIntValue(room) || !getConstantIntValue(given))
    checks.require(
        checks.compare(arith::CmpIPredicate::sle, count, capacity),
        "has {0} entries for a capacity of {1}, but at most as many are "
        "required [C2]",
        {count, capacity});
  if (getCircular())
    return;
  Value last = builder.createOrFold<arith::SubIOp>(loc, capacity, count);
  checks.requireInside("position", getPosition(), last, "R1");
}

//===----------------------------------------------------------------------===//
// CacheReadOp
//===----------------------------------------------------------------------===//

LogicalResult CacheReadOp::verify() {
  RankedTensorType cache = tensorType(getCache()),
                   result = tensorType(getResult());
  auto axis = static_cast<int64_t>(getAxis());
  if (failed(checkAxis(*this, cache, axis, 0)) ||
      failed(checkElements(*this, "result", result, cache, "C2")))
    return failure();
  SmallVector<int64_t> shape(cache.getShape());
  shape[axis] = ShapedType::kDynamic;
  return checkShape(*this, "result", result, shape, "C2");
}

OpFoldResult CacheReadOp::fold(FoldAdaptor) {
  auto axis = static_cast<int64_t>(getAxis());
  if (!isIndex(getCount(), extent(getResult(), axis)))
    return {};
  if (isIndex(getBegin(), 0))
    if (OpFoldResult all = foldTo(*this, getCache()))
      return all;
  auto append = getCache().getDefiningOp<CacheAppendOp>();
  if (append && append.getAxis() == getAxis() && !append.getCircular() &&
      append.getPosition() == getBegin())
    return foldTo(*this, append.getEntries());
  return {};
}

Speculation::Speculatability CacheReadOp::getSpeculatability() {
  return Speculation::NotSpeculatable;
}

/// Extents of the cache, but for the number of entries that are read.
SmallVector<ExtentSource> CacheReadOp::getExtentSources(int64_t) {
  SmallVector<ExtentSource> sources = extentsOf(getCache());
  sources[getAxis()] = ExtentSource::index(getCount());
  return sources;
}

void CacheReadOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  auto axis = static_cast<int64_t>(getAxis());
  for (int64_t dim = 0; dim < tensorType(getCache()).getRank(); ++dim)
    if (dim != axis)
      if (OpFoldResult size = checks.resultExtent(getResult(), dim))
        checks.requireExtent("cache", getCache(), dim, size, "C2");
  if (OpFoldResult size = checks.resultExtent(getResult(), axis)) {
    Value wanted = checks.toValue(size);
    checks.require(checks.compare(arith::CmpIPredicate::eq, getCount(), wanted),
                   "count is {0}, but {1} is required [C2]",
                   {getCount(), wanted});
  }
  checks.requireAtLeast("count", getCount(), 0, "R1");
  Value last = builder.createOrFold<arith::SubIOp>(
      loc, checks.toValue(checks.extent(getCache(), axis)), getCount());
  checks.requireInside("begin", getBegin(), last, "R1");
}

//===----------------------------------------------------------------------===//
// CacheReorderOp
//===----------------------------------------------------------------------===//

LogicalResult CacheReorderOp::verify() {
  RankedTensorType cache = tensorType(getCache()),
                   parents = tensorType(getParents()),
                   result = tensorType(getResult());
  if (cache.getRank() < 1)
    return emitOpError("has a cache of rank 0, but at least 1 is required "
                       "[C3]");
  SmallVector<int64_t> numbers{ShapedType::kDynamic};
  if (std::optional<int64_t> axis = getAxis()) {
    if (failed(checkAxis(*this, cache, *axis, 1)))
      return failure();
    numbers.push_back(cache.getDimSize(*axis));
  }
  if (failed(checkShape(*this, "parents", parents, numbers, "C2")) ||
      failed(checkElements(*this, "result", result, cache, "C3")))
    return failure();
  SmallVector<int64_t> shape(cache.getShape());
  shape[0] = parents.getDimSize(0);
  return checkShape(*this, "result", result, shape, "C3");
}

OpFoldResult CacheReorderOp::fold(FoldAdaptor adaptor) {
  auto numbers =
      dyn_cast_if_present<DenseIntElementsAttr>(adaptor.getParents());
  if (!numbers || numbers.getNumElements() == 0)
    return {};
  // Parents of entries are those of their rows.
  int64_t each = getAxis() ? numbers.getType().getDimSize(1) : 1;
  for (auto [index, parent] : llvm::enumerate(numbers.getValues<APInt>()))
    if (parent.getSExtValue() != static_cast<int64_t>(index) / each)
      return {};
  return foldTo(*this, getCache());
}

Speculation::Speculatability CacheReorderOp::getSpeculatability() {
  return Speculation::NotSpeculatable;
}

/// Extents of the cache, but for the number of rows.
SmallVector<ExtentSource> CacheReorderOp::getExtentSources(int64_t) {
  SmallVector<ExtentSource> sources = extentsOf(getCache());
  sources[0] = ExtentSource::dimension(getParents(), 0);
  return sources;
}

void CacheReorderOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  for (int64_t dim = 0; dim < tensorType(getCache()).getRank(); ++dim)
    if (OpFoldResult size = checks.resultExtent(getResult(), dim))
      checks.requireExtent(dim == 0 ? "parents" : "cache",
                           dim == 0 ? getParents() : getCache(), dim, size,
                           "C3");
  if (std::optional<int64_t> axis = getAxis())
    checks.requireExtent("parents", getParents(), 1,
                         checks.extent(getCache(), *axis), "C2");
  Value rows = checks.toValue(checks.extent(getCache(), 0));
  Value last =
      builder.createOrFold<arith::SubIOp>(loc, rows, checks.constant(1));
  checks.requireInside("parents", getParents(), last, "R1");
}
