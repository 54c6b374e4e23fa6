//===- ContribQuantized.cpp - Quantized products of com.microsoft ---------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"
#include "frontends/ONNX/Registry.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

/// Code `number` of those of `bits` bits each that follow each other, lowest
/// bits first, in bytes; `byte`, of type int32, is the one that holds it.
static Value unpackCode(Scalars &s, Value byte, Value number, int64_t bits) {
  Value place = s.remIndex(number, s.index(8 / bits));
  Value shift = s.fromIndex(DataType::Int32, s.mulIndex(place, s.index(bits)));
  return s.op<mlir::arith::AndIOp>(
      s.op<mlir::arith::ShRUIOp>(byte, shift),
      s.constantInteger(DataType::Int32, (1 << bits) - 1));
}

/// a [..., K] times b [K, N].
static Tensor multiplyRows(Emitter &e, Tensor a, Tensor b) {
  Extents sizes = e.extents(a), lead(sizes.begin(), sizes.end() - 1);
  Tensor rows = e.reshape(a, {e.product(lead), sizes.back()});
  Tensor product = e.contract(rows, "mk", b, "kn", "mn");
  sizes.back() = e.extent(b, 1);
  return e.reshape(product, sizes);
}

namespace {
/// The weight of MatMulNBits: codes in blocks along the depth, each with a scale
/// and a zero point. Tensors are flat.
struct BlockedWeight {
  Tensor codes, scales, zeros;
  /// The block of each row whose scale and zero point it has, if that is not its
  /// own.
  Tensor order;
  int64_t depth, width, bits, block;

  int64_t countBlocks() const { return (depth + block - 1) / block; }
  int64_t countPerByte() const { return 8 / bits; }
  /// Bytes of the codes of a block, and of the zero points of a column.
  int64_t countBytes() const { return block / countPerByte(); }
  int64_t countZeroBytes() const {
    return (countBlocks() + countPerByte() - 1) / countPerByte();
  }
  bool hasRawZeros() const { return zeros && isFloat(zeros.type); }
};
} // namespace

/// The numbers of a weight, [K, N].
static Tensor dequantize(Emitter &e, const BlockedWeight &w, DataType type) {
  mlir::OpBuilder &b = e.getBuilder();
  int64_t perByte = w.countPerByte();
  // Number `i` of those that follow each other from byte `start` on.
  auto unpack = [&](Scalars &s, Tensor from, Value start, Value i) {
    Value byte =
        e.load(from, {s.addIndex(start, s.divIndex(i, s.index(perByte)))});
    return s.convert(
        DataType::Int32, type,
        unpackCode(s, s.convert(DataType::UInt8, DataType::Int32, byte), i,
                   w.bits));
  };
  return e.generate(
      type, {b.getIndexAttr(w.depth), b.getIndexAttr(w.width)},
      [&](Scalars &s, ValueRange at) {
        Value k = at[0], n = at[1], blocks = s.index(w.countBlocks());
        Value inRow = s.divIndex(k, s.index(w.block));
        Value first = s.mulIndex(n, blocks);
        Value q = unpack(
            s, w.codes,
            s.mulIndex(s.addIndex(first, inRow), s.index(w.countBytes())),
            s.remIndex(k, s.index(w.block)));
        // Scale and zero point of another block, if the rows were sorted.
        if (w.order)
          inRow = makeSafe(s, s.toIndex(DataType::Int32, e.load(w.order, {k})),
                           blocks)
                      .index;
        Value group = s.addIndex(first, inRow);
        Value zero = s.constant(type, 1 << (w.bits - 1));
        if (w.hasRawZeros())
          zero = s.convert(getComputeType(w.zeros.type), type,
                           e.loadWide(w.zeros, {group}));
        else if (w.zeros)
          zero = unpack(s, w.zeros, s.mulIndex(n, s.index(w.countZeroBytes())),
                        inRow);
        Value scale = s.convert(getComputeType(w.scales.type), type,
                                e.loadWide(w.scales, {group}));
        return s.mul(type, s.sub(type, q, zero), scale);
      });
}

/// Whether kernels read the codes of a weight as they are stored.
static bool hasKernel(const BlockedWeight &w, DataType type) {
  return !w.order && type == DataType::Float &&
         w.codes.type == DataType::UInt8 && w.block * w.bits % 32 == 0 &&
         (!w.zeros || w.hasRawZeros() || w.zeros.type == DataType::UInt8);
}

