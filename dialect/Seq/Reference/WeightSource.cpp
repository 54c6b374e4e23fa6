//===- WeightSource.cpp - Where the interpreter finds weights -------------===//

#include "dialect/Seq/Reference/WeightSource.h"

#include "dialect/Support/RegularFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cstring>

namespace seqc::reference {

/// Copies a range of `content` after checking it.
static llvm::Error copyRange(llvm::StringRef file,
                             llvm::ArrayRef<uint8_t> content, uint64_t offset,
                             llvm::MutableArrayRef<uint8_t> bytes) {
  if (offset > content.size() || bytes.size() > content.size() - offset)
    return llvm::createStringError(
        "'" + file.str() + "' has " + std::to_string(content.size()) +
        " bytes, but " + std::to_string(bytes.size()) +
        " are needed from byte " + std::to_string(offset) + " on");
  llvm::copy(content.slice(offset, bytes.size()), bytes.begin());
  return llvm::Error::success();
}

llvm::Error MemoryWeightSource::read(llvm::StringRef file, uint64_t offset,
                                     llvm::MutableArrayRef<uint8_t> bytes) {
  auto found = files.find(file.str());
  if (found == files.end())
    return llvm::createStringError("no weight file '" + file.str() + "'");
  return copyRange(file, found->second, offset, bytes);
}

llvm::Error FolderWeightSource::read(llvm::StringRef file, uint64_t offset,
                                     llvm::MutableArrayRef<uint8_t> bytes) {
  namespace path = llvm::sys::path;
  bool climbs =
      llvm::any_of(llvm::make_range(path::begin(file), path::end(file)),
                   [](llvm::StringRef part) { return part == ".."; });
  if (file.empty() || path::is_absolute(file) || climbs)
    return llvm::createStringError("weight file '" + file.str() +
                                   "' is outside the model's folder");
  llvm::SmallString<128> full(folder);
  path::append(full, file);
  // A link may leave the folder too: compare where both really are.
  llvm::SmallString<128> realFolder, realFile;
  if (std::error_code code =
          llvm::sys::fs::real_path(folder.empty() ? "." : folder, realFolder))
    return llvm::createFileError(folder, code);
  if (std::error_code code = llvm::sys::fs::real_path(full, realFile))
    return llvm::createFileError(full, code);
  llvm::StringRef inside = realFile;
  if (!inside.consume_front(realFolder) ||
      (realFolder != "/" && !inside.starts_with("/")))
    return llvm::createStringError("weight file '" + file.str() +
                                   "' is outside the model's folder");
  auto buffer = readRegularFile(realFile, /*isText=*/false,
                                /*requiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createFileError(full, buffer.getError());
  llvm::StringRef content = (*buffer)->getBuffer();
  return copyRange(
      file, {reinterpret_cast<const uint8_t *>(content.data()), content.size()},
      offset, bytes);
}

} // namespace seqc::reference
