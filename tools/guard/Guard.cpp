//===- Guard.cpp - Crashes become exit codes ------------------------------===//

#include "tools/guard/Guard.h"

#include "runtime/cli/StandardFiles.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

// Plain memory: the handler of a crash reads it.
static const char *toolName = "seqc";
static GuardActions guardActions;
static char textName[512];
static std::atomic<bool> isReading;
static std::atomic<int> runningPasses;
static std::atomic<bool> havePassesRun, areOptionsParsed;

/// Exit codes of the contract, as tools/driver/ExitCode.h lists them.
enum : int { ExitNo = 1, ExitBadInput = 2, ExitFault = 4, ExitEnvironment = 5 };

void sayInHandler(const char *text) {
  for (size_t size = std::strlen(text); size > 0;) {
    ssize_t count = write(STDERR_FILENO, text, size);
    if (count <= 0)
      return;
    text += count;
    size -= count;
  }
}

static void say(std::initializer_list<const char *> texts) {
  for (const char *text : texts)
    sayInHandler(text);
}

static void cleanUp() {
  if (guardActions.cleanUp)
    guardActions.cleanUp();
  sys::RunInterruptHandlers();
}

/// Whether a crash now is put down to the text that is read.
static bool isTextAtFault() { return isReading && runningPasses == 0; }

/// Whether next to no memory is left: MLIR uses some of what malloc() gives
/// without a look at it.
static bool isMemoryExhausted() {
  // More than malloc() asks the system for at a time, or a thread for its stack.
  constexpr size_t kProbe = size_t(64) << 20;
  void *probe = mmap(nullptr, kProbe, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED)
    return true;
  munmap(probe, kProbe);
  return false;
}

/// Ends for lack of memory.
[[noreturn]] static void onMemoryExhausted() {
  // Cleaning up may ask for memory itself.
  static std::atomic<bool> entered = false;
  if (!entered.exchange(true))
    sys::RunInterruptHandlers();
  say({toolName, ": error: out of memory\n"});
  _exit(ExitEnvironment);
}

/// Ends what dies while it tells of a death: the heap may be in pieces.
static void endAtOnce(int) {
  if (isMemoryExhausted())
    _exit(ExitEnvironment);
  _exit(isTextAtFault() ? ExitBadInput : ExitFault);
}

/// Says what happened, cleans up, leaves what repeats it, and ends.
[[noreturn]] static void endWithFault(const char *reason) {
  // Or whoever crashed holds the lock of the heap.
  constexpr unsigned kMostSeconds = 20;
  for (int signal : {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV})
    std::signal(signal, endAtOnce);
  alarm(kMostSeconds);
  if (isMemoryExhausted())
    onMemoryExhausted();
  if (isTextAtFault()) {
    say({toolName, ": error: ", textName,
         " cannot be read: MLIR's parser does not survive it (", reason,
         "); required is text that MLIR prints\n"});
    cleanUp();
    _exit(ExitBadInput);
  }
  say({toolName, ": error: a fault in seqc itself"});
  const char *work =
      guardActions.describeWork ? guardActions.describeWork() : "";
  if (*work)
    say({" in ", work});
  say({": ", reason, "\n"});
  cleanUp();
  if (guardActions.leaveReproducer)
    guardActions.leaveReproducer();
  else
    sys::PrintStackTrace(errs());
  _exit(ExitFault);
}

static void onCrash(void *) { endWithFault("the process crashed"); }

static void onFatalError(void *, const char *reason, bool) {
  // A stream of LLVM's that ends with an error nobody asked for.
  if (StringRef(reason).starts_with("IO failure on output stream")) {
    sys::RunInterruptHandlers();
    say({toolName, ": error: cannot write: ", reason, "\n"});
    _exit(ExitEnvironment);
  }
  endWithFault(reason);
}

static void onBadAlloc(void *, const char *, bool) { onMemoryExhausted(); }

/// Whether main() has taken over.
static bool isStarted;

/// Ends a start that constructors of libraries break off.
[[noreturn]] static void endStart() {
  say({toolName, ": error: out of memory\n"});
  _exit(ExitEnvironment);
}

