//===- Options.cpp - The options of seqc's commands -----------------------===//

#include "tools/driver/Options.h"
#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "dialect/Support/NearestName.h"
#include "tools/session/CompileOptions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace seqc {

static constexpr CommandInfo kCommands[] = {
    {ForCompile, "compile", "MODEL -o OUT",
     "compile a model to a native artefact"},
    {ForRun, "run", "TARGET [TEXT...]",
     "run an artefact, or a model compiled on the fly"},
    {ForTest, "test", "DIR...", "run folders of test cases"},
    {ForBench, "bench", "TARGET", "measure the time of a model"},
    {ForCheck, "check", "MODEL",
     "compare compiled code with the reference interpreter"},
    {ForInspect, "inspect", "TARGET", "show what a model or an artefact holds"},
    {ForDoctor, "doctor", "",
     "show the toolchain, the CPU and what is missing"},
};

static constexpr unsigned kRunning = ForRun | ForBench | ForCheck;

static constexpr OptionInfo kOptions[] = {
    {"-o", "OUT", ForCompile,
     "output; the suffix chooses its kind: none executable, .so, .o, .ll, .s, "
     ".mlir"},
    {"--emit", "KIND", ForCompile,
     "kind of output: exe, so, obj, ll, asm, mlir"},
    {"--target-cpu", "CPU", ForCompiling,
     "native (default), portable, x86-64-v2, x86-64-v3, x86-64-v4 or a CPU's "
     "name"},
    {"-O", "N", ForCompiling, "optimisation level, 0 to 3 (default 2)"},
    {"--backend", "NAME", ForCompiling,
     "who computes large products: llvm, onednn or auto"},
    {"--precision", "TYPE", ForCompiling, "type of the weights: f32"},
    {"--no-recognize", "NAMES", ForCompiling | ForInspect,
     "ONNX patterns that stay as their nodes, with commas between them; all "
     "for every one"},
    {"--freeze-initializers", "", ForCompiling | ForInspect,
     "ONNX initializers that are also inputs are constants: half the code, no "
     "second copy of the weights"},
    {"--entries", "NAMES", ForCompiling | ForInspect,
     "all: beside a search, encode and step for a host that searches by "
     "itself; described (default): without"},
    {"--stop-after", "PHASE", ForCompile | ForInspect,
     "stop after a phase and write its IR"},
    {"--dump-phases", "DIR", ForCompiling,
     "write the IR after each phase to DIR"},
    {"--print-pipeline", "", ForCompile,
     "print the seqc-opt call of each phase and stop"},
    {"--prefix-symbols", "NAME", ForCompile,
     "let the symbols of an object or shared object begin with NAME, and write "
     "NAME.h beside it"},
    {"--save-temps", "", ForCompile,
     "keep the LLVM IR, assembly and object files"},
    {"--explain", "", ForCompile,
     "say which products run on which code, and why"},
    {"--interpret", "", ForRun | ForBench | ForTest,
     "run the reference interpreter instead of compiled code"},
    {"--input", "NAME=VALUE", kRunning,
     "file (.npy .npz .pb .txt .json), numbers, or random:SHAPE[:SEED]; "
     "repeatable",
     true},
    {"--output", "NAME=FILE", ForRun,
     "write an output (.npy .pb .json .txt); repeatable", true},
    {"--final", "NAME=FILE", ForRun,
     "write an output of the last step; repeatable", true},
    {"--expect", "NAME=FILE", ForRun,
     "compare an output with a file; repeatable", true},
    {"--rtol", "R", ForRun | ForTest | ForCheck, "relative tolerance", true},
    {"--atol", "A", ForRun | ForTest | ForCheck, "absolute tolerance", true},
    {"--step", "NAME=FILE", ForRun, "feed one slice of FILE a step; repeatable",
     true},
    {"--carry", "OUTPUT=INPUT", ForRun,
     "feed an output back as an input; repeatable", true},
    {"--entry", "NAME", kRunning, "which entry to run", true},
    {"--lengths", "N,N,...", kRunning, "lengths of the rows", true},
    {"--beam", "N", ForCompiling | ForInspect, "width of the beam search",
     true},
    {"--n-best", "N", ForCompiling | ForInspect, "hypotheses returned per row",
     true},
    {"--length-penalty", "A", ForCompiling | ForInspect,
     "exponent of the length normalisation", true},
    {"--max-length", "N", ForCompiling | ForInspect,
     "most tokens generated per row", true},
    {"--prefix", "TEXT", ForRun, "forced beginning of the output", true},
    {"--prefix", "", ForCompile | ForInspect,
     "let the artefact take a forced beginning of the output"},
    {"--batch", "N", ForRun, "texts that share a call (default 32)", true},
    {"--sample", "", ForCompiling | ForInspect,
     "draw tokens instead of searching for the best", true},
    {"--temperature", "T", ForRun, "divides the logits of sampling", true},
    {"--top-k", "K", ForRun, "draw among the K most probable tokens; 0: all",
     true},
    {"--top-p", "P", ForRun,
     "draw among the tokens that make up the probability P", true},
    {"--seed", "S", ForRun | ForBench | ForCheck, "seed of random numbers",
     true},
    {"--temperature", "T", ForCompile | ForInspect,
     "what divides the logits of sampling, unless a run says otherwise"},
    {"--top-k", "K", ForCompile | ForInspect,
     "tokens that sampling draws among, unless a run says otherwise"},
    {"--top-p", "P", ForCompile | ForInspect,
     "probability that sampling keeps, unless a run says otherwise"},
    {"--seed", "S", ForCompile | ForInspect,
     "seed of sampling, unless a run says otherwise"},
    {"--attention", "FILE.svg", ForRun, "draw the attention of the run", true},
    {"--scores", "", ForRun, "print the scores of what was generated", true},
    {"--verify", "", ForRun,
     "compare the weights with their digest first, however large", true},
    {"--threads", "N", ForRun | ForTest | ForBench | ForCheck, "threads to use",
     true},
    {"--profile", "FILE.json", ForRun, "write a Chrome trace", true},
    {"--profile", "FILE.json", ForCompile,
     "write a Chrome trace of the compilation"},
    {"--graph", "FILE.svg", ForInspect, "draw the model"},
    {"--jobs", "N", ForTest, "tests that run at the same time (default 1)"},
    {"--onnx-operators", "", ForDoctor,
     "print the table of ONNX operators, as Markdown, and stop"},
    {"--bisect", "", ForCheck, "name the first phase and op that differ"},
    {"--warmup", "N", ForBench, "runs before the measurement (default 3)"},
    {"--runs", "N", ForBench,
     "runs that are measured (default: about a second)"},
    {"--json", "[FILE.json]", ForTest | ForBench,
     "print the results as JSON, or write them to a file"},
    {"--json", "", ForCompile | ForInspect | ForDoctor | ForCheck,
     "print JSON"},
    {"--json", "", ForRun, "print JSON", true},
    {"--quiet", "", ForAll, "no notes"},
    {"--help", "", ForAll, "show this help"},
};

