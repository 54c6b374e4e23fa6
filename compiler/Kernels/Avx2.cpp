//===- Avx2.cpp - Products of narrow numbers in 256 bits ------------------===//
//
// For AVX2: `pmaddwd` on bytes that were widened to 16 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"
#include "compiler/Kernels/Codes.h"
#include "compiler/Kernels/Halves.h"

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

static constexpr int64_t kWidenedHeights[] = {4, 1};

static SmallVector<Value> emitByShifts(OpBuilder &builder, Location loc,
                                       const ProductTile &tile) {
  return emitCodes(builder, loc, tile, {/*lanes=*/8, /*sums=*/8, ""});
}

const ProductKernel seqc::kCodesAvx2{
    "codes-avx2", ProductTypes::Codes, seq::CpuFeature::Avx2, 256,
    kByteUnit,    kWidenedHeights,     emitByShifts};

static SmallVector<Value> emitWidened(OpBuilder &builder, Location loc,
                                      const ProductTile &tile) {
  return emitHalves(builder, loc, tile, {/*lanes=*/8, /*sums=*/8});
}

const ProductKernel seqc::kHalvesAvx2{"halves-avx2",
                                      ProductTypes::Halves,
                                      seq::CpuFeature::Avx2,
                                      256,
                                      kHalfUnit,
                                      kWidenedHeights,
                                      emitWidened};
