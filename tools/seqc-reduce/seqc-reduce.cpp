//===- seqc-reduce.cpp - Makes a failing module small -----------*- C++ -*-===//
//
// mlir-reduce with everything that seqc's IR may contain, with reductions for
// seq ops and for whole modules:
//
//   seqc-reduce bad.mlir -reduction-tree='test=still-fails.sh'
//   seqc-reduce bad.mlir
//     -opt-reduction-pass='opt-pass=canonicalize test=still-fails.sh'
//   seqc-reduce bad.mlir -reduce-signatures='test=still-fails.sh'
//     -simplify-attributes='test=still-fails.sh'
//     -shrink-extents='test=still-fails.sh'
//
// The script gets the path of a candidate and ends with 1 while the candidate
// is interesting, with 0 while it is not. Every pass stops it, and all that it
// has started, after the seconds of its option `time-limit` (60 without); such a
// candidate does not count.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"
#include "tools/guard/Guard.h"
#include "tools/guard/StandIn.h"
#include "tools/guard/ToolFiles.h"
#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/SeqReductions.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/ParseUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace cl = llvm::cl;

/// What the options of the passes do not say.
static cl::extrahelp scriptHelp(
    "\nThe passes that reduce take 'test=SCRIPT': it gets the path of "
    "a candidate and ends with 1\nwhile that is interesting, with 0 "
    "while it is not. 'time-limit=SECONDS' (default 60): a script\n"
    "that runs longer on a candidate is stopped, and the candidate "
    "does not count.\n");

static cl::OptionCategory category("seqc-reduce options");
static cl::opt<std::string> inputName(cl::Positional, cl::desc("<input file>"),
                                      cl::cat(category));
static cl::opt<std::string>
    outputName("o", cl::desc("Output filename for the reduced test case"),
               cl::init("-"), cl::cat(category));
static cl::opt<bool> noImplicitModule(
    "no-implicit-module",
    cl::desc("Disable implicit addition of a top-level module op"),
    cl::cat(category));
static cl::opt<bool>
    allowUnregistered("allow-unregistered-dialect",
                      cl::desc("Allow operation with no registered dialects"),
                      cl::cat(category));

/// Says why the tool ends; its exit code.
static int fail(const llvm::Twine &message, int code) {
  llvm::errs() << "seqc-reduce: error: " << message << "\n";
  return code;
}

/// Reads the input that the command line names, or says why not.
static OwningOpRef<Operation *> readInput(MLIRContext &context) {
  if (!seqc::checkInput("seqc-reduce", inputName))
    return nullptr;
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> text = openInputFile(inputName, &problem);
  if (!text) {
    fail(problem, 0);
    return nullptr;
  }
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(text), llvm::SMLoc());
  return parseSourceFileForTool(sources, &context, !noImplicitModule);
}

/// Runs the passes that the command line names; an exit code.
static int reduce(MLIRContext &context, const PassPipelineCLParser &pipeline) {
  OwningOpRef<Operation *> module = readInput(context);
  if (!module)
    return seqc::getFailureCode();
  PassManager passes(&context, module.get()->getName().getStringRef());
  auto sayWhy = [](const llvm::Twine &message) {
    fail(message, 0);
    return failure();
  };
  if (failed(pipeline.addToPipeline(passes, sayWhy)))
    return seqc::getFailureCode();
  if (int code = seqc::checkOutput("seqc-reduce", outputName))
    return code;
  if (failed(passes.run(*module)))
    return seqc::getFailureCode();
  std::string problem;
  // Not before: what fails leaves the file as it was, maybe the input.
  std::unique_ptr<llvm::ToolOutputFile> output =
      openOutputFile(outputName, &problem);
  if (!output)
    return fail(problem, 5);
  module.get()->print(output->os());
  output->keep();
  return 0;
}

int main(int argc, char **argv) {
  seqc::installGuard("seqc-reduce");
  seqc::Reading reading("the input");
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  seqc::registerAllDialects(registry);
  seqc::registerStandIn(registry);
  seqc::registerSeqReductions(registry);
  registerAllPasses();
  seqc::registerAllPasses();
  seqc::registerReductionTree();
  seqc::registerOptReduction();
  seqc::registerReduceSignatures();
  seqc::registerSimplifyAttributes();
  seqc::registerShrinkExtents();
  cl::HideUnrelatedOptions(category);
  PassPipelineCLParser pipeline("", "Reduction Passes to Run");
  {
    seqc::ParsingOptions parsing;
    cl::ParseCommandLineOptions(argc, argv,
                                "Makes a module small that shows a fault.\n");
  }
  MLIRContext context(registry);
  context.allowUnregisteredDialects(allowUnregistered);
  seqc::watchPasses(context);
  return seqc::finishTool("seqc-reduce", reduce(context, pipeline));
}
