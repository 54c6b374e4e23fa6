//===- Resampling.cpp - Resize and grid sampling --------------------------===//
//
// Interpolation is separable: Resize goes through one dimension after the
// other. GridSample has a coordinate for each point and goes through all taps.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Family.h"

#include "mlir/IR/Matchers.h"

using namespace llvm;

namespace seqc::onnx {

/// Coordinates are computed in this type.
static constexpr DataType kCoordinate = DataType::Float;

/// A coordinate as index, truncated.
static Number asIndex(Number coordinate) {
  return coordinate.as(DataType::Int64).toIndex();
}

static Number floorOf(Number x) { return x.apply<mlir::math::FloorOp>(); }
static Number ceilOf(Number x) { return x.apply<mlir::math::CeilOp>(); }

/// The index nearest to an integral coordinate that `extent` has.
static Number clampIndex(Number coordinate, Number extent) {
  // Far coordinates have no index at all.
  Number x = clamp(coordinate, -1, extent.as(kCoordinate));
  return clamp(asIndex(x), 0, extent - 1);
}

/// The weight of the cubic convolution at a distance: within 1 of the tap, or
/// between 1 and 2.
static Number cubicWeight(double a, Number distance, bool near) {
  if (near)
    return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
}

namespace {
/// One integral coordinate and its weight.
struct Tap {
  Number coordinate, weight;
};
} // namespace

/// Two taps around a coordinate, or four of a cubic.
static SmallVector<Tap> getTaps(Number x, bool cubic, double a) {
  Number low = floorOf(x), t = x - low, rest = 1 - t;
  if (!cubic)
    return {{low, rest}, {low + 1, t}};
  return {{low + -1, cubicWeight(a, t + 1, false)},
          {low, cubicWeight(a, t, true)},
          {low + 1, cubicWeight(a, rest, true)},
          {low + 2, cubicWeight(a, rest + 1, false)}};
}

/// The type that interpolated elements are summed in.
static DataType getSumType(DataType type) {
  return isFloat(type) ? getComputeType(type) : DataType::Float;
}

static Number isInside(Number coordinate, Number extent) {
  return (coordinate >= 0) & (coordinate < extent.as(kCoordinate));
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
  Number before, after = 0;
  /// Floats; the length is the extent of the result before it is rounded down.
  Number scale = 1, length = 0;
  /// The part that is cropped, from 0 to 1.
  Number start = 0, end = 1;
};
} // namespace

/// The value of a scale that is a constant.
static std::optional<double> getFixed(Number scale) {
  mlir::FloatAttr fixed;
  if (!mlir::matchPattern(mlir::Value(scale), mlir::m_Constant(&fixed)))
    return std::nullopt;
  return fixed.getValueAsDouble();
}

/// A scale is above 0 and makes a length that an index holds.
static void requireLength(Emitter &e, const ResizeMode &mode,
                          const ResizeDim &dim) {
  std::optional<double> fixed = getFixed(dim.scale);
  if (!mode.crops() && fixed && *fixed > 0 && *fixed <= 65536)
    return;
  e.require(dim.scale > 0, "a scale is no number above 0; required is one");
  e.require((dim.length >= 0) &
                (dim.length <= static_cast<double>(kMostElements)),
            "its scales make an extent that no index holds; required is 0 to "
            "{0}",
            {Number(e, kMostElements)});
}

/// Where an index of the result lies in the input.
static Number getCoordinate(const ResizeMode &mode, const ResizeDim &dim,
                            Number index) {
  Number x = index.as(kCoordinate), before = dim.before.as(kCoordinate),
         after = dim.after.as(kCoordinate), most = before - 1;
  Number single = after <= 1, middle = (x + 0.5) / dim.scale;
  if (mode.crops())
    return select(single, (dim.start + dim.end) * 0.5 * most,
                  dim.start * most +
                      x * ((dim.end - dim.start) * most) / (dim.length - 1));
  if (mode.coordinates == "asymmetric")
    return x / dim.scale;
  if (mode.coordinates == "align_corners")
    return select(single, 0, x * most / (dim.length - 1));
  if (mode.coordinates == "tf_half_pixel_for_nn")
    return middle;
  if (mode.coordinates == "pytorch_half_pixel")
    return select(single, 0, middle - 0.5);
  if (mode.coordinates == "half_pixel_symmetric")
    return before * 0.5 * (1 - after / (dim.scale * before)) + (middle - 0.5);
  return middle - 0.5;
}

