//===- Signal.cpp - Fourier transforms and windows ------------------------===//
//
// A Fourier transform is a product with a table of cosines and sines. Complex
// numbers are pairs along the last dimension, so that one real product does it
// all: its depth goes through elements and parts, its columns likewise.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

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
  mlir::OpBuilder &builder = e.getBuilder();
  std::optional<int64_t> taken = mlir::getConstantIntValue(t.taken),
                         given = mlir::getConstantIntValue(t.given),
                         period = mlir::getConstantIntValue(t.period);
  if (taken && given && period && *taken <= kLargestTable &&
      *given <= kLargestTable &&
      *taken * t.partsIn * *given * t.partsOut <= kLargestTable) {
    SmallVector<mlir::Attribute> numbers;
    mlir::Type storage = e.storage(type);
    for (int64_t n = 0; n < *taken; ++n)
      for (int64_t c = 0; c < t.partsIn; ++c)
        for (int64_t k = 0; k < *given; ++k)
          for (int64_t d = 0; d < t.partsOut; ++d)
            numbers.push_back(builder.getFloatAttr(
                storage, getTableEntry(t, *period, n, c, k, d)));
    auto shape = mlir::RankedTensorType::get(
        {*taken * t.partsIn, *given * t.partsOut}, storage);
    return e.constant(mlir::DenseElementsAttr::get(shape, numbers), type);
  }
  Scalars outer = e.scalars();
  Extents sizes = {
      OpFoldResult(outer.mulIndex(e.toValue(t.taken), outer.index(t.partsIn))),
      OpFoldResult(
          outer.mulIndex(e.toValue(t.given), outer.index(t.partsOut)))};
  Value length = e.toValue(t.period);
  return e.generate(type, e.simplify(sizes), [&](Scalars &s, ValueRange at) {
    Value n = s.divIndex(at[0], s.index(t.partsIn));
    Value c = s.remIndex(at[0], s.index(t.partsIn));
    Value k = s.divIndex(at[1], s.index(t.partsOut));
    Value d = s.remIndex(at[1], s.index(t.partsOut));
    auto real = [&](Value index) {
      return s.convert(DataType::Int64, type,
                       s.fromIndex(DataType::Int64, index));
    };
    // Less than a whole turn, which keeps the digits of the angle.
    Value rest = s.remIndex(s.mulIndex(n, k), length);
    Value angle =
        s.div(type, s.mul(type, real(rest), s.constant(type, 2 * M_PI)),
              real(length));
    Value sine = s.op<mlir::math::SinOp>(angle);
    Value opposite = s.neg(type, sine);
    Value first = s.compareIndex(CmpIPredicate::eq, c, s.index(0));
    Value entry = s.select(s.compareIndex(CmpIPredicate::eq, c, d),
                           s.op<mlir::math::CosOp>(angle),
                           t.inverse ? s.select(first, sine, opposite)
                                     : s.select(first, opposite, sine));
    if (t.inverse)
      entry = s.div(type, entry, real(length));
    if (t.mirrored) {
      Value twice = s.mulIndex(n, s.index(2));
      Value single =
          s.logicalOr(s.compareIndex(CmpIPredicate::eq, n, s.index(0)),
                      s.compareIndex(CmpIPredicate::eq, twice, length));
      entry = s.select(single, entry, s.add(type, entry, entry));
    }
    return entry;
  });
}

/// The scalar integer that an input holds, as index.
static FailureOr<Value> readInteger(Node &node, Tensor x, StringRef what) {
  Emitter &e = node.getEmitter();
  if (!x.getType().hasStaticShape() || x.getType().getNumElements() != 1 ||
      !isInteger(x.type))
    return node.error("its " + what + " is no single integer");
  return e.scalars().toIndex(x.type, e.elements(x).front());
}

/// Half of a length, and one more.
static Value halfOf(Scalars &s, Value length) {
  return s.addIndex(s.divIndex(length, s.index(2)), s.index(1));
}

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
static FailureOr<Value> readLength(Node &node, size_t input, StringRef what,
                                   int64_t least) {
  FailureOr<Value> length = readInteger(node, node.settleInput(input), what);
  if (failed(length))
    return failure();
  std::optional<int64_t> known = mlir::getConstantIntValue(*length);
  if (known && *known < least)
    return node.error("its " + what + " is " + Twine(*known) +
                      "; required is at least " + Twine(least));
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Value bound = s.index(least);
  e.require(s.compareIndex(CmpIPredicate::sge, *length, bound),
            ("its " + what + " is {0}; required is at least {1}").str(),
            {OpFoldResult(*length), OpFoldResult(bound)});
  return s.maxIndex(*length, bound);
}

