//===- Toolchain.cpp - Linker, start files and archives -------------------===//

#include "compiler/CodeGen/Toolchain.h"
#include "compiler/CodeGen/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

std::vector<const ToolchainPiece *> Toolchain::getPieces() const {
  return {&linker,           &startFile,  &initBegin,
          &gccBegin,         &gccEnd,     &initEnd,
          &dynamicLinker,    &cxxLibrary, &gccLibrary,
          &gccUnwindLibrary, &cLibrary,   &mathLibrary,
          &runtime,          &cli,        &main,
          &adapter,          &dnn};
}

/// `folder/name` if it exists, else nothing.
static std::string findIn(ArrayRef<std::string> folders, StringRef name) {
  for (const std::string &folder : folders) {
    SmallString<128> path(folder);
    sys::path::append(path, name);
    if (sys::fs::exists(path))
      return path.str().str();
  }
  return {};
}

/// Folders of GCC's own files, newest release first.
static std::vector<std::string> findGccFolders() {
  std::vector<std::pair<unsigned, std::string>> found;
  for (StringRef base :
       {"/usr/lib/gcc/x86_64-linux-gnu", "/usr/lib64/gcc/x86_64-linux-gnu",
        "/usr/lib/gcc/x86_64-redhat-linux", "/usr/lib/gcc/x86_64-pc-linux-gnu",
        "/usr/lib64/gcc/x86_64-suse-linux"}) {
    std::error_code code;
    for (sys::fs::directory_iterator it(base, code), end; it != end && !code;
         it.increment(code)) {
      unsigned release = 0;
      StringRef name = sys::path::filename(it->path());
      if (name.split('.').first.getAsInteger(10, release) ||
          !sys::fs::exists(it->path() + "/crtbeginS.o") ||
          !sys::fs::exists(it->path() + "/libstdc++.a"))
        continue;
      found.push_back({release, it->path()});
    }
  }
  llvm::sort(found, std::greater<>());
  std::vector<std::string> folders;
  for (auto &[release, folder] : found)
    folders.push_back(folder);
  return folders;
}

/// Asks the system's C compiler where `name` lies.
static std::string askCompiler(StringRef name) {
  ErrorOr<std::string> compiler = sys::findProgramByName("cc");
  if (!compiler)
    return {};
  int pipeEnds[2];
  if (pipe2(pipeEnds, O_CLOEXEC) != 0)
    return {};
  std::string argument = ("-print-file-name=" + name).str();
  pid_t child = fork();
  if (child == 0) {
    dup2(pipeEnds[1], STDOUT_FILENO);
    execl(compiler->c_str(), "cc", argument.c_str(),
          static_cast<char *>(nullptr));
    _exit(127);
  }
  close(pipeEnds[1]);
  std::string text;
  char buffer[512];
  for (ssize_t count;
       child > 0 && (count = read(pipeEnds[0], buffer, sizeof(buffer))) > 0;)
    text.append(buffer, count);
  close(pipeEnds[0]);
  if (child > 0)
    waitpid(child, nullptr, 0);
  StringRef path = StringRef(text).rtrim();
  return path.contains('/') && sys::fs::exists(path) ? path.str()
                                                     : std::string();
}

