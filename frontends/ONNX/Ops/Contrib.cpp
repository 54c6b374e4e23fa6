//===- Contrib.cpp - Normalization and activation of com.microsoft --------===//

#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include "llvm/ADT/StringSwitch.h"

#include <cmath>
#include <functional>
#include <limits>

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

static Tensor add(Emitter &e, Tensor a, Tensor b) {
  if (!b)
    return a;
  DataType type = getComputeType(a.type);
  return e.elementwise(a.type, {a, b}, [&](Scalars &s, ValueRange x) {
    return s.add(type, x[0], x[1]);
  });
}

/// Skip(Simplified)LayerNormalization: of the sum of two branches, which is
/// output 3.
template <bool center> static LogicalResult convertSkip(Node &node) {
  Emitter &e = node.getEmitter();
  if (failed(node.requireRank(0, 1, kMostRank)) ||
      failed(node.requireRanks({2, 3, 4}, 1)))
    return failure();
  Tensor beta = center ? node.getInput(3) : Tensor();
  Tensor sum = add(e, node.getInput(0), node.getInput(1));
  sum = add(e, sum, node.getInput(center ? 4 : 3));
  float epsilon = node.getFloat("epsilon", 1e-12f);
  int64_t last = sum.getRank() - 1;
  Norm norm{center ? seq::NormKind::Layer : seq::NormKind::Rms, last, epsilon};
  node.setOutput(0, normalize(e, norm, sum, node.getInput(2), beta, sum.type));
  if (center && (node.wantsOutput(1) || node.wantsOutput(2))) {
    Moments moments = getMoments(e, sum, last);
    node.setOutput(1, moments.mean);
    node.setOutput(2, invertRoot(e, moments.variance, epsilon));
  } else if (node.wantsOutput(2)) {
    node.setOutput(2, invertRoot(e, getMeanSquare(e, sum, last), epsilon));
  }
  node.setOutput(3, sum);
  return success();
}

static LogicalResult convertSimplified(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", -1), x.getRank());
  if (!axis)
    return failure();
  (void)node.getInt("stash_type", 1);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  Norm norm{seq::NormKind::Rms, *axis, epsilon};
  node.setOutput(0, normalize(e, norm, x, node.getInput(1), {}, x.type));
  if (node.wantsOutput(1)) {
    auto dims = llvm::to_vector(llvm::seq<int64_t>(*axis, x.getRank()));
    node.setOutput(1, invertRoot(e, getMeanSquare(e, x, dims), epsilon));
  }
  return success();
}

/// Row `index` of a table; indices outside are kept inside.
static Value readRow(Emitter &e, Scalars &s, Tensor table, Value row,
                     Value column) {
  Value limit = s.subIndex(e.extentValue(table, 0), s.index(1));
  row = s.maxIndex(s.minIndex(row, limit), s.index(0));
  return e.loadWide(table, {row, column});
}

static LogicalResult convertEmbed(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor ids = node.getInput(0), segments = node.getInput(1);
  Tensor words = node.getInput(2), places = node.getInput(3);
  Tensor kinds = node.getInput(4), mask = node.getInput(7);
  Tensor positions = node.getInput(8);
  (void)node.getInt("mask_index_type", 0);
  for (size_t i : {2, 3, 5, 6})
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is missing");
  if (failed(node.requireRanks({0, 1, 2, 3, 4, 7, 8}, 2)) ||
      failed(node.requireRanks({5, 6}, 1)))
    return failure();
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
  Scalars outer = e.scalars();
  if (positions) {
    positions = e.broadcastTo(positions, e.extents(ids));
    e.requireIndices(positions, rows, "a position", /*fromEnd=*/false);
  } else {
    e.require(outer.compareIndex(mlir::arith::CmpIPredicate::sge,
                                 e.toValue(rows), e.toValue(length)),
              "its table of positions has {0} rows; required are {1}",
              {rows, length});
  }
  DataType type = getComputeType(words.type);
  Extents sizes = {e.extent(ids, 0), length, width};
  Tensor sum = e.generate(words.type, sizes, [&](Scalars &s, ValueRange at) {
    auto rowOf = [&](Tensor of) {
      return s.toIndex(of.type, e.load(of, {at[0], at[1]}));
    };
    Value y = readRow(e, s, words, rowOf(ids), at[2]);
    Value place = positions ? rowOf(positions) : at[1];
    y = s.add(type, y, readRow(e, s, places, place, at[2]));
    if (segments && kinds)
      y = s.add(type, y, readRow(e, s, kinds, rowOf(segments), at[2]));
    return s.convert(type, words.type, y);
  });
  Norm norm{seq::NormKind::Layer, 2, node.getFloat("epsilon", 1e-12f)};
  node.setOutput(
      0, normalize(e, norm, sum, node.getInput(5), node.getInput(6), sum.type));
  if (node.wantsOutput(1)) {
    // Living keys of each row.
    DataType number = DataType::Int32;
    Tensor counts = e.fill(number, {e.extent(ids, 0)}, 0);
    if (mask) {
      Tensor ones =
          e.elementwise(number, {mask}, [&](Scalars &s, ValueRange v) {
            Value isOne = s.compare(Compare::Equal, mask.type, v[0],
                                    s.constant(mask.type, 1));
            return s.convert(DataType::Bool, number, isOne);
          });
      counts = e.reduce(ones, {1}, Combine::Sum, false);
    }
    node.setOutput(1, counts);
  }
  node.setOutput(2, sum);
  return success();
}

