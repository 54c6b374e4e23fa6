/* Sessions that compute on several threads each, at the same time: the results
 * have the bits of one thread.
 *
 * usage: threads WIDE.so
 */

#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kInput = 64, kHidden = 512, kSteps = 24, kSessions = 4, kRuns = 5 };

static seqc_model_t *the_model;

static seqc_tensor_t *make_floats(int64_t extent, int64_t last) {
  const int64_t shape[3] = {extent, 1, last};
  seqc_tensor_t *tensor;
  float *data;
  int64_t i;
  check(seqc_tensor_create(SEQC_F32, 3, shape, &tensor));
  data = seqc_tensor_data(tensor);
  for (i = 0; i < seqc_tensor_num_elements(tensor); ++i)
    data[i] = 0.0625f * (float)(i * 7 % 31 - 15);
  return tensor;
}

/* Runs the model on `threads` threads; returns how many loops were shared. */
static uint64_t run(int32_t threads, float *y) {
  seqc_session_t *session;
  seqc_session_statistics_t statistics;
  seqc_call_t *call;
  seqc_tensor_t *output, *x = make_floats(kSteps, kInput),
                         *h = make_floats(1, kHidden),
                         *c = make_floats(1, kHidden);
  check(seqc_session_create(the_model, NULL, &session));
  check(seqc_session_set_threads(session, threads));
  check(seqc_call_create(session, NULL, &call));
  check(seqc_call_set_input(call, "x", x));
  check(seqc_call_set_input(call, "h", h));
  check(seqc_call_set_input(call, "c", c));
  check(seqc_call_run(call));
  check(seqc_call_get_output(call, "y", &output));
  memcpy(y, seqc_tensor_data(output), kSteps * kHidden * sizeof(float));
  check(seqc_session_statistics(session, &statistics));
  seqc_tensor_release(x);
  seqc_tensor_release(h);
  seqc_tensor_release(c);
  seqc_call_release(call);
  seqc_session_release(session);
  return statistics.parallel_runs;
}

/* Compares several runs with the floats at `argument`. */
static void *compare(void *argument) {
  static float results[kSessions][kSteps * kHidden];
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static int next = 0;
  float *y;
  int i;
  pthread_mutex_lock(&mutex);
  y = results[next++];
  pthread_mutex_unlock(&mutex);
  for (i = 0; i < kRuns; ++i) {
    run(2 + i % 2, y);
    if (memcmp(y, argument, sizeof results[0]) != 0) {
      fprintf(stderr, "threads: several threads give other bits than one\n");
      exit(1);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  static float alone[kSteps * kHidden], shared[kSteps * kHidden];
  pthread_t threads[kSessions];
  int i;
  if (argc != 2)
    return 2;
  check(seqc_model_load(argv[1], &the_model));
  if (run(1, alone) != 0 || run(2, shared) == 0) {
    fprintf(stderr, "threads: not as many threads as asked for\n");
    return 1;
  }
  for (i = 0; i < kSessions; ++i)
    if (pthread_create(&threads[i], NULL, compare, alone) != 0)
      return 1;
  for (i = 0; i < kSessions; ++i)
    pthread_join(threads[i], NULL);
  seqc_model_release(the_model);
  printf("threads: passed\n");
  return 0;
}
