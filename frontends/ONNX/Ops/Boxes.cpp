//===- Boxes.cpp - Selection of boxes and pooling in them -----------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

static constexpr DataType kReal = DataType::Float;

//===----------------------------------------------------------------------===//
// NonMaxSuppression
//===----------------------------------------------------------------------===//

namespace {
/// The corners and the area of a box.
struct Box {
  Value low[2], high[2], area;
};
} // namespace

static Box loadBox(Emitter &e, Scalars &s, Tensor boxes, Value batch, Value i,
                   bool centered) {
  auto field = [&](int64_t k) { return e.load(boxes, {batch, i, s.index(k)}); };
  Box box;
  for (int64_t d = 0; d < 2; ++d) {
    // A centre and extents (x before y), or two opposite corners.
    Value a = field(d), b = field(d + 2);
    if (centered) {
      Value half = s.div(kReal, b, s.constant(kReal, 2));
      b = s.add(kReal, a, half);
      a = s.sub(kReal, a, half);
    }
    box.low[d] = s.min(kReal, a, b);
    box.high[d] = s.max(kReal, a, b);
  }
  box.area = s.mul(kReal, s.sub(kReal, box.high[0], box.low[0]),
                   s.sub(kReal, box.high[1], box.low[1]));
  return box;
}

/// Whether two boxes share more than `threshold` of their union.
static Value overlaps(Scalars &s, const Box &a, const Box &b, Value threshold) {
  Value zero = s.constant(kReal, 0), shared = s.constant(kReal, 1);
  for (int d = 0; d < 2; ++d) {
    Value side = s.sub(kReal, s.min(kReal, a.high[d], b.high[d]),
                       s.max(kReal, a.low[d], b.low[d]));
    shared = s.mul(kReal, shared, s.max(kReal, side, zero));
  }
  Value joined = s.sub(kReal, s.add(kReal, a.area, b.area), shared);
  // Boxes without area have nothing in common with anything.
  Value some = s.logicalAnd(s.compare(Compare::Greater, kReal, shared, zero),
                            s.compare(Compare::Greater, kReal, joined, zero));
  return s.logicalAnd(some, s.compare(Compare::Greater, kReal,
                                      s.div(kReal, shared, joined), threshold));
}

/// One number that may be absent; `otherwise` then.
static FailureOr<Value> readNumber(Node &node, size_t input, Value otherwise,
                                   StringRef what) {
  Tensor given = node.settleInput(input);
  if (!given)
    return otherwise;
  if (!given.getType().hasStaticShape() ||
      given.getType().getNumElements() != 1)
    return node.error("its " + what + " is not one number");
  return node.getEmitter().elements(given).front();
}

