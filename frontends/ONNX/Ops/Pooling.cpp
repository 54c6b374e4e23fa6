//===- Pooling.cpp - Pooling ----------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/Windows.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::AffineExpr;
using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

namespace {
/// The loops over windows and what lies in them.
struct WindowLoops {
  /// From the loops to the padded input, to the window and to the result.
  mlir::AffineMap fromX, window, toResult;
  SmallVector<mlir::utils::IteratorType> iterators;
  Extents sizes;
  /// Never read; gives the loops of the window their extents.
  Value shape;
};
} // namespace

static WindowLoops makeLoops(Emitter &e, Tensor x, const Windows &windows) {
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
  return {mapOf(fromX), mapOf(window), mapOf(toResult),
          iterators,    sizes,         e.empty(kernel, DataType::Float)};
}

/// The sum, or the greatest element, of every window of `x`, which is padded.
static Tensor pool(Emitter &e, Tensor x, const Windows &windows,
                   bool greatest) {
  mlir::OpBuilder &builder = e.getBuilder();
  WindowLoops loops = makeLoops(e, x, windows);
  DataType type = getComputeType(x.type);
  Scalars s = e.scalars();
  Value init = mlir::linalg::FillOp::create(builder, e.getLoc(),
                                            greatest ? s.lowest(type)
                                                     : s.constant(type, 0),
                                            e.empty(loops.sizes, type))
                   .getResult(0);
  auto op = mlir::linalg::GenericOp::create(
      builder, e.getLoc(), init.getType(), ValueRange{x.value, loops.shape},
      ValueRange{init},
      ArrayRef<mlir::AffineMap>{loops.fromX, loops.window, loops.toResult},
      loops.iterators,
      [&](mlir::OpBuilder &nested, mlir::Location where, ValueRange arguments) {
        Scalars inner(nested, where);
        Value element = inner.convert(x.type, type, arguments[0]);
        mlir::linalg::YieldOp::create(
            nested, where,
            greatest ? inner.max(type, element, arguments[2])
                     : inner.add(type, element, arguments[2]));
      });
  e.setExtents(op.getResult(0), loops.sizes);
  return {op.getResult(0), type};
}

