//===- Vnni.cpp - Products of bytes by one instruction --------------------===//
//
// `vpdpbusd` multiplies four unsigned by four signed bytes and adds all four
// products to a sum of 32 bits, exactly.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/Bytes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace seqc;

/// Four bytes, repeated for each column.
static Value spread(OpBuilder &builder, Location loc, const ByteSteps &steps,
                    Value bytes) {
  Type i32 = builder.getI32Type();
  Value one =
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, i32), bytes);
  Value all = vector::BroadcastOp::create(
      builder, loc, VectorType::get({steps.lanes}, i32),
      vector::ExtractOp::create(builder, loc, one, 0).getResult());
  return vector::BitCastOp::create(
      builder, loc,
      VectorType::get({steps.lanes * kByteUnit}, builder.getI8Type()), all);
}

static void step(OpBuilder &builder, Location loc, const ByteSteps &steps,
                 Value left, Value panel, MutableArrayRef<Value> sums) {
  sums[0] = callIntrinsic(builder, loc, steps.intrinsic, sums[0].getType(),
                          {sums[0], left, panel});
}

static Value finish(OpBuilder &, Location, ArrayRef<Value> sums) {
  return sums[0];
}

static SmallVector<Value> emitVnni(OpBuilder &builder, Location loc,
                                   const ProductTile &tile) {
  return emitBytes(builder, loc, tile,
                   {/*lanes=*/16, /*sums=*/1, /*strips=*/4,
                    "llvm.x86.avx512.vpdpbusd.512", spread, step, finish});
}

static SmallVector<Value> emitAvxVnni(OpBuilder &builder, Location loc,
                                      const ProductTile &tile) {
  return emitBytes(builder, loc, tile,
                   {/*lanes=*/8, /*sums=*/1, /*strips=*/4,
                    "llvm.x86.avx512.vpdpbusd.256", spread, step, finish});
}

// Sixteen of 32 registers hold sums; of 16 registers, eight.
static constexpr int64_t kWide[] = {4, 3, 2, 1}, kNarrow[] = {2, 1};

const ProductKernel seqc::kBytesVnni{"bytes-vnni",
                                     ProductTypes::Bytes,
                                     seq::CpuFeature::Avx512 |
                                         seq::CpuFeature::Vnni,
                                     512,
                                     kByteUnit,
                                     kWide,
                                     emitVnni};
const ProductKernel seqc::kBytesAvxVnni{"bytes-avxvnni",
                                        ProductTypes::Bytes,
                                        seq::CpuFeature::Avx2 |
                                            seq::CpuFeature::AvxVnni,
                                        256,
                                        kByteUnit,
                                        kNarrow,
                                        emitAvxVnni};