/// Whether zero points are those that absent ones stand for.
static bool areMiddle(const BlockedWeight &w) {
  mlir::DenseIntElementsAttr value;
  if (w.hasRawZeros() ||
      !matchPattern(w.zeros.value, mlir::m_Constant(&value)) ||
      !value.isSplat())
    return false;
  unsigned byte = 0;
  for (int64_t bit = w.bits - 1; bit < 8; bit += w.bits)
    byte |= 1u << bit;
  return value.getSplatValue<APInt>() == byte;
}

/// Rows [M, K] times a weight, by kernels that read its codes.
static Tensor multiplyByCodes(Emitter &e, Tensor rows, const BlockedWeight &w) {
  mlir::OpBuilder &b = e.getBuilder();
  mlir::OpFoldResult n = b.getIndexAttr(w.width);
  rows = e.castShape(rows, {rows.getShape()[0], w.depth});
  auto perBlock = [&](Tensor x) {
    return e.convert(e.reshape(x, {n, b.getIndexAttr(w.countBlocks())}),
                     DataType::Float);
  };
  Tensor codes =
      e.reshape(w.codes, {n, b.getIndexAttr(w.countBlocks() * w.countBytes())});
  Value zeros;
  if (w.hasRawZeros())
    zeros = perBlock(w.zeros).value;
  else if (w.zeros && !areMiddle(w))
    zeros = e.reshape(w.zeros, {n, b.getIndexAttr(w.countZeroBytes())}).value;
  auto type = mlir::RankedTensorType::get({rows.getShape()[0], w.width},
                                          e.storage(DataType::Float));
  Value product = seq::BlockwiseMatmulOp::create(
      b, e.getLoc(), type, rows.value, codes.value, perBlock(w.scales).value,
      zeros, w.bits, w.block, /*is_signed=*/false);
  e.setExtents(product, {e.extent(rows, 0), n});
  return Tensor{product, DataType::Float};
}

/// MatMulNBits: blocks of a row of the weight share scale and zero point.
static LogicalResult convertMatMulNBits(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  Tensor a = node.getInput(0), bias = node.getInput(5);
  BlockedWeight w{node.getInput(1),       node.getInput(2),
                  node.getInput(3),       node.getInput(4),
                  node.getInt("K", 0),    node.getInt("N", 0),
                  node.getInt("bits", 4), node.getInt("block_size", 0)};
  // The least accuracy that is asked for; the products are of float32.
  (void)node.getInt("accuracy_level", 0);
  if (w.depth <= 0 || w.width <= 0 || w.block <= 0 ||
      (w.bits != 2 && w.bits != 4 && w.bits != 8) || w.block % 8 != 0)
    return node.error("its sizes are K " + Twine(w.depth) + ", N " +
                      Twine(w.width) + ", " + Twine(w.bits) +
                      " bits and blocks of " + Twine(w.block) +
                      "; required are 2, 4 or 8 bits and a multiple of 8");
  if (failed(node.requireRank(0, 1, kMostRank)) ||
      failed(node.requireRanks({5}, 1)))
    return failure();
  int64_t blocks = w.countBlocks();
  auto check = [&](Tensor x, int64_t count, StringRef what) {
    if (!x ||
        (x.getType().hasStaticShape() && x.getType().getNumElements() == count))
      return success();
    return node.error(what + " does not have the " + Twine(count) +
                      " elements that its sizes require");
  };
  if (w.order && w.order.type != DataType::Int32)
    return node.error("its order of groups is " + getName(w.order.type) +
                      "; required is int32");
  if (failed(check(w.codes, w.width * blocks * w.countBytes(), "its weight")) ||
      failed(check(w.scales, w.width * blocks, "its scale")) ||
      failed(check(w.zeros,
                   w.width * (w.hasRawZeros() ? blocks : w.countZeroBytes()),
                   "its zero point")) ||
      failed(check(w.order, w.depth, "its order of groups")))
    return failure();
  if (w.order)
    e.requireIndices(w.order, b.getIndexAttr(blocks), "a group",
                     /*fromEnd=*/false);
  for (Tensor *x : {&w.codes, &w.scales, &w.zeros, &w.order})
    if (*x)
      *x = e.reshape(*x, {b.getIndexAttr(x->getType().getNumElements())});
  DataType type = getComputeType(a.type);
  Extents sizes = e.extents(a), lead(sizes.begin(), sizes.end() - 1);
  if (!e.requireEqual(sizes.back(), b.getIndexAttr(w.depth),
                      "the depth of the first factor"))
    return failure();
  Tensor rows = e.convert(e.reshape(a, {e.product(lead), sizes.back()}), type);
  Tensor product =
      hasKernel(w, type)
          ? multiplyByCodes(e, rows, w)
          : e.contract(rows, "mk", dequantize(e, w, type), "kn", "mn");
  if (bias)
    product = e.elementwise(
        type, {product, e.convert(bias, type)},
        [&](Scalars &s, ValueRange x) { return s.add(type, x[0], x[1]); });
  node.setOutput(0, restoreRows(e, e.convert(product, a.type), a));
  return success();
}

