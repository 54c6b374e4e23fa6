//===- WeightsSection.cpp - Weights of an artefact ------------------------===//

#include "compiler/CodeGen/WeightsSection.h"
#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/ModelTable.h"
#include "dialect/Support/RegularFile.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
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
/// A stream that digests what passes through.
class DigestStream {
public:
  explicit DigestStream(raw_ostream &os) : os(os) {}

  void write(StringRef bytes) {
    os << bytes;
    position += bytes.size();
    // The digest takes whole blocks, whatever the pieces are.
    while (!bytes.empty()) {
      StringRef part = bytes.take_front(kBlock - pending.size());
      pending.append(part.begin(), part.end());
      bytes = bytes.drop_front(part.size());
      if (pending.size() == kBlock) {
        seqc_abi_digest_add(&digester, pending.data(), pending.size());
        pending.clear();
      }
    }
  }
  void pad(uint64_t count) {
    static constexpr char zeros[4096] = {};
    for (; count > 0; count -= std::min<uint64_t>(count, sizeof(zeros)))
      write(StringRef(zeros, std::min<uint64_t>(count, sizeof(zeros))));
  }
  uint64_t getPosition() const { return position; }
  uint64_t finish() {
    return seqc_abi_digest_end(&digester, pending.data(), pending.size());
  }

private:
  static constexpr size_t kBlock = 1 << 16;

  raw_ostream &os;
  uint64_t position = 0;
  seqc_abi_digester digester = seqc_abi_digest_begin();
  SmallVector<char, 0> pending;
};
} // namespace

Expected<StringRef> WeightFiles::getBytes(StringRef file, int64_t offset,
                                          int64_t size) {
  std::unique_ptr<MemoryBuffer> &buffer = buffers[file];
  if (!buffer) {
    Expected<std::string> path = resolveConfined(folder, file);
    if (!path)
      return path.takeError();
    ErrorOr<std::unique_ptr<MemoryBuffer>> content = readRegularFile(
        *path, /*isText=*/false, /*requiresNullTerminator=*/false);
    if (!content)
      return makeFailure(FailureKind::BadInput,
                         "weights file '" + Twine(*path) +
                             "': " + content.getError().message());
    buffer = std::move(*content);
  }
  StringRef content = buffer->getBuffer();
  if (offset < 0 || size < 0 ||
      static_cast<uint64_t>(offset) > content.size() ||
      static_cast<uint64_t>(size) > content.size() - offset)
    return makeFailure(FailureKind::BadInput,
                       "weights file '" + file + "' has " +
                           Twine(content.size()) + " bytes; a weight needs " +
                           Twine(size) + " bytes from byte " + Twine(offset) +
                           " on");
  return content.substr(offset, size);
}

/// The value of a number of IEEE 754's binary16.
static float widenHalf(uint16_t bits) {
  uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u)
    return bit_cast<float>(sign | 0x7f800000u | magnitude << 13);
  // The exponents' biases differ by 112; a product sees to subnormal numbers.
  float value = bit_cast<float>(magnitude << 13) * 0x1p112f;
  return bit_cast<float>(sign | bit_cast<uint32_t>(value));
}

/// The number at `bytes`; every type that is handled is part of f64.
static double readNumber(const char *bytes, mlir::FloatType type) {
  if (type.isBF16())
    return bit_cast<float>(uint32_t(support::endian::read16le(bytes)) << 16);
  if (type.getWidth() == 16)
    return widenHalf(support::endian::read16le(bytes));
  if (type.getWidth() == 32)
    return support::endian::read<float>(bytes, endianness::little);
  return support::endian::read<double>(bytes, endianness::little);
}

/// Writes `number` to `bytes`, rounded once.
static void writeNumber(double number, mlir::FloatType type, char *bytes) {
  if (type.getWidth() == 64)
    return support::endian::write<double>(bytes, number, endianness::little);
  if (type.getWidth() == 32)
    return support::endian::write<float>(bytes, static_cast<float>(number),
                                         endianness::little);
  APFloat rounded(number);
  bool loses;
  rounded.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &loses);
  support::endian::write16le(
      bytes, static_cast<uint16_t>(rounded.bitcastToAPInt().getZExtValue()));
}

/// Appends the elements in `bytes`, as numbers of the run's type.
static void appendConverted(StringRef bytes, mlir::FloatType stored,
                            mlir::FloatType element,
                            SmallVectorImpl<char> &storage) {
  size_t from = stored.getWidth() / 8, to = element.getWidth() / 8;
  size_t end = storage.size();
  storage.resize(end + bytes.size() / from * to);
  for (const char *p = bytes.begin(); p != bytes.end(); p += from, end += to)
    writeNumber(readNumber(p, stored), element, &storage[end]);
}

