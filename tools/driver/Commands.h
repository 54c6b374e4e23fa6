//===- Commands.h - What seqc can do ----------------------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_COMMANDS_H
#define TOOLS_DRIVER_COMMANDS_H

#include "tools/driver/Options.h"
#include "tools/driver/Reporter.h"

namespace seqc {

/// `seqc compile MODEL -o OUT`.
ExitCode runCompile(const Arguments &arguments, Reporter &reporter);
/// `seqc run TARGET`.
ExitCode runRun(const Arguments &arguments, Reporter &reporter);
/// `seqc test DIR...`.
ExitCode runTest(const Arguments &arguments, Reporter &reporter);
/// `seqc bench TARGET`.
ExitCode runBench(const Arguments &arguments, Reporter &reporter);
/// `seqc check MODEL`.
ExitCode runCheck(const Arguments &arguments, Reporter &reporter);
/// `seqc inspect TARGET`.
ExitCode runInspect(const Arguments &arguments, Reporter &reporter);
/// `seqc doctor`.
ExitCode runDoctor(const Arguments &arguments, Reporter &reporter);

/// The whole program: finds the command, reads its options, runs it.
int runDriver(int argc, char **argv);

} // namespace seqc

#endif // TOOLS_DRIVER_COMMANDS_H
