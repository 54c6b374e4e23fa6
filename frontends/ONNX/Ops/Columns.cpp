//===- Columns.cpp - Images from columns, and deformable convolution ------===//
//
// Col2Im adds the columns of all windows where they were taken from.
// DeformConv collects columns at positions of its own, between elements, and
// multiplies them by its weight.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

static Number isBelow(Number index, Number extent) {
  return (index >= 0) & (index < extent);
}

//===----------------------------------------------------------------------===//
// Col2Im
//===----------------------------------------------------------------------===//

/// The extents that input `i` lists, which `what` calls.
static FailureOr<SmallVector<Number>> readSizes(Node &node, size_t i,
                                                StringRef what) {
  std::optional<SmallVector<Number>> sizes;
  if (failed(readList(node, what, i, /*since=*/0, kMostRank, sizes)))
    return failure();
  node.getEmitter().requireSizes(Extents(sizes->begin(), sizes->end()));
  for (Number &size : *sizes)
    size = max(size, 0);
  return *sizes;
}

/// [N, C * block, windows] to [N, C, image...].
static LogicalResult convertCol2Im(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  FailureOr<SmallVector<Number>> image = readSizes(node, 1, "image_shape"),
                                 block = readSizes(node, 2, "block_shape");
  if (failed(image) || failed(block))
    return failure();
  size_t rank = image->size();
  if (block->size() != rank || rank == 0)
    return node.error("its image has " + Twine(rank) +
                      " dimensions and its block " + Twine(block->size()) +
                      "; required is one number above 0");
  SmallVector<int64_t> strides = readNumbers(node, "strides", rank, 1, 1),
                       dilations = readNumbers(node, "dilations", rank, 1, 1),
                       pads = readNumbers(node, "pads", 2 * rank, 0, 0);
  // How many windows there are in each dimension.
  SmallVector<Number> counts;
  for (size_t d = 0; d < rank; ++d) {
    Number reach = ((*block)[d] - 1) * dilations[d] + 1;
    Number room = (*image)[d] + (pads[d] + pads[rank + d]) - reach;
    counts.push_back(select(room >= 0, max(room, 0) / strides[d] + 1, 0));
  }
  Extents windows(counts.begin(), counts.end()),
      kernel(block->begin(), block->end()),
      picture(image->begin(), image->end()), from = e.extents(x);
  e.requireEqual(from[2], e.product(windows), "the number of its columns");
  Number taps(e, e.product(kernel)), depth(e, from[1]);
  Number channels = depth / max(taps, 1);
  e.requireEqual(from[1], channels * taps,
                 "the number of rows, in whole blocks,");
  Extents sizes{from[0], channels};
  llvm::append_range(sizes, picture);

  DataType type = getComputeType(x.type);
  // Columns that are missing are not read, and nothing is written to an image
  // without elements.
  Extents bounds{from[0], sizes[1]};
  OpFoldResult elements = e.product({e.product(picture), from[2]});
  if (!hasElements(elements))
    bounds[0] = select(Number(e, elements) == 0, 0, Number(e, from[0]));
  llvm::append_range(bounds, kernel);
  llvm::append_range(bounds, windows);
  Number lastColumn = Number(e, from[2]) - 1, lastRow = depth - 1;
  Tensor sums = fold(
      e, bounds, e.fill(type, sizes, 0), [&](ArrayRef<Number> at, Tensor y) {
        ArrayRef<Number> k = at.slice(2, rank), w = at.drop_front(2 + rank);
        SmallVector<Number> goal{at[0], at[1]};
        Number inside(e, DataType::Bool, 1);
        for (size_t d = 0; d < rank; ++d) {
          Number i = w[d] * strides[d] + k[d] * dilations[d] - pads[d];
          inside = inside & isBelow(i, (*image)[d]);
          goal.push_back(clamp(i, 0, (*image)[d] - 1));
        }
        Number row = min(at[1] * taps + flatten(k, *block), lastRow);
        Number column = min(flatten(w, counts), lastColumn);
        Number sum = load(e, y, goal), more = read(e, x, {at[0], row, column});
        return insert(e, select(inside, sum + more, sum), y, goal);
      });
  return node.give(e.convert(sums, x.type));
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

namespace {
/// What a column element is taken from: x [N, C, D...], offsets [N, G, taps,
/// rank, windows...] and factors (null for none) [N, G, taps, windows...].
struct DeformedSource {
  Tensor x, offset, mask;
  Windows windows;
  int64_t channelsPerGroup;
};
} // namespace

/// x between its elements: the nearest ones of each dimension, weighted by
/// their distance; what is outside is zero.
static Number interpolate(Emitter &e, Tensor x, Number n, Number c,
                          ArrayRef<Number> where) {
  DataType type = getComputeType(x.type);
  size_t rank = where.size();
  SmallVector<Number> low, rest;
  for (Number coordinate : where) {
    low.push_back(coordinate.apply<mlir::math::FloorOp>());
    rest.push_back(coordinate - low.back());
  }
  Number sum(e, type, 0);
  for (unsigned corner = 0; corner < 1u << rank; ++corner) {
    SmallVector<Number> position{n, c};
    Number weight(e, type, 1);
    Number inside(e, DataType::Bool, 1);
    for (size_t d = 0; d < rank; ++d) {
      bool upper = corner >> d & 1;
      weight = weight * (upper ? rest[d] : 1 - rest[d]);
      Number extent(e, e.extent(x, d + 2));
      Number i = low[d].as(DataType::Int64).toIndex() + upper;
      inside = inside & isBelow(i, extent);
      position.push_back(clamp(i, 0, extent - 1));
    }
    Number element = loadUnlessEmpty(e, x, position).as(type);
    sum = sum + select(inside, weight * element, 0);
  }
  return sum;
}

/// The element of channel `at[1]` for tap `at[2]` of the window at[3...].
static Number takeDeformed(Emitter &e, const DeformedSource &from,
                           ArrayRef<Number> at) {
  DataType type = getComputeType(from.x.type);
  const Windows &w = from.windows;
  size_t rank = w.getRank();
  ArrayRef<Number> window = at.drop_front(3);
  Number group = at[1] / from.channelsPerGroup;
  SmallVector<Number> kernel =
      map_to_vector(w.kernel, [&](int64_t size) { return Number(e, size); });
  SmallVector<Number> taps = unflatten(at[2], kernel), where;
  for (size_t d = 0; d < rank; ++d) {
    Number i = window[d] * w.strides[d] + taps[d] * w.dilations[d] -
               Number(e, w.before[d]);
    SmallVector<Number> position{at[0], group, at[2], static_cast<double>(d)};
    llvm::append_range(position, window);
    where.push_back(i.as(type) + read(e, from.offset, position).as(type));
  }
  Number element = interpolate(e, from.x, at[0], at[1], where);
  if (!from.mask)
    return element;
  SmallVector<Number> position{at[0], group, at[2]};
  llvm::append_range(position, window);
  return element * read(e, from.mask, position);
}

/// `given` [N, lead..., windows...] from [N, product of lead, windows...].
static FailureOr<Tensor> splitChannels(Node &node, Tensor x, Tensor given,
                                       ArrayRef<int64_t> lead,
                                       const Windows &windows, StringRef what) {
  Emitter &e = node.getEmitter();
  if (given.getRank() != x.getRank())
    return node.error(what + " has rank " + Twine(given.getRank()) +
                      "; required is " + Twine(x.getRank()));
  Extents sizes{e.extent(x, 0)}, wanted(sizes);
  for (int64_t extent : lead)
    sizes.push_back(Number(e, extent));
  wanted.push_back(e.product(ArrayRef(sizes).drop_front()));
  llvm::append_range(sizes, windows.counts);
  llvm::append_range(wanted, windows.counts);
  for (auto [found, required] : llvm::zip_equal(e.extents(given), wanted))
    if (!e.requireEqual(found, required, ("an extent of " + what).str()))
      return failure();
  return e.reshape(given, sizes);
}

static LogicalResult convertDeformConv(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), weight = node.getInput(1);
  if (failed(checkWeight(node, x, weight)))
    return failure();
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
  e.requireEqual(e.extent(x, 1), Number(e, channels),
                 "the number of its channels");
  Windows windows = readWindows(node, x, kernel);
  int64_t rank = kernel.size(),
          taps = weight.getType().getNumElements() / (outputs * depth);
  if (rank > 4)
    return node.unsupported("deformable convolution of rank " + Twine(rank) +
                            " is not supported");
  DeformedSource source{x, {}, {}, windows, channels / offsetGroups};
  FailureOr<Tensor> offset =
      splitChannels(node, x, node.getInput(2), {offsetGroups, taps, rank},
                    windows, "its offset");
  FailureOr<Tensor> mask = Tensor();
  if (node.hasInput(4))
    mask = splitChannels(node, x, node.getInput(4), {offsetGroups, taps},
                         windows, "its mask");
  if (failed(offset) || failed(mask))
    return failure();
  source.offset = *offset, source.mask = *mask;
  DataType type = getComputeType(x.type);
  OpFoldResult batch = e.extent(x, 0), places = e.product(windows.counts);
  OpFoldResult width = Number(e, depth * taps), groups = Number(e, group);
  Extents sizes{batch, Number(e, channels), Number(e, taps)};
  llvm::append_range(sizes, windows.counts);
  Tensor columns = define(e, type, sizes, [&](ArrayRef<Number> at) {
    return takeDeformed(e, source, at);
  });
  columns = e.reshape(columns, {batch, groups, width, places});
  Tensor matrix = e.reshape(e.convert(weight, type),
                            {groups, Number(e, outputs / group), width});
  Tensor product = e.contract(matrix, "gmk", columns, "bgko", "bgmo");
  Extents wanted{batch, Number(e, outputs)};
  llvm::append_range(wanted, windows.counts);
  return node.give(
      addChannels(node, e.reshape(product, wanted), node.getInput(3), x.type));
}

void registerColumnsOps(Registry &registry) {
  registry.add({
      {"Col2Im", 18, 3, 3, convertCol2Im,
       takes(kAny(3), kIntegers(1), kIntegers(1)), "lists of unknown length"},
      {"DeformConv", 19, 3, 5, convertDeformConv,
       takes(kFloats, kSame, kSame, kAny, kSame)},
  });
}

} // namespace seqc::onnx
