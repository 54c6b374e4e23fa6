/* A host that searches by itself, over the entries `encode` and `step`.
 *
 * usage: search MODEL.so END ROW...      ROW: ids with commas between them
 *
 * Greedy search over all rows at once; the tokens must be those of `generate`.
 */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMostRows = 16, kMostTokens = 64 };

static void require(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "search: %s\n", what);
  exit(1);
}

/* Whether the inputs of a call are bad. */
static int is_refused(seqc_call_t *call) {
  seqc_status_t *status = seqc_call_run(call);
  int refused = seqc_status_code(status) == SEQC_INVALID_ARGUMENT;
  seqc_status_free(status);
  return refused;
}

static seqc_tensor_t *make_ids(seqc_dtype_t dtype, int32_t rank,
                               const int64_t *shape) {
  seqc_tensor_t *tensor;
  check(seqc_tensor_create(dtype, rank, shape, &tensor));
  return tensor;
}

static void set_id(seqc_tensor_t *tensor, int64_t at, int64_t value) {
  if (seqc_tensor_dtype(tensor) == SEQC_I64)
    ((int64_t *)seqc_tensor_data(tensor))[at] = value;
  else
    ((int32_t *)seqc_tensor_data(tensor))[at] = (int32_t)value;
}

/* Gives the rows, and their lengths if asked for, to `entry`. */
static seqc_call_t *open_source(seqc_model_t *model, seqc_session_t *session,
                                const char *entry, int num_rows, char **rows) {
  seqc_call_t *call;
  seqc_value_info_t info;
  seqc_tensor_t *ids, *lengths;
  int64_t shape[2];
  int32_t inputs;
  int i;
  shape[0] = num_rows;
  shape[1] = 0;
  for (i = 0; i < num_rows; ++i) {
    int64_t length = 1;
    const char *at;
    for (at = rows[i]; *at; ++at)
      length += *at == ',';
    shape[1] = length > shape[1] ? length : shape[1];
  }
  check(seqc_call_create(session, entry, &call));
  check(seqc_model_input_info(model, entry, 0, &info));
  ids = make_ids(info.dtype, 2, shape);
  lengths = make_ids(SEQC_I32, 1, shape);
  for (i = 0; i < num_rows; ++i) {
    char *at = rows[i];
    int64_t length = 0;
    for (;;) {
      set_id(ids, i * shape[1] + length++, strtol(at, &at, 10));
      if (*at != ',')
        break;
      ++at;
    }
    set_id(lengths, i, length);
  }
  check(seqc_call_set_input(call, "0", ids));
  check(seqc_model_entry_counts(model, entry, &inputs, NULL));
  if (inputs > 1)
    check(seqc_call_set_input(call, "lengths", lengths));
  seqc_tensor_release(ids);
  seqc_tensor_release(lengths);
  check(seqc_call_run(call));
  return call;
}

/* Hands outputs of `from` to inputs of the step that have their names; with
 * `all`, every input behind id, row and position must be among them. */
static void hand_on(seqc_model_t *model, seqc_call_t *from, const char *entry,
                    seqc_call_t *step, int all) {
  int32_t inputs, outputs, i, o;
  check(seqc_model_entry_counts(model, "step", &inputs, NULL));
  check(seqc_model_entry_counts(model, entry, NULL, &outputs));
  for (i = 3; i < inputs; ++i) {
    seqc_value_info_t input, output;
    int found = 0;
    check(seqc_model_input_info(model, "step", i, &input));
    for (o = 0; o < outputs && !found; ++o) {
      seqc_tensor_t *tensor;
      check(seqc_model_output_info(model, entry, o, &output));
      if (strcmp(input.name, output.name) != 0)
        continue;
      check(seqc_call_get_output(from, output.name, &tensor));
      check(seqc_call_set_input(step, input.name, tensor));
      seqc_tensor_release(tensor);
      found = 1;
    }
    require(found || !all, "encode gives no value for an input of step");
  }
}

static int best_of(const float *logits, int64_t size) {
  int64_t i, best = 0;
  for (i = 1; i < size; ++i)
    if (logits[i] > logits[best])
      best = i;
  return (int)best;
}

