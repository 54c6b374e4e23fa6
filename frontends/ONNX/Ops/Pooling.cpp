//===- Pooling.cpp - Pooling ----------------------------------------------===//

#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Windows.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::AffineExpr;
using mlir::OpFoldResult;
using mlir::Value;

/// What `combine` makes of the elements of every window of `x`, which is padded:
/// it gets an element and what it made of those before, at first `init`.
static Tensor reduceWindows(Emitter &e, Tensor x, const Windows &windows,
                            Number init,
                            function_ref<Number(Number, Number)> combine) {
  mlir::Builder &builder = e.getBuilder();
  unsigned rank = windows.getRank(), loops = 2 + 2 * rank;
  auto dim = [&](unsigned d) { return builder.getAffineDimExpr(d); };
  SmallVector<AffineExpr> fromX{dim(0), dim(1)}, window, toResult(fromX);
  Extents sizes{e.extent(x, 0), e.extent(x, 1)}, kernel;
  for (unsigned d = 0; d < rank; ++d) {
    AffineExpr o = dim(2 + d), k = dim(2 + rank + d);
    fromX.push_back(o * windows.strides[d] + k * windows.dilations[d]);
    window.push_back(k);
    toResult.push_back(o);
    sizes.push_back(windows.counts[d]);
    kernel.push_back(e.fixed(windows.kernel[d]));
  }
  auto mapOf = [&](ArrayRef<AffineExpr> expressions) {
    return mlir::AffineMap::get(loops, 0, expressions, builder.getContext());
  };
  // Never read; gives the loops of the window their extents.
  Tensor shape{e.empty(kernel, DataType::Float), DataType::Float};
  return accumulate(e, {x, shape},
                    {mapOf(fromX), mapOf(window), mapOf(toResult)}, sizes, init,
                    combine);
}

/// The sum, or the greatest element, of every window of `x`.
static Tensor pool(Emitter &e, Tensor x, const Windows &windows,
                   bool greatest) {
  Scalars s = e.scalars();
  DataType type = getComputeType(x.type);
  Tensor padded = padForWindows(
      e, x, windows, greatest ? s.lowest(x.type) : s.constant(x.type, 0));
  Number init(e, type, greatest ? s.lowest(type) : s.constant(type, 0));
  return reduceWindows(e, padded, windows, init,
                       [&](Number element, Number so) {
                         return greatest ? max(element, so) : element + so;
                       });
}

/// Where the greatest element of every window of `x` lies, the first of equals:
/// its number among all elements, spatial dimensions counted from the last one
/// on or, by columns, from the first one on. What the reduction carries is the
/// number by rows, from which the element is read again; -1 for none yet.
static Tensor poolPositions(Emitter &e, Tensor x, const Windows &windows,
                            bool byColumns) {
  Tensor padded = padForWindows(e, x, windows, e.scalars().lowest(x.type));
  constexpr DataType number = DataType::Int64;
  SmallVector<Number> extents = toNumbers(e, e.extents(x)),
                      before = toNumbers(e, windows.before);
  size_t rank = windows.getRank();
  Tensor rows = reduceWindows(
      e, padded, windows, {e, number, -1}, [&](Number element, Number so) {
        Number inside(e, DataType::Bool, 1);
        Number here = loopIndex(e, 0) * extents[1] + loopIndex(e, 1);
        for (size_t d = 0; d < rank; ++d) {
          Number extent = extents[d + 2];
          Number i = loopIndex(e, 2 + d) * windows.strides[d] +
                     loopIndex(e, 2 + rank + d) * windows.dilations[d] -
                     before[d];
          inside = inside & ((i >= 0) & (i < extent));
          here = here * extent + i;
        }
        Number none = so < 0;
        // In the padded input, whose elements it was read from.
        SmallVector<Number> at =
            unflatten(select(none, 0, so).toIndex(), extents);
        for (size_t d = 0; d < rank; ++d)
          at[d + 2] = at[d + 2] + before[d];
        Number best = read(e, padded, at), better = element > best;
        // Nothing is greater than NaN.
        if (isFloat(element.getType()))
          better = better | (isNaN(element) & !isNaN(best));
        return select(inside & (none | better), here.as(number), so);
      });
  if (!byColumns)
    return rows;
  return map(e, number, {rows}, [&](Number v) {
    SmallVector<Number> at = unflatten(v.toIndex(), extents);
    Number position = at[0] * extents[1] + at[1];
    for (size_t d = rank; d-- > 0;)
      position = position * extents[d + 2] + at[d + 2];
    return position;
  });
}

