//===- AttentionSvg.h - Pictures of attention ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_ATTENTIONSVG_H
#define SEQC_RUNTIME_CLI_ATTENTIONSVG_H

#include <string>
#include <vector>

namespace seqc::cli {

/// One heat map: a row per made unit, a column per read unit.
struct AttentionMap {
  std::string title;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> weights;
};

/// Draws the maps below each other.
std::string drawAttention(const std::vector<AttentionMap> &maps);

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_ATTENTIONSVG_H
