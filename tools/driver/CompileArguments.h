//===- CompileArguments.h - Where flags become settings ---------*- C++ -*-===//

#ifndef TOOLS_DRIVER_COMPILEARGUMENTS_H
#define TOOLS_DRIVER_COMPILEARGUMENTS_H

#include "tools/driver/Options.h"
#include "tools/session/CompileOptions.h"

namespace seqc {

/// Reads the options that all commands share. `backend` is the command's
/// default.
llvm::Expected<CompileOptions> readCompileOptions(const Arguments &arguments,
                                                  llvm::StringRef model,
                                                  Backend backend);

/// Path of the running program.
std::string getProgramPath();

} // namespace seqc

#endif // TOOLS_DRIVER_COMPILEARGUMENTS_H
