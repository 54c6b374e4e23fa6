//===- ObjectEmitter.cpp - LLVM dialect to native code --------------------===//

#include "compiler/CodeGen/ObjectEmitter.h"
#include "compiler/CodeGen/CompileError.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Pass.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/StandardInstrumentations.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Scalar.h"
#include "llvm/Transforms/Utils.h"

using namespace llvm;

namespace seqc {

/// Gives the definitions of `module` their linkage and the attributes of
/// `target`.
static void finishFunctions(llvm::Module &module, const Target &target,
                            StringRef suffix) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (function.getName().starts_with(SEQC_ABI_FUNCTION_PREFIX)) {
      function.setName(function.getName() + suffix);
      function.setLinkage(GlobalValue::ExternalLinkage);
      function.setVisibility(GlobalValue::HiddenVisibility);
    } else {
      function.setLinkage(GlobalValue::InternalLinkage);
      function.setVisibility(GlobalValue::DefaultVisibility);
    }
    function.setDSOLocal(true);
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    // LLVM prefers 256 bits on most CPUs with AVX-512; the schedule counts on
    // all lanes.
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBits));
    function.addFnAttr(Attribute::NoUnwind);
    // Frames of compiled code are left by longjmp, never unwound.
    function.removeFnAttr(Attribute::UWTable);
  }
  for (GlobalVariable &global : module.globals())
    if (!global.isDeclaration()) {
      global.setLinkage(GlobalValue::InternalLinkage);
      global.setVisibility(GlobalValue::DefaultVisibility);
      global.setDSOLocal(true);
    }
}

Expected<std::unique_ptr<llvm::Module>> translateToLLVM(mlir::ModuleOp source,
                                                        LLVMContext &context,
                                                        const Target &target,
                                                        StringRef suffix) {
  std::unique_ptr<llvm::Module> module =
      mlir::translateModuleToLLVMIR(source, context, "seqc");
  if (!module)
    return makeFailure(
        FailureKind::Internal,
        "phase object: the module cannot be translated to LLVM IR");
  // No path of this machine may reach the artefact.
  module->setModuleIdentifier("seqc");
  module->setSourceFileName("seqc");
  module->setTargetTriple(Triple(target.triple));
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target, 2);
  if (!machine)
    return machine.takeError();
  module->setDataLayout((*machine)->createDataLayout());
  finishFunctions(*module, target, suffix);
  return module;
}

Error optimizeModule(llvm::Module &module, TargetMachine &machine,
                     unsigned optLevel) {
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(module, &stream))
    return makeFailure(FailureKind::Internal,
                       "phase object: invalid LLVM IR: " + problem);

  LoopAnalysisManager loopAnalyses;
  FunctionAnalysisManager functionAnalyses;
  CGSCCAnalysisManager callGraphAnalyses;
  ModuleAnalysisManager moduleAnalyses;
  // For whoever records a time trace.
  PassInstrumentationCallbacks callbacks;
  TimeProfilingPassesHandler timing;
  timing.registerCallbacks(callbacks);
  PassBuilder builder(&machine, PipelineTuningOptions(), std::nullopt,
                      &callbacks);
  builder.registerModuleAnalyses(moduleAnalyses);
  builder.registerCGSCCAnalyses(callGraphAnalyses);
  builder.registerFunctionAnalyses(functionAnalyses);
  builder.registerLoopAnalyses(loopAnalyses);
  builder.crossRegisterProxies(loopAnalyses, functionAnalyses,
                               callGraphAnalyses, moduleAnalyses);
  static const OptimizationLevel levels[] = {
      OptimizationLevel::O0, OptimizationLevel::O1, OptimizationLevel::O2,
      OptimizationLevel::O3};
  OptimizationLevel level = levels[std::min(optLevel, 3u)];
  ModulePassManager passes = optLevel == 0
                                 ? builder.buildO0DefaultPipeline(level)
                                 : builder.buildPerModuleDefaultPipeline(level);
  passes.run(module, moduleAnalyses);
  return Error::success();
}

namespace {
/// Hands the passes of the code generator on to `passes`, except for one that
/// takes a third of the time of a compilation: loop strength reduction weighs
/// all ways to form the addresses of a loop, and the loops of tiles gain nothing
/// by it. LLVM's own switch is one for the whole process.
class PassFilter : public legacy::PassManagerBase {
public:
  explicit PassFilter(legacy::PassManager &passes) : passes(passes) {
    // What LLVM runs together with it, to prepare its loops.
    for (Pass *(*create)() :
         {createLoopStrengthReducePass, createCanonicalizeFreezeInLoopsPass})
      left.push_back(std::unique_ptr<Pass>(create())->getPassID());
  }
  void add(Pass *pass) override {
    if (is_contained(left, pass->getPassID()))
      delete pass;
    else
      passes.add(pass);
  }

private:
  legacy::PassManager &passes;
  SmallVector<AnalysisID, 2> left;
};
} // namespace

Expected<FileBytes> emitModule(llvm::Module &module, TargetMachine &machine,
                               CodeForm form) {
  FileBytes bytes;
  raw_svector_ostream stream(bytes);
  if (form == CodeForm::LLVMIR) {
    module.print(stream, nullptr);
    return bytes;
  }
  legacy::PassManager passes;
  CodeGenFileType type = form == CodeForm::Object
                             ? CodeGenFileType::ObjectFile
                             : CodeGenFileType::AssemblyFile;
  PassFilter filter(passes);
  if (machine.addPassesToEmitFile(filter, stream, nullptr, type))
    return makeFailure(FailureKind::Internal,
                       "phase object: LLVM cannot write this kind of file");
  passes.run(module);
  return bytes;
}

} // namespace seqc
