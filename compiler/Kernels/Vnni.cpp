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

/// Four bytes, repeated for each of `lanes` columns.
template <int64_t lanes>
static Value spread(OpBuilder &builder, Location loc, Value bytes) {
  Type i32 = builder.getI32Type();
  Value one =
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, i32), bytes);
  Value all = vector::BroadcastOp::create(
      builder, loc, VectorType::get({lanes}, i32),
      vector::ExtractOp::create(builder, loc, one, 0).getResult());
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({lanes * kByteUnit}, builder.getI8Type()),
      all);
}

template <int64_t lanes>
static void step(OpBuilder &builder, Location loc, Value left, Value panel,
                 MutableArrayRef<Value> sums) {
  StringRef name = lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512"
                               : "llvm.x86.avx512.vpdpbusd.256";
  sums[0] = callIntrinsic(builder, loc, name, sums[0].getType(),
                          {sums[0], left, panel});
}

static Value finish(OpBuilder &, Location, ArrayRef<Value> sums) {
  return sums[0];
}

static SmallVector<Value> emitVnni(OpBuilder &builder, Location loc,
                                   const ProductTile &tile) {
  return emitBytes(
      builder, loc, tile,
      {/*lanes=*/16, /*sums=*/1, /*strips=*/4, spread<16>, step<16>, finish});
}

static SmallVector<Value> emitAvxVnni(OpBuilder &builder, Location loc,
                                      const ProductTile &tile) {
  return emitBytes(
      builder, loc, tile,
      {/*lanes=*/8, /*sums=*/1, /*strips=*/4, spread<8>, step<8>, finish});
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
