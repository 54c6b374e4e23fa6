//===- Reporter.cpp - What seqc says --------------------------------------===//

#include "tools/driver/Reporter.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

using namespace llvm;

namespace seqc {

ExitCode toExitCode(FailureKind kind) {
  switch (kind) {
  case FailureKind::BadInput:
    return ExitCode::BadInput;
  case FailureKind::Unsupported:
    return ExitCode::Unsupported;
  case FailureKind::Internal:
    return ExitCode::Fault;
  case FailureKind::Environment:
    return ExitCode::Environment;
  }
  return ExitCode::Fault;
}

Reporter::Reporter(bool quiet)
    : quiet(quiet), terminal(isatty(STDERR_FILENO)),
      start(std::chrono::steady_clock::now()) {}

Reporter::~Reporter() { clearProgress(); }

void Reporter::error(const Twine &message) {
  clearProgress();
  errs() << "seqc: error: " << message << "\n";
}

void Reporter::warning(const Twine &message) {
  clearProgress();
  errs() << "seqc: warning: " << message << "\n";
}

void Reporter::note(const Twine &message) {
  if (quiet)
    return;
  clearProgress();
  errs() << "seqc: note: " << message << "\n";
}

/// Whether a message gives the reason that the system gives when it has no
/// memory: a sound file that cannot be mapped, for example.
static bool namesMemory(StringRef message) {
  return message.contains(
      std::make_error_code(std::errc::not_enough_memory).message());
}

ExitCode Reporter::fail(Error failure) {
  std::string message;
  FailureKind kind = takeFailure(std::move(failure), message);
  if (kind == FailureKind::BadInput &&
      namesMemory(message.empty() ? StringRef(firstError) : message))
    kind = FailureKind::Environment;
  // An empty message: diagnostics said it already.
  if (!message.empty())
    error(message);
  return toExitCode(kind);
}

void Reporter::beginStep(const Twine &name, size_t index, size_t count) {
  if (quiet || !terminal ||
      std::chrono::steady_clock::now() - start < std::chrono::seconds(1))
    return;
  errs() << "\r\033[K[" << index << "/" << count << "] " << name;
  errs().flush();
  shown = true;
}

void Reporter::clearProgress() {
  if (!shown)
    return;
  errs() << "\r\033[K";
  errs().flush();
  shown = false;
}

std::string printLocation(mlir::Location location) {
  std::string text;
  if (auto file = location->findInstanceOf<mlir::FileLineColLoc>()) {
    raw_string_ostream os(text);
    os << file.getFilename().getValue();
    if (file.getLine())
      os << ":" << file.getLine();
    if (file.getLine() && file.getColumn())
      os << ":" << file.getColumn();
  }
  return text;
}

DiagnosticPrinter::DiagnosticPrinter(mlir::MLIRContext &context,
                                     Reporter &reporter)
    : reporter(reporter),
      handler(&context, [this](mlir::Diagnostic &d) { return print(d); }) {}

llvm::LogicalResult DiagnosticPrinter::print(mlir::Diagnostic &diagnostic) {
  mlir::DiagnosticSeverity severity = diagnostic.getSeverity();
  // Remarks are for developers; seqc-opt shows them.
  if (severity == mlir::DiagnosticSeverity::Remark)
    return success();
  if (severity == mlir::DiagnosticSeverity::Note && reporter.isQuiet())
    return success();
  std::string text = diagnostic.str();
  if (severity == mlir::DiagnosticSeverity::Error && errors++ == 0) {
    firstError = text;
    reporter.setFirstError(text);
    unsupported = StringRef(text).contains("unsupported") ||
                  StringRef(text).contains("not supported");
  }
  if (silent)
    return success();
  reporter.clearProgress();
  auto printOne = [](mlir::Diagnostic &one, StringRef kind, StringRef message) {
    std::string place = printLocation(one.getLocation());
    errs() << (place.empty() ? "seqc" : place) << ": " << kind << ": "
           << message << "\n";
  };
  printOne(diagnostic,
           severity == mlir::DiagnosticSeverity::Error  ? "error"
           : severity == mlir::DiagnosticSeverity::Note ? "note"
                                                        : "warning",
           text);
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    std::string message = note.str();
    // MLIR attaches the whole op to its errors, which for a model fills
    // screens.
    if (StringRef(message).starts_with("see current operation"))
      message = StringRef(message).take_front(400).split('\n').first.str();
    printOne(note, "note", message);
  }
  return success();
}

} // namespace seqc
