//===- BufferBytes.h - How many bytes buffers take --------------*- C++ -*-===//

#ifndef COMPILER_CONVERSION_BUFFERBYTES_H
#define COMPILER_CONVERSION_BUFFERBYTES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace seqc {

/// Bytes that one element of a buffer takes in memory.
int64_t getElementBytes(mlir::Type element);

/// The bytes of a buffer of `type` whose dynamic extents are `sizes`, or the
/// greatest index where they do not fit or an extent is negative: no memory is
/// that large.
mlir::Value saturatedBytes(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::MemRefType type, mlir::ValueRange sizes);

} // namespace seqc

#endif // COMPILER_CONVERSION_BUFFERBYTES_H