/// The windows of the node over input 0.
static Windows readPool(Node &node) {
  Tensor x = node.getInput(0);
  if (!node.hasAttribute("kernel_shape"))
    (void)node.error("attribute 'kernel_shape' is missing");
  return readWindows(node, x,
                     readNumbers(node, "kernel_shape", x.getRank() - 2, 1, 1));
}

static LogicalResult convertMaxPool(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  Windows windows = readPool(node);
  bool byColumns = node.getInt("storage_order", 0) != 0;
  if (node.wantsOutput(1))
    node.setOutput(1, poolPositions(e, x, windows, byColumns));
  return node.give(e.convert(pool(e, x, windows, true), x.type));
}

/// AveragePool: the sum of a window over the number of its elements, padding
/// counted only with count_include_pad.
static LogicalResult convertAveragePool(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  Windows windows = readPool(node);
  bool countPadding = node.getInt("count_include_pad", 0) != 0;
  Tensor sums = pool(e, x, windows, false);
  // Ones where elements count, summed the same way.
  Extents sizes = e.extents(x);
  sizes[0] = sizes[1] = Number(e, 1);
  Windows counted = windows;
  if (countPadding) {
    for (size_t d = 0; d < windows.getRank(); ++d)
      sizes[d + 2] = Number(e, sizes[d + 2]) + Number(e, windows.before[d]) +
                     Number(e, windows.behind[d]);
    counted.before.assign(windows.getRank(), Number(e, 0));
    counted.behind = counted.before;
  }
  Tensor counts = pool(e, e.fill(sums.type, sizes, 1), counted, false);
  return node.give(map(e, x.type, {sums, counts},
                       [](Number sum, Number count) { return sum / count; }));
}

/// The spatial dimensions of a tensor.
static SmallVector<int64_t> spatialDims(Tensor x) {
  return to_vector(llvm::seq<int64_t>(2, std::max<int64_t>(x.getRank(), 2)));
}

/// GlobalAveragePool and GlobalMaxPool: all spatial dimensions become 1.
template <bool greatest>
static LogicalResult convertGlobalPool(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  SmallVector<int64_t> dims = spatialDims(x);
  Tensor result = greatest ? e.reduce(x, dims, Combine::Max, /*keep=*/true)
                           : getMean(e, x, dims);
  return node.give(e.convert(result, x.type));
}

static Number power(Number x, double exponent) {
  return x.apply<mlir::math::PowFOp>(Value(x.constantLike(exponent)));
}

/// |x| to the power p (which is at least 1).
static Tensor raise(Emitter &e, Tensor x, int64_t p) {
  return map(e, getComputeType(x.type), {x}, [&](Number v) {
    Number y = abs(v);
    return p == 1 ? y : p == 2 ? y * y : power(y, static_cast<double>(p));
  });
}

/// The p-th root of sums.
static Tensor takeRoot(Emitter &e, Tensor x, int64_t p, DataType result) {
  return map(e, result, {x}, [&](Number v) {
    return p == 1 ? v : p == 2 ? sqrt(v) : power(v, 1 / static_cast<double>(p));
  });
}

/// The attribute p, a float in the first version.
static int64_t readNorm(Node &node) {
  double p = node.getOpset() < 2 ? node.getFloat("p", 2)
                                 : static_cast<double>(node.getInt("p", 2));
  if (p >= 1 && p <= 1024 && p == std::floor(p))
    return static_cast<int64_t>(p);
  (void)node.error("attribute 'p' is " + std::to_string(p) +
                   "; required is an integer from 1 to 1024");
  return 2;
}

/// LpPool and GlobalLpPool.
template <bool global>
static LogicalResult convertLpPool(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t p = readNorm(node);
  Tensor powers = raise(e, x, p);
  Tensor sums =
      global ? e.reduce(powers, spatialDims(x), Combine::Sum, /*keep=*/true)
             : pool(e, powers, readPool(node), /*greatest=*/false);
  return node.give(takeRoot(e, sums, p, x.type));
}

