//===- SessionTest.cpp - Tests of sessions and calls ---------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "seqc/runtime.hpp"
#include "tests/unit/runtime/FakeModel.h"
#include "tests/unit/runtime/Testing.h"

#include <atomic>
#include <thread>

using namespace seqc::rt;
using namespace seqc::test;

namespace {

/// A session of the fake model.
class SessionTest : public ::testing::Test {
protected:
  void SetUp() override { open({}); }

  void open(seqc_session_options_t options) {
    close();
    options.size = sizeof options;
    ASSERT_TRUE(succeeds(seqc_model_from_table(fake_model(), &model)));
    ASSERT_TRUE(succeeds(seqc_session_create(model, &options, &session)));
  }

  void close() {
    seqc_call_release(call);
    seqc_session_release(session);
    seqc_model_release(model);
    call = nullptr;
    session = nullptr;
    model = nullptr;
  }

  void TearDown() override { close(); }

  void prepare(const char *entry) {
    seqc_call_release(call);
    ASSERT_TRUE(succeeds(seqc_call_create(session, entry, &call)));
  }

  TensorRef output(const char *name) {
    seqc_tensor_t *tensor;
    EXPECT_TRUE(succeeds(seqc_call_get_output(call, name, &tensor)));
    return TensorRef(tensor);
  }

  seqc_session_statistics_t statistics() {
    seqc_session_statistics_t result;
    EXPECT_TRUE(succeeds(seqc_session_statistics(session, &result)));
    return result;
  }

  seqc_status_t *misuse(int32_t kind) {
    prepare("misuse");
    TensorRef tensor = makeTensor<int32_t>(SEQC_I32, {}, {kind});
    EXPECT_TRUE(succeeds(seqc_call_set_input(call, "kind", tensor.get())));
    return seqc_call_run(call);
  }

  seqc_model_t *model = nullptr;
  seqc_session_t *session = nullptr;
  seqc_call_t *call = nullptr;
};

} // namespace

TEST_F(SessionTest, RunsAnEntry) {
  prepare("scale");
  TensorRef x = makeTensor<float>(SEQC_F32, {2, 3}, {1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", x.get())));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<float>(output("y").get()),
            (std::vector<float>{2, 4, 6, 8, 10, 12}));
  TensorRef factor = makeTensor<float>(SEQC_F32, {}, {-1});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "1", factor.get())));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<float>(output("0").get())[5], -6);
}

TEST_F(SessionTest, ChecksInputs) {
  prepare("scale");
  EXPECT_TRUE(fails(seqc_call_run(call), SEQC_INVALID_ARGUMENT,
                    "input 'x' is missing; required: f32 [rows, 3]"));
  TensorRef wrongType = makeTensor<int32_t>(SEQC_I32, {1, 3}, {1, 2, 3});
  EXPECT_TRUE(fails(seqc_call_set_input(call, "x", wrongType.get()),
                    SEQC_INVALID_ARGUMENT,
                    "input 'x': found i32; required: f32"));
  TensorRef wrongShape = makeTensor<float>(SEQC_F32, {1, 2}, {1, 2});
  EXPECT_TRUE(fails(seqc_call_set_input(call, "x", wrongShape.get()),
                    SEQC_INVALID_ARGUMENT,
                    "found shape [1, 2]; required: [rows, 3]"));
  EXPECT_TRUE(fails(seqc_call_set_input(call, "z", wrongShape.get()),
                    SEQC_NOT_FOUND, "it has 'x', 'factor'"));
  seqc_call_t *other;
  EXPECT_TRUE(fails(seqc_call_create(session, "nothing", &other),
                    SEQC_NOT_FOUND, "'scale', 'count'"));
}

