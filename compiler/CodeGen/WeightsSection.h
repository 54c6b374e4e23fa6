//===- WeightsSection.h - Weights of an artefact ------------------*- C++
//-*-===//
//
// Phase `bufferize` decides where each weight lies in the artefact and says so
// in the module attribute `seq.weight_layout`: an array with one dictionary per
// item,
//
//   {offset = 0 : i64, size = 65536 : i64, kind = "raw",
//    sources = [{file = "x.safetensors", offset = 1234 : i64, hash = "…",
//                shape = array<i64: 512, 128>}]}
//   {offset = 65536 : i64, size = 98304 : i64, kind = "pack", width = 16 : i64,
//    sources = [{…}, {…}]}
//
//   offset   position in the section, a multiple of SEQC_ABI_ALIGNMENT
//   size     bytes of the item
//   kind     "raw": the bytes of the only source as they are; "pack": the
//   panels that
//            seq.pack describes, over all sources
//   width    columns of a panel (pack)
//   transposed  present or true: sources are [K, N] instead of [N, K] (pack)
//   sources  where the elements lie: `file` relative to the model's folder,
//   `offset` in
//            that file, the `shape` stored there, its content `hash` (empty:
//            not checked), and, if only a part is meant, `slice_offsets` and
//            `slice_sizes`
//
// Element sizes follow from sizes. The emitter evaluates the layout while it
// writes the section, one item at a time, so that memory does not grow with the
// model.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_WEIGHTSSECTION_H
#define COMPILER_CODEGEN_WEIGHTSSECTION_H

#include "compiler/CodeGen/ObjectEmitter.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace seqc {

/// The module attribute with the layout.
inline constexpr char kWeightLayoutAttr[] = "seq.weight_layout";

/// A stored tensor, or a part of it.
struct WeightSource {
  std::string file;
  int64_t offset = 0;
  std::string hash;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<int64_t> sliceOffsets, sliceSizes;
};

/// One item of the section.
struct WeightItem {
  int64_t offset = 0;
  int64_t size = 0;
  bool packed = false;
  bool transposed = false;
  int64_t width = 0;
  std::vector<WeightSource> sources;
  /// Bytes of one element.
  int64_t elementSize = 0;
};

/// What was written.
struct WeightsBlob {
  /// Bytes of the section.
  uint64_t size = 0;
  /// Digest of the bytes, 16 hexadecimal digits; empty if there are none.
  std::string hash;
};

/// Reads and checks the layout of `module`; no attribute means no weights.
llvm::Expected<std::vector<WeightItem>> readWeightLayout(mlir::ModuleOp module);

/// Writes the section's bytes for `items` to `os`. Files are looked up in
/// `folder` and may not lie outside of it.
llvm::Expected<WeightsBlob> writeWeights(llvm::ArrayRef<WeightItem> items,
                                         llvm::StringRef folder,
                                         llvm::raw_ostream &os);

/// An object file that holds the content of the file `blobPath` in the weights
/// section.
llvm::Expected<FileBytes> makeWeightsObject(llvm::StringRef blobPath,
                                            uint64_t size,
                                            const Target &target);

/// Resolves `file` inside `folder`; absolute names, `..` and links that lead
/// outside are refused.
llvm::Expected<std::string> resolveConfined(llvm::StringRef folder,
                                            llvm::StringRef file);

} // namespace seqc

#endif // COMPILER_CODEGEN_WEIGHTSSECTION_H