/// LRN: over the squares of channels nearby.
static LogicalResult convertLRN(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t size = readBetween(node, "size", 0, 1, 1 << 20, "at least 1");
  double alpha = node.getFloat("alpha", 1e-4F);
  double beta = node.getFloat("beta", 0.75F), bias = node.getFloat("bias", 1);
  // Channels as the spatial dimension of windows.
  Extents sizes = e.extents(x);
  OpFoldResult inner = e.product(ArrayRef<OpFoldResult>(sizes).drop_front(2)),
               zero = Number(e, 0);
  Tensor squares =
      e.reshape(raise(e, x, 2), {sizes[0], Number(e, 1), sizes[1], inner});
  Windows windows;
  windows.kernel = {size, 1};
  windows.strides = windows.dilations = {1, 1};
  windows.before = {Number(e, (size - 1) / 2), zero};
  windows.behind = {Number(e, size / 2), zero};
  windows.counts = {sizes[1], inner};
  Tensor sums = e.reshape(pool(e, squares, windows, false), sizes);
  return node.give(map(e, x.type, {x, sums}, [&](Number v, Number sum) {
    return v / power(bias + sum * (alpha / static_cast<double>(size)), beta);
  }));
}

/// MaxUnpool: elements go where they were taken from, zeros lie elsewhere.
static LogicalResult convertMaxUnpool(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), places = node.getInput(1);
  int64_t rank = x.getRank() - 2;
  if (failed(node.requireRank(1, x.getRank())))
    return failure();
  SmallVector<int64_t> kernel = readNumbers(node, "kernel_shape", rank, 1, 1),
                       strides = readNumbers(node, "strides", rank, 1, 1),
                       pads = readNumbers(node, "pads", 2 * rank, 0, 0);
  // Indices count the elements of the extents that attributes imply; with
  // other extents given they still do.
  Extents sizes = e.extents(x);
  for (int64_t d = 0; d < rank; ++d)
    sizes[d + 2] = max((Number(e, sizes[d + 2]) - 1) * strides[d] +
                           (kernel[d] - pads[d] - pads[rank + d]),
                       0);
  Extents goal = sizes;
  if (Tensor shape = node.getInput(2)) {
    if (shape.getShape()[0] != x.getRank())
      return node.error("its output_shape does not have the " +
                        Twine(x.getRank()) +
                        " numbers of one dimension that "
                        "its input requires");
    goal = e.indices(shape);
    e.requireSizes(goal);
    for (OpFoldResult &extent : goal)
      extent = max(Number(e, extent), 0);
  }
  SmallVector<Number> counted = toNumbers(e, sizes);
  return node.give(fold(
      e, e.extents(x), e.fill(x.type, goal, 0),
      [&](ArrayRef<Number> at, Tensor y) {
        Number place = load(e, places, at).toIndex(), inside = place >= 0;
        SmallVector<Number> to = unflatten(max(place, 0), counted);
        for (auto [i, extent] : zip_equal(to, goal))
          inside = inside & (i < Number(e, extent));
        // What lies outside is written back where it is not seen.
        for (Number &i : to)
          i = select(inside, i, 0);
        return insert(e, select(inside, load(e, x, at), load(e, y, to)), y, to);
      }));
}

void registerPoolingOps(Registry &registry) {
  registry.add({
      {"LpPool", 1, 1, 1, convertLpPool<false>, takes(kFloats.atLeast(3))},
      {"GlobalLpPool", 1, 1, 1, convertLpPool<true>, takes(kFloats)},
      {"LRN", 1, 1, 1, convertLRN, takes(kFloats.atLeast(2))},
      {"MaxUnpool", 9, 2, 3, convertMaxUnpool,
       takes(kAny.atLeast(3), kInt64, kIntegers(1))},
      {"MaxPool", 1, 1, 1, convertMaxPool, takes(kAny.atLeast(3))},
      {"AveragePool", 1, 1, 1, convertAveragePool, takes(kAny.atLeast(3))},
      {"GlobalAveragePool", 1, 1, 1, convertGlobalPool<false>},
      {"GlobalMaxPool", 1, 1, 1, convertGlobalPool<true>},
  });
}

} // namespace seqc::onnx
