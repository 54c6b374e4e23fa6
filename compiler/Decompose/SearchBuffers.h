//===- SearchBuffers.h - Memory of a search ---------------------*- C++ -*-===//

#ifndef COMPILER_DECOMPOSE_SEARCHBUFFERS_H
#define COMPILER_DECOMPOSE_SEARCHBUFFERS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc {

/// Buffers of a search, allocated once per call; the library's search.mlir says
/// what they hold.
struct SearchBuffers {
  /// Tables of every lane at every step, `[positions + 1, lanes]`.
  mlir::Value tokens, parents;
  /// Row and score of every present lane, scores of the lanes to come.
  mlir::Value laneRows, scores, nextScores;
  /// Unfinished rows, and where the lanes of each begin.
  mlir::Value rows, begins;
  /// Tokens that are given, `[rows, ?]`, and how many, `[rows]`.
  mlir::Value prefix, prefixLengths;
  /// Finished hypotheses, `[rows, width]`.
  mlir::Value poolScore, poolInfo, poolSize;
  /// End tokens in rising order, and the divisor for every length.
  mlir::Value ends, norms;
  /// Candidates of a row, `[width]`; beam search only.
  mlir::Value list, numbers, endList, endNumbers;
};

/// A new buffer. Extents without a static value in `type` come from `sizes`,
/// which has one entry per dimension.
mlir::Value allocate(mlir::ImplicitLocOpBuilder &b,
                     llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     llvm::ArrayRef<mlir::Value> sizes);

/// `buffer` as a memref of dynamic extents, but for the trailing ones in
/// `keep`.
mlir::Value asDynamic(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer,
                      unsigned keep = 0);

/// The part of `buffer` at `offsets` of `sizes`, without its first `dropped`
/// dimensions, which have extent 1.
mlir::Value view(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer,
                 llvm::ArrayRef<mlir::OpFoldResult> offsets,
                 llvm::ArrayRef<mlir::OpFoldResult> sizes,
                 unsigned dropped = 0);

/// The first `count` entries of dimension 0.
mlir::Value firstEntries(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer,
                         mlir::Value count);

/// The entries [0, count) of `buffer[step]`.
mlir::Value entriesOfStep(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer,
                          mlir::Value step, mlir::Value count);

/// Writes a tensor to a buffer.
void writeTensor(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                 mlir::Value buffer);

/// A tensor that reads `buffer`; nothing else may refer to it while the tensor
/// is used.
mlir::Value readTensor(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer,
                       bool writable);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_SEARCHBUFFERS_H
