//===- Columns.cpp - Images from columns, and deformable convolution ------===//
//
// Col2Im adds the columns of all windows where they were taken from.
// DeformConv collects columns at positions of its own, between elements, and
// multiplies them by its weight.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Loops.h"
#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;
using mlir::arith::CmpIPredicate;

static Value isBelow(Scalars &s, Value index, Value extent) {
  return s.logicalAnd(s.compareIndex(CmpIPredicate::sge, index, s.index(0)),
                      s.compareIndex(CmpIPredicate::slt, index, extent));
}

/// The row-major position of indices `at` below `sizes`.
static Value flatten(Scalars &s, ValueRange at, ArrayRef<Value> sizes) {
  Value flat = s.index(0);
  for (auto [i, size] : llvm::zip_equal(at, sizes))
    flat = s.addIndex(s.mulIndex(flat, size), i);
  return flat;
}

//===----------------------------------------------------------------------===//
// Col2Im
//===----------------------------------------------------------------------===//

/// The elements of a list of `what` as values.
static FailureOr<SmallVector<Value>> readSizes(Node &node, size_t input,
                                               StringRef what) {
  Emitter &e = node.getEmitter();
  Tensor list = node.getInput(input);
  if (list.getRank() != 1 || !list.getType().hasStaticShape() ||
      !isInteger(list.type))
    return node.unsupported(what + " that is no list of known length is not "
                                   "supported");
  if (failed(node.requireList(input, what, kMostRank)))
    return failure();
  Extents sizes = e.indices(list);
  e.requireSizes(sizes);
  SmallVector<Value> values;
  for (OpFoldResult size : sizes)
    values.push_back(
        e.scalars().maxIndex(e.toValue(size), e.scalars().index(0)));
  return values;
}

/// [N, C * block, windows] to [N, C, image...].
static LogicalResult convertCol2Im(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0);
  if (x.getRank() != 3)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      "; required is 3");
  FailureOr<SmallVector<Value>> image = readSizes(node, 1, "an image shape"),
                                block = readSizes(node, 2, "a block shape");
  if (failed(image) || failed(block))
    return failure();
  size_t rank = image->size();
  if (block->size() != rank || rank == 0)
    return node.error("its image has " + Twine(rank) +
                      " dimensions and its block " + Twine(block->size()) +
                      "; required is one number above 0");
  SmallVector<int64_t> strides, dilations, pads;
  if (failed(readNumbers(node, "strides", rank, 1, 1, strides)) ||
      failed(readNumbers(node, "dilations", rank, 1, 1, dilations)) ||
      failed(readNumbers(node, "pads", 2 * rank, 0, 0, pads)))
    return failure();
  // How many windows there are in each dimension.
  SmallVector<Value> counts;
  for (size_t d = 0; d < rank; ++d) {
    Value reach = s.addIndex(
        s.mulIndex(s.subIndex((*block)[d], s.index(1)), s.index(dilations[d])),
        s.index(1));
    Value room = s.subIndex(
        s.addIndex((*image)[d], s.index(pads[d] + pads[rank + d])), reach);
    Value fits = s.compareIndex(CmpIPredicate::sge, room, s.index(0));
    Value steps = s.divIndex(s.maxIndex(room, s.index(0)), s.index(strides[d]));
    counts.push_back(s.select(fits, s.addIndex(steps, s.index(1)), s.index(0)));
  }
  auto asExtents = [&](ArrayRef<Value> values) {
    Extents list;
    for (Value value : values)
      list.push_back(OpFoldResult(value));
    return e.simplify(list);
  };
  Extents windows = asExtents(counts), kernel = asExtents(*block),
          picture = asExtents(*image);
  Extents from = e.extents(x);
  e.requireEqual(from[2], e.product(windows), "the number of its columns");
  Value taps = e.toValue(e.product(kernel)), depth = e.toValue(from[1]);
  Value divisor = s.maxIndex(taps, s.index(1));
  Value channels = s.divIndex(depth, divisor);
  e.requireEqual(from[1], OpFoldResult(s.mulIndex(channels, taps)),
                 "the number of rows, in whole blocks,");
  Extents sizes{from[0], e.simplify({OpFoldResult(channels)})[0]};
  llvm::append_range(sizes, picture);

  DataType type = getComputeType(x.type);
  Tensor zeros = e.fill(type, sizes, 0);
  // Columns that are missing are not read, and nothing is written to an image
  // without elements.
  Extents bounds{from[0], sizes[1]};
  OpFoldResult elements = e.product({e.product(picture), from[2]});
  if (!hasElements(elements)) {
    Value empty =
        s.compareIndex(CmpIPredicate::eq, e.toValue(elements), s.index(0));
    bounds[0] = OpFoldResult(s.select(empty, s.index(0), e.toValue(from[0])));
  }
  llvm::append_range(bounds, kernel);
  llvm::append_range(bounds, windows);
  Value lastColumn = s.subIndex(e.toValue(from[2]), s.index(1));
  Value lastRow = s.subIndex(depth, s.index(1));
  SmallVector<Value> results = iterate(
      e, bounds, {zeros.value},
      [&](Scalars &in, ValueRange at, ValueRange carried) {
        ValueRange k = at.slice(2, rank), w = at.drop_front(2 + rank);
        SmallVector<Value> goal{at[0], at[1]};
        Value inside = in.boolean(true);
        for (size_t d = 0; d < rank; ++d) {
          Value i = in.subIndex(
              in.addIndex(in.mulIndex(w[d], in.index(strides[d])),
                          in.mulIndex(k[d], in.index(dilations[d]))),
              in.index(pads[d]));
          inside = in.logicalAnd(inside, isBelow(in, i, (*image)[d]));
          Value last = in.subIndex((*image)[d], in.index(1));
          goal.push_back(in.maxIndex(in.minIndex(i, last), in.index(0)));
        }
        Value row =
            in.addIndex(in.mulIndex(at[1], taps), flatten(in, k, *block));
        Value element =
            e.loadWide(x, {at[0], in.minIndex(row, lastRow),
                           in.minIndex(flatten(in, w, counts), lastColumn)});
        Value sum = e.load({carried[0], type}, goal);
        Value more = in.select(inside, in.add(type, sum, element), sum);
        return SmallVector<Value>{insert(e, more, carried[0], goal)};
      });
  e.setExtents(results[0], sizes);
  node.setOutput(0, e.convert({results[0], type}, x.type));
  return success();
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

