//===- SharedMemory.h - Whether two buffers may be one ----------*- C++ -*-===//
//
// Reads and writes of buffers in the order of an entry's ops, and whether a
// buffer that is read and one that is written could be the same memory.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_SHAREDMEMORY_H
#define COMPILER_CONVERSION_SHAREDMEMORY_H

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc {

/// An op that reads or writes a buffer.
struct Access {
  mlir::Operation *op;
  /// The op of the entry's block that it is in.
  mlir::Operation *top;
  /// The name under which it uses the buffer.
  mlir::Value buffer;
};

/// What an entry does with a buffer.
struct Accesses {
  llvm::SmallVector<Access> reads, writes;
};

/// Looks at the buffers of one function, which must not change meanwhile.
class SharedMemory {
public:
  explicit SharedMemory(mlir::func::FuncOp function);

  /// Everything that is done with `buffer` and what aliases it.
  Accesses find(mlir::Value buffer) const;

  /// The first pair of a read and a write for which it matters that they see
  /// different memory; null ops if there is none. That a read comes first, or
  /// that the op reads each element for the last time when it writes the one
  /// at the same place, makes a pair harmless.
  std::pair<mlir::Operation *, mlir::Operation *>
  findConflict(const Accesses &read, const Accesses &written) const;

private:
  mlir::Block *body;
  mlir::BufferViewFlowAnalysis aliases;
};

} // namespace seqc

#endif // COMPILER_CONVERSION_SHAREDMEMORY_H
