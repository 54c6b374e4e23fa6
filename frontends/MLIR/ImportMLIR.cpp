//===- ImportMLIR.cpp - Models written as IR ------------------------------===//

#include "frontends/MLIR/ImportMLIR.h"

#include "dialect/Seq/IR/Marks.h"
#include "dialect/Support/RegularFile.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/SourceMgr.h"

using namespace llvm;

namespace seqc {

/// MLIR's parser recurses into brackets; models need a few dozen levels.
static constexpr int kMaxNesting = 200;

/// Position of the first bracket that nests too deep, or npos. Strings and
/// comments are skipped.
static size_t findTooDeep(StringRef text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
        if (text[i] == '\\')
          ++i;
    } else if (c == '/' && text.substr(i).starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '(' || c == '[' || c == '{' || c == '<') {
      if (++depth > kMaxNesting)
        return i;
    } else if (c == ')' || c == ']' || c == '}' ||
               (c == '>' && i > 0 && text[i - 1] != '-')) {
      depth = std::max(depth - 1, 0);
    }
  }
  return StringRef::npos;
}

mlir::OwningOpRef<mlir::ModuleOp> importMLIR(const ModelSource &source,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &) {
  std::unique_ptr<MemoryBuffer> file;
  if (!source.text) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> read = readRegularFile(
        source.path, /*isText=*/true, /*requiresNullTerminator=*/false);
    if (!read) {
      mlir::emitError(mlir::UnknownLoc::get(&context))
          << "'" << source.path
          << "' cannot be read: " << read.getError().message();
      return nullptr;
    }
    file = std::move(*read);
  }
  StringRef text = file ? file->getBuffer() : *source.text;
  if (size_t position = findTooDeep(text); position != StringRef::npos) {
    StringRef before = text.take_front(position);
    mlir::emitError(
        mlir::FileLineColLoc::get(&context, source.path, before.count('\n') + 1,
                                  position - (before.rfind('\n') + 1) + 1))
        << "brackets nest deeper than " << kMaxNesting
        << " levels; no model needs that";
    return nullptr;
  }
  // MLIR's lexer reads one byte past the text: the copy ends in NUL for
  // certain.
  auto sources = std::make_shared<SourceMgr>();
  sources->AddNewSourceBuffer(MemoryBuffer::getMemBufferCopy(text, source.path),
                              SMLoc());
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (module)
    seq::mark<seq::UncheckedMark>(*module);
  return module;
}

} // namespace seqc
