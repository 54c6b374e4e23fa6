//===- TestCases.h - Folders of test cases ----------------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_TESTCASES_H
#define TOOLS_DRIVER_TESTCASES_H

#include "tools/driver/Execution.h"

namespace seqc {

/// What became of a test.
enum class TestResult { Pass, Fail, Unsupported };

/// A result and why.
struct TestOutcome {
  TestResult result = TestResult::Pass;
  std::string reason;
};

/// Folders below `roots` that hold a `cases.json` or a `model.onnx`, sorted. A
/// root that is no folder is an error.
llvm::Expected<std::vector<std::string>>
findTestFolders(llvm::ArrayRef<std::string> roots);

/// Runs all cases of one folder in this process.
TestOutcome runTestFolder(llvm::StringRef folder, const Arguments &arguments,
                          const cli::RunOptions &options, Reporter &reporter);

} // namespace seqc

#endif // TOOLS_DRIVER_TESTCASES_H
