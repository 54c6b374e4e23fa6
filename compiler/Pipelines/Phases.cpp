//===- Phases.cpp - What each phase does ----------------------------------===//

#include "compiler/Pipelines/Phases.h"

#include "compiler/Conversion/Passes.h"
#include "compiler/Decompose/Passes.h"
#include "compiler/Normalize/Passes.h"
#include "compiler/Pipelines/Passes.h"
#include "compiler/Transforms/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace seqc;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static constexpr Phase kPhases[] = {
    Phase::Import,    Phase::Normalize, Phase::Select, Phase::Decompose,
    Phase::Fuse,      Phase::Offload,   Phase::Tile,   Phase::Vectorize,
    Phase::Bufferize, Phase::LLVM,      Phase::Object, Phase::Link};
static constexpr llvm::StringLiteral kNames[] = {
    "import", "normalize", "select",    "decompose", "fuse",   "offload",
    "tile",   "vectorize", "bufferize", "llvm",      "object", "link"};

llvm::ArrayRef<Phase> seqc::allPhases() { return kPhases; }

llvm::StringRef seqc::phaseName(Phase phase) {
  return kNames[static_cast<unsigned>(phase)];
}

std::optional<Phase> seqc::parsePhase(llvm::StringRef name) {
  for (Phase phase : kPhases)
    if (phaseName(phase) == name)
      return phase;
  return std::nullopt;
}

bool seqc::isPipelinePhase(Phase phase) {
  return phase != Phase::Import && phase != Phase::Object &&
         phase != Phase::Link;
}

