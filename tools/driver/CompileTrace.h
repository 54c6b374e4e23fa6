//===- CompileTrace.h - Where the time of a compilation goes ----*- C++ -*-===//

#ifndef TOOLS_DRIVER_COMPILETRACE_H
#define TOOLS_DRIVER_COMPILETRACE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace mlir {
class PassManager;
} // namespace mlir

namespace seqc {

/// A Chrome trace of this thread's compilation: the phases, and in them the
/// passes of MLIR and of LLVM. What takes less than a tenth of a millisecond is
/// left out. At most one exists at a time.
class CompileTrace {
public:
  /// Begins to record, unless `path` is empty.
  explicit CompileTrace(llvm::StringRef path);
  ~CompileTrace();
  CompileTrace(const CompileTrace &) = delete;
  CompileTrace &operator=(const CompileTrace &) = delete;

  /// Writes what was recorded to the path.
  llvm::Error write();

private:
  std::string path;
};

/// Lets the passes of `manager` take part in the trace, if one is recorded.
void tracePasses(mlir::PassManager &manager);

} // namespace seqc

#endif // TOOLS_DRIVER_COMPILETRACE_H
