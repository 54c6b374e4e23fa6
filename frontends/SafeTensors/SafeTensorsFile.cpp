//===- SafeTensorsFile.cpp - Reader of safetensors files ------------------===//
//
//   1. The header length is compared with the file and with the format's own
//   limit.
//   2. A scan of the header finds names given twice (LLVM's JSON parser keeps
//      the last one silently).
//   3. Each entry is checked by itself: type, shape, byte range, size.
//   4. Byte ranges together must cover the data without gap or overlap.
//
//===----------------------------------------------------------------------===//

#include "frontends/SafeTensors/SafeTensorsFile.h"

#include "dialect/Support/BoundedJson.h"
#include "dialect/Support/NearestName.h"
#include "dialect/Support/RegularFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;

namespace seqc {

using frontend::DataType;

/// The format's own bound of the header.
static constexpr uint64_t kMaxHeaderSize = 100'000'000;

static constexpr struct {
  StringLiteral name;
  DataType type;
} kDTypes[] = {
    {"F64", DataType::Double},  {"F32", DataType::Float},
    {"F16", DataType::Float16}, {"BF16", DataType::BFloat16},
    {"I64", DataType::Int64},   {"I32", DataType::Int32},
    {"I16", DataType::Int16},   {"I8", DataType::Int8},
    {"U64", DataType::UInt64},  {"U32", DataType::UInt32},
    {"U16", DataType::UInt16},  {"U8", DataType::UInt8},
    {"BOOL", DataType::Bool},
};

StringRef getDTypeName(DataType type) {
  return find_if(kDTypes, [&](const auto &row) { return row.type == type; })
      ->name;
}

std::string formatShape(ArrayRef<int64_t> shape) {
  return "[" +
         join(map_range(shape, [](int64_t n) { return std::to_string(n); }),
              ", ") +
         "]";
}

/// An error about the file `path`.
template <typename... Args>
static Error makeError(StringRef path, const char *format, Args &&...args) {
  return createStringError(
      inconvertibleErrorCode(), "%s: %s", path.str().c_str(),
      formatv(format, std::forward<Args>(args)...).str().c_str());
}

//===----------------------------------------------------------------------===//
// Header text
//===----------------------------------------------------------------------===//

/// Refuses names given twice in the outermost object of the JSON text.
/// Malformed text is left to the JSON parser.
static Error findDoubleNames(StringRef path, StringRef text) {
  StringSet<> names;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == '"') {
      size_t begin = i++;
      while (i < text.size() && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
      if (i >= text.size() || depth != 1 ||
          !text.substr(i + 1).ltrim().starts_with(":"))
        continue;
      Expected<json::Value> name = json::parse(text.slice(begin, i + 1));
      if (!name) {
        consumeError(name.takeError());
        continue;
      }
      StringRef key = name->getAsString().value_or("");
      if (!names.insert(key).second)
        return makeError(path,
                         "tensor '{0}' is named twice in the header, again at "
                         "byte {1}; names must be unique",
                         key, 8 + begin);
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// Reads one entry of the header; `dataBegin` and `dataSize` bound its byte
/// range.
static Expected<TensorEntry> readEntry(StringRef path, StringRef name,
                                       const json::Value &value,
                                       uint64_t dataBegin, uint64_t dataSize) {
  auto fail = [&](const char *format, const auto &...args) {
    return makeError(path, "entry '{0}' {1}", name,
                     formatv(format, args...).str());
  };
  const json::Object *object = value.getAsObject();
  if (!object)
    return fail("is not an object; required are dtype, shape and data_offsets");
  TensorEntry entry;
  entry.name = name.str();

  std::optional<StringRef> dtype = object->getString("dtype");
  if (!dtype)
    return fail("has no 'dtype' string");
  const auto *known =
      find_if(kDTypes, [&](const auto &row) { return row.name == *dtype; });
  if (known == std::end(kDTypes))
    return fail(
        "has dtype '{0}'; known are {1}", *dtype,
        join(map_range(kDTypes, [](auto &row) { return row.name; }), ", "));
  entry.dtype = known->type;

  const json::Array *shape = object->getArray("shape");
  if (!shape)
    return fail("has no 'shape' array");
  for (const json::Value &extent : *shape) {
    std::optional<int64_t> n = extent.getAsInteger();
    if (!n || *n < 0)
      return fail("has {0} as an extent; required is an integer of 0 or more",
                  extent);
    entry.shape.push_back(*n);
  }
  uint64_t bytes =
      is_contained(entry.shape, 0) ? 0 : getBitWidth(entry.dtype) / 8;
  for (int64_t n : entry.shape) {
    // No tensor that fits the file can exceed it on the way, as no extent is 0.
    if (bytes != 0 && static_cast<uint64_t>(n) > dataSize / bytes)
      return fail("of shape {0} is larger than the {1} bytes of data in the "
                  "file",
                  formatShape(entry.shape), dataSize);
    bytes *= static_cast<uint64_t>(n);
  }

  const json::Array *offsets = object->getArray("data_offsets");
  std::optional<int64_t> begin, end;
  if (offsets && offsets->size() == 2) {
    begin = (*offsets)[0].getAsInteger();
    end = (*offsets)[1].getAsInteger();
  }
  if (!begin || !end)
    return fail("has no 'data_offsets' of two integers");
  if (*begin < 0 || *end < *begin || static_cast<uint64_t>(*end) > dataSize)
    return fail("lies at bytes [{0}, {1}) of the data; the file has {2} bytes "
                "of data",
                *begin, *end, dataSize);
  if (static_cast<uint64_t>(*end - *begin) != bytes)
    return fail("has {0} bytes of data; {1} of shape {2} takes {3}",
                *end - *begin, *dtype, formatShape(entry.shape), bytes);
  entry.offset = static_cast<int64_t>(dataBegin) + *begin;
  entry.size = *end - *begin;
  return entry;
}

//===----------------------------------------------------------------------===//
// SafeTensorsFile
//===----------------------------------------------------------------------===//

Expected<SafeTensorsFile> SafeTensorsFile::open(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      readRegularFile(path, /*isText=*/false, /*requiresNullTerminator=*/false);
  if (!buffer)
    return makeError(path, "cannot be read: {0}", buffer.getError().message());
  return read(std::move(*buffer), path);
}

/// What a file is that people take for safetensors, by its first bytes; empty
/// if it is none of these.
static StringRef nameOtherFormat(StringRef bytes) {
  // The header of safetensors is a JSON object behind its length.
  if (bytes.size() > 8 && bytes[8] == '{')
    return "";
  if (bytes.starts_with("PK\x03\x04")) {
    StringRef head = bytes.take_front(4096);
    if (head.contains(".npy"))
      return "a NumPy archive (.npz)";
    if (head.contains("data.pkl") ||
        bytes.take_back(65536).contains("data.pkl"))
      return "a PyTorch checkpoint (.pt, .pth or .bin)";
    return "a zip archive";
  }
  if (bytes.starts_with("\x93NUMPY"))
    return "a NumPy array (.npy)";
  if (bytes.starts_with("\x89HDF\r\n"))
    return "an HDF5 file (.h5)";
  if (bytes.starts_with("GGUF"))
    return "a GGUF file";
  if (bytes.starts_with("version https://git-lfs"))
    return "a pointer of Git LFS (git lfs pull fetches the file)";
  if (bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5)
    return "a Python pickle, such as an old PyTorch checkpoint (.pt, .pth)";
  return "";
}

Expected<SafeTensorsFile>
SafeTensorsFile::read(std::unique_ptr<MemoryBuffer> buffer, StringRef name) {
  auto fail = [&](const char *format, const auto &...args) {
    return makeError(name, format, args...);
  };
  uint64_t fileSize = buffer->getBufferSize();
  if (fileSize < 8)
    return fail("is {0} bytes long; a safetensors file begins with 8 bytes of "
                "header length",
                fileSize);
  if (StringRef other = nameOtherFormat(buffer->getBuffer()); !other.empty())
    return fail("is {0}; required is safetensors, which save_file of "
                "safetensors.torch or safetensors.numpy writes",
                other);
  uint64_t headerSize = support::endian::read64le(buffer->getBufferStart());
  if (headerSize > kMaxHeaderSize)
    return fail("header length is {0}; at most {1} bytes are allowed (is this "
                "a safetensors file?)",
                headerSize, kMaxHeaderSize);
  if (headerSize > fileSize - 8)
    return fail("header length is {0}, but only {1} bytes follow; the file is "
                "truncated or damaged",
                headerSize, fileSize - 8);
  StringRef text = buffer->getBuffer().substr(8, headerSize);
  uint64_t dataBegin = 8 + headerSize;
  uint64_t dataSize = fileSize - dataBegin;

  if (Error error = findDoubleNames(name, text))
    return error;
  Expected<json::Value> header = parseBoundedJson(text);
  if (!header)
    return fail("header is not valid JSON: {0}", toString(header.takeError()));
  const json::Object *object = header->getAsObject();
  if (!object)
    return fail("header is not a JSON object");

  SafeTensorsFile file;
  for (const auto &[key, value] : *object) {
    if (StringRef(key) == "__metadata__")
      continue;
    Expected<TensorEntry> entry =
        readEntry(name, StringRef(key), value, dataBegin, dataSize);
    if (!entry)
      return entry.takeError();
    file.entries.push_back(std::move(*entry));
  }

  // Empty tensors share their position with a neighbour; names make the order
  // certain.
  llvm::sort(file.entries, [](const TensorEntry &a, const TensorEntry &b) {
    return std::tie(a.offset, a.size, a.name) <
           std::tie(b.offset, b.size, b.name);
  });
  uint64_t position = dataBegin;
  for (auto [i, entry] : enumerate(file.entries)) {
    uint64_t begin = entry.offset;
    if (begin < position)
      return fail("entries '{0}' and '{1}' overlap at byte {2} of the data",
                  file.entries[i - 1].name, entry.name, begin - dataBegin);
    if (begin > position)
      return fail("bytes [{0}, {1}) of the data belong to no entry; the data "
                  "must be covered without gaps",
                  position - dataBegin, begin - dataBegin);
    position = begin + entry.size;
    file.index[entry.name] = i;
  }
  if (position != fileSize)
    return fail("entries take {0} bytes of data, but the file has {1}; the "
                "data must be covered without gaps",
                position - dataBegin, dataSize);
  file.buffer = std::move(buffer);
  return file;
}

const TensorEntry *SafeTensorsFile::lookup(StringRef name) const {
  auto it = index.find(name);
  return it == index.end() ? nullptr : &entries[it->second];
}

std::optional<StringRef> SafeTensorsFile::findNearest(StringRef name) const {
  return findNearestName(
      name, map_range(entries, [](const TensorEntry &entry) -> StringRef {
        return entry.name;
      }));
}

ArrayRef<uint8_t> SafeTensorsFile::getData(const TensorEntry &entry) const {
  return arrayRefFromStringRef(
      buffer->getBuffer().substr(entry.offset, entry.size));
}

std::string hashBytes(ArrayRef<uint8_t> bytes) {
  std::string digits = utohexstr(xxHash64(bytes), /*LowerCase=*/true);
  return std::string(16 - digits.size(), '0') + digits;
}

} // namespace seqc