static llvm::StringRef backendName(Backend backend) {
  switch (backend) {
  case Backend::Auto:
    return "auto";
  case Backend::LLVM:
    return "llvm";
  case Backend::OneDNN:
    return "onednn";
  }
  llvm_unreachable("unknown backend");
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// Phase `normalize`: one public function per entry, shapes and constants
/// folded.
static void buildNormalize(OpPassManager &pm, const PhaseOptions &options) {
  // Frontends and users may structure a model by private functions; analyses
  // see entries only.
  pm.addPass(createInlinerPass());
  pm.addPass(createSymbolDCEPass());
  pm.addPass(createCanonicalizerPass());
  // Patterns ask whether two values are one.
  pm.addPass(createCSEPass());
  SmallVector<StringRef> disabled;
  StringRef(options.noRecognize).split(disabled, '|');
  if (!llvm::is_contained(disabled, "all") &&
      !llvm::is_contained(disabled, "recurrence")) {
    pm.addNestedPass<func::FuncOp>(createRollStepsPass());
    pm.addPass(createRecognizeRecurrencesPass());
    pm.addPass(createCSEPass());
  }
  RecognizePatternsPassOptions patterns;
  patterns.disabled = options.noRecognize;
  pm.addPass(createRecognizePatternsPass(patterns));
  pm.addNestedPass<func::FuncOp>(createRecognizeMasksPass());
  pm.addNestedPass<func::FuncOp>(createRecognizeQuantizedPass());
  pm.addPass(createCSEPass());
  // Equal indices are one value now, and every op stands in its entry.
  pm.addPass(createGenerateRuntimeChecksPass());
}

/// Phase `decompose`: named cells, attention and search become recurrences,
/// products and loops.
static void buildDecompose(OpPassManager &pm, const PhaseOptions &) {
  pm.addNestedPass<func::FuncOp>(createDecomposeAggregatesPass());
  // Attention and search first: their regions may hold cells.
  pm.addNestedPass<func::FuncOp>(createDecomposeAttentionPass());
  pm.addNestedPass<func::FuncOp>(createDecomposeCellsPass());
  pm.addNestedPass<func::FuncOp>(createDecomposeQuantizedPass());
  // A decoder's cell is a recurrence of one step. As plain ops it takes part in
  // what follows.
  pm.addNestedPass<func::FuncOp>(createInlineSingleStepPass());
  // Ragged rows are packed before projections are hoisted, so that these cover
  // living steps only.
  pm.addPass(createPackRaggedPass());
  pm.addNestedPass<func::FuncOp>(createHoistProjectionPass());
  // Search last: it inlines the step into a loop over buffers, which no earlier
  // pass looks through.
  pm.addPass(createDecomposeGeneratePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Phase `fuse`: fewer, larger ops.
static void buildFuse(OpPassManager &pm, const PhaseOptions &options) {
  FuseProductsPassOptions products;
  products.merge = options.optLevel > 0;
  // What does not depend on the step leaves the loop before products are
  // grouped.
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addNestedPass<func::FuncOp>(createFuseProductsPass(products));
  // Products are fixed; what is left between them are elementwise tails.
  pm.addNestedPass<func::FuncOp>(createFuseElementwisePass());
}

/// Phase `offload`: each product goes to generated code or to oneDNN.
static void buildOffload(OpPassManager &pm, const PhaseOptions &options) {
  // The first phase of a CPU level.
  SetTargetPassOptions target;
  target.vectorBits = options.vectorBits;
  target.features = options.features;
  pm.addPass(createSetTargetPass(target));
  OffloadProductsPassOptions offload;
  offload.backend = backendName(options.backend).str();
  pm.addPass(createOffloadProductsPass(offload));
}

/// Phase `tile`: loops over time, panels for products, and static tiles for
/// them and their tails.
static void buildTile(OpPassManager &pm, const PhaseOptions &options) {
  TileAttentionPassOptions attention;
  attention.vectorBits = options.vectorBits;
  pm.addNestedPass<func::FuncOp>(createTileAttentionPass(attention));
  pm.addNestedPass<func::FuncOp>(createTileLinearRecurrencePass());
  pm.addNestedPass<func::FuncOp>(createPackProductsPass());
  // Destinations are decided on whole cells: tiling hides which op reads a
  // state where.
  pm.addNestedPass<func::FuncOp>(createConvertRecurrenceToSCFPass());
  pm.addNestedPass<func::FuncOp>(createTileProductsPass());
  pm.addNestedPass<func::FuncOp>(createTileContractionsPass());
  pm.addNestedPass<func::FuncOp>(createNumberLoopsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Phase `vectorize`: tiles become vectors.
static void buildVectorize(OpPassManager &pm, const PhaseOptions &) {
  pm.addNestedPass<func::FuncOp>(createVectorizeTilesPass());
}

/// Phase `bufferize`: tensors become memory of the arena, of the caller and of
/// the weights section.
static void buildBufferize(OpPassManager &pm, const PhaseOptions &options) {
  // Ends of entries first, so that results have destinations that tensors can
  // be placed in.
  pm.addPass(createConvertEntriesPass());
  pm.addPass(createCSEPass());
  // Analyses compare all that share a place.
  pm.addNestedPass<func::FuncOp>(createJoinInPlacePass());
  pm.addNestedPass<func::FuncOp>(createSplitDestinationsPass());
  pm.addNestedPass<func::FuncOp>(createPlaceCarriedTensorsPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(createBufferizePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createRemoveSelfCopiesPass());
  pm.addNestedPass<func::FuncOp>(createSettleParallelLoopsPass());
  pm.addNestedPass<func::FuncOp>(createPlaceResultsPass());
  if (options.planMemory)
    pm.addNestedPass<func::FuncOp>(createPlanMemoryPass());
  pm.addNestedPass<func::FuncOp>(createAllocateInArenaPass());
}

/// Phase `llvm`: everything becomes the LLVM dialect.
static void buildLLVM(OpPassManager &pm, const PhaseOptions &options) {
  pm.addPass(createConvertRTToLLVMPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createFlushDenormalsPass());
  pm.addPass(createOutlineRepeatsPass());
  pm.addNestedPass<func::FuncOp>(createConvertDNNToLLVMPass());
  pm.addNestedPass<func::FuncOp>(createLowerVectorsPass());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToScalarLoopsPass());
  OutlineParallelLoopsPassOptions parallel;
  if (options.leastParallelInLoop > 0)
    parallel.leastInLoop = options.leastParallelInLoop;
  pm.addPass(createOutlineParallelLoopsPass(parallel));
  pm.addNestedPass<func::FuncOp>(createUnrollVectorsPass());
  pm.addNestedPass<func::FuncOp>(createApproximateMathPass());
  pm.addNestedPass<func::FuncOp>(createExpandReshapesPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createSCFToControlFlowPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.reassociateFPReductions = true;
  vectors.force32BitVectorIndices = true;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  // What is left at once, by the interfaces of its dialects.
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void seqc::buildPhase(Phase phase, OpPassManager &pm,
                      const PhaseOptions &options) {
  switch (phase) {
  case Phase::Normalize:
    buildNormalize(pm, options);
    break;
  case Phase::Select:
    // No pass gives whole layers away yet; the phase keeps its place.
    break;
  case Phase::Decompose:
    buildDecompose(pm, options);
    break;
  case Phase::Fuse:
    buildFuse(pm, options);
    break;
  case Phase::Offload:
    buildOffload(pm, options);
    break;
  case Phase::Tile:
    buildTile(pm, options);
    break;
  case Phase::Vectorize:
    buildVectorize(pm, options);
    break;
  case Phase::Bufferize:
    buildBufferize(pm, options);
    break;
  case Phase::LLVM:
    buildLLVM(pm, options);
    break;
  case Phase::Import:
  case Phase::Object:
  case Phase::Link:
    return;
  }
  VerifyPhasePassOptions verify;
  verify.phase = phaseName(phase).str();
  pm.addPass(createVerifyPhasePass(verify));
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
/// PhaseOptions as options of a pass pipeline.
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<unsigned> optLevel{*this, "opt-level",
                            llvm::cl::desc("Optimisation level, 0 to 3"),
                            llvm::cl::init(2)};
  Option<std::string> noRecognize{
      *this, "no-recognize",
      llvm::cl::desc("Patterns that are left alone, with '|' between"),
      llvm::cl::init("")};
  Option<Backend> backend{
      *this, "backend", llvm::cl::desc("Who computes large products"),
      llvm::cl::init(Backend::LLVM),
      llvm::cl::values(
          clEnumValN(Backend::Auto, "auto", "The cost model decides"),
          clEnumValN(Backend::LLVM, "llvm", "Generated code only"),
          clEnumValN(Backend::OneDNN, "onednn", "oneDNN wherever it can"))};
  Option<unsigned> vectorBits{
      *this, "vector-bits",
      llvm::cl::desc("Widest vector of the target in bits"),
      llvm::cl::init(512)};
  Option<std::string> features{
      *this, "features",
      llvm::cl::desc("Instruction sets of the target that kernels know, with "
                     "'|' between"),
      llvm::cl::init("avx2|avx512")};
  Option<bool> planMemory{*this, "plan-memory",
                          llvm::cl::desc("Whether buffers share workspaces"),
                          llvm::cl::init(true)};
  Option<int64_t> leastParallelInLoop{
      *this, "least-parallel-in-loop",
      llvm::cl::desc("Least work of a loop inside of another one that may use "
                     "threads, in operations; 0: what the pass thinks best"),
      llvm::cl::init(0)};

  PhaseOptions get() const {
    PhaseOptions options;
    options.optLevel = optLevel;
    options.noRecognize = noRecognize;
    options.vectorBits = vectorBits;
    options.features = features;
    options.backend = backend;
    options.planMemory = planMemory;
    options.leastParallelInLoop = leastParallelInLoop;
    return options;
  }
};
} // namespace

std::string seqc::phaseOption(Phase phase, const PhaseOptions &options) {
  std::string text =
      ("--seqc-" + phaseName(phase) + "=opt-level=" + Twine(options.optLevel) +
       " backend=" + backendName(options.backend) + " vector-bits=" +
       Twine(options.vectorBits) + " features=" + options.features)
          .str();
  if (!options.noRecognize.empty())
    text += " no-recognize=" + options.noRecognize;
  // What only tests change is left out where it is as usual.
  PhaseOptions usual;
  if (options.planMemory != usual.planMemory)
    text += " plan-memory=false";
  if (options.leastParallelInLoop != usual.leastParallelInLoop)
    text +=
        (" least-parallel-in-loop=" + Twine(options.leastParallelInLoop)).str();
  return text;
}

void seqc::registerAllPasses() {
  registerNormalizePasses();
  registerDecomposePasses();
  registerSeqcTransformsPasses();
  registerSeqcConversionPasses();
  registerSeqcPipelinesPasses();
  for (Phase phase : kPhases) {
    if (!isPipelinePhase(phase))
      continue;
    PassPipelineRegistration<PipelineOptions>(
        ("seqc-" + phaseName(phase)).str(), ("Phase " + phaseName(phase)).str(),
        [phase](OpPassManager &pm, const PipelineOptions &options) {
          buildPhase(phase, pm, options.get());
        });
  }
}
