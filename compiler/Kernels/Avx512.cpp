//===- Avx512.cpp - Products of bytes in 512 bits -------------------------===//
//
// For AVX-512 without VNNI: `pmaddwd` on bytes that were widened to 16 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"

using namespace mlir;
using namespace seqc;

static constexpr int64_t kHeights[] = {4, 3, 2, 1};

static SmallVector<Value> emit(OpBuilder &builder, Location loc,
                               const ProductTile &tile) {
  return emitBytes(builder, loc, tile,
                   wordSteps(16, "llvm.x86.avx512.pmaddw.d.512"));
}

const ProductKernel seqc::kBytesAvx512{"bytes-avx512",
                                       ProductTypes::Bytes,
                                       seq::CpuFeature::Avx512,
                                       512,
                                       kByteUnit,
                                       kHeights,
                                       emit};