/// Watches over the constructors of libraries, which abort or end the process
/// where they get no memory.
static void watchStart(int, char **arguments, char **) {
  if (const char *name = arguments[0]) {
    const char *slash = std::strrchr(name, '/');
    toolName = slash ? slash + 1 : name;
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

void installGuard(const char *tool, const GuardActions &actions) {
  isStarted = true;
  toolName = tool;
  guardActions = actions;
  cli::prepareStandardFiles();
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

Reading::Reading(StringRef name) {
  name = name.take_front(sizeof(textName) - 1);
  std::memcpy(textName, name.data(), name.size());
  textName[name.size()] = '\0';
  isReading = true;
}

Reading::~Reading() { isReading = false; }

namespace {
/// Counts the passes that run.
class PassWatch : public mlir::PassInstrumentation {
public:
  void runBeforePass(mlir::Pass *, mlir::Operation *) override {
    havePassesRun = true;
    ++runningPasses;
  }
  void runAfterPass(mlir::Pass *, mlir::Operation *) override {
    --runningPasses;
  }
  void runAfterPassFailed(mlir::Pass *, mlir::Operation *) override {
    --runningPasses;
  }
};
} // namespace

void watchPasses(mlir::PassManager &passes) {
  passes.addInstrumentation(std::make_unique<PassWatch>());
}

void watchPasses(mlir::MLIRContext &context) {
  context.registerActionHandler(
      [](function_ref<void()> run, const mlir::tracing::Action &action) {
        bool isPass = isa<mlir::PassExecutionAction>(action);
        havePassesRun = havePassesRun || isPass;
        runningPasses += isPass;
        run();
        runningPasses -= isPass;
      });
}

/// Ends the process where it ends while options are parsed.
static void onExit(int code, void *) {
  if (!areOptionsParsed || code != ExitNo)
    return;
  outs().flush();
  _exit(ExitBadInput);
}

ParsingOptions::ParsingOptions() {
  areOptionsParsed = true;
  on_exit(onExit, nullptr);
}

ParsingOptions::~ParsingOptions() { areOptionsParsed = false; }

int getFailureCode() { return havePassesRun ? ExitNo : ExitBadInput; }

bool checkInput(const char *tool, StringRef path) {
  sys::fs::file_status status;
  if (path == "-" || sys::fs::status(path, status))
    return true;
  bool isDevice = status.type() == sys::fs::file_type::character_file ||
                  status.type() == sys::fs::file_type::block_file;
  if (!isDevice)
    return true;
  errs() << tool << ": error: '" << path
         << "' is a device; required is a file\n";
  return false;
}

int checkOutput(const char *tool, StringRef path) {
  if (path == "-")
    return 0;
  sys::fs::file_status status;
  std::error_code problem = sys::fs::status(path, status);
  if (sys::fs::is_directory(status)) {
    errs() << tool << ": error: output '" << path
           << "' is a folder; required is a file\n";
    return ExitBadInput;
  }
  if (problem == std::errc::no_such_file_or_directory) {
    int descriptor;
    problem = sys::fs::openFileForWrite(path, descriptor);
    if (!problem) {
      sys::Process::SafelyCloseFileDescriptor(descriptor);
      sys::fs::remove(path);
    }
  } else if (!problem && sys::fs::is_regular_file(status)) {
    problem = sys::fs::access(path, sys::fs::AccessMode::Write);
  }
  if (!problem)
    return 0;
  errs() << tool << ": error: cannot write '" << path
         << "': " << problem.message() << "\n";
  return ExitEnvironment;
}

int finishTool(const char *tool, int code) {
  outs().flush();
  if (std::error_code problem = outs().error()) {
    // An error left in a stream ends the process when the stream dies.
    outs().clear_error();
    if (problem != std::errc::broken_pipe) {
      errs() << tool
             << ": error: cannot write standard output: " << problem.message()
             << "\n";
      code = code ? code : ExitEnvironment;
    }
  }
  errs().clear_error();
  return code;
}

} // namespace seqc