namespace {
/// What a column element is taken from: x [N, C, D...], offsets [N, G, taps,
/// rank, windows...] and factors (null for none) [N, G, taps, windows...].
struct DeformedSource {
  Tensor x, offset, mask;
  const Windows *windows;
  int64_t channelsPerGroup;
};
} // namespace

/// x between its elements: the nearest ones of each dimension, weighted by
/// their distance; what is outside is zero.
static Value interpolate(Emitter &e, Scalars &s, Tensor x, Value n, Value c,
                         ArrayRef<Value> where) {
  DataType type = getComputeType(x.type);
  size_t rank = where.size();
  SmallVector<Value> low, rest;
  for (Value coordinate : where) {
    low.push_back(s.op<mlir::math::FloorOp>(coordinate));
    rest.push_back(s.sub(type, coordinate, low.back()));
  }
  Value sum = s.constant(type, 0);
  for (unsigned corner = 0; corner < 1u << rank; ++corner) {
    SmallVector<Value> position{n, c};
    Value weight = s.constant(type, 1), inside = s.boolean(true);
    for (size_t d = 0; d < rank; ++d) {
      bool upper = corner >> d & 1;
      Value part = upper ? rest[d] : s.sub(type, s.constant(type, 1), rest[d]);
      weight = s.mul(type, weight, part);
      Value extent = e.extentValue(x, d + 2);
      Value i = s.addIndex(
          s.toIndex(DataType::Int64, s.convert(type, DataType::Int64, low[d])),
          s.index(upper));
      inside = s.logicalAnd(inside, isBelow(s, i, extent));
      Value last = s.subIndex(extent, s.index(1));
      position.push_back(s.maxIndex(s.minIndex(i, last), s.index(0)));
    }
    Value element = s.convert(x.type, type, loadUnlessEmpty(e, x, position));
    Value term = s.mul(type, weight, element);
    sum = s.add(type, sum, s.select(inside, term, s.constant(type, 0)));
  }
  return sum;
}

/// The element of channel `at[1]` for tap `at[2]` of the window at[3...].
static Value takeDeformed(Emitter &e, Scalars &s, const DeformedSource &from,
                          ValueRange at) {
  DataType type = getComputeType(from.x.type);
  const Windows &w = *from.windows;
  size_t rank = w.getRank();
  ValueRange window = at.drop_front(3);
  Value group = s.divIndex(at[1], s.index(from.channelsPerGroup));
  SmallVector<Value> taps(rank);
  Value left = at[2];
  for (size_t d = rank; d-- > 0;) {
    taps[d] = s.remIndex(left, s.index(w.kernel[d]));
    left = s.divIndex(left, s.index(w.kernel[d]));
  }
  SmallVector<Value> where;
  for (size_t d = 0; d < rank; ++d) {
    Value i =
        s.subIndex(s.addIndex(s.mulIndex(window[d], s.index(w.strides[d])),
                              s.mulIndex(taps[d], s.index(w.dilations[d]))),
                   e.toValue(w.before[d]));
    SmallVector<Value> position{at[0], group, at[2], s.index(d)};
    llvm::append_range(position, window);
    Value shift = s.convert(getComputeType(from.offset.type), type,
                            e.loadWide(from.offset, position));
    where.push_back(s.add(
        type, s.convert(DataType::Int64, type, s.fromIndex(DataType::Int64, i)),
        shift));
  }
  Value element = interpolate(e, s, from.x, at[0], at[1], where);
  if (!from.mask)
    return element;
  SmallVector<Value> position{at[0], group, at[2]};
  llvm::append_range(position, window);
  return s.mul(type, element, e.loadWide(from.mask, position));
}

