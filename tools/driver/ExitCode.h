//===- ExitCode.h - How a command ends --------------------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_EXITCODE_H
#define TOOLS_DRIVER_EXITCODE_H

#include "compiler/CodeGen/CompileError.h"

namespace seqc {

/// The exit codes of the command line's contract.
enum class ExitCode {
  Done = 0,
  /// A comparison failed.
  Differs = 1,
  /// Bad usage or bad input.
  BadInput = 2,
  /// The model asks for something that does not exist here.
  Unsupported = 3,
  /// A fault in seqc itself.
  Fault = 4,
  /// Disk, memory, linker or CPU failed.
  Environment = 5,
};

/// The exit code for a kind of failure.
ExitCode toExitCode(FailureKind kind);

} // namespace seqc

#endif // TOOLS_DRIVER_EXITCODE_H
