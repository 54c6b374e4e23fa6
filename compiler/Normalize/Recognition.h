//===- Recognition.h - What is recognised, and how often --------*- C++ -*-===//
//
// Frontends and users write norms, activations and attention as chains of plain
// ops. A pattern here finds such a chain by its last op and replaces that; what
// it was made of goes unless something else uses it. A new pattern is a file
// like RecognizeNorms.cpp, its name in RecognizePatterns.cpp, and a function
// below that adds it.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_NORMALIZE_RECOGNITION_H
#define COMPILER_NORMALIZE_RECOGNITION_H

#include "compiler/Normalize/Elements.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

#include "llvm/ADT/StringMap.h"

namespace seqc {

/// The names of all patterns, as `--no-recognize` takes them.
llvm::ArrayRef<llvm::StringRef> getRecognizedNames();

/// What is recognised in one function.
struct Recognition {
  /// Names of the patterns that are left alone; "all" stands for every one.
  llvm::SmallVector<llvm::StringRef> disabled;
  /// How often each pattern was found.
  llvm::StringMap<int64_t> counts;

  /// Whether a pattern is looked for.
  bool isWanted(llvm::StringRef name) const {
    return !llvm::is_contained(disabled, "all") &&
           !llvm::is_contained(disabled, name);
  }
  /// Adds the counts of `function` to those that its module states.
  void record(mlir::func::FuncOp function) const;
};

/// A pattern that counts what it finds.
template <typename Op> struct RecognitionPattern : mlir::OpRewritePattern<Op> {
  RecognitionPattern(mlir::MLIRContext *context, Recognition &recognition)
      : mlir::OpRewritePattern<Op>(context), recognition(recognition) {}

  Recognition &recognition;
};

/// Layer norms and RMS norms, and the scale and bias behind them.
void addNormPatterns(mlir::RewritePatternSet &patterns,
                     Recognition &recognition);

/// GELU, and its approximation by tanh.
void addGeluPatterns(mlir::RewritePatternSet &patterns,
                     Recognition &recognition);
/// Rotary embeddings.
void addRotaryPatterns(mlir::RewritePatternSet &patterns,
                       Recognition &recognition);
/// Counts attentions whose queries, keys and values are products of one tensor
/// by weights: `seq-fuse-products` makes those one.
void countProjections(mlir::Operation *function, Recognition &recognition);
/// Softmax attention of products.
void addAttentionPatterns(mlir::RewritePatternSet &patterns,
                          Recognition &recognition);

} // namespace seqc

#endif // COMPILER_NORMALIZE_RECOGNITION_H
