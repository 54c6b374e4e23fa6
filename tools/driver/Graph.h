//===- Graph.h - A drawing of a model ---------------------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_GRAPH_H
#define TOOLS_DRIVER_GRAPH_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace seqc {

/// Draws the entries of `module` as an SVG: one box per op, rows by distance
/// from the inputs. Constants, weights and what only moves elements are left
/// out.
std::string drawGraph(mlir::ModuleOp module);

} // namespace seqc

#endif // TOOLS_DRIVER_GRAPH_H