/// Where the greatest element of every window of `x` lies, the first of equals:
/// its number among all elements, spatial dimensions counted from the last one
/// on or, by columns, from the first one on. What the reduction carries is the
/// number by rows, from which the element is read again; -1 for none yet.
static Tensor poolPositions(Emitter &e, Tensor x, const Windows &windows,
                            bool byColumns) {
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor padded = padForWindows(e, x, windows, e.scalars().lowest(x.type));
  WindowLoops loops = makeLoops(e, padded, windows);
  constexpr DataType number = DataType::Int64;
  DataType type = getComputeType(x.type);
  Tensor init = e.fill(number, loops.sizes, -1);
  SmallVector<Value> extents;
  for (OpFoldResult size : e.extents(x))
    extents.push_back(e.toValue(size));
  SmallVector<Value> before;
  for (OpFoldResult size : windows.before)
    before.push_back(e.toValue(size));
  size_t rank = windows.getRank();
  // The position that a number by rows stands for.
  auto split = [&](Scalars &s, Value from) {
    SmallVector<Value> at(rank + 2);
    for (size_t d = rank + 2; d-- > 1;) {
      Value extent = s.maxIndex(extents[d], s.index(1));
      at[d] = s.remIndex(from, extent);
      from = s.divIndex(from, extent);
    }
    at[0] = from;
    return at;
  };
  auto op = mlir::linalg::GenericOp::create(
      builder, e.getLoc(), init.value.getType(),
      ValueRange{padded.value, loops.shape}, ValueRange{init.value},
      ArrayRef<mlir::AffineMap>{loops.fromX, loops.window, loops.toResult},
      loops.iterators,
      [&](mlir::OpBuilder &nested, mlir::Location loc, ValueRange v) {
        Scalars s(nested, loc);
        auto loop = [&](size_t d) -> Value {
          return mlir::linalg::IndexOp::create(nested, loc, d);
        };
        Value inside = s.boolean(true);
        Value here = s.addIndex(s.mulIndex(loop(0), extents[1]), loop(1));
        for (size_t d = 0; d < rank; ++d) {
          Value i = s.addIndex(
              s.mulIndex(loop(2 + d), s.index(windows.strides[d])),
              s.mulIndex(loop(2 + rank + d), s.index(windows.dilations[d])));
          i = s.subIndex(i, before[d]);
          Value fits = s.logicalAnd(
              s.compareIndex(CmpIPredicate::sge, i, s.index(0)),
              s.compareIndex(CmpIPredicate::slt, i, extents[d + 2]));
          inside = s.logicalAnd(inside, fits);
          here = s.addIndex(s.mulIndex(here, extents[d + 2]), i);
        }
        Value none = s.compare(Compare::Less, number, v[2],
                               s.constantInteger(number, 0));
        // In the padded input, whose elements it was read from.
        Value from = s.toIndex(
            number, s.select(none, s.constantInteger(number, 0), v[2]));
        SmallVector<Value> at = split(s, from);
        for (size_t d = 0; d < rank; ++d)
          at[d + 2] = s.addIndex(at[d + 2], before[d]);
        Value best = s.convert(
            x.type, type,
            mlir::tensor::ExtractOp::create(nested, loc, padded.value, at));
        Value element = s.convert(x.type, type, v[0]);
        Value better = s.compare(Compare::Greater, type, element, best);
        if (isFloat(type)) {
          // Nothing is greater than NaN.
          Value news = s.logicalAnd(s.isNaN(type, element),
                                    s.logicalNot(s.isNaN(type, best)));
          better = s.logicalOr(better, news);
        }
        better = s.logicalAnd(inside, s.logicalOr(none, better));
        mlir::linalg::YieldOp::create(
            nested, loc, s.select(better, s.fromIndex(number, here), v[2]));
      });
  e.setExtents(op.getResult(0), loops.sizes);
  Tensor rows{op.getResult(0), number};
  if (!byColumns)
    return rows;
  return e.elementwise(number, {rows}, [&](Scalars &s, ValueRange v) {
    SmallVector<Value> at = split(s, s.toIndex(number, v[0]));
    Value position = s.addIndex(s.mulIndex(at[0], extents[1]), at[1]);
    for (size_t d = rank; d-- > 0;)
      position = s.addIndex(s.mulIndex(position, extents[d + 2]), at[d + 2]);
    return s.fromIndex(number, position);
  });
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
  bool byColumns = node.getInt("storage_order", 0) != 0;
  Tensor padded = padForWindows(e, x, *windows, e.scalars().lowest(x.type));
  if (node.wantsOutput(1))
    node.setOutput(1, poolPositions(e, x, *windows, byColumns));
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

/// |x| to the power p (which is at least 1).
static Tensor raise(Emitter &e, Tensor x, int64_t p) {
  DataType type = getComputeType(x.type);
  return e.elementwise(type, {x}, [&](Scalars &s, ValueRange v) -> Value {
    Value y = s.abs(type, v[0]);
    if (p == 1)
      return y;
    if (p == 2)
      return s.mul(type, y, y);
    return s.op<mlir::math::PowFOp>(y,
                                    s.constant(type, static_cast<double>(p)));
  });
}

/// The p-th root of sums.
static Tensor takeRoot(Emitter &e, Tensor x, int64_t p, DataType result) {
  DataType type = x.type;
  return e.elementwise(result, {x}, [&](Scalars &s, ValueRange v) -> Value {
    if (p == 1)
      return v[0];
    if (p == 2)
      return s.sqrt(v[0]);
    return s.op<mlir::math::PowFOp>(
        v[0], s.constant(type, 1 / static_cast<double>(p)));
  });
}

/// The attribute p, a float in the first version.
static FailureOr<int64_t> readNorm(Node &node) {
  double p = 2;
  if (node.getOpset() < 2)
    p = node.getFloat("p", 2);
  else
    p = static_cast<double>(node.getInt("p", 2));
  if (p < 1 || p > 1024 || p != std::floor(p))
    return node.error("attribute 'p' is " + std::to_string(p) +
                      "; required is an integer from 1 to 1024");
  return static_cast<int64_t>(p);
}

static LogicalResult convertLpPool(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  FailureOr<Windows> windows = readPool(node, x);
  FailureOr<int64_t> p = readNorm(node);
  if (failed(windows) || failed(p) || failed(node.requireFloat(0)))
    return failure();
  Tensor powers = raise(e, x, *p);
  Tensor padded =
      padForWindows(e, powers, *windows, e.scalars().constant(powers.type, 0));
  node.setOutput(0, takeRoot(e, pool(e, padded, *windows, false), *p, x.type));
  return success();
}

static LogicalResult convertGlobalLpPool(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  FailureOr<int64_t> p = readNorm(node);
  if (failed(p) || failed(node.requireFloat(0)))
    return failure();
  SmallVector<int64_t> dims;
  for (int64_t d = 2; d < x.getRank(); ++d)
    dims.push_back(d);
  Tensor sums = e.reduce(raise(e, x, *p), dims, Combine::Sum, true);
  node.setOutput(0, takeRoot(e, sums, *p, x.type));
  return success();
}

/// LRN: over the squares of channels nearby.
static LogicalResult convertLRN(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  if (failed(node.requireFloat(0)))
    return failure();
  if (x.getRank() < 2)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      "; required is at least 2");
  int64_t size = node.getInt("size", 0);
  if (size < 1 || size > 1 << 20)
    return node.error("attribute 'size' is " + Twine(size) +
                      "; required is at least 1");
  double alpha = node.getFloat("alpha", 1e-4F);
  double beta = node.getFloat("beta", 0.75F), bias = node.getFloat("bias", 1);
  // Channels as the spatial dimension of windows.
  Extents sizes = e.extents(x);
  OpFoldResult inner = e.product(ArrayRef<OpFoldResult>(sizes).drop_front(2));
  OpFoldResult one = e.getBuilder().getIndexAttr(1);
  Tensor squares = raise(e, x, 2);
  squares = e.reshape(squares, {sizes[0], one, sizes[1], inner});
  Windows windows;
  windows.kernel = {size, 1};
  windows.strides = windows.dilations = {1, 1};
  OpFoldResult zero = e.getBuilder().getIndexAttr(0);
  windows.before = {e.getBuilder().getIndexAttr((size - 1) / 2), zero};
  windows.behind = {e.getBuilder().getIndexAttr(size / 2), zero};
  windows.counts = {sizes[1], inner};
  DataType type = squares.type;
  Tensor sums =
      pool(e, padForWindows(e, squares, windows, e.scalars().constant(type, 0)),
           windows, false);
  sums = e.reshape(sums, sizes);
  node.setOutput(
      0, e.elementwise(x.type, {x, sums}, [&](Scalars &s, ValueRange v) {
        Value base =
            s.add(type, s.constant(type, bias),
                  s.mul(type, v[1],
                        s.constant(type, alpha / static_cast<double>(size))));
        return s.div(type, v[0],
                     s.op<mlir::math::PowFOp>(base, s.constant(type, beta)));
      }));
  return success();
}

