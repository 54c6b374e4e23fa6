//===- seqc-opt.cpp - Runs passes on textual IR ----------------*- C++ -*-===//
//
// mlir-opt with everything that seqc's IR may contain.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"
#include "tools/guard/Guard.h"
#include "tools/guard/StandIn.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>

using namespace mlir;

/// Runs the passes of the command line on `input`; what crashes outside of them
/// is put down to the text.
static LogicalResult runPasses(int argc, char **argv, llvm::StringRef input,
                               llvm::StringRef output,
                               DialectRegistry &registry) {
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return MlirOptMain(argc, argv, input, output, registry);
  llvm::InitLLVM init(argc, argv);
  if (input == "-" &&
      llvm::sys::Process::FileDescriptorIsDisplayed(fileno(stdin)))
    llvm::errs() << "seqc-opt: note: reading from standard input\n";
  if (!seqc::checkInput("seqc-opt", input))
    return failure();
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> text = openInputFile(input, &problem);
  std::unique_ptr<llvm::ToolOutputFile> target;
  if (text)
    target = openOutputFile(output, &problem);
  if (!target) {
    llvm::errs() << "seqc-opt: error: " << problem << "\n";
    return failure();
  }
  config.setPassPipelineSetupFn([given = config](PassManager &passes) {
    seqc::watchPasses(passes);
    return given.setupPassPipeline(passes);
  });
  if (failed(MlirOptMain(target->os(), std::move(text), registry, config)))
    return failure();
  target->keep();
  return success();
}

int main(int argc, char **argv) {
  seqc::installGuard("seqc-opt");
  seqc::Reading reading("the input");
  DialectRegistry registry;
  seqc::registerAllDialects(registry);
  seqc::registerStandIn(registry);
  mlir::registerAllPasses();
  seqc::registerAllPasses();
  auto [input, output] =
      registerAndParseCLIOptions(argc, argv, "seqc's pass driver\n", registry);
  bool failed = mlir::failed(runPasses(argc, argv, input, output, registry));
  return seqc::finishTool("seqc-opt", failed ? 1 : 0);
}
