/* Two models with entries of one name in one program: prints the sum of y of
 * each for x = [1, 2, 3, 4]. */

#include "check.h"
#include "first.h"
#include "second.h"

#include <seqc/runtime.h>

#include <stdio.h>

static double run(const void *table) {
  seqc_model_t *model;
  seqc_session_t *session;
  seqc_call_t *call;
  seqc_tensor_t *x, *y;
  int64_t shape[2] = {1, 4}, i;
  double sum = 0;
  check(seqc_model_from_table(table, &model));
  check(seqc_model_verify(model));
  check(seqc_session_create(model, NULL, &session));
  check(seqc_call_create(session, "forward", &call));
  check(seqc_tensor_create(SEQC_F32, 2, shape, &x));
  for (i = 0; i < 4; ++i)
    ((float *)seqc_tensor_data(x))[i] = (float)(i + 1);
  check(seqc_call_set_input(call, "x", x));
  check(seqc_call_run(call));
  check(seqc_call_get_output(call, "y", &y));
  for (i = 0; i < seqc_tensor_num_elements(y); ++i)
    sum += ((const float *)seqc_tensor_data(y))[i];
  seqc_tensor_release(x);
  seqc_tensor_release(y);
  seqc_call_release(call);
  seqc_session_release(session);
  seqc_model_release(model);
  return sum;
}

int main(void) {
  printf("%g %g\n", run(first_model_v1()), run(second_model_v1()));
  return 0;
}
