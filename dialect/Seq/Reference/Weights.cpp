//===- Weights.cpp - Weight references, packing and packed products -------===//

#include "dialect/Seq/Reference/Contraction.h"
#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;

namespace seqc::reference {

/// Reads the elements that a weight names.
static llvm::Expected<Tensor> readWeight(Interpreter &interpreter,
                                         seq::WeightOp weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  std::optional<ElementKind> kind = getElementKind(type);
  std::optional<ElementKind> stored =
      weight.getStored() ? getElementKind(*weight.getStored()) : kind;
  if (!kind || !stored)
    return makeError(*weight, "unsupported element type");
  // Within the bounds first, so that the number of bytes cannot overflow.
  llvm::Expected<Tensor> bounded =
      interpreter.allocate(*weight, *kind, type.getShape());
  if (!bounded)
    return bounded.takeError();
  int64_t offset = static_cast<int64_t>(weight.getOffset());
  if (offset < 0)
    return makeError(*weight, "offset " + llvm::Twine(offset) + " is negative");
  std::vector<uint8_t> bytes(static_cast<size_t>(bounded->getNumElements()) *
                             getByteWidth(*stored));
  if (llvm::Error error = interpreter.getWeights().read(
          weight.getFile(), static_cast<uint64_t>(offset), bytes))
    return wrapError(*weight, std::move(error));
  llvm::Expected<Tensor> value =
      Tensor::ofBytes(*stored, type.getShape(), bytes);
  if (!value || stored == kind)
    return value;
  // Bytes are rounded.
  value->setKind(*kind);
  return Tensor::ofBytes(*kind, type.getShape(), value->toBytes());
}

static llvm::Expected<Results> evaluateWeight(Interpreter &interpreter,
                                              Operation &op,
                                              llvm::MutableArrayRef<Tensor>) {
  llvm::Expected<Tensor> value = interpreter.getCached(
      op, [&] { return readWeight(interpreter, cast<seq::WeightOp>(op)); });
  if (!value)
    return value.takeError();
  return Results{std::move(*value)};
}

/// The byte `value` as a signed number, or, in excess, its unsigned number less
/// 128.
static int64_t readByte(int64_t value, bool excess) {
  return excess ? (value & 0xff) - 128 : value;
}

static llvm::Expected<Results>
evaluatePack(Interpreter &interpreter, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  auto pack = cast<seq::PackOp>(op);
  bool transposed = pack.getTransposed(), excess = pack.getExcess();
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  int64_t matrices = static_cast<int64_t>(operands.size());
  int64_t columns = operands[0].getDim(transposed ? 1 : 0);
  int64_t depth = operands[0].getDim(transposed ? 0 : 1);
  int64_t unit = static_cast<int64_t>(pack.getUnit());
  int64_t row = type.getDimSize(3);
  if (unit < 1 || ShapedType::isDynamic(row) || row < unit || row % unit != 0)
    return makeError(op, "the panel width is not positive");
  for (auto [number, operand] : llvm::enumerate(operands))
    if (llvm::Error error =
            checkShape(op, operand.getShape(), operands[0].getShape(),
                       "operand " + llvm::Twine(number)))
      return error;
  int64_t width = row / unit, groups = llvm::divideCeil(depth, unit);
  int64_t panels = llvm::divideCeil(columns, width);
  bool getsNarrower = type.getElementType().isBF16() &&
                      operands[0].getKind() == ElementKind::F32;
  llvm::Expected<Tensor> result = interpreter.allocate(
      op, getsNarrower ? ElementKind::BF16 : operands[0].getKind(),
      {panels, groups, matrices, row});
  if (!result)
    return result.takeError();
  Scalar *to = result->mutableData();
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t matrix = 0; matrix < matrices; ++matrix)
        for (int64_t place = 0; place < row; ++place, ++to) {
          int64_t column = panel * width + place / unit;
          int64_t k = group * unit + place % unit;
          if (column >= columns || k >= depth)
            continue;
          *to = operands[matrix].data()[transposed ? k * columns + column
                                                   : column * depth + k];
          if (excess)
            to->i = readByte(to->i, excess);
          if (getsNarrower)
            to->f = llvm::bit_cast<float>(
                llvm::bit_cast<uint32_t>(static_cast<float>(to->f)) &
                0xffff0000u);
        }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateColumnSums(Interpreter &interpreter, Operation &op,
                   llvm::MutableArrayRef<Tensor> operands) {
  auto sums = cast<seq::ColumnSumsOp>(op);
  bool transposed = sums.getTransposed(), excess = sums.getExcess();
  int64_t columns = operands[0].getDim(transposed ? 1 : 0);
  int64_t depth = operands[0].getDim(transposed ? 0 : 1);
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, ElementKind::I32, {columns});
  if (!result)
    return result.takeError();
  llvm::MutableArrayRef<int64_t> to = result->mutableInts();
  for (int64_t column = 0; column < columns; ++column) {
    int64_t sum = 0;
    for (int64_t k = 0; k < depth; ++k)
      sum += readByte(operands[0].ints()[transposed ? k * columns + column
                                                    : column * depth + k],
                      excess);
    to[column] = wrapInteger(sum, 32);
  }
  return Results{std::move(*result)};
}