/// MaxUnpool: elements go where they were taken from, zeros lie elsewhere.
static LogicalResult convertMaxUnpool(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0), places = node.getInput(1);
  int64_t rank = x.getRank() - 2;
  if (rank < 1 || places.getRank() != x.getRank() ||
      places.type != DataType::Int64)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its indices are " + getName(places.type) +
                      " of rank " + Twine(places.getRank()) +
                      "; required are int64 of the same rank, at least 3");
  SmallVector<int64_t> kernel, strides, pads;
  size_t count = static_cast<size_t>(rank);
  if (failed(readNumbers(node, "kernel_shape", count, 1, 1, kernel)) ||
      failed(readNumbers(node, "strides", count, 1, 1, strides)) ||
      failed(readNumbers(node, "pads", 2 * count, 0, 0, pads)))
    return failure();
  // Indices count the elements of the extents that attributes imply; with
  // other extents given they still do.
  Extents sizes = e.extents(x);
  for (int64_t d = 0; d < rank; ++d) {
    Value extent = s.subIndex(e.extentValue(x, d + 2), s.index(1));
    extent = s.addIndex(s.mulIndex(extent, s.index(strides[d])),
                        s.index(kernel[d] - pads[d] - pads[rank + d]));
    sizes[d + 2] = OpFoldResult(s.maxIndex(extent, s.index(0)));
  }
  Extents goal = sizes;
  if (Tensor shape = node.getInput(2)) {
    if (shape.getRank() != 1 || shape.getShape()[0] != x.getRank())
      return node.error("its output_shape does not have the " +
                        Twine(x.getRank()) +
                        " numbers of one dimension that "
                        "its input requires");
    goal = e.indices(shape);
    e.requireSizes(goal);
    for (OpFoldResult &extent : goal)
      extent = OpFoldResult(s.maxIndex(e.toValue(extent), s.index(0)));
  }
  goal = e.simplify(goal), sizes = e.simplify(sizes);
  Tensor init = e.fill(x.type, goal, 0);
  SmallVector<Value> filled = iterate(
      e, e.extents(x), {init.value},
      [&](Scalars &in, ValueRange at, ValueRange carried) {
        Value place = in.toIndex(places.type, e.load(places, at));
        SmallVector<Value> to(x.getRank());
        Value inside = in.compareIndex(CmpIPredicate::sge, place, in.index(0));
        place = in.maxIndex(place, in.index(0));
        for (int64_t d = x.getRank(); d-- > 0;) {
          Value extent = in.maxIndex(e.toValue(sizes[d]), in.index(1));
          to[d] = d ? in.remIndex(place, extent) : place;
          place = in.divIndex(place, extent);
          inside =
              in.logicalAnd(inside, in.compareIndex(CmpIPredicate::slt, to[d],
                                                    e.toValue(goal[d])));
        }
        // What lies outside is written back where it is not seen.
        for (Value &i : to)
          i = in.select(inside, i, in.index(0));
        Tensor whole{carried[0], x.type};
        Value element = in.select(inside, e.load(x, at), e.load(whole, to));
        return SmallVector<Value>{insert(e, element, carried[0], to)};
      });
  e.setExtents(filled[0], goal);
  node.setOutput(0, Tensor{filled[0], x.type});
  return success();
}

void registerPoolingOps(Registry &registry) {
  registry.add({
      {"LpPool", 1, 1, 1, convertLpPool},
      {"GlobalLpPool", 1, 1, 1, convertGlobalLpPool},
      {"LRN", 1, 1, 1, convertLRN},
      {"MaxUnpool", 9, 2, 3, convertMaxUnpool},
      {"MaxPool", 1, 1, 1, convertMaxPool},
      {"AveragePool", 1, 1, 1, convertAveragePool},
      {"GlobalAveragePool", 1, 1, 1, convertGlobalPool<false>},
      {"GlobalMaxPool", 1, 1, 1, convertGlobalPool<true>},
  });
}

} // namespace seqc::onnx
