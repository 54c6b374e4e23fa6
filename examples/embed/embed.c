/* A C program that embeds a compiled model.
 *
 * It works on any model that `seqc compile` makes: it prints the signature,
 * makes inputs of zeros, runs the first entry, and prints
 * the first numbers of each output. Two ways to get at the model:
 *
 *   embed model.so                       loads a shared object
 *   cc -DEMBED_LINKED embed.c model.o …  the model is part of the program
 *
 * See README.md beside this file for the commands.
 */

#include <seqc/runtime.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef EMBED_LINKED
/* Defined by the compiled object; returns its table. */
extern const void *seqc_model_v1(void);
#endif

/* Ends the program with the message of a failed status. */
static void check(seqc_status_t *status) {
  if (!status)
    return;
  fprintf(stderr, "%s: %s\n", seqc_status_code_name(seqc_status_code(status)),
          seqc_status_message(status));
  seqc_status_free(status);
  exit(1);
}

/* Extents of an input: static ones as they are, dynamic ones as asked. */
static void choose_shape(const seqc_value_info_t *info, int64_t dynamic,
                         int64_t *shape) {
  int32_t i;
  for (i = 0; i < info->rank; ++i)
    shape[i] = info->shape[i] < 0 ? dynamic : info->shape[i];
}

static void print_shape(int32_t rank, const int64_t *shape) {
  int32_t i;
  printf("[");
  for (i = 0; i < rank; ++i)
    printf("%s%" PRId64, i ? ", " : "", shape[i]);
  printf("]");
}

/* Gives an input that has no default a tensor of zeros. */
static void set_input(seqc_call_t *call, const seqc_value_info_t *info) {
  int64_t shape[SEQC_MAX_RANK];
  seqc_tensor_t *tensor;
  choose_shape(info, 2, shape);
  check(seqc_tensor_create(info->dtype, info->rank, shape, &tensor));
  check(seqc_call_set_input(call, info->name, tensor));
  printf("input %s: %s ", info->name, seqc_dtype_name(info->dtype));
  print_shape(info->rank, shape);
  printf("\n");
  seqc_tensor_release(tensor); /* the call keeps its own reference */
}

/* Prints an output through DLPack, as another library would take it. */
static void print_output(seqc_call_t *call, const char *name) {
  seqc_tensor_t *tensor;
  DLManagedTensor *managed;
  const DLTensor *view;
  int64_t i, count;
  check(seqc_call_get_output(call, name, &tensor));
  check(seqc_tensor_to_dlpack(tensor, &managed));
  view = &managed->dl_tensor;
  count = seqc_tensor_num_elements(tensor);
  printf("output %s: %s ", name, seqc_dtype_name(seqc_tensor_dtype(tensor)));
  print_shape(view->ndim, view->shape);
  for (i = 0; i < count && i < 4; ++i) {
    if (seqc_tensor_dtype(tensor) == SEQC_F32)
      printf(" %g", ((const float *)view->data)[i]);
    else if (seqc_tensor_dtype(tensor) == SEQC_I32)
      printf(" %" PRId32, ((const int32_t *)view->data)[i]);
  }
  printf("%s\n", count > 4 ? " ..." : "");
  managed->deleter(managed);
  seqc_tensor_release(tensor);
}

int main(int argc, char **argv) {
  seqc_model_t *model;
  seqc_session_t *session;
  seqc_call_t *call;
  seqc_value_info_t info;
  seqc_session_statistics_t before, after;
  int32_t inputs, outputs, i;

#ifdef EMBED_LINKED
  (void)argc;
  (void)argv;
  check(seqc_model_from_table(seqc_model_v1(), &model));
#else
  if (argc != 2) {
    fprintf(stderr, "usage: %s MODEL.so\n", argv[0]);
    return 2;
  }
  check(seqc_model_load(argv[1], &model));
#endif
  printf("entry %s\n", seqc_model_entry_name(model, 0));

  check(seqc_session_create(model, NULL, &session));
  check(seqc_call_create(session, NULL, &call));
  check(seqc_model_entry_counts(model, NULL, &inputs, &outputs));
  for (i = 0; i < inputs; ++i) {
    check(seqc_model_input_info(model, NULL, i, &info));
    if (!info.has_default)
      set_input(call, &info);
  }

  /* A call is made once and run many times. After the first runs it takes no
   * memory from the heap. */
  check(seqc_call_run(call));
  check(seqc_call_run(call));
  check(seqc_session_statistics(session, &before));
  for (i = 0; i < 10; ++i)
    check(seqc_call_run(call));
  check(seqc_session_statistics(session, &after));

  for (i = 0; i < outputs; ++i) {
    check(seqc_model_output_info(model, NULL, i, &info));
    print_output(call, info.name);
  }
  printf("heap allocations in 10 more runs: %" PRIu64 "\n",
         after.heap_allocations - before.heap_allocations);

  seqc_call_release(call);
  seqc_session_release(session);
  seqc_model_release(model);
  return 0;
}
