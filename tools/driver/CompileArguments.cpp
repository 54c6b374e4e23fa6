//===- CompileArguments.cpp - Where flags become settings -----------------===//

#include "tools/driver/CompileArguments.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace seqc {

/// Settings of sampling that a run has too: a run's own are left to the run, so
/// that a model is not compiled anew for each of their values.
static constexpr StringLiteral kRunSettings[] = {"temperature", "top-k",
                                                 "top-p", "seed"};

/// Settings that the command line gives another meaning or no name.
static constexpr StringLiteral kOwnSettings[] = {"opt-level", "library-folder"};

/// The values that the command line has for `setting`, in order.
static std::vector<std::string> getValues(const Arguments &arguments,
                                          StringRef setting) {
  std::vector<std::string> values;
  for (const auto &[option, value] : arguments.options) {
    if (option->name.drop_while([](char c) { return c == '-'; }) != setting ||
        (is_contained(kRunSettings, setting) && option->forwarded))
      continue;
    // What a run forces is text, and asks for an entry that takes it.
    values.push_back(isFlag(setting) ? "true" : value);
  }
  return values;
}

Expected<CompileOptions> readCompileOptions(const Arguments &arguments,
                                            StringRef model, Backend backend) {
  CompileOptions options;
  options.model = model.str();
  options.backend = backend;
  options.programPath = getProgramPath();
  if (arguments.has("-O"))
    if (Error error =
            setSetting(options, "opt-level", arguments.get("-O"), "-O"))
      return error;
  for (StringRef setting : getSettingNames()) {
    if (is_contained(kOwnSettings, setting))
      continue;
    for (const std::string &value : getValues(arguments, setting))
      if (Error error =
              setSetting(options, setting, value, ("--" + setting).str()))
        return error;
  }
  std::string entry = arguments.get("--entry");
  options.splitsSearch |= entry == "encode" || entry == "step";
  if (Error error = checkSettings(options, "--"))
    return error;
  return options;
}

std::string getProgramPath() {
  return sys::fs::getMainExecutable(
      nullptr,
      reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&getProgramPath)));
}

} // namespace seqc