/// One product on top of `result`, of floats by contract(), of bytes exactly;
/// each array from an element of its own on.
static void addProduct(const Contraction &nest, const Tensor &lhs,
                       int64_t firstLhs, const Tensor &matrix, int64_t first,
                       int64_t firstOut, bool excess, Tensor &result) {
  if (lhs.isFloat()) {
    Contraction floats = nest;
    floats.a = lhs.floats().data() + firstLhs;
    floats.b = matrix.floats().data() + first;
    floats.c = result.mutableFloats().data() + firstOut;
    contract(std::move(floats));
    return;
  }
  const int64_t *a = lhs.ints().data() + firstLhs;
  const int64_t *b = matrix.ints().data() + first;
  int64_t *c = result.mutableInts().data() + firstOut;
  for (int64_t m = 0; m < nest.extents[0]; ++m)
    for (int64_t n = 0; n < nest.extents[2]; ++n) {
      int64_t &to = c[m * nest.cStrides[0] + n * nest.cStrides[2]];
      int64_t sum = to;
      for (int64_t k = 0; k < nest.extents[1]; ++k)
        sum += (a[m * nest.aStrides[0] + k * nest.aStrides[1]] & 0xff) *
               readByte(b[k * nest.bStrides[1] + n * nest.bStrides[2]], excess);
      to = wrapInteger(sum, 32);
    }
}

/// Code `number` of those that follow each other from byte `first` on, `stride`
/// bytes behind every fourth one, lowest bits first.
static int64_t readCode(const Tensor &bytes, int64_t first, int64_t number,
                        int64_t stride, int64_t bits, bool isSigned) {
  int64_t place = number * bits / 8;
  int64_t byte = bytes.ints()[first + place / 4 * stride + place % 4] & 0xff;
  int64_t code = byte >> number * bits % 8 & ((1 << bits) - 1);
  return isSigned && code >> (bits - 1) ? code - (1 << bits) : code;
}

/// Zero point `block` of a column: of codes from `first` on as readCode() takes
/// it, else the float there.
static double readZero(const Tensor *zeros, int64_t firstCode,
                       int64_t firstFloat, int64_t block, int64_t stride,
                       int64_t bits, bool isSigned) {
  if (!zeros)
    return isSigned ? 0 : 1 << (bits - 1);
  if (zeros->isFloat())
    return zeros->floats()[firstFloat];
  return static_cast<double>(
      readCode(*zeros, firstCode, block, stride, bits, isSigned));
}

static llvm::Expected<Results>
evaluatePackedCodes(Operation &op, llvm::MutableArrayRef<Tensor> operands) {
  auto product = cast<seq::PackedMatmulOp>(op);
  OperandValues values(op, operands);
  const Tensor &lhs = *values.get(product.getLhs()),
               &panels = *values.get(product.getPanels()),
               &scales = *values.get(product.getScales());
  const Tensor *zeros = values.get(product.getZeros());
  Tensor result = *values.get(product.getInits()[0]);
  auto bits = static_cast<int64_t>(product.getBits());
  bool isSigned = product.getIsSigned();
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1),
          columns = result.getDim(1);
  int64_t groups = panels.getDim(1), row = panels.getDim(3), width = row / 4;
  int64_t blocks = scales.getDim(1);
  if (groups * (32 / bits) != depth || result.getDim(0) != rows ||
      columns > panels.getDim(0) * width)
    return makeError(op, "panels have shape " + toString(panels.getShape()) +
                             " for lhs " + toString(lhs.getShape()) +
                             " and init " + toString(result.getShape()));
  for (int64_t n = 0; n < columns; ++n) {
    int64_t panel = n / width, j = n % width;
    int64_t zeroGroups = zeros ? zeros->getDim(1) : 0;
    for (int64_t k = 0; k < depth; ++k) {
      int64_t block = k / (depth / blocks);
      double weight = static_cast<double>(readCode(
          panels, panel * groups * row + 4 * j, k, row, bits, isSigned));
      weight -= readZero(zeros, panel * zeroGroups * row + 4 * j,
                         (panel * blocks + block) * width + j, block, row, bits,
                         isSigned);
      weight *= scales.floats()[(panel * blocks + block) * width + j];
      for (int64_t m = 0; m < rows; ++m)
        result.mutableFloats()[m * columns + n] +=
            lhs.floats()[m * depth + k] * weight;
    }
  }
  return Results{std::move(result)};
}