TEST_F(SessionTest, ChecksIdsAndLengths) {
  prepare("gather");
  TensorRef ids = makeTensor<int32_t>(SEQC_I32, {2, 2}, {1, 2, 3, 8});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "ids", ids.get())));
  EXPECT_TRUE(fails(seqc_call_run(call), SEQC_INVALID_ARGUMENT,
                    "input 'ids': element [1, 1] is 8; it must be at most 7"));
  static_cast<int32_t *>(ids->data)[3] = 7;
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<int32_t>(output("last").get()),
            (std::vector<int32_t>{2, 7}));
  TensorRef lengths = makeTensor<int32_t>(SEQC_I32, {2}, {1, 3});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "lengths", lengths.get())));
  EXPECT_TRUE(fails(seqc_call_run(call), SEQC_INVALID_ARGUMENT,
                    "element [1] is 3; it must be at most 2"));
  static_cast<int32_t *>(lengths->data)[1] = 0;
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<int32_t>(output("last").get()),
            (std::vector<int32_t>{1, -1}));
  TensorRef three = makeTensor<int32_t>(SEQC_I32, {3}, {1, 1, 1});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "lengths", three.get())));
  EXPECT_TRUE(fails(seqc_call_run(call), SEQC_INVALID_ARGUMENT,
                    "dimension 0 (batch) is 3; an input before has 2"));
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "lengths", nullptr)));
  EXPECT_TRUE(succeeds(seqc_call_run(call)));
}

TEST_F(SessionTest, StatesStayUntilReset) {
  prepare("count");
  TensorRef step = makeTensor<int32_t>(SEQC_I32, {}, {5});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "step", step.get())));
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<int32_t>(output("total").get())[0], 15);
  ASSERT_TRUE(succeeds(seqc_session_reset(session)));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<int32_t>(output("total").get())[0], 5);
}

TEST_F(SessionTest, FailuresOfCompiledCodeAreStatuses) {
  EXPECT_TRUE(
      fails(misuse(MISUSE_FAIL), SEQC_UNSUPPORTED, "failed on purpose"));
  EXPECT_TRUE(fails(misuse(MISUSE_ALLOC_NEGATIVE), SEQC_INTERNAL, "-1 bytes"));
  EXPECT_TRUE(
      fails(misuse(MISUSE_ALLOC_HUGE), SEQC_RESOURCE_EXHAUSTED, "workspace"));
  EXPECT_TRUE(fails(misuse(MISUSE_RELEASE), SEQC_INTERNAL, "does not hold"));
  EXPECT_TRUE(fails(misuse(MISUSE_OUTPUT_INDEX), SEQC_INTERNAL, "output 7"));
  EXPECT_TRUE(fails(misuse(MISUSE_OUTPUT_SHAPE), SEQC_INTERNAL,
                    "found shape [1]; required: [0]"));
  EXPECT_TRUE(fails(misuse(MISUSE_OUTPUT_BYTES), SEQC_INTERNAL, "4 bytes"));
  EXPECT_TRUE(fails(misuse(MISUSE_NO_OUTPUT), SEQC_INTERNAL,
                    "did not make output 'nothing'"));
  EXPECT_TRUE(fails(misuse(MISUSE_CODE), SEQC_INTERNAL, "code 5"));
  EXPECT_TRUE(succeeds(misuse(99)));
  EXPECT_EQ(statistics().failed_calls, 9u);
  EXPECT_EQ(statistics().calls, 1u);
}

TEST_F(SessionTest, FailuresInParallelBodiesAreStatuses) {
  for (int32_t threads : {1, 2, 4}) {
    ASSERT_TRUE(succeeds(seqc_session_set_threads(session, threads)));
    EXPECT_TRUE(fails(misuse(MISUSE_FAIL_IN_PARALLEL), SEQC_INVALID_ARGUMENT,
                      "failed in a body"));
    EXPECT_TRUE(succeeds(misuse(99)));
  }
}

TEST_F(SessionTest, RegionsMeetInBarriers) {
  prepare("ring");
  ASSERT_TRUE(succeeds(seqc_session_set_threads(session, 4)));
  TensorRef members = makeTensor<int32_t>(SEQC_I32, {}, {4});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "members", members.get())));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<int32_t>(output("sum").get()),
            std::vector<int32_t>(4, 100 * (1 + 2 + 3 + 4)));
  ASSERT_TRUE(succeeds(seqc_session_set_threads(session, 1)));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<int32_t>(output("sum").get()),
            (std::vector<int32_t>{100, 0, 0, 0}));
}

