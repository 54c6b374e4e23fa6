//===- OutputFile.cpp - Files that appear whole or not at all -------------===//

#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/CompileError.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <sys/stat.h>

using namespace llvm;

namespace seqc {

InterruptGuard::InterruptGuard() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGHUP, SIGINT, SIGTERM})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
}

InterruptGuard::~InterruptGuard() {
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// Whether signals that end the process remove temporary files.
static std::atomic<bool> removesOnSignal = false;

void removeTemporaryFilesOnSignal() { removesOnSignal = true; }

/// True for standard output, devices and pipes: they are written directly, and
/// never replaced.
static bool isStream(StringRef path) {
  sys::fs::file_status status;
  return path == "-" || (!sys::fs::status(path, status) &&
                         status.type() != sys::fs::file_type::regular_file &&
                         status.type() != sys::fs::file_type::directory_file);
}

/// Where a file called `path` lies: what a link points to is replaced, not the
/// link.
static SmallString<128> resolveLinks(StringRef path) {
  SmallString<128> resolved;
  if (sys::fs::real_path(path, resolved))
    return path;
  return resolved;
}

static Error writeStream(StringRef path, StringRef bytes) {
  std::error_code code;
  raw_fd_ostream stream(path, code, sys::fs::OF_None);
  if (!code) {
    stream << bytes;
    stream.flush();
    code = stream.error();
    stream.clear_error();
  }
  if (code)
    return makeFileFailure("cannot write", path, code);
  return Error::success();
}

Expected<TemporaryFile> TemporaryFile::create(StringRef destination,
                                              StringRef suffix) {
  SmallString<128> model;
  std::string name = "seqc";
  if (isStream(destination)) {
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, model);
  } else {
    SmallString<128> resolved = resolveLinks(destination);
    model = sys::path::parent_path(resolved);
    name = "." + sys::path::filename(resolved).str();
  }
  sys::path::append(model, name + "-%%%%%%%%." + suffix);
  InterruptGuard guard;
  int descriptor;
  SmallString<128> path;
  if (std::error_code code = sys::fs::createUniqueFile(
          model, descriptor, path, sys::fs::OF_None, sys::fs::perms::all_all))
    return makeFileFailure("cannot write", destination, code);
  // Whoever reads the process's mask has to change it.
  struct stat status = {};
  mode_t allowed = fstat(descriptor, &status) == 0 ? status.st_mode & 0777 : 0;
  raw_fd_ostream(descriptor, /*shouldClose=*/true).close();
  if (removesOnSignal)
    sys::RemoveFileOnSignal(path);
  return TemporaryFile(path.str().str(), allowed);
}

TemporaryFile::TemporaryFile(TemporaryFile &&other) noexcept
    : path(std::move(other.path)), allowed(other.allowed) {
  other.path.clear();
}

TemporaryFile &TemporaryFile::operator=(TemporaryFile &&other) noexcept {
  std::swap(path, other.path);
  std::swap(allowed, other.allowed);
  other.discard();
  return *this;
}

TemporaryFile::~TemporaryFile() { discard(); }

void TemporaryFile::discard() {
  if (path.empty())
    return;
  sys::fs::remove(path);
  sys::DontRemoveFileOnSignal(path);
  path.clear();
}

Error TemporaryFile::write(StringRef bytes) {
  Expected<std::unique_ptr<raw_fd_ostream>> stream = openStream();
  if (!stream)
    return stream.takeError();
  **stream << bytes;
  return finish(std::move(*stream));
}

Expected<std::unique_ptr<raw_fd_ostream>> TemporaryFile::openStream() {
  std::error_code code;
  auto stream = std::make_unique<raw_fd_ostream>(path, code, sys::fs::OF_None);
  if (code)
    return makeFileFailure("cannot write", path, code);
  return stream;
}

Error TemporaryFile::finish(std::unique_ptr<raw_fd_ostream> stream) {
  stream->close();
  std::error_code code = stream->error();
  // An error left in a stream ends the process when the stream dies.
  stream->clear_error();
  if (code)
    return makeFileFailure("cannot write", path, code);
  return Error::success();
}

Error TemporaryFile::keep(StringRef destination, bool executable) {
  if (isStream(destination)) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> bytes = MemoryBuffer::getFile(
        path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!bytes)
      return makeFileFailure("cannot read", path, bytes.getError());
    Error error = writeStream(destination, (*bytes)->getBuffer());
    discard();
    return error;
  }
  mode_t mode = (executable ? 0777 : 0666) & allowed;
  if (std::error_code code =
          sys::fs::setPermissions(path, static_cast<sys::fs::perms>(mode)))
    return makeFileFailure("cannot write", destination, code);
  InterruptGuard guard;
  if (std::error_code code = sys::fs::rename(path, resolveLinks(destination)))
    return makeFileFailure("cannot write", destination, code);
  sys::DontRemoveFileOnSignal(path);
  path.clear();
  return Error::success();
}

Error writeFile(StringRef path, StringRef bytes) {
  if (isStream(path))
    return writeStream(path, bytes);
  Expected<TemporaryFile> file = TemporaryFile::create(path, "tmp");
  if (!file)
    return file.takeError();
  if (Error error = file->write(bytes))
    return error;
  return file->keep(path, /*executable=*/false);
}

} // namespace seqc