/// GatherBlockQuantized: parts of a table whose numbers are held in blocks
/// along one dimension, as codes of 4 or 8 bits with scale and zero point.
static LogicalResult convertGatherBlockQuantized(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor table = node.getInput(0), indices = node.getInput(1);
  Tensor scales = node.getInput(2), zeros = node.getInput(3);
  int64_t bits = node.getInt("bits", 4), block = node.getInt("block_size", 128);
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("gather_axis", 0), table.getRank());
  std::optional<int64_t> along =
      node.getAxis(node.getInt("quantize_axis", 1), table.getRank());
  if (!axis || !along)
    return failure();
  // Bytes hold their codes along the last dimension, the first in the low bits.
  bool isPacked = table.type == DataType::UInt8 && bits != 8;
  int64_t perByte = isPacked ? 8 / std::max<int64_t>(bits, 1) : 1;
  int64_t last = table.getRank() - 1;
  if ((isPacked && bits != 2 && bits != 4) || block <= 0 ||
      (isPacked && *along != last) || !isInteger(table.type) ||
      getBitWidth(table.type) > 8 || !isInteger(indices.type) ||
      scales.getRank() != table.getRank() || !isFloat(scales.type) ||
      (zeros &&
       (zeros.type != table.type || zeros.getRank() != table.getRank())))
    return node.error(
        "its table is " + getName(table.type) + " of rank " +
        Twine(table.getRank()) + " with " + Twine(bits) + " bits, blocks of " +
        Twine(block) + " along dimension " + Twine(*along) +
        " and a scale of rank " + Twine(scales.getRank()) +
        "; required are integers of at most 8 bits, packed ones in blocks "
        "along the last dimension, and scales and zero points of equal rank");
  e.requireIndices(indices, e.extent(table, *axis), "an index");
  Scalars outer = e.scalars();
  Extents whole = e.extents(table);
  whole[last] = outer.mulIndex(e.toValue(whole[last]), outer.index(perByte));
  whole = e.simplify(whole);
  for (int64_t d = 0; d <= last; ++d) {
    mlir::OpFoldResult wanted = whole[d];
    if (d == *along)
      wanted = e.simplify({outer.divIndex(
          outer.addIndex(e.toValue(wanted), outer.index(block - 1)),
          outer.index(block))})[0];
    e.requireEqual(e.extent(scales, d), wanted, "an extent of its scale");
    if (zeros && d == last)
      wanted = e.simplify({outer.divIndex(
          outer.addIndex(e.toValue(wanted), outer.index(perByte - 1)),
          outer.index(perByte))})[0];
    if (zeros)
      e.requireEqual(e.extent(zeros, d), wanted, "an extent of its zero point");
  }
  int64_t rank = indices.getRank();
  Extents sizes(whole.begin(), whole.begin() + *axis);
  llvm::append_range(sizes, e.extents(indices));
  sizes.append(whole.begin() + *axis + 1, whole.end());
  DataType type = getComputeType(scales.type);
  auto code = [&](Scalars &s, Tensor from, SmallVector<Value> at) {
    Value last = at.back(), per = s.index(perByte);
    if (!isPacked)
      return s.convert(from.type, type, loadUnlessEmpty(e, from, at));
    at.back() = s.divIndex(last, per);
    Value word =
        s.convert(from.type, DataType::Int32, loadUnlessEmpty(e, from, at));
    return s.convert(DataType::Int32, type, unpackCode(s, word, last, bits));
  };
  // Without zero points unsigned codes lie around the middle.
  double middle = isPacked || table.type == DataType::UInt8
                      ? static_cast<double>(1 << (bits - 1))
                      : 0;
  node.setOutput(
      0, e.generate(scales.type, sizes, [&](Scalars &s, ValueRange at) {
        SmallVector<Value> of(at.slice(*axis, rank));
        Value row = makeSafe(s, s.toIndex(indices.type, e.load(indices, of)),
                             e.extentValue(table, *axis))
                        .index;
        SmallVector<Value> position(at.take_front(*axis));
        position.push_back(row);
        llvm::append_range(position, at.drop_front(*axis + rank));
        SmallVector<Value> group = position;
        group[*along] = s.divIndex(group[*along], s.index(block));
        Value zero = zeros ? code(s, zeros, group) : s.constant(type, middle);
        Value number = s.sub(type, code(s, table, position), zero);
        Value scale =
            s.convert(scales.type, type, loadUnlessEmpty(e, scales, group));
        return s.convert(type, scales.type, s.mul(type, number, scale));
      }));
  return success();
}

