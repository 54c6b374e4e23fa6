//===- Initializers.h - Initializers that callers may replace ----*- C++-*-===//
//
// From IR version 4 on an initializer that is also an input of the graph is its
// default. Almost nobody gives another value, and many exporters list every
// weight, so a model with such inputs becomes three entries: `forward` takes
// them all, `forward.plain` is the model with the defaults as constants, folded
// and packed, which runs unless one of them is given, and `forward.defaults`
// gives the defaults to a call that gives some but not all.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_INITIALIZERS_H
#define FRONTENDS_ONNX_INITIALIZERS_H

#include "frontends/ONNX/ImportONNX.h"
#include "frontends/ONNX/OnnxFile.h"

namespace seqc::onnx {

/// The initializers that a caller may replace.
llvm::SmallVector<std::string> findReplaceable(const OnnxFile &file);

/// Adds to `module`, the model at `path` with constant initializers, what it
/// takes to replace those called `names`. Where the graph cannot be compiled
/// without their values it stays as it is, and a warning says why.
/// `looseSymbols` are those whose extents need not be equal.
void addReplaceable(mlir::ModuleOp module, llvm::StringRef path,
                    llvm::ArrayRef<std::string> names,
                    const llvm::StringSet<> &looseSymbols);

/// The names of a graph's initializers, which old files list among the inputs,
/// too.
llvm::StringSet<> getInitializerNames(const format::GraphProto &graph);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_INITIALIZERS_H
