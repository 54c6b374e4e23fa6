//===- Main.cpp - main() of executables ----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/ModelAbi.h"
#include "runtime/cli/RunModel.h"

/// Defined by the compiled model.
extern "C" const seqc_abi_model *seqc_model_v1(void);

int main(int argc, char **argv) {
  return seqc::cli::runTable(seqc_model_v1(), argc, argv);
}
