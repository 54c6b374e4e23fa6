//===- Reproducer.cpp - What is left when seqc itself fails ---------------===//

#include "tools/driver/Reproducer.h"
#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/Toolchain.h"
#include "tools/guard/Guard.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

namespace {
/// The record. Plain memory: the handler of a crash reads it.
struct Work {
  std::string what, command, text;
};
} // namespace

static Work &getWork() {
  static Work work;
  return work;
}

void recordWork(StringRef what, StringRef command, std::string text) {
  Work &work = getWork();
  work.what = what.str();
  work.command = command.str();
  work.text = std::move(text);
}

void clearWork() { recordWork("", "", ""); }

/// Writes all of `text`; false when the disk refuses.
static bool writeAll(int descriptor, const char *text, size_t size) {
  while (size > 0) {
    ssize_t count = write(descriptor, text, size);
    if (count <= 0)
      return false;
    text += count;
    size -= count;
  }
  return true;
}

std::string writeReproducer() {
  const Work &work = getWork();
  if (work.text.empty())
    return {};
  const char *folder = std::getenv("TMPDIR");
  char path[512];
  std::snprintf(path, sizeof(path), "%s/seqc-reproducer-XXXXXX.mlir",
                folder && *folder ? folder : "/tmp");
  int descriptor = mkstemps(path, 5);
  if (descriptor < 0)
    return {};
  char command[2048];
  std::snprintf(command, sizeof(command), work.command.c_str(), path);
  bool good = writeAll(descriptor, "// ", 3) &&
              writeAll(descriptor, command, std::strlen(command)) &&
              writeAll(descriptor, "\n", 1) &&
              writeAll(descriptor, work.text.data(), work.text.size());
  close(descriptor);
  if (!good) {
    unlink(path);
    return {};
  }
  return command;
}

static const char *describeWork() { return getWork().what.c_str(); }

static void leaveReproducer() {
  std::string replay = writeReproducer();
  if (replay.empty())
    return;
  sayInHandler("seqc: note: a reproducer was written; replay it with\n  ");
  sayInHandler(replay.c_str());
  sayInHandler("\n");
}

void installFaultHandlers() {
  // Touched now, so that a handler does not construct it.
  clearWork();
  removeTemporaryFilesOnSignal();
  // The linker may have written since LLVM removed the temporary files.
  installGuard("seqc", {endRunningProgram, describeWork, leaveReproducer});
}

} // namespace seqc
