//===- Reductions.cpp - Reductions and scans ------------------------------===//

#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

namespace {

/// What an operator does to elements, how it combines them, and what it does to
/// the result.
struct Reduction {
  StringRef name;
  Combine combine;
  Number (*before)(Number x) = nullptr;
  Number (*after)(Number x) = nullptr;
};

/// Along which dimensions a node reduces. Axes that are given at run time are
/// a flag for each dimension; how many they are is known all the same.
struct Axes {
  bool fixed = true;
  SmallVector<int64_t> dims;
  SmallVector<Number> flags;
  int64_t count = 0;
};

} // namespace

static LogicalResult getAxes(Node &node, int64_t rank, int64_t sinceInput,
                             bool keep, Axes &axes) {
  Emitter &e = node.getEmitter();
  std::optional<SmallVector<Number>> given;
  bool noop = node.getOpset() >= sinceInput &&
              node.getInt("noop_with_empty_axes", 0) != 0;
  if (failed(readList(node, "axes", 1, sinceInput, rank, given)))
    return failure();
  if (!given || given->empty()) {
    if (!noop)
      llvm::append_range(axes.dims, llvm::seq<int64_t>(0, rank));
    axes.count = axes.dims.size();
    return success();
  }
  Extents sizes(given->begin(), given->end());
  if (auto numbers = mlir::getConstantIntValues(sizes)) {
    axes.dims = sortAxes(node, *numbers, rank);
    axes.count = axes.dims.size();
    return success();
  }
  axes.fixed = false;
  for (Number &axis : *given) {
    e.requireInside(axis, Number(e, -rank), Number(e, rank), "an axis");
    axis = wrap(axis, rank);
  }
  axes.flags = flagAxes(e, rank, *given);
  // Without the extents of 1, the rank of the result is the number of axes less.
  if (!keep)
    requireDistinct(e, *given);
  axes.count = std::min<int64_t>(rank, given->size());
  return success();
}

/// Separates what is kept from what is reduced where that is known at run time
/// only: the result has each dimension twice, and one of the two has extent 1.
static Tensor separate(Emitter &e, Tensor x, const Axes &axes) {
  size_t rank = x.getRank();
  Extents sizes(2 * rank);
  for (size_t d = 0; d < rank; ++d) {
    Number size(e, e.extent(x, d));
    sizes[d] = select(axes.flags[d], 1, size);
    sizes[rank + d] = select(axes.flags[d], size, 1);
  }
  return define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    return load(e, x, map_to_vector(llvm::seq<size_t>(0, rank), [&](size_t d) {
                  return select(axes.flags[d], at[rank + d], at[d]);
                }));
  });
}

/// The extents that remain of `sizes` where `axes` are dropped at run time.
static Extents dropAxes(Emitter &e, ArrayRef<OpFoldResult> sizes,
                        const Axes &axes) {
  Extents result;
  for (size_t j = 0, n = sizes.size() - axes.count; j < n; ++j) {
    Number size(e, 1), next(e, 0);
    for (size_t d = 0; d < sizes.size(); ++d) {
      Number kept = !axes.flags[d];
      size = select(kept & next == j, e.toValue(sizes[d]), size);
      next = select(kept, next + 1, next);
    }
    result.push_back(Value(size));
  }
  return result;
}

static Number square(Number x) { return x * x; }

static constexpr Reduction kReductions[] = {
    {"ReduceSum", Combine::Sum},
    {"ReduceMean", Combine::Sum},
    {"ReduceMax", Combine::Max},
    {"ReduceMin", Combine::Min},
    {"ReduceProd", Combine::Product},
    {"ReduceL1", Combine::Sum, [](Number x) { return abs(x); }},
    {"ReduceL2", Combine::Sum, square, [](Number x) { return sqrt(x); }},
    {"ReduceLogSum", Combine::Sum, nullptr, [](Number x) { return log(x); }},
    {"ReduceLogSumExp", Combine::Sum, nullptr, [](Number x) { return log(x); }},
    {"ReduceSumSquare", Combine::Sum, square},
};

