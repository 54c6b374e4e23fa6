//===- Inputs.h - Inputs of a measured or compared run ----------*- C++ -*-===//

#ifndef TOOLS_DRIVER_INPUTS_H
#define TOOLS_DRIVER_INPUTS_H

#include "runtime/cli/RunModel.h"

#include "llvm/Support/Error.h"

namespace seqc {

/// Extents for symbolic dimensions that no given input decides.
struct DefaultExtents {
  /// The first dimension of the first input.
  int64_t batch = 1;
  /// All others.
  int64_t other = 32;
};

/// Inputs of `entry`: those that `options` names, texts for a text model, and
/// random ones for the rest (within the bounds of the signature). Inputs with a
/// default stay empty unless `fillDefaults` is set.
llvm::Expected<std::vector<rt::TensorRef>>
makeInputs(cli::Executor &executor, const rt::EntrySignature &entry,
           const cli::RunOptions &options, DefaultExtents extents,
           uint64_t seed, bool fillDefaults);

/// Extent of the symbolic dimension `symbol` in `inputs`, or -1.
int64_t findExtent(const rt::EntrySignature &entry,
                   llvm::ArrayRef<rt::TensorRef> inputs,
                   llvm::StringRef symbol);

} // namespace seqc

#endif // TOOLS_DRIVER_INPUTS_H
