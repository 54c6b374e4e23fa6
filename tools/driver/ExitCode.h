//===- ExitCode.h - How a command ends --------------------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_EXITCODE_H
#define TOOLS_DRIVER_EXITCODE_H

#include "seqc/exit_code.h"

namespace seqc {

/// The exit codes of the command line's contract.
enum class ExitCode {
  Done = SEQC_EXIT_DONE,
  Differs = SEQC_EXIT_DIFFERS,
  BadInput = SEQC_EXIT_BAD_INPUT,
  Unsupported = SEQC_EXIT_UNSUPPORTED,
  Fault = SEQC_EXIT_FAULT,
  Environment = SEQC_EXIT_ENVIRONMENT,
};

} // namespace seqc

#endif // TOOLS_DRIVER_EXITCODE_H