/// The bytes of `tensor`: a view of its file if it is one run that stays as it
/// is, else gathered in `storage`.
static Expected<StringRef> gather(const WeightTensor &tensor,
                                  WeightFiles &files,
                                  SmallVectorImpl<char> &storage) {
  for (const FileRun &run : tensor.runs) {
    Expected<StringRef> bytes = files.getBytes(run.file, run.offset, run.size);
    if (!bytes || (tensor.runs.size() == 1 && !run.stored))
      return bytes;
    if (run.stored)
      appendConverted(*bytes, run.stored, run.element, storage);
    else
      storage.append(bytes->begin(), bytes->end());
  }
  return StringRef(storage.data(), storage.size());
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

/// Writes panels as seq.pack defines them: [panel][group][matrix][column][unit].
static void writePanels(const WeightItem &item, ArrayRef<StringRef> matrices,
                        DigestStream &os) {
  ArrayRef<int64_t> shape = item.sources.front().shape;
  int64_t columns = shape[item.transposed ? 1 : 0];
  int64_t depth = shape[item.transposed ? 0 : 1];
  int64_t matrixCount = item.sources.size(), width = item.width;
  int64_t elementSize = item.elementSize, unit = item.unit;
  int64_t groups = divideCeil(depth, unit);
  SmallVector<char, 0> panel;
  for (int64_t begin = 0; begin < columns; begin += width) {
    panel.assign(groups * matrixCount * width * unit * elementSize, 0);
    int64_t living = std::min(width, columns - begin);
    for (int64_t g = 0; g < matrixCount; ++g)
      for (int64_t k = 0; k < depth; ++k)
        for (int64_t j = 0; j < living; ++j) {
          int64_t row = item.transposed ? k : begin + j;
          int64_t column = item.transposed ? begin + j : k;
          int64_t place = (k / unit * matrixCount + g) * width + j;
          char *to = &panel[(place * unit + k % unit) * elementSize];
          std::memcpy(
              to, matrices[g].data() + (row * shape[1] + column) * elementSize,
              elementSize);
          if (item.excess)
            *to ^= '\x80';
        }
    os.write(StringRef(panel.data(), panel.size()));
  }
}

/// Writes the sums of columns as seq.column_sums defines them.
static void writeSums(const WeightItem &item, StringRef matrix,
                      DigestStream &os) {
  ArrayRef<int64_t> shape = item.sources.front().shape;
  SmallVector<uint32_t> sums(shape[item.transposed ? 1 : 0], 0);
  for (int64_t row = 0; row < shape[0]; ++row)
    for (int64_t column = 0; column < shape[1]; ++column) {
      auto byte = static_cast<uint8_t>(matrix[row * shape[1] + column]);
      int32_t value = item.excess ? int32_t(byte) - 128
                                  : int32_t(static_cast<int8_t>(byte));
      sums[item.transposed ? column : row] += static_cast<uint32_t>(value);
    }
  for (uint32_t sum : sums) {
    char bytes[sizeof sum];
    support::endian::write<uint32_t>(bytes, sum, endianness::little);
    os.write(StringRef(bytes, sizeof bytes));
  }
}

Expected<WeightsBlob> writeWeights(ArrayRef<WeightItem> items, StringRef folder,
                                   raw_ostream &os) {
  WeightsBlob blob;
  if (items.empty())
    return blob;
  WeightFiles files(folder);
  DigestStream stream(os);
  for (const WeightItem &item : items) {
    stream.pad(item.offset - stream.getPosition());
    std::vector<SmallVector<char, 0>> storage(item.sources.size());
    SmallVector<StringRef> data;
    for (auto [source, memory] : zip(item.sources, storage)) {
      Expected<StringRef> bytes = gather(source, files, memory);
      if (!bytes)
        return bytes.takeError();
      data.push_back(*bytes);
    }
    switch (item.form) {
    case seq::WeightForm::Raw:
      stream.write(data.front());
      break;
    case seq::WeightForm::Pack:
      writePanels(item, data, stream);
      break;
    case seq::WeightForm::Sums:
      writeSums(item, data.front(), stream);
      break;
    }
  }
  // Whole vectors may be read up to the end of the last item.
  stream.pad(alignTo(stream.getPosition(), SEQC_ABI_ALIGNMENT) -
             stream.getPosition());
  blob.size = stream.getPosition();
  blob.digest = stream.finish();
  blob.hash = utohexstr(blob.digest, /*LowerCase=*/true, /*Width=*/16);
  return blob;
}

Expected<FileBytes> makeWeightsObject(StringRef blobPath, uint64_t size,
                                      const Target &target, StringRef symbol) {
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
                                    size > kLargeSection ? "l" : "", symbol,
                                    quotePath(blobPath), size)
                                .str());
  return emitModule(module, **machine, CodeForm::Object);
}

} // namespace seqc