bool Arguments::has(StringRef name) const {
  return any_of(options,
                [&](const auto &option) { return option.first->name == name; });
}

std::string Arguments::get(StringRef name, StringRef missing) const {
  for (const auto &[option, value] : reverse(options))
    if (option->name == name)
      return value;
  return missing.str();
}

std::vector<std::string> Arguments::getAll(StringRef name) const {
  std::vector<std::string> values;
  for (const auto &[option, value] : options)
    if (option->name == name)
      values.push_back(value);
  return values;
}

std::vector<std::string> Arguments::getForwardedOptions() const {
  std::vector<std::string> words;
  for (const auto &[option, value] : options)
    if (option->forwarded) {
      words.push_back(option->name.str());
      if (!option->value.empty())
        words.push_back(value);
    }
  return words;
}

ArrayRef<CommandInfo> getCommands() { return kCommands; }

const CommandInfo *findCommand(StringRef name) {
  for (const CommandInfo &command : kCommands)
    if (command.name == name)
      return &command;
  return nullptr;
}

ArrayRef<OptionInfo> getOptions() { return kOptions; }

/// The option of `command` called `name`, or null.
static const OptionInfo *findOption(const CommandInfo &command,
                                    StringRef name) {
  for (const OptionInfo &option : kOptions)
    if ((option.commands & command.bit) && option.name == name)
      return &option;
  return nullptr;
}

