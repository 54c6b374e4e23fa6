//===- CompileError.cpp - Failures and who has to act ---------------------===//

#include "compiler/CodeGen/CompileError.h"

#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace seqc {

char CompileError::ID = 0;

Error makeFailure(FailureKind kind, const Twine &message) {
  return make_error<CompileError>(kind, message.str());
}

Error makeFileFailure(const Twine &what, StringRef path, std::error_code code) {
  return makeFailure(FailureKind::Environment,
                     what + " '" + path + "': " + code.message());
}

FailureKind takeFailure(Error error, std::string &message) {
  FailureKind kind = FailureKind::Internal;
  handleAllErrors(
      std::move(error),
      [&](const CompileError &failure) {
        kind = failure.getKind();
        message = failure.message();
      },
      [&](const ErrorInfoBase &other) { message = other.message(); });
  return kind;
}

} // namespace seqc
