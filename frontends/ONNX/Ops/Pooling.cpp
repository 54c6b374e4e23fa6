//===- Pooling.cpp - Pooling ----------------------------------------------===//

#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/Windows.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::AffineExpr;
using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// The sum, or the greatest element, of every window of `x`, which is padded.
static Tensor pool(Emitter &e, Tensor x, const Windows &windows,
                   bool greatest) {
  mlir::OpBuilder &builder = e.getBuilder();
  unsigned rank = windows.getRank(), loops = 2 + 2 * rank;
  auto dim = [&](unsigned d) { return builder.getAffineDimExpr(d); };
  SmallVector<AffineExpr> fromX{dim(0), dim(1)}, window,
      toResult{dim(0), dim(1)};
  Extents sizes{e.extent(x, 0), e.extent(x, 1)}, kernel;
  for (unsigned d = 0; d < rank; ++d) {
    AffineExpr o = dim(2 + d), k = dim(2 + rank + d);
    fromX.push_back(o * windows.strides[d] + k * windows.dilations[d]);
    window.push_back(k);
    toResult.push_back(o);
    sizes.push_back(windows.counts[d]);
    kernel.push_back(builder.getIndexAttr(windows.kernel[d]));
  }
  auto mapOf = [&](ArrayRef<AffineExpr> expressions) {
    return mlir::AffineMap::get(loops, 0, expressions, builder.getContext());
  };
  SmallVector<mlir::utils::IteratorType> iterators(
      loops, mlir::utils::IteratorType::reduction);
  for (unsigned d = 0; d < 2 + rank; ++d)
    iterators[d] = mlir::utils::IteratorType::parallel;
  DataType type = getComputeType(x.type);
  Scalars s = e.scalars();
  Value init = mlir::linalg::FillOp::create(builder, e.getLoc(),
                                            greatest ? s.lowest(type)
                                                     : s.constant(type, 0),
                                            e.empty(sizes, type))
                   .getResult(0);
  // An operand that is never read gives the loops their extents.
  Value shape = e.empty(kernel, type);
  auto op = mlir::linalg::GenericOp::create(
      builder, e.getLoc(), init.getType(), ValueRange{x.value, shape},
      ValueRange{init},
      ArrayRef<mlir::AffineMap>{mapOf(fromX), mapOf(window), mapOf(toResult)},
      iterators,
      [&](mlir::OpBuilder &nested, mlir::Location where, ValueRange arguments) {
        Scalars inner(nested, where);
        Value element = inner.convert(x.type, type, arguments[0]);
        mlir::linalg::YieldOp::create(
            nested, where,
            greatest ? inner.max(type, element, arguments[2])
                     : inner.add(type, element, arguments[2]));
      });
  e.setExtents(op.getResult(0), sizes);
  return {op.getResult(0), type};
}

static FailureOr<Windows> readPool(Node &node, Tensor x) {
  if (x.getRank() < 3)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      "; required is at least 3");
  SmallVector<int64_t> kernel =
      node.getInts("kernel_shape").value_or(SmallVector<int64_t>());
  if (static_cast<int64_t>(kernel.size()) != x.getRank() - 2 ||
      llvm::any_of(kernel, [](int64_t k) { return k < 1 || k > 1 << 30; }))
    return node.error("attribute 'kernel_shape' has " + Twine(kernel.size()) +
                      " numbers; required are " + Twine(x.getRank() - 2) +
                      " of at least 1");
  return readWindows(node, x, kernel);
}

static LogicalResult convertMaxPool(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  FailureOr<Windows> windows = readPool(node, x);
  if (failed(windows))
    return failure();
  (void)node.getInt("storage_order", 0);
  Tensor padded = padForWindows(e, x, *windows, e.scalars().lowest(x.type));
  node.setOutput(0, e.convert(pool(e, padded, *windows, true), x.type));
  return success();
}

/// AveragePool: the sum of a window over the number of its elements, padding
/// counted only with count_include_pad.
static LogicalResult convertAveragePool(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  FailureOr<Windows> windows = readPool(node, x);
  if (failed(windows))
    return failure();
  bool countPadding = node.getInt("count_include_pad", 0) != 0;
  Tensor sums = pool(e, padForWindows(e, x, *windows, s.constant(x.type, 0)),
                     *windows, false);
  DataType type = sums.type;
  // Ones where elements count, summed the same way.
  mlir::OpBuilder &builder = e.getBuilder();
  Extents sizes{builder.getIndexAttr(1), builder.getIndexAttr(1)};
  Windows counted = *windows;
  for (size_t d = 0; d < windows->getRank(); ++d) {
    OpFoldResult size = e.extent(x, d + 2);
    if (countPadding) {
      size = OpFoldResult(
          s.addIndex(s.addIndex(e.toValue(size), e.toValue(windows->before[d])),
                     e.toValue(windows->behind[d])));
      counted.before[d] = builder.getIndexAttr(0);
    }
    sizes.push_back(size);
  }
  if (countPadding)
    counted.behind.assign(windows->getRank(), builder.getIndexAttr(0));
  Tensor ones = e.fill(type, e.simplify(sizes), 1);
  Tensor counts = pool(e, padForWindows(e, ones, counted, s.constant(type, 0)),
                       counted, false);
  node.setOutput(0, e.elementwise(x.type, {sums, counts},
                                  [&](Scalars &inner, ValueRange v) {
                                    return inner.div(type, v[0], v[1]);
                                  }));
  return success();
}

/// GlobalAveragePool and GlobalMaxPool: all spatial dimensions become 1.
template <bool greatest> static LogicalResult convertGlobalPool(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  SmallVector<int64_t> dims;
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 2; d < x.getRank(); ++d) {
    dims.push_back(d);
    sizes.push_back(e.extent(x, d));
  }
  Tensor result =
      e.reduce(x, dims, greatest ? Combine::Max : Combine::Sum, true);
  DataType type = result.type;
  if (!greatest) {
    Value count =
        s.convert(DataType::Int64, type,
                  s.fromIndex(DataType::Int64, e.toValue(e.product(sizes))));
    result = e.elementwise(type, {result}, [&](Scalars &inner, ValueRange v) {
      return inner.div(type, v[0], count);
    });
  }
  node.setOutput(0, e.convert(result, x.type));
  return success();
}

void registerPoolingOps(Registry &registry) {
  registry.add({
      {"MaxPool", 1, 1, 1, convertMaxPool, "output Indices"},
      {"AveragePool", 1, 1, 1, convertAveragePool},
      {"GlobalAveragePool", 1, 1, 1, convertGlobalPool<false>},
      {"GlobalMaxPool", 1, 1, 1, convertGlobalPool<true>},
  });
}

} // namespace seqc::onnx
