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
// is interesting. Every pass stops it, and all that it has started, after the
// seconds of its option `time-limit` (60 without); such a candidate does not
// count.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"
#include "tools/guard/Guard.h"
#include "tools/guard/StandIn.h"
#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/SeqReductions.h"
#include "tools/seqc-reduce/TestScript.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

/// What the options of MLIR's passes do not say.
static llvm::cl::extrahelp
    timeLimitHelp("\nEvery pass takes 'time-limit=SECONDS' (default 60) beside "
                  "'test=SCRIPT': a script that\nruns longer on a candidate is "
                  "stopped, and the candidate does not count.\n");

/// Whether no file of the command line is one without end; says so. Options of
/// one word hold no file that is read but a script.
static bool isInputReadable(llvm::ArrayRef<std::string> arguments) {
  for (size_t i = 1; i < arguments.size(); ++i)
    if (llvm::StringRef(arguments[i - 1]) != "-o" &&
        !llvm::StringRef(arguments[i]).starts_with("-") &&
        !seqc::checkInput("seqc-reduce", arguments[i]))
      return false;
  return true;
}

int main(int argc, char **argv) {
  seqc::installGuard("seqc-reduce");
  seqc::Reading reading("the input");
  std::vector<std::string> arguments(argv, argv + argc);
  if (llvm::Error error = seqc::limitScripts(arguments)) {
    llvm::errs() << "seqc-reduce: error: " << llvm::toString(std::move(error))
                 << "\n";
    return 2;
  }
  if (!isInputReadable(arguments))
    return seqc::getFailureCode();
  std::vector<char *> words;
  for (std::string &argument : arguments)
    words.push_back(argument.data());
  words.push_back(nullptr);
  mlir::DialectRegistry registry;
  seqc::registerAllDialects(registry);
  seqc::registerStandIn(registry);
  seqc::registerSeqReductions(registry);
  mlir::registerAllPasses();
  seqc::registerAllPasses();
  seqc::registerReduceSignatures();
  seqc::registerSimplifyAttributes();
  seqc::registerShrinkExtents();
  mlir::MLIRContext context(registry);
  seqc::watchPasses(context);
  seqc::ParsingOptions parsing;
  bool failed = mlir::failed(mlir::mlirReduceMain(argc, words.data(), context));
  return seqc::finishTool("seqc-reduce", failed ? seqc::getFailureCode() : 0);
}