//===----------------------------------------------------------------------===//
// DFT
//===----------------------------------------------------------------------===//

static LogicalResult convertDFT(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor x = node.getInput(0);
  int64_t rank = x.getRank();
  if (rank < 2)
    return node.error("its input has rank " + Twine(rank) +
                      "; required is at least 2");
  if (failed(node.requireFloat(0)))
    return failure();
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

  // The axis may be known at run time only: dimensions before it and behind it
  // are counted then.
  std::optional<int64_t> axis;
  Value axisValue;
  int64_t given = node.getOpset() < 20 ? node.getInt("axis", 1) : -2;
  if (node.getOpset() >= 20 && node.hasInput(2)) {
    FailureOr<Value> read = readInteger(node, node.settleInput(2), "axis");
    if (failed(read))
      return failure();
    axisValue = *read;
    std::optional<int64_t> known = mlir::getConstantIntValue(axisValue);
    if (known)
      given = *known, axisValue = {};
  }
  Extents sizes = e.extents(x), before, behind;
  OpFoldResult length;
  if (axisValue) {
    e.requireInside(axisValue, s.index(-rank), s.index(rank), "its axis");
    axisValue = s.wrapIndex(axisValue, s.index(rank));
    e.require(
        s.compareIndex(CmpIPredicate::ne, axisValue, s.index(rank - 1)),
        "its axis is the last dimension, which holds the parts of complex "
        "numbers; required is another one");
    axisValue =
        s.maxIndex(s.minIndex(axisValue, s.index(rank - 2)), s.index(0));
    Value size = s.index(1);
    for (int64_t d = 0; d < rank - 1; ++d) {
      Value own = e.toValue(sizes[d]), here = s.index(d), unit = s.index(1);
      before.push_back(OpFoldResult(s.select(
          s.compareIndex(CmpIPredicate::slt, here, axisValue), own, unit)));
      behind.push_back(OpFoldResult(s.select(
          s.compareIndex(CmpIPredicate::sgt, here, axisValue), own, unit)));
      size = s.select(s.compareIndex(CmpIPredicate::eq, here, axisValue), own,
                      size);
    }
    length = OpFoldResult(size);
  } else {
    axis = node.getAxis(given, rank);
    if (!axis)
      return failure();
    if (*axis == rank - 1)
      return node.error("its axis is the last dimension, which holds the parts "
                        "of complex numbers; required is another one");
    before.assign(sizes.begin(), sizes.begin() + *axis);
    behind.assign(sizes.begin() + *axis + 1, sizes.end() - 1);
    length = sizes[*axis];
  }
  OpFoldResult outer = e.product(before), inner = e.product(behind);

  Value own = e.toValue(length), period = own;
  if (node.hasInput(1)) {
    FailureOr<Value> read = readLength(node, 1, "dft_length", 1);
    if (failed(read))
      return failure();
    period = *read;
  } else if (t.mirrored) {
    period = s.mulIndex(s.maxIndex(s.subIndex(own, s.index(1)), s.index(0)),
                        s.index(2));
  }
  t.taken = OpFoldResult(t.mirrored ? halfOf(s, period) : period);
  t.given = OpFoldResult(onesided && !t.inverse ? halfOf(s, period) : period);
  t.period = OpFoldResult(period);
  t.taken = e.simplify({t.taken})[0], t.given = e.simplify({t.given})[0];
  t.period = e.simplify({t.period})[0];

  DataType type = getComputeType(x.type);
  OpFoldResult partsIn = builder.getIndexAttr(t.partsIn);
  Tensor panels =
      e.reshape(e.convert(x, type), {outer, length, inner, partsIn});
  Tensor rows = mlir::isConstantIntValue(inner, 1)
                    ? e.reshape(panels, {outer, length, partsIn})
                    : e.reshape(e.transpose(panels, {0, 2, 1, 3}),
                                {e.product({outer, inner}), length, partsIn});
  // Cut, or continued with zeros.
  if (!Emitter::isSame(t.taken, length)) {
    Tensor whole = rows;
    rows = e.generate(
        type, {e.extent(whole, 0), t.taken, partsIn},
        [&](Scalars &in, ValueRange at) {
          SafeIndex from = makeSafe(in, at[1], own);
          Value number = loadUnlessEmpty(e, whole, {at[0], from.index, at[2]});
          return in.select(from.inside, number, in.constant(type, 0));
        });
  }
  Tensor table = makeTable(e, type, t);
  OpFoldResult count = e.extent(rows, 0);
  Tensor y = e.contract(e.reshape(rows, {count, e.extent(table, 0)}), "mk",
                        table, "kn", "mn");
  OpFoldResult partsOut = builder.getIndexAttr(t.partsOut);
  if (!mlir::isConstantIntValue(inner, 1))
    y = e.transpose(e.reshape(y, {outer, inner, t.given, partsOut}),
                    {0, 2, 1, 3});
  Extents result;
  for (int64_t d = 0; d < rank - 1; ++d) {
    if (axis)
      result.push_back(d == *axis ? t.given : sizes[d]);
    else
      result.push_back(OpFoldResult(
          s.select(s.compareIndex(CmpIPredicate::eq, s.index(d), axisValue),
                   e.toValue(t.given), e.toValue(sizes[d]))));
  }
  result.push_back(partsOut);
  node.setOutput(0, e.convert(e.reshape(y, e.simplify(result)), x.type));
  return success();
}

