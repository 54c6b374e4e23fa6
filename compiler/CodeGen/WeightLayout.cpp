//===- WeightLayout.cpp - Reading the layout of the weights ---------------===//

#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/WeightsSection.h"
#include "dialect/Seq/IR/Marks.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

/// A fault of the phase that wrote the layout, or of IR written by hand.
static Error makeLayoutError(size_t item, const Twine &message) {
  return makeFailure(FailureKind::BadInput,
                     "module attribute '" +
                         seq::getMarkName<seq::WeightLayoutMark>() +
                         "', item " + Twine(item) + ": " + message);
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

/// Whether weights may be stored in a type and become others of such a type.
static bool isConverted(Type type) {
  return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
}

/// Reads one source of elements of type `element`; its runs must add up to its
/// shape.
static Expected<WeightTensor> readSource(size_t item,
                                         seq::WeightSourceAttr source,
                                         Type element, int64_t elementSize) {
  WeightTensor tensor;
  ArrayRef<int64_t> shape = source.getShape().asArrayRef();
  std::optional<int64_t> count = countElements(shape);
  int64_t expected, found = 0;
  if (!count || MulOverflow(*count, elementSize, expected))
    return makeLayoutError(item, "a source is too large, or has a negative "
                                 "extent");
  tensor.shape = llvm::to_vector(shape);
  for (seq::WeightRunAttr run : source.getRuns()) {
    int64_t size = run.getSize();
    FloatType stored = run.getStored();
    // What becomes what it is stored as, stays.
    if (stored == element)
      stored = {};
    if (stored) {
      if (!isConverted(stored) || !isConverted(element))
        return makeLayoutError(item, "'stored' and 'element' must be f16, "
                                     "bf16, f32 or f64");
      int64_t storedSize = stored.getWidth() / 8;
      if (size % storedSize != 0 ||
          MulOverflow(size / storedSize, elementSize, size))
        return makeLayoutError(item, "'size' of a run must be a multiple of " +
                                         Twine(storedSize));
    }
    if (run.getOffset() < 0 || size < 0 || AddOverflow(found, size, found))
      return makeLayoutError(item,
                             "a run needs 'offset' and 'size' of 0 or more");
    tensor.runs.push_back({run.getFile().str(), run.getOffset(), run.getSize(),
                           stored, dyn_cast<FloatType>(element)});
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
  if (item.form == seq::WeightForm::Pack) {
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
  } else if (item.form == seq::WeightForm::Sums) {
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

static Expected<WeightItem> readItem(size_t index, seq::WeightItemAttr attr) {
  WeightItem item;
  item.offset = attr.getOffset();
  item.size = attr.getSize();
  if (item.offset < 0 || item.size < 0 ||
      item.offset % SEQC_ABI_ALIGNMENT != 0 || item.offset > INT64_MAX / 2 ||
      item.size > INT64_MAX / 2)
    return makeLayoutError(index, "'offset' must be a multiple of " +
                                      Twine(SEQC_ABI_ALIGNMENT) +
                                      " and 'size' 0 or more");
  item.form = attr.getForm();
  Type stored = attr.getElement();
  if (!stored.isIntOrIndexOrFloat())
    return makeLayoutError(index, "'element' must be the type of a number");
  item.elementSize =
      stored.isIndex() ? 8 : divideCeil(stored.getIntOrFloatBitWidth(), 8);
  item.width = attr.getWidth();
  item.unit = attr.getUnit();
  item.transposed = attr.getTransposed().getValue();
  item.excess = attr.getExcess().getValue();
  // Sums of bytes have four bytes each.
  int64_t storedSize = item.elementSize;
  if (item.form == seq::WeightForm::Sums) {
    if (!stored.isInteger(32))
      return makeLayoutError(index, "'element' of sums must be i32");
    stored = IntegerType::get(attr.getContext(), 8);
    storedSize = 1;
  }
  if (item.excess && storedSize != 1)
    return makeLayoutError(index, "'excess' is for elements of one byte");
  for (seq::WeightSourceAttr part : attr.getSources()) {
    Expected<WeightTensor> source = readSource(index, part, stored, storedSize);
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
  ArrayAttr list = seq::getMark<seq::WeightLayoutMark>(module);
  if (!list)
    return items;
  for (auto [index, attr] : enumerate(list.getAsRange<seq::WeightItemAttr>())) {
    Expected<WeightItem> item = readItem(index, attr);
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
