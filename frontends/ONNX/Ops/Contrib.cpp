//===- Contrib.cpp - Embeddings and fused products of com.microsoft -------===//

#include "frontends/Common/Activations.h"
#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/Products.h"

#include <algorithm>

using namespace llvm;

namespace seqc::onnx {

/// Row `row` of a table; rows outside are kept inside.
static Number readRow(Emitter &e, Tensor table, Number row, Number column) {
  Number limit = Number(row.scalars(), e.extentValue(table, 0)) - 1;
  return read(e, table, {max(min(row, limit), 0), column});
}

static LogicalResult convertEmbed(Node &node, Emitter &e) {
  Tensor ids = node.getInput(0), segments = node.getInput(1);
  Tensor words = node.getInput(2), places = node.getInput(3);
  Tensor kinds = node.getInput(4), mask = node.getInput(7);
  Tensor positions = node.getInput(8);
  (void)node.getInt("mask_index_type", 0);
  for (size_t i : {2, 3, 5, 6})
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is missing");
  mlir::OpFoldResult rows = e.extent(places, 0), length = e.extent(ids, 1),
                     width = e.extent(words, 1);
  e.requireIndices(ids, e.extent(words, 0), "an id", /*fromEnd=*/false);
  if (segments && kinds)
    e.requireIndices(segments, e.extent(kinds, 0), "a segment",
                     /*fromEnd=*/false);
  for (Tensor table : {places, kinds})
    if (table)
      e.requireEqual(e.extent(table, 1), width, "the width of a table");
  // One row of positions may serve the whole batch.
  if (segments)
    segments = e.broadcastTo(segments, e.extents(ids));
  if (positions) {
    positions = e.broadcastTo(positions, e.extents(ids));
    e.requireIndices(positions, rows, "a position", /*fromEnd=*/false);
  } else {
    e.require(Number(e, rows) >= e.toValue(length),
              "its table of positions has {0} rows; required are {1}",
              {rows, length});
  }
  Extents sizes = {e.extent(ids, 0), length, width};
  Tensor sum = define(e, words.type, sizes, [&](ArrayRef<Number> at) {
    auto rowOf = [&](Tensor of) {
      return read(e, of, {at[0], at[1]}).toIndex();
    };
    Number y = readRow(e, words, rowOf(ids), at[2]);
    y = y + readRow(e, places, positions ? rowOf(positions) : at[1], at[2]);
    if (segments && kinds)
      y = y + readRow(e, kinds, rowOf(segments), at[2]);
    return y;
  });
  Norm norm{seq::NormKind::Layer, 2, node.getFloat("epsilon", 1e-12f)};
  node.setOutput(
      0, normalize(e, norm, sum, node.getInput(5), node.getInput(6), sum.type));
  if (node.wantsOutput(1)) {
    // Living keys of each row.
    DataType number = DataType::Int32;
    Tensor counts = e.fill(number, {e.extent(ids, 0)}, 0);
    if (mask)
      counts = e.reduce(map(e, number, {mask}, [](Number v) { return v == 1; }),
                        {1}, Combine::Sum, false);
    node.setOutput(1, counts);
  }
  node.setOutput(2, sum);
  return success();
}

/// FusedMatMul: alpha * op(a) * op(b), with batches that broadcast.
static LogicalResult convertFusedMatMul(Node &node, Emitter &e) {
  double alpha = node.getFloat("alpha", 1);
  auto read = [&](size_t i, StringRef flips, StringRef movesBatch) {
    Tensor x = node.getInput(i);
    auto order = to_vector(llvm::seq<int64_t>(0, x.getRank()));
    // Rows or columns come first, the batch behind them.
    if (node.getInt(movesBatch, 0) && x.getRank() > 2)
      std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
    if (node.getInt(flips, 0) && x.getRank() > 1)
      std::swap(order[x.getRank() - 1], order[x.getRank() - 2]);
    return e.transpose(x, order);
  };
  Tensor a = read(0, "transA", "transBatchA");
  Tensor b = read(1, "transB", "transBatchB");
  FailureOr<Tensor> product = matmul(node, a, b);
  if (failed(product))
    return failure();
  return node.give(
      map(e, a.type, {*product}, [&](Number x) { return x * alpha; }));
}

/// The function that a fused operator applies to its result.
static LogicalResult applyActivation(Node &node, StringRef name,
                                     ArrayRef<float> factors) {
  Emitter &e = node.getEmitter();
  Tensor x = node.outputs[0].tensor;
  if (name.empty())
    return success();
  if (name == "Clip") {
    double most = std::numeric_limits<float>::max();
    double low = factors.empty() ? -most : factors[0];
    double high = factors.size() < 2 ? most : factors[1];
    return node.give(
        map(e, x.type, {x}, [&](Number v) { return min(max(v, low), high); }));
  }
  const Activation *function = findActivation(name);
  if (!function)
    return node.unsupported("activation '" + name + "' is not supported");
  return node.give(activate(e, *function, x, factors));
}

static LogicalResult convertFusedGemm(Node &node, Emitter &e) {
  std::string name = node.getString("activation", "");
  SmallVector<float> factors;
  for (StringRef attribute :
       {"activation_alpha", "activation_beta", "activation_gamma"})
    if (node.hasAttribute(attribute))
      factors.push_back(node.getFloat(attribute, 0));
  if (failed(Registry::get().find("", "Gemm")->convert(node, e)))
    return failure();
  return applyActivation(node, name, factors);
}

/// Conv, a fourth input that is added, and a function of the sum.
static LogicalResult convertFusedConv(Node &node, Emitter &e) {
  std::string name = node.getString("activation", "");
  std::optional<SmallVector<float>> factors =
      node.getFloats("activation_params");
  if (failed(Registry::get().find("", "Conv")->convert(node, e)))
    return failure();
  node.setOutput(0, add(e, node.outputs[0].tensor, node.getInput(3)));
  return applyActivation(node, name, factors.value_or(SmallVector<float>()));
}

void registerContribOps(Registry &registry) {
  auto factors = takes(kAny.atLeast(1), kAny.atLeast(1));
  registry.addContrib({
      {"EmbedLayerNormalization", 1, 1, 9, convertEmbed,
       takes(kAny(2), kAny(2), kAny(2), kAny(2), kAny(2), kAny(1), kAny(1),
             kAny(2), kAny(2))},
      {"FusedMatMul", 1, 2, 2, convertFusedMatMul, factors},
      {"TransposeMatMul", 1, 2, 2, convertFusedMatMul, factors},
      {"FusedGemm", 1, 2, 3, convertFusedGemm,
       takes(kAny(2), kSame(2), kSame(0, 2))},
      {"FusedConv", 1, 2, 4, convertFusedConv, takes(kFloats, kSame),
       "weights of dynamic shape"},
  });
}

} // namespace seqc::onnx
