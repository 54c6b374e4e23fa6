//===- FakeModel.c - A model written by hand -----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/unit/runtime/FakeModel.h"

static const float weights[] = {1, 2, 3, 4, 5, 6};

typedef struct {
  const float *x;
  float *copy;
  float *y;
  float factor;
} scale_closure;

static void copy_rows(void *closure, int64_t begin, int64_t end,
                      int32_t thread) {
  scale_closure *work = (scale_closure *)closure;
  int64_t i;
  (void)thread;
  for (i = 3 * begin; i < 3 * end; ++i)
    work->copy[i] = work->x[i];
}

static void scale_rectangle(void *closure, int64_t outer_begin,
                            int64_t outer_end, int64_t inner_begin,
                            int64_t inner_end) {
  scale_closure *work = (scale_closure *)closure;
  int64_t i, j;
  for (i = outer_begin; i < outer_end; ++i)
    for (j = inner_begin; j < inner_end; ++j)
      work->y[3 * i + j] = work->copy[3 * i + j] * work->factor;
}

static int32_t scale(seqc_abi_context *ctx) {
  const seqc_abi_services *s = ctx->services;
  int64_t rows = ctx->inputs[0].shape[0];
  int64_t shape[2], mark = s->mark(ctx);
  scale_closure work;
  work.x = (const float *)ctx->inputs[0].data;
  work.copy = (float *)s->alloc(ctx, rows * 12);
  s->parallel_for(ctx, rows, copy_rows, &work);
  shape[0] = rows;
  shape[1] = 3;
  work.y = (float *)s->output(ctx, 0, 2, shape, rows * 12);
  work.factor = *(const float *)ctx->inputs[1].data;
  s->parallel_nest(ctx, (int64_t)1 << 40, rows, 3, scale_rectangle, &work);
  s->release(ctx, mark);
  return SEQC_ABI_OK;
}

static int32_t count(seqc_abi_context *ctx) {
  int32_t *total = (int32_t *)ctx->services->state(ctx, 0, 4);
  *total += *(const int32_t *)ctx->inputs[0].data;
  *(int32_t *)ctx->services->output(ctx, 0, 0, 0, 4) = *total;
  return SEQC_ABI_OK;
}

static void fail_in_body(void *closure, int64_t begin, int64_t end,
                         int32_t thread) {
  seqc_abi_context *ctx = (seqc_abi_context *)closure;
  (void)begin;
  (void)end;
  (void)thread;
  ctx->services->fail(ctx, SEQC_ABI_INVALID_ARGUMENT, "failed in a body");
}

static int32_t misuse(seqc_abi_context *ctx) {
  const seqc_abi_services *s = ctx->services;
  int64_t none = 0, one = 1;
  switch (*(const int32_t *)ctx->inputs[0].data) {
  case MISUSE_FAIL:
    s->fail(ctx, SEQC_ABI_UNSUPPORTED, "failed on purpose");
    break;
  case MISUSE_FAIL_IN_PARALLEL:
    s->parallel_for(ctx, 8, fail_in_body, ctx);
    break;
  case MISUSE_ALLOC_NEGATIVE:
    s->alloc(ctx, -1);
    break;
  case MISUSE_ALLOC_HUGE:
    s->alloc(ctx, (int64_t)1 << 60);
    break;
  case MISUSE_RELEASE:
    s->release(ctx, 1 << 20);
    break;
  case MISUSE_OUTPUT_INDEX:
    s->output(ctx, 7, 1, &none, 0);
    break;
  case MISUSE_OUTPUT_SHAPE:
    s->output(ctx, 0, 1, &one, 4);
    break;
  case MISUSE_NO_OUTPUT:
    return SEQC_ABI_OK;
  case MISUSE_CODE:
    return SEQC_ABI_INTERNAL;
  case MISUSE_OUTPUT_BYTES:
    s->output(ctx, 0, 1, &none, 4);
    break;
  default:
    s->output(ctx, 0, 1, &none, 0);
    return SEQC_ABI_OK;
  }
  /* None of the failing services returns. */
  *(volatile int *)0 = 0;
  return SEQC_ABI_OK;
}

static int32_t gather(seqc_abi_context *ctx) {
  int64_t batch = ctx->inputs[0].shape[0], time = ctx->inputs[0].shape[1], i;
  const int32_t *ids = (const int32_t *)ctx->inputs[0].data;
  const int32_t *lengths = (const int32_t *)ctx->inputs[1].data;
  int32_t *last =
      (int32_t *)ctx->services->output(ctx, 0, 1, &batch, batch * 4);
  for (i = 0; i < batch; ++i)
    last[i] = lengths[i] > 0 ? ids[i * time + lengths[i] - 1] : -1;
  return SEQC_ABI_OK;
}