static std::string findLinker() {
  if (const char *named = std::getenv("SEQC_LINKER"))
    return sys::fs::can_execute(named) ? named : std::string();
  // Plain `ld.lld` on the path may be an older release: it comes last.
  for (StringRef name : {"/usr/lib/llvm-22/bin/ld.lld", "ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return {};
}

Toolchain findToolchain(StringRef programPath, StringRef libraryFolder) {
  std::vector<std::string> system = {"/usr/lib/x86_64-linux-gnu",
                                     "/lib/x86_64-linux-gnu", "/usr/lib64",
                                     "/lib64", "/usr/lib"};
  std::vector<std::string> gcc = findGccFolders();
  std::vector<std::string> own;
  if (const char *named = std::getenv("SEQC_LIB_DIR")) {
    own.push_back(named);
  } else if (!libraryFolder.empty()) {
    own.push_back(libraryFolder.str());
  } else {
    StringRef base =
        sys::path::parent_path(sys::path::parent_path(programPath));
    own.push_back((base + "/lib").str());
    own.push_back((base + "/lib/seqc").str());
    own.push_back((base + "/lib/x86_64-linux-gnu").str());
  }
  auto find = [&](ArrayRef<std::string> folders, StringRef name,
                  StringRef remedy) {
    std::string path = findIn(folders, name);
    if (path.empty())
      path = askCompiler(name);
    return ToolchainPiece{name.str(), path, remedy.str()};
  };
  auto findOwn = [&](StringRef name, StringRef remedy) {
    return ToolchainPiece{name.str(), findIn(own, name), remedy.str()};
  };
  StringRef libc = "apt-get install libc6-dev";
  StringRef libgcc = "apt-get install g++";
  StringRef rebuild = "build or install seqc completely, or set SEQC_LIB_DIR";

  Toolchain tools;
  tools.linker = {"ld.lld", findLinker(),
                  "apt-get install lld-22, or set SEQC_LINKER"};
  tools.startFile = find(system, "Scrt1.o", libc);
  tools.initBegin = find(system, "crti.o", libc);
  tools.initEnd = find(system, "crtn.o", libc);
  tools.gccBegin = find(gcc, "crtbeginS.o", libgcc);
  tools.gccEnd = find(gcc, "crtendS.o", libgcc);
  tools.cxxLibrary = find(gcc, "libstdc++.a", libgcc);
  tools.gccLibrary = find(gcc, "libgcc.a", libgcc);
  tools.gccUnwindLibrary = find(gcc, "libgcc_eh.a", libgcc);
  tools.cLibrary = find(system, "libc.so", libc);
  tools.mathLibrary = find(system, "libm.so", libc);
  tools.dynamicLinker = {
      "dynamic linker",
      findIn({"/lib64", "/lib/x86_64-linux-gnu"}, "ld-linux-x86-64.so.2"),
      "apt-get install libc6"};
  // The path that programs of this platform name, wherever the file itself
  // lies.
  if (!tools.dynamicLinker.path.empty())
    tools.dynamicLinker.path = "/lib64/ld-linux-x86-64.so.2";
  tools.runtime = findOwn("libseqc_runtime.a", rebuild);
  tools.cli = findOwn("libseqc_cli.a", rebuild);
  tools.main = findOwn("libseqc_cli_main.a", rebuild);
  tools.adapter = findOwn("libseqc_runtime_onednn.a",
                          "apt-get install libdnnl-dev, then build seqc again");
  tools.dnn = find(system, "libdnnl.so", "apt-get install libdnnl-dev");
  return tools;
}

/// The child that runProgram() waits for; 0 if there is none.
static std::atomic<pid_t> runningProgram = 0;

void endRunningProgram() {
  pid_t child = runningProgram.exchange(0);
  if (child <= 0)
    return;
  kill(child, SIGTERM);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR)
    ;
}

int runProgram(StringRef program, ArrayRef<std::string> arguments,
               std::string &output) {
  std::string path = program.str();
  SmallVector<char *> argv{path.data()};
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  output.clear();
  int pipeEnds[2];
  if (pipe2(pipeEnds, O_CLOEXEC) != 0) {
    output = std::strerror(errno);
    return -1;
  }
  // An interrupt waits for the child, which else would write files that are
  // removed already. A terminal interrupts both at once.
  InterruptGuard guard;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    pthread_sigmask(SIG_SETMASK, &guard.getSignalsBefore(), nullptr);
    // A compilation that is killed takes its linker along.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
      _exit(127);
    dup2(pipeEnds[1], STDERR_FILENO);
    dup2(pipeEnds[1], STDOUT_FILENO);
    execv(path.c_str(), argv.data());
    dprintf(STDERR_FILENO, "%s: %s\n", path.c_str(), std::strerror(errno));
    _exit(127);
  }
  close(pipeEnds[1]);
  if (child < 0) {
    output = std::strerror(errno);
    close(pipeEnds[0]);
    return -1;
  }
  runningProgram = child;
  char buffer[4096];
  for (;;) {
    ssize_t count = read(pipeEnds[0], buffer, sizeof(buffer));
    if (count > 0)
      output.append(buffer, count);
    else if (count == 0 || errno != EINTR)
      break;
  }
  close(pipeEnds[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  runningProgram = 0;
  if (WIFEXITED(status))
    return WEXITSTATUS(status);
  if (WIFSIGNALED(status))
    output += std::string("ended by signal ") + strsignal(WTERMSIG(status));
  return -1;
}

} // namespace seqc
