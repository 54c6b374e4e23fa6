//===- FakeModel.h - A model written by hand -----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stands for compiled code in the runtime's tests: a table with C functions
// that use every service.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_TESTS_UNIT_RUNTIME_FAKEMODEL_H
#define SEQC_TESTS_UNIT_RUNTIME_FAKEMODEL_H

#include "runtime/abi/ModelAbi.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The table. Its entries:
///   scale    x f32 [rows, 3], factor f32 [] = 2  ->  y = x * factor, in
///            parallel over the rows, with workspace
///   count    step i32 []  ->  total i32 [] of all steps since the reset
///   misuse   kind i32 []  ->  nothing [0]: fails in the way `kind` says
///   gather   ids i32 [batch, time], lengths i32 [batch] = time
///            ->  last i32 [batch]
///   ring     members i32 []  ->  sum i32 [members]: a parallel region with
///            barriers
///   product  a f32 [m, 2]  ->  c f32 [m, 3] by the library
///   mirror   ids, lengths  ->  tokens [batch, 2, time + 1], token_lengths,
///            scores, attention: texts backwards
const seqc_abi_model *fake_model(void);

/// What `misuse` does.
enum {
  MISUSE_FAIL = 0,
  MISUSE_FAIL_IN_PARALLEL = 1,
  MISUSE_ALLOC_NEGATIVE = 2,
  MISUSE_ALLOC_HUGE = 3,
  MISUSE_RELEASE = 4,
  MISUSE_OUTPUT_INDEX = 5,
  MISUSE_OUTPUT_SHAPE = 6,
  MISUSE_NO_OUTPUT = 7,
  MISUSE_CODE = 8,
  MISUSE_OUTPUT_BYTES = 9
};

#ifdef __cplusplus
}
#endif

#endif /* SEQC_TESTS_UNIT_RUNTIME_FAKEMODEL_H */
