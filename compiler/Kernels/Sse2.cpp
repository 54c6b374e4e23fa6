//===- Sse2.cpp - Products of bytes in 128 bits ---------------------------===//
//
// For every x86-64: `pmaddwd` on bytes that were widened to 16 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"

using namespace mlir;
using namespace seqc;

static constexpr int64_t kLanes = 4, kHeights[] = {2, 1};

static Value spread(OpBuilder &builder, Location loc, Value bytes) {
  return spreadWords(builder, loc, bytes, kLanes);
}

static void step(OpBuilder &builder, Location loc, Value left, Value panel,
                 MutableArrayRef<Value> sums) {
  stepWords(builder, loc, "llvm.x86.sse2.pmadd.wd", left, panel, sums);
}

static SmallVector<Value> emit(OpBuilder &builder, Location loc,
                               const ProductTile &tile) {
  return emitBytes(
      builder, loc, tile,
      {kLanes, /*sums=*/2, /*strips=*/2, spread, step, finishWords});
}

const ProductKernel seqc::kBytesSse2{"bytes-sse2",
                                     ProductTypes::Bytes,
                                     seq::CpuFeature::None,
                                     0,
                                     kByteUnit,
                                     kHeights,
                                     emit};
