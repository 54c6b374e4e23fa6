//===- Target.h - The CPU that code is made for -----------------*- C++ -*-===//

#ifndef COMPILER_CODEGEN_TARGET_H
#define COMPILER_CODEGEN_TARGET_H

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace seqc {

/// One CPU level: what LLVM may assume.
struct Target {
  /// As the user named it: `native`, `x86-64-v3`, a CPU's name.
  std::string name;
  /// LLVM's triple.
  std::string triple;
  /// LLVM's name of the CPU.
  std::string cpu;
  /// LLVM's feature string, `+avx2,-avx512f`: those of this machine, sorted, and
  /// what is taken from the CPU because the loader cannot look for it; empty if
  /// the CPU implies all.
  std::string features;
  /// Widest vector registers worth using, in bits: 128, 256 or 512.
  unsigned vectorBits = 128;
  /// The instruction sets that kernels know (`#seq.target`), with `|` between.
  std::string kernelFeatures = "none";
  /// The features that the code may use beyond the baseline x86-64, with commas
  /// between. The loader checks them all (SEQC_ABI_CPU_FEATURES).
  std::string requiredFeatures;

  /// Number of f32 lanes in one vector register.
  unsigned getFloatLanes() const { return vectorBits / 32; }
};

/// Makes LLVM's code generator for this machine ready. Cheap after the first
/// call.
void initializeTargets();

/// The target that `name` stands for: `native`, `x86-64-v2`, `-v3`, `-v4` or a
/// CPU of LLVM's list. An unknown name is an error that suggests the nearest
/// one.
llvm::Expected<Target> resolveTarget(llvm::StringRef name);

/// All levels that `name` stands for, best first: one, or those of `portable`.
llvm::Expected<std::vector<Target>> resolveTargets(llvm::StringRef name);

/// LLVM's code generator for `target` at -O`optLevel`.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const Target &target, unsigned optLevel);

} // namespace seqc

#endif // COMPILER_CODEGEN_TARGET_H