/// (a - zero of a) * (b - zero of b) * scale of a * scale of b + bias, with the
/// sums in int32.
static FailureOr<Tensor> multiplyQuantized(Node &node, QuantizedSide a,
                                           QuantizedSide b, Tensor scaleA,
                                           Tensor scaleB, Tensor bias) {
  Emitter &e = node.getEmitter();
  DataType sum = DataType::Int32, type = DataType::Float;
  auto dequantize = [&](Tensor product) {
    SmallVector<Tensor> inputs = {product, scaleA, scaleB};
    if (bias)
      inputs.push_back(bias);
    return e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
      Value y =
          s.mul(type, s.convert(sum, type, v[0]), s.mul(type, v[1], v[2]));
      return bias ? s.add(type, y, v[3]) : y;
    });
  };
  if (!isProductOfRows(a, b))
    return dequantize(multiplyRows(e, subtractZeroPoint(e, a.numbers, a.zero),
                                   subtractZeroPoint(e, b.numbers, b.zero)));
  FailureOr<Tensor> rows = multiplyRows(node, a, b);
  if (failed(rows))
    return failure();
  // What belongs to columns is the same for rows of any shape.
  bool flat = true;
  for (Tensor given : {scaleA, scaleB, bias})
    flat &= !given || given.getRank() <= 1;
  return flat ? restoreRows(e, dequantize(*rows), a.numbers)
              : dequantize(restoreRows(e, *rows, a.numbers));
}

/// DynamicQuantizeMatMul: the first factor is quantized to uint8 by its own
/// range.
static LogicalResult convertDynamicQuantizeMatMul(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor a = node.getInput(0), b = node.getInput(1);
  if (b.getRank() != 2 || a.getRank() < 1 || a.type != DataType::Float)
    return node.unsupported("a factor of rank " + Twine(b.getRank()) +
                            " is not supported");
  if (failed(node.requireRank(3, 0, 1)))
    return failure();
  auto [bytes, scale, zero] = quantizeByRange(e, a);
  FailureOr<Tensor> y =
      multiplyQuantized(node, {bytes, zero}, {b, node.getInput(3)}, scale,
                        node.getInput(2), node.getInput(4));
  if (failed(y))
    return failure();
  node.setOutput(0, *y);
  return success();
}

static LogicalResult convertMatMulIntegerToFloat(Node &node) {
  Tensor b = node.getInput(1);
  if (b.getRank() != 2 || node.getInput(0).getRank() < 1)
    return node.unsupported("a factor of rank " + Twine(b.getRank()) +
                            " is not supported");
  if (failed(node.requireRank(4, 0, 1)) || failed(node.requireRank(5, 0, 1)))
    return failure();
  FailureOr<Tensor> y = multiplyQuantized(
      node, {node.getInput(0), node.getInput(4)}, {b, node.getInput(5)},
      node.getInput(2), node.getInput(3), node.getInput(6));
  if (failed(y))
    return failure();
  node.setOutput(0, *y);
  return success();
}

void registerContribQuantizedOps(Registry &registry) {
  StringRef domain = "com.microsoft";
  registry.add({
      {"MatMulNBits", 1, 3, 6, convertMatMulNBits, "", domain},
      {"GatherBlockQuantized", 1, 3, 4, convertGatherBlockQuantized, "",
       domain},
      {"DynamicQuantizeMatMul", 1, 3, 5, convertDynamicQuantizeMatMul,
       "second factors above rank 2", domain},
      {"MatMulIntegerToFloat", 1, 4, 7, convertMatMulIntegerToFloat,
       "second factors above rank 2", domain},
  });
}

} // namespace seqc::onnx
