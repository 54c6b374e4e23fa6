//===- CpuFeatures.h - What this CPU can do ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CORE_CPUFEATURES_H
#define SEQC_RUNTIME_CORE_CPUFEATURES_H

#include <string>
#include <string_view>

namespace seqc::rt {

/// 1 if this CPU and its operating system have `feature`, 0 if not, -1 if the
/// name is unknown. Names are those of SEQC_ABI_CPU_FEATURES.
int cpuHas(std::string_view feature);

/// The first of the comma-separated `features` that is missing or unknown, or
/// an empty string if the CPU has all.
std::string firstMissingFeature(std::string_view features);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_CPUFEATURES_H
