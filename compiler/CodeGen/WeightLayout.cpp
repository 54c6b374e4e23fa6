//===- WeightLayout.cpp - Reading the layout of the weights ---------------===//

#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/WeightsSection.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

/// A fault of the phase that wrote the layout, or of IR written by hand.
static Error makeLayoutError(size_t item, const Twine &message) {
  return makeFailure(FailureKind::BadInput,
                     "module attribute '" + Twine(kWeightLayoutAttr) +
                         "', item " + Twine(item) + ": " + message);
}

/// The integer called `key`, or `missing`.
static int64_t getInteger(DictionaryAttr dict, StringRef key, int64_t missing) {
  auto value = dict.getAs<IntegerAttr>(key);
  return value ? value.getInt() : missing;
}

/// The list of integers called `key`, in any of MLIR's forms.
static std::optional<SmallVector<int64_t>> getIntegers(DictionaryAttr dict,
                                                       StringRef key) {
  Attribute attr = dict.get(key);
  if (auto dense = dyn_cast_or_null<DenseI64ArrayAttr>(attr))
    return SmallVector<int64_t>(dense.asArrayRef());
  if (auto array = dyn_cast_or_null<ArrayAttr>(attr)) {
    SmallVector<int64_t> values;
    for (Attribute element : array) {
      auto value = dyn_cast<IntegerAttr>(element);
      if (!value)
        return std::nullopt;
      values.push_back(value.getInt());
    }
    return values;
  }
  return std::nullopt;
}

/// Number of elements of `shape`, or nothing if an extent is negative or the
/// product overflows.
static std::optional<int64_t> countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (extent < 0 || MulOverflow(count, extent, count))
      return std::nullopt;
  return count;
}

static Expected<WeightSource> readSource(size_t item, DictionaryAttr dict) {
  WeightSource source;
  auto file = dict.getAs<StringAttr>("file");
  source.offset = getInteger(dict, "offset", -1);
  std::optional<SmallVector<int64_t>> shape = getIntegers(dict, "shape");
  if (!file || source.offset < 0 || !shape || !countElements(*shape))
    return makeLayoutError(item,
                           "a source needs 'file', 'offset' >= 0 and 'shape'");
  source.file = file.str();
  source.shape = *shape;
  if (auto hash = dict.getAs<StringAttr>("hash"))
    source.hash = hash.str();
  source.sliceOffsets.assign(shape->size(), 0);
  source.sliceSizes = *shape;
  if (auto offsets = getIntegers(dict, "slice_offsets"))
    source.sliceOffsets = *offsets;
  if (auto sizes = getIntegers(dict, "slice_sizes"))
    source.sliceSizes = *sizes;
  if (source.sliceOffsets.size() != shape->size() ||
      source.sliceSizes.size() != shape->size())
    return makeLayoutError(
        item, "a slice needs one offset and one size per dimension");
  for (auto [extent, offset, size] :
       zip(source.shape, source.sliceOffsets, source.sliceSizes))
    if (offset < 0 || size < 0 || offset > extent || size > extent - offset)
      return makeLayoutError(item, "slice [" + Twine(offset) + ", +" +
                                       Twine(size) + ") leaves the extent " +
                                       Twine(extent));
  return source;
}

/// Finds the element size of `item` from its size and shapes.
static Error checkSize(size_t index, WeightItem &item) {
  ArrayRef<int64_t> shape = item.sources.front().sliceSizes;
  int64_t count = *countElements(shape);
  if (item.packed) {
    for (const WeightSource &source : item.sources)
      if (ArrayRef<int64_t>(source.sliceSizes) != shape || shape.size() != 2)
        return makeLayoutError(
            index, "packed sources need one shape of two dimensions");
    if (item.width <= 0 || item.width > 1024)
      return makeLayoutError(index, "'width' must lie between 1 and 1024");
    int64_t columns = item.transposed ? shape[1] : shape[0];
    int64_t depth = item.transposed ? shape[0] : shape[1];
    std::optional<int64_t> padded = countElements(
        {static_cast<int64_t>(divideCeil(columns, item.width)), depth,
         static_cast<int64_t>(item.sources.size()), item.width});
    if (!padded)
      return makeLayoutError(index, "too many elements");
    count = *padded;
  } else if (item.sources.size() != 1) {
    return makeLayoutError(index, "a raw item has one source");
  }
  item.elementSize = count == 0 ? 4 : item.size / count;
  if ((count == 0 && item.size != 0) ||
      (count != 0 && (item.size % count != 0 ||
                      !is_contained({1, 2, 4, 8}, item.elementSize))))
    return makeLayoutError(index, "size " + Twine(item.size) +
                                      " does not fit " + Twine(count) +
                                      " elements");
  return Error::success();
}

static Expected<WeightItem> readItem(size_t index, DictionaryAttr dict) {
  WeightItem item;
  item.offset = getInteger(dict, "offset", -1);
  item.size = getInteger(dict, "size", -1);
  if (item.offset < 0 || item.size < 0 ||
      item.offset % SEQC_ABI_ALIGNMENT != 0 ||
      item.offset > INT64_MAX - item.size)
    return makeLayoutError(index, "'offset' must be a multiple of " +
                                      Twine(SEQC_ABI_ALIGNMENT) +
                                      " and 'size' 0 or more");
  auto kind = dict.getAs<StringAttr>("kind");
  if (!kind || (kind.getValue() != "raw" && kind.getValue() != "pack"))
    return makeLayoutError(index, "'kind' must be \"raw\" or \"pack\"");
  item.packed = kind.getValue() == "pack";
  item.width = getInteger(dict, "width", 0);
  if (Attribute transposed = dict.get("transposed")) {
    auto flag = dyn_cast<BoolAttr>(transposed);
    item.transposed = !flag || flag.getValue();
  }
  auto sources = dict.getAs<ArrayAttr>("sources");
  if (!sources || sources.empty())
    return makeLayoutError(index, "'sources' must list at least one source");
  for (Attribute attr : sources) {
    auto sourceDict = dyn_cast<DictionaryAttr>(attr);
    if (!sourceDict)
      return makeLayoutError(index, "a source is no dictionary");
    Expected<WeightSource> source = readSource(index, sourceDict);
    if (!source)
      return source.takeError();
    item.sources.push_back(std::move(*source));
  }
  if (Error error = checkSize(index, item))
    return error;
  return item;
}

Expected<std::vector<WeightItem>> readWeightLayout(ModuleOp module) {
  std::vector<WeightItem> items;
  Attribute attr = module->getAttr(kWeightLayoutAttr);
  if (!attr)
    return items;
  auto list = dyn_cast<ArrayAttr>(attr);
  if (!list)
    return makeLayoutError(0, "the attribute is no array");
  for (auto [index, element] : enumerate(list)) {
    auto dict = dyn_cast<DictionaryAttr>(element);
    if (!dict)
      return makeLayoutError(index, "an item is no dictionary");
    Expected<WeightItem> item = readItem(index, dict);
    if (!item)
      return item.takeError();
    items.push_back(std::move(*item));
  }
  llvm::stable_sort(items, [](const WeightItem &a, const WeightItem &b) {
    return a.offset < b.offset;
  });
  for (size_t i = 1; i < items.size(); ++i)
    if (items[i].offset < items[i - 1].offset + items[i - 1].size)
      return makeLayoutError(i, "overlaps the item before it");
  return items;
}

} // namespace seqc
