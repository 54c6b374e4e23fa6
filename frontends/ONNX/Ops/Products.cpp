//===- Products.cpp - Matrix products -------------------------------------===//
//
// Every product is a sum over letters (a[..], b[..] -> result[..]). One without
// batch letters becomes a linalg.matmul of two matrices, which later phases
// pack and tile; the others become one linalg.generic.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Products.h"

#include "frontends/ONNX/Ops/Family.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

namespace {
/// A tensor whose dimensions have letters.
struct Lettered {
  Tensor tensor;
  std::string letters;
};
} // namespace

/// Brings the dimensions into the order `letters`.
static Tensor permute(Emitter &e, Lettered x, StringRef letters) {
  SmallVector<int64_t> permutation;
  for (char letter : letters)
    permutation.push_back(x.letters.find(letter));
  return e.transpose(x.tensor, permutation);
}

/// Sums a[..] * b[..] over the letters that are not in `result`; letters are
/// distinct within each of them. Gives the type that it is computed in.
static Tensor multiply(Emitter &e, Lettered a, Lettered b, StringRef result) {
  std::string rows, columns, sums;
  bool batched = false;
  for (char letter : a.letters) {
    bool inB = StringRef(b.letters).contains(letter);
    bool inResult = result.contains(letter);
    batched |= inB == inResult && inB;
    (inB ? sums : rows).push_back(letter);
  }
  for (char letter : b.letters)
    if (!StringRef(a.letters).contains(letter))
      columns.push_back(letter);
  if (batched || sums.empty() || !isFloat(a.tensor.type))
    return e.contract(a.tensor, a.letters, b.tensor, b.letters, result);

  DataType type = getComputeType(a.tensor.type);
  // Weights stay as they are stored.
  bool transposed = !columns.empty() && b.letters == columns + sums;
  Tensor left = permute(e, a, rows + sums),
         right = permute(e, b, transposed ? columns + sums : sums + columns);
  left = e.convert(left, type), right = e.convert(right, type);
  Extents leftSizes = e.extents(left), rightSizes = e.extents(right);
  ArrayRef<OpFoldResult> rowSizes = ArrayRef(leftSizes).take_front(rows.size());
  ArrayRef<OpFoldResult> columnSizes, depthSizes;
  if (transposed) {
    columnSizes = ArrayRef(rightSizes).take_front(columns.size());
    depthSizes = ArrayRef(rightSizes).drop_front(columns.size());
  } else {
    columnSizes = ArrayRef(rightSizes).drop_front(sums.size());
    depthSizes = ArrayRef(rightSizes).take_front(sums.size());
  }
  OpFoldResult m = e.product(rowSizes), n = e.product(columnSizes),
               k = e.product(depthSizes);
  left = e.reshape(left,
                   {m, e.product(ArrayRef(leftSizes).drop_front(rows.size()))});
  right = transposed ? e.reshape(right, {n, k}) : e.reshape(right, {k, n});
  // Later phases pack weights where the number of summands is static.
  int64_t known = right.getShape()[transposed ? 1 : 0];
  if (!mlir::ShapedType::isDynamic(known))
    left = e.castShape(left, {left.getShape()[0], known});
  Tensor product =
      e.contract(left, "mk", right, transposed ? "nk" : "kn", "mn");
  Extents sizes(rowSizes);
  llvm::append_range(sizes, columnSizes);
  return permute(e, {e.reshape(product, sizes), rows + columns}, result);
}

/// Whether two extents may be the same.
static bool agree(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = mlir::getConstantIntValue(a),
                         y = mlir::getConstantIntValue(b);
  return !x || !y || *x == *y;
}

std::string describeShape(ArrayRef<int64_t> shape) {
  auto number = [](int64_t size) {
    return mlir::ShapedType::isDynamic(size) ? "?" : std::to_string(size);
  };
  return "[" + join(map_range(shape, number), ", ") + "]";
}

