//===- Recognize.h - Primitive nodes that are one operator -------*- C++-*-===//
//
// Exporters write layer norms, GELUs and attention as chains of primitive
// nodes. Before a graph is imported, chains that compute the same function for
// all inputs up to rounding become one node of the operator that names them.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_RECOGNIZE_RECOGNIZE_H
#define FRONTENDS_ONNX_RECOGNIZE_RECOGNIZE_H

#include "frontends/ONNX/OnnxFile.h"

#include "llvm/ADT/StringSet.h"

#include <map>

namespace seqc::onnx {

/// The names of all patterns, as `--no-recognize` takes them.
llvm::ArrayRef<llvm::StringRef> getPatternNames();

/// What was recognised.
struct Recognition {
  /// How often, by the name of the pattern.
  std::map<std::string, int64_t> counts;
  /// The opsets that the new nodes follow, whatever the model imports.
  llvm::DenseMap<const format::NodeProto *, int64_t> opsets;
  /// Symbols whose extents need not be equal.
  llvm::StringSet<> looseSymbols;
};

/// Rewrites the graph of `file` and the graphs inside of it. Patterns in
/// `disabled` are left alone; "all" stands for every one.
Recognition recognize(OnnxFile &file, const llvm::StringSet<> &disabled,
                      const llvm::StringSet<> &looseSymbols = {});

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_RECOGNIZE_RECOGNIZE_H
