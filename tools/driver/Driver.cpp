//===- Driver.cpp - From the command line to a command --------------------===//

#include "compiler/CodeGen/ModelMetadata.h"
#include "dialect/Support/NearestName.h"
#include "tools/driver/Commands.h"
#include "tools/driver/Reproducer.h"
#include "tools/guard/Guard.h"
#include "tools/guard/ToolFiles.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <new>

using namespace llvm;

namespace seqc {

static ExitCode runCommand(const CommandInfo &command,
                           const Arguments &arguments, Reporter &reporter) {
  switch (command.bit) {
  case ForCompile:
    return runCompile(arguments, reporter);
  case ForRun:
    return runRun(arguments, reporter);
  case ForTest:
    return runTest(arguments, reporter);
  case ForBench:
    return runBench(arguments, reporter);
  case ForCheck:
    return runCheck(arguments, reporter);
  case ForInspect:
    return runInspect(arguments, reporter);
  case ForDoctor:
    return runDoctor(arguments, reporter);
  }
  return ExitCode::Fault;
}

static ExitCode runWords(ArrayRef<const char *> words, Reporter &reporter) {
  if (words.empty()) {
    printHelp(errs(), nullptr);
    return ExitCode::BadInput;
  }
  StringRef first = words.front();
  if (first == "--help" || first == "-h" || first == "help") {
    const CommandInfo *command =
        words.size() > 1 ? findCommand(words[1]) : nullptr;
    printHelp(outs(), command);
    return ExitCode::Done;
  }
  if (first == "--version") {
    outs() << "seqc " << getCompilerVersion() << "\n";
    return ExitCode::Done;
  }
  const CommandInfo *command = findCommand(first);
  if (!command) {
    SmallVector<StringRef> names;
    for (const CommandInfo &info : getCommands())
      names.push_back(info.name);
    std::optional<StringRef> nearest = findNearestName(first, names);
    return reporter.fail(makeFailure(
        FailureKind::BadInput,
        "unknown command '" + first + "'; known are " + join(names, ", ") +
            (nearest ? ("; did you mean '" + *nearest + "'?").str() : "")));
  }
  Expected<Arguments> arguments = parseArguments(*command, words.drop_front());
  if (!arguments)
    return reporter.fail(arguments.takeError());
  if (arguments->has("--help")) {
    printHelp(outs(), command);
    return ExitCode::Done;
  }
  return runCommand(*command, *arguments, reporter);
}

int runDriver(int argc, char **argv) {
  installFaultHandlers();
  ArrayRef<const char *> words(argv + 1, argc > 0 ? argc - 1 : 0);
  bool quiet =
      is_contained(map_range(words, [](const char *w) { return StringRef(w); }),
                   StringRef("--quiet"));
  Reporter reporter(quiet);
  ExitCode code;
  try {
    code = runWords(words, reporter);
  } catch (const std::bad_alloc &) {
    reporter.error("out of memory");
    code = ExitCode::Environment;
  } catch (const std::exception &exception) {
    reporter.error(Twine("a fault in seqc itself: ") + exception.what());
    code = ExitCode::Fault;
  }
  reporter.clearProgress();
  return finishTool("seqc", static_cast<int>(code));
}

} // namespace seqc
