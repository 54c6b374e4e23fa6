//===- RegularFile.cpp - Files that a model consists of -------------------===//

#include "dialect/Support/RegularFile.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace seqc {

namespace {
/// The one error that the system has no number for.
class FileKindCategory : public std::error_category {
public:
  const char *name() const noexcept override { return "seqc.file-kind"; }
  std::string message(int) const override {
    return "it is a device, a pipe or a socket; required is a regular file";
  }
};
} // namespace

static const FileKindCategory &getFileKindCategory() {
  static const FileKindCategory category;
  return category;
}

std::error_code checkRegularFile(const Twine &path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return code;
  if (sys::fs::is_directory(status))
    return std::make_error_code(std::errc::is_a_directory);
  if (!sys::fs::is_regular_file(status))
    return std::error_code(1, getFileKindCategory());
  return {};
}

ErrorOr<std::unique_ptr<MemoryBuffer>>
readRegularFile(const Twine &path, bool isText, bool requiresNullTerminator) {
  if (std::error_code code = checkRegularFile(path))
    return code;
  return MemoryBuffer::getFile(path, isText, requiresNullTerminator);
}

} // namespace seqc