int main(int argc, char **argv) {
  static int32_t found[kMostRows][kMostTokens];
  int lengths[kMostRows] = {0}, done[kMostRows] = {0};
  int num_rows = argc - 3, end, i, position, most, open;
  int64_t lanes, none = 0;
  seqc_model_t *model;
  seqc_session_t *session;
  seqc_call_t *generate, *encode, *step;
  seqc_tensor_t *tokens, *token_lengths, *start, *id, *row, *at, *other;
  seqc_session_statistics_t statistics;
  if (argc < 4 || num_rows > kMostRows)
    return 2;
  end = atoi(argv[2]);
  check(seqc_model_load(argv[1], &model));
  check(seqc_session_create(model, NULL, &session));

  generate = open_source(model, session, "generate", num_rows, argv + 3);
  check(seqc_call_get_output(generate, "tokens", &tokens));
  check(seqc_call_get_output(generate, "token_lengths", &token_lengths));
  most = (int)seqc_tensor_shape(tokens)[2];

  encode = open_source(model, session, "encode", num_rows, argv + 3);
  check(seqc_call_create(session, "step", &step));
  hand_on(model, encode, "encode", step, 1);
  check(seqc_call_get_output(encode, "start", &start));
  lanes = num_rows;
  id = make_ids(SEQC_I32, 1, &lanes);
  row = make_ids(SEQC_I32, 1, &lanes);
  at = make_ids(SEQC_I64, 0, &none);
  memcpy(seqc_tensor_data(id), seqc_tensor_data(start),
         seqc_tensor_num_bytes(id));
  for (i = 0; i < num_rows; ++i)
    set_id(row, i, i);
  check(seqc_call_set_input(step, "id", id));
  check(seqc_call_set_input(step, "row", row));
  check(seqc_call_set_input(step, "position", at));
  for (position = 0, open = num_rows; open && position < most; ++position) {
    seqc_tensor_t *logits;
    int64_t size;
    set_id(at, 0, position);
    check(seqc_call_run(step));
    check(seqc_call_get_output(step, "logits", &logits));
    size = seqc_tensor_shape(logits)[1];
    for (i = 0; i < num_rows; ++i) {
      int token =
          best_of((const float *)seqc_tensor_data(logits) + i * size, size);
      set_id(id, i, token);
      if (done[i])
        continue;
      found[i][lengths[i]++] = token;
      done[i] = token == end;
      open -= done[i];
    }
    seqc_tensor_release(logits);
    hand_on(model, step, "step", step, 0);
  }
  for (i = 0; i < num_rows; ++i) {
    const int32_t *want = (const int32_t *)seqc_tensor_data(tokens) + i * most;
    require(((const int32_t *)seqc_tensor_data(token_lengths))[i] == lengths[i],
            "another number of tokens than generate gives");
    require(memcmp(want, found[i], sizeof(int32_t) * (size_t)lengths[i]) == 0,
            "other tokens than generate gives");
  }
  check(seqc_session_statistics(session, &statistics));
  require(statistics.output_copies == 0, "a state was copied");

  /* What a host may get wrong. */
  set_id(row, 0, -1);
  require(is_refused(step), "a negative row is no error");
  /* With one row, a step may have nothing that depends on it. */
  set_id(row, 0, num_rows);
  require(num_rows == 1 || is_refused(step),
          "a row that does not exist is no error");
  set_id(row, 0, 0);
  for (lanes = 0; lanes <= num_rows + 1; lanes += num_rows + 1) {
    other = make_ids(SEQC_I32, 1, &lanes);
    check(seqc_call_set_input(step, "id", other));
    check(seqc_call_set_input(step, "row", other));
    require(is_refused(step), "lanes and states that differ are no error");
    seqc_tensor_release(other);
  }
  check(seqc_call_set_input(step, "id", id));
  check(seqc_call_set_input(step, "row", row));
  set_id(at, 0, -1);
  require(is_refused(step), "a negative position is no error");
  printf("search: passed, %d tokens\n", lengths[0]);
  seqc_tensor_release(tokens);
  seqc_tensor_release(token_lengths);
  seqc_tensor_release(start);
  seqc_tensor_release(id);
  seqc_tensor_release(row);
  seqc_tensor_release(at);
  seqc_call_release(generate);
  seqc_call_release(encode);
  seqc_call_release(step);
  seqc_session_release(session);
  seqc_model_release(model);
  return 0;
}
