//===- Signal.cpp - Fourier transforms and windows ------------------------===//
//
// A Fourier transform is a product with a table of cosines and sines. Complex
// numbers are pairs along the last dimension, so that one real product does it
// all: its depth goes through elements and parts, its columns likewise.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Family.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::getConstantIntValue;
using mlir::OpFoldResult;

/// Tables up to this many numbers are constants of the model.
static constexpr int64_t kLargestTable = 1 << 20;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

namespace {
/// What a transform takes and gives.
struct Transform {
  /// Numbers along the axis that are read and that are given, and the length
  /// of the period.
  OpFoldResult taken, given, period;
  /// Numbers per element: 1 for real ones, 2 for complex ones.
  int64_t partsIn = 1, partsOut = 2;
  bool inverse = false;
  /// Whether the other half of what is read follows from symmetry.
  bool mirrored = false;
};
} // namespace

/// One number of the table in double, for input n, part c of it, output k and
/// part d.
static double getTableEntry(const Transform &t, int64_t period, int64_t n,
                            int64_t c, int64_t k, int64_t d) {
  double angle = 2 * M_PI * static_cast<double>(n * k % period) /
                 static_cast<double>(period);
  double sign = t.inverse ? 1 : -1;
  double entry = c == d   ? std::cos(angle)
                 : c == 0 ? sign * std::sin(angle)
                          : -sign * std::sin(angle);
  if (t.inverse)
    entry /= static_cast<double>(period);
  if (t.mirrored && n != 0 && 2 * n != period)
    entry *= 2;
  return entry;
}

/// [taken * partsIn, given * partsOut].
static Tensor makeTable(Emitter &e, DataType type, const Transform &t) {
  std::optional<int64_t> taken = getConstantIntValue(t.taken),
                         given = getConstantIntValue(t.given),
                         period = getConstantIntValue(t.period);
  if (taken && given && period && *taken <= kLargestTable &&
      *given <= kLargestTable &&
      *taken * t.partsIn * *given * t.partsOut <= kLargestTable) {
    SmallVector<mlir::Attribute> numbers;
    mlir::Type storage = e.storage(type);
    for (int64_t n = 0; n < *taken; ++n)
      for (int64_t c = 0; c < t.partsIn; ++c)
        for (int64_t k = 0; k < *given; ++k)
          for (int64_t d = 0; d < t.partsOut; ++d)
            numbers.push_back(e.getBuilder().getFloatAttr(
                storage, getTableEntry(t, *period, n, c, k, d)));
    auto shape = mlir::RankedTensorType::get(
        {*taken * t.partsIn, *given * t.partsOut}, storage);
    return e.constant(mlir::DenseElementsAttr::get(shape, numbers), type);
  }
  Number length(e, t.period);
  Extents sizes = {Number(e, t.taken) * t.partsIn,
                   Number(e, t.given) * t.partsOut};
  return define(e, type, sizes, [&](ArrayRef<Number> at) {
    Number n = at[0] / t.partsIn, c = at[0] % t.partsIn;
    Number k = at[1] / t.partsOut, d = at[1] % t.partsOut;
    // Less than a whole turn, which keeps the digits of the angle.
    Number angle = ((n * k) % length).as(type) * (2 * M_PI) / length.as(type);
    Number sine = angle.apply<mlir::math::SinOp>();
    Number opposite = -sine, first = c == 0;
    Number entry = select(c == d, angle.apply<mlir::math::CosOp>(),
                          t.inverse ? select(first, sine, opposite)
                                    : select(first, opposite, sine));
    if (t.inverse)
      entry = entry / length.as(type);
    if (t.mirrored)
      entry = select((n == 0) | (n * 2 == length), entry, entry + entry);
    return entry;
  });
}

/// Input `i` as product with the table, whose result is split along columns.
static Tensor transform(Emitter &e, const Transform &t, Tensor rows) {
  Tensor table = makeTable(e, rows.type, t);
  OpFoldResult count = e.product(ArrayRef(e.extents(rows)).drop_back(2));
  rows = e.reshape(rows, {count, e.extent(table, 0)});
  return e.contract(rows, "mk", table, "kn", "mn");
}

