//===- Options.h - The options of seqc's commands ---------------*- C++ -*-===//
//
// One table lists every option with the commands that take it; parsing, help
// and the suggestion for a misspelt option all come from it.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_OPTIONS_H
#define TOOLS_DRIVER_OPTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace seqc {

/// Bits that say which commands take an option.
enum CommandMask : unsigned {
  ForCompile = 1,
  ForRun = 2,
  ForTest = 4,
  ForBench = 8,
  ForCheck = 16,
  ForInspect = 32,
  ForDoctor = 64,
  /// Commands that compile a model on the way.
  ForCompiling = ForCompile | ForRun | ForTest | ForBench | ForCheck,
  ForAll = 127,
};

/// A command: its bit, name and how it is called.
struct CommandInfo {
  unsigned bit;
  llvm::StringRef name;
  llvm::StringRef usage;
  llvm::StringRef summary;
};

/// One option.
struct OptionInfo {
  /// With dashes: `--target-cpu`, `-o`.
  llvm::StringRef name;
  /// What stands for its value in the help; empty for a flag.
  llvm::StringRef value;
  /// CommandMask bits.
  unsigned commands;
  llvm::StringRef help;
  /// The program that runs the model understands the option itself.
  bool forwarded = false;
};

/// What a command line says.
class Arguments {
public:
  /// Whether the option was given.
  bool has(llvm::StringRef name) const;
  /// Value given last, or `missing`.
  std::string get(llvm::StringRef name, llvm::StringRef missing = "") const;
  /// All values, in order.
  std::vector<std::string> getAll(llvm::StringRef name) const;

  /// The options for the program that runs the model, without the positional
  /// words.
  std::vector<std::string> getForwardedOptions() const;

  /// Words that are no options.
  std::vector<std::string> positional;
  /// Options in order with their values.
  std::vector<std::pair<const OptionInfo *, std::string>> options;
  /// Words for the program that runs the model: its options and all but the
  /// first positional word.
  std::vector<std::string> forwarded;
};

/// All commands, in the order of the help.
llvm::ArrayRef<CommandInfo> getCommands();

/// The command called `name`, or null.
const CommandInfo *findCommand(llvm::StringRef name);

/// All options.
llvm::ArrayRef<OptionInfo> getOptions();

/// Reads the words after the command's name. `--` ends the options.
llvm::Expected<Arguments> parseArguments(const CommandInfo &command,
                                         llvm::ArrayRef<const char *> words);

/// Prints the help of one command, or of the whole program when `command` is
/// null.
void printHelp(llvm::raw_ostream &os, const CommandInfo *command);

/// The value of an option that takes a number from `minimum` to `maximum`.
llvm::Expected<int64_t>
getNumber(const Arguments &arguments, llvm::StringRef name, int64_t missing,
          int64_t minimum,
          int64_t maximum = std::numeric_limits<int64_t>::max());

/// The value of an option that takes a decimal number.
llvm::Expected<double> getDecimal(const Arguments &arguments,
                                  llvm::StringRef name, double missing);

} // namespace seqc

#endif // TOOLS_DRIVER_OPTIONS_H
