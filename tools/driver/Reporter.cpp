//===- Reporter.cpp - What seqc says --------------------------------------===//

#include "tools/driver/Reporter.h"
#include "tools/driver/CompileTrace.h"
#include "tools/driver/Reproducer.h"
#include "tools/guard/StandIn.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

using namespace llvm;

namespace seqc {

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

ExitCode Reporter::fail(Error failure) {
  std::string message;
  FailureKind kind = takeFailure(std::move(failure), message);
  seqc_exit_code_t code =
      getExitCode(kind, message.empty() ? firstError : message);
  // An empty message: diagnostics said it already.
  if (!message.empty())
    error(message);
  return static_cast<ExitCode>(code);
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
  FilePlace place = getPlace(location);
  std::string text = place.file.str();
  for (unsigned number : {place.line, place.column})
    if (number)
      text += ":" + std::to_string(number);
  return text;
}

void Reporter::report(mlir::Diagnostic &diagnostic, bool isFirstError) {
  mlir::DiagnosticSeverity severity = diagnostic.getSeverity();
  if (severity == mlir::DiagnosticSeverity::Note && quiet)
    return;
  std::string text = diagnostic.str();
  if (isFirstError)
    firstError = text;
  clearProgress();
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
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    printOne(note, "note", getMessage(note));
}

void Reporter::addDialects(mlir::DialectRegistry &registry) {
  registerStandIn(registry);
}

void Reporter::beginWork(StringRef what, StringRef command,
                         function_ref<std::string()> print) {
  recordWork(what, command, print());
}

void Reporter::endWork() { clearWork(); }

std::string Reporter::keepFailedWork() { return writeReproducer(); }

void Reporter::beginReading(StringRef name) { reading.emplace(name); }

void Reporter::endReading() { reading.reset(); }

void Reporter::preparePasses(mlir::PassManager &passes) { tracePasses(passes); }

} // namespace seqc
