//===- Phases.h - The named phases of the compiler --------------*- C++ -*-===//
//
// A model passes these phases in order. Each is a pipeline that ends with a
// check of what may exist after it; each can be stopped at, dumped and replayed
// in seqc-opt.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_PIPELINES_PHASES_H
#define COMPILER_PIPELINES_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace seqc {

/// The phases, in the order in which a model passes them.
enum class Phase {
  Import,    ///< A frontend makes seq and upstream tensor ops.
  Normalize, ///< Shapes and constants are folded, private functions inlined.
  Select,    ///< The place of whole layers' library calls; empty so far.
  Decompose, ///< Cells become recurrences, attention and search become loops.
  Fuse,      ///< Products are merged, elementwise tails fused.
  Offload,   ///< Each product goes to generated code or to oneDNN.
  Tile,      ///< Recurrences become loops, products get panels and tiles.
  Vectorize, ///< Tiles become vectors.
  Bufferize, ///< Tensors become memory, entries get their ABI.
  LLVM,      ///< Everything becomes the LLVM dialect.
  Object,    ///< LLVM makes an object file.
  Link,      ///< The linker makes the artefact.
};

/// Which code large products run on.
enum class Backend {
  Auto,   ///< The cost model decides.
  LLVM,   ///< Generated code only.
  OneDNN, ///< oneDNN wherever it can.
};

/// What the pipelines need to know; the driver fills it from the command line.
struct PhaseOptions {
  /// Optimisation level, 0 to 3. 0 leaves elementwise ops and products unfused.
  unsigned optLevel = 2;
  /// Patterns that phase `normalize` leaves alone, with `|` between; `all`
  /// stands for every one.
  std::string noRecognize;
  /// Who computes the large products.
  Backend backend = Backend::LLVM;
  /// Widest vector of the target in bits: 128, 256 or 512.
  unsigned vectorBits = 512;
  /// Instruction sets of the target that kernels know, with `|` between.
  std::string features = "avx2|avx512";
  /// Whether buffers share workspaces. Without, each is allocated by itself.
  bool planMemory = true;
  /// Least work of a loop inside of another one that may use threads, in
  /// operations; 0: what the pass thinks best.
  int64_t leastParallelInLoop = 0;
};

/// All phases in order.
llvm::ArrayRef<Phase> allPhases();

/// Lower-case name of a phase, as in --stop-after.
llvm::StringRef phaseName(Phase phase);

/// The phase of a name, if there is one.
std::optional<Phase> parsePhase(llvm::StringRef name);

/// Whether a phase is a pass pipeline: all but import, object and link.
bool isPipelinePhase(Phase phase);

/// Adds the passes of a phase to a pass manager on builtin.module. Nothing is
/// added for a phase that is no pipeline.
void buildPhase(Phase phase, mlir::OpPassManager &pm,
                const PhaseOptions &options);

/// The option of seqc-opt that runs a phase, e.g. `--seqc-tile=opt-level=2
/// backend=llvm vector-bits=512 features=avx2|avx512`.
std::string phaseOption(Phase phase, const PhaseOptions &options);

/// Registers all passes of the compiler and the phase pipelines `seqc-<phase>`.
void registerAllPasses();

} // namespace seqc

#endif // COMPILER_PIPELINES_PHASES_H
