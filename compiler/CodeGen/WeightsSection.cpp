//===- WeightsSection.cpp - Weights of an artefact ------------------------===//

#include "compiler/CodeGen/WeightsSection.h"
#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/ModelTable.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <cstring>

using namespace llvm;

namespace seqc {

/// Above this size the section is marked large, so that code keeps its short
/// addresses.
static constexpr uint64_t kLargeSection = 1ull << 30;

Expected<std::string> resolveConfined(StringRef folder, StringRef file) {
  auto refuse = [&](const Twine &why) {
    return makeFailure(FailureKind::BadInput,
                       "weights file '" + file + "' " + why +
                           "; required is a file in the model's folder");
  };
  if (file.empty() || sys::path::is_absolute(file) || file.contains('\0'))
    return refuse("is no relative path");
  for (auto it = sys::path::begin(file), end = sys::path::end(file); it != end;
       ++it)
    if (*it == "..")
      return refuse("contains '..'");
  SmallString<256> root, path(folder.empty() ? "." : folder), real;
  if (std::error_code code = sys::fs::real_path(path, root))
    return makeFailure(FailureKind::BadInput,
                       "folder '" + Twine(path) + "': " + code.message());
  sys::path::append(path, file);
  if (std::error_code code = sys::fs::real_path(path, real))
    return makeFailure(FailureKind::BadInput,
                       "weights file '" + Twine(path) + "': " + code.message());
  if (!StringRef(real).starts_with(root == "/" ? "/" : (root + "/").str()))
    return refuse("is a link that leads outside");
  return real.str().str();
}

namespace {
/// Files that are open while a section is written.
class SourceFiles {
public:
  explicit SourceFiles(StringRef folder) : folder(folder) {}

  /// The bytes of `source`, whole, checked against the file's size and the
  /// hash.
  Expected<StringRef> getBytes(const WeightSource &source, int64_t elementSize);

private:
  std::string folder;
  StringMap<std::unique_ptr<MemoryBuffer>> buffers;
  /// What was hashed already: file and offset.
  StringSet<> checked;
};

/// A stream that digests what passes through.
class DigestStream {
public:
  explicit DigestStream(raw_ostream &os) : os(os) {}

  void write(StringRef bytes) {
    os << bytes;
    position += bytes.size();
    // Blocks of one size make the digest independent of how bytes arrive.
    while (!bytes.empty()) {
      StringRef part = bytes.take_front(kBlock - pending.size());
      pending.append(part.begin(), part.end());
      bytes = bytes.drop_front(part.size());
      if (pending.size() == kBlock)
        flush();
    }
  }
  void pad(uint64_t count) {
    static constexpr char zeros[4096] = {};
    for (; count > 0; count -= std::min<uint64_t>(count, sizeof(zeros)))
      write(StringRef(zeros, std::min<uint64_t>(count, sizeof(zeros))));
  }
  uint64_t getPosition() const { return position; }
  std::string finish() {
    flush();
    return utohexstr(digest, /*LowerCase=*/true, /*Width=*/16);
  }

private:
  static constexpr size_t kBlock = 1 << 16;
  void flush() {
    digest =
        digest * 0x9e3779b97f4a7c15ull ^
        xxh3_64bits(ArrayRef<uint8_t>(
            reinterpret_cast<const uint8_t *>(pending.data()), pending.size()));
    pending.clear();
  }