/// The integral coordinate that stands for `x`.
static Number getNearest(const ResizeMode &mode, Number scale, Number x) {
  if (mode.rounding == "floor")
    return floorOf(x);
  if (mode.rounding == "ceil")
    return ceilOf(x);
  if (mode.rounding == "round_prefer_ceil")
    return floorOf(x + 0.5);
  if (mode.rounding == "simple")
    return select(scale < 1, ceilOf(x), floorOf(x));
  return ceilOf(x - 0.5);
}

static Tensor resizeDim(Emitter &e, Tensor x, int64_t d, const ResizeDim &dim,
                        const ResizeMode &mode) {
  Extents sizes = e.extents(x);
  sizes[d] = dim.after;
  bool nearest = mode.mode == "nearest";
  DataType type = nearest ? x.type : getSumType(x.type);
  return define(e, type, sizes, [&](ArrayRef<Number> at) {
    SmallVector<Number> position(at);
    auto loadAt = [&](Number coordinate) {
      position[d] = clampIndex(coordinate, dim.before);
      return loadUnlessEmpty(e, x, position);
    };
    Number where = getCoordinate(mode, dim, at[d]);
    auto extrapolate = [&](Number inner) {
      if (!mode.crops())
        return inner;
      return select((where >= 0) & (where <= dim.before.as(kCoordinate) - 1),
                    inner, mode.extrapolation);
    };
    if (nearest)
      return extrapolate(loadAt(getNearest(mode, dim.scale, where)));
    Number sum(e, type, 0), weights = sum;
    for (Tap tap : getTaps(where, mode.mode == "cubic", mode.cubicA)) {
      Number weight = tap.weight;
      if (mode.excludeOutside)
        weight = select(isInside(tap.coordinate, dim.before), weight, 0);
      weight = weight.as(type);
      sum = sum + loadAt(tap.coordinate).as(type) * weight;
      weights = weights + weight;
    }
    return extrapolate(mode.excludeOutside ? sum / weights : sum);
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

/// The numbers of a list as coordinates.
static SmallVector<Number> readCoordinates(Emitter &e, Tensor list) {
  return map_to_vector(e.elements(list), [&](mlir::Value element) {
    return Number(e, list.type, element).as(kCoordinate);
  });
}

namespace {
/// What an attribute or inputs say of the dimensions: scales, or extents of the
/// result; and the part that is cropped, its starts before its ends.
struct ResizeGoal {
  SmallVector<Number> scales, part;
  Extents sizes;
};
} // namespace

/// Reads the goal for `count` dimensions.
static LogicalResult readGoal(Node &node, const ResizeMode &mode, int64_t count,
                              ResizeGoal &goal) {
  Emitter &e = node.getEmitter();
  bool isResize = node.getOperator() == "Resize";
  if (!isResize && node.getOpset() < 9) {
    for (float scale : node.getFloats("scales").value_or(SmallVector<float>()))
      goal.scales.push_back({e, kCoordinate, scale});
    return success();
  }
  bool hasRoi = isResize && node.getOpset() >= 11;
  size_t first = hasRoi ? 2 : 1;
  Tensor factors = node.settleInput(first, count),
         sizes = hasRoi ? node.settleInput(3, count) : Tensor();
  for (auto [list, input, what] : {std::tuple(factors, first, "scales"),
                                   std::tuple(sizes, size_t(3), "sizes")}) {
    if (list && !list.getType().hasStaticShape())
      return node.unsupported(
          "a list of scales or sizes of dynamic length is not supported");
    if (list && failed(node.requireList(input, what, kMostRank)))
      return failure();
  }
  if (mode.crops()) {
    Tensor roi = node.settleInput(1, 2 * count);
    if (!hasRoi || !roi || !isFloat(roi.type) ||
        !roi.getType().hasStaticShape() ||
        roi.getType().getNumElements() != 2 * count)
      return node.error("its region is no list of " + Twine(2 * count) +
                        " floats, which attribute "
                        "'coordinate_transformation_mode' requires");
    goal.part = readCoordinates(e, roi);
  }
  if (factors)
    goal.scales = readCoordinates(e, factors);
  if (sizes)
    goal.sizes = e.indices(sizes);
  return success();
}

/// Resize and Upsample: extents by scales or as they are given.
static LogicalResult convertResize(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  ResizeMode mode;
  if (failed(getModes(node, mode)))
    return failure();
  SmallVector<int64_t> axes = to_vector(seq<int64_t>(x.getRank()));
  std::string policy = "stretch";
  if (node.getOpset() >= 18) {
    policy = node.getString("keep_aspect_ratio_policy", "stretch");
    axes = node.getInts("axes").value_or(axes);
    for (int64_t &axis : axes) {
      std::optional<int64_t> at = node.getAxis(axis, x.getRank());
      if (!at)
        return failure();
      axis = *at;
    }
  }
  int64_t count = axes.size();
  ResizeGoal to;
  if (failed(readGoal(node, mode, count, to)))
    return failure();
  auto &[scales, part, goal] = to;
  int64_t found = goal.empty() ? scales.size() : goal.size();
  if (found != count)
    return node.error("it has " + Twine(found) +
                      " scales or sizes; required are " + Twine(count));
  e.requireSizes(goal);
  SmallVector<ResizeDim> dims;
  for (auto [i, axis] : enumerate(axes)) {
    ResizeDim dim{Number(e, e.extent(x, axis))};
    Number before = dim.before.as(kCoordinate);
    if (mode.crops())
      dim.start = part[i], dim.end = part[count + i];
    if (goal.empty()) {
      dim.scale = scales[i];
      dim.length = before * dim.scale;
      if (mode.crops())
        dim.length = dim.length * (dim.end - dim.start);
      requireLength(e, mode, dim);
      dim.after = asIndex(floorOf(dim.length));
    } else {
      dim.after = Number(e, goal[i]);
      dim.length = dim.after.as(kCoordinate);
      dim.scale = dim.length / before;
    }
    dims.push_back(dim);
  }
  if (!goal.empty() && policy != "stretch") {
    Number scale = dims.empty() ? 1 : dims[0].scale;
    for (const ResizeDim &dim : dims)
      scale = policy == "not_larger" ? min(scale, dim.scale)
                                     : max(scale, dim.scale);
    for (ResizeDim &dim : dims) {
      dim.scale = scale;
      dim.after = asIndex(floorOf(dim.before.as(kCoordinate) * scale + 0.5));
      dim.length = dim.after.as(kCoordinate);
    }
  }
  Tensor result = x;
  for (auto [axis, dim] : zip(axes, dims)) {
    // Batch and channels stay as they are, whatever the coordinates.
    if (getFixed(dim.scale) == 1.0 && !mode.crops())
      continue;
    // An extent that was given at run time may be negative.
    dim.after = max(dim.after, 0);
    result = resizeDim(e, result, axis, dim, mode);
  }
  return node.give(e.convert(result, x.type));
}

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

/// A coordinate thrown back at `low` and `high` as often as needed.
static Number reflect(Number x, Number low, Number high) {
  Number range = high - low, period = range + range;
  Number distance = abs(x - low);
  Scalars s = distance.scalars();
  Number y(s, kCoordinate,
           s.mod(kCoordinate, distance, period, /*signOfDividend=*/true));
  y = low + select(y > range, period - y, y);
  // Without a range there is no period.
  return select(range == 0, low, y);
}

/// GridSample: the input at the points of a grid, whose coordinates go from -1
/// to 1, the last dimension's first.
static LogicalResult convertGridSample(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), grid = node.getInput(1);
  std::string mode =
      node.getString("mode", node.getOpset() < 20 ? "bilinear" : "linear");
  std::string padding = readChoice(node, "padding_mode", "zeros",
                                   {"zeros", "border", "reflection"});
  bool corners = node.getInt("align_corners", 0) != 0;
  int64_t spatial = x.getRank() - 2;
  if (failed(node.requireRank(1, x.getRank())))
    return failure();
  if (!mlir::ShapedType::isDynamic(grid.getShape().back()) &&
      grid.getShape().back() != spatial)
    return node.error("its grid has " + Twine(grid.getShape().back()) +
                      " coordinates a point; required are " + Twine(spatial));
  bool nearest = mode == "nearest",
       cubic = mode == "cubic" || mode == "bicubic";
  if (!nearest && !cubic && mode != "linear" && mode != "bilinear")
    return node.error("attribute 'mode' is '" + mode +
                      "'; required is nearest, linear or cubic");
  SmallVector<Number> extents = toNumbers(e, e.extents(x));
  Extents sizes = e.extents(grid);
  sizes.pop_back();
  sizes.insert(sizes.begin() + 1, extents[1]);
  sizes[0] = extents[0];
  DataType type = nearest ? x.type : getSumType(x.type);
  Tensor result = define(e, type, sizes, [&](ArrayRef<Number> at) {
    SmallVector<Number> point{at[0]};
    llvm::append_range(point, at.drop_front(2));
    point.push_back(0);
    SmallVector<SmallVector<Tap>> taps;
    SmallVector<Number> lows, highs;
    for (int64_t d = 0; d < spatial; ++d) {
      point.back() = static_cast<double>(spatial - 1 - d);
      Number extent = extents[d + 2].as(kCoordinate), last = extent - 1;
      Number unit = loadUnlessEmpty(e, grid, point).as(kCoordinate) + 1;
      Number where = (corners ? unit * last : unit * extent - 1) * 0.5;
      lows.push_back({e, kCoordinate, corners ? 0 : -0.5});
      highs.push_back(corners ? last : extent - 0.5);
      if (nearest)
        where = where.apply<mlir::math::RoundEvenOp>();
      if (padding == "border")
        where = clamp(where, 0, last);
      else if (padding == "reflection")
        where = reflect(where, lows[d], highs[d]);
      taps.push_back(
          nearest
              ? SmallVector<Tap>{{where.apply<mlir::math::RoundEvenOp>(), 1}}
              : getTaps(where, cubic, -0.75));
    }
    // All combinations of taps, those of the last dimension next to each other.
    size_t each = taps[0].size(), combinations = 1;
    for (int64_t d = 0; d < spatial; ++d)
      combinations *= each;
    std::optional<Number> sum;
    for (size_t n = 0; n < combinations; ++n) {
      Number inside(e, DataType::Bool, 1), weight = 1;
      SmallVector<Number> position{at[0], at[1]};
      size_t step = combinations;
      for (int64_t d = 0; d < spatial; ++d) {
        step /= each;
        Tap tap = taps[d][n / step % each];
        if (padding == "reflection")
          tap.coordinate = reflect(tap.coordinate, lows[d], highs[d]);
        inside = inside & isInside(tap.coordinate, extents[d + 2]);
        if (!nearest)
          weight = d ? weight * tap.weight : tap.weight;
        position.push_back(clampIndex(tap.coordinate, extents[d + 2]));
      }
      Number element = loadUnlessEmpty(e, x, position).as(type);
      if (padding == "zeros")
        element = select(inside, element, 0);
      if (!nearest)
        element = element * weight.as(type);
      sum = sum ? *sum + element : element;
    }
    return *sum;
  });
  return node.give(e.convert(result, x.type));
}

void registerResamplingOps(Registry &registry) {
  registry.add({
      {"Resize", 10, 1, 4, convertResize, takes(), "antialias"},
      {"Upsample", 7, 1, 2, convertResize},
      {"GridSample", 16, 2, 2, convertGridSample,
       takes(kAny.atLeast(3), kFloats)},
  });
}

} // namespace seqc::onnx
