//===- Comparison.h - Meaning before and after passes -----------*- C++ -*-===//

#ifndef TESTS_UNIT_COMPILER_DECOMPOSE_COMPARISON_H
#define TESTS_UNIT_COMPILER_DECOMPOSE_COMPARISON_H

#include "dialect/Seq/Reference/Tensor.h"

#include <random>
#include <string>
#include <vector>

namespace seqc::testing {

using Random = std::mt19937;

/// Floats between -1 and 1.
reference::Tensor randomFloats(Random &random, reference::ElementKind kind,
                               llvm::ArrayRef<int64_t> shape);

/// Integers of `kind` in [low, high].
reference::Tensor randomInts(Random &random, reference::ElementKind kind,
                             llvm::ArrayRef<int64_t> shape, int64_t low,
                             int64_t high);

/// Evaluates function `main` of `module` before and after each pipeline, which
/// are lists of pass names for modules and functions, and expects equal results
/// and no op named in `gone`.
void expectSameMeaning(const std::string &module,
                       const std::vector<reference::Tensor> &inputs,
                       const std::vector<std::string> &pipelines,
                       const std::vector<std::string> &gone = {});

} // namespace seqc::testing

#endif // TESTS_UNIT_COMPILER_DECOMPOSE_COMPARISON_H
