//===- TestScript.cpp - The script that judges candidates -----------------===//

#include "tools/seqc-reduce/TestScript.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
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

using namespace llvm;
using namespace seqc;

/// MLIR's passes with a script.
static constexpr StringLiteral kForeignPasses[] = {"reduction-tree",
                                                   "opt-reduction-pass"};

/// Ends the program because of the machine.
[[noreturn]] static void stop(const Twine &message) {
  errs() << "seqc-reduce: error: " << message << "\n";
  std::exit(5);
}

/// What is said about a script that was stopped.
static std::string describeTimeout(StringRef script, unsigned limit) {
  return ("seqc-reduce: note: test script '" + script +
          "' ran longer than the time limit of " + Twine(limit) +
          " s and was stopped; its candidate does not count")
      .str();
}

/// Starts a program in a process group of its own, with nothing to read.
static pid_t start(ArrayRef<std::string> words) {
  SmallVector<char *> argv;
  for (const std::string &word : words)
    argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = fork();
  if (child != 0)
    return child;
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0)
    dup2(nothing, STDIN_FILENO);
  execv(argv[0], argv.data());
  _exit(127);
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

Error TestScript::check() const {
  if (access(path.c_str(), X_OK) == 0)
    return Error::success();
  return createStringError("test script '" + path + "': " +
                           std::strerror(errno) + "; required is a program");
}

bool TestScript::isInteresting(StringRef file) const {
  std::vector<std::string> words{path};
  append_range(words, arguments);
  words.push_back(file.str());
  pid_t child = start(words);
  if (child < 0)
    stop("test script '" + path + "': " + std::strerror(errno));
  int status = 0;
  if (!waitFor(child, timeLimit, status)) {
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    errs() << describeTimeout(path, timeLimit) << "\n";
    return false;
  }
  if (WIFSIGNALED(status)) {
    errs() << "seqc-reduce: note: test script '" << path << "' ended by signal "
           << WTERMSIG(status) << "; its candidate does not count\n";
    return false;
  }
  return WEXITSTATUS(status) != 0;
}

bool TestScript::isInteresting(mlir::ModuleOp module) const {
  SmallString<128> file;
  int descriptor;
  if (std::error_code code =
          sys::fs::createTemporaryFile("seqc-reduce", "mlir", descriptor, file))
    stop("cannot make a temporary file: " + code.message());
  raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  module.print(os);
  os.close();
  if (std::error_code code = os.error()) {
    os.clear_error();
    sys::fs::remove(file);
    stop("cannot write '" + file + "': " + code.message());
  }
  bool interesting = isInteresting(StringRef(file));
  sys::fs::remove(file);
  return interesting;
}

/// Takes `key=VALUE` out of the options of a pass and returns the value, which
/// may stand in quotes.
static std::optional<std::string> takeOption(std::string &options,
                                             StringRef key) {
  for (size_t at = options.find(key); at != std::string::npos;
       at = options.find(key, at + 1)) {
    bool begins = at == 0 || options[at - 1] == ' ';
    size_t value = at + key.size();
    if (!begins || value >= options.size() || options[value] != '=')
      continue;
    ++value;
    char quote = value < options.size() ? options[value] : ' ';
    bool quoted = quote == '\'' || quote == '"';
    size_t end = options.find(quoted ? quote : ' ', value + quoted);
    if (end == std::string::npos)
      end = options.size();
    std::string found = options.substr(value + quoted, end - value - quoted);
    options.erase(at, std::min(end + 1, options.size()) - at);
    return found;
  }
  return std::nullopt;
}

/// `text` as a word of the shell.
static std::string quote(StringRef text) {
  std::string quoted = "'";
  for (char c : text)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Writes a temporary file, removed when the program ends, for the shell: it
/// runs `script` under a limit, as TestScript does. Another start of this
/// program would take longer than most scripts.
static Expected<std::string> writeLimiter(StringRef script, unsigned limit) {
  static SmallVector<FileRemover, 2> removers;
  SmallString<128> file;
  int descriptor;
  if (std::error_code code =
          sys::fs::createTemporaryFile("seqc-reduce", "sh", descriptor, file))
    return createStringError("cannot make a temporary file: " + code.message());
  removers.emplace_back(file);
  sys::RemoveFileOnSignal(file);
  raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  // What the shell itself says about a stopped program is not heard.
  os << "( timeout -s KILL " << limit << " " << quote(script)
     << " \"$@\" < /dev/null 2>&3 3>&-; exit $? ) 3>&2 2> /dev/null\n"
        "code=$?\n"
        "[ $code = 137 ] || exit $code\n"
        "echo "
     << quote(describeTimeout(script, limit)) << " >&2\n";
  return file.str().str();
}

Error seqc::limitScripts(std::vector<std::string> &arguments) {
  for (std::string &argument : arguments) {
    StringRef word = StringRef(argument);
    StringRef name = word.ltrim('-').split('=').first;
    if (!word.starts_with("-") || !word.contains('=') ||
        !is_contained(kForeignPasses, name))
      continue;
    std::string head = word.split('=').first.str();
    std::string options = word.split('=').second.str();
    unsigned limit = kScriptTimeLimit;
    if (std::optional<std::string> text = takeOption(options, "time-limit"))
      if (StringRef(*text).getAsInteger(10, limit) || limit == 0)
        return createStringError("option 'time-limit' of " + name + " is '" +
                                 *text + "'; required is a number of seconds");
    std::optional<std::string> script = takeOption(options, "test");
    if (!script)
      continue;
    TestScript checked{*script, {}};
    if (Error error = checked.check())
      return error;
    Expected<std::string> file = writeLimiter(*script, limit);
    if (!file)
      return file.takeError();
    argument = head + "=test=/bin/sh test-arg=" + *file + " " + options;
  }
  return Error::success();
}
