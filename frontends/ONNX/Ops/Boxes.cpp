//===- Boxes.cpp - Selection of boxes and pooling in them -----------------===//

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

static constexpr DataType kReal = DataType::Float;

//===----------------------------------------------------------------------===//
// NonMaxSuppression
//===----------------------------------------------------------------------===//

namespace {
/// The corners and the area of a box.
struct Box {
  SmallVector<Number, 2> low, high;

  Number area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
};
} // namespace

static Box loadBox(Emitter &e, Tensor boxes, Number batch, Number i,
                   bool centered) {
  Box box;
  for (int d = 0; d < 2; ++d) {
    // A centre and extents (x before y), or two opposite corners.
    Number a = load(e, boxes, {batch, i, d}),
           b = load(e, boxes, {batch, i, d + 2});
    if (centered) {
      Number half = b / 2;
      b = a + half;
      a = a - half;
    }
    box.low.push_back(min(a, b));
    box.high.push_back(max(a, b));
  }
  return box;
}

/// Whether two boxes share more than `threshold` of their union.
static Number overlaps(const Box &a, const Box &b, Number threshold) {
  auto side = [&](int d) {
    return max(min(a.high[d], b.high[d]) - max(a.low[d], b.low[d]), 0);
  };
  Number shared = side(0) * side(1);
  Number joined = a.area() + b.area() - shared;
  // Boxes without area have nothing in common with anything.
  return ((shared > 0) & (joined > 0)) & (shared / joined > threshold);
}

/// One number of `type` that may be absent; zero then.
static FailureOr<Number> readNumber(Node &node, size_t input, DataType type,
                                    StringRef what) {
  Emitter &e = node.getEmitter();
  Tensor given = node.settleInput(input);
  if (!given)
    return Number(e, type, e.scalars().constant(type, 0));
  if (!isOne(given))
    return node.error("its " + what + " is not one number");
  return Number(e, type, e.elements(given).front());
}