/// Half of a length, and one more.
static Number halfOf(Number length) { return length / 2 + 1; }

/// How many numbers an element of the last dimension of `x` has.
static FailureOr<int64_t> readParts(Node &node, Tensor x) {
  int64_t parts = x.getShape().back();
  if (mlir::ShapedType::isDynamic(parts))
    return node.unsupported("a last dimension whose extent is known at run "
                            "time only is not supported");
  if (parts != 1 && parts != 2)
    return node.error("its last dimension has extent " + Twine(parts) +
                      "; required is 1 (real) or 2 (complex)");
  return parts;
}

/// The length that an input holds. Reports one below `least`, or ends the call
/// that gives it.
static Number readLength(Node &node, size_t input, StringRef what,
                         int64_t least) {
  Number length = readInteger(node, input, what, /*otherwise=*/1);
  Emitter &e = node.getEmitter();
  Number bound(e, least);
  e.require(length >= bound,
            ("its " + what + " is {0}; required is at least {1}").str(),
            {length, bound});
  return max(length, bound);
}

//===----------------------------------------------------------------------===//
// DFT
//===----------------------------------------------------------------------===//

/// The dimension along which a transform takes place.
static Number readTransformAxis(Node &node, int64_t rank) {
  Emitter &e = node.getEmitter();
  Number given = node.getOpset() < 20 ? Number(e, node.getInt("axis", 1))
                 : node.hasInput(2)   ? readInteger(node, 2, "axis")
                                      : Number(e, -2);
  Number axis = readAxis(node, given, rank);
  e.require(axis != rank - 1,
            "its axis is the last dimension, which holds the parts of complex "
            "numbers; required is another one");
  return min(axis, rank - 2);
}

static LogicalResult convertDFT(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  FailureOr<int64_t> parts = readParts(node, x);
  if (failed(parts))
    return failure();
  Transform t;
  t.inverse = node.getInt("inverse", 0) != 0;
  bool onesided = node.getInt("onesided", 0) != 0;
  t.partsIn = *parts;
  t.mirrored = onesided && t.inverse;
  t.partsOut = t.mirrored ? 1 : 2;
  if (onesided && t.inverse != (*parts == 2))
    return node.error(t.inverse
                          ? "the inverse of one side needs complex numbers"
                          : "one side of the result needs real numbers");
  Extents sizes = e.extents(x);
  Number axis = readTransformAxis(node, x.getRank());
  Extents around = aroundAxis(e, ArrayRef(sizes).drop_back(), axis);
  OpFoldResult outer = around[0], inner = around[2];
  Number length(e, around[1]), period = length;
  if (node.hasInput(1))
    period = readLength(node, 1, "dft_length", 1);
  else if (t.mirrored)
    period = max(period - 1, 0) * 2;
  t.taken = t.mirrored ? halfOf(period) : period;
  t.given = onesided && !t.inverse ? halfOf(period) : period;
  t.period = period;

  DataType type = getComputeType(x.type);
  OpFoldResult partsIn = Number(e, t.partsIn), partsOut = Number(e, t.partsOut);
  Tensor panels =
      e.reshape(e.convert(x, type), {outer, length, inner, partsIn});
  bool isInner = mlir::isConstantIntValue(inner, 1);
  Tensor rows = isInner
                    ? e.reshape(panels, {outer, length, partsIn})
                    : e.reshape(e.transpose(panels, {0, 2, 1, 3}),
                                {e.product({outer, inner}), length, partsIn});
  // Cut, or continued with zeros.
  if (!Emitter::isSame(t.taken, length))
    rows = define(e, type, {e.extent(rows, 0), t.taken, partsIn},
                  [&e, rows, length](ArrayRef<Number> at) {
                    SafeIndex from = makeSafe(at[1], length);
                    Number there =
                        loadUnlessEmpty(e, rows, {at[0], from.index, at[2]});
                    return select(from.inside, there, 0);
                  });
  Tensor y = transform(e, t, rows);
  if (!isInner)
    y = e.transpose(e.reshape(y, {outer, inner, t.given, partsOut}),
                    {0, 2, 1, 3});
  for (auto [d, size] : enumerate(MutableArrayRef(sizes).drop_back()))
    size = select(Number(e, d) == axis, Number(e, t.given), Number(e, size));
  sizes.back() = partsOut;
  return node.give(e.convert(e.reshape(y, e.simplify(sizes)), x.type));
}

