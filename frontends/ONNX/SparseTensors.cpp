//===- SparseTensors.cpp - Tensors of few elements other than zero --------===//

#include "frontends/ONNX/OnnxFile.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace llvm;

namespace seqc::onnx {

/// Bytes of a sparse tensor once its zeros are written out. Some lines of a file
/// may name a tensor that fills any memory.
static constexpr int64_t kMostBytes = int64_t(1) << 26;

static Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Expected<TensorBytes>
OnnxFile::getBytes(const format::SparseTensorProto &tensor) {
  Expected<TensorBytes> values = getBytes(tensor.values());
  if (!values)
    return values.takeError();
  Expected<TensorBytes> indices = getBytes(tensor.indices());
  if (!indices)
    return fail("of its indices " + toString(indices.takeError()));
  TensorBytes result;
  result.type = values->type;
  result.shape.assign(tensor.dims().begin(), tensor.dims().end());
  size_t rank = result.shape.size();
  std::optional<int64_t> count = countElements(result.shape);
  if (!count)
    return fail("its shape has a negative extent or too many elements");
  int64_t width = std::max<int64_t>(getBitWidth(result.type) / 8, 1), bytes;
  if (MulOverflow(*count, width, bytes) || bytes > kMostBytes)
    return fail("with its zeros it has " + Twine(*count) +
                " elements; sparse tensors of more than " + Twine(kMostBytes) +
                " bytes are not supported");
  if (values->shape.size() != 1 || indices->type != DataType::Int64 ||
      indices->shape.empty() || indices->shape.size() > 2 ||
      indices->shape[0] != values->shape[0] ||
      (indices->shape.size() == 2 &&
       indices->shape[1] != static_cast<int64_t>(rank)))
    return fail("its indices do not name a place for each of its values; "
                "required are int64 numbers of shape [values] or [values, "
                "rank]");
  size_t columns = indices->shape.size() == 2 ? rank : 1;
  StringRef places = indices->getBytes(), elements = values->getBytes();
  std::string dense(bytes, '\0');
  int64_t last = -1;
  for (int64_t i = 0; i < values->shape[0]; ++i) {
    int64_t place = 0;
    for (size_t d = 0; d < columns; ++d) {
      int64_t index, extent = columns == 1 && indices->shape.size() == 1
                                  ? *count
                                  : result.shape[d];
      std::memcpy(&index, places.data() + (i * columns + d) * sizeof(index),
                  sizeof(index));
      if (index < 0 || index >= extent)
        return fail("index " + Twine(index) + " of its value " + Twine(i) +
                    " lies outside of an extent of " + Twine(extent));
      place = place * extent + index;
    }
    if (place <= last)
      return fail("the places of its values " + Twine(i - 1) + " and " +
                  Twine(i) + " do not ascend");
    last = place;
    std::memcpy(dense.data() + place * width, elements.data() + i * width,
                width);
  }
  result.own = std::move(dense);
  return result;
}

} // namespace seqc::onnx
