//===- Avx2.cpp - Products of bytes in 256 bits ---------------------------===//
//
// For AVX2: `pmaddwd` on bytes that were widened to 16 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"

using namespace mlir;
using namespace seqc;

static constexpr int64_t kLanes = 8, kHeights[] = {2, 1};

static Value spread(OpBuilder &builder, Location loc, Value bytes) {
  return spreadWords(builder, loc, bytes, kLanes);
}

static void step(OpBuilder &builder, Location loc, Value left, Value panel,
                 MutableArrayRef<Value> sums) {
  stepWords(builder, loc, "llvm.x86.avx2.pmadd.wd", left, panel, sums);
}

static SmallVector<Value> emit(OpBuilder &builder, Location loc,
                               const ProductTile &tile) {
  return emitBytes(
      builder, loc, tile,
      {kLanes, /*sums=*/2, /*strips=*/2, spread, step, finishWords});
}

const ProductKernel seqc::kBytesAvx2{
    "bytes-avx2", ProductTypes::Bytes, seq::CpuFeature::Avx2,
    256,          kByteUnit,           kHeights,
    emit};