typedef struct {
  seqc_abi_context *ctx;
  int32_t *slots;
  int32_t *sums;
} ring_closure;

/* Every member writes, all meet, every member reads what all wrote. */
static void ring_member(void *closure, int32_t thread, int32_t members) {
  ring_closure *work = (ring_closure *)closure;
  int32_t round, i;
  for (round = 1; round <= 100; ++round) {
    int32_t sum = 0;
    work->slots[thread] = round * (thread + 1);
    work->ctx->services->barrier(work->ctx);
    for (i = 0; i < members; ++i)
      sum += work->slots[i];
    work->sums[thread] = sum;
    work->ctx->services->barrier(work->ctx);
  }
  work->slots[thread] = members;
}

static int32_t ring(seqc_abi_context *ctx) {
  int32_t members = *(const int32_t *)ctx->inputs[0].data, i;
  int64_t shape = members;
  ring_closure work;
  work.ctx = ctx;
  work.slots = (int32_t *)ctx->services->alloc(ctx, 4 * shape);
  work.sums = (int32_t *)ctx->services->output(ctx, 0, 1, &shape, 4 * shape);
  for (i = 0; i < members; ++i)
    work.sums[i] = 0;
  ctx->services->parallel_region(ctx, members, ring_member, &work);
  return SEQC_ABI_OK;
}

static int32_t product(seqc_abi_context *ctx) {
  const seqc_abi_services *s = ctx->services;
  int64_t shape[2];
  const float *w = (const float *)ctx->weights;
  void *matmul = s->dnn_matmul_create(ctx, 2, 3, 3, w, SEQC_ABI_DNN_CONSTANT);
  shape[0] = ctx->inputs[0].shape[0];
  shape[1] = 3;
  s->dnn_matmul_execute(ctx, matmul, shape[0],
                        (const float *)ctx->inputs[0].data, 2, w, 0,
                        (float *)s->output(ctx, 0, 2, shape, shape[0] * 12), 3);
  return SEQC_ABI_OK;
}

/* Token ids of the mirror: 0 pad, 1 end, others as in the input. The second
 * best result is the text without its last token. */
static int32_t mirror(seqc_abi_context *ctx) {
  const seqc_abi_services *s = ctx->services;
  int64_t batch = ctx->inputs[0].shape[0], time = ctx->inputs[0].shape[1];
  int64_t steps = time + 1, b, k, t, shape[4];
  const int32_t *ids = (const int32_t *)ctx->inputs[0].data;
  const int32_t *lengths = (const int32_t *)ctx->inputs[1].data;
  int32_t *tokens, *counts;
  float *scores, *attention;
  if (ctx->max_new >= 0 && ctx->max_new < steps)
    steps = ctx->max_new;
  shape[0] = batch;
  shape[1] = 2;
  shape[2] = steps;
  shape[3] = time;
  tokens = (int32_t *)s->output(ctx, 0, 3, shape, batch * 2 * steps * 4);
  counts = (int32_t *)s->output(ctx, 1, 2, shape, batch * 2 * 4);
  scores = (float *)s->output(ctx, 2, 2, shape, batch * 2 * 4);
  for (b = 0; b < batch; ++b)
    for (k = 0; k < 2; ++k) {
      int32_t *row = tokens + (2 * b + k) * steps;
      int64_t n = lengths[b] - k;
      for (t = 0; t < steps; ++t)
        row[t] = t < n ? ids[b * time + lengths[b] - 1 - t] : t == n ? 1 : 0;
      counts[2 * b + k] = (int32_t)(n + 1 < steps ? n + 1 : steps);
      scores[2 * b + k] = -0.5f * (float)(k + 1);
    }
  if (ctx->wanted_outputs & 8) {
    attention =
        (float *)s->output(ctx, 3, 4, shape, batch * 2 * steps * time * 4);
    for (b = 0; b < batch * 2; ++b)
      for (t = 0; t < steps * time; ++t)
        attention[b * steps * time + t] =
            t / time + t % time == lengths[b / 2] - 1 ? 1.0f : 0.0f;
  }
  return SEQC_ABI_OK;
}

#define IDS                                                                    \
  "{\"name\":\"ids\",\"dtype\":\"i32\",\"shape\":[\"batch\",\"time\"],"        \
  "\"min\":0,\"max\":7},{\"name\":\"lengths\",\"dtype\":\"i32\","              \
  "\"shape\":[\"batch\"],\"min\":0,\"max\":{\"dim\":\"time\"},"                \
  "\"default\":{\"dim\":\"time\"}}"

