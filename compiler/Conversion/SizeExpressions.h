//===- SizeExpressions.h - Sizes as products of extents ---------*- C++ -*-===//
//
// Reads the size of a buffer as a number of bytes times a product of values,
// computes such sizes in front of where they were computed, and prints them.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_SIZEEXPRESSIONS_H
#define COMPILER_CONVERSION_SIZEEXPRESSIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>
#include <string>

namespace seqc {

/// A number of bytes times a product of values, which are in program order.
struct Monomial {
  int64_t coefficient = 1;
  llvm::SmallVector<mlir::Value> symbols;

  /// The size of a buffer; nothing if it does not fit 46 bits. `bound` may
  /// replace a value by one that is not smaller.
  static std::optional<Monomial>
  of(mlir::memref::AllocOp op,
     llvm::function_ref<mlir::Value(mlir::Value)> bound);
};

/// Replaces extents of buffers by what the buffers were made with, as far as
/// that is a value or a product of values.
void resolveExtents(mlir::func::FuncOp function);

/// Whether an op may be computed earlier, as soon as its operands are there.
bool isMovable(mlir::Operation *op);

/// Whether a value of index type is certain not to be negative.
bool isNeverNegative(mlir::Value value);

/// Whether a value is computed from extents of inputs alone.
bool followsFromInputs(mlir::Value value);

/// Computes sizes at the builder's insertion point, and whether they are sane.
class SizeBuilder {
public:
  explicit SizeBuilder(mlir::ImplicitLocOpBuilder &b) : b(b) {}

  /// `coefficient` times the product of `symbols`.
  mlir::Value multiply(int64_t coefficient,
                       llvm::ArrayRef<mlir::Value> symbols);

  /// Demands that multiply() of the same is between 0 and `limit`.
  void require(int64_t coefficient, llvm::ArrayRef<mlir::Value> symbols,
               int64_t limit);

  /// `size` if all demands are met, else a number that no allocation grants.
  mlir::Value guard(mlir::Value size);

private:
  /// A value at the insertion point, computed again if it comes later.
  mlir::Value here(mlir::Value value);
  mlir::Value product(llvm::ArrayRef<mlir::Value> symbols);
  void demand(mlir::Value condition);

  mlir::ImplicitLocOpBuilder &b;
  llvm::DenseMap<mlir::Value, mlir::Value> moved;
  llvm::SmallVector<std::pair<llvm::SmallVector<mlir::Value>, mlir::Value>>
      products;
  mlir::Value sane;
};

/// A sum of sizes as text. Extents of inputs are written as `{input,dim}`.
class SizeText {
public:
  void add(int64_t coefficient, llvm::ArrayRef<mlir::Value> symbols);
  std::string print() const;

private:
  llvm::SmallVector<std::pair<llvm::SmallVector<mlir::Value>, int64_t>> terms;
};

} // namespace seqc

#endif // COMPILER_CONVERSION_SIZEEXPRESSIONS_H