TEST_F(SessionTest, OutputsThatAreHeldStay) {
  prepare("scale");
  TensorRef x = makeTensor<float>(SEQC_F32, {1, 3}, {1, 2, 3});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", x.get())));
  std::vector<TensorRef> held;
  for (int i = 0; i < 6; ++i) {
    static_cast<float *>(x->data)[0] = float(i);
    ASSERT_TRUE(succeeds(seqc_call_run(call)));
    held.push_back(output("y"));
  }
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(valuesOf<float>(held[size_t(i)].get())[0], float(2 * i));
}

TEST_F(SessionTest, BoundBuffersReceiveOutputs) {
  prepare("scale");
  TensorRef x = makeTensor<float>(SEQC_F32, {1, 3}, {1, 2, 3});
  TensorRef y = makeTensor<float>(SEQC_F32, {1, 3}, {0, 0, 0});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", x.get())));
  ASSERT_TRUE(succeeds(seqc_call_bind_output(call, "y", y.get())));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(output("y").get(), y.get());
  EXPECT_EQ(valuesOf<float>(y.get()), (std::vector<float>{2, 4, 6}));
  TensorRef two = makeTensor<float>(SEQC_F32, {2, 3}, {0, 0, 0, 0, 0, 0});
  ASSERT_TRUE(succeeds(seqc_call_bind_output(call, "y", two.get())));
  EXPECT_TRUE(fails(seqc_call_run(call), SEQC_INVALID_ARGUMENT,
                    "the bound tensor has shape [2, 3], the result [1, 3]"));
}

TEST_F(SessionTest, OneBufferMayBeInputAndOutput) {
  prepare("scale");
  TensorRef x = makeTensor<float>(SEQC_F32, {1, 3}, {1, 2, 3});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", x.get())));
  ASSERT_TRUE(succeeds(seqc_call_bind_output(call, "y", x.get())));
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(valuesOf<float>(x.get()), (std::vector<float>{8, 16, 24}));
}

TEST_F(SessionTest, UnwantedOutputsMayBeLeftOut) {
  prepare("mirror");
  TensorRef ids = makeTensor<int32_t>(SEQC_I32, {1, 2}, {2, 3});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "ids", ids.get())));
  ASSERT_TRUE(succeeds(seqc_call_want_output(call, "attention", 0)));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  seqc_tensor_t *tensor;
  EXPECT_TRUE(fails(seqc_call_get_output(call, "attention", &tensor),
                    SEQC_NOT_FOUND, "made no output 'attention'"));
  ASSERT_TRUE(succeeds(seqc_call_want_output(call, "attention", 1)));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(shapeOf(output("attention").get()),
            (std::vector<int64_t>{1, 2, 3, 2}));
}

TEST_F(SessionTest, GenerationOptionsReachTheCode) {
  prepare("mirror");
  TensorRef ids = makeTensor<int32_t>(SEQC_I32, {1, 3}, {2, 3, 4});
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "ids", ids.get())));
  seqc_generation_options_t options;
  seqc_generation_options_init(&options);
  options.max_new = 2;
  ASSERT_TRUE(succeeds(seqc_call_set_generation(call, &options)));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(output("tokens")->shape[2], 2);
  auto refuses = [&](const char *message) {
    bool refused = fails(seqc_call_set_generation(call, &options),
                         SEQC_INVALID_ARGUMENT, message)
                       ? true
                       : false;
    seqc_generation_options_init(&options);
    return refused;
  };
  options.top_p = 2;
  EXPECT_TRUE(refuses("top_p is 2.000000; it must be above 0 and at most 1"));
  options.max_new = 0;
  EXPECT_TRUE(refuses("max_new is 0; it must be at least 1, or -1"));
  options.max_new = 10;
  EXPECT_TRUE(refuses("max_new is 10; entry 'mirror' was compiled for at most "
                      "9 new tokens"));
  options.temperature = -1;
  EXPECT_TRUE(refuses("temperature is -1.000000; it must be a finite number"));
  options.temperature = INFINITY;
  EXPECT_TRUE(refuses("temperature is inf; it must be a finite number"));
  options.top_k = -2;
  EXPECT_TRUE(refuses("top_k is -2; it must be at least 0, or -1"));
  options.length_penalty = INFINITY;
  EXPECT_TRUE(refuses("length_penalty is infinite"));
  options.first_row = -1;
  EXPECT_TRUE(refuses("first_row is -1; it must be 0 to 2147483647"));
  options.top_k = 3;
  EXPECT_TRUE(refuses("temperature, top_p and top_k are for sampling; entry "
                      "'mirror' was compiled for beam search"));
  ASSERT_TRUE(succeeds(seqc_call_set_generation(call, nullptr)));
  ASSERT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_EQ(output("tokens")->shape[2], 4);
}