//===----------------------------------------------------------------------===//
// STFT
//===----------------------------------------------------------------------===//

/// signal [batch, length, parts], frame_step, window, frame_length.
static LogicalResult convertSTFT(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor x = node.getInput(0), window = node.getInput(2);
  if (failed(node.requireFloat(0)))
    return failure();
  if (x.getRank() == 2)
    x = e.unsqueeze(x, 2);
  if (x.getRank() != 3)
    return node.error("its signal has rank " + Twine(x.getRank()) +
                      "; required is 3");
  FailureOr<int64_t> parts = readParts(node, x);
  FailureOr<Value> step = readLength(node, 1, "frame_step", 1);
  if (failed(parts) || failed(step))
    return failure();
  bool onesided = node.getInt("onesided", 1) != 0;
  if (onesided && *parts == 2)
    return node.error("one side of the result needs real numbers");
  if (window && (window.getRank() != 1 || window.type != x.type))
    return node.error("its window is " + getName(window.type) + " of rank " +
                      Twine(window.getRank()) + "; required is " +
                      getName(x.type) + " of rank 1");
  Value length;
  if (node.hasInput(3)) {
    FailureOr<Value> read = readLength(node, 3, "frame_length", 1);
    if (failed(read))
      return failure();
    length = *read;
  } else if (window) {
    length = e.extentValue(window, 0);
  } else {
    return node.error("inputs 2 (window) and 3 (frame_length) are both "
                      "missing; required is one of them");
  }
  std::optional<int64_t> known = mlir::getConstantIntValue(length);
  if (window && known && !window.getType().isDynamicDim(0) &&
      window.getShape()[0] != *known)
    return node.error("its window has " + Twine(window.getShape()[0]) +
                      " elements; required is frame_length, " + Twine(*known));
  if (window)
    e.requireEqual(e.extent(window, 0), length,
                   "the number of elements of its window");

  Value stride = *step;
  Value room = s.subIndex(e.extentValue(x, 1), length);
  Value frames =
      s.addIndex(s.divIndex(s.maxIndex(room, s.index(0)), stride), s.index(1));
  frames = s.select(s.compareIndex(CmpIPredicate::slt, room, s.index(0)),
                    s.index(0), frames);
  Transform t;
  t.partsIn = *parts;
  t.taken = t.period = e.simplify({OpFoldResult(length)})[0];
  t.given =
      e.simplify({OpFoldResult(onesided ? halfOf(s, length) : length)})[0];
  DataType type = getComputeType(x.type);
  OpFoldResult batch = e.extent(x, 0),
               count = e.simplify({OpFoldResult(frames)})[0];
  Tensor rows = e.generate(
      type, {batch, count, t.taken, builder.getIndexAttr(t.partsIn)},
      [&](Scalars &in, ValueRange at) {
        Value from = in.addIndex(in.mulIndex(at[1], stride), at[2]);
        Value number = e.loadWide(x, {at[0], from, at[3]});
        if (!window)
          return number;
        // A window may turn out shorter than the frame.
        SafeIndex in0 = makeSafe(in, at[2], e.extentValue(window, 0));
        Value factor = in.convert(window.type, type,
                                  loadUnlessEmpty(e, window, {in0.index}));
        factor = in.select(in0.inside, factor, in.constant(type, 0));
        return in.mul(type, number, factor);
      });
  Tensor table = makeTable(e, type, t);
  rows = e.reshape(rows, {e.product({batch, count}), e.extent(table, 0)});
  Tensor y = e.contract(rows, "mk", table, "kn", "mn");
  y = e.reshape(y, {batch, count, t.given, builder.getIndexAttr(2)});
  node.setOutput(0, e.convert(y, x.type));
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// The type that an attribute asks for; reports what has no numbers.
static FailureOr<DataType> readOutputType(Node &node) {
  auto type = static_cast<DataType>(node.getInt("output_datatype", 1));
  if (!isFloat(type) && !isInteger(type))
    return node.unsupported("a result of " + getName(type) +
                            " is not supported");
  return type;
}

enum class Shape { Hann, Hamming, Blackman };

/// Sums of cosines.
template <Shape shape> static LogicalResult convertWindow(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars outer = e.scalars();
  FailureOr<DataType> type = readOutputType(node);
  FailureOr<Value> size = readLength(node, 0, "size", 0);
  if (failed(type) || failed(size))
    return failure();
  bool periodic = node.getInt("periodic", 1) != 0;
  Value count = *size;
  Value period = periodic ? count : outer.subIndex(count, outer.index(1));
  constexpr DataType real = DataType::Double;
  node.setOutput(
      0,
      e.generate(*type, {OpFoldResult(count)}, [&](Scalars &s, ValueRange at) {
        auto wide = [&](Value index) {
          return s.convert(DataType::Int64, real,
                           s.fromIndex(DataType::Int64, index));
        };
        Value angle =
            s.div(real, s.mul(real, wide(at[0]), s.constant(real, 2 * M_PI)),
                  wide(period));
        auto term = [&](double factor, double times) {
          Value x = s.mul(real, angle, s.constant(real, times));
          return s.mul(real, s.op<mlir::math::CosOp>(x),
                       s.constant(real, factor));
        };
        double base = shape == Shape::Hann      ? 0.5
                      : shape == Shape::Hamming ? 25.0 / 46
                                                : 0.42;
        Value y = s.add(real, s.constant(real, base),
                        term(shape == Shape::Hamming ? -21.0 / 46 : -0.5, 1));
        if (shape == Shape::Blackman)
          y = s.add(real, y, term(0.08, 2));
        return s.convert(real, *type, y);
      }));
  return success();
}

/// Triangles over the bins of a spectrum whose corners have equal distances on
/// the mel scale. Inputs: number of triangles, length of the transform, sample
/// rate, lowest and highest frequency.
static LogicalResult convertMelWeightMatrix(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars outer = e.scalars();
  constexpr DataType real = DataType::Double;
  FailureOr<DataType> type = readOutputType(node);
  const char *names[] = {"num_mel_bins", "dft_length", "sample_rate"};
  Value integers[3], edges[2], hertz;
  for (int i = 0; i < 3; ++i) {
    FailureOr<Value> read = readLength(node, i, names[i], 1);
    if (failed(read))
      return failure();
    integers[i] = *read;
  }
  if (failed(type))
    return failure();
  auto wide = [&](Scalars &s, Value index) {
    return s.convert(DataType::Int64, real,
                     s.fromIndex(DataType::Int64, index));
  };
  // mel = 2595 log10(1 + f / 700)
  double scale = 2595 / std::log(10);
  for (int i = 0; i < 2; ++i) {
    Tensor edge = node.settleInput(3 + i);
    if (!isFloat(edge.type) || !edge.getType().hasStaticShape() ||
        edge.getType().getNumElements() != 1)
      return node.error("input " + Twine(3 + i) + " is no single float");
    Value f = outer.convert(edge.type, real, e.elements(edge).front());
    Value low = i == 0 ? outer.constant(real, 0) : hertz;
    Value fits = outer.logicalAnd(
        outer.compare(Compare::GreaterOrEqual, real, f, low),
        outer.compare(Compare::Less, real, f, outer.infinity(real)));
    e.require(fits, i == 0 ? "its lower_edge_hertz is no number of 0 or more"
                           : "its upper_edge_hertz is no number of its "
                             "lower_edge_hertz or more");
    hertz = f;
    f = outer.add(real, outer.constant(real, 1),
                  outer.div(real, f, outer.constant(real, 700)));
    edges[i] = outer.mul(real, outer.log(f), outer.constant(real, scale));
  }
  Value corners = outer.addIndex(integers[0], outer.index(2));
  Value step = outer.div(real, outer.sub(real, edges[1], edges[0]),
                         wide(outer, corners));
  Value bins = wide(outer, outer.addIndex(integers[1], outer.index(1)));
  Value rate = wide(outer, integers[2]);
  // The bin of each corner.
  Tensor places = e.generate(
      DataType::Int64, {OpFoldResult(corners)}, [&](Scalars &s, ValueRange at) {
        Value mel = s.add(real, s.mul(real, wide(s, at[0]), step), edges[0]);
        Value f = s.exp(s.div(real, mel, s.constant(real, scale)));
        f = s.mul(real, s.sub(real, f, s.constant(real, 1)),
                  s.constant(real, 700));
        Value place =
            s.op<mlir::math::FloorOp>(s.div(real, s.mul(real, bins, f), rate));
        return s.convert(real, DataType::Int64, place);
      });
  OpFoldResult rows(halfOf(outer, integers[1])), columns(integers[0]);
  node.setOutput(
      0, e.generate(*type, {rows, columns}, [&](Scalars &s, ValueRange at) {
        constexpr DataType integer = DataType::Int64;
        auto corner = [&](int64_t i) {
          return e.load(places, {s.addIndex(at[1], s.index(i))});
        };
        Value j = s.fromIndex(integer, at[0]);
        Value lower = corner(0), center = corner(1), higher = corner(2);
        Value rise = s.sub(integer, center, lower);
        Value fall = s.sub(integer, higher, center);
        auto quotient = [&](Value over, Value under) {
          Value one = s.constantInteger(integer, 1);
          return s.div(real, s.convert(integer, real, over),
                       s.convert(integer, real, s.max(integer, under, one)));
        };
        Value zero = s.constant(real, 0);
        // A rise of no width is the top alone. The fall begins at the top.
        Value top = s.compare(Compare::Equal, integer, j, center);
        Value flat = s.compare(Compare::Equal, integer, rise,
                               s.constantInteger(integer, 0));
        Value rises =
            s.logicalAnd(s.compare(Compare::GreaterOrEqual, integer, j, lower),
                         s.compare(Compare::LessOrEqual, integer, j, center));
        Value y =
            s.select(rises, quotient(s.sub(integer, j, lower), rise), zero);
        y = s.select(s.logicalAnd(flat, top), s.constant(real, 1), y);
        Value falls =
            s.logicalAnd(s.compare(Compare::GreaterOrEqual, integer, j, center),
                         s.compare(Compare::Less, integer, j, higher));
        y = s.select(falls, quotient(s.sub(integer, higher, j), fall), y);
        return s.convert(real, *type, y);
      }));
  return success();
}

void registerSignalOps(Registry &registry) {
  registry.add({
      {"DFT", 17, 1, 3, convertDFT, "last dimensions of dynamic extent"},
      {"STFT", 17, 2, 4, convertSTFT,
       "last dimensions of dynamic extent (a signal shorter than a frame has "
       "no frames)"},
      {"HannWindow", 17, 1, 1, convertWindow<Shape::Hann>},
      {"HammingWindow", 17, 1, 1, convertWindow<Shape::Hamming>},
      {"BlackmanWindow", 17, 1, 1, convertWindow<Shape::Blackman>},
      {"MelWeightMatrix", 17, 5, 5, convertMelWeightMatrix},
  });
}

} // namespace seqc::onnx