__attribute__((
    section(SEQC_ABI_METADATA_SECTION))) static const char metadata[] =
    "{\"seqc\":\"test\",\"abi\":3,\"name\":\"fake\",\"entries\":["
    "{\"name\":\"scale\",\"inputs\":[{\"name\":\"x\",\"dtype\":\"f32\","
    "\"shape\":[\"rows\",3]},{\"name\":\"factor\",\"dtype\":\"f32\","
    "\"shape\":[],\"default\":2}],\"outputs\":[{\"name\":\"y\","
    "\"dtype\":\"f32\",\"shape\":[\"rows\",3]}]},"
    "{\"name\":\"count\",\"inputs\":[{\"name\":\"step\",\"dtype\":\"i32\","
    "\"shape\":[]}],\"outputs\":[{\"name\":\"total\",\"dtype\":\"i32\","
    "\"shape\":[]}]},"
    "{\"name\":\"misuse\",\"inputs\":[{\"name\":\"kind\",\"dtype\":\"i32\","
    "\"shape\":[]}],\"outputs\":[{\"name\":\"nothing\",\"dtype\":\"f32\","
    "\"shape\":[0]}]},"
    "{\"name\":\"gather\",\"inputs\":[" IDS "],\"outputs\":[{"
    "\"name\":\"last\",\"dtype\":\"i32\",\"shape\":[\"batch\"]}]},"
    "{\"name\":\"ring\",\"inputs\":[{\"name\":\"members\",\"dtype\":\"i32\","
    "\"shape\":[],\"min\":1,\"max\":64}],\"outputs\":[{\"name\":\"sum\","
    "\"dtype\":\"i32\",\"shape\":[-1]}]},"
    "{\"name\":\"product\",\"inputs\":[{\"name\":\"a\",\"dtype\":\"f32\","
    "\"shape\":[\"m\",2]}],\"outputs\":[{\"name\":\"c\",\"dtype\":\"f32\","
    "\"shape\":[\"m\",3]}]},"
    "{\"name\":\"mirror\",\"inputs\":[" IDS "],\"outputs\":["
    "{\"name\":\"tokens\",\"dtype\":\"i32\",\"shape\":[\"batch\",2,\"steps\"]},"
    "{\"name\":\"token_lengths\",\"dtype\":\"i32\",\"shape\":[\"batch\",2]},"
    "{\"name\":\"scores\",\"dtype\":\"f32\",\"shape\":[\"batch\",2]},"
    "{\"name\":\"attention\",\"dtype\":\"f32\","
    "\"shape\":[\"batch\",2,\"steps\",\"time\"]}],"
    "\"generation\":{\"search\":\"beam\",\"width\":2,\"n_best\":2,"
    "\"max_new\":9}}],"
    "\"text\":{\"kind\":\"generate\",\"entry\":\"mirror\",\"input\":{"
    "\"unit\":\"char\",\"lower\":true,\"vocab\":[\"<pad>\",\"</s>\",\"a\","
    "\"b\",\"c\",\"\xe5\xb9\xb4\",\" \",\"\xc3\xa9\"],\"pad\":0,"
    "\"max_length\":8,\"ids\":\"ids\",\"lengths\":\"lengths\"},\"output\":{"
    "\"vocab\":[\"<pad>\",\"</s>\",\"a\",\"b\",\"c\",\"\xe5\xb9\xb4\",\" \","
    "\"\xc3\xa9\"],\"pad\":0,\"eos\":1,\"tokens\":\"tokens\","
    "\"lengths\":\"token_lengths\",\"scores\":\"scores\","
    "\"attention\":\"attention\"}}}";

static int32_t never(seqc_abi_context *ctx) {
  (void)ctx;
  return SEQC_ABI_INTERNAL;
}

static const seqc_abi_function functions[] = {
    /* A version for CPUs that do not exist comes first and is passed over. */
    {"scale", never, "sse3,no-such-feature"},
    {"scale", scale, "sse3"},
    {"count", count, ""},
    {"misuse", misuse, ""},
    {"gather", gather, ""},
    {"ring", ring, ""},
    {"product", product, ""},
    {"mirror", mirror, ""},
};

const seqc_abi_model *fake_model(void) {
  static seqc_abi_model model = {
      SEQC_ABI_MAGIC,
      SEQC_ABI_VERSION,
      sizeof(seqc_abi_model),
      sizeof functions / sizeof functions[0],
      functions,
      metadata,
      sizeof metadata - 1,
      weights,
      sizeof weights,
      0,
      "written by hand",
      0,
  };
  model.weights_digest = seqc_abi_digest(weights, sizeof weights);
  return &model;
}
