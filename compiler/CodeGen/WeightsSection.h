//===- WeightsSection.h - Weights of an artefact ----------------*- C++ -*-===//
//
// Phase `bufferize` decides where each weight lies in the artefact and says so
// in the module attribute `seq.weight_layout`, a list of #seq.weight_item. All
// offsets are multiples of SEQC_ABI_ALIGNMENT, and items do not overlap.
//
// The emitter evaluates the layout while it writes the section, one item at a
// time, so that memory does not grow with the model.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_WEIGHTSSECTION_H
#define COMPILER_CODEGEN_WEIGHTSSECTION_H

#include "compiler/CodeGen/ObjectEmitter.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace seqc {

/// A stretch of bytes in a file.
struct FileRun {
  std::string file;
  int64_t offset = 0;
  int64_t size = 0;
  /// What its elements are before they become `element`; null if they stay.
  mlir::FloatType stored;
  mlir::FloatType element;
};

/// A tensor made of stretches.
struct WeightTensor {
  llvm::SmallVector<int64_t> shape;
  std::vector<FileRun> runs;
};

/// One item of the section.
struct WeightItem {
  int64_t offset = 0;
  int64_t size = 0;
  seq::WeightForm form = seq::WeightForm::Raw;
  bool transposed = false;
  /// Whether bytes are unsigned and stand for 128 less.
  bool excess = false;
  int64_t width = 0, unit = 1;
  /// Bytes of one element.
  int64_t elementSize = 0;
  std::vector<WeightTensor> sources;
};

/// What was written.
struct WeightsBlob {
  /// Bytes of the section.
  uint64_t size = 0;
  /// seqc_abi_digest of the bytes, and its 16 hexadecimal digits; zero and empty
  /// if there are none.
  uint64_t digest = 0;
  std::string hash;
};

/// The files of a model's folder, opened once. Files outside of the folder are
/// refused.
class WeightFiles {
public:
  explicit WeightFiles(llvm::StringRef folder) : folder(folder) {}

  /// `size` bytes of `file` from byte `offset` on; an error if the file is
  /// shorter.
  llvm::Expected<llvm::StringRef> getBytes(llvm::StringRef file, int64_t offset,
                                           int64_t size);

private:
  std::string folder;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> buffers;
};

/// Reads and checks the layout of `module`; no attribute means no weights.
llvm::Expected<std::vector<WeightItem>> readWeightLayout(mlir::ModuleOp module);

/// Writes the section's bytes for `items` to `os`. Files are looked up in
/// `folder`.
llvm::Expected<WeightsBlob> writeWeights(llvm::ArrayRef<WeightItem> items,
                                         llvm::StringRef folder,
                                         llvm::raw_ostream &os);

/// An object file that holds the content of the file `blobPath` in the weights
/// section, whose first byte gets the name `symbol`.
llvm::Expected<FileBytes> makeWeightsObject(llvm::StringRef blobPath,
                                            uint64_t size, const Target &target,
                                            llvm::StringRef symbol);

/// Resolves `file` inside `folder`; absolute names, `..` and links that lead
/// outside are refused.
llvm::Expected<std::string> resolveConfined(llvm::StringRef folder,
                                            llvm::StringRef file);

} // namespace seqc

#endif // COMPILER_CODEGEN_WEIGHTSSECTION_H
