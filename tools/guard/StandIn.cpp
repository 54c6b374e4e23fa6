//===- StandIn.cpp - Text that a parser does not survive ------------------===//

#include "tools/guard/StandIn.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectRegistry.h"

#include "llvm/Support/ErrorHandling.h"

#include <cstdlib>

using namespace mlir;

namespace seqc {

/// Calls itself until the stack is used up.
[[gnu::noinline]] static unsigned overflow(volatile char *above) {
  volatile char frame[4096];
  frame[0] = above ? *above : '\0';
  // Never so, which a compiler cannot know.
  if (frame[0] != '\0')
    return 0;
  return overflow(frame) + frame[0];
}

namespace {
/// The dialect `stand_in`.
class StandInDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(StandInDialect)

  explicit StandInDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<StandInDialect>()) {
  }
  static constexpr llvm::StringLiteral getDialectNamespace() {
    return llvm::StringLiteral("stand_in");
  }

  Type parseType(DialectAsmParser &parser) const override {
    llvm::StringRef word;
    if (parser.parseKeyword(&word))
      return {};
    if (word == "abort")
      std::abort();
    if (word == "overflow")
      return IntegerType::get(getContext(), overflow(nullptr));
    if (word == "fatal")
      llvm::report_fatal_error("a stand-in");
    parser.emitError(parser.getNameLoc())
        << "found '" << word << "'; required is abort, overflow or fatal";
    return {};
  }
};
} // namespace

void registerStandIn(DialectRegistry &registry) {
  if (std::getenv("SEQC_STAND_IN"))
    registry.insert<StandInDialect>();
}

} // namespace seqc
