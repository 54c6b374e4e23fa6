//===- Resampling.cpp - Resize and grid sampling --------------------------===//
//
// Interpolation is separable: Resize goes through one dimension after the
// other. GridSample has a coordinate for each point and goes through all taps.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// Coordinates are computed in this type.
static constexpr DataType kCoordinate = DataType::Float;

static Value number(Scalars &s, double value) {
  return s.constant(kCoordinate, value);
}

/// An index as coordinate, and a coordinate as index, truncated.
static Value toCoordinate(Scalars &s, Value index) {
  return s.convert(DataType::Int64, kCoordinate,
                   s.fromIndex(DataType::Int64, index));
}
static Value toIndex(Scalars &s, Value coordinate) {
  return s.toIndex(DataType::Int64,
                   s.convert(kCoordinate, DataType::Int64, coordinate));
}

static Value floorOf(Scalars &s, Value x) {
  return s.op<mlir::math::FloorOp>(x);
}
static Value ceilOf(Scalars &s, Value x) { return s.op<mlir::math::CeilOp>(x); }

static Value clampTo(Scalars &s, Value x, Value low, Value high) {
  return s.max(kCoordinate, s.min(kCoordinate, x, high), low);
}

/// The index nearest to an integral coordinate that `extent` has.
static Value clampIndex(Scalars &s, Value coordinate, Value extent) {
  Value last = s.subIndex(extent, s.index(1));
  // Far coordinates have no index at all.
  Value x = clampTo(s, coordinate, number(s, -1), toCoordinate(s, extent));
  return s.maxIndex(s.minIndex(toIndex(s, x), last), s.index(0));
}

/// The weight of the cubic convolution at a distance: within 1 of the tap, or
/// between 1 and 2.
static Value cubicWeight(Scalars &s, double a, Value distance, bool near) {
  auto step = [&](Value x, double coefficient) {
    return s.add(kCoordinate, s.mul(kCoordinate, x, distance),
                 number(s, coefficient));
  };
  if (near)
    return step(step(step(number(s, a + 2), -(a + 3)), 0), 1);
  return step(step(step(number(s, a), -5 * a), 8 * a), -4 * a);
}

namespace {
/// One integral coordinate and its weight.
struct Tap {
  Value coordinate, weight;
};
} // namespace

/// Two taps around a coordinate, or four of a cubic.
static SmallVector<Tap> getTaps(Scalars &s, Value x, bool cubic, double a) {
  Value low = floorOf(s, x), t = s.sub(kCoordinate, x, low);
  Value rest = s.sub(kCoordinate, number(s, 1), t);
  auto shifted = [&](double by) {
    return s.add(kCoordinate, low, number(s, by));
  };
  if (!cubic)
    return {{low, rest}, {shifted(1), t}};
  Value beyond = s.add(kCoordinate, t, number(s, 1));
  Value restBeyond = s.add(kCoordinate, rest, number(s, 1));
  return {{shifted(-1), cubicWeight(s, a, beyond, false)},
          {low, cubicWeight(s, a, t, true)},
          {shifted(1), cubicWeight(s, a, rest, true)},
          {shifted(2), cubicWeight(s, a, restBeyond, false)}};
}

/// The type that interpolated elements are summed in.
static DataType getSumType(DataType type) {
  return isFloat(type) ? getComputeType(type) : DataType::Float;
}

static Value isInside(Scalars &s, Value coordinate, Value extent) {
  return s.logicalAnd(
      s.compare(Compare::GreaterOrEqual, kCoordinate, coordinate, number(s, 0)),
      s.compare(Compare::Less, kCoordinate, coordinate,
                toCoordinate(s, extent)));
}

//===----------------------------------------------------------------------===//
// Resize
//===----------------------------------------------------------------------===//

namespace {
/// What the attributes of a Resize say.
struct ResizeMode {
  std::string mode, coordinates, rounding;
  double cubicA = -0.75, extrapolation = 0;
  bool excludeOutside = false;

  /// Whether a part of the input is resized, which may reach beyond it.
  bool crops() const { return coordinates == "tf_crop_and_resize"; }
};

/// How one dimension changes.
struct ResizeDim {
  Value before, after;
  /// Floats; the length is the extent of the result before it is rounded down.
  Value scale, length;
  /// The part that is cropped, from 0 to 1; null without cropping.
  Value start, end;
};
} // namespace