/// `given` [N, lead..., windows...] from [N, product of lead, windows...].
static FailureOr<Tensor> splitChannels(Node &node, Tensor x, Tensor given,
                                       ArrayRef<int64_t> lead,
                                       const Windows &windows, StringRef what) {
  Emitter &e = node.getEmitter();
  if (given.getRank() != x.getRank() || given.type != x.type)
    return node.error(what + " is " + getName(given.type) + " of rank " +
                      Twine(given.getRank()) + "; required is " +
                      getName(x.type) + " of rank " + Twine(x.getRank()));
  mlir::OpBuilder &b = e.getBuilder();
  Extents sizes{e.extent(x, 0)};
  int64_t count = 1;
  for (int64_t extent : lead) {
    sizes.push_back(b.getIndexAttr(extent));
    count *= extent;
  }
  llvm::append_range(sizes, windows.counts);
  Extents own = e.extents(given), wanted{sizes[0], b.getIndexAttr(count)};
  llvm::append_range(wanted, windows.counts);
  for (auto [found, required] : llvm::zip_equal(own, wanted))
    if (!e.requireEqual(found, required, ("an extent of " + what).str()))
      return failure();
  return e.reshape(given, sizes);
}

static LogicalResult convertDeformConv(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  if (failed(node.requireFloat(0)) || failed(checkWeight(node, x, weight)))
    return failure();
  if (weight.type != x.type)
    return node.error("its weight is " + getName(weight.type) +
                      "; required is " + getName(x.type));
  SmallVector<int64_t> kernel(weight.getShape().drop_front(2));
  int64_t outputs = weight.getShape()[0], depth = weight.getShape()[1];
  int64_t group = node.getInt("group", 1),
          offsetGroups = node.getInt("offset_group", 1);
  int64_t channels = depth * group;
  if (group < 1 || outputs % group != 0 || offsetGroups < 1 ||
      channels % offsetGroups != 0)
    return node.error("its groups are " + Twine(group) + " and, of offsets, " +
                      Twine(offsetGroups) + "; required are divisors of its " +
                      Twine(outputs) + " output channels and its " +
                      Twine(channels) + " input channels");
  e.requireEqual(e.extent(x, 1), b.getIndexAttr(channels),
                 "the number of its channels");
  FailureOr<Windows> windows = readWindows(node, x, kernel);
  if (failed(windows))
    return failure();
  int64_t rank = kernel.size(), taps = 1;
  for (int64_t size : kernel)
    taps *= size;
  if (rank > 4)
    return node.unsupported("deformable convolution of rank " + Twine(rank) +
                            " is not supported");
  FailureOr<Tensor> offset =
      splitChannels(node, x, node.getInput(2), {offsetGroups, taps, rank},
                    *windows, "its offset");
  if (failed(offset))
    return failure();
  DeformedSource source{x, *offset, {}, &*windows, channels / offsetGroups};
  if (node.hasInput(4)) {
    FailureOr<Tensor> mask = splitChannels(
        node, x, node.getInput(4), {offsetGroups, taps}, *windows, "its mask");
    if (failed(mask))
      return failure();
    source.mask = *mask;
  }
  DataType type = getComputeType(x.type);
  OpFoldResult batch = e.extent(x, 0), places = e.product(windows->counts);
  auto number = [&](int64_t value) -> OpFoldResult {
    return b.getIndexAttr(value);
  };
  Extents sizes{batch, number(channels), number(taps)};
  llvm::append_range(sizes, windows->counts);
  Tensor columns = e.generate(type, sizes, [&](Scalars &s, ValueRange at) {
    return takeDeformed(e, s, source, at);
  });
  columns =
      e.reshape(columns, {batch, number(group), number(depth * taps), places});
  Tensor matrix =
      e.reshape(e.convert(weight, type),
                {number(group), number(outputs / group), number(depth * taps)});
  Tensor product = e.contract(matrix, "gmk", columns, "bgko", "bgmo");
  Extents wanted{batch, number(outputs)};
  llvm::append_range(wanted, windows->counts);
  FailureOr<Tensor> y =
      addChannels(node, e.reshape(product, wanted), node.getInput(3), x.type);
  if (failed(y))
    return failure();
  node.setOutput(0, *y);
  return success();
}

void registerColumnsOps(Registry &registry) {
  registry.add({
      {"Col2Im", 18, 3, 3, convertCol2Im, "lists of unknown length"},
      {"DeformConv", 19, 3, 5, convertDeformConv},
  });
}

} // namespace seqc::onnx
