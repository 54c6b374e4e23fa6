/* States that stay in the caller's buffers, and results of run-time size.
 *
 * usage: states STEP.so SWAP.so CACHE.so SIZES.so
 */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kInput = 6, kHidden = 16, kSteps = 20 };

static void require(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "states: %s\n", what);
  exit(1);
}

/* The session lives as long as its call. */
static seqc_call_t *open_model(const char *path, seqc_session_t **session) {
  seqc_model_t *model;
  seqc_call_t *call;
  check(seqc_model_load(path, &model));
  check(seqc_session_create(model, NULL, session));
  check(seqc_call_create(*session, NULL, &call));
  seqc_session_release(*session);
  seqc_model_release(model);
  return call;
}

static seqc_session_statistics_t statistics_of(const seqc_session_t *session) {
  seqc_session_statistics_t statistics;
  check(seqc_session_statistics(session, &statistics));
  return statistics;
}

static seqc_tensor_t *make_floats(int32_t rank, const int64_t *shape,
                                  float start) {
  seqc_tensor_t *tensor;
  float *data;
  int64_t i;
  check(seqc_tensor_create(SEQC_F32, rank, shape, &tensor));
  data = seqc_tensor_data(tensor);
  for (i = 0; i < seqc_tensor_num_elements(tensor); ++i)
    data[i] = start + 0.125f * (float)(i % 7);
  return tensor;
}

static void set_numbers(seqc_tensor_t *tensor, int step) {
  float *data = seqc_tensor_data(tensor);
  int i;
  for (i = 0; i < kInput; ++i)
    data[i] = 0.25f * (float)((step * 5 + i * 3) % 9 - 4);
}

/* Runs the LSTM; with `in_place` the states are outputs and inputs at once. */
static void run_steps(const char *path, int in_place, float *last) {
  const int64_t x_shape[] = {1, 1, kInput}, state_shape[] = {1, 1, kHidden};
  seqc_session_t *session;
  seqc_call_t *call = open_model(path, &session);
  seqc_tensor_t *x = make_floats(3, x_shape, 0);
  seqc_tensor_t *h = make_floats(3, state_shape, -0.5f);
  seqc_tensor_t *c = make_floats(3, state_shape, 0.5f);
  seqc_tensor_t *output;
  uint64_t allocations = 0;
  int step;
  check(seqc_call_set_input(call, "x", x));
  check(seqc_call_set_input(call, "h", h));
  check(seqc_call_set_input(call, "c", c));
  if (in_place) {
    check(seqc_call_bind_output(call, "hn", h));
    check(seqc_call_bind_output(call, "cn", c));
  }
  for (step = 0; step < kSteps; ++step) {
    set_numbers(x, step);
    check(seqc_call_run(call));
    if (step == 0)
      allocations = statistics_of(session).heap_allocations;
    if (in_place)
      continue;
    check(seqc_call_get_output(call, "hn", &output));
    memcpy(seqc_tensor_data(h), seqc_tensor_data(output),
           seqc_tensor_num_bytes(h));
    seqc_tensor_release(output);
    check(seqc_call_get_output(call, "cn", &output));
    memcpy(seqc_tensor_data(c), seqc_tensor_data(output),
           seqc_tensor_num_bytes(c));
    seqc_tensor_release(output);
  }
  require(statistics_of(session).output_copies == 0,
          "the states of an LSTM were copied");
  require(statistics_of(session).heap_allocations == allocations,
          "a step took memory from the heap");
  memcpy(last, seqc_tensor_data(h), kHidden * sizeof(float));
  memcpy(last + kHidden, seqc_tensor_data(c), kHidden * sizeof(float));
  seqc_tensor_release(x);
  seqc_tensor_release(h);
  seqc_tensor_release(c);
  seqc_call_release(call);
}

