//===- Denormals.h - Where denormals are numbers ----------------*- C++ -*-===//
//
// Compiled code treats denormals as IEEE says, but for kernels: products,
// recurrences and attention, where numbers decay and every denormal would cost
// a hundred cycles. The marks of both.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TRANSFORMS_DENORMALS_H
#define COMPILER_TRANSFORMS_DENORMALS_H

#include "llvm/ADT/StringRef.h"

namespace seqc {

/// Unit attribute of an op that computes with denormals flushed.
constexpr llvm::StringLiteral kFlushAttr = "seq.flush";

/// Unit attribute of a math op whose operand or result may be denormal.
constexpr llvm::StringLiteral kDenormalsAttr = "seq.denormals";

} // namespace seqc

#endif // COMPILER_TRANSFORMS_DENORMALS_H
