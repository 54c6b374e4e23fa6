//===- TestScript.cpp - The script that judges candidates -----------------===//

#include "tools/seqc-reduce/TestScript.h"

#include "seqc/exit_code.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace llvm;
using namespace seqc;

/// What follows the code that a script ended with.
static constexpr StringLiteral kRequiredCodes =
    "; required is 1 (interesting) or 0 (not)";
static constexpr StringLiteral kNotCounted = "; such candidates do not count";

/// Ends the program.
[[noreturn]] static void stop(int code, const Twine &message) {
  errs() << "seqc-reduce: error: " << message << "\n";
  sys::RunInterruptHandlers();
  std::exit(code);
}

/// Starts a program in a process group of its own, with nothing to read. Where
/// that fails `errno` says why.
static pid_t start(ArrayRef<std::string> words) {
  SmallVector<char *> argv;
  for (const std::string &word : words)
    argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  // Closed by the program's start, or given the reason why there is none.
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0)
      dup2(nothing, STDIN_FILENO);
    // As shells do, takes a text without a first line for one of the shell.
    execvp(argv[0], argv.data());
    int problem = errno;
    ssize_t written = write(ends[1], &problem, sizeof(problem));
    _exit(written == sizeof(problem) ? 127 : 126);
  }
  int problem = child < 0 ? errno : 0;
  close(ends[1]);
  if (child > 0 &&
      sys::RetryAfterSignal(-1, read, ends[0], &problem, sizeof(problem)) > 0) {
    waitpid(child, nullptr, 0);
    child = -1;
  }
  close(ends[0]);
  errno = problem;
  return child;
}

/// Waits for `child` until `limit` seconds have gone; false if they have.
static bool waitFor(pid_t child, unsigned limit, int &status) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point end = Clock::now() + std::chrono::seconds(limit);
  auto pause = std::chrono::microseconds(200);
  while (true) {
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR))
      return true;
    if (Clock::now() >= end)
      return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(5000));
  }
}

/// The absolute path of the program `name`.
static Expected<std::string> findProgram(StringRef name) {
  SmallString<128> path(name);
  std::error_code problem = sys::fs::make_absolute(path);
  if (!problem && sys::fs::is_directory(path))
    problem = std::make_error_code(std::errc::is_a_directory);
  else if (!problem)
    problem = sys::fs::access(path, sys::fs::AccessMode::Execute);
  if (!problem)
    return path.str().str();
  bool isPath = name.contains('/');
  if (!isPath)
    if (ErrorOr<std::string> program = sys::findProgramByName(name)) {
      path = *program;
      if (!sys::fs::make_absolute(path))
        return path.str().str();
    }
  bool isAbsent = problem == std::errc::no_such_file_or_directory;
  return createStringError("test script '" + name + "': " +
                           (isAbsent && !isPath
                                ? "neither in the current folder nor in PATH"
                                : problem.message()) +
                           "; required is an executable file");
}

Expected<TestScript> TestScript::find(StringRef pass, StringRef name,
                                      std::vector<std::string> arguments,
                                      unsigned timeLimit) {
  if (name.empty())
    return createStringError("option 'test' of " + pass +
                             " is missing; required is an executable file");
  if (timeLimit == 0)
    return createStringError("option 'time-limit' of " + pass +
                             " is '0'; required is a number of seconds");
  Expected<std::string> path = findProgram(name);
  if (!path)
    return path.takeError();
  TestScript script;
  script.name = name.str();
  script.path = *path;
  script.arguments = std::move(arguments);
  script.timeLimit = timeLimit;
  return script;
}

std::string TestScript::describeTimeout() const {
  return "test script '" + name + "' ran longer than the time limit of " +
         std::to_string(timeLimit) +
         " s and was stopped; its candidate does not count";
}

std::string TestScript::describeCode(int code) const {
  return ("test script '" + name + "' ended with " + Twine(code) +
          kRequiredCodes)
      .str();
}

