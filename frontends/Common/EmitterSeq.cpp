//===- EmitterSeq.cpp - Lookups, quantised numbers and caches -------------===//

#include "frontends/Common/Emitter.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;

namespace seqc::frontend {

Tensor Emitter::lookUp(Tensor ids, Tensor table, bool fromEnd) {
  Extents sizes = extents(ids);
  llvm::append_range(sizes, ArrayRef(extents(table)).drop_front());
  Value result = seq::EmbeddingOp::create(
      builder, loc, typeOf(sizes, table.type), ids.value, table.value, fromEnd);
  return withExtents(result, table.type, sizes);
}

std::optional<Emitter::Scale> Emitter::findScale(Tensor x, Tensor scale,
                                                 Tensor zero) {
  std::optional<int64_t> axis;
  for (Tensor given : {scale, zero})
    for (int64_t dim = 0; given && dim < given.getRank(); ++dim) {
      int64_t own = dim + x.getRank() - given.getRank();
      if (given.getShape()[dim] == 1)
        continue;
      if (own < 0 || (axis && *axis != own))
        return std::nullopt;
      axis = own;
    }
  auto flatten = [&](Tensor given) {
    if (!given)
      return given;
    Extents sizes;
    if (axis)
      sizes.push_back(
          given.getRank() == 0
              ? fixed(1)
              : extent(given, *axis + given.getRank() - x.getRank()));
    return reshape(given, sizes);
  };
  Scale result{flatten(scale), flatten(zero), axis};
  // What is one number beside one for each index is repeated.
  for (Tensor *given : {&result.scale, &result.zero})
    if (*given && axis)
      *given = broadcastTo(*given, {extent(x, *axis)});
  return result;
}

template <typename Op>
Tensor Emitter::rescale(Tensor x, const Scale &by, DataType type,
                        bool isUnsigned) {
  Extents sizes = extents(x);
  Value result = Op::create(
      builder, loc, typeOf(sizes, type), x.value, by.scale.value, by.zero.value,
      by.axis ? builder.getI64IntegerAttr(*by.axis) : IntegerAttr(),
      /*block=*/IntegerAttr(), isUnsigned);
  return withExtents(result, type, sizes);
}

Tensor Emitter::quantize(Tensor x, const Scale &by, DataType type) {
  return rescale<seq::QuantizeOp>(x, by, type, isUnsigned(type));
}

Tensor Emitter::dequantize(Tensor x, const Scale &by, DataType type) {
  return rescale<seq::DequantizeOp>(x, by, type, isUnsigned(x.type));
}

Tensor Emitter::append(Tensor cache, Tensor entries, Value position,
                       int64_t axis, bool circular) {
  Extents sizes = extents(cache);
  Value result =
      seq::CacheAppendOp::create(builder, loc, cache.getType(), cache.value,
                                 entries.value, position, axis, circular);
  return withExtents(result, cache.type, sizes);
}

Tensor Emitter::readEntries(Tensor cache, int64_t axis, OpFoldResult begin,
                            OpFoldResult count) {
  Extents sizes = extents(cache);
  sizes[axis] = simplify({count})[0];
  Value result = seq::CacheReadOp::create(
      builder, loc, typeOf(sizes, cache.type), cache.value, toValue(begin),
      toValue(count), axis);
  return withExtents(result, cache.type, sizes);
}

Tensor Emitter::reorder(Tensor cache, Tensor parents,
                        std::optional<int64_t> axis) {
  Extents sizes = extents(cache);
  sizes[0] = extent(parents, 0);
  Value result = seq::CacheReorderOp::create(
      builder, loc, typeOf(sizes, cache.type), cache.value, parents.value,
      axis ? builder.getI64IntegerAttr(*axis) : IntegerAttr());
  return withExtents(result, cache.type, sizes);
}

} // namespace seqc::frontend
