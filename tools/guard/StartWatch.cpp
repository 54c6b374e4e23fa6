//===- StartWatch.cpp - A start without memory ----------------------------===//

#include "tools/guard/StartWatch.h"
#include "tools/guard/Guard.h"

#include "seqc/exit_code.h"

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace seqc {

/// The name that the program was called by.
static const char *programName = "seqc";

bool isMemoryExhausted() {
  // More than malloc() asks the system for at a time, or a thread for its stack.
  constexpr size_t kProbe = size_t(64) << 20;
  void *probe = mmap(nullptr, kProbe, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED)
    return true;
  munmap(probe, kProbe);
  return false;
}

/// Whether main() has taken over.
static bool isStarted;

/// Ends a start that constructors of libraries break off.
[[noreturn]] static void endStart() {
  sayInHandler(programName);
  sayInHandler(": error: out of memory\n");
  _exit(SEQC_EXIT_ENVIRONMENT);
}

/// Watches over the constructors of libraries, which abort or end the process
/// where they get no memory.
static void watchStart(int, char **arguments, char **) {
  if (const char *name = arguments[0]) {
    const char *slash = std::strrchr(name, '/');
    programName = slash ? slash + 1 : name;
  }
  for (int signal : {SIGABRT, SIGSEGV})
    std::signal(signal, [](int caught) {
      if (isMemoryExhausted())
        endStart();
      std::signal(caught, SIG_DFL);
      std::raise(caught);
    });
  std::atexit([] {
    if (!isStarted)
      endStart();
  });
}

/// Runs before the constructors of libraries do.
[[gnu::section(".preinit_array"), gnu::used]]
static void (*const startWatch)(int, char **, char **) = watchStart;

void endStartWatch() { isStarted = true; }

} // namespace seqc