/// A scale is above 0 and makes a length that an index holds.
static void requireLength(Emitter &e, const ResizeDim &dim) {
  Scalars s = e.scalars();
  mlir::FloatAttr fixed;
  if (!dim.start && mlir::matchPattern(dim.scale, mlir::m_Constant(&fixed)) &&
      fixed.getValueAsDouble() > 0 && fixed.getValueAsDouble() <= 65536)
    return;
  auto holds = [&](Compare predicate, Value value, double bound) {
    return s.compare(predicate, kCoordinate, value, number(s, bound));
  };
  e.require(holds(Compare::Greater, dim.scale, 0),
            "a scale is no number above 0; required is one");
  e.require(s.logicalAnd(holds(Compare::GreaterOrEqual, dim.length, 0),
                         holds(Compare::LessOrEqual, dim.length,
                               static_cast<double>(kMostElements))),
            "its scales make an extent that no index holds; required is 0 to "
            "{0}",
            {e.getBuilder().getIndexAttr(kMostElements)});
}

/// Where an index of the result lies in the input.
static Value getCoordinate(Scalars &s, const ResizeMode &mode, ResizeDim dim,
                           Value index) {
  constexpr DataType type = kCoordinate;
  Value x = toCoordinate(s, index), half = number(s, 0.5), one = number(s, 1);
  Value before = toCoordinate(s, dim.before),
        after = toCoordinate(s, dim.after);
  Value single = s.compare(Compare::LessOrEqual, type, after, one);
  if (mode.coordinates == "asymmetric")
    return s.div(type, x, dim.scale);
  if (mode.crops()) {
    Value most = s.sub(type, before, one), last = s.sub(type, dim.length, one);
    Value part = s.mul(type, s.sub(type, dim.end, dim.start), most);
    Value inPart = s.div(type, s.mul(type, x, part), last);
    Value center = s.mul(type, s.add(type, dim.start, dim.end), half);
    return s.select(single, s.mul(type, center, most),
                    s.add(type, s.mul(type, dim.start, most), inPart));
  }
  if (mode.coordinates == "align_corners") {
    Value most = s.sub(type, before, one), last = s.sub(type, dim.length, one);
    return s.select(single, number(s, 0),
                    s.div(type, s.mul(type, x, most), last));
  }
  Value middle = s.div(type, s.add(type, x, half), dim.scale);
  if (mode.coordinates == "tf_half_pixel_for_nn")
    return middle;
  middle = s.sub(type, middle, half);
  if (mode.coordinates == "pytorch_half_pixel")
    return s.select(single, number(s, 0), middle);
  if (mode.coordinates == "half_pixel_symmetric") {
    Value adjustment = s.div(type, after, s.mul(type, dim.scale, before));
    Value offset =
        s.mul(type, s.mul(type, before, half), s.sub(type, one, adjustment));
    return s.add(type, offset, middle);
  }
  return middle;
}

/// The integral coordinate that stands for `x`.
static Value getNearest(Scalars &s, const ResizeMode &mode, Value scale,
                        Value x) {
  Value half = number(s, 0.5);
  if (mode.rounding == "floor")
    return floorOf(s, x);
  if (mode.rounding == "ceil")
    return ceilOf(s, x);
  if (mode.rounding == "round_prefer_ceil")
    return floorOf(s, s.add(kCoordinate, x, half));
  if (mode.rounding == "simple")
    return s.select(s.compare(Compare::Less, kCoordinate, scale, number(s, 1)),
                    ceilOf(s, x), floorOf(s, x));
  return ceilOf(s, s.sub(kCoordinate, x, half));
}

