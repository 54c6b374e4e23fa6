//===- Grams.cpp - Counting of n-grams ------------------------------------===//
//
// TfIdfVectorizer over integers. Its pool lists n-grams by their length; every
// one is looked for at each position and with each distance of its items.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

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

  /// How many n-grams of `n` items there are.
  int64_t count(int64_t n) const {
    int64_t end = n < static_cast<int64_t>(starts.size())
                      ? starts[n]
                      : static_cast<int64_t>(pool.size());
    return (end - starts[n - 1]) / n;
  }
};
} // namespace

static FailureOr<Grams> readGrams(Node &node) {
  Grams grams{node.getInt("min_gram_length", 1),
              node.getInt("max_gram_length", 1),
              node.getInt("max_skip_count", 0),
              node.getString("mode", ""),
              node.getInts("ngram_counts").value_or(SmallVector<int64_t>()),
              node.getInts("ngram_indexes").value_or(SmallVector<int64_t>()),
              node.getFloats("weights").value_or(SmallVector<float>()),
              node.getInts("pool_int64s").value_or(SmallVector<int64_t>())};
  if (node.getStrings("pool_strings"))
    return node.unsupported("a pool of strings is not supported");
  if (!is_contained({"TF", "IDF", "TFIDF"}, grams.mode))
    return node.error("attribute 'mode' is '" + grams.mode +
                      "'; required is TF, IDF or TFIDF");
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
    int64_t begin = grams.starts[n - 1],
            end = n < lengths ? grams.starts[n] : size;
    if (begin < last || end < begin || end > size || (end - begin) % n != 0)
      return node.error(
          "attribute 'ngram_counts' does not divide its pool of " +
          Twine(size) + " items into n-grams");
    last = begin;
    all += (end - begin) / n;
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

static Tensor makeList(Emitter &e, ArrayRef<int64_t> numbers) {
  auto type = mlir::RankedTensorType::get(
      {static_cast<int64_t>(numbers.size())}, e.storage(DataType::Int64));
  return e.constant(mlir::DenseElementsAttr::get(type, numbers),
                    DataType::Int64);
}

/// Adds the n-grams of `n` items in `rows` [N, C] to `counts` [N, width]; the
/// first of them is number `first`.
static Value countGrams(Emitter &e, const Grams &grams, Tensor rows,
                        Value counts, int64_t n, int64_t first) {
  mlir::OpBuilder &b = e.getBuilder();
  int64_t count = grams.count(n);
  if (count == 0)
    return counts;
  Tensor items =
      makeList(e, ArrayRef(grams.pool).slice(grams.starts[n - 1], count * n));
  Tensor goals = makeList(e, ArrayRef(grams.goals).slice(first, count));
  Extents sizes = e.extents(rows);
  Value length = e.toValue(sizes[1]);
  // One item has no distances.
  OpFoldResult distances = b.getIndexAttr(n == 1 ? 1 : grams.skips + 1);
  return iterate(
      e, {sizes[0], b.getIndexAttr(count), distances, sizes[1]}, {counts},
      [&](Scalars &s, ValueRange at, ValueRange carried) {
        Value distance = s.addIndex(at[2], s.index(1)), place = at[3];
        Value found = s.boolean(true);
        for (int64_t k = 0; k < n; ++k) {
          if (k > 0)
            place = s.addIndex(place, distance);
          Value inside = s.compareIndex(CmpIPredicate::slt, place, length);
          Value near = s.minIndex(place, s.subIndex(length, s.index(1)));
          Value item = s.convert(rows.type, DataType::Int64,
                                 e.load(rows, {at[0], near}));
          Value wanted = e.load(
              items, {s.addIndex(s.mulIndex(at[1], s.index(n)), s.index(k))});
          Value same = s.compare(Compare::Equal, DataType::Int64, item, wanted);
          found = s.logicalAnd(found, s.logicalAnd(inside, same));
        }
        Value position[] = {at[0],
                            s.toIndex(DataType::Int64, e.load(goals, {at[1]}))};
        Value old = e.load({carried[0], DataType::Float}, position);
        Value more = s.add(DataType::Float, old,
                           s.convert(DataType::Bool, DataType::Float, found));
        return SmallVector<Value>{insert(e, more, carried[0], position)};
      })[0];
}

static LogicalResult convertTfIdfVectorizer(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  FailureOr<Grams> grams = readGrams(node);
  if (failed(grams))
    return failure();
  if ((x.getRank() != 1 && x.getRank() != 2) ||
      (x.type != DataType::Int32 && x.type != DataType::Int64))
    return node.error("its input is " + getName(x.type) + " of rank " +
                      Twine(x.getRank()) +
                      "; required is int32 or int64 of rank 1 or 2");
  Tensor rows = x.getRank() == 1 ? e.unsqueeze(x, 0) : x;
  DataType real = DataType::Float;
  Extents sizes{e.extent(rows, 0), e.getBuilder().getIndexAttr(grams->width)};
  Value counts = e.fill(real, sizes, 0).value;
  int64_t first = 0;
  for (int64_t n = 1; n <= grams->most; ++n) {
    if (n >= grams->least)
      counts = countGrams(e, *grams, rows, counts, n, first);
    first += grams->count(n);
  }
  Tensor y{counts, real};
  e.setExtents(counts, sizes);
  if (grams->mode != "TF") {
    SmallVector<float> weights(grams->width, 1);
    for (auto [goal, weight] : llvm::zip(grams->goals, grams->weights))
      weights[goal] = weight;
    auto type = mlir::RankedTensorType::get({grams->width}, e.storage(real));
    Tensor factors = e.constant(
        mlir::DenseElementsAttr::get(type, ArrayRef<float>(weights)), real);
    bool once = grams->mode == "IDF";
    y = e.elementwise(real, {y, factors}, [&](Scalars &s, ValueRange v) {
      Value count = once ? s.min(real, v[0], s.constant(real, 1)) : v[0];
      return s.mul(real, count, v[1]);
    });
  }
  node.setOutput(0, x.getRank() == 1 ? e.squeeze(y, 0) : y);
  return success();
}

void registerGramsOps(Registry &registry) {
  registry.add(
      {{"TfIdfVectorizer", 9, 1, 1, convertTfIdfVectorizer, "strings"}});
}

} // namespace seqc::onnx
