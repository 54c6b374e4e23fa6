//===- Boxes.cpp - Selection of boxes and pooling in them -----------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

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
static Number readNumber(Node &node, size_t input, DataType type,
                         StringRef what) {
  Emitter &e = node.getEmitter();
  Tensor given = node.settleInput(input);
  if (given && isOne(given))
    return Number(e, type, e.elements(given).front());
  if (given)
    (void)node.error("its " + what + " is not one number");
  return Number(e, type, 0);
}

/// For each batch entry and class, the best box that is left is taken and
/// removes those that overlap it, until no more may be taken.
static LogicalResult convertNonMaxSuppression(Node &node, Emitter &e) {
  Tensor boxes = node.getInput(0), scores = node.getInput(1);
  bool centered = node.getInt("center_point_box", 0) != 0;
  Number limit = readNumber(node, 2, DataType::Int64, "number of boxes"),
         overlap = readNumber(node, 3, kReal, "threshold of the overlap"),
         least = readNumber(node, 4, kReal, "threshold of the score");
  bool hasLeast = node.hasInput(4);
  Extents sizes = e.extents(scores);
  OpFoldResult count = sizes[2];
  e.requireEqual(e.extent(boxes, 0), sizes[0], "the batch of its boxes");
  e.requireEqual(e.extent(boxes, 1), count, "the number of its boxes");
  e.requireEqual(e.extent(boxes, 2), Number(e, 4),
                 "the last extent of its boxes");
  Number rounds = min(max(limit.toIndex(), 0), e.toValue(count));
  Extents most = {e.product({sizes[0], sizes[1], rounds}), Number(e, 3)};

  // The open box of the greatest score, -1 if there is none.
  auto findBest = [&](ArrayRef<Number> row, Tensor open) {
    return std::get<0>(fold(
        e, {count}, std::tuple(Number(e, -1), Number(e, kReal, 0)),
        [&](ArrayRef<Number> at, Number best, Number most) {
          Number score = load(e, scores, {row[0], row[1], at[0]});
          Number better = ((best == -1) | (score > most)) & load(e, open, at);
          if (hasLeast)
            better = better & (score > least);
          return std::tuple(select(better, at[0], best),
                            select(better, score, most));
        }));
  };
  // Carried: the list, how long it is, and the boxes that are left.
  auto takeOne = [&](ArrayRef<Number> row, Tensor list, Number length,
                     Tensor open) {
    Number best = findBest(row, open), found = best != -1,
           chosen = max(best, 0);
    Number entry[] = {row[0], row[1], chosen};
    for (auto [k, i] : enumerate(entry))
      list = insert(e, i, list, {length, static_cast<double>(k)});
    Box taken = loadBox(e, boxes, row[0], chosen, centered);
    Tensor left = fold(e, {count}, open, [&](ArrayRef<Number> at, Tensor open) {
      Box other = loadBox(e, boxes, row[0], at[0], centered);
      Number gone = (at[0] == chosen) | overlaps(taken, other, overlap);
      return insert(e, load(e, open, at) & !(found & gone), open, at);
    });
    return std::tuple(list, select(found, length + 1, length), left);
  };
  constexpr DataType number = DataType::Int64;
  auto [all, length] =
      fold(e, {sizes[0], sizes[1]},
           std::tuple(Tensor{e.empty(most, number), number}, Number(e, 0)),
           [&](ArrayRef<Number> row, Tensor list, Number length) {
             Tensor open = e.fill(DataType::Bool, {count}, 1);
             auto [longer, end, left] =
                 fold(e, {rounds}, std::tuple(list, length, open),
                      [&](ArrayRef<Number>, auto... carried) {
                        return takeOne(row, carried...);
                      });
             return std::tuple(longer, end);
           });
  // Even an empty slice must begin inside.
  if (all.getShape()[0] != 0)
    return node.give(e.sliceDim(all, 0, Number(e, 0), Value(length)));
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

/// What the attributes of a RoiAlign say.
struct RoiMode {
  bool largest, halfPixel;
  int64_t ratio;
  double scale;
  int64_t sizes[2];
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
  auto [pooled, any] = fold(
      e, {dims[0].samples, dims[1].samples},
      std::tuple(Number(e, type, 0), Number(e, DataType::Bool, 0)),
      [&](ArrayRef<Number> i, Number so, Number any) {
        Sample y = getSample(dims[0], at[2], i[0]);
        Sample z = getSample(dims[1], at[3], i[1]);
        Number inside = y.inside & z.inside;
        SmallVector<Number> terms;
        for (auto [row, down] :
             {std::pair(y.low, y.lowWeight), std::pair(y.high, y.highWeight)})
          for (auto [column, right] : {std::pair(z.low, z.lowWeight),
                                       std::pair(z.high, z.highWeight)}) {
            Number element =
                loadUnlessEmpty(e, x, {batch, at[1], row, column}).as(type);
            terms.push_back(select(inside, down * right * element, 0));
          }
        auto join = [&](Number a, Number b) {
          return mode.largest ? max(a, b) : a + b;
        };
        Number sum = join(join(join(terms[0], terms[1]), terms[2]), terms[3]);
        Number next = join(so, sum);
        return std::tuple(mode.largest ? select(any, next, sum) : next,
                          Number(e, DataType::Bool, 1));
      });
  if (mode.largest)
    return pooled;
  return pooled / max(dims[0].samples * dims[1].samples, 1).as(type);
}

static LogicalResult convertRoiAlign(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), rois = node.getInput(1),
         batches = node.getInput(2);
  bool old = node.getOpset() < 16;
  std::string pooling = readChoice(node, "mode", "avg", {"avg", "max"}),
              coordinates = "output_half_pixel";
  if (!old)
    coordinates = readChoice(node, "coordinate_transformation_mode",
                             "half_pixel", {"half_pixel", "output_half_pixel"});
  RoiMode mode{
      pooling == "max",
      coordinates == "half_pixel",
      node.getInt("sampling_ratio", 0),
      node.getFloat("spatial_scale", 1),
      {node.getInt("output_height", 1), node.getInt("output_width", 1)}};
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
      {"NonMaxSuppression", 10, 2, 5, convertNonMaxSuppression,
       takes(kFloat(3), kFloat(3), kInt64, kFloat, kFloat)},
      {"RoiAlign", 10, 3, 3, convertRoiAlign,
       takes(kFloats(4), kSame(2), kInt64(1))},
  });
}

} // namespace seqc::onnx
