//===- CompileError.h - Failures and who has to act -------------*- C++ -*-===//
//
// Every failure of a compilation is one of four kinds; the driver turns the
// kind into the exit code of the command line's contract.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_COMPILEERROR_H
#define COMPILER_CODEGEN_COMPILEERROR_H

#include "llvm/Support/Error.h"

#include <string>

namespace seqc {

/// Who has to act on a failure.
enum class FailureKind {
  /// The model, a file or an option is wrong.
  BadInput,
  /// The model is sound, but asks for something that does not exist here.
  Unsupported,
  /// A fault in seqc itself.
  Internal,
  /// Disk, memory, linker or CPU failed.
  Environment,
};

/// An error that knows its kind.
class CompileError : public llvm::ErrorInfo<CompileError> {
public:
  static char ID;

  CompileError(FailureKind kind, std::string message)
      : kind(kind), text(std::move(message)) {}

  /// Who has to act.
  FailureKind getKind() const { return kind; }

  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

private:
  FailureKind kind;
  std::string text;
};

/// Makes an error of `kind`.
llvm::Error makeFailure(FailureKind kind, const llvm::Twine &message);

/// Makes an error of the environment about `path`, such as a full disk.
llvm::Error makeFileFailure(const llvm::Twine &what, llvm::StringRef path,
                            std::error_code code);

/// The kind of `error`, whose message is stored in `message`; errors that do
/// not say count as faults of seqc.
FailureKind takeFailure(llvm::Error error, std::string &message);

} // namespace seqc

#endif // COMPILER_CODEGEN_COMPILEERROR_H