  raw_ostream &os;
  uint64_t position = 0, digest = 0;
  SmallVector<char, 0> pending;
};
} // namespace

Expected<StringRef> SourceFiles::getBytes(const WeightSource &source,
                                          int64_t elementSize) {
  std::unique_ptr<MemoryBuffer> &buffer = buffers[source.file];
  if (!buffer) {
    Expected<std::string> path = resolveConfined(folder, source.file);
    if (!path)
      return path.takeError();
    ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(
        *path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!file)
      return makeFailure(FailureKind::BadInput,
                         "weights file '" + Twine(*path) +
                             "': " + file.getError().message());
    buffer = std::move(*file);
  }
  int64_t bytes = elementSize;
  for (int64_t extent : source.shape)
    if (MulOverflow(bytes, extent, bytes))
      bytes = INT64_MAX;
  StringRef content = buffer->getBuffer();
  if (static_cast<uint64_t>(source.offset) > content.size() ||
      static_cast<uint64_t>(bytes) > content.size() - source.offset)
    return makeFailure(FailureKind::BadInput,
                       "weights file '" + Twine(source.file) + "' has " +
                           Twine(content.size()) + " bytes; a weight at byte " +
                           Twine(source.offset) + " needs " + Twine(bytes));
  StringRef data = content.substr(source.offset, bytes);
  if (!source.hash.empty() &&
      checked.insert(source.file + "@" + std::to_string(source.offset))
          .second) {
    std::string hash =
        utohexstr(xxHash64(data), /*LowerCase=*/true, /*Width=*/16);
    if (hash != source.hash)
      return makeFailure(FailureKind::BadInput,
                         "weights file '" + Twine(source.file) +
                             "': the weight at byte " + Twine(source.offset) +
                             " has hash " + hash + ", expected " + source.hash +
                             "; the file changed after the import");
  }
  return data;
}

/// Writes the part of `data` that the slice of `source` names, row-major.
static void writeSlice(const WeightSource &source, StringRef data,
                       int64_t elementSize, DigestStream &os) {
  size_t rank = source.shape.size();
  if (llvm::is_contained(source.sliceSizes, 0))
    return;
  // The innermost run of bytes that lies together: trailing dimensions taken
  // whole.
  size_t outer = rank;
  int64_t run = elementSize;
  while (outer > 0) {
    --outer;
    run *= source.sliceSizes[outer];
    if (source.sliceSizes[outer] != source.shape[outer])
      break;
  }
  SmallVector<int64_t> index(outer, 0);
  while (true) {
    int64_t position = 0;
    for (size_t d = 0; d < rank; ++d)
      position = position * source.shape[d] + source.sliceOffsets[d] +
                 (d < outer ? index[d] : 0);
    os.write(data.substr(position * elementSize, run));
    size_t d = outer;
    while (d > 0 && ++index[d - 1] == source.sliceSizes[d - 1])
      index[--d] = 0;
    if (d == 0)
      return;
  }
}

/// Writes `path` as a string of the assembler.
static std::string quotePath(StringRef path) {
  std::string quoted;
  raw_string_ostream os(quoted);
  for (char c : path) {
    if (c == '"' || c == '\\')
      os << '\\' << c;
    else if (static_cast<unsigned char>(c) < 32)
      os << '\\' << char('0' + (c >> 6 & 7)) << char('0' + (c >> 3 & 7))
         << char('0' + (c & 7));
    else
      os << c;
  }
  return quoted;
}

/// Writes panels as seq.pack defines them: [panel][k][matrix][column].
static void writePanels(const WeightItem &item, ArrayRef<StringRef> matrices,
                        DigestStream &os) {
  const WeightSource &first = item.sources.front();
  int64_t columns = first.sliceSizes[item.transposed ? 1 : 0];
  int64_t depth = first.sliceSizes[item.transposed ? 0 : 1];
  int64_t matrixCount = item.sources.size(), width = item.width;
  int64_t elementSize = item.elementSize;
  SmallVector<char, 0> panel;
  for (int64_t begin = 0; begin < columns; begin += width) {
    panel.assign(depth * matrixCount * width * elementSize, 0);
    int64_t living = std::min(width, columns - begin);
    for (int64_t g = 0; g < matrixCount; ++g) {
      const WeightSource &source = item.sources[g];
      int64_t row0 = source.sliceOffsets[0], column0 = source.sliceOffsets[1];
      int64_t stride = source.shape[1];
      for (int64_t k = 0; k < depth; ++k)
        for (int64_t j = 0; j < living; ++j) {
          int64_t row = row0 + (item.transposed ? k : begin + j);
          int64_t column = column0 + (item.transposed ? begin + j : k);
          std::memcpy(&panel[((k * matrixCount + g) * width + j) * elementSize],
                      matrices[g].data() +
                          (row * stride + column) * elementSize,
                      elementSize);
        }
    }
    os.write(StringRef(panel.data(), panel.size()));
  }
}

Expected<WeightsBlob> writeWeights(ArrayRef<WeightItem> items, StringRef folder,
                                   raw_ostream &os) {
  WeightsBlob blob;
  if (items.empty())
    return blob;
  SourceFiles files(folder);
  DigestStream stream(os);
  for (const WeightItem &item : items) {
    stream.pad(item.offset - stream.getPosition());
    SmallVector<StringRef> data;
    for (const WeightSource &source : item.sources) {
      Expected<StringRef> bytes = files.getBytes(source, item.elementSize);
      if (!bytes)
        return bytes.takeError();
      data.push_back(*bytes);
    }
    if (item.packed)
      writePanels(item, data, stream);
    else
      writeSlice(item.sources.front(), data.front(), item.elementSize, stream);
  }
  // A tail of zeros, so that the last panel may be read by whole vectors.
  stream.pad(alignTo(stream.getPosition(), SEQC_ABI_ALIGNMENT) -
             stream.getPosition());
  blob.size = stream.getPosition();
  blob.hash = stream.finish();
  return blob;
}

Expected<FileBytes> makeWeightsObject(StringRef blobPath, uint64_t size,
                                      const Target &target) {
  LLVMContext context;
  llvm::Module module("seqc-weights", context);
  module.setTargetTriple(Triple(target.triple));
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target, 0);
  if (!machine)
    return machine.takeError();
  module.setDataLayout((*machine)->createDataLayout());
  module.setModuleInlineAsm(formatv(".section {0},\"a{1}\",@progbits\n"
                                    ".p2align 12\n"
                                    ".globl {2}\n"
                                    ".hidden {2}\n"
                                    ".type {2},@object\n"
                                    "{2}:\n"
                                    ".incbin \"{3}\"\n"
                                    ".size {2}, {4}\n",
                                    SEQC_ABI_WEIGHTS_SECTION,
                                    size > kLargeSection ? "l" : "",
                                    kWeightsSymbol, quotePath(blobPath), size)
                                .str());
  return emitModule(module, **machine, CodeForm::Object);
}

} // namespace seqc
