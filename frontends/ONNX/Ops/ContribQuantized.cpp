//===- ContribQuantized.cpp - Quantized products of com.microsoft ---------===//

#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/Matchers.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

/// An element of a tensor that may have none; zero then.
static Number readUnlessEmpty(Emitter &e, Tensor tensor,
                              ArrayRef<Number> position) {
  return loadUnlessEmpty(e, tensor, position).as(getComputeType(tensor.type));
}

/// Code `number` of those of `bits` bits each that follow each other, lowest
/// bits first, in bytes; `byte`, of type int32, is the one that holds it.
static Number unpackCode(Number byte, Number number, int64_t bits) {
  Number shift = (number % (8 / bits) * bits).as(DataType::Int32);
  return byte.apply<mlir::arith::ShRUIOp>(Value(shift)) &
         byte.constantLike((1 << bits) - 1);
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
  int64_t perByte = w.countPerByte();
  // Number `i` of those that follow each other from byte `start` on.
  auto unpack = [&](Tensor from, Number start, Number i) {
    Number byte = read(e, from, {start + i / perByte});
    return unpackCode(byte.as(DataType::Int32), i, w.bits).as(type);
  };
  Extents sizes = {e.fixed(w.depth), e.fixed(w.width)};
  return define(e, type, sizes, [&](ArrayRef<Number> at) {
    Number k = at[0], n = at[1], inRow = k / w.block;
    Number first = n * w.countBlocks();
    Number code =
        unpack(w.codes, (first + inRow) * w.countBytes(), k % w.block);
    // Scale and zero point of another block, if the rows were sorted.
    if (w.order)
      inRow = makeSafe(read(e, w.order, {k}).toIndex(), w.countBlocks()).index;
    Number group = first + inRow, zero = code.constantLike(1 << (w.bits - 1));
    if (w.hasRawZeros())
      zero = read(e, w.zeros, {group}).as(type);
    else if (w.zeros)
      zero = unpack(w.zeros, n * w.countZeroBytes(), inRow);
    return (code - zero) * read(e, w.scales, {group}).as(type);
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
  mlir::OpFoldResult n = e.fixed(w.width);
  rows = e.castShape(rows, {rows.getShape()[0], w.depth});
  auto perBlock = [&](Tensor x) {
    return e.convert(e.reshape(x, {n, e.fixed(w.countBlocks())}),
                     DataType::Float);
  };
  Tensor codes =
      e.reshape(w.codes, {n, e.fixed(w.countBlocks() * w.countBytes())});
  Value zeros;
  if (w.hasRawZeros())
    zeros = perBlock(w.zeros).value;
  else if (w.zeros && !areMiddle(w))
    zeros = e.reshape(w.zeros, {n, e.fixed(w.countZeroBytes())}).value;
  auto type = mlir::RankedTensorType::get({rows.getShape()[0], w.width},
                                          e.storage(DataType::Float));
  Value product = seq::BlockwiseMatmulOp::create(
      b, e.getLoc(), type, rows.value, codes.value, perBlock(w.scales).value,
      zeros, w.bits, w.block, /*is_signed=*/false);
  return e.withExtents(product, DataType::Float, {e.extent(rows, 0), n});
}

/// MatMulNBits: blocks of a row of the weight share scale and zero point.
static LogicalResult convertMatMulNBits(Node &node, Emitter &e) {
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
  int64_t blocks = w.countBlocks();
  auto check = [&](Tensor x, int64_t count, StringRef what) {
    if (!x ||
        (x.getType().hasStaticShape() && x.getType().getNumElements() == count))
      return success();
    return node.error(what + " does not have the " + Twine(count) +
                      " elements that its sizes require");
  };
  if (failed(check(w.codes, w.width * blocks * w.countBytes(), "its weight")) ||
      failed(check(w.scales, w.width * blocks, "its scale")) ||
      failed(check(w.zeros,
                   w.width * (w.hasRawZeros() ? blocks : w.countZeroBytes()),
                   "its zero point")) ||
      failed(check(w.order, w.depth, "its order of groups")))
    return failure();
  if (w.order)
    e.requireIndices(w.order, e.fixed(blocks), "a group",
                     /*fromEnd=*/false);
  for (Tensor *x : {&w.codes, &w.scales, &w.zeros, &w.order})
    if (*x)
      *x = e.reshape(*x, {e.fixed(x->getType().getNumElements())});
  DataType type = getComputeType(a.type);
  Extents sizes = e.extents(a), lead(sizes.begin(), sizes.end() - 1);
  if (!e.requireEqual(sizes.back(), e.fixed(w.depth),
                      "the depth of the first factor"))
    return failure();
  Tensor rows = e.convert(e.reshape(a, {e.product(lead), sizes.back()}), type);
  Tensor product =
      hasKernel(w, type)
          ? multiplyByCodes(e, rows, w)
          : e.contract(rows, "mk", dequantize(e, w, type), "kn", "mn");
  if (bias)
    product = add(e, product, e.convert(bias, type));
  return node.give(restoreRows(e, e.convert(product, a.type), a));
}

/// GatherBlockQuantized: parts of a table whose numbers are held in blocks
/// along one dimension, as codes of 4 or 8 bits with scale and zero point.
static LogicalResult convertGatherBlockQuantized(Node &node, Emitter &e) {
  Tensor table = node.getInput(0), indices = node.getInput(1);
  Tensor scales = node.getInput(2), zeros = node.getInput(3);
  int64_t bits = node.getInt("bits", 4), block = node.getInt("block_size", 128);
  int64_t axis = node.getAxis("gather_axis", 0, table.getRank()),
          along = node.getAxis("quantize_axis", 1, table.getRank());
  // Bytes hold their codes along the last dimension, the first in the low bits.
  bool isPacked = table.type == DataType::UInt8 && bits != 8;
  int64_t perByte = isPacked ? 8 / std::max<int64_t>(bits, 1) : 1;
  int64_t last = table.getRank() - 1;
  if ((isPacked && bits != 2 && bits != 4) || block <= 0 ||
      (isPacked && along != last) || getBitWidth(table.type) > 8 ||
      scales.getRank() != table.getRank() ||
      (zeros && zeros.getRank() != table.getRank()))
    return node.error(
        "its table is " + getName(table.type) + " of rank " +
        Twine(table.getRank()) + " with " + Twine(bits) + " bits, blocks of " +
        Twine(block) + " along dimension " + Twine(along) +
        " and a scale of rank " + Twine(scales.getRank()) +
        "; required are integers of at most 8 bits, packed ones in blocks "
        "along the last dimension, and scales and zero points of equal rank");
  e.requireIndices(indices, e.extent(table, axis), "an index");
  Extents whole = e.extents(table);
  whole[last] = Number(e, whole[last]) * perByte;
  auto countGroups = [](Number all, int64_t each) {
    return (all + (each - 1)) / each;
  };
  for (int64_t d = 0; d <= last; ++d) {
    Number wanted(e, whole[d]);
    if (d == along)
      wanted = countGroups(wanted, block);
    e.requireEqual(e.extent(scales, d), wanted, "an extent of its scale");
    if (d == last)
      wanted = countGroups(wanted, perByte);
    if (zeros)
      e.requireEqual(e.extent(zeros, d), wanted, "an extent of its zero point");
  }
  int64_t rank = indices.getRank();
  Extents sizes(whole.begin(), whole.begin() + axis);
  llvm::append_range(sizes, e.extents(indices));
  sizes.append(whole.begin() + axis + 1, whole.end());
  DataType type = getComputeType(scales.type);
  auto code = [&](Tensor from, SmallVector<Number> at) {
    Number last = at.back();
    if (!isPacked)
      return readUnlessEmpty(e, from, at).as(type);
    at.back() = last / perByte;
    Number word = readUnlessEmpty(e, from, at).as(DataType::Int32);
    return unpackCode(word, last, bits).as(type);
  };
  // Without zero points unsigned codes lie around the middle.
  double middle =
      isPacked || table.type == DataType::UInt8 ? 1 << (bits - 1) : 0;
  return node.give(define(e, scales.type, sizes, [&](ArrayRef<Number> at) {
    Number row = makeSafe(read(e, indices, at.slice(axis, rank)).toIndex(),
                          e.extentValue(table, axis))
                     .index;
    SmallVector<Number> position(at.take_front(axis));
    position.push_back(row);
    llvm::append_range(position, at.drop_front(axis + rank));
    SmallVector<Number> group = position;
    group[along] = group[along] / block;
    Number number =
        code(table, position) - (zeros ? code(zeros, group) : Number(middle));
    return number * readUnlessEmpty(e, scales, group).as(type);
  }));
}

/// Gives `a` times input 1, whose zero point and what is added to the product
/// are the inputs `zero` and `bias`.
static LogicalResult multiplyBy(Node &node, QuantizedSide a, Tensor scaleA,
                                Tensor scaleB, size_t zero, size_t bias) {
  Tensor b = node.getInput(1);
  if (b.getRank() != 2 || a.numbers.getRank() < 1)
    return node.unsupported("a factor of rank " + Twine(b.getRank()) +
                            " is not supported");
  return node.give(multiplyScaled(node, a, {b, node.getInput(zero)}, scaleA,
                                  scaleB, node.getInput(bias)));
}

/// The first factor is quantized to uint8 by its own range.
static LogicalResult convertDynamicQuantizeMatMul(Node &node, Emitter &e) {
  Tensor a = node.getInput(0);
  if (a.type != DataType::Float)
    return node.unsupported("a factor of " + getName(a.type) +
                            " is not supported");
  auto [bytes, by] = quantizeByRange(e, a);
  return multiplyBy(node, {bytes, by.zero}, by.scale, node.getInput(2), 3, 4);
}

static LogicalResult convertMatMulIntegerToFloat(Node &node, Emitter &) {
  return multiplyBy(node, {node.getInput(0), node.getInput(4)},
                    node.getInput(2), node.getInput(3), 5, 6);
}

void registerContribQuantizedOps(Registry &registry) {
  registry.addContrib({
      {"MatMulNBits", 1, 3, 6, convertMatMulNBits,
       takes(kAny.atLeast(1), kAny, kAny, kAny, kInt32, kAny(1))},
      {"GatherBlockQuantized", 1, 3, 4, convertGatherBlockQuantized,
       takes(kIntegers.atLeast(1), kIntegers, kFloats, kSame)},
      {"DynamicQuantizeMatMul", 1, 3, 5, convertDynamicQuantizeMatMul,
       takes(kAny, kBytes, kFloats, likeInput(1)(0, 1)),
       "second factors above rank 2"},
      {"MatMulIntegerToFloat", 1, 4, 7, convertMatMulIntegerToFloat,
       takes(kBytes, kBytes, kFloats, kFloats, kSame(0, 1), likeInput(1)(0, 1)),
       "second factors above rank 2"},
  });
}

} // namespace seqc::onnx
