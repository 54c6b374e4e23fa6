//===- Squeezing.cpp - Extents of 1 that come and go ----------------------===//

#include "frontends/ONNX/GraphValues.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

/// The axes of Squeeze and Unsqueeze, which for Unsqueeze (`adds`) are added to
/// the rank. Gives for each dimension whether it is named, or nothing if no axes
/// are given.
static LogicalResult getAxes(Node &node, int64_t rank, bool adds,
                             std::optional<SmallVector<Number>> &named,
                             int64_t &count) {
  Emitter &e = node.getEmitter();
  std::optional<SmallVector<Number>> axes;
  if (failed(readList(node, "axes", 1, /*since=*/13,
                      adds ? kMostRank - rank : rank, axes)))
    return failure();
  if (!axes)
    return success();
  count = axes->size();
  if (adds)
    rank += count;
  if (failed(wrapAxes(node, rank, *axes)))
    return failure();
  named = flagAxes(e, rank, *axes);
  return success();
}

/// For each dimension how many of those before it are not named.
static SmallVector<Number> countOthersBefore(Emitter &e,
                                             ArrayRef<Number> named) {
  SmallVector<Number> counts;
  Number next(e, 0);
  for (Number isNamed : named) {
    counts.push_back(next);
    next = next + select(isNamed, Number(e, 0), 1);
  }
  return counts;
}

static LogicalResult convertUnsqueeze(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  std::optional<SmallVector<Number>> named;
  int64_t count = 0;
  if (failed(getAxes(node, x.getRank(), true, named, count)))
    return failure();
  if (!named)
    return node.error("its axes are missing");
  // Dimensions that are not new are those of the input in order.
  Extents from = e.extents(x), sizes;
  for (auto [isNew, next] : llvm::zip(*named, countOthersBefore(e, *named))) {
    std::optional<int64_t> position = mlir::getConstantIntValue(next);
    std::optional<int64_t> fixed = mlir::getConstantIntValue(isNew);
    if (fixed && *fixed) {
      sizes.push_back(Number(e, 1));
      continue;
    }
    Number size(e, 1);
    if (position && *position < static_cast<int64_t>(from.size()))
      size = Number(e, from[*position]);
    else
      for (auto [d, old] : enumerate(from))
        size = select(next == d, Number(e, old), size);
    sizes.push_back(fixed ? size : select(isNew, 1, size));
  }
  return node.give(e.reshape(x, sizes));
}

/// A tensor without its extents of 1, where a call decides which those are.
static GraphValue squeezeOnes(Emitter &e, Tensor x) {
  Extents from = e.extents(x);
  SmallVector<Number> isOne, row(kMostSequenceRank, Number(e, -1));
  SmallVector<int64_t> open;
  for (auto [d, size] : enumerate(from)) {
    isOne.push_back(Number(e, size) == 1);
    if (!mlir::getConstantIntValue(size))
      open.push_back(d);
  }
  for (auto [d, next] : enumerate(countOthersBefore(e, isOne)))
    for (size_t i = 0; i <= d && i < row.size(); ++i)
      row[i] = select(!isOne[d] & (next == i), Number(e, from[d]), row[i]);
  Tensor shape = e.fromExtents(Extents(row.begin(), row.end()));
  // What is left for each choice of extents that are 1.
  std::vector<SmallVector<int64_t>> forms;
  for (unsigned choice = 0; choice < 1u << open.size(); ++choice) {
    SmallVector<int64_t> form;
    for (auto [d, size] : enumerate(x.getShape())) {
      auto *at = llvm::find(open, static_cast<int64_t>(d));
      bool stays =
          at == open.end() ? size != 1 : (choice >> (at - open.begin())) & 1;
      if (stays)
        form.push_back(size);
    }
    addForm(forms, form);
  }
  return makeUnranked(e.reshape(x, {e.product(from)}), shape, forms);
}

static LogicalResult convertSqueeze(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  std::optional<SmallVector<Number>> named;
  int64_t count = 0;
  if (failed(getAxes(node, x.getRank(), false, named, count)))
    return failure();
  if (!named) {
    if (!x.getType().hasStaticShape()) {
      if (x.getRank() > kMostSequenceRank)
        return node.unsupported("squeezing every extent of 1 of more than 8 "
                                "dimensions is not supported");
      return node.give(squeezeOnes(e, x));
    }
    named.emplace();
    for (int64_t d = 0; d < x.getRank(); ++d) {
      named->push_back(Number(e, DataType::Bool, x.getShape()[d] == 1));
      count += x.getShape()[d] == 1;
    }
  }
  // Dimensions that stay move to the front in order.
  Extents from = e.extents(x);
  Extents sizes(x.getRank() - std::min(count, x.getRank()), Number(e, 1));
  SmallVector<Number> positions = countOthersBefore(e, *named);
  for (auto [d, isNamed] : enumerate(*named)) {
    Number next = positions[d];
    std::optional<int64_t> fixed = mlir::getConstantIntValue(isNamed),
                           position = mlir::getConstantIntValue(next);
    std::optional<int64_t> extent = mlir::getConstantIntValue(from[d]);
    if (fixed && *fixed) {
      if (extent && *extent != 1)
        return node.error("dimension " + Twine(d) + " has extent " +
                          Twine(*extent) + "; required is 1");
      continue;
    }
    if (fixed && position && *position < static_cast<int64_t>(sizes.size()))
      sizes[*position] = from[d];
    else
      for (auto [i, size] : enumerate(sizes))
        size =
            select(!isNamed & (next == i), Number(e, from[d]), Number(e, size));
  }
  return node.give(e.reshape(x, sizes));
}

void registerSqueezingOps(Registry &registry) {
  StringRef note = "axes of unknown number";
  registry.add({
      {"Unsqueeze", 1, 1, 2, convertUnsqueeze, takes(kAny, kIntegers(0, 1)),
       note},
      {"Squeeze", 1, 1, 2, convertSqueeze, takes(kAny, kIntegers(0, 1)), note},
  });
}

} // namespace seqc::onnx