static std::string describeShapes(Tensor a, Tensor b) {
  return describeShape(a.getShape()) + " and " + describeShape(b.getShape());
}

/// Resolves the extents of letter `letter` of two tensors by numpy's rule: a
/// letter whose extent is 1 on one side leaves that side, and one that may be 1
/// is repeated. False if the extents do not fit.
static bool broadcastLetter(Emitter &e, Lettered &a, Lettered &b, char letter) {
  size_t i = a.letters.find(letter), j = b.letters.find(letter);
  if (i == std::string::npos || j == std::string::npos)
    return true;
  OpFoldResult x = e.extent(a.tensor, i), y = e.extent(b.tensor, j);
  if (Emitter::isSame(x, y))
    return true;
  std::optional<int64_t> m = mlir::getConstantIntValue(x),
                         n = mlir::getConstantIntValue(y);
  if (m == 1) {
    a.tensor = e.squeeze(a.tensor, i), a.letters.erase(i, 1);
    return true;
  }
  if (n == 1) {
    b.tensor = e.squeeze(b.tensor, j), b.letters.erase(j, 1);
    return true;
  }
  if (m && n)
    return false;
  // A dynamic extent is 1 or that of the other side.
  OpFoldResult size = e.broadcastExtent(x, y);
  for (auto [side, d] : {std::pair(&a, i), {&b, j}}) {
    Extents sizes = e.extents(side->tensor);
    sizes[d] = size;
    side->tensor = e.broadcastTo(side->tensor, sizes);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// MatMul
//===----------------------------------------------------------------------===//

FailureOr<Tensor> matmul(Node &node, Tensor left, Tensor right) {
  Emitter &e = node.getEmitter();
  Lettered a{left, ""}, b{right, ""};
  int64_t rankA = left.getRank(), rankB = right.getRank();
  auto fail = [&] {
    return node.error(
        "shapes " + describeShapes(left, right) +
        " cannot be multiplied; required are equal inner extents, "
        "and batches that are equal or 1");
  };
  if (!agree(e.extent(left, rankA - 1),
             e.extent(right, std::max<int64_t>(0, rankB - 2))))
    return fail();
  // Batch dimensions are named from the last one on.
  int64_t batch = std::max<int64_t>({0, rankA - 2, rankB - 2});
  std::string heads;
  for (int64_t d = 0; d < batch; ++d)
    heads.push_back('\x80' + d);
  auto tail = [&](int64_t rank) {
    return heads.substr(heads.size() - std::max<int64_t>(0, rank - 2));
  };
  a.letters = tail(rankA) + (rankA == 1 ? "k" : "mk");
  b.letters = tail(rankB) + (rankB == 1 ? "k" : "kn");
  std::string result = heads;
  result += rankA == 1 ? "" : "m";
  result += rankB == 1 ? "" : "n";
  for (char letter : heads)
    if (!broadcastLetter(e, a, b, letter))
      return fail();
  // What only one side has and is 1 there is not a loop.
  auto dropUnits = [&](Lettered &x) {
    for (size_t d = 0; d < x.letters.size();) {
      if (StringRef(heads).contains(x.letters[d]) &&
          mlir::getConstantIntValue(e.extent(x.tensor, d)) == 1)
        x.tensor = e.squeeze(x.tensor, d), x.letters.erase(d, 1);
      else
        ++d;
    }
  };
  dropUnits(a), dropUnits(b);
  std::string present;
  for (char letter : result)
    if (StringRef(a.letters).contains(letter) ||
        StringRef(b.letters).contains(letter))
      present.push_back(letter);
  Tensor product = multiply(e, a, b, present);
  for (auto [d, letter] : enumerate(result))
    if (!StringRef(present).contains(letter))
      product = e.unsqueeze(product, d);
  return product;
}

static LogicalResult convertMatMul(Node &node, Emitter &e) {
  Tensor a = node.getInput(0), b = node.getInput(1);
  FailureOr<Tensor> product = matmul(node, a, b);
  if (failed(product))
    return failure();
  return node.give(e.convert(*product, a.type));
}

//===----------------------------------------------------------------------===//
// Gemm
//===----------------------------------------------------------------------===//

/// alpha * A' * B' + beta * C.
static LogicalResult convertGemm(Node &node, Emitter &e) {
  Tensor a = node.getInput(0), b = node.getInput(1), c = node.getInput(2);
  float alpha = node.getFloat("alpha", 1), beta = node.getFloat("beta", 1);
  bool transA = node.getInt("transA", 0), transB = node.getInt("transB", 0);
  if (node.getOpset() < 7)
    (void)node.getInt("broadcast", 0);
  if (!agree(e.extent(a, transA ? 0 : 1), e.extent(b, transB ? 1 : 0)))
    return node.error("shapes " + describeShapes(a, b) +
                      " cannot be multiplied");
  Tensor product =
      multiply(e, {a, transA ? "km" : "mk"}, {b, transB ? "nk" : "kn"}, "mn");
  // The factors are floats; integers are scaled in double.
  DataType type = getComputeType(a.type);
  auto scale = [&](Number x, float factor) {
    if (factor == 1)
      return x;
    return (x.as(isFloat(type) ? type : DataType::Double) * factor).as(type);
  };
  if (c && beta != 0)
    return node.give(map(e, a.type, {product, c}, [&](Number x, Number y) {
      return scale(x, alpha) + scale(y, beta);
    }));
  if (alpha != 1)
    product =
        map(e, a.type, {product}, [&](Number x) { return scale(x, alpha); });
  return node.give(e.convert(product, a.type));
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {
/// A parsed equation; dimensions under an ellipsis have letters from 0x80 on.
struct Equation {
  SmallVector<std::string> inputs;
  std::string result;
};
} // namespace

static FailureOr<Equation> parseEquation(Node &node, StringRef text) {
  Equation equation;
  std::string stripped;
  for (char c : text)
    if (c != ' ')
      stripped.push_back(c);
  auto [left, right] = StringRef(stripped).split("->");
  bool given = StringRef(stripped).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != node.getNumInputs())
    return node.error("equation '" + text + "' has " + Twine(terms.size()) +
                      " terms for " + Twine(node.getNumInputs()) + " inputs");
  size_t hidden = 0;
  // `rank` is negative for the result.
  auto parse = [&](StringRef term, int64_t rank, std::string &letters) {
    bool ellipsis = term.contains("...");
    size_t named = term.size() - (ellipsis ? 3 : 0);
    if (rank >= 0) {
      if (ellipsis ? named > static_cast<size_t>(rank)
                   : named != static_cast<size_t>(rank))
        return false;
      if (ellipsis)
        hidden = std::max(hidden, rank - named);
    }
    while (!term.empty()) {
      if (term.consume_front("...")) {
        size_t count = rank < 0 ? hidden : rank - named;
        // Aligned at the last one.
        for (size_t d = count; d-- > 0;)
          letters.push_back('\x80' + d);
        continue;
      }
      if (!isAlpha(term.front()))
        return false;
      letters.push_back(term.front());
      term = term.drop_front();
    }
    return true;
  };
  for (auto [i, term] : enumerate(terms)) {
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is missing");
    if (!parse(term, node.getInput(i).getRank(),
               equation.inputs.emplace_back()))
      return node.error("term '" + term + "' of equation '" + text +
                        "' does not fit an input of rank " +
                        Twine(node.getInput(i).getRank()));
  }
  std::string all;
  for (StringRef letters : equation.inputs)
    all += letters;
  if (given) {
    bool valid = parse(right, -1, equation.result);
    SmallDenseSet<char> seen;
    for (char letter : equation.result)
      valid &= seen.insert(letter).second && StringRef(all).contains(letter);
    if (!valid)
      return node.error("the result of equation '" + text +
                        "' is not made of distinct letters of its terms");
    return equation;
  }
  // The ellipsis, then the letters that occur once, in alphabetical order.
  for (size_t d = hidden; d-- > 0;)
    equation.result.push_back('\x80' + d);
  for (int letter = 'A'; letter <= 'z'; ++letter)
    if (StringRef(all).count(static_cast<char>(letter)) == 1)
      equation.result.push_back(letter);
  return equation;
}

/// Takes the diagonal where a letter occurs twice.
static Lettered takeDiagonals(Emitter &e, Lettered x) {
  std::string letters;
  Extents sizes;
  for (auto [d, letter] : enumerate(x.letters))
    if (!StringRef(letters).contains(letter)) {
      letters.push_back(letter);
      sizes.push_back(e.extent(x.tensor, d));
    }
  if (letters.size() == x.letters.size())
    return x;
  Tensor diagonal =
      e.generate(x.tensor.type, sizes, [&](Scalars &, ValueRange at) {
        SmallVector<Value> position;
        for (char letter : x.letters)
          position.push_back(at[letters.find(letter)]);
        return e.load(x.tensor, position);
      });
  return {diagonal, letters};
}

/// Sums over the letters that are not in `needed`.
static Lettered sumOthers(Emitter &e, Lettered x, StringRef needed) {
  SmallVector<int64_t> dims;
  std::string letters;
  for (auto [d, letter] : enumerate(x.letters)) {
    if (needed.contains(letter))
      letters.push_back(letter);
    else
      dims.push_back(d);
  }
  if (dims.empty())
    return x;
  return {e.reduce(x.tensor, dims, Combine::Sum, /*keep=*/false), letters};
}

static LogicalResult convertEinsum(Node &node, Emitter &e) {
  std::string text = node.getString("equation", "");
  FailureOr<Equation> equation = parseEquation(node, text);
  if (failed(equation))
    return failure();
  DataType type = node.getInput(0).type;
  SmallVector<Lettered> terms;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    Tensor input = node.getInput(i);
    terms.push_back(
        {e.convert(input, getComputeType(type)), equation->inputs[i]});
    for (size_t p = 0; p < terms[i].letters.size(); ++p)
      for (size_t q = p + 1; q < terms[i].letters.size(); ++q)
        if (terms[i].letters[p] == terms[i].letters[q] &&
            !agree(e.extent(input, p), e.extent(input, q)))
          return node.error("a letter of equation '" + text +
                            "' has two different extents");
    terms[i] = takeDiagonals(e, terms[i]);
  }
  Lettered total = terms.front();
  for (size_t i = 0; i < terms.size(); ++i) {
    std::string later = equation->result;
    for (size_t j = i + 1; j < terms.size(); ++j)
      later += terms[j].letters;
    if (i == 0) {
      total = sumOthers(e, total, later);
      continue;
    }
    Lettered next = sumOthers(e, terms[i], later + total.letters);
    for (char letter : std::string(total.letters))
      if (!broadcastLetter(e, total, next, letter))
        return node.error("a letter of equation '" + text +
                          "' has two different extents");
    std::string letters;
    for (char letter : total.letters + next.letters)
      if (StringRef(later).contains(letter) &&
          !StringRef(letters).contains(letter))
        letters.push_back(letter);
    // The last product gives the dimensions in their final order.
    if (i + 1 == terms.size())
      letters = equation->result;
    total = {multiply(e, total, next, letters), letters};
  }
  return node.give(e.convert(permute(e, total, equation->result), type));
}

void registerProductsOps(Registry &registry) {
  registry.add({
      {"MatMul", 1, 2, 2, convertMatMul,
       takes(kAny.atLeast(1), kSame.atLeast(1))},
      {"Gemm", 1, 2, 3, convertGemm, takes(kAny(2), kSame(2), kSame(0, 2))},
      {"Einsum", 12, 1, kVariadic, convertEinsum, takes(kAny, kSame)},
  });
}

} // namespace seqc::onnx
