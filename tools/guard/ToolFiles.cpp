//===- ToolFiles.cpp - Files that a tool reads and writes -----------------===//

#include "tools/guard/ToolFiles.h"

#include "seqc/exit_code.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace seqc {

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
    return SEQC_EXIT_BAD_INPUT;
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
  return SEQC_EXIT_ENVIRONMENT;
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
      code = code ? code : SEQC_EXIT_ENVIRONMENT;
    }
  }
  errs().clear_error();
  return code;
}

} // namespace seqc
