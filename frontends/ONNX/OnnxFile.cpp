//===- OnnxFile.cpp - Reader of ONNX files --------------------------------===//

#include "frontends/ONNX/OnnxFile.h"

#include "dialect/Support/RegularFile.h"
#include "frontends/Common/Folder.h"
#include "frontends/ONNX/onnx.pb.h"
#include "frontends/SafeTensors/SafeTensorsFile.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstring>

using namespace llvm;

namespace seqc::onnx {

using google::protobuf::internal::WireFormatLite;

template <typename... Args> static Error fail(Args &&...args) {
  return createStringError(inconvertibleErrorCode(),
                           std::forward<Args>(args)...);
}

std::optional<int64_t> countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool zero = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    zero |= extent == 0;
    if (extent != 0 && MulOverflow(count, extent, count))
      return std::nullopt;
    if (count > (int64_t(1) << 62))
      return std::nullopt;
  }
  return zero ? 0 : count;
}

OnnxFile::OnnxFile() = default;
OnnxFile::~OnnxFile() = default;

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

/// Calls `visit` for every length-delimited field of a message.
static void
forEachField(StringRef bytes,
             function_ref<void(int number, StringRef content)> visit) {
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  while (uint32_t tag = stream.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) !=
        WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&stream, tag))
        return;
      continue;
    }
    uint32_t length;
    if (!stream.ReadVarint32(&length))
      return;
    int begin = stream.CurrentPosition();
    if (!stream.Skip(length))
      return;
    visit(WireFormatLite::GetTagFieldNumber(tag), bytes.substr(begin, length));
  }
}

Expected<std::unique_ptr<OnnxFile>> OnnxFile::open(StringRef path) {
  std::unique_ptr<OnnxFile> file(new OnnxFile());
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      readRegularFile(path, /*isText=*/false, /*requiresNullTerminator=*/false);
  if (!buffer)
    return fail("cannot be read: " + buffer.getError().message());
  file->buffer = std::move(*buffer);
  file->folder = sys::path::parent_path(path).str();
  file->name = sys::path::filename(path).str();
  StringRef bytes = file->buffer->getBuffer();
  if (bytes.size() > INT32_MAX)
    return fail("has " + Twine(bytes.size()) +
                " bytes; required are at most 2147483647, larger models keep "
                "their weights in external files");
  file->model = std::make_unique<format::ModelProto>();
  google::protobuf::LogSilencer silence;
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  stream.SetRecursionLimit(200);
  bool parsed = file->model->ParseFromCodedStream(&stream) &&
                stream.ConsumedEntireMessage();
  if (!parsed)
    return fail("is no ONNX model: the protobuf message of " +
                Twine(bytes.size()) +
                " bytes is damaged, truncated or nested deeper than 200 "
                "messages");
  if (!file->model->has_graph())
    return fail("is no ONNX model: it has no graph");
  forEachField(bytes, [&](int number, StringRef content) {
    if (number == format::ModelProto::kGraphFieldNumber)
      file->indexGraph(file->model->graph(), content);
  });
  return file;
}

//===----------------------------------------------------------------------===//
// Where raw data lies
//===----------------------------------------------------------------------===//

void OnnxFile::indexGraph(const format::GraphProto &graph, StringRef bytes) {
  int nodes = 0, initializers = 0;
  forEachField(bytes, [&](int number, StringRef content) {
    if (number == format::GraphProto::kNodeFieldNumber &&
        nodes < graph.node_size())
      indexNode(graph.node(nodes++), content);
    else if (number == format::GraphProto::kInitializerFieldNumber &&
             initializers < graph.initializer_size())
      indexTensor(graph.initializer(initializers++), content);
  });
}

void OnnxFile::indexNode(const format::NodeProto &node, StringRef bytes) {
  int attributes = 0;
  forEachField(bytes, [&](int number, StringRef content) {
    if (number == format::NodeProto::kAttributeFieldNumber &&
        attributes < node.attribute_size())
      indexAttribute(node.attribute(attributes++), content);
  });
}

void OnnxFile::indexAttribute(const format::AttributeProto &attribute,
                              StringRef bytes) {
  forEachField(bytes, [&](int number, StringRef content) {
    if (number == format::AttributeProto::kTFieldNumber && attribute.has_t())
      indexTensor(attribute.t(), content);
    else if (number == format::AttributeProto::kGFieldNumber &&
             attribute.has_g())
      indexGraph(attribute.g(), content);
  });
}