/// For each batch entry and class, the best box that is left is taken and
/// removes those that overlap it, until no more may be taken.
static LogicalResult convertNonMaxSuppression(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor boxes = node.getInput(0), scores = node.getInput(1);
  for (Tensor x : {boxes, scores})
    if (x.getRank() != 3 || x.type != kReal)
      return node.error("an input is " + getName(x.type) + " of rank " +
                        Twine(x.getRank()) + "; required is float of rank 3");
  for (auto [i, type] : {std::pair(2, DataType::Int64), {3, kReal}, {4, kReal}})
    if (Tensor given = node.getInput(i); given && given.type != type)
      return node.error("input " + Twine(i) + " is " + getName(given.type) +
                        "; required is " + getName(type));
  mlir::OpBuilder &b = e.getBuilder();
  bool centered = node.getInt("center_point_box", 0) != 0;
  FailureOr<Value> limit = readNumber(
      node, 2, s.constantInteger(DataType::Int64, 0), "number of boxes");
  FailureOr<Value> overlap =
      readNumber(node, 3, s.constant(kReal, 0), "threshold of the overlap");
  FailureOr<Value> least =
      readNumber(node, 4, s.constant(kReal, 0), "threshold of the score");
  if (failed(limit) || failed(overlap) || failed(least))
    return failure();
  bool hasLeast = node.hasInput(4);
  Extents sizes = e.extents(scores);
  OpFoldResult count = sizes[2];
  e.requireEqual(e.extent(boxes, 0), sizes[0], "the batch of its boxes");
  e.requireEqual(e.extent(boxes, 1), count, "the number of its boxes");
  e.requireEqual(e.extent(boxes, 2), b.getIndexAttr(4),
                 "the last extent of its boxes");
  Value rounds =
      s.minIndex(s.maxIndex(s.toIndex(DataType::Int64, *limit), s.index(0)),
                 e.toValue(count));
  Extents most =
      e.simplify({e.product({sizes[0], sizes[1], OpFoldResult(rounds)}),
                  b.getIndexAttr(3)});
  Value none = s.index(-1);

  auto findBest = [&](Value open, ValueRange row) {
    Value worst = s.constant(kReal, 0);
    return iterate(
        e, {count}, {none, worst},
        [&](Scalars &in, ValueRange at, ValueRange best) {
          Value score = e.load(scores, {row[0], row[1], at[0]});
          Value better =
              in.logicalOr(in.compareIndex(CmpIPredicate::eq, best[0], none),
                           in.compare(Compare::Greater, kReal, score, best[1]));
          better =
              in.logicalAnd(better, e.load({open, DataType::Bool}, {at[0]}));
          if (hasLeast)
            better = in.logicalAnd(
                better, in.compare(Compare::Greater, kReal, score, *least));
          return SmallVector<Value>{in.select(better, at[0], best[0]),
                                    in.select(better, score, best[1])};
        })[0];
  };
  // Carried: the list, how long it is, and the boxes that are left.
  auto takeOne = [&](Scalars &in, ValueRange row, ValueRange carried) {
    Value best = findBest(carried[2], row);
    Value found = in.compareIndex(CmpIPredicate::ne, best, none);
    Value chosen = in.maxIndex(best, in.index(0));
    Value list = carried[0], entry[] = {row[0], row[1], chosen};
    for (auto [k, value] : enumerate(entry))
      list = insert(e, in.fromIndex(DataType::Int64, value), list,
                    {carried[1], in.index(k)});
    Box taken = loadBox(e, in, boxes, row[0], chosen, centered);
    Value left =
        iterate(e, {count}, {carried[2]},
                [&](Scalars &inner, ValueRange at, ValueRange open) {
                  Box other = loadBox(e, inner, boxes, row[0], at[0], centered);
                  Value gone = inner.logicalOr(
                      inner.compareIndex(CmpIPredicate::eq, at[0], chosen),
                      overlaps(inner, taken, other, *overlap));
                  Value stays = inner.logicalAnd(
                      e.load({open[0], DataType::Bool}, {at[0]}),
                      inner.logicalNot(inner.logicalAnd(found, gone)));
                  return SmallVector<Value>{insert(e, stays, open[0], {at[0]})};
                })[0];
    Value next = in.addIndex(carried[1], in.index(1));
    return SmallVector<Value>{list, in.select(found, next, carried[1]), left};
  };
  Value list = e.empty(most, DataType::Int64);
  SmallVector<Value> results =
      iterate(e, {sizes[0], sizes[1]}, {list, s.index(0)},
              [&](Scalars &, ValueRange row, ValueRange carried) {
                Value open = e.fill(DataType::Bool, {count}, 1).value;
                SmallVector<Value> taken = iterate(
                    e, {OpFoldResult(rounds)}, {carried[0], carried[1], open},
                    [&](Scalars &in, ValueRange, ValueRange inner) {
                      return takeOne(in, row, inner);
                    });
                return SmallVector<Value>{taken[0], taken[1]};
              });
  Tensor all{results[0], DataType::Int64};
  e.setExtents(all.value, most);
  // Even an empty slice must begin inside.
  if (all.getShape()[0] != 0)
    all = e.sliceDim(all, 0, b.getIndexAttr(0), OpFoldResult(results[1]));
  node.setOutput(0, all);
  return success();
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

namespace {
/// One sample in one dimension: two elements and their weights.
struct Sample {
  Value low, high, lowWeight, highWeight, inside;
};

/// One dimension of a region: where it starts, the extent of a bin, and how
/// many samples a bin has (an index).
struct RegionDim {
  Value start, bin, samples, extent;
};
} // namespace

static Value toReal(Scalars &s, DataType type, Value index) {
  return s.convert(DataType::Int64, type, s.fromIndex(DataType::Int64, index));
}

static Sample getSample(Scalars &s, DataType type, RegionDim dim, Value bin,
                        Value i) {
  Value half = s.constant(type, 0.5), zero = s.constant(type, 0);
  Value share = s.div(type, s.add(type, toReal(s, type, i), half),
                      toReal(s, type, dim.samples));
  Value x =
      s.add(type, dim.start,
            s.mul(type, s.add(type, toReal(s, type, bin), share), dim.bin));
  Value extent = toReal(s, type, dim.extent);
  Sample sample;
  // One element beyond the border still counts as the border.
  sample.inside = s.logicalAnd(
      s.compare(Compare::GreaterOrEqual, type, x, s.constant(type, -1)),
      s.compare(Compare::LessOrEqual, type, x, extent));
  Value last = s.subIndex(dim.extent, s.index(1));
  x = s.max(type, s.min(type, x, toReal(s, type, last)), zero);
  Value low = s.op<mlir::math::FloorOp>(x);
  sample.highWeight = s.sub(type, x, low);
  sample.lowWeight = s.sub(type, s.constant(type, 1), sample.highWeight);
  Value index =
      s.toIndex(DataType::Int64, s.convert(type, DataType::Int64, low));
  sample.low = s.maxIndex(s.minIndex(index, last), s.index(0));
  sample.high =
      s.maxIndex(s.minIndex(s.addIndex(index, s.index(1)), last), s.index(0));
  return sample;
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

static RegionDim getRegion(Emitter &e, Scalars &s, const RoiMode &mode,
                           Tensor x, Tensor rois, Value r, int64_t d) {
  DataType type = getComputeType(x.type);
  // Regions name x before y.
  auto edge = [&](int64_t k) {
    Value given = e.loadWide(rois, {r, s.index(k + 1 - d)});
    return s.sub(type, s.mul(type, given, s.constant(type, mode.scale)),
                 s.constant(type, mode.halfPixel ? 0.5 : 0));
  };
  Value start = edge(0), length = s.sub(type, edge(2), start);
  if (!mode.halfPixel)
    length = s.max(type, length, s.constant(type, 1));
  Value bins = s.constant(type, mode.sizes[d]);
  RegionDim dim{start, s.div(type, length, bins), {}, e.extentValue(x, d + 2)};
  Value samples = s.index(mode.ratio);
  if (mode.ratio == 0)
    samples =
        s.maxIndex(s.toIndex(DataType::Int64,
                             s.convert(type, DataType::Int64,
                                       s.op<mlir::math::CeilOp>(dim.bin))),
                   s.index(0));
  dim.samples = samples;
  return dim;
}

/// The samples of one bin: their mean, or the greatest weighted element.
static Value poolBin(Emitter &e, const RoiMode &mode, Tensor x, Value batch,
                     Value channel, ArrayRef<RegionDim> dims,
                     ArrayRef<Value> bins) {
  DataType type = getComputeType(x.type);
  Scalars outer = e.scalars();
  Value none = outer.constant(type, 0);
  SmallVector<Value> results = iterate(
      e, {OpFoldResult(dims[0].samples), OpFoldResult(dims[1].samples)},
      {none, outer.boolean(false)},
      [&](Scalars &s, ValueRange at, ValueRange carried) {
        Sample y = getSample(s, type, dims[0], bins[0], at[0]);
        Sample z = getSample(s, type, dims[1], bins[1], at[1]);
        Value inside = s.logicalAnd(y.inside, z.inside);
        Value sum = mode.largest ? carried[0] : s.constant(type, 0);
        Value greatest;
        for (int corner = 0; corner < 4; ++corner) {
          bool down = corner & 2, right = corner & 1;
          Value element =
              s.convert(x.type, type,
                        loadUnlessEmpty(e, x,
                                        {batch, channel, down ? y.high : y.low,
                                         right ? z.high : z.low}));
          Value weight = s.mul(type, down ? y.highWeight : y.lowWeight,
                               right ? z.highWeight : z.lowWeight);
          Value term = s.select(inside, s.mul(type, weight, element), none);
          if (!mode.largest)
            sum = s.add(type, sum, term);
          else
            greatest = greatest ? s.max(type, greatest, term) : term;
        }
        Value next =
            mode.largest
                ? s.select(carried[1], s.max(type, sum, greatest), greatest)
                : s.add(type, carried[0], sum);
        return SmallVector<Value>{next, s.boolean(true)};
      });
  if (mode.largest)
    return results[0];
  Value count = outer.maxIndex(outer.mulIndex(dims[0].samples, dims[1].samples),
                               outer.index(1));
  return outer.div(type, results[0], toReal(outer, type, count));
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
  mlir::OpBuilder &b = e.getBuilder();
  e.requireEqual(e.extent(rois, 1), b.getIndexAttr(4),
                 "the last extent of its regions");
  e.requireEqual(e.extent(batches, 0), e.extent(rois, 0),
                 "the number of its batch indices");
  e.requireIndices(batches, e.extent(x, 0), "a batch index", /*fromEnd=*/false);
  DataType type = getComputeType(x.type);
  Extents sizes{e.extent(rois, 0), e.extent(x, 1),
                b.getIndexAttr(mode.sizes[0]), b.getIndexAttr(mode.sizes[1])};
  Value y = iterate(
      e, sizes, {e.empty(sizes, type)},
      [&](Scalars &s, ValueRange at, ValueRange carried) {
        Value batch =
            makeSafe(s, s.toIndex(DataType::Int64, e.load(batches, {at[0]})),
                     e.extentValue(x, 0))
                .index;
        RegionDim dims[2];
        for (int64_t d = 0; d < 2; ++d)
          dims[d] = getRegion(e, s, mode, x, rois, at[0], d);
        Value pooled = poolBin(e, mode, x, batch, at[1], dims, {at[2], at[3]});
        return SmallVector<Value>{insert(e, pooled, carried[0], at)};
      })[0];
  e.setExtents(y, sizes);
  node.setOutput(0, e.convert({y, type}, x.type));
  return success();
}

void registerBoxesOps(Registry &registry) {
  registry.add({
      {"NonMaxSuppression", 10, 2, 5, convertNonMaxSuppression},
      {"RoiAlign", 10, 3, 3, convertRoiAlign},
  });
}

} // namespace seqc::onnx