static llvm::Expected<Results>
evaluateBlockwiseMatmul(Interpreter &interpreter, Operation &op,
                        llvm::MutableArrayRef<Tensor> operands) {
  auto product = cast<seq::BlockwiseMatmulOp>(op);
  OperandValues values(op, operands);
  const Tensor &lhs = *values.get(product.getLhs()),
               &codes = *values.get(product.getCodes()),
               &scales = *values.get(product.getScales());
  const Tensor *zeros = values.get(product.getZeros());
  auto bits = static_cast<int64_t>(product.getBits()),
       block = static_cast<int64_t>(product.getBlock());
  bool isSigned = product.getIsSigned();
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1);
  int64_t columns = codes.getDim(0), bytes = codes.getDim(1);
  int64_t blocks = scales.getDim(1);
  if (depth > blocks * block)
    return makeError(op, "lhs has shape " + toString(lhs.getShape()) + " for " +
                             llvm::Twine(blocks) + " blocks of " +
                             llvm::Twine(block));
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, ElementKind::F32, {rows, columns});
  if (!result)
    return result.takeError();
  double *to = result->mutableFloats().data();
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t k = 0; k < depth; ++k) {
      int64_t zeroBytes = zeros ? zeros->getDim(1) : 0;
      double weight = static_cast<double>(
          readCode(codes, n * bytes, k, /*stride=*/4, bits, isSigned));
      weight -= readZero(zeros, n * zeroBytes, n * blocks + k / block,
                         k / block, /*stride=*/4, bits, isSigned);
      weight *= scales.floats()[n * blocks + k / block];
      for (int64_t m = 0; m < rows; ++m)
        to[m * columns + n] += lhs.floats()[m * depth + k] * weight;
    }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluatePackedMatmul(Interpreter &, Operation &op,
                     llvm::MutableArrayRef<Tensor> operands) {
  Tensor lhs = operands[0], panels = operands[1];
  llvm::MutableArrayRef<Tensor> inits = operands.drop_front(2);
  auto product = cast<seq::PackedMatmulOp>(op);
  if (product.getScales())
    return evaluatePackedCodes(op, operands);
  int64_t unit = static_cast<int64_t>(product.getUnit());
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1);
  int64_t matrices = panels.getDim(2), row = panels.getDim(3);
  int64_t groups = panels.getDim(1);
  if (unit < 1 || row % unit != 0 || groups * unit != depth ||
      matrices != static_cast<int64_t>(inits.size()))
    return makeError(op, "panels have shape " + toString(panels.getShape()) +
                             " for depth " + llvm::Twine(depth) + " and " +
                             llvm::Twine(inits.size()) + " inits");
  int64_t width = row / unit;
  // The depth of the panels is neither a row nor a column of a matrix, so each
  // of its parts is a product of its own.
  Results results;
  for (auto [matrix, init] : llvm::enumerate(inits)) {
    Tensor result = std::move(init);
    int64_t columns = result.getDim(1);
    if (result.getDim(0) != rows || columns > panels.getDim(0) * width)
      return makeError(op, "init " + llvm::Twine(matrix) + " has shape " +
                               toString(result.getShape()) + " for " +
                               llvm::Twine(rows) + " rows and " +
                               llvm::Twine(panels.getDim(0)) + " panels of " +
                               llvm::Twine(width));
    for (int64_t first = 0; first < columns; first += width)
      for (int64_t u = 0; u < unit; ++u) {
        Contraction nest;
        nest.extents = {rows, groups, std::min(width, columns - first)};
        nest.sums = {false, true, false};
        nest.aStrides = {depth, unit, 0};
        nest.bStrides = {0, matrices * row, unit};
        nest.cStrides = {columns, 0, 1};
        addProduct(nest, lhs, u, panels,
                   first / width * groups * matrices * row +
                       static_cast<int64_t>(matrix) * row + u,
                   first, /*excess=*/false, result);
      }
    results.push_back(std::move(result));
  }
  return results;
}

