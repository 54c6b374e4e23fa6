//===- OutputFile.cpp - Files that appear whole or not at all ------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/OutputFile.h"
#include "runtime/cli/RunModel.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// Name of the temporary file that is being written, for the signal handler.
char temporaryPath[PATH_MAX];
volatile sig_atomic_t temporaryActive = 0;

void onSignal(int signal) {
  if (temporaryActive)
    unlink(temporaryPath);
  ::signal(signal, SIG_DFL);
  raise(signal);
}

/// Name of the program, for the message about memory.
const char *memoryProgram = nullptr;

[[noreturn]] void onMemoryExhausted() {
  if (temporaryActive)
    unlink(temporaryPath);
  for (const char *text : {memoryProgram, ": error: out of memory\n"})
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0)
      break;
  _exit(ExitEnvironment);
}

Status failure(const std::string &path, int error) {
  return Status(SEQC_IO,
                "cannot write '" + path + "': " + std::strerror(error));
}

/// Writes everything; 0 or the error's number.
int writeAll(int fd, std::string_view contents) {
  while (!contents.empty()) {
    ssize_t count = write(fd, contents.data(), contents.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return errno;
    contents.remove_prefix(size_t(count));
  }
  return 0;
}

} // namespace

void seqc::cli::removeTemporariesOnSignals() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action;
    // A signal that was ignored for us stays ignored.
    if (sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler == SIG_DFL)
      ::signal(signal, onSignal);
  }
}

void seqc::cli::endWithoutMemory(const char *program) {
  memoryProgram = program;
  std::set_new_handler(onMemoryExhausted);
}

Status seqc::cli::writeFileWhole(const std::string &path,
                                 std::string_view contents) {
  struct stat info;
  std::string target = path;
  if (stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode))
      return failure(path, EISDIR);
    if (!S_ISREG(info.st_mode)) {
      int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
      int error = fd < 0 ? errno : writeAll(fd, contents);
      if (fd >= 0 && close(fd) != 0 && error == 0)
        error = errno;
      return error ? failure(path, error) : Status();
    }
    // What a link points to is replaced, not the link.
    char resolved[PATH_MAX];
    if (realpath(path.c_str(), resolved))
      target = resolved;
  }
  std::string temporary = target + ".tmp-" + std::to_string(getpid());
  if (temporary.size() >= sizeof temporaryPath)
    return failure(path, ENAMETOOLONG);
  std::memcpy(temporaryPath, temporary.c_str(), temporary.size() + 1);
  // One that an earlier process of this number left behind.
  unlink(temporaryPath);
  int fd = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return failure(path, errno);
  temporaryActive = 1;
  int error = writeAll(fd, contents);
  if (close(fd) != 0 && error == 0)
    error = errno;
  if (error == 0 && rename(temporaryPath, target.c_str()) != 0)
    error = errno;
  if (error != 0)
    unlink(temporaryPath);
  temporaryActive = 0;
  return error ? failure(path, error) : Status();
}