static Tensor resizeDim(Emitter &e, Tensor x, int64_t d, ResizeDim dim,
                        const ResizeMode &mode) {
  Extents sizes = e.extents(x);
  sizes[d] = OpFoldResult(dim.after);
  bool nearest = mode.mode == "nearest";
  DataType type = nearest ? x.type : getSumType(x.type);
  return e.generate(type, sizes, [&](Scalars &s, ValueRange at) {
    SmallVector<Value> position(at);
    auto loadAt = [&](Value coordinate) {
      position[d] = clampIndex(s, coordinate, dim.before);
      return loadUnlessEmpty(e, x, position);
    };
    Value where = getCoordinate(s, mode, dim, at[d]);
    auto extrapolate = [&](Value inner) {
      if (!mode.crops())
        return inner;
      Value last =
          s.sub(kCoordinate, toCoordinate(s, dim.before), number(s, 1));
      Value isInner = s.logicalAnd(
          s.compare(Compare::GreaterOrEqual, kCoordinate, where, number(s, 0)),
          s.compare(Compare::LessOrEqual, kCoordinate, where, last));
      return s.select(isInner, inner, s.constant(type, mode.extrapolation));
    };
    if (nearest)
      return extrapolate(loadAt(getNearest(s, mode, dim.scale, where)));
    Value sum = s.constant(type, 0), weights = s.constant(type, 0);
    for (Tap tap : getTaps(s, where, mode.mode == "cubic", mode.cubicA)) {
      Value weight = tap.weight;
      if (mode.excludeOutside)
        weight = s.select(isInside(s, tap.coordinate, dim.before), weight,
                          number(s, 0));
      weight = s.convert(kCoordinate, type, weight);
      Value element = s.convert(x.type, type, loadAt(tap.coordinate));
      sum = s.add(type, sum, s.mul(type, element, weight));
      weights = s.add(type, weights, weight);
    }
    return extrapolate(mode.excludeOutside ? s.div(type, sum, weights) : sum);
  });
}

/// Reads the modes; Upsample and the first Resize have less of them.
static LogicalResult getModes(Node &node, ResizeMode &mode) {
  bool old = node.getOperator() == "Upsample" || node.getOpset() < 11;
  mode.mode = node.getString("mode", "nearest");
  mode.coordinates = "asymmetric";
  mode.rounding = "simple";
  if (!old) {
    mode.coordinates =
        node.getString("coordinate_transformation_mode", "half_pixel");
    mode.rounding = node.getString("nearest_mode", "round_prefer_floor");
    mode.cubicA = node.getFloat("cubic_coeff_a", -0.75F);
    mode.excludeOutside = node.getInt("exclude_outside", 0) != 0;
    mode.extrapolation = node.getFloat("extrapolation_value", 0);
    if (node.getInt("antialias", 0) != 0)
      return node.unsupported("resizing with antialias is not supported");
  }
  if (!is_contained({"nearest", "linear", "cubic"}, mode.mode))
    return node.unsupported("resizing with mode '" + mode.mode +
                            "' is not supported");
  if (!is_contained({"half_pixel", "half_pixel_symmetric", "asymmetric",
                     "pytorch_half_pixel", "align_corners",
                     "tf_half_pixel_for_nn", "tf_crop_and_resize"},
                    mode.coordinates))
    return node.unsupported("resizing with coordinates '" + mode.coordinates +
                            "' is not supported");
  return success();
}

