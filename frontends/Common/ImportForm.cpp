//===- ImportForm.cpp - The end of every import ---------------------------===//

#include "frontends/Common/ImportForm.h"

#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace llvm;

namespace seqc {

void loadImportDialects(mlir::MLIRContext &context) {
  context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                      mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                      mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
                      seq::SeqDialect>();
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
    StringRef name = seq::getPlaceName(fault.getLocation());
    mlir::InFlightDiagnostic report = mlir::emitError(fault.getLocation());
    if (!name.empty())
      report << name << ": ";
    report << fault.str();
    for (mlir::Diagnostic &note : fault.getNotes())
      report.attachNote(note.getLocation()) << note.str();
  }
  return failure();
}

/// A bound or a default as an attribute; null: there is none.
static mlir::Attribute readBound(mlir::Builder &builder,
                                 const json::Value *bound) {
  if (!bound)
    return {};
  if (std::optional<int64_t> number = bound->getAsInteger())
    return builder.getI64IntegerAttr(*number);
  if (std::optional<double> number = bound->getAsNumber())
    return builder.getF64FloatAttr(*number);
  if (const json::Object *extent = bound->getAsObject())
    return builder.getStringAttr(extent->getString("dim").value_or(""));
  return builder.getUnitAttr();
}

/// The signature that a description of an input or an output amounts to.
static seq::SignatureAttr readSignature(mlir::Builder &builder,
                                        const json::Object &described) {
  SmallVector<mlir::Attribute> dims;
  for (const json::Value &extent : *described.getArray("shape"))
    dims.push_back(builder.getStringAttr(extent.getAsString().value_or("")));
  auto text = [&](StringRef key) {
    std::optional<StringRef> found = described.getString(key);
    return found ? builder.getStringAttr(*found) : mlir::StringAttr();
  };
  return seq::SignatureAttr::get(
      builder.getContext(), builder.getArrayAttr(dims),
      readBound(builder, described.get("min")),
      readBound(builder, described.get("max")),
      readBound(builder, described.get("default")), text("of"), text("part"),
      described.getString("dtype").value_or("").starts_with("u"));
}

/// Closes the entries: moves what `metadata` says of inputs and outputs to
/// arguments and results.
static void placeSignatures(mlir::ModuleOp module, json::Object &metadata) {
  mlir::Builder builder(module.getContext());
  for (json::Value &value : *metadata.getArray("entries")) {
    json::Object &entry = *value.getAsObject();
    auto function =
        module.lookupSymbol<mlir::func::FuncOp>(*entry.getString("name"));
    auto describe = [&](StringRef ports, auto set) {
      for (auto [i, port] : enumerate(*entry.getArray(ports))) {
        const json::Object &described = *port.getAsObject();
        set(i, seq::getMarkName<seq::NameMark>(),
            builder.getStringAttr(*described.getString("name")));
        set(i, seq::getMarkName<seq::SignatureMark>(),
            readSignature(builder, described));
      }
    };
    mlir::Block &body = function.getBody().front();
    function.setType(builder.getFunctionType(
        body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
    describe("inputs", [&](unsigned i, StringRef mark, mlir::Attribute value) {
      function.setArgAttr(i, mark, value);
    });
    describe("outputs", [&](unsigned i, StringRef mark, mlir::Attribute value) {
      function.setResultAttr(i, mark, value);
    });
    entry.erase("inputs");
    entry.erase("outputs");
  }
}

void attachMetadata(mlir::ModuleOp module, json::Object metadata) {
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(metadata));
  seq::mark<seq::MetadataMark>(
      module, mlir::StringAttr::get(module.getContext(), text));
}

LogicalResult finishImport(mlir::ModuleOp module, json::Object metadata) {
  placeSignatures(module, metadata);
  attachMetadata(module, std::move(metadata));
  // Weights of branches that were folded, or states that nobody reads, say.
  mlir::IRRewriter rewriter(module.getContext());
  for (mlir::Operation &op : *module.getBody())
    (void)mlir::runRegionDCE(rewriter, op.getRegions());
  return verifyNamed(module);
}

} // namespace seqc
