/* The symbol of a compiled model, for programs and shared objects of tests. */

#include "tests/unit/runtime/FakeModel.h"

__attribute__((visibility("default"))) const seqc_abi_model *
seqc_model_v1(void) {
  return fake_model();
}