/// Resize and Upsample: extents by scales or as they are given.
static LogicalResult convertResize(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  ResizeMode mode;
  if (failed(getModes(node, mode)))
    return failure();
  SmallVector<int64_t> axes(x.getRank());
  std::iota(axes.begin(), axes.end(), 0);
  std::string policy = "stretch";
  if (node.getOpset() >= 18) {
    policy = node.getString("keep_aspect_ratio_policy", "stretch");
    if (std::optional<SmallVector<int64_t>> given = node.getInts("axes")) {
      axes = *given;
      for (int64_t &axis : axes) {
        std::optional<int64_t> at = node.getAxis(axis, x.getRank());
        if (!at)
          return failure();
        axis = *at;
      }
    }
  }
  SmallVector<Value> scales, part;
  Extents goal;
  if (node.getOperator() == "Upsample" && node.getOpset() < 9) {
    for (float scale : node.getFloats("scales").value_or(SmallVector<float>()))
      scales.push_back(number(s, scale));
  } else {
    bool hasRoi = node.getOperator() == "Resize" && node.getOpset() >= 11;
    int64_t count = axes.size();
    Tensor factors = node.settleInput(hasRoi ? 2 : 1, count),
           sizes = hasRoi ? node.settleInput(3, count) : Tensor();
    for (Tensor list : {factors, sizes})
      if (list && !list.getType().hasStaticShape())
        return node.unsupported(
            "a list of scales or sizes of dynamic length is not supported");
    for (size_t i = hasRoi ? 2 : 1; i <= (hasRoi ? 3 : 1); ++i)
      if (node.hasInput(i) &&
          failed(node.requireList(i, i == 3 ? "sizes" : "scales", kMostRank)))
        return failure();
    if (mode.crops()) {
      int64_t required = 2 * axes.size();
      Tensor roi = node.settleInput(1, required);
      if (!hasRoi || !roi || !isFloat(roi.type) ||
          !roi.getType().hasStaticShape() ||
          roi.getType().getNumElements() != required)
        return node.error("its region is no list of " + Twine(required) +
                          " floats, which attribute "
                          "'coordinate_transformation_mode' requires");
      for (Value edge : e.elements(roi))
        part.push_back(s.convert(roi.type, kCoordinate, edge));
    }
    if (factors)
      for (Value scale : e.elements(factors))
        scales.push_back(s.convert(factors.type, kCoordinate, scale));
    if (sizes)
      goal = e.indices(sizes);
  }
  size_t found = goal.empty() ? scales.size() : goal.size();
  if (found != axes.size())
    return node.error("it has " + Twine(found) +
                      " scales or sizes; required are " + Twine(axes.size()));
  e.requireSizes(goal);
  SmallVector<ResizeDim> dims;
  for (auto [i, axis] : enumerate(axes)) {
    ResizeDim dim{e.extentValue(x, axis), {}, {}, {}, {}, {}};
    Value before = toCoordinate(s, dim.before);
    if (mode.crops())
      dim.start = part[i], dim.end = part[axes.size() + i];
    if (goal.empty()) {
      dim.scale = scales[i];
      dim.length = s.mul(kCoordinate, before, dim.scale);
      if (mode.crops())
        dim.length = s.mul(kCoordinate, dim.length,
                           s.sub(kCoordinate, dim.end, dim.start));
      requireLength(e, dim);
      dim.after = toIndex(s, floorOf(s, dim.length));
    } else {
      dim.after = e.toValue(goal[i]);
      dim.length = toCoordinate(s, dim.after);
      dim.scale = s.div(kCoordinate, dim.length, before);
    }
    dims.push_back(dim);
  }
  if (!goal.empty() && policy != "stretch") {
    Value scale = dims.empty() ? number(s, 1) : dims[0].scale;
    for (ResizeDim dim : dims)
      scale = policy == "not_larger" ? s.min(kCoordinate, scale, dim.scale)
                                     : s.max(kCoordinate, scale, dim.scale);
    for (ResizeDim &dim : dims) {
      Value size = s.mul(kCoordinate, toCoordinate(s, dim.before), scale);
      dim.scale = scale;
      dim.after =
          toIndex(s, floorOf(s, s.add(kCoordinate, size, number(s, 0.5))));
      dim.length = toCoordinate(s, dim.after);
    }
  }
  Tensor result = x;
  for (auto [axis, dim] : zip(axes, dims)) {
    std::optional<double> scale;
    mlir::FloatAttr fixed;
    if (mlir::matchPattern(dim.scale, mlir::m_Constant(&fixed)))
      scale = fixed.getValueAsDouble();
    // Batch and channels stay as they are, whatever the coordinates.
    if (scale == 1.0 && !mode.crops())
      continue;
    // An extent that was given at run time may be negative.
    dim.after = s.maxIndex(dim.after, s.index(0));
    result = resizeDim(e, result, axis, dim, mode);
  }
  if (result.type != x.type)
    result = e.convert(result, x.type);
  node.setOutput(0, result);
  return success();
}

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

/// A coordinate thrown back at `low` and `high` as often as needed.
static Value reflect(Scalars &s, Value x, Value low, Value high) {
  constexpr DataType type = kCoordinate;
  Value range = s.sub(type, high, low), period = s.add(type, range, range);
  Value y = s.mod(type, s.abs(type, s.sub(type, x, low)), period,
                  /*signOfDividend=*/true);
  Value back = s.compare(Compare::Greater, type, y, range);
  y = s.add(type, low, s.select(back, s.sub(type, period, y), y));
  // Without a range there is no period.
  return s.select(s.compare(Compare::Equal, type, range, number(s, 0)), low, y);
}