//===----------------------------------------------------------------------===//
// STFT
//===----------------------------------------------------------------------===//

/// signal [batch, length, parts], frame_step, window, frame_length.
static LogicalResult convertSTFT(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), window = node.getInput(2);
  if (x.getRank() == 2)
    x = e.unsqueeze(x, 2);
  FailureOr<int64_t> parts = readParts(node, x);
  if (failed(parts))
    return failure();
  Number stride = readLength(node, 1, "frame_step", 1);
  bool onesided = node.getInt("onesided", 1) != 0;
  if (onesided && *parts == 2)
    return node.error("one side of the result needs real numbers");
  if (!window && !node.hasInput(3))
    return node.error("inputs 2 (window) and 3 (frame_length) are both "
                      "missing; required is one of them");
  Number length = node.hasInput(3) ? readLength(node, 3, "frame_length", 1)
                                   : Number(e, e.extent(window, 0));
  std::optional<int64_t> known = getConstantIntValue(length);
  if (window && known && !window.getType().isDynamicDim(0) &&
      window.getShape()[0] != *known)
    return node.error("its window has " + Twine(window.getShape()[0]) +
                      " elements; required is frame_length, " + Twine(*known));
  if (window)
    e.requireEqual(e.extent(window, 0), length,
                   "the number of elements of its window");

  Number room = Number(e, e.extent(x, 1)) - length;
  Transform t;
  t.partsIn = *parts;
  t.taken = t.period = length;
  t.given = onesided ? halfOf(length) : length;
  DataType type = getComputeType(x.type);
  OpFoldResult batch = e.extent(x, 0), two = Number(e, 2),
               count = select(room < 0, 0, max(room, 0) / stride + 1);
  Tensor rows = define(
      e, type, {batch, count, t.taken, Number(e, t.partsIn)},
      [&](ArrayRef<Number> at) {
        Number number = read(e, x, {at[0], at[1] * stride + at[2], at[3]});
        if (!window)
          return number;
        // A window may turn out shorter than the frame.
        SafeIndex from = makeSafe(at[2], e.extentValue(window, 0));
        Number factor = loadUnlessEmpty(e, window, {from.index}).as(type);
        return number * select(from.inside, factor, 0);
      });
  Tensor y = transform(e, t, rows);
  return node.give(
      e.convert(e.reshape(y, {batch, count, t.given, two}), x.type));
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

static constexpr DataType kReal = DataType::Double;

/// The type that an attribute asks for; reports what has no numbers.
static FailureOr<DataType> readOutputType(Node &node) {
  auto type = static_cast<DataType>(node.getInt("output_datatype", 1));
  if (!isFloat(type) && !isInteger(type))
    return node.unsupported("a result of " + getName(type) +
                            " is not supported");
  return type;
}

namespace {
/// A sum of cosines, by the factors of whole multiples of the angle from 0 on.
struct CosineWindow {
  StringRef name;
  double factors[3];
};
} // namespace

static constexpr CosineWindow kWindows[] = {
    {"HannWindow", {0.5, -0.5, 0}},
    {"HammingWindow", {25.0 / 46, -21.0 / 46, 0}},
    {"BlackmanWindow", {0.42, -0.5, 0.08}},
};

