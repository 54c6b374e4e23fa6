//===- Sse2.cpp - Products of narrow numbers in 128 bits ------------------===//
//
// For every x86-64: `pmaddwd` on bytes that were widened to 16 bits.
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
  return emitBytes(builder, loc, tile, wordSteps(4, "llvm.x86.sse2.pmadd.wd"));
}

const ProductKernel seqc::kBytesSse2{"bytes-sse2",
                                     ProductTypes::Bytes,
                                     seq::CpuFeature::None,
                                     0,
                                     kByteUnit,
                                     kHeights,
                                     emit};

static constexpr int64_t kWidenedHeights[] = {4, 1};

static SmallVector<Value> emitByShifts(OpBuilder &builder, Location loc,
                                       const ProductTile &tile) {
  return emitCodes(builder, loc, tile, {/*lanes=*/4, /*sums=*/8, ""});
}

const ProductKernel seqc::kCodesSse2{
    "codes-sse2", ProductTypes::Codes, seq::CpuFeature::None, 0,
    kByteUnit,    kWidenedHeights,     emitByShifts};

static SmallVector<Value> emitWidened(OpBuilder &builder, Location loc,
                                      const ProductTile &tile) {
  return emitHalves(builder, loc, tile, {/*lanes=*/4, /*sums=*/8});
}

const ProductKernel seqc::kHalvesSse2{
    "halves-sse2",   ProductTypes::Halves, seq::CpuFeature::None, 0, kHalfUnit,
    kWidenedHeights, emitWidened};
