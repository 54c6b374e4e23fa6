//===- WeightLayout.cpp - Reading the layout of the weights ---------------===//

#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/WeightsSection.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
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

/// Whether the flag `key` is given and not false.
static bool getFlag(DictionaryAttr dict, StringRef key) {
  Attribute value = dict.get(key);
  auto flag = dyn_cast_or_null<BoolAttr>(value);
  return value && (!flag || flag.getValue());
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

/// Reads one source of elements of type `element`; its runs must add up to its
/// shape.
static Expected<WeightTensor> readSource(size_t item, DictionaryAttr dict,
                                         Type element, int64_t elementSize) {
  WeightTensor tensor;
  std::optional<SmallVector<int64_t>> shape = getIntegers(dict, "shape");
  auto runs = dict.getAs<ArrayAttr>("runs");
  if (!shape || !countElements(*shape) || !runs)
    return makeLayoutError(item, "a source needs 'shape' and 'runs'");
  tensor.shape = *shape;
  int64_t expected, found = 0;
  if (MulOverflow(*countElements(*shape), elementSize, expected))
    return makeLayoutError(item, "a source is too large");
  for (Attribute attr : runs) {
    auto fields = dyn_cast<DictionaryAttr>(attr);
    auto file = fields ? fields.getAs<StringAttr>("file") : StringAttr();
    if (!file)
      return makeLayoutError(item, "a run needs 'file', 'offset' and 'size'");
    WeightRun run{file.str(), getInteger(fields, "offset", -1),
                  getInteger(fields, "size", -1), FloatType()};
    int64_t size = run.size, storedSize = elementSize;
    if (Attribute stored = fields.get("stored")) {
      auto type = dyn_cast<TypeAttr>(stored);
      run.stored = type ? dyn_cast<FloatType>(type.getValue()) : FloatType();
      if (!isa_and_present<Float16Type, BFloat16Type, Float64Type>(
              run.stored) ||
          !element.isF32())
        return makeLayoutError(item, "'stored' must be f16, bf16 or f64, and "
                                     "'element' f32");
      storedSize = run.stored.getWidth() / 8;
      if (size % storedSize != 0 ||
          MulOverflow(size / storedSize, elementSize, size))
        return makeLayoutError(item, "'size' of a run must be a multiple of " +
                                         Twine(storedSize));
    }
    if (run.offset < 0 || run.size < 0 || AddOverflow(found, size, found))
      return makeLayoutError(item,
                             "a run needs 'offset' and 'size' of 0 or more");
    tensor.runs.push_back(std::move(run));
  }
  if (found != expected)
    return makeLayoutError(item, "the runs of a source have " + Twine(found) +
                                     " bytes, its shape needs " +
                                     Twine(expected));
  return tensor;
}

/// Compares the size of `item` with its sources.
static Error checkSize(size_t index, const WeightItem &item) {
  ArrayRef<int64_t> shape = item.sources.front().shape;
  int64_t count = *countElements(shape);
  if (item.form == WeightForm::Pack) {
    for (const WeightTensor &source : item.sources)
      if (ArrayRef<int64_t>(source.shape) != shape || shape.size() != 2)
        return makeLayoutError(
            index, "packed sources need one shape of two dimensions");
    if (item.width <= 0 || item.width > 1024)
      return makeLayoutError(index, "'width' must lie between 1 and 1024");
    if (item.unit <= 0 || item.unit > 64)
      return makeLayoutError(index, "'unit' must lie between 1 and 64");
    int64_t columns = item.transposed ? shape[1] : shape[0];
    int64_t depth = item.transposed ? shape[0] : shape[1];
    std::optional<int64_t> padded = countElements(
        {static_cast<int64_t>(divideCeil(columns, item.width)),
         static_cast<int64_t>(divideCeil(depth, item.unit)),
         static_cast<int64_t>(item.sources.size()), item.width * item.unit});
    if (!padded)
      return makeLayoutError(index, "too many elements");
    count = *padded;
  } else if (item.sources.size() != 1) {
    return makeLayoutError(index, "an item that is not packed has one source");
  } else if (item.form == WeightForm::Sums) {
    if (shape.size() != 2)
      return makeLayoutError(index, "sums need a source of two dimensions");
    count = shape[item.transposed ? 1 : 0];
  }
  int64_t bytes;
  if (MulOverflow(count, item.elementSize, bytes) || bytes != item.size)
    return makeLayoutError(index, "'size' is " + Twine(item.size) +
                                      ", the sources make " + Twine(count) +
                                      " elements of " +
                                      Twine(item.elementSize) + " bytes");
  return Error::success();
}

static Expected<WeightItem> readItem(size_t index, DictionaryAttr dict) {
  WeightItem item;
  item.offset = getInteger(dict, "offset", -1);
  item.size = getInteger(dict, "size", -1);
  if (item.offset < 0 || item.size < 0 ||
      item.offset % SEQC_ABI_ALIGNMENT != 0 || item.offset > INT64_MAX / 2 ||
      item.size > INT64_MAX / 2)
    return makeLayoutError(index, "'offset' must be a multiple of " +
                                      Twine(SEQC_ABI_ALIGNMENT) +
                                      " and 'size' 0 or more");
  auto kind = dict.getAs<StringAttr>("kind");
  std::optional<WeightForm> form =
      llvm::StringSwitch<std::optional<WeightForm>>(kind ? kind.getValue() : "")
          .Case("raw", WeightForm::Raw)
          .Case("pack", WeightForm::Pack)
          .Case("sums", WeightForm::Sums)
          .Default(std::nullopt);
  if (!form)
    return makeLayoutError(index,
                           "'kind' must be \"raw\", \"pack\" or \"sums\"");
  item.form = *form;
  auto element = dict.getAs<TypeAttr>("element");
  if (!element || !element.getValue().isIntOrIndexOrFloat())
    return makeLayoutError(index, "'element' must be the type of a number");
  item.elementSize =
      isa<IndexType>(element.getValue())
          ? 8
          : divideCeil(element.getValue().getIntOrFloatBitWidth(), 8);
  item.width = getInteger(dict, "width", 0);
  item.unit = getInteger(dict, "unit", 1);
  item.transposed = getFlag(dict, "transposed");
  item.excess = getFlag(dict, "excess");
  // Sums of bytes have four bytes each.
  Type stored = element.getValue();
  int64_t storedSize = item.elementSize;
  if (item.form == WeightForm::Sums) {
    if (!stored.isInteger(32))
      return makeLayoutError(index, "'element' of sums must be i32");
    stored = IntegerType::get(dict.getContext(), 8);
    storedSize = 1;
  }
  if (item.excess && storedSize != 1)
    return makeLayoutError(index, "'excess' is for elements of one byte");
  auto sources = dict.getAs<ArrayAttr>("sources");
  if (!sources || sources.empty())
    return makeLayoutError(index, "'sources' must list at least one source");
  for (Attribute attr : sources) {
    auto sourceDict = dyn_cast<DictionaryAttr>(attr);
    if (!sourceDict)
      return makeLayoutError(index, "a source is no dictionary");
    Expected<WeightTensor> source =
        readSource(index, sourceDict, stored, storedSize);
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