enum class Curve { Erf, Tanh, Quick };

/// The kinds of GELU, of x + bias where a second input is given.
template <Curve curve> static LogicalResult convertGelu(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = add(e, node.getInput(0), node.getInput(1));
  DataType type = getComputeType(x.type);
  double alpha = curve == Curve::Quick ? node.getFloat("alpha", 1.702f) : 1;
  node.setOutput(
      0, e.elementwise(x.type, {x}, [&](Scalars &s, ValueRange v) -> Value {
        auto number = [&](double value) { return s.constant(type, value); };
        if (curve == Curve::Quick)
          return s.mul(type, v[0],
                       s.sigmoid(type, s.mul(type, v[0], number(alpha))));
        Value weight;
        if (curve == Curve::Erf) {
          weight = s.op<mlir::math::ErfOp>(
              s.mul(type, v[0], number(std::sqrt(0.5))));
        } else {
          Value cube = s.mul(type, v[0], s.mul(type, v[0], v[0]));
          Value inner = s.add(type, v[0], s.mul(type, cube, number(0.044715)));
          weight = s.tanh(s.mul(type, inner, number(std::sqrt(2 / M_PI))));
        }
        Value half = s.mul(type, v[0], number(0.5));
        return s.mul(type, half, s.add(type, weight, number(1)));
      }));
  return success();
}

/// FusedMatMul: alpha * op(a) * op(b), with batches that broadcast.
static LogicalResult convertFusedMatMul(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor a = node.getInput(0), b = node.getInput(1);
  double alpha = node.getFloat("alpha", 1);
  DataType type = getComputeType(a.type);
  // Rows or columns come first, the batch behind them.
  auto moveBatch = [&](Tensor x, StringRef attribute) {
    if (node.getInt(attribute, 0) == 0 || x.getRank() < 3)
      return x;
    SmallVector<int64_t> order =
        llvm::to_vector(llvm::seq<int64_t>(1, x.getRank()));
    order.insert(order.end() - 1, 0);
    return e.transpose(x, order);
  };
  a = moveBatch(a, "transBatchA");
  b = moveBatch(b, "transBatchB");
  auto flip = [&](Tensor x) {
    SmallVector<int64_t> order =
        llvm::to_vector(llvm::seq<int64_t>(0, x.getRank()));
    if (x.getRank() < 2)
      return x;
    std::swap(order[x.getRank() - 1], order[x.getRank() - 2]);
    return e.transpose(x, order);
  };
  if (node.getInt("transA", 0))
    a = flip(a);
  if (node.getInt("transB", 0))
    b = flip(b);
  if (a.getRank() < 2 || b.getRank() < 2) {
    node.inputs[0] = a, node.inputs[1] = b;
    if (failed(Registry::get().find("", "MatMul")->convert(node)))
      return failure();
    node.setOutput(0, e.elementwise(a.type, {node.outputs[0].tensor},
                                    [&](Scalars &s, ValueRange x) {
                                      return s.mul(type, x[0],
                                                   s.constant(type, alpha));
                                    }));
    return success();
  }
  int64_t rank = std::max(a.getRank(), b.getRank());
  Tensor product;
  if (b.getRank() == 2) {
    Extents sizes = e.extents(a), lead(sizes.begin(), sizes.end() - 1);
    Tensor rows = e.reshape(a, {e.product(lead), sizes.back()});
    product = e.contract(rows, "mk", b, "kn", "mn");
    sizes.back() = e.extent(b, 1);
    product = e.reshape(product, sizes);
  } else {
    // Batches get the extents of both.
    std::string letters = std::string("abcdefgh").substr(0, rank - 2);
    if (rank > 10)
      return node.unsupported("rank " + Twine(rank) + " is not supported");
    auto widen = [&](Tensor x) {
      while (x.getRank() < rank)
        x = e.unsqueeze(x, 0);
      return x;
    };
    a = widen(a), b = widen(b);
    auto batch = [&](Tensor x) {
      Tensor part = x;
      for (int64_t d = rank - 2; d < rank; ++d)
        part = e.sliceDim(part, d, e.getBuilder().getIndexAttr(0),
                          e.getBuilder().getIndexAttr(1));
      return part;
    };
    Extents both = e.broadcastExtents({batch(a), batch(b)});
    auto spread = [&](Tensor x) {
      Extents sizes = both;
      sizes[rank - 2] = e.extent(x, rank - 2);
      sizes[rank - 1] = e.extent(x, rank - 1);
      return e.broadcastTo(x, sizes);
    };
    product = e.contract(spread(a), letters + "mk", spread(b), letters + "kn",
                         letters + "mn");
  }
  node.setOutput(
      0, e.elementwise(a.type, {product}, [&](Scalars &s, ValueRange x) {
        return s.mul(type, x[0], s.constant(type, alpha));
      }));
  return success();
}

