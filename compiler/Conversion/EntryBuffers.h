//===- EntryBuffers.h - Memory of inputs and outputs ------------*- C++ -*-===//
//
// How entries name the memory of their inputs and outputs, so that passes on
// buffers find it again.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_ENTRYBUFFERS_H
#define COMPILER_CONVERSION_ENTRYBUFFERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace seqc {

/// On the load of an input's address: its number.
constexpr llvm::StringLiteral kInputAttr = "seq.input";

/// On the call that gives the storage of an output: its number.
constexpr llvm::StringLiteral kOutputAttr = "seq.output";

/// On a copy: both sides may be one in some calls, and then it does nothing.
constexpr llvm::StringLiteral kMaybeSameAttr = "seq.maybe_same";

/// Asks the runtime for the storage of output `index` and gives a view of it.
/// `shape` points to room for as many extents as any output has; `sizes` are
/// the dynamic extents of `type`.
mlir::memref::ViewOp emitOutput(mlir::OpBuilder &builder, mlir::Location loc,
                                mlir::Value context, mlir::Value shape,
                                int64_t index, mlir::MemRefType type,
                                mlir::ValueRange sizes);

/// An input or an output of an entry on buffers.
struct EntryBuffer {
  int64_t index;
  /// What gives the address: carries kInputAttr or kOutputAttr.
  mlir::Operation *pointer;
  /// The memory as bytes and as what it holds.
  mlir::Value bytes;
  mlir::memref::ViewOp view;

  mlir::MemRefType getType() const {
    return llvm::cast<mlir::MemRefType>(view->getResult(0).getType());
  }
};

/// The inputs, or the outputs, that code of `function` uses, by number.
llvm::SmallVector<EntryBuffer> findEntryBuffers(mlir::func::FuncOp function,
                                                llvm::StringRef attribute);

} // namespace seqc

#endif // COMPILER_CONVERSION_ENTRYBUFFERS_H
