//===- Reproducer.cpp - What is left when seqc itself fails ---------------===//

#include "tools/driver/Reproducer.h"
#include "compiler/CodeGen/Toolchain.h"
#include "tools/driver/ExitCode.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <csignal>
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

static void say(const char *text) {
  (void)writeAll(STDERR_FILENO, text, std::strlen(text));
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

/// Says what happened, leaves a reproducer, and ends.
[[noreturn]] static void endWithFault(const char *reason) {
  say("seqc: error: a fault in seqc itself");
  if (!getWork().what.empty()) {
    say(" in ");
    say(getWork().what.c_str());
  }
  say(": ");
  say(reason);
  say("\n");
  std::string replay = writeReproducer();
  if (!replay.empty()) {
    say("seqc: note: a reproducer was written; replay it with\n  ");
    say(replay.c_str());
    say("\n");
  }
  _exit(static_cast<int>(ExitCode::Fault));
}

static void onCrash(void *) {
  // The linker may have written since LLVM removed the temporary files.
  endRunningProgram();
  sys::RunInterruptHandlers();
  endWithFault("the process crashed");
}

static void onFatalError(void *, const char *reason, bool) {
  sys::RunInterruptHandlers();
  endWithFault(reason);
}

/// Ends for lack of memory.
[[noreturn]] static void onMemoryExhausted() {
  // Cleaning up may ask for memory itself.
  static std::atomic<bool> entered = false;
  if (!entered.exchange(true))
    sys::RunInterruptHandlers();
  say("seqc: error: out of memory\n");
  _exit(static_cast<int>(ExitCode::Environment));
}

static void onBadAlloc(void *, const char *, bool) { onMemoryExhausted(); }

void installFaultHandlers() {
  // Touched now, so that a handler does not construct it.
  clearWork();
  // What the caller ignores, as nohup does, stays ignored; LLVM's handlers
  // would remove the temporary files and go on without them. A file that grows
  // too large is an error of write(), not the end of the process.
  SmallVector<int> ignored{SIGXFSZ};
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler == SIG_IGN)
      ignored.push_back(signal);
  }
  sys::AddSignalHandler(onCrash, nullptr);
  for (int signal : ignored)
    std::signal(signal, SIG_IGN);
  install_fatal_error_handler(onFatalError);
  install_bad_alloc_error_handler(onBadAlloc);
  std::set_new_handler(onMemoryExhausted);
}

} // namespace seqc
