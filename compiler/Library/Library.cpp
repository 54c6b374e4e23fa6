//===- Library.cpp - Functions written in MLIR ----------------------------===//

#include "compiler/Library/Library.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
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

/// The text of one file.
static StringRef getText(StringRef name) {
  const auto *file = llvm::find_if(
      libraryFiles, [&](const LibraryFile &f) { return f.name == name; });
  if (file == std::end(libraryFiles))
    llvm::report_fatal_error("no such file in the embedded library");
  return file->text;
}

OwningOpRef<ModuleOp> parseLibrary(MLIRContext *context,
                                   ArrayRef<StringRef> names,
                                   FloatType element) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (element) {
    Attribute lowest =
        FloatAttr::get(element, APFloat::getInf(element.getFloatSemantics(),
                                                /*Negative=*/true));
    stream << "!elem = " << element << "\n#lowest = " << lowest << "\n";
  }
  for (StringRef name : names)
    stream << getText(name);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, context, llvm::join(names, "+"));
  if (!module)
    llvm::report_fatal_error("the embedded library does not parse");
  return module;
}

SmallVector<Value> copyBody(ImplicitLocOpBuilder &b, func::FuncOp function,
                            ValueRange arguments) {
  IRMapping mapping;
  Block &body = function.getBody().front();
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    b.clone(op, mapping)->walk([&](Operation *copy) {
      copy->setLoc(b.getLoc());
    });
  SmallVector<Value> results;
  for (Value result : body.getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(result));
  return results;
}

func::FuncOp importFunction(ModuleOp module, ModuleOp library, StringRef name,
                            StringRef suffix) {
  std::string newName = (name + suffix).str();
  if (auto existing = module.lookupSymbol<func::FuncOp>(newName))
    return existing;
  auto source = library.lookupSymbol<func::FuncOp>(name);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto copy = cast<func::FuncOp>(builder.clone(*source));
  copy.setSymName(newName);
  copy.setPrivate();
  copy.walk([&](func::CallOp call) {
    call.setCallee(
        importFunction(module, library, call.getCallee(), suffix).getSymName());
  });
  return copy;
}

} // namespace seqc
