//===- Linker.h - Objects to artefacts --------------------------*- C++ -*-===//
//
// Phase `link`: calls LLD with an argument vector of its own making; no
// compiler driver is involved. The output depends on the inputs alone.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_LINKER_H
#define COMPILER_CODEGEN_LINKER_H

#include "compiler/CodeGen/Toolchain.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/Support/Error.h"

namespace seqc {

/// What the linker makes.
enum class LinkKind { Executable, SharedObject, Object };

/// One call of the linker.
struct LinkRequest {
  LinkKind kind = LinkKind::Executable;
  /// Object files, in order.
  std::vector<std::string> objects;
  /// Where the result goes, whole or not at all.
  std::string output;
  /// Name recorded in a shared object; empty for none.
  std::string soname;
  /// The symbol that leaves a shared object.
  std::string symbol = SEQC_ABI_MODEL_SYMBOL;
  /// The executable calls oneDNN.
  bool onednn = false;
};

/// The argument vector for `request`, with `output` instead of its own.
std::vector<std::string> makeLinkArguments(const LinkRequest &request,
                                           const Toolchain &tools,
                                           llvm::StringRef output,
                                           llvm::StringRef versionScript);

/// Links. A missing piece of the toolchain is an error that says how to get it.
llvm::Error link(const LinkRequest &request, const Toolchain &tools);

} // namespace seqc

#endif // COMPILER_CODEGEN_LINKER_H
