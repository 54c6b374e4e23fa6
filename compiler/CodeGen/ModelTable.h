//===- ModelTable.h - The table through which a model is used ---*- C++ -*-===//
//
// Writes `seqc_abi_model` of runtime/abi/ModelAbi.h into an LLVM module: the
// list of functions, the metadata in its section, the reference to the weights,
// and the function that returns the table.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_MODELTABLE_H
#define COMPILER_CODEGEN_MODELTABLE_H

#include "llvm/IR/Module.h"

#include <cstdint>
#include <string>
#include <vector>

namespace seqc {

/// Symbol of the first byte of the weights, defined by the object that holds
/// them.
inline constexpr char kWeightsSymbol[] = "seqc_weights";

/// One version of one entry.
struct FunctionRow {
  /// Name of the entry in the metadata.
  std::string name;
  /// Symbol of its code.
  std::string symbol;
  /// CPU features it needs, with commas between.
  std::string features;
};

/// Everything the table holds.
struct ModelTable {
  /// Rows of one name are versions, best first.
  std::vector<FunctionRow> functions;
  /// JSON for the metadata section.
  std::string metadata;
  /// Bytes in the weights section; 0 if there is none.
  uint64_t weightsSize = 0;
  /// seqc_abi_digest of the weights; 0 if there are none.
  uint64_t weightsDigest = 0;
  /// SEQC_ABI_REQUIRES_ bits.
  uint64_t requirements = 0;
};

/// Adds the table and its getter to `module`, which holds or declares the
/// functions.
void addModelTable(llvm::Module &module, const ModelTable &table);

/// Lets the symbols of `module` that other objects see begin with `prefix`
/// instead of `seqc`.
void renameSymbols(llvm::Module &module, llvm::StringRef prefix);

/// `symbol`, one of a model's, with `prefix` instead of `seqc`.
std::string getPrefixedSymbol(llvm::StringRef symbol, llvm::StringRef prefix);

} // namespace seqc

#endif // COMPILER_CODEGEN_MODELTABLE_H