/// GridSample: the input at the points of a grid, whose coordinates go from -1
/// to 1, the last dimension's first.
static LogicalResult convertGridSample(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), grid = node.getInput(1);
  std::string mode =
      node.getString("mode", node.getOpset() < 20 ? "bilinear" : "linear");
  std::string padding = node.getString("padding_mode", "zeros");
  bool corners = node.getInt("align_corners", 0) != 0;
  int64_t spatial = x.getRank() - 2;
  if (spatial < 1 || grid.getRank() != x.getRank())
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its grid " + Twine(grid.getRank()) +
                      "; required is the same rank of at least 3");
  if (!mlir::ShapedType::isDynamic(grid.getShape().back()) &&
      grid.getShape().back() != spatial)
    return node.error("its grid has " + Twine(grid.getShape().back()) +
                      " coordinates a point; required are " + Twine(spatial));
  bool nearest = mode == "nearest",
       cubic = mode == "cubic" || mode == "bicubic";
  if (!nearest && !cubic && mode != "linear" && mode != "bilinear")
    return node.error("attribute 'mode' is '" + mode +
                      "'; required is nearest, linear or cubic");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    return node.error("attribute 'padding_mode' is '" + padding +
                      "'; required is zeros, border or reflection");
  Extents from = e.extents(x), sizes{from[0], from[1]};
  for (int64_t d = 0; d < spatial; ++d)
    sizes.push_back(e.extent(grid, d + 1));
  DataType type = nearest ? x.type : getSumType(x.type);
  Tensor result = e.generate(type, sizes, [&](Scalars &s, ValueRange at) {
    constexpr DataType real = kCoordinate;
    SmallVector<Value> point{at[0]};
    llvm::append_range(point, at.drop_front(2));
    point.push_back({});
    SmallVector<SmallVector<Tap>> taps(spatial);
    SmallVector<Value> lows, highs;
    for (int64_t d = 0; d < spatial; ++d) {
      point.back() = s.index(spatial - 1 - d);
      Value g = s.convert(grid.type, real, loadUnlessEmpty(e, grid, point));
      Value extent = toCoordinate(s, e.toValue(from[d + 2]));
      Value last = s.sub(real, extent, number(s, 1));
      Value unit = s.add(real, g, number(s, 1));
      Value where =
          s.mul(real,
                corners ? s.mul(real, unit, last)
                        : s.sub(real, s.mul(real, unit, extent), number(s, 1)),
                number(s, 0.5));
      lows.push_back(number(s, corners ? 0 : -0.5));
      highs.push_back(corners ? last : s.sub(real, extent, number(s, 0.5)));
      if (nearest)
        where = s.op<mlir::math::RoundEvenOp>(where);
      if (padding == "border")
        where = clampTo(s, where, number(s, 0), last);
      else if (padding == "reflection")
        where = reflect(s, where, lows[d], highs[d]);
      if (nearest)
        taps[d] = {{s.op<mlir::math::RoundEvenOp>(where), {}}};
      else
        taps[d] = getTaps(s, where, cubic, -0.75);
    }
    // All combinations of taps.
    Value sum;
    SmallVector<size_t> chosen(spatial, 0);
    for (bool more = true; more;) {
      Value inside, weight;
      SmallVector<Value> position{at[0], at[1]};
      for (int64_t d = 0; d < spatial; ++d) {
        Tap tap = taps[d][chosen[d]];
        Value extent = e.toValue(from[d + 2]);
        if (padding == "reflection")
          tap.coordinate = reflect(s, tap.coordinate, lows[d], highs[d]);
        Value here = isInside(s, tap.coordinate, extent);
        inside = inside ? s.logicalAnd(inside, here) : here;
        if (tap.weight)
          weight = weight ? s.mul(real, weight, tap.weight) : tap.weight;
        position.push_back(clampIndex(s, tap.coordinate, extent));
      }
      Value element = s.convert(x.type, type, loadUnlessEmpty(e, x, position));
      if (padding == "zeros")
        element = s.select(inside, element, s.constant(type, 0));
      if (weight)
        element = s.mul(type, element, s.convert(real, type, weight));
      sum = sum ? s.add(type, sum, element) : element;
      more = false;
      for (int64_t d = spatial; d-- > 0 && !more;) {
        more = ++chosen[d] < taps[d].size();
        if (!more)
          chosen[d] = 0;
      }
    }
    return sum;
  });
  node.setOutput(0, result.type == x.type ? result : e.convert(result, x.type));
  return success();
}

void registerResamplingOps(Registry &registry) {
  registry.add({
      {"Resize", 10, 1, 4, convertResize, "antialias"},
      {"Upsample", 7, 1, 2, convertResize},
      {"GridSample", 16, 2, 2, convertGridSample},
  });
}

} // namespace seqc::onnx
