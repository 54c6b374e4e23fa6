//===- BoundedJson.h - JSON from elsewhere ----------------------*- C++ -*-===//
//
// LLVM's reader and printer of JSON recurse into brackets, so that a small file
// could use up the stack. What comes from elsewhere is read here.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SUPPORT_BOUNDEDJSON_H
#define DIALECT_SUPPORT_BOUNDEDJSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace seqc {

/// Levels of brackets that JSON may have: those that the runtime reads of
/// metadata. What is written has six.
inline constexpr int kMostJsonLevels = 32;

/// Parses `text`, unless its brackets nest deeper than `kMostJsonLevels`.
llvm::Expected<llvm::json::Value> parseBoundedJson(llvm::StringRef text);

} // namespace seqc

#endif // DIALECT_SUPPORT_BOUNDEDJSON_H
