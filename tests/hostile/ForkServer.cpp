//===- ForkServer.cpp - The driver, once per line of standard input -------===//
//
// Running seqc for thousands of hostile inputs spends most of its time on
// starting the process. This program starts once and forks for each command:
//
//   in   FOLDER TAB LOG TAB WORD TAB WORD … NEWLINE
//   out  STATUS TAB MILLISECONDS TAB KIBIBYTES NEWLINE
//
// The child works in FOLDER, writes what it says into LOG and runs the driver
// with the words. STATUS is its exit code, `signal N`, `time` or `memory`; the
// time is that of its processors, descendants included, and the memory the
// most that was resident. A child that passes --seconds of time on the clock or
// --megabytes of memory is killed.
//
//===----------------------------------------------------------------------===//

#include "tools/driver/Commands.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

/// What a child may use before it is killed.
struct Limits {
  double seconds = 60;
  long megabytes = 4000;
};

/// How a child ended.
struct Outcome {
  std::string status;
  long milliseconds = 0;
  long kibibytes = 0;
};

std::vector<std::string> splitAtTabs(const std::string &line) {
  std::vector<std::string> words(1);
  for (char c : line)
    if (c == '\t')
      words.emplace_back();
    else
      words.back() += c;
  return words;
}

/// Becomes the command of `words`: folder, log, arguments.
[[noreturn]] void runChild(const std::vector<std::string> &words) {
  // A group of its own, so that descendants can be ended with it.
  setpgid(0, 0);
  int log = open(words[1].c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  int nothing = open("/dev/null", O_RDWR);
  if (log < 0 || nothing < 0 || chdir(words[0].c_str()) != 0)
    _exit(125);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  std::vector<char *> arguments;
  std::string program = "seqc";
  arguments.push_back(program.data());
  for (size_t i = 2; i < words.size(); ++i)
    arguments.push_back(const_cast<char *>(words[i].c_str()));
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  std::exit(seqc::runDriver(count, arguments.data()));
}

/// Memory of a process that is resident now, in MiB.
long residentMegabytes(pid_t process) {
  std::string path = "/proc/" + std::to_string(process) + "/statm";
  long pages = 0;
  if (FILE *file = std::fopen(path.c_str(), "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1)
      pages = 0;
    std::fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
}

Outcome runCommand(const std::vector<std::string> &words,
                   const Limits &limits) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin = Clock::now();
  pid_t child = fork();
  if (child == 0)
    runChild(words);
  Outcome outcome;
  if (child < 0) {
    outcome.status = "no process";
    return outcome;
  }
  int status = 0;
  rusage usage = {};
  while (wait4(child, &status, WNOHANG, &usage) == 0) {
    double passed = std::chrono::duration<double>(Clock::now() - begin).count();
    if (passed > limits.seconds)
      outcome.status = "time";
    else if (residentMegabytes(child) > limits.megabytes)
      outcome.status = "memory";
    if (!outcome.status.empty()) {
      kill(-child, SIGKILL);
      kill(child, SIGKILL);
      wait4(child, &status, 0, &usage);
      break;
    }
    usleep(passed < 0.1 ? 500 : 5000);
  }
  if (outcome.status.empty())
    outcome.status = WIFSIGNALED(status)
                         ? "signal " + std::to_string(WTERMSIG(status))
                         : std::to_string(WEXITSTATUS(status));
  auto toMilliseconds = [](const timeval &time) {
    return time.tv_sec * 1000 + time.tv_usec / 1000;
  };
  outcome.milliseconds =
      toMilliseconds(usage.ru_utime) + toMilliseconds(usage.ru_stime);
  outcome.kibibytes = usage.ru_maxrss;
  return outcome;
}

} // namespace

int main(int argc, char **argv) {
  Limits limits;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.rfind("--seconds=", 0) == 0)
      limits.seconds = std::atof(word.c_str() + 10);
    else if (word.rfind("--megabytes=", 0) == 0)
      limits.megabytes = std::atol(word.c_str() + 12);
    else {
      std::cerr << "unknown option '" << word
                << "'; known are --seconds=S and --megabytes=M\n";
      return 2;
    }
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    std::vector<std::string> words = splitAtTabs(line);
    if (words.size() < 3) {
      std::cerr << "a line needs a folder, a log and a command\n";
      return 2;
    }
    Outcome outcome = runCommand(words, limits);
    std::cout << outcome.status << '\t' << outcome.milliseconds << '\t'
              << outcome.kibibytes << std::endl;
  }
  return 0;
}
