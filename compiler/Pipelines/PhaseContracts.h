//===- PhaseContracts.h - What may exist after each phase -------*- C++ -*-===//

#ifndef COMPILER_PIPELINES_PHASECONTRACTS_H
#define COMPILER_PIPELINES_PHASECONTRACTS_H

#include "compiler/Pipelines/Phases.h"

#include "mlir/IR/Operation.h"

#include <string>

namespace seqc {

/// The phases after which something may exist, both ends included.
struct PhaseRange {
  Phase first, last;

  bool contains(Phase phase) const { return first <= phase && phase <= last; }
};

/// The phases after which ops called like `name` may exist: by a line of their
/// own, or by their dialect's. Nothing if neither is known.
std::optional<PhaseRange> findOpRange(llvm::StringRef name);

/// The phases after which values of `type` may exist, and what its kind is
/// called. Nothing if the kind is unknown.
std::optional<std::pair<PhaseRange, llvm::StringRef>>
findTypeRange(mlir::Type type);

/// The ops and dialects that may exist after `phase`, in the order of their
/// names: "arith, func, seq.recurrence".
std::string listAllowedOps(Phase phase);

/// The kinds of types that values may have after `phase`.
std::string listAllowedTypes(Phase phase);

} // namespace seqc

#endif // COMPILER_PIPELINES_PHASECONTRACTS_H
