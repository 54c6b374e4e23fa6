//===- Avx512.cpp - Products of narrow numbers in 512 bits ----------------===//
//
// For AVX-512 without VNNI: `pmaddwd` on bytes that were widened to 16 bits.
// Codes of up to four bits become floats by a permutation of a table, bf16 by a
// shift or a mask.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"
#include "compiler/Kernels/Codes.h"
#include "compiler/Kernels/Halves.h"

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

// Eight rows by two strips hide what the weights cost behind multiply-adds.
static constexpr int64_t kWidenedHeights[] = {8, 4, 2, 1};

static SmallVector<Value> emitByTable(OpBuilder &builder, Location loc,
                                      const ProductTile &tile) {
  return emitCodes(
      builder, loc, tile,
      {/*lanes=*/16, /*sums=*/16, "llvm.x86.avx512.permvar.sf.512"});
}

const ProductKernel seqc::kCodesAvx512{"codes-avx512",
                                       ProductTypes::Codes,
                                       seq::CpuFeature::Avx512,
                                       512,
                                       kByteUnit,
                                       kWidenedHeights,
                                       emitByTable};

static SmallVector<Value> emitWidened(OpBuilder &builder, Location loc,
                                      const ProductTile &tile) {
  return emitHalves(builder, loc, tile, {/*lanes=*/16, /*sums=*/16});
}

const ProductKernel seqc::kHalvesAvx512{"halves-avx512",
                                        ProductTypes::Halves,
                                        seq::CpuFeature::Avx512,
                                        512,
                                        kHalfUnit,
                                        kWidenedHeights,
                                        emitWidened};