/// After the first calls nothing more is taken from the heap.
TEST_F(SessionTest, SteadyStateTakesNothingFromTheHeap) {
  prepare("scale");
  TensorRef large =
      makeTensor<float>(SEQC_F32, {900, 3}, std::vector<float>(2700, 1));
  TensorRef small =
      makeTensor<float>(SEQC_F32, {2, 3}, std::vector<float>(6, 1));
  auto runBoth = [&] {
    for (const TensorRef &x : {large, small}) {
      ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", x.get())));
      ASSERT_TRUE(succeeds(seqc_call_run(call)));
      EXPECT_EQ(shapeOf(output("y").get()), shapeOf(x.get()));
    }
  };
  runBoth();
  uint64_t before = statistics().heap_allocations;
  for (int i = 0; i < 50; ++i)
    runBoth();
  EXPECT_EQ(statistics().heap_allocations, before);
}

/// Nor does anything on the way in and out.
TEST_F(SessionTest, SteadyStateMakesNoObjects) {
  prepare("gather");
  TensorRef ids = makeTensor<int32_t>(SEQC_I32, {2, 3}, {1, 2, 3, 4, 5, 6});
  auto runOnce = [&] {
    seqc_tensor_t *last = nullptr;
    bool good = !seqc_call_set_input(call, "ids", ids.get()) &&
                !seqc_call_run(call) &&
                !seqc_call_get_output(call, "last", &last);
    seqc_tensor_release(last);
    return good;
  };
  ASSERT_TRUE(runOnce());
  long before = countNewCalls();
  bool good = true;
  for (int i = 0; i < 20; ++i)
    good &= runOnce();
  EXPECT_EQ(countNewCalls() - before, 0);
  EXPECT_TRUE(good);
}

/// A result that is the next input changes places with the next result.
TEST_F(SessionTest, FeedingBackTakesNothingFromTheHeap) {
  prepare("scale");
  TensorRef state = makeTensor<float>(SEQC_F32, {1, 3}, {1, 1, 1});
  uint64_t before = 0;
  for (int i = 0; i < 20; ++i) {
    if (i == 4)
      before = statistics().heap_allocations;
    ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", state.get())));
    ASSERT_TRUE(succeeds(seqc_call_run(call)));
    state = output("y");
  }
  EXPECT_EQ(valuesOf<float>(state.get())[0], 1048576);
  EXPECT_EQ(statistics().heap_allocations, before);
}

TEST_F(SessionTest, KeepsToItsMemoryLimit) {
  seqc_session_options_t options = {};
  options.memory_limit = 100000;
  open(options);
  prepare("scale");
  TensorRef x =
      makeTensor<float>(SEQC_F32, {9000, 3}, std::vector<float>(27000, 1));
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", x.get())));
  EXPECT_TRUE(fails(seqc_call_run(call), SEQC_RESOURCE_EXHAUSTED,
                    "108000 bytes: the session's memory_limit is 100000 "
                    "bytes"));
  TensorRef small =
      makeTensor<float>(SEQC_F32, {9, 3}, std::vector<float>(27, 1));
  ASSERT_TRUE(succeeds(seqc_call_set_input(call, "x", small.get())));
  EXPECT_TRUE(succeeds(seqc_call_run(call)));
  EXPECT_LE(statistics().held_bytes, 100000u);
}

