//===- TestCommand.cpp - seqc test ----------------------------------------===//
//
// Each folder runs in a process of its own, so that a crash is that folder's
// failure.
//
//===----------------------------------------------------------------------===//

#include "compiler/CodeGen/OutputFile.h"
#include "tools/driver/Commands.h"
#include "tools/driver/TestCases.h"

#include "llvm/Support/JSON.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

using Clock = std::chrono::steady_clock;

namespace {
/// A test that runs in a child.
struct Child {
  size_t index;
  pid_t process;
  int pipe;
  /// What it wrote to standard error, or -1 if that was passed on at once.
  int log;
  Clock::time_point begin;
};

/// What is known of a test.
struct Record {
  TestOutcome outcome;
  double seconds = 0;
};
} // namespace

/// First byte of a child's message.
static constexpr char kLetters[] = {'P', 'F', 'U'};

/// Starts the test of `folder`.
static Expected<Child> startTest(size_t index, StringRef folder,
                                 const Arguments &arguments,
                                 const cli::RunOptions &options,
                                 Reporter &reporter) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return makeFailure(FailureKind::Environment,
                       Twine("cannot start a test: ") + std::strerror(errno));
  // A result line says why; the messages behind it are of use for a failure.
  int log = arguments.has("--quiet") ? memfd_create("log", MFD_CLOEXEC) : -1;
  outs().flush();
  pid_t process = fork();
  if (process < 0) {
    close(ends[0]);
    close(ends[1]);
    if (log >= 0)
      close(log);
    return makeFailure(FailureKind::Environment,
                       Twine("cannot start a test: ") + std::strerror(errno));
  }
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    close(ends[0]);
    if (log >= 0)
      dup2(log, STDERR_FILENO);
    TestOutcome outcome = runTestFolder(folder, arguments, options, reporter);
    std::string text(1, kLetters[static_cast<int>(outcome.result)]);
    // One line, of a length that a pipe takes at once.
    for (char c : StringRef(outcome.reason).take_front(3000))
      text += c == '\n' ? ' ' : c;
    (void)!write(ends[1], text.data(), text.size());
    _exit(0);
  }
  close(ends[1]);
  return Child{index, process, ends[0], log, Clock::now()};
}

/// Reads `file` to its end and closes it.
static std::string readAll(int file) {
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(file, buffer, sizeof(buffer))) != 0;) {
    if (count < 0 && errno != EINTR)
      break;
    if (count > 0)
      text.append(buffer, count);
  }
  close(file);
  return text;
}

/// Waits for `child` and reads what it found.
static Record finishTest(const Child &child) {
  std::string text = readAll(child.pipe);
  int status = 0;
  while (waitpid(child.process, &status, 0) < 0 && errno == EINTR)
    ;
  Record record;
  record.seconds =
      std::chrono::duration<double>(Clock::now() - child.begin).count();
  if (WIFSIGNALED(status)) {
    record.outcome = {TestResult::Fail, std::string("ended by signal ") +
                                            strsignal(WTERMSIG(status))};
  } else if (text.empty()) {
    record.outcome = {TestResult::Fail,
                      "ended with exit code " +
                          std::to_string(WEXITSTATUS(status))};
  } else {
    auto *letter =
        std::find(std::begin(kLetters), std::end(kLetters), text.front());
    record.outcome = {static_cast<TestResult>(letter - std::begin(kLetters)),
                      text.substr(1)};
  }
  if (child.log >= 0) {
    lseek(child.log, 0, SEEK_SET);
    std::string messages = readAll(child.log);
    if (record.outcome.result == TestResult::Fail)
      errs() << messages;
  }
  return record;
}

/// The first child that has something to say.
static std::vector<Child>::iterator waitForOne(std::vector<Child> &running) {
  std::vector<pollfd> ends;
  for (const Child &child : running)
    ends.push_back({child.pipe, POLLIN, 0});
  while (poll(ends.data(), ends.size(), -1) < 0 && errno == EINTR)
    ;
  auto ready =
      find_if(ends, [](const pollfd &end) { return end.revents != 0; });
  return running.begin() + (ready == ends.end() ? 0 : ready - ends.begin());
}

static const char *getWord(TestResult result) {
  static constexpr const char *words[] = {"PASS", "FAIL", "UNSUPPORTED"};
  return words[static_cast<int>(result)];
}

/// Prints what is finished, in order, from `next` on.
static void printReady(ArrayRef<std::string> folders,
                       ArrayRef<std::optional<Record>> records, size_t &next) {
  for (; next < records.size() && records[next]; ++next) {
    const TestOutcome &outcome = records[next]->outcome;
    outs() << getWord(outcome.result) << " " << folders[next];
    if (!outcome.reason.empty())
      outs() << (outcome.result == TestResult::Fail ? ": " : " ")
             << outcome.reason;
    outs() << "\n";
  }
  outs().flush();
}

static Expected<bool> test(const Arguments &arguments, Reporter &reporter) {
  if (arguments.positional.empty())
    return makeFailure(FailureKind::BadInput,
                       "'seqc test' needs a folder; usage: seqc test DIR...");
  Expected<std::vector<std::string>> folders =
      findTestFolders(arguments.positional);
  if (!folders)
    return folders.takeError();
  Expected<int64_t> jobs = getNumber(arguments, "--jobs", 1, 1, 1024);
  if (!jobs)
    return jobs.takeError();
  Expected<cli::RunOptions> options =
      readRunOptions(arguments, /*texts=*/false);
  if (!options)
    return options.takeError();

  std::string file = arguments.get("--json");
  bool onlyJSON = arguments.has("--json") && file.empty();
  std::vector<std::optional<Record>> records(folders->size());
  std::vector<Child> running;
  size_t started = 0, printed = 0;
  while (started < folders->size() || !running.empty()) {
    while (started < folders->size() &&
           running.size() < static_cast<size_t>(*jobs)) {
      Expected<Child> child = startTest(started, (*folders)[started], arguments,
                                        *options, reporter);
      if (!child)
        return child.takeError();
      running.push_back(*child);
      ++started;
    }
    auto finished = waitForOne(running);
    records[finished->index] = finishTest(*finished);
    running.erase(finished);
    if (!onlyJSON)
      printReady(*folders, records, printed);
  }

  size_t counts[3] = {};
  json::Array list;
  for (auto [folder, record] : zip(*folders, records)) {
    ++counts[static_cast<int>(record->outcome.result)];
    list.push_back(
        json::Object{{"name", folder},
                     {"result", getWord(record->outcome.result)},
                     {"reason", json::fixUTF8(record->outcome.reason)},
                     {"seconds", record->seconds}});
  }
  if (!onlyJSON)
    outs() << counts[0] << " passed, " << counts[1] << " failed, " << counts[2]
           << " skipped\n";
  if (arguments.has("--json")) {
    json::Value report(json::Object{{"tests", std::move(list)},
                                    {"passed", counts[0]},
                                    {"failed", counts[1]},
                                    {"skipped", counts[2]}});
    std::string text = formatv("{0:2}\n", report).str();
    if (onlyJSON)
      outs() << text;
    else if (Error error = writeFile(file, text))
      return error;
  }
  return counts[1] == 0;
}

ExitCode runTest(const Arguments &arguments, Reporter &reporter) {
  Expected<bool> passed = test(arguments, reporter);
  if (!passed)
    return reporter.fail(passed.takeError());
  return *passed ? ExitCode::Done : ExitCode::Differs;
}

} // namespace seqc
