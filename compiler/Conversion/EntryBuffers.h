//===- EntryBuffers.h - Memory of inputs and outputs ------------*- C++ -*-===//
//
// How entries name the memory of their inputs and outputs, so that passes on
// buffers find it again.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_ENTRYBUFFERS_H
#define COMPILER_CONVERSION_ENTRYBUFFERS_H

#include "dialect/RT/IR/RTOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace seqc {

/// Asks for the memory of output `index` and gives a view of it; `sizes` are the
/// dynamic extents of `type`.
mlir::memref::ViewOp createOutput(mlir::OpBuilder &builder, mlir::Location loc,
                                  mlir::Value context, int64_t index,
                                  mlir::MemRefType type,
                                  mlir::ValueRange sizes);

/// An input or an output of an entry on buffers.
struct EntryBuffer {
  int64_t index;
  /// The memory as bytes, of rt.input or rt.output, and as what it holds.
  mlir::Value bytes;
  mlir::memref::ViewOp view;

  mlir::MemRefType getType() const {
    return llvm::cast<mlir::MemRefType>(view->getResult(0).getType());
  }
};

/// The inputs that code of `function` uses, by number.
llvm::SmallVector<EntryBuffer> findInputs(mlir::func::FuncOp function);

/// The outputs that code of `function` uses, by number.
llvm::SmallVector<EntryBuffer> findOutputs(mlir::func::FuncOp function);

} // namespace seqc

#endif // COMPILER_CONVERSION_ENTRYBUFFERS_H
