//===- ObjectEmitter.h - LLVM dialect to native code ------------*- C++ -*-===//
//
// Phase `object`: the module, now in the LLVM dialect, becomes LLVM IR, is
// optimised and written as text, assembly or an object, all in memory.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_OBJECTEMITTER_H
#define COMPILER_CODEGEN_OBJECTEMITTER_H

#include "compiler/CodeGen/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace seqc {

/// Forms in which code leaves the emitter.
enum class CodeForm { Object, Assembly, LLVMIR };

/// Bytes of a file that is still in memory.
using FileBytes = llvm::SmallVector<char, 0>;

/// Translates `module` (LLVM dialect) to LLVM IR for `target`. Entry functions
/// keep their names plus `suffix` and become hidden, everything else internal,
/// so that several levels link together.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context,
                const Target &target, llvm::StringRef suffix = "");

/// Runs LLVM's default pipeline of -O`optLevel` on `module`.
llvm::Error optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                           unsigned optLevel);

/// Writes `module` in `form`.
llvm::Expected<FileBytes>
emitModule(llvm::Module &module, llvm::TargetMachine &machine, CodeForm form);

} // namespace seqc

#endif // COMPILER_CODEGEN_OBJECTEMITTER_H