/* Each output is bound to the input that the other one is made of. */
static void run_swap(const char *path) {
  const int64_t shape[] = {40};
  seqc_session_t *session;
  seqc_call_t *call = open_model(path, &session);
  seqc_tensor_t *a = make_floats(1, shape, 1), *b = make_floats(1, shape, 9);
  const float *first = seqc_tensor_data(a), *second = seqc_tensor_data(b);
  float was[2];
  was[0] = first[3];
  was[1] = second[3];
  check(seqc_call_set_input(call, "a", a));
  check(seqc_call_set_input(call, "b", b));
  check(seqc_call_bind_output(call, "an", a));
  check(seqc_call_bind_output(call, "bn", b));
  check(seqc_call_run(call));
  require(first[3] == -was[1] && second[3] == -was[0],
          "a state was overwritten before it was read");
  /* `bn` is made when nothing reads `b` any more, `an` is not. */
  require(statistics_of(session).output_copies == 1,
          "not the one output was copied that has to be");
  seqc_tensor_release(a);
  seqc_tensor_release(b);
  seqc_call_release(call);
}

/* A cache of which each step writes one row. */
static void run_cache(const char *path) {
  const int64_t shape[] = {1, 8, 4}, row_shape[] = {1, 1, 4}, at_shape[] = {1};
  seqc_session_t *session;
  seqc_call_t *call = open_model(path, &session);
  seqc_tensor_t *cache = make_floats(3, shape, 0);
  seqc_tensor_t *row = make_floats(3, row_shape, 0);
  seqc_tensor_t *at;
  float *rows = seqc_tensor_data(cache);
  int step, i;
  check(seqc_tensor_create(SEQC_I64, 1, at_shape, &at));
  check(seqc_call_set_input(call, "past", cache));
  check(seqc_call_set_input(call, "row", row));
  check(seqc_call_set_input(call, "at", at));
  check(seqc_call_bind_output(call, "present", cache));
  for (step = 0; step < 8; ++step) {
    *(int64_t *)seqc_tensor_data(at) = step;
    for (i = 0; i < 4; ++i)
      ((float *)seqc_tensor_data(row))[i] = (float)(10 * step + i);
    check(seqc_call_run(call));
    for (i = 0; i < 4 * (step + 1); ++i)
      require(rows[i] == (float)(10 * (i / 4) + i % 4), "a row is wrong");
  }
  require(statistics_of(session).output_copies == 0, "the cache was copied");
  seqc_tensor_release(cache);
  seqc_tensor_release(row);
  seqc_tensor_release(at);
  seqc_call_release(call);
}

/* Results grow and shrink with the values of the input. */
static void run_sizes(const char *path) {
  const int64_t lengths[] = {5, 300000, 0, 40};
  seqc_session_t *session;
  seqc_call_t *call = open_model(path, &session);
  int run;
  for (run = 0; run < 4; ++run) {
    int64_t i, n = lengths[run], wanted = 0;
    seqc_tensor_t *x, *output;
    const int64_t *where;
    float *data;
    check(seqc_tensor_create(SEQC_F32, 1, &n, &x));
    data = seqc_tensor_data(x);
    for (i = 0; i < n; ++i) {
      data[i] = i % 3 ? (float)(i % 11) : 0;
      wanted += data[i] != 0;
    }
    check(seqc_call_set_input(call, "x", x));
    check(seqc_call_run(call));
    check(seqc_call_get_output(call, "where", &output));
    require(seqc_tensor_rank(output) == 2 &&
                seqc_tensor_shape(output)[0] == 1 &&
                seqc_tensor_shape(output)[1] == wanted,
            "NonZero has a wrong size");
    where = seqc_tensor_data(output);
    for (i = 0; i < wanted; ++i)
      require(data[where[i]] != 0, "NonZero is wrong");
    check(seqc_call_get_output(call, "kept", &output));
    require(seqc_tensor_num_elements(output) == wanted,
            "Compress has a wrong size");
    check(seqc_call_get_output(call, "unique", &output));
    require(seqc_tensor_num_elements(output) == (n > 11 ? 11
                                                 : n    ? 4
                                                        : 0),
            "Unique has a wrong size");
    seqc_tensor_release(x);
  }
  seqc_call_release(call);
}

int main(int argc, char **argv) {
  float apart[2 * kHidden], in_place[2 * kHidden];
  if (argc != 5)
    return 2;
  run_steps(argv[1], 0, apart);
  run_steps(argv[1], 1, in_place);
  require(memcmp(apart, in_place, sizeof apart) == 0,
          "states in place differ from states apart");
  run_swap(argv[2]);
  run_cache(argv[3]);
  run_sizes(argv[4]);
  printf("states: passed\n");
  return 0;
}
