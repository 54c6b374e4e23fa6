//===- Avx2.cpp - Products of bytes in 256 bits ---------------------------===//
//
// For AVX2: `pmaddwd` on bytes that were widened to 16 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"

using namespace mlir;
using namespace seqc;

static constexpr int64_t kHeights[] = {2, 1};

static SmallVector<Value> emit(OpBuilder &builder, Location loc,
                               const ProductTile &tile) {
  return emitBytes(builder, loc, tile, wordSteps(8, "llvm.x86.avx2.pmadd.wd"));
}

const ProductKernel seqc::kBytesAvx2{
    "bytes-avx2", ProductTypes::Bytes, seq::CpuFeature::Avx2,
    256,          kByteUnit,           kHeights,
    emit};
