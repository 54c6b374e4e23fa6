//===- Toolchain.h - Linker, start files and archives -----------*- C++ -*-===//

#ifndef COMPILER_CODEGEN_TOOLCHAIN_H
#define COMPILER_CODEGEN_TOOLCHAIN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace seqc {

/// One thing that linking needs.
struct ToolchainPiece {
  /// Such as "linker" or "crtbeginS.o".
  std::string name;
  /// Where it was found; empty if it was not.
  std::string path;
  /// How to get it.
  std::string remedy;
};

/// Where everything lies that linking needs. Looked up once per process.
struct Toolchain {
  ToolchainPiece linker, startFile, initBegin, gccBegin, gccEnd, initEnd,
      dynamicLinker, cxxLibrary, gccLibrary, gccUnwindLibrary, cLibrary,
      mathLibrary, runtime, cli, main, adapter, dnn;

  /// All pieces, for reports.
  std::vector<const ToolchainPiece *> getPieces() const;
};

/// Finds the pieces. `programPath` is the running program: the runtime's
/// archives lie in `../lib` or `../lib/seqc` from there, unless `libraryFolder`
/// or, before it, the environment variable SEQC_LIB_DIR names another folder.
/// SEQC_LINKER names another linker.
Toolchain findToolchain(llvm::StringRef programPath,
                        llvm::StringRef libraryFolder = "");

/// Runs `program` with `arguments` (without the program's own name). Its
/// standard error is returned in `output`, the exit status as the result; -1 if
/// it could not run or ended by a signal, which `output` then says. The child
/// dies with this process.
int runProgram(llvm::StringRef program, llvm::ArrayRef<std::string> arguments,
               std::string &output);

/// Ends the program that runProgram() waits for, if there is one, and waits for
/// its end. For handlers of crashes: nothing but system calls.
void endRunningProgram();

} // namespace seqc

#endif // COMPILER_CODEGEN_TOOLCHAIN_H