void OnnxFile::indexTensor(const format::TensorProto &tensor, StringRef bytes) {
  forEachField(bytes, [&](int number, StringRef content) {
    // A message given twice is merged by the parser: what is not the same is
    // not pointed at.
    if (number == format::TensorProto::kRawDataFieldNumber &&
        content == StringRef(tensor.raw_data()))
      rawOffsets[&tensor] = content.data() - buffer->getBufferStart();
  });
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Expected<StringRef> OnnxFile::getExternalFile(StringRef location) {
  auto [entry, isNew] = externals.try_emplace(location);
  if (!isNew && entry->second)
    return entry->second->getBuffer();
  if (leavesFolder(folder, location))
    return fail("its external data '" + location +
                "' leaves the folder of the model; required is a file inside "
                "it");
  SmallString<256> path(folder);
  sys::path::append(path, location);
  ErrorOr<std::unique_ptr<MemoryBuffer>> opened =
      readRegularFile(path, /*isText=*/false, /*requiresNullTerminator=*/false);
  if (!opened)
    return fail("its external data '" + location +
                "' cannot be read: " + opened.getError().message());
  entry->second = std::move(*opened);
  return entry->second->getBuffer();
}

Error OnnxFile::readExternal(const format::TensorProto &tensor, int64_t size,
                             TensorBytes &result) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto &entry : tensor.external_data()) {
    StringRef value = entry.value();
    uint64_t number = 0;
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (value.getAsInteger(10, number))
        return fail("the " + entry.key() + " '" + value.take_front(40) +
                    "' of its external data is no number of bytes");
      if (entry.key() == "offset")
        offset = number;
      else
        length = number;
    }
  }
  Expected<StringRef> bytes = getExternalFile(location);
  if (!bytes)
    return bytes.takeError();
  if (length && *length != static_cast<uint64_t>(size))
    return fail("its external data has length " + Twine(*length) +
                "; its shape requires " + Twine(size) + " bytes");
  if (offset > bytes->size() || bytes->size() - offset < uint64_t(size))
    return fail("its external data lies at bytes " + Twine(offset) + " to " +
                Twine(offset) + " + " + Twine(size) + " of '" + location +
                "', which has " + Twine(bytes->size()) + " bytes");
  result.lent = bytes->substr(offset, size);
  result.file = location;
  result.offset = offset;
  return Error::success();
}

/// Appends the low `bytes` bytes of every element of a typed field.
template <typename Field>
static void appendField(const Field &field, size_t bytes, std::string &out) {
  for (auto element : field)
    out.append(reinterpret_cast<const char *>(&element), bytes);
}

/// The typed field of `tensor` as bytes.
static void readField(const format::TensorProto &tensor, DataType type,
                      std::string &out) {
  size_t bytes = divideCeil(getBitWidth(type), 8);
  switch (type) {
  case DataType::Float:
    return appendField(tensor.float_data(), bytes, out);
  case DataType::Double:
    return appendField(tensor.double_data(), bytes, out);
  case DataType::Int64:
    return appendField(tensor.int64_data(), bytes, out);
  case DataType::UInt64:
  case DataType::UInt32:
    return appendField(tensor.uint64_data(), bytes, out);
  default:
    return appendField(tensor.int32_data(), std::min<size_t>(bytes, 4), out);
  }
}

/// 2- and 4-bit numbers, low bits first, one to a byte; integers with their
/// sign.
static std::string unpack(StringRef packed, DataType type, int64_t count) {
  unsigned bits = getBitWidth(type), perByte = 8 / bits;
  std::string out;
  for (int64_t i = 0; i < count; ++i) {
    unsigned value = (uint8_t(packed[i / perByte]) >> (i % perByte * bits)) &
                     ((1u << bits) - 1);
    if (isInteger(type) && !isUnsigned(type))
      value = SignExtend32(value, bits);
    out.push_back(static_cast<char>(value));
  }
  return out;
}

int64_t getDeclaredExtent(const format::TensorShapeProto_Dimension &dim,
                          int64_t rank) {
  return dim.has_dim_value() && dim.dim_value() >= (rank > 1 ? 1 : 0)
             ? dim.dim_value()
             : mlir::ShapedType::kDynamic;
}

Expected<TensorBytes> OnnxFile::getBytes(const format::TensorProto &tensor) {
  TensorBytes result;
  result.type = static_cast<DataType>(tensor.data_type());
  result.shape.assign(tensor.dims().begin(), tensor.dims().end());
  unsigned bits = getBitWidth(result.type);
  if (bits == 0)
    return fail("its element type is " + seqc::onnx::getName(result.type) +
                "; tensors of this type are not supported");
  std::optional<int64_t> count = countElements(result.shape);
  if (!count || *count > (int64_t(1) << 56))
    return fail("its shape " + formatShape(result.shape) +
                " has a negative extent or too many elements");
  bool packed = bits < 8;
  int64_t size = divideCeil(uint64_t(*count) * bits, 8);

  if (tensor.data_location() == 1) {
    if (Error error = readExternal(tensor, size, result))
      return error;
  } else if (tensor.has_raw_data()) {
    result.lent = tensor.raw_data();
    auto place = rawOffsets.find(&tensor);
    if (place != rawOffsets.end()) {
      result.lent =
          buffer->getBuffer().substr(place->second, tensor.raw_data().size());
      result.file = name;
      result.offset = place->second;
    }
  } else {
    readField(tensor, result.type, result.own.emplace());
  }
  if (result.getBytes().size() != static_cast<uint64_t>(size))
    return fail("it holds " + Twine(result.getBytes().size()) +
                " bytes; its shape requires " + Twine(size));
  if (packed) {
    result.own = unpack(result.getBytes(), result.type, *count);
    result.file.clear();
  }
  return result;
}

} // namespace seqc::onnx
