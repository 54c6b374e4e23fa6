//===- Caches.cpp - Keys and values of earlier steps ----------------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;

namespace seqc::reference {

namespace {

/// A tensor as `outer` lists of entries, each of `inner` elements.
struct EntryLists {
  EntryLists(const Tensor &tensor, int64_t axis)
      : count(tensor.getDim(axis)), outer(product(tensor, 0, axis)),
        inner(product(tensor, axis + 1, tensor.getRank())) {}

  /// Where an entry begins.
  int64_t at(int64_t list, int64_t entry) const {
    return (list * count + entry) * inner;
  }

  static int64_t product(const Tensor &tensor, int64_t first, int64_t end) {
    int64_t result = 1;
    for (int64_t dim = first; dim < end; ++dim)
      result *= tensor.getDim(dim);
    return result;
  }

  int64_t count, outer, inner;
};

} // namespace

static llvm::Expected<Results>
evaluateAppend(Interpreter &, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  auto append = cast<seq::CacheAppendOp>(op);
  const Tensor &cache = operands[0], &entries = operands[1],
               &position = operands[2];
  auto axis = static_cast<int64_t>(append.getAxis());
  Shape required(cache.getShape());
  required[axis] = entries.getDim(axis);
  if (llvm::Error error =
          checkShape(op, entries.getShape(), required, "entries"))
    return error;
  if (append.hasRowPositions())
    if (llvm::Error error =
            checkShape(op, position.getShape(), {cache.getDim(0)}, "position"))
      return error;
  EntryLists to(cache, axis), from(entries, axis);
  if (from.count > to.count)
    return makeError(op, llvm::Twine(from.count) +
                             " entries for a capacity of " +
                             llvm::Twine(to.count));
  Shape starts;
  for (int64_t start : position.ints()) {
    if (append.getCircular())
      start = to.count == 0 ? 0 : (start % to.count + to.count) % to.count;
    else if (start < 0 || start > to.count - from.count)
      return makeError(
          op, "position " + llvm::Twine(start) + " leaves no room for " +
                  llvm::Twine(from.count) + " entries in a capacity of " +
                  llvm::Twine(to.count));
    starts.push_back(start);
  }
  Tensor result = std::move(operands[0]);
  Scalar *data = result.mutableData();
  for (int64_t list = 0; list < to.outer; ++list) {
    // Lists of a row lie side by side.
    int64_t start =
        starts[list * static_cast<int64_t>(starts.size()) / to.outer];
    for (int64_t entry = 0; entry < from.count; ++entry)
      std::copy_n(entries.data() + from.at(list, entry), to.inner,
                  data + to.at(list, (start + entry) % to.count));
  }
  return Results{std::move(result)};
}

static llvm::Expected<Results>
evaluateRead(Interpreter &interpreter, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  auto axis = static_cast<int64_t>(cast<seq::CacheReadOp>(op).getAxis());
  const Tensor &cache = operands[0];
  EntryLists from(cache, axis);
  int64_t begin = operands[1].scalar().i, count = operands[2].scalar().i;
  if (begin < 0 || count < 0 || count > from.count ||
      begin > from.count - count)
    return makeError(
        op, llvm::Twine(count) + " entries from " + llvm::Twine(begin) +
                " on are outside of a capacity of " + llvm::Twine(from.count));
  Shape shape(cache.getShape());
  shape[axis] = count;
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, cache.getKind(), shape);
  if (!result)
    return result.takeError();
  Scalar *to = result->mutableData();
  for (int64_t list = 0; list < from.outer; ++list)
    to = std::copy_n(cache.data() + from.at(list, begin), count * from.inner,
                     to);
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateReorder(Interpreter &interpreter, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  std::optional<uint64_t> given = cast<seq::CacheReorderOp>(op).getAxis();
  const Tensor &cache = operands[0], &parents = operands[1];
  // Without parents of entries, a row is a single one.
  auto axis = static_cast<int64_t>(given.value_or(0));
  int64_t rows = cache.getDim(0), count = given ? cache.getDim(axis) : 1,
          inner = EntryLists(cache, axis).inner,
          lists = given ? EntryLists::product(cache, 1, axis) : 1;
  Shape shape(cache.getShape());
  shape[0] = parents.getDim(0);
  if (given)
    if (llvm::Error error =
            checkShape(op, parents.getShape(), {shape[0], count}, "parents"))
      return error;
  for (int64_t parent : parents.ints())
    if (parent < 0 || parent >= rows)
      return makeError(op, "parent " + llvm::Twine(parent) +
                               " is outside of a cache of " +
                               llvm::Twine(rows) + " rows");
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, cache.getKind(), shape);
  if (!result)
    return result.takeError();
  Scalar *to = result->mutableData();
  for (int64_t row = 0; row < shape[0]; ++row)
    for (int64_t list = 0; list < lists; ++list)
      for (int64_t entry = 0; entry < count; ++entry) {
        int64_t parent = parents.ints()[row * count + entry];
        to = std::copy_n(cache.data() +
                             ((parent * lists + list) * count + entry) * inner,
                         inner, to);
      }
  return Results{std::move(*result)};
}

void addCacheHandlers(HandlerTable &table) {
  table["seq.cache.append"] = evaluateAppend;
  table["seq.cache.read"] = evaluateRead;
  table["seq.cache.reorder"] = evaluateReorder;
}

} // namespace seqc::reference