static Error makeUnknownOption(const CommandInfo &command, StringRef name) {
  SmallVector<StringRef> names;
  for (const OptionInfo &option : kOptions)
    if (option.commands & command.bit)
      names.push_back(option.name);
  std::optional<StringRef> nearest = findNearestName(name, names);
  return makeFailure(
      FailureKind::BadInput,
      "unknown option '" + name + "' of 'seqc " + command.name + "'" +
          (nearest ? ("; did you mean '" + *nearest + "'?").str()
                   : "; see 'seqc " + command.name.str() + " --help'"));
}

Expected<Arguments> parseArguments(const CommandInfo &command,
                                   ArrayRef<const char *> words) {
  Arguments arguments;
  auto addPositional = [&](StringRef word) {
    if (!arguments.positional.empty())
      arguments.forwarded.push_back(word.str());
    arguments.positional.push_back(word.str());
  };
  for (size_t i = 0; i < words.size(); ++i) {
    StringRef word = words[i];
    if (word == "--") {
      arguments.forwarded.push_back("--");
      for (const char *rest : words.drop_front(i + 1))
        addPositional(rest);
      break;
    }
    if (word == "-h")
      word = "--help";
    // A lone dash is standard input; a dash and a digit is a number.
    if (!word.starts_with("-") || word == "-") {
      addPositional(word);
      continue;
    }
    StringRef name = word, value;
    bool joined = false;
    if (word.starts_with("--")) {
      joined = word.contains('=');
      std::tie(name, value) = word.split('=');
    } else if (word.size() > 2) {
      joined = true;
      name = word.take_front(2);
      value = word.drop_front(2);
    }
    const OptionInfo *option = findOption(command, name);
    if (!option)
      return makeUnknownOption(command, name);
    // A value that may be left out is joined, or looks like one.
    bool mayLack = option->value.starts_with("[");
    if (mayLack && !joined &&
        (i + 1 == words.size() ||
         !StringRef(words[i + 1]).ends_with(".json"))) {
      arguments.options.push_back({option, ""});
      continue;
    }
    if (option->value.empty() && joined)
      return makeFailure(FailureKind::BadInput,
                         "option '" + name + "' takes no value; found '" +
                             value + "'");
    if (!option->value.empty() && !joined) {
      if (i + 1 == words.size())
        return makeFailure(FailureKind::BadInput,
                           "option '" + name + "' needs a value: " + name +
                               " " + option->value);
      value = words[++i];
    }
    arguments.options.push_back({option, value.str()});
    if (option->forwarded) {
      arguments.forwarded.push_back(option->name.str());
      if (!option->value.empty())
        arguments.forwarded.push_back(value.str());
    }
  }
  return arguments;
}

void printHelp(raw_ostream &os, const CommandInfo *command) {
  if (!command) {
    os << "seqc " << getCompilerVersion()
       << ", a compiler for sequence models\n\n"
       << "usage: seqc COMMAND [OPTION...]\n\n";
    for (const CommandInfo &info : kCommands)
      os << formatv("  {0,-8} {1,-17} {2}\n", info.name, info.usage,
                    info.summary);
    os << "\n'seqc COMMAND --help' lists the options of a command. MODEL is an "
          "ONNX file, a\n.yaml file with its .safetensors file, or an .mlir "
          "file.\n\n"
          "exit codes: 0 done, 1 a comparison failed, 2 bad usage or input, 3 "
          "unsupported,\n4 a fault in seqc, 5 the environment failed\n";
    return;
  }
  os << "usage: seqc " << command->name << " " << command->usage
     << " [OPTION...]\n\n"
     << command->summary << "\n\n";
  for (const OptionInfo &option : kOptions) {
    if (!(option.commands & command->bit))
      continue;
    std::string left = option.name.str();
    if (option.name == "-O")
      left += option.value.str();
    else if (option.value.starts_with("["))
      left += "[=" + option.value.drop_front().str();
    else if (!option.value.empty())
      left += (option.name.starts_with("--") ? "=" : " ") + option.value.str();
    os << formatv("  {0,-24} {1}\n", left, option.help);
  }
}

Expected<int64_t> getNumber(const Arguments &arguments, StringRef name,
                            int64_t missing, int64_t minimum, int64_t maximum) {
  return arguments.has(name)
             ? parseNumber(arguments.get(name), name, minimum, maximum)
             : missing;
}

Expected<double> getDecimal(const Arguments &arguments, StringRef name,
                            double missing) {
  return arguments.has(name) ? parseDecimal(arguments.get(name), name)
                             : missing;
}

} // namespace seqc
