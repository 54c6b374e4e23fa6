//===- WeightSources.cpp - Where the bytes of a weight lie ----------------===//

#include "compiler/Transforms/WeightSources.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace seqc;

namespace {

using Runs = SmallVector<WeightRun>;

/// Slices finer than this stay slices at run time: a table of their pieces
/// would be too long.
constexpr size_t kMostRuns = 1 << 16;

/// Ops that are followed from one value. Weights that are joined with themselves
/// again and again are found along twice as many ways at each level.
constexpr unsigned kMostOps = 1 << 14;

/// Ops behind each other that are followed, as each takes room on the stack.
constexpr unsigned kMostDepth = 256;

/// What is left of these limits.
struct Limits {
  unsigned ops = kMostOps, depth = kMostDepth;
};

std::optional<Runs> findRuns(Value value, Limits &limits);

void append(Runs &runs, WeightRun run) {
  if (!runs.empty() && runs.back().weight == run.weight &&
      runs.back().begin + runs.back().count == run.begin)
    runs.back().count += run.count;
  else
    runs.push_back(run);
}

/// Appends elements [begin, begin + count) of the sequence that `source`
/// describes.
void appendRange(Runs &runs, const Runs &source, ArrayRef<int64_t> starts,
                 int64_t begin, int64_t count) {
  size_t i = llvm::upper_bound(starts, begin) - starts.begin() - 1;
  while (count > 0 && i < source.size()) {
    int64_t skipped = begin - starts[i];
    int64_t taken = std::min(count, source[i].count - skipped);
    append(runs, {source[i].weight, source[i].begin + skipped, taken});
    begin += taken;
    count -= taken;
    ++i;
  }
}

std::optional<Runs> sliceRuns(tensor::ExtractSliceOp slice,
                              const Runs &source) {
  RankedTensorType type = slice.getSourceType();
  if (llvm::any_of(slice.getStaticStrides(),
                   [](int64_t s) { return s != 1; }) ||
      ShapedType::isDynamicShape(slice.getStaticOffsets()) ||
      ShapedType::isDynamicShape(slice.getStaticSizes()))
    return std::nullopt;
  SmallVector<int64_t> starts;
  int64_t position = 0;
  for (const WeightRun &run : source) {
    starts.push_back(position);
    position += run.count;
  }
  ArrayRef<int64_t> offsets = slice.getStaticOffsets(),
                    sizes = slice.getStaticSizes();
  int64_t rank = type.getRank();
  SmallVector<int64_t> strides(rank, 1);
  for (int64_t d = rank - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * type.getDimSize(d + 1);
  // Dimensions that are taken whole merge with the one before them into one
  // stretch.
  int64_t inner = rank;
  int64_t length = 1;
  while (inner > 0) {
    --inner;
    length = sizes[inner] * strides[inner];
    if (sizes[inner] != type.getDimSize(inner))
      break;
  }
  if (rank == 0)
    return source;
  int64_t outer = 1, base = 0;
  for (int64_t d = 0; d < inner; ++d)
    outer *= sizes[d];
  for (int64_t d = 0; d < rank; ++d)
    base += offsets[d] * strides[d];
  if (outer > static_cast<int64_t>(kMostRuns))
    return std::nullopt;
  Runs runs;
  SmallVector<int64_t> at(inner, 0);
  for (int64_t i = 0; i < outer; ++i) {
    int64_t begin = base;
    for (int64_t d = 0; d < inner; ++d)
      begin += at[d] * strides[d];
    appendRange(runs, source, starts, begin, length);
    for (int64_t d = inner - 1; d >= 0 && ++at[d] == sizes[d]; --d)
      at[d] = 0;
  }
  return runs;
}

/// Where a slice begins in the row-major order of its tensor, if it is one
/// stretch of it.
std::optional<int64_t> findStretch(tensor::InsertSliceOp insert) {
  if (llvm::any_of(insert.getStaticStrides(),
                   [](int64_t s) { return s != 1; }) ||
      ShapedType::isDynamicShape(insert.getStaticOffsets()) ||
      ShapedType::isDynamicShape(insert.getStaticSizes()))
    return std::nullopt;
  RankedTensorType type = insert.getDestType();
  int64_t begin = 0, stride = 1;
  bool whole = true;
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    if (!whole && insert.getStaticSizes()[d] != 1)
      return std::nullopt;
    whole &= insert.getStaticSizes()[d] == type.getDimSize(d);
    begin += insert.getStaticOffsets()[d] * stride;
    stride *= type.getDimSize(d);
  }
  return begin;
}

/// Runs of a tensor that is written stretch by stretch.
std::optional<Runs> joinRuns(tensor::InsertSliceOp last, Limits &limits) {
  SmallVector<std::pair<int64_t, Runs>> parts;
  for (tensor::InsertSliceOp insert = last; insert;
       insert = insert.getDest().getDefiningOp<tensor::InsertSliceOp>()) {
    std::optional<int64_t> begin = findStretch(insert);
    std::optional<Runs> part = findRuns(insert.getSource(), limits);
    if (!begin || !part)
      return std::nullopt;
    parts.push_back({*begin, std::move(*part)});
  }
  llvm::sort(parts, llvm::less_first());
  Runs runs;
  int64_t position = 0;
  for (auto &[begin, part] : parts) {
    if (begin != position)
      return std::nullopt;
    for (const WeightRun &run : part) {
      append(runs, run);
      position += run.count;
    }
  }
  return position == last.getDestType().getNumElements() ? std::optional(runs)
                                                         : std::nullopt;
}

/// findWeightRuns() within `limits`: each call is one op less, and one level
/// deeper.
std::optional<Runs> findRuns(Value value, Limits &limits) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0 ||
      limits.ops == 0 || limits.depth == 0)
    return std::nullopt;
  --limits.ops;
  --limits.depth;
  llvm::scope_exit leave([&] { ++limits.depth; });
  Operation *op = value.getDefiningOp();
  if (auto weight = dyn_cast_if_present<seq::WeightOp>(op))
    return Runs{{weight, 0, type.getNumElements()}};
  if (isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return findRuns(op->getOperand(0), limits);
  if (auto cast = dyn_cast_if_present<tensor::CastOp>(op))
    return findRuns(cast.getSource(), limits);
  if (auto slice = dyn_cast_if_present<tensor::ExtractSliceOp>(op)) {
    std::optional<Runs> source = findRuns(slice.getSource(), limits);
    return source ? sliceRuns(slice, *source) : std::nullopt;
  }
  if (auto insert = dyn_cast_if_present<tensor::InsertSliceOp>(op))
    return joinRuns(insert, limits);
  if (auto concat = dyn_cast_if_present<tensor::ConcatOp>(op)) {
    // Leading unit dimensions do not change the order of the elements.
    for (uint64_t d = 0; d < concat.getDim(); ++d)
      if (type.getDimSize(d) != 1)
        return std::nullopt;
    Runs runs;
    for (Value input : concat.getInputs()) {
      std::optional<Runs> part = findRuns(input, limits);
      if (!part)
        return std::nullopt;
      for (const WeightRun &run : *part)
        append(runs, run);
    }
    return runs;
  }
  return std::nullopt;
}

} // namespace

std::optional<SmallVector<WeightRun>> seqc::findWeightRuns(Value value) {
  Limits limits;
  return findRuns(value, limits);
}
