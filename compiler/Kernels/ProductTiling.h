//===- ProductTiling.h - Packed products as tileable ops --------*- C++ -*-===//
//
// How seq.packed_matmul implements upstream's TilingInterface. The iteration
// domain is that of its results, [rows, columns]; the depth is the kernel's.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_PRODUCTTILING_H
#define COMPILER_KERNELS_PRODUCTTILING_H

#include "mlir/IR/DialectRegistry.h"

namespace seqc {

/// Attaches the interface. A tile has a static size and lies in one panel, where
/// that begins; its body is written by the kernel for the product's types and
/// the CPU. Others fail.
void registerProductTiling(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // COMPILER_KERNELS_PRODUCTTILING_H
