//===- ModelHeader.h - C header of a linked model ---------------*- C++ -*-===//
//
// What a C or C++ program includes to use a model that is linked into it under
// symbols of its own (`seqc compile --prefix-symbols=NAME`).
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_MODELHEADER_H
#define COMPILER_CODEGEN_MODELHEADER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include <string>

namespace seqc {

/// Whether symbols may begin with `name`, and a header be called so.
bool isSymbolPrefix(llvm::StringRef name);

/// The text of NAME.h: the declaration of `NAME_model_v1`, and what the entries
/// take and give. `metadata` is that of the model.
std::string makeModelHeader(const llvm::json::Object &metadata,
                            llvm::StringRef name);

} // namespace seqc

#endif // COMPILER_CODEGEN_MODELHEADER_H