static LogicalResult convertWindow(Node &node, Emitter &e) {
  const CosineWindow &window = *find_if(kWindows, [&](const auto &row) {
    return row.name == node.getOperator();
  });
  FailureOr<DataType> type = readOutputType(node);
  if (failed(type))
    return failure();
  Number count = readLength(node, 0, "size", 0);
  Number period = node.getInt("periodic", 1) != 0 ? count : count - 1;
  return node.give(define(e, *type, {count}, [&](ArrayRef<Number> at) {
    Number angle = at[0].as(kReal) * (2 * M_PI) / period.as(kReal);
    Number sum = window.factors[0];
    for (int times : {1, 2})
      if (double factor = window.factors[times])
        sum = sum + (angle * times).apply<mlir::math::CosOp>() * factor;
    return sum;
  }));
}

/// Triangles over the bins of a spectrum whose corners have equal distances on
/// the mel scale. Inputs: number of triangles, length of the transform, sample
/// rate, lowest and highest frequency.
static LogicalResult convertMelWeightMatrix(Node &node, Emitter &e) {
  FailureOr<DataType> type = readOutputType(node);
  if (failed(type))
    return failure();
  Number triangles = readLength(node, 0, "num_mel_bins", 1),
         length = readLength(node, 1, "dft_length", 1),
         rate = readLength(node, 2, "sample_rate", 1);
  // mel = 2595 log10(1 + f / 700)
  double scale = 2595 / std::log(10);
  SmallVector<Number> hertz, edges;
  for (int i : {3, 4}) {
    Number f = readOne(node, i).as(kReal);
    e.require((f >= (i == 3 ? 0 : hertz[0])) & (f < kInfinity),
              i == 3 ? "its lower_edge_hertz is no number of 0 or more"
                     : "its upper_edge_hertz is no number of its "
                       "lower_edge_hertz or more");
    hertz.push_back(f);
    edges.push_back(log(1 + f / 700) * scale);
  }
  Number corners = triangles + 2;
  Number step = (edges[1] - edges[0]) / corners.as(kReal);
  Number bins = (length + 1).as(kReal), samples = rate.as(kReal);
  // The bin of each corner.
  Tensor places =
      define(e, DataType::Int64, {corners}, [&](ArrayRef<Number> at) {
        Number mel = at[0].as(kReal) * step + edges[0];
        Number f = (exp(mel / scale) - 1) * 700;
        return (bins * f / samples).apply<mlir::math::FloorOp>();
      });
  return node.give(
      define(e, *type, {halfOf(length), triangles}, [&](ArrayRef<Number> at) {
        Number j = at[0].as(DataType::Int64);
        Number lower = load(e, places, {at[1]}),
               center = load(e, places, {at[1] + 1}),
               higher = load(e, places, {at[1] + 2});
        Number rise = center - lower, fall = higher - center;
        auto quotient = [](Number over, Number under) {
          return over.as(kReal) / max(under, 1).as(kReal);
        };
        Number y =
            select((j >= lower) & (j <= center), quotient(j - lower, rise), 0);
        // A rise of no width is the top alone. The fall begins at the top.
        y = select((rise == 0) & (j == center), 1, y);
        return select((j >= center) & (j < higher), quotient(higher - j, fall),
                      y);
      }));
}

void registerSignalOps(Registry &registry) {
  for (const CosineWindow &row : kWindows)
    registry.add({{row.name, 17, 1, 1, convertWindow}});
  registry.add({
      {"DFT", 17, 1, 3, convertDFT, takes(kFloats.atLeast(2)),
       "last dimensions of dynamic extent"},
      {"STFT", 17, 2, 4, convertSTFT, takes(kFloats(2, 3), kAny, kSame(1)),
       "last dimensions of dynamic extent (a signal shorter than a frame has "
       "no frames)"},
      {"MelWeightMatrix", 17, 5, 5, convertMelWeightMatrix,
       takes(kAny, kAny, kAny, kFloats, kFloats)},
  });
}

} // namespace seqc::onnx
