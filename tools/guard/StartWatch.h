//===- StartWatch.h - A start without memory --------------------*- C++ -*-===//
//
// Constructors of libraries run before main(), and abort or end the process
// where they get no memory. A program that has this file in it ends with the
// contract's exit code then.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_GUARD_STARTWATCH_H
#define TOOLS_GUARD_STARTWATCH_H

namespace seqc {

/// main() has begun: what happens from now on is not the start's.
void endStartWatch();

/// Whether next to no memory is left: MLIR uses some of what malloc() gives
/// without a look at it. Fit for the handler of a signal.
bool isMemoryExhausted();

} // namespace seqc

#endif // TOOLS_GUARD_STARTWATCH_H
