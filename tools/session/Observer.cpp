//===- Observer.cpp - Whoever watches a compilation -----------------------===//

#include "tools/session/Observer.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

using namespace llvm;

namespace seqc {

CompilationObserver::~CompilationObserver() = default;

DiagnosticLog::DiagnosticLog(mlir::MLIRContext &context,
                             CompilationObserver &observer)
    : observer(observer),
      handler(&context, [this](mlir::Diagnostic &d) { return handle(d); }) {}

LogicalResult DiagnosticLog::handle(mlir::Diagnostic &diagnostic) {
  mlir::DiagnosticSeverity severity = diagnostic.getSeverity();
  if (severity == mlir::DiagnosticSeverity::Remark)
    return success();
  bool isFirst = severity == mlir::DiagnosticSeverity::Error && errors == 0;
  errors += severity == mlir::DiagnosticSeverity::Error;
  if (isFirst) {
    std::string text = diagnostic.str();
    unsupported = StringRef(text).contains("unsupported") ||
                  StringRef(text).contains("not supported");
  }
  observer.report(diagnostic, isFirst);
  return success();
}

FilePlace getPlace(mlir::Location location) {
  auto file = location->findInstanceOf<mlir::FileLineColLoc>();
  if (!file)
    return {};
  unsigned line = file.getLine();
  return {file.getFilename().getValue(), line, line ? file.getColumn() : 0};
}

std::string getMessage(mlir::Diagnostic &diagnostic) {
  std::string message = diagnostic.str();
  // MLIR attaches the whole op to its errors.
  if (StringRef(message).starts_with("see current operation"))
    message = StringRef(message).take_front(400).split('\n').first.str();
  return message;
}

seqc_exit_code_t getExitCode(FailureKind kind, StringRef reason) {
  if (kind == FailureKind::BadInput &&
      reason.contains(
          std::make_error_code(std::errc::not_enough_memory).message()))
    kind = FailureKind::Environment;
  switch (kind) {
  case FailureKind::BadInput:
    return SEQC_EXIT_BAD_INPUT;
  case FailureKind::Unsupported:
    return SEQC_EXIT_UNSUPPORTED;
  case FailureKind::Internal:
    return SEQC_EXIT_FAULT;
  case FailureKind::Environment:
    return SEQC_EXIT_ENVIRONMENT;
  }
  return SEQC_EXIT_FAULT;
}

} // namespace seqc
