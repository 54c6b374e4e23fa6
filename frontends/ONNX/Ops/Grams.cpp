//===- Grams.cpp - Counting of n-grams ------------------------------------===//
//
// TfIdfVectorizer over integers. Its pool lists n-grams by their length; every
// one is looked for at each position and with each distance of its items.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

/// Elements of a result.
static constexpr int64_t kMostGoals = int64_t(1) << 24;

namespace {
/// What the attributes of a TfIdfVectorizer say.
struct Grams {
  int64_t least, most, skips;
  std::string mode;
  /// Where the n-grams of each length begin in the pool.
  SmallVector<int64_t> starts;
  /// For each n-gram its element of the result, and its weight.
  SmallVector<int64_t> goals;
  SmallVector<float> weights;
  SmallVector<int64_t> pool;
  int64_t width = 0;

  /// Where those of `n` items end, and how many there are.
  int64_t endOf(int64_t n) const {
    bool isLast = n == static_cast<int64_t>(starts.size());
    return isLast ? static_cast<int64_t>(pool.size()) : starts[n];
  }
  int64_t count(int64_t n) const { return (endOf(n) - starts[n - 1]) / n; }
};
} // namespace

static FailureOr<Grams> readGrams(Node &node) {
  Grams grams{node.getInt("min_gram_length", 1),
              node.getInt("max_gram_length", 1),
              node.getInt("max_skip_count", 0),
              readChoice(node, "mode", "", {"TF", "IDF", "TFIDF"}),
              node.getIntList("ngram_counts"),
              node.getIntList("ngram_indexes"),
              node.getFloats("weights").value_or(SmallVector<float>()),
              node.getIntList("pool_int64s")};
  if (node.getStrings("pool_strings"))
    return node.unsupported("a pool of strings is not supported");
  int64_t lengths = grams.starts.size();
  if (grams.least < 1 || grams.most < grams.least || grams.most > lengths ||
      grams.skips < 0 || grams.skips > 1'000'000)
    return node.error("its n-grams have " + Twine(grams.least) + " to " +
                      Twine(grams.most) + " items, with " + Twine(grams.skips) +
                      " skipped; its pool has lengths of "
                      "1 to " +
                      Twine(lengths));
  int64_t last = 0, all = 0, size = grams.pool.size();
  for (int64_t n = 1; n <= lengths; ++n) {
    int64_t begin = grams.starts[n - 1], end = grams.endOf(n);
    if (begin < last || end < begin || end > size || (end - begin) % n != 0)
      return node.error(
          "attribute 'ngram_counts' does not divide its pool of " +
          Twine(size) + " items into n-grams");
    last = begin;
    all += grams.count(n);
  }
  if (static_cast<int64_t>(grams.goals.size()) != all ||
      (!grams.weights.empty() &&
       static_cast<int64_t>(grams.weights.size()) != all))
    return node.error("its pool has " + Twine(all) +
                      " n-grams; required is one index for each, and one "
                      "weight or none");
  for (int64_t goal : grams.goals) {
    if (goal < 0 || goal >= kMostGoals)
      return node.error("attribute 'ngram_indexes' holds " + Twine(goal) +
                        "; required is 0 to " + Twine(kMostGoals - 1));
    grams.width = std::max(grams.width, goal + 1);
  }
  return grams;
}

template <typename T>
static Tensor makeList(Emitter &e, DataType type, ArrayRef<T> numbers) {
  auto shape = mlir::RankedTensorType::get(
      {static_cast<int64_t>(numbers.size())}, e.storage(type));
  return e.constant(mlir::DenseElementsAttr::get(shape, numbers), type);
}

/// Adds the n-grams of `n` items in `rows` [N, C] to `counts` [N, width]; the
/// first of them is number `first`.
static Tensor countGrams(Emitter &e, const Grams &grams, Tensor rows,
                         Tensor counts, int64_t n, int64_t first) {
  int64_t count = grams.count(n);
  if (count == 0)
    return counts;
  constexpr DataType integer = DataType::Int64;
  Tensor items = makeList(
      e, integer, ArrayRef(grams.pool).slice(grams.starts[n - 1], count * n));
  Tensor goals =
      makeList(e, integer, ArrayRef(grams.goals).slice(first, count));
  Extents sizes = e.extents(rows);
  Number length(e, sizes[1]);
  // One item has no distances.
  Number distances(e, n == 1 ? 1 : grams.skips + 1);
  return fold(e, {sizes[0], Number(e, count), distances, sizes[1]}, counts,
              [&](ArrayRef<Number> at, Tensor y) {
                Number distance = at[2] + 1, place = at[3];
                Number found(e, DataType::Bool, 1);
                for (int64_t k = 0; k < n; ++k) {
                  if (k > 0)
                    place = place + distance;
                  Number near = min(place, length - 1);
                  Number item = load(e, rows, {at[0], near}).as(integer);
                  Number wanted = load(e, items, {at[1] * n + k});
                  found = found & ((place < length) & (item == wanted));
                }
                Number goal[] = {at[0], load(e, goals, {at[1]}).toIndex()};
                return insert(e, load(e, y, goal) + found.as(y.type), y, goal);
              });
}

static LogicalResult convertTfIdfVectorizer(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  FailureOr<Grams> grams = readGrams(node);
  if (failed(grams))
    return failure();
  Tensor rows = x.getRank() == 1 ? e.unsqueeze(x, 0) : x;
  DataType real = DataType::Float;
  Tensor y = e.fill(real, {e.extent(rows, 0), Number(e, grams->width)}, 0);
  int64_t first = 0;
  for (int64_t n = 1; n <= grams->most; ++n) {
    if (n >= grams->least)
      y = countGrams(e, *grams, rows, y, n, first);
    first += grams->count(n);
  }
  if (grams->mode != "TF") {
    SmallVector<float> weights(grams->width, 1);
    for (auto [goal, weight] : llvm::zip(grams->goals, grams->weights))
      weights[goal] = weight;
    Tensor factors = makeList(e, real, ArrayRef(weights));
    bool once = grams->mode == "IDF";
    y = map(e, real, {y, factors}, [&](Number count, Number factor) {
      return (once ? min(count, 1) : count) * factor;
    });
  }
  return node.give(x.getRank() == 1 ? e.squeeze(y, 0) : y);
}

void registerGramsOps(Registry &registry) {
  registry.add({{"TfIdfVectorizer", 9, 1, 1, convertTfIdfVectorizer,
                 takes(kIndices(1, 2)), "strings"}});
}

} // namespace seqc::onnx