std::optional<int> TestScript::run(StringRef file) const {
  std::vector<std::string> words{path};
  append_range(words, arguments);
  words.push_back(file.str());
  pid_t child = start(words);
  if (child < 0) {
    bool isMachine = errno == ENOMEM || errno == EAGAIN || errno == EMFILE ||
                     errno == ENFILE;
    stop(isMachine ? SEQC_EXIT_ENVIRONMENT : SEQC_EXIT_BAD_INPUT,
         "test script '" + name + "' cannot be started: " +
             std::strerror(errno) + "; required is an executable file");
  }
  int status = 0;
  if (!waitFor(child, timeLimit, status)) {
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    errs() << "seqc-reduce: note: " << describeTimeout() << "\n";
    return std::nullopt;
  }
  if (WIFSIGNALED(status)) {
    errs() << "seqc-reduce: note: test script '" << name << "' ended by signal "
           << WTERMSIG(status) << "; its candidate does not count\n";
    return std::nullopt;
  }
  return WEXITSTATUS(status);
}

std::optional<int> TestScript::run(mlir::ModuleOp module) const {
  SmallString<128> file;
  int descriptor;
  if (std::error_code code =
          sys::fs::createTemporaryFile("seqc-reduce", "mlir", descriptor, file))
    stop(SEQC_EXIT_ENVIRONMENT,
         "cannot make a temporary file: " + code.message());
  FileRemover remover(file);
  sys::RemoveFileOnSignal(file);
  raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  module.print(os);
  os.close();
  if (std::error_code code = os.error()) {
    os.clear_error();
    stop(SEQC_EXIT_ENVIRONMENT,
         "cannot write '" + file + "': " + code.message());
  }
  std::optional<int> code = run(StringRef(file));
  sys::DontRemoveFileOnSignal(file);
  return code;
}

bool TestScript::isInteresting(mlir::ModuleOp module) const {
  std::optional<int> code = run(module);
  static bool told = false;
  if (code && *code > 1 && !std::exchange(told, true))
    errs() << "seqc-reduce: note: " << describeCode(*code) << kNotCounted
           << "\n";
  return code == 1;
}

bool TestScript::isInputInteresting(mlir::ModuleOp module) const {
  std::optional<int> code = run(module);
  if (code && *code > 1)
    stop(SEQC_EXIT_BAD_INPUT, describeCode(*code) + " for the input");
  return code == 1;
}

/// `text` as a word of the shell.
static std::string quote(StringRef text) {
  std::string quoted = "'";
  for (char c : text)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

ScriptForShell::ScriptForShell(const TestScript &script) : script(script) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code code =
          sys::fs::createTemporaryFile("seqc-reduce", "sh", descriptor, path))
    stop(SEQC_EXIT_ENVIRONMENT,
         "cannot make a temporary file: " + code.message());
  file = path.str().str();
  told = file + ".told";
  for (const std::string &one : {file, told})
    sys::RemoveFileOnSignal(one);
  raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  // What the shell itself says about a stopped program is not heard.
  os << "( timeout -s KILL " << script.timeLimit << " " << quote(script.path)
     << " \"$@\" < /dev/null 2>&3 3>&-; exit $? ) 3>&2 2> /dev/null\n"
        "code=$?\n"
        "[ $code -le 1 ] && exit $code\n"
        "if [ $code = 137 ]; then\n"
        "  echo "
     << quote("seqc-reduce: note: " + script.describeTimeout())
     << " >&2\n"
        "elif [ ! -e "
     << quote(told) << " ]; then\n  : > " << quote(told) << "\n  echo "
     << quote("seqc-reduce: note: test script '" + script.name +
              "' ended with ")
     << "$code" << quote((Twine(kRequiredCodes) + kNotCounted).str())
     << " >&2\nfi\nexit 0\n";
  os.close();
  if (std::error_code code = os.error()) {
    os.clear_error();
    stop(SEQC_EXIT_ENVIRONMENT,
         "cannot write '" + file + "': " + code.message());
  }
}

ScriptForShell::~ScriptForShell() {
  for (const std::string &one : {file, told}) {
    sys::fs::remove(one);
    sys::DontRemoveFileOnSignal(one);
  }
}

std::vector<std::string> ScriptForShell::getArguments() const {
  std::vector<std::string> all{file};
  append_range(all, script.arguments);
  return all;
}
