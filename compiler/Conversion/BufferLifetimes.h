//===- BufferLifetimes.h - When a buffer is in use --------------*- C++ -*-===//
//
// Positions of ops in program order, and for a buffer the stretch of positions
// in which it, or something that aliases it, is read or written.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_BUFFERLIFETIMES_H
#define COMPILER_CONVERSION_BUFFERLIFETIMES_H

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <optional>

namespace seqc {

/// First and last position.
struct Positions {
  int64_t begin, end;
};

class BufferLifetimes {
public:
  explicit BufferLifetimes(mlir::func::FuncOp function);

  /// Positions of an op: its own, and behind everything inside of it.
  Positions getPositions(mlir::Operation *op) const {
    return positions.lookup(op);
  }

  /// From the first to the last use of a buffer. A use in a loop that the
  /// buffer outlives counts as the whole loop. Nothing if uses cannot be
  /// followed, or if the buffer outlives the iteration that made it.
  std::optional<Positions> find(mlir::memref::AllocOp alloc) const;

  /// Whether the regions of an op may run more than once.
  static bool mayRepeat(mlir::Operation *op);

private:
  void number(mlir::Operation *op);

  llvm::DenseMap<mlir::Operation *, Positions> positions;
  mlir::BufferViewFlowAnalysis aliases;
  int64_t next = 0;
};

} // namespace seqc

#endif // COMPILER_CONVERSION_BUFFERLIFETIMES_H