/// For each batch entry and class, the best box that is left is taken and
/// removes those that overlap it, until no more may be taken.
static LogicalResult convertNonMaxSuppression(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor boxes = node.getInput(0), scores = node.getInput(1);
  for (Tensor x : {boxes, scores})
    if (x.getRank() != 3 || x.type != kReal)
      return node.error("an input is " + getName(x.type) + " of rank " +
                        Twine(x.getRank()) + "; required is float of rank 3");
  for (auto [i, type] : {std::pair(2, DataType::Int64), {3, kReal}, {4, kReal}})
    if (Tensor given = node.getInput(i); given && given.type != type)
      return node.error("input " + Twine(i) + " is " + getName(given.type) +
                        "; required is " + getName(type));
  bool centered = node.getInt("center_point_box", 0) != 0;
  FailureOr<Number> limit =
      readNumber(node, 2, DataType::Int64, "number of boxes");
  FailureOr<Number> overlap =
      readNumber(node, 3, kReal, "threshold of the overlap");
  FailureOr<Number> least =
      readNumber(node, 4, kReal, "threshold of the score");
  if (failed(limit) || failed(overlap) || failed(least))
    return failure();
  bool hasLeast = node.hasInput(4);
  Extents sizes = e.extents(scores);
  OpFoldResult count = sizes[2];
  e.requireEqual(e.extent(boxes, 0), sizes[0], "the batch of its boxes");
  e.requireEqual(e.extent(boxes, 1), count, "the number of its boxes");
  e.requireEqual(e.extent(boxes, 2), Number(e, 4),
                 "the last extent of its boxes");
  Number rounds = min(max(limit->toIndex(), 0), e.toValue(count));
  Extents most = {e.product({sizes[0], sizes[1], rounds}), Number(e, 3)};

  auto isOpen = [&](Value open, Number i) {
    return load(e, {open, DataType::Bool}, {i});
  };
  // The open box of the greatest score, -1 if there is none.
  auto findBest = [&](Value open, ArrayRef<Number> row) {
    return iterate(e, {count}, {Number(e, -1), e.scalars().constant(kReal, 0)},
                   [&](ArrayRef<Number> at, ValueRange carried) {
                     Number best(e, carried[0]), most(e, kReal, carried[1]);
                     Number score = load(e, scores, {row[0], row[1], at[0]});
                     Number better =
                         ((best == -1) | (score > most)) & isOpen(open, at[0]);
                     if (hasLeast)
                       better = better & (score > *least);
                     return SmallVector<Value>{select(better, at[0], best),
                                               select(better, score, most)};
                   })[0];
  };
  // Carried: the list, how long it is, and the boxes that are left.
  auto takeOne = [&](ArrayRef<Number> row, ValueRange carried) {
    Number best(e, findBest(carried[2], row)), length(e, carried[1]);
    Number found = best != -1, chosen = max(best, 0);
    Value list = carried[0];
    Number entry[] = {row[0], row[1], chosen};
    for (auto [k, value] : enumerate(entry))
      list = insert(e, value.as(DataType::Int64), list,
                    {length, static_cast<double>(k)});
    Box taken = loadBox(e, boxes, row[0], chosen, centered);
    Value left = iterate(
        e, {count}, {carried[2]}, [&](ArrayRef<Number> at, ValueRange open) {
          Box other = loadBox(e, boxes, row[0], at[0], centered);
          Number gone = (at[0] == chosen) | overlaps(taken, other, *overlap);
          Number stays = isOpen(open[0], at[0]) & !(found & gone);
          return SmallVector<Value>{insert(e, stays, open[0], at)};
        })[0];
    return SmallVector<Value>{list, select(found, length + 1, length), left};
  };
  SmallVector<Value> results = iterate(
      e, {sizes[0], sizes[1]}, {e.empty(most, DataType::Int64), Number(e, 0)},
      [&](ArrayRef<Number> row, ValueRange carried) {
        Value open = e.fill(DataType::Bool, {count}, 1).value;
        SmallVector<Value> taken =
            iterate(e, {rounds}, {carried[0], carried[1], open},
                    [&](ArrayRef<Number>, ValueRange inner) {
                      return takeOne(row, inner);
                    });
        return SmallVector<Value>{taken[0], taken[1]};
      });
  Tensor all{results[0], DataType::Int64};
  e.setExtents(all.value, most);
  // Even an empty slice must begin inside.
  if (all.getShape()[0] != 0)
    all = e.sliceDim(all, 0, Number(e, 0), OpFoldResult(results[1]));
  return node.give(all);
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

namespace {
/// One sample in one dimension: two elements and their weights.
struct Sample {
  Number low, high, lowWeight, highWeight, inside;
};

/// One dimension of a region: where it starts, the extent of a bin, and how
/// many samples a bin has (an index).
struct RegionDim {
  Number start, bin, samples, extent;
};
} // namespace

static Sample getSample(const RegionDim &dim, Number bin, Number i) {
  DataType type = dim.start.getType();
  Number share = (i.as(type) + 0.5) / dim.samples.as(type);
  Number x = dim.start + (bin.as(type) + share) * dim.bin;
  // One element beyond the border still counts as the border.
  Number inside = (x >= -1) & (x <= dim.extent.as(type));
  Number last = dim.extent - 1;
  x = clamp(x, 0, last.as(type));
  Number low = x.apply<mlir::math::FloorOp>(), highWeight = x - low;
  Number index = low.as(DataType::Int64).toIndex();
  return {clamp(index, 0, last), clamp(index + 1, 0, last), 1 - highWeight,
          highWeight, inside};
}

namespace {
/// What the attributes of a RoiAlign say.
struct RoiMode {
  bool largest, halfPixel;
  int64_t ratio;
  double scale;
  int64_t sizes[2];
};
} // namespace

static RegionDim getRegion(Emitter &e, const RoiMode &mode, Tensor x,
                           Tensor rois, Number r, int d) {
  // Regions name x before y.
  auto edge = [&](int k) {
    return read(e, rois, {r, k + 1 - d}) * mode.scale -
           (mode.halfPixel ? 0.5 : 0);
  };
  Number start = edge(0), length = edge(2) - start;
  if (!mode.halfPixel)
    length = max(length, 1);
  Number bin = length / mode.sizes[d], samples(e, mode.ratio);
  if (mode.ratio == 0)
    samples =
        max(bin.apply<mlir::math::CeilOp>().as(DataType::Int64).toIndex(), 0);
  return {start, bin, samples, Number(e, e.extent(x, d + 2))};
}

/// The samples of one bin: their mean, or the greatest weighted element.
static Number poolBin(Emitter &e, const RoiMode &mode, Tensor x, Number batch,
                      ArrayRef<Number> at, ArrayRef<RegionDim> dims) {
  DataType type = getComputeType(x.type);
  Scalars outer = e.scalars();
  SmallVector<Value> results = iterate(
      e, {dims[0].samples, dims[1].samples},
      {outer.constant(type, 0), outer.boolean(false)},
      [&](ArrayRef<Number> i, ValueRange carried) {
        Sample y = getSample(dims[0], at[2], i[0]);
        Sample z = getSample(dims[1], at[3], i[1]);
        Number inside = y.inside & z.inside, so(e, type, carried[0]);
        std::optional<Number> corners;
        for (int corner = 0; corner < 4; ++corner) {
          bool down = corner & 2, right = corner & 1;
          Number element = loadUnlessEmpty(e, x,
                                           {batch, at[1], down ? y.high : y.low,
                                            right ? z.high : z.low})
                               .as(type);
          Number weight = (down ? y.highWeight : y.lowWeight) *
                          (right ? z.highWeight : z.lowWeight);
          Number term = select(inside, weight * element, 0);
          corners = !corners       ? term
                    : mode.largest ? max(*corners, term)
                                   : *corners + term;
        }
        Number next = mode.largest
                          ? select(Number(e, DataType::Bool, carried[1]),
                                   max(so, *corners), *corners)
                          : so + *corners;
        return SmallVector<Value>{next, e.scalars().boolean(true)};
      });
  Number pooled(e, type, results[0]);
  if (mode.largest)
    return pooled;
  return pooled / max(dims[0].samples * dims[1].samples, 1).as(type);
}

static LogicalResult convertRoiAlign(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), rois = node.getInput(1),
         batches = node.getInput(2);
  if (failed(node.requireFloat(0)))
    return failure();
  if (x.getRank() != 4 || rois.getRank() != 2 || batches.getRank() != 1 ||
      rois.type != x.type || batches.type != DataType::Int64)
    return node.error(
        "its inputs are " + getName(x.type) + ", " + getName(rois.type) +
        " and " + getName(batches.type) + " of ranks " + Twine(x.getRank()) +
        ", " + Twine(rois.getRank()) + " and " + Twine(batches.getRank()) +
        "; required are two of one type and int64, of ranks "
        "4, 2 and 1");
  bool old = node.getOpset() < 16;
  std::string pooling = node.getString("mode", "avg"),
              coordinates =
                  old ? "output_half_pixel"
                      : node.getString("coordinate_transformation_mode",
                                       "half_pixel");
  RoiMode mode{
      pooling == "max",
      coordinates == "half_pixel",
      node.getInt("sampling_ratio", 0),
      node.getFloat("spatial_scale", 1),
      {node.getInt("output_height", 1), node.getInt("output_width", 1)}};
  if ((pooling != "avg" && pooling != "max") ||
      (coordinates != "half_pixel" && coordinates != "output_half_pixel"))
    return node.error("it pools by '" + pooling + "' at '" + coordinates +
                      "'; required are avg or max, and half_pixel or "
                      "output_half_pixel");
  if (mode.ratio < 0 || mode.sizes[0] < 1 || mode.sizes[1] < 1)
    return node.error("it makes " + Twine(mode.sizes[0]) + " x " +
                      Twine(mode.sizes[1]) + " bins of " + Twine(mode.ratio) +
                      " samples; required are bins, and no fewer than 0");
  e.requireEqual(e.extent(rois, 1), Number(e, 4),
                 "the last extent of its regions");
  e.requireEqual(e.extent(batches, 0), e.extent(rois, 0),
                 "the number of its batch indices");
  e.requireIndices(batches, e.extent(x, 0), "a batch index", /*fromEnd=*/false);
  Extents sizes{e.extent(rois, 0), e.extent(x, 1), Number(e, mode.sizes[0]),
                Number(e, mode.sizes[1])};
  Tensor y =
      defineInOrder(e, getComputeType(x.type), sizes, [&](ArrayRef<Number> at) {
        Number batch =
            makeSafe(load(e, batches, {at[0]}).toIndex(), e.extentValue(x, 0))
                .index;
        RegionDim dims[] = {getRegion(e, mode, x, rois, at[0], 0),
                            getRegion(e, mode, x, rois, at[0], 1)};
        return poolBin(e, mode, x, batch, at, dims);
      });
  return node.give(e.convert(y, x.type));
}

void registerBoxesOps(Registry &registry) {
  registry.add({
      {"NonMaxSuppression", 10, 2, 5, convertNonMaxSuppression},
      {"RoiAlign", 10, 3, 3, convertRoiAlign},
  });
}

} // namespace seqc::onnx
