//===- seqc-opt.cpp - Runs passes on textual IR ----------------*- C++ -*-===//
//
// mlir-opt with everything that seqc's IR may contain.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"
#include "tools/guard/Guard.h"
#include "tools/guard/StandIn.h"
#include "tools/guard/ToolFiles.h"

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
/// is put down to the text. Returns an exit code.
static int runPasses(int argc, char **argv, llvm::StringRef input,
                     llvm::StringRef output, DialectRegistry &registry) {
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return failed(MlirOptMain(argc, argv, input, output, registry));
  llvm::InitLLVM init(argc, argv);
  if (input == "-" &&
      llvm::sys::Process::FileDescriptorIsDisplayed(fileno(stdin)))
    llvm::errs() << "seqc-opt: note: reading from standard input\n";
  if (!seqc::checkInput("seqc-opt", input))
    return seqc::getFailureCode();
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> text = openInputFile(input, &problem);
  std::unique_ptr<llvm::ToolOutputFile> target;
  if (text) {
    if (int code = seqc::checkOutput("seqc-opt", output))
      return code;
    target = openOutputFile(output, &problem);
  }
  if (!target) {
    llvm::errs() << "seqc-opt: error: " << problem << "\n";
    return seqc::getFailureCode();
  }
  config.setPassPipelineSetupFn([given = config](PassManager &passes) {
    seqc::watchPasses(passes);
    return given.setupPassPipeline(passes);
  });
  if (failed(MlirOptMain(target->os(), std::move(text), registry, config))) {
    // What is compared may differ without a pass.
    bool compares =
        config.shouldVerifyDiagnostics() || config.shouldVerifyRoundtrip();
    return compares ? 1 : seqc::getFailureCode();
  }
  target->keep();
  return 0;
}

/// The names of the input and the output, after all options are read.
static std::pair<std::string, std::string>
parseOptions(int argc, char **argv, DialectRegistry &registry) {
  seqc::ParsingOptions parsing;
  return registerAndParseCLIOptions(argc, argv, "seqc's pass driver\n",
                                    registry);
}

int main(int argc, char **argv) {
  seqc::installGuard("seqc-opt");
  seqc::Reading reading("the input");
  DialectRegistry registry;
  seqc::registerAllDialects(registry);
  seqc::registerStandIn(registry);
  mlir::registerAllPasses();
  seqc::registerAllPasses();
  auto [input, output] = parseOptions(argc, argv, registry);
  return seqc::finishTool("seqc-opt",
                          runPasses(argc, argv, input, output, registry));
}