static llvm::Expected<Results>
evaluateMatmul(Interpreter &, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  auto product = cast<seq::MatmulOp>(op);
  size_t matrices = product.getMatrices().size();
  const Tensor &lhs = operands[0];
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1);
  int64_t columns = product.getNumColumns();
  bool transposed = product.getTransposed();
  Results results;
  for (size_t g = 0; g < matrices; ++g) {
    Tensor result = operands[1 + matrices + g];
    if (product.getDepth() != depth || result.getDim(0) != rows ||
        result.getDim(1) != columns)
      return makeError(op, "init " + llvm::Twine(g) + " has shape " +
                               toString(result.getShape()) + " for lhs " +
                               toString(lhs.getShape()) + " and matrices of " +
                               toString(operands[1 + g].getShape()));
    Contraction nest;
    nest.extents = {rows, depth, columns};
    nest.sums = {false, true, false};
    nest.aStrides = {depth, 1, 0};
    nest.bStrides = {0, transposed ? columns : 1, transposed ? 1 : depth};
    nest.cStrides = {columns, 0, 1};
    addProduct(nest, lhs, 0, operands[1 + g], 0, 0, product.getExcess(),
               result);
    results.push_back(std::move(result));
  }
  return results;
}

/// The elements of one side less their zero points, which are as many as
/// `lines`, the rows of its first dimension (`alongFirst`) or its columns, or
/// one.
static llvm::Error subtractZeros(Operation &op, Tensor &side,
                                 const Tensor *zeros, bool isSigned,
                                 bool alongFirst) {
  int64_t mask = isSigned ? ~int64_t(0) : 0xff;
  int64_t rows = side.getDim(0), columns = side.getDim(1);
  int64_t lines = alongFirst ? rows : columns;
  int64_t count = zeros ? zeros->getNumElements() : 0;
  if (zeros && count != 1 && count != lines)
    return makeError(op, "there are " + llvm::Twine(count) +
                             " zero points for " + llvm::Twine(lines) +
                             " rows or columns");
  llvm::MutableArrayRef<int64_t> elements = side.mutableInts();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      int64_t zero = zeros ? zeros->ints()[count == 1   ? 0
                                           : alongFirst ? r
                                                        : c] &
                                 mask
                           : 0;
      int64_t &element = elements[r * columns + c];
      element = (element & mask) - zero;
    }
  return llvm::Error::success();
}

static llvm::Expected<Results>
evaluateQuantizedMatmul(Interpreter &interpreter, Operation &op,
                        llvm::MutableArrayRef<Tensor> operands) {
  auto product = cast<seq::QuantizedMatmulOp>(op);
  OperandValues values(op, operands);
  Tensor lhs = *values.get(product.getLhs()),
         rhs = *values.get(product.getRhs());
  bool transposed = product.getTransposed();
  if (llvm::Error error =
          subtractZeros(op, lhs, values.get(product.getLhsZero()),
                        product.getLhsSigned(), /*alongFirst=*/true))
    return error;
  if (llvm::Error error =
          subtractZeros(op, rhs, values.get(product.getRhsZero()),
                        product.getRhsSigned(), /*alongFirst=*/!transposed))
    return error;
  int64_t rows = lhs.getDim(0), depth = lhs.getDim(1);
  int64_t columns = rhs.getDim(transposed ? 1 : 0);
  if (rhs.getDim(transposed ? 0 : 1) != depth)
    return makeError(op, "rhs has shape " + toString(rhs.getShape()) +
                             " for depth " + llvm::Twine(depth));
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, ElementKind::I32, {rows, columns});
  if (!result)
    return result.takeError();
  int64_t *to = result->mutableInts().data();
  const int64_t *a = lhs.ints().data(), *b = rhs.ints().data();
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < columns; ++n) {
      int64_t sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum +=
            a[m * depth + k] * b[transposed ? k * columns + n : n * depth + k];
      *to++ = wrapInteger(sum, 32);
    }
  return Results{std::move(*result)};
}

void addWeightHandlers(HandlerTable &table) {
  table["seq.weight"] = evaluateWeight;
  table["seq.pack"] = evaluatePack;
  table["seq.column_sums"] = evaluateColumnSums;
  table["seq.packed_matmul"] = evaluatePackedMatmul;
  table["seq.matmul"] = evaluateMatmul;
  table["seq.quantized_matmul"] = evaluateQuantizedMatmul;
  table["seq.blockwise_matmul"] = evaluateBlockwiseMatmul;
}

} // namespace seqc::reference