static LogicalResult convertReduction(Node &node, Emitter &e) {
  const Reduction &how = *find_if(kReductions, [&](const Reduction &row) {
    return row.name == node.getOperator();
  });
  Tensor x = node.getInput(0);
  DataType result = x.type;
  bool keep = node.getInt("keepdims", 1) != 0;
  Axes axes;
  if (failed(getAxes(node, x.getRank(), how.name == "ReduceSum" ? 13 : 18, keep,
                     axes)))
    return failure();

  SmallVector<int64_t> dims(axes.dims);
  if (!axes.fixed) {
    x = separate(e, x, axes);
    dims = to_vector(llvm::seq<int64_t>(x.getRank() / 2, x.getRank()));
  }
  // Half precision stays wide until the end; roots and logarithms of integers
  // are rounded once.
  DataType type = how.after && isInteger(result) ? DataType::Double
                                                 : getComputeType(result);
  x = e.convert(x, type);
  auto combine = [&](Tensor tensor, Combine by, bool keepDims) {
    return dims.empty() ? tensor : e.reduce(tensor, dims, by, keepDims);
  };
  Tensor most;
  if (how.name == "ReduceLogSumExp") {
    // Exponents are at most 0. Where the greatest is infinite, or there is
    // none, elements are taken as they are.
    most = map(e, type, {combine(x, Combine::Max, true)},
               [](Number v) { return select(abs(v) < kInfinity, v, 0); });
    x = map(e, type, {x, most}, [](Number v, Number m) { return exp(v - m); });
  }
  if (how.before)
    x = map(e, type, {x}, how.before);
  bool keepsDims = keep && axes.fixed;
  Tensor y = how.name == "ReduceMean" && !dims.empty()
                 ? getMean(e, x, dims, keepsDims)
                 : combine(x, how.combine, keepsDims);
  if (how.after)
    y = map(e, type, {y}, how.after);
  if (most)
    y = map(e, type, {y, e.reshape(most, e.extents(y))},
            [](Number v, Number m) { return v + m; });
  if (!axes.fixed && !keep)
    y = e.reshape(y, dropAxes(e, e.extents(y), axes));
  return node.give(e.convert(y, result));
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

/// CumSum and CumProd, over [outer, n, inner], so that an axis that is given at
/// run time decides on extents only.
template <bool isProduct>
static LogicalResult convertScan(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  DataType result = x.type, type = getComputeType(result);
  bool exclusive = node.getInt("exclusive", 0) != 0;
  bool reverse = node.getInt("reverse", 0) != 0;
  Number dim = readAxis(node, readInteger(node, 1, "axis"), x.getRank());
  Extents whole = e.extents(x), sizes = aroundAxis(e, whole, dim);
  Tensor rows = e.reshape(x, sizes), init{e.empty(sizes, result), result};
  Number count(e, sizes[1]), start(e, type, isProduct ? 1 : 0);
  // The innermost loop carries what has been combined so far.
  Tensor y = fold(
      e, {sizes[0], sizes[2]}, init, [&](ArrayRef<Number> row, Tensor filled) {
        auto scan = [&](ArrayRef<Number> step, Tensor filled, Number so) {
          Number i = reverse ? count - 1 - step[0] : step[0];
          Number at[] = {row[0], i, row[1]}, element = read(e, rows, at);
          Number next = isProduct ? so * element : so + element;
          return std::tuple(insert(e, exclusive ? so : next, filled, at), next);
        };
        return std::get<0>(
            fold(e, {sizes[1]}, std::tuple(filled, start), scan));
      });
  return node.give(e.reshape(y, whole));
}

void registerReductionsOps(Registry &registry) {
  for (const Reduction &row : kReductions) {
    bool isOrder = row.combine == Combine::Max || row.combine == Combine::Min;
    InputRule x = isOrder ? kAny : kNumbers;
    registry.add({{row.name, 1, 1, 2, convertReduction,
                   takes(x, kIntegers(0, 1)), "axes of unknown number"}});
  }
  registry.add({
      {"CumSum", 11, 2, 2, convertScan<false>, takes(kAny.atLeast(1))},
      {"CumProd", 26, 2, 2, convertScan<true>, takes(kAny.atLeast(1))},
  });
}

} // namespace seqc::onnx
