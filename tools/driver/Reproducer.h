//===- Reproducer.h - What is left when seqc itself fails -------*- C++ -*-===//
//
// Before each phase the driver records the IR and the seqc-opt call that
// repeats the phase. When the phase fails or the process crashes, the record is
// written to a file and the process ends with the exit code of a fault instead
// of a signal.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_REPRODUCER_H
#define TOOLS_DRIVER_REPRODUCER_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace seqc {

/// Makes faults, exhausted memory and full files end in the contract's exit
/// codes.
void installFaultHandlers();

/// Records what is about to be done: `what` for the message, `command` to
/// repeat it on the file `%s`, `text` the IR.
void recordWork(llvm::StringRef what, llvm::StringRef command,
                std::string text);

/// Forgets the record.
void clearWork();

/// Writes the record to a file of the temporary folder and returns how to
/// replay it, or nothing if there is no record or no place to write.
std::string writeReproducer();

} // namespace seqc

#endif // TOOLS_DRIVER_REPRODUCER_H
