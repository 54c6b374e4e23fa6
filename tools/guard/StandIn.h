//===- StandIn.h - Text that a parser does not survive ----------*- C++ -*-===//
//
// Tests of the guard need text that ends the parser, and no such text is kept
// in the project. With SEQC_STAND_IN set in the environment there is a dialect
// whose types stand in for it: reading `!stand_in.abort` ends the process,
// `!stand_in.overflow` uses up the stack, `!stand_in.fatal` reports a fatal
// error.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_GUARD_STANDIN_H
#define TOOLS_GUARD_STANDIN_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace seqc {

/// Adds the dialect `stand_in` if the environment asks for it.
void registerStandIn(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // TOOLS_GUARD_STANDIN_H