TEST_F(SessionTest, TracesEntries) {
  std::vector<std::string> events;
  seqc_session_options_t options = {};
  options.trace_user = &events;
  options.trace = [](void *user, const char *name, int32_t phase, int32_t) {
    static_cast<std::vector<std::string> *>(user)->push_back(
        std::string(phase ? "end " : "begin ") + name);
  };
  open(options);
  EXPECT_TRUE(succeeds(misuse(99)));
  EXPECT_EQ(events, (std::vector<std::string>{"begin misuse", "end misuse"}));
}

TEST_F(SessionTest, RefusesBadOptions) {
  seqc_session_options_t options = {};
  seqc_session_t *other;
  EXPECT_TRUE(fails(seqc_session_create(model, &options, &other),
                    SEQC_INVALID_ARGUMENT, "options->size is 0"));
  options.size = sizeof options;
  options.num_threads = -1;
  EXPECT_TRUE(fails(seqc_session_create(model, &options, &other),
                    SEQC_INVALID_ARGUMENT, "threads is -1"));
  EXPECT_TRUE(fails(seqc_session_set_threads(session, 0), SEQC_INVALID_ARGUMENT,
                    "threads is 0"));
}

/// Several sessions in several threads, each parallel itself. Run under
/// ThreadSanitizer as well.
TEST(Sessions, RunAtTheSameTime) {
  seqc_model_t *model;
  ASSERT_TRUE(succeeds(seqc_model_from_table(fake_model(), &model)));
  std::atomic<int> wrong{0};
  auto work = [&](int seed) {
    seqc_session_options_t options = {};
    options.size = sizeof options;
    options.num_threads = 1 + seed % 3;
    seqc_session_t *session;
    seqc_call_t *scale, *ring;
    if (seqc_session_create(model, &options, &session) ||
        seqc_call_create(session, "scale", &scale) ||
        seqc_call_create(session, "ring", &ring)) {
      ++wrong;
      return;
    }
    for (int i = 0; i < 60; ++i) {
      int64_t rows = 1 + (seed * 7 + i) % 40;
      TensorRef x = makeTensor<float>(
          SEQC_F32, {rows, 3}, std::vector<float>(size_t(3 * rows), float(i)));
      TensorRef members = makeTensor<int32_t>(SEQC_I32, {}, {3});
      seqc_tensor_t *y = nullptr, *sum = nullptr;
      wrong += seqc_call_set_input(scale, "x", x.get()) != nullptr;
      wrong += seqc_call_run(scale) != nullptr;
      wrong += seqc_call_get_output(scale, "y", &y) != nullptr;
      for (float value : valuesOf<float>(y))
        wrong += value != float(2 * i);
      wrong += seqc_call_set_input(ring, "members", members.get()) != nullptr;
      wrong += seqc_call_run(ring) != nullptr;
      wrong += seqc_call_get_output(ring, "sum", &sum) != nullptr;
      // The team may have been busy: then fewer members ran.
      int32_t first = valuesOf<int32_t>(sum)[0];
      wrong += first != 100 && first != 300 && first != 600;
      seqc_tensor_release(y);
      seqc_tensor_release(sum);
    }
    seqc_call_release(scale);
    seqc_call_release(ring);
    seqc_session_release(session);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i)
    threads.emplace_back(work, i);
  for (std::thread &thread : threads)
    thread.join();
  seqc_model_release(model);
  EXPECT_EQ(wrong, 0);
}

TEST(CppApi, LoadsRunsAndThrows) {
  using namespace seqc::runtime;
  Model model = Model::load(builtFile("fake_model.so"));
  EXPECT_EQ(model.entries().front(), "scale");
  Session session(model);
  Call call(session, "scale");
  float data[] = {1, 2, 3};
  call.set("x", Tensor::wrap(SEQC_F32, {1, 3}, data));
  call.run();
  Tensor y = call.output("y");
  EXPECT_EQ(y.shape(), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(y.values<float>()[2], 6);
  EXPECT_THROW(y.values<int>(), Error);
  try {
    call.output("z");
    FAIL();
  } catch (const Error &error) {
    EXPECT_EQ(error.code(), SEQC_NOT_FOUND);
  }
}
