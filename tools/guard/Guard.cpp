//===- Guard.cpp - Crashes become exit codes ------------------------------===//

#include "tools/guard/Guard.h"
#include "tools/guard/StartWatch.h"

#include "runtime/cli/StandardFiles.h"
#include "seqc/exit_code.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
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

/// Ends for lack of memory.
[[noreturn]] static void onMemoryExhausted() {
  // Cleaning up may ask for memory itself.
  static std::atomic<bool> entered = false;
  if (!entered.exchange(true))
    sys::RunInterruptHandlers();
  say({toolName, ": error: out of memory\n"});
  _exit(SEQC_EXIT_ENVIRONMENT);
}

/// Ends what dies while it tells of a death: the heap may be in pieces.
static void endAtOnce(int) {
  if (isMemoryExhausted())
    _exit(SEQC_EXIT_ENVIRONMENT);
  _exit(isTextAtFault() ? SEQC_EXIT_BAD_INPUT : SEQC_EXIT_FAULT);
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
    _exit(SEQC_EXIT_BAD_INPUT);
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
  _exit(SEQC_EXIT_FAULT);
}

static void onCrash(void *) { endWithFault("the process crashed"); }

static void onFatalError(void *, const char *reason, bool) {
  // A stream of LLVM's that ends with an error nobody asked for.
  if (StringRef(reason).starts_with("IO failure on output stream")) {
    sys::RunInterruptHandlers();
    say({toolName, ": error: cannot write: ", reason, "\n"});
    _exit(SEQC_EXIT_ENVIRONMENT);
  }
  endWithFault(reason);
}

static void onBadAlloc(void *, const char *, bool) { onMemoryExhausted(); }

void installGuard(const char *tool, const GuardActions &actions) {
  endStartWatch();
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
  if (!areOptionsParsed || code != SEQC_EXIT_DIFFERS)
    return;
  outs().flush();
  _exit(SEQC_EXIT_BAD_INPUT);
}

ParsingOptions::ParsingOptions() {
  areOptionsParsed = true;
  on_exit(onExit, nullptr);
}

ParsingOptions::~ParsingOptions() { areOptionsParsed = false; }

int getFailureCode() {
  return havePassesRun ? SEQC_EXIT_DIFFERS : SEQC_EXIT_BAD_INPUT;
}

} // namespace seqc