/// The function that a fused operator applies to its result.
static LogicalResult activate(Node &node, StringRef name,
                              ArrayRef<float> numbers) {
  Emitter &e = node.getEmitter();
  Tensor x = node.outputs[0].tensor;
  DataType type = getComputeType(x.type);
  auto number = [&](size_t i, double otherwise) {
    return i < numbers.size() ? numbers[i] : otherwise;
  };
  using Function = std::function<Value(Scalars &, Value)>;
  auto constant = [&](Scalars &s, double value) {
    return s.constant(type, value);
  };
  auto clamp = [&](Scalars &s, Value v, double low, double high) {
    return s.min(type, s.max(type, v, constant(s, low)), constant(s, high));
  };
  double most = std::numeric_limits<float>::max();
  auto function =
      StringSwitch<Function>(name)
          .Case("", [](Scalars &, Value v) { return v; })
          .Case("Relu", [&](Scalars &s,
                            Value v) { return s.max(type, v, constant(s, 0)); })
          .Case("Sigmoid",
                [&](Scalars &s, Value v) { return s.sigmoid(type, v); })
          .Case("Tanh", [&](Scalars &s, Value v) { return s.tanh(v); })
          .Case("LeakyRelu",
                [&](Scalars &s, Value v) {
                  Value below =
                      s.compare(Compare::Less, type, v, constant(s, 0));
                  Value scaled = s.mul(type, v, constant(s, number(0, 0.01)));
                  return s.select(below, scaled, v);
                })
          .Case("Clip",
                [&](Scalars &s, Value v) {
                  return clamp(s, v, number(0, -most), number(1, most));
                })
          .Case("HardSigmoid",
                [&](Scalars &s, Value v) {
                  Value line =
                      s.add(type, s.mul(type, v, constant(s, number(0, 0.2))),
                            constant(s, number(1, 0.5)));
                  return clamp(s, line, 0, 1);
                })
          .Default(Function());
  if (!function)
    return node.unsupported("activation '" + name + "' is not supported");
  node.setOutput(0, e.elementwise(x.type, {x}, [&](Scalars &s, ValueRange v) {
    return function(s, v[0]);
  }));
  return success();
}

static LogicalResult convertFusedGemm(Node &node) {
  std::string name = node.getString("activation", "");
  SmallVector<float> numbers;
  for (auto [attribute, otherwise] :
       {std::pair<StringRef, float>("activation_alpha", 0),
        {"activation_beta", 0},
        {"activation_gamma", 0}})
    if (node.hasAttribute(attribute))
      numbers.push_back(node.getFloat(attribute, otherwise));
  if (failed(Registry::get().find("", "Gemm")->convert(node)))
    return failure();
  return activate(node, name, numbers);
}

/// Conv, a fourth input that is added, and a function of the sum.
static LogicalResult convertFusedConv(Node &node) {
  std::string name = node.getString("activation", "");
  std::optional<SmallVector<float>> numbers =
      node.getFloats("activation_params");
  Tensor more = node.getInput(3);
  if (failed(Registry::get().find("", "Conv")->convert(node)))
    return failure();
  if (more)
    node.setOutput(0, add(node.getEmitter(), node.outputs[0].tensor, more));
  return activate(node, name, numbers.value_or(SmallVector<float>()));
}

void registerContribOps(Registry &registry) {
  StringRef domain = "com.microsoft";
  registry.add({
      {"SkipLayerNormalization", 1, 3, 5, convertSkip<true>, "", domain},
      {"SkipSimplifiedLayerNormalization", 1, 3, 4, convertSkip<false>, "",
       domain},
      {"SimplifiedLayerNormalization", 1, 2, 2, convertSimplified},
      {"SimplifiedLayerNormalization", 1, 2, 2, convertSimplified, "", domain},
      {"EmbedLayerNormalization", 1, 1, 9, convertEmbed, "", domain},
      {"FastGelu", 1, 1, 2, convertGelu<Curve::Tanh>, "", domain},
      {"BiasGelu", 1, 2, 2, convertGelu<Curve::Erf>, "", domain},
      {"Gelu", 1, 1, 1, convertGelu<Curve::Erf>, "", domain},
      {"QuickGelu", 1, 1, 1, convertGelu<Curve::Quick>, "", domain},
      {"FusedMatMul", 1, 2, 2, convertFusedMatMul, "", domain},
      {"TransposeMatMul", 1, 2, 2, convertFusedMatMul, "", domain},
      {"FusedGemm", 1, 2, 3, convertFusedGemm, "", domain},
      {"FusedConv", 1, 2, 4, convertFusedConv, "weights of dynamic shape",
       domain},
  });
}

} // namespace seqc::onnx
