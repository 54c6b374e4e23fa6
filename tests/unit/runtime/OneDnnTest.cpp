//===- OneDnnTest.cpp - Tests of the oneDNN adapter ----------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/DnnAdapter.h"
#include "runtime/exec/Session.h"
#include "tests/unit/runtime/FakeModel.h"
#include "tests/unit/runtime/Testing.h"

#include <random>

using namespace seqc::rt;
using namespace seqc::test;

namespace {

std::vector<float> randomValues(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = float(int(random() % 2001) - 1000) / 1000;
  return values;
}

/// A context whose parallel_for runs on this thread, as many parts as asked.
struct Context {
  seqc_abi_services services = {};
  seqc_abi_context context = {};

  explicit Context(int32_t threads) {
    services.parallel_for = [](seqc_abi_context *context, int64_t n,
                               seqc_abi_range_body body, void *closure) {
      for (int64_t i = 0; i < n; ++i)
        body(closure, i, i + 1, int32_t(i % context->num_threads));
    };
    context.services = &services;
    context.num_threads = threads;
  }
};

struct Case {
  int64_t m, k, n;
  int32_t flags, threads;
};

void checkCase(const Case &c) {
  SCOPED_TRACE("m " + std::to_string(c.m) + " k " + std::to_string(c.k) +
               " n " + std::to_string(c.n) + " flags " +
               std::to_string(c.flags) + " threads " +
               std::to_string(c.threads));
  // Leading dimensions are larger than the rows.
  int64_t lda = c.k + 3, ldc = c.n + 2;
  bool transposed = c.flags & SEQC_ABI_DNN_TRANSPOSED;
  int64_t ldw = (transposed ? c.k : c.n) + 1;
  std::vector<float> a = randomValues(size_t(c.m * lda), 1);
  std::vector<float> w =
      randomValues(size_t((transposed ? c.n : c.k) * ldw), 2);
  std::vector<float> bias = randomValues(size_t(c.n), 3);
  std::vector<float> out = randomValues(size_t(c.m * ldc), 4);
  std::vector<float> before = out;
  auto matmul = dnnAdapter().createMatmul({c.k, c.n, ldw, w.data(), c.flags});
  ASSERT_TRUE(bool(matmul));
  Context context(c.threads);
  bool hasBias = c.flags & SEQC_ABI_DNN_BIAS;
  for (int round = 0; round < 2; ++round) {
    out = before;
    ASSERT_TRUE((*matmul)
                    ->execute(context.context, c.m, a.data(), lda, w.data(),
                              hasBias ? bias.data() : nullptr, out.data(), ldc)
                    .ok());
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t j = 0; j < ldc; ++j) {
        double want = before[size_t(i * ldc + j)];
        if (j < c.n) {
          if (!(c.flags & SEQC_ABI_DNN_ACCUMULATE))
            want = hasBias ? bias[size_t(j)] : 0;
          for (int64_t k = 0; k < c.k; ++k)
            want += double(a[size_t(i * lda + k)]) *
                    w[size_t(transposed ? j * ldw + k : k * ldw + j)];
        }
        ASSERT_NEAR(out[size_t(i * ldc + j)], want, 1e-4)
            << "at " << i << ", " << j;
      }
  }
}

} // namespace

TEST(OneDnn, IsLinked) { EXPECT_NE(seqc_runtime_onednn_version(), nullptr); }

TEST(OneDnn, ComputesProducts) {
  for (int32_t flags :
       {0, int(SEQC_ABI_DNN_BIAS), int(SEQC_ABI_DNN_TRANSPOSED),
        int(SEQC_ABI_DNN_ACCUMULATE), int(SEQC_ABI_DNN_CONSTANT),
        SEQC_ABI_DNN_CONSTANT | SEQC_ABI_DNN_BIAS,
        SEQC_ABI_DNN_CONSTANT | SEQC_ABI_DNN_TRANSPOSED | SEQC_ABI_DNN_BIAS,
        SEQC_ABI_DNN_CONSTANT | SEQC_ABI_DNN_ACCUMULATE})
    for (auto [m, k, n] : {std::array<int64_t, 3>{1, 64, 33},
                           {7, 5, 17},
                           {37, 128, 64},
                           {3, 0, 4}})
      for (int32_t threads : {1, 3})
        checkCase({m, k, n, flags, threads});
}

TEST(OneDnn, RemembersAndForgetsRowCounts) {
  std::vector<float> w = randomValues(6, 5), a = randomValues(400, 6), c(600),
                     want(600);
  auto matmul =
      dnnAdapter().createMatmul({2, 3, 3, w.data(), SEQC_ABI_DNN_CONSTANT});
  ASSERT_TRUE(bool(matmul));
  Context context(1);
  for (int round = 0; round < 2; ++round)
    for (int64_t m = 1; m <= 200; ++m) {
      ASSERT_TRUE((*matmul)
                      ->execute(context.context, m, a.data(), 2, w.data(),
                                nullptr, c.data(), 3)
                      .ok());
      float last = a[size_t(2 * m - 2)] * w[2] + a[size_t(2 * m - 1)] * w[5];
      ASSERT_NEAR(c[size_t(3 * m - 1)], last, 1e-5);
    }
}

TEST(OneDnn, RefusesBiasWithAccumulation) {
  auto matmul = dnnAdapter().createMatmul(
      {2, 3, 3, nullptr, SEQC_ABI_DNN_BIAS | SEQC_ABI_DNN_ACCUMULATE});
  EXPECT_FALSE(bool(matmul));
}

/// Handles belong to the session and are made once.
TEST(OneDnn, SessionsMakeHandlesOnce) {
  seqc_abi_model table = *fake_model();
  table.requirements = SEQC_ABI_REQUIRES_DNN;
  seqc_model_t *model;
  seqc_session_t *session;
  seqc_call_t *call;
  ASSERT_TRUE(succeeds(seqc_model_from_table(&table, &model)));
  seqc_session_options_t options = {};
  options.size = sizeof options;
  options.num_threads = 2;
  ASSERT_TRUE(succeeds(seqc_session_create(model, &options, &session)));
  ASSERT_TRUE(succeeds(seqc_call_create(session, "product", &call)));
  for (int64_t m : {1, 3, 40, 3}) {
    TensorRef a = makeTensor<float>(SEQC_F32, {m, 2},
                                    std::vector<float>(size_t(2 * m), 1));
    ASSERT_TRUE(succeeds(seqc_call_set_input(call, "a", a.get())));
    ASSERT_TRUE(succeeds(seqc_call_run(call)));
    seqc_tensor_t *c;
    ASSERT_TRUE(succeeds(seqc_call_get_output(call, "c", &c)));
    std::vector<float> values = valuesOf<float>(c);
    for (int64_t i = 0; i < m; ++i)
      EXPECT_EQ(std::vector<float>(values.begin() + 3 * i,
                                   values.begin() + 3 * i + 3),
                (std::vector<float>{5, 7, 9}));
    seqc_tensor_release(c);
  }
  seqc_session_statistics_t statistics;
  ASSERT_TRUE(succeeds(seqc_session_statistics(session, &statistics)));
  EXPECT_EQ(statistics.dnn_created, 1u);
  EXPECT_EQ(statistics.dnn_executed, 4u);
  seqc_call_release(call);
  seqc_session_release(session);
  seqc_model_release(model);
}
