//===- Library.cpp - Functions written in MLIR ----------------------------===//

#include "compiler/Library/Library.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace seqc {

namespace {
/// One embedded file.
struct LibraryFile {
  llvm::StringLiteral name;
  llvm::StringLiteral text;
};
} // namespace

static constexpr LibraryFile libraryFiles[] = {
#include "compiler/Library/LibraryText.inc"
};

void registerLibraryDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect>();
}

OwningOpRef<ModuleOp> parseLibrary(MLIRContext *context, StringRef name, Type element) {
  for (const LibraryFile &file : libraryFiles) {
    if (file.name != name)
      continue;
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (element)
      stream << "!elem = " << element << "\n";
    stream << file.text;
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, context, name);
    if (!module)
      llvm::report_fatal_error("the embedded library does not parse");
    return module;
  }
  llvm::report_fatal_error("no such file in the embedded library");
}

SmallVector<Value> copyBody(ImplicitLocOpBuilder &b, func::FuncOp function, ValueRange arguments) {
  IRMapping mapping;
  Block &body = function.getBody().front();
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    b.clone(op, mapping)->walk([&](Operation *copy) { copy->setLoc(b.getLoc()); });
  SmallVector<Value> results;
  for (Value result : body.getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(result));
  return results;
}

func::FuncOp importFunction(ModuleOp module, ModuleOp library, StringRef name, StringRef suffix) {
  std::string newName = (name + suffix).str();
  if (auto existing = module.lookupSymbol<func::FuncOp>(newName))
    return existing;
  auto source = library.lookupSymbol<func::FuncOp>(name);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto copy = cast<func::FuncOp>(builder.clone(*source));
  copy.setSymName(newName);
  copy.setPrivate();
  copy.walk([&](func::CallOp call) {
    call.setCallee(importFunction(module, library, call.getCallee(), suffix).getSymName());
  });
  return copy;
}

} // namespace seqc
