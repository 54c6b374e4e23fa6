//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Everything seqc writes goes to a temporary file beside its destination, which
// is renamed when it is complete. Temporary files are removed on failure and, in
// programs that ask for it, on a signal. Standard output, devices and pipes are written directly.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_OUTPUTFILE_H
#define COMPILER_CODEGEN_OUTPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <memory>
#include <string>
#include <sys/types.h>

namespace seqc {

/// Puts interrupts off for its life, so that they find files and the list of
/// files to remove in agreement.
class InterruptGuard {
public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard &) = delete;
  InterruptGuard &operator=(const InterruptGuard &) = delete;

  /// The signals that were blocked before; a child restores them.
  const sigset_t &getSignalsBefore() const { return before; }

private:
  sigset_t before;
};

/// From now on, signals that end the process remove temporary files first. For
/// programs: a library leaves the signals of its process alone.
void removeTemporaryFilesOnSignal();

/// A temporary file beside `destination`, removed when this object dies, unless
/// kept.
class TemporaryFile {
public:
  /// Creates an empty file `.NAME-XXXXXXXX.SUFFIX` in the folder of
  /// `destination`, or in that for temporary files if the destination is a
  /// stream.
  static llvm::Expected<TemporaryFile> create(llvm::StringRef destination,
                                              llvm::StringRef suffix);

  TemporaryFile(TemporaryFile &&other) noexcept;
  TemporaryFile &operator=(TemporaryFile &&other) noexcept;
  ~TemporaryFile();

  /// Where the file lies.
  llvm::StringRef getPath() const { return path; }

  /// Replaces the content by `bytes`.
  llvm::Error write(llvm::StringRef bytes);

  /// Opens the file for streaming; close with finish().
  llvm::Expected<std::unique_ptr<llvm::raw_fd_ostream>> openStream();

  /// Closes `stream` and reports what went wrong while writing to it.
  llvm::Error finish(std::unique_ptr<llvm::raw_fd_ostream> stream);

  /// Renames the file to `destination` with the permissions of a program or of
  /// data; a stream gets its bytes.
  llvm::Error keep(llvm::StringRef destination, bool executable);

private:
  /// Removes the file, unless it was kept.
  void discard();

  TemporaryFile(std::string path, mode_t allowed)
      : path(std::move(path)), allowed(allowed) {}

  /// Empty once the file was kept.
  std::string path;
  /// The permissions that the process gives to new files.
  mode_t allowed;
};

/// Writes `bytes` to `path` by way of a temporary file; `-` is standard output.
/// Devices and pipes are written directly.
llvm::Error writeFile(llvm::StringRef path, llvm::StringRef bytes);

} // namespace seqc

#endif // COMPILER_CODEGEN_OUTPUTFILE_H
