//===- ImportForm.cpp - The end of every import ---------------------------===//

#include "frontends/Common/ImportForm.h"

#include "dialect/Seq/IR/Marks.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace llvm;

namespace seqc {

/// The part of a model that an op was made for, or "".
static StringRef findName(mlir::Location loc) {
  StringRef found;
  loc->walk([&](mlir::Location part) {
    auto name = dyn_cast<mlir::NameLoc>(part);
    if (!name)
      return mlir::WalkResult::advance();
    found = name.getName().getValue();
    return mlir::WalkResult::interrupt();
  });
  return found;
}

/// Verifies a module, and reports faults with the names of their locations.
static LogicalResult verifyNamed(mlir::ModuleOp module) {
  SmallVector<mlir::Diagnostic> faults;
  {
    mlir::ScopedDiagnosticHandler collect(module.getContext(),
                                          [&](mlir::Diagnostic &fault) {
                                            faults.push_back(std::move(fault));
                                            return success();
                                          });
    if (succeeded(mlir::verify(module)))
      return success();
  }
  for (mlir::Diagnostic &fault : faults) {
    StringRef name = findName(fault.getLocation());
    mlir::InFlightDiagnostic report = mlir::emitError(fault.getLocation());
    if (!name.empty())
      report << name << ": ";
    report << fault.str();
    for (mlir::Diagnostic &note : fault.getNotes())
      report.attachNote(note.getLocation()) << note.str();
  }
  return failure();
}

LogicalResult finishImport(mlir::ModuleOp module, json::Value metadata) {
  std::string text;
  raw_string_ostream(text) << metadata;
  seq::mark<seq::MetadataMark>(
      module, mlir::StringAttr::get(module.getContext(), text));
  // Weights of branches that were folded, or states that nobody reads, say.
  mlir::IRRewriter rewriter(module.getContext());
  for (mlir::Operation &op : *module.getBody())
    (void)mlir::runRegionDCE(rewriter, op.getRegions());
  return verifyNamed(module);
}

} // namespace seqc
