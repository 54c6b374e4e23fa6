//===- OneDnnAdapter.cpp - Products by oneDNN ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One handle stands for a product with fixed K, N and weights. Primitives are
// made per number of rows and kept; weights that never change are packed once
// per layout that the library chooses. Rows are split over the runtime's team,
// each part on one thread of the library, so that the OpenMP pool that Debian's
// oneDNN brings never runs beside the team.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/DnnAdapter.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <dlfcn.h>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

using namespace seqc::rt;
using dnnl::memory;

namespace {

constexpr auto f32 = memory::data_type::f32;

/// Fewer rows are not worth another thread.
constexpr int64_t minRowsPerThread = 8;

/// Numbers of rows a handle remembers, so that lengths that keep changing do
/// not fill the memory.
constexpr size_t maxPlans = 64;

/// The CPU engine, made when it is first needed and never destroyed: the
/// library may be unloaded before static objects are.
dnnl::engine &cpuEngine() {
  static auto *engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

/// Keeps the library's own threads out of the present thread's work.
void useOneLibraryThread() {
  using Setter = void (*)(int);
  static const auto setter =
      reinterpret_cast<Setter>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  thread_local bool done = false;
  if (setter && !done)
    setter(1);
  done = true;
}

/// Creates the description of a product. `anyWeights` lets the library choose
/// the layout of the weights.
dnnl::matmul::primitive_desc describe(const DnnMatmulSpec &spec, int64_t m,
                                      int64_t lda, int64_t ldc,
                                      bool anyWeights) {
  bool hasBias = spec.flags & SEQC_ABI_DNN_BIAS;
  memory::dims weightStrides = spec.flags & SEQC_ABI_DNN_TRANSPOSED
                                   ? memory::dims{1, spec.ldw}
                                   : memory::dims{spec.ldw, 1};
  memory::desc a({m, spec.k}, f32, memory::dims{lda, 1});
  memory::desc w =
      anyWeights ? memory::desc({spec.k, spec.n}, f32, memory::format_tag::any)
                 : memory::desc({spec.k, spec.n}, f32, weightStrides);
  memory::desc bias({1, spec.n}, f32, memory::dims{spec.n, 1});
  memory::desc c({m, spec.n}, f32, memory::dims{ldc, 1});
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (spec.flags & SEQC_ABI_DNN_ACCUMULATE) {
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    attributes.set_post_ops(sum);
  }
#if DNNL_VERSION_MAJOR >= 3
  if (hasBias)
    return {cpuEngine(), a, w, bias, c, attributes};
  return {cpuEngine(), a, w, c, attributes};
#else
  dnnl::matmul::desc description =
      hasBias ? dnnl::matmul::desc(a, w, bias, c) : dnnl::matmul::desc(a, w, c);
  return {description, attributes, cpuEngine()};
#endif
}

/// A primitive with its memory objects, for the rows of one thread.
struct Worker {
  dnnl::stream stream;
  memory a, weights, bias, c, scratchpad;
  std::unordered_map<int, memory> arguments;
};

/// A primitive for one shape, and a worker per thread.
struct Plan {
  int64_t m, lda, ldc;
  dnnl::matmul primitive;
  memory::desc aDesc, weightsDesc, biasDesc, cDesc, scratchpadDesc;
  /// Weights in the primitive's own layout, or an empty object if it takes
  /// them as they are.
  memory packed;
  std::vector<std::unique_ptr<Worker>> workers;
};

class OneDnnMatmul final : public DnnMatmul {
public:
  explicit OneDnnMatmul(const DnnMatmulSpec &spec) : spec(spec) {}

  Status execute(seqc_abi_context &context, int64_t m, const float *a,
                 int64_t lda, const float *weights, const float *bias, float *c,
                 int64_t ldc) override;

private:
  /// The result of a product over no elements.
  Status fillEmptySum(int64_t m, const float *bias, float *c,
                      int64_t ldc) const {
    if (!(spec.flags & SEQC_ABI_DNN_ACCUMULATE))
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < spec.n; ++j)
          c[i * ldc + j] = bias ? bias[j] : 0;
    return {};
  }

  /// The plan for `m` rows, with at least `threads` workers.
  Plan &planFor(int64_t m, int64_t lda, int64_t ldc, int32_t threads);

  /// The constant weights in layout `desc`.
  memory packWeights(const memory::desc &desc, const memory::desc &plain);

  DnnMatmulSpec spec;
  std::vector<std::unique_ptr<Plan>> plans;
  size_t nextEvicted = 0;
  std::vector<memory> packed;
};

memory OneDnnMatmul::packWeights(const memory::desc &desc,
                                 const memory::desc &plain) {
  if (desc == plain)
    return memory();
  for (const memory &known : packed)
    if (known.get_desc() == desc)
      return known;
  dnnl::stream stream(cpuEngine());
  memory source(plain, cpuEngine(), const_cast<float *>(spec.weights));
  memory target(desc, cpuEngine());
  dnnl::reorder(source, target).execute(stream, source, target);
  stream.wait();
  packed.push_back(target);
  return target;
}

Plan &OneDnnMatmul::planFor(int64_t m, int64_t lda, int64_t ldc,
                            int32_t threads) {
  Plan *plan = nullptr;
  for (const std::unique_ptr<Plan> &known : plans)
    if (known->m == m && known->lda == lda && known->ldc == ldc)
      plan = known.get();
  if (!plan) {
    bool constant = (spec.flags & SEQC_ABI_DNN_CONSTANT) && spec.weights;
    dnnl::matmul::primitive_desc description =
        describe(spec, m, lda, ldc, constant);
    auto fresh = std::make_unique<Plan>();
    fresh->m = m;
    fresh->lda = lda;
    fresh->ldc = ldc;
    fresh->primitive = dnnl::matmul(description);
    fresh->aDesc = description.src_desc();
    fresh->weightsDesc = description.weights_desc();
    if (spec.flags & SEQC_ABI_DNN_BIAS)
      fresh->biasDesc = description.bias_desc();
    fresh->cDesc = description.dst_desc();
    fresh->scratchpadDesc = description.scratchpad_desc();
    if (constant) {
      memory::desc plain = describe(spec, m, lda, ldc, false).weights_desc();
      fresh->packed = packWeights(fresh->weightsDesc, plain);
    }
    plan = fresh.get();
    if (plans.size() < maxPlans)
      plans.push_back(std::move(fresh));
    else
      plans[nextEvicted++ % maxPlans] = std::move(fresh);
  }
  while (plan->workers.size() < size_t(threads)) {
    auto worker = std::make_unique<Worker>();
    dnnl::engine &engine = cpuEngine();
    worker->stream = dnnl::stream(engine);
    worker->a = memory(plan->aDesc, engine, nullptr);
    worker->weights = plan->packed ? plan->packed
                                   : memory(plan->weightsDesc, engine, nullptr);
    worker->c = memory(plan->cDesc, engine, nullptr);
    worker->scratchpad = memory(plan->scratchpadDesc, engine);
    worker->arguments = {{DNNL_ARG_SRC, worker->a},
                         {DNNL_ARG_WEIGHTS, worker->weights},
                         {DNNL_ARG_DST, worker->c},
                         {DNNL_ARG_SCRATCHPAD, worker->scratchpad}};
    if (spec.flags & SEQC_ABI_DNN_BIAS) {
      worker->bias = memory(plan->biasDesc, engine, nullptr);
      worker->arguments[DNNL_ARG_BIAS] = worker->bias;
    }
    plan->workers.push_back(std::move(worker));
  }
  return *plan;
}

/// One execution on its way to the team: `parts` blocks of `rows` rows, the
/// last one with what is left.
struct Execution {
  Plan *body;
  Plan *rest;
  int64_t rows, parts;
  const float *a, *weights, *bias;
  float *c;
  std::mutex mutex;
  std::string failure;
};

void runBlock(Execution &work, int64_t index, int32_t thread) {
  Plan &plan = index + 1 < work.parts ? *work.body : *work.rest;
  Worker &worker = *plan.workers[size_t(thread)];
  int64_t row = index * work.rows;
  worker.a.set_data_handle(const_cast<float *>(work.a + row * plan.lda));
  if (!plan.packed)
    worker.weights.set_data_handle(const_cast<float *>(work.weights));
  if (worker.bias)
    worker.bias.set_data_handle(const_cast<float *>(work.bias));
  worker.c.set_data_handle(work.c + row * plan.ldc);
  plan.primitive.execute(worker.stream, worker.arguments);
  worker.stream.wait();
}

void runBlocks(void *closure, int64_t begin, int64_t end, int32_t thread) {
  auto &work = *static_cast<Execution *>(closure);
  try {
    useOneLibraryThread();
    for (int64_t i = begin; i < end; ++i)
      runBlock(work, i, thread);
  } catch (const std::exception &error) {
    std::lock_guard<std::mutex> lock(work.mutex);
    work.failure = error.what();
  }
}

Status OneDnnMatmul::execute(seqc_abi_context &context, int64_t m,
                             const float *a, int64_t lda, const float *weights,
                             const float *bias, float *c, int64_t ldc) {
  try {
    if (spec.n == 0)
      return {};
    if (spec.k == 0)
      return fillEmptySum(m, bias, c, ldc);
    useOneLibraryThread();
    int64_t parts = std::max<int64_t>(
        1, std::min<int64_t>(context.num_threads, m / minRowsPerThread));
    Execution work;
    work.rows = (m + parts - 1) / parts;
    work.parts = (m + work.rows - 1) / work.rows;
    int64_t last = m - (work.parts - 1) * work.rows;
    // The second look-up may add a plan, never move one that is in use: plans
    // lie behind pointers, and one of many is evicted in turn.
    work.body = &planFor(work.rows, lda, ldc, context.num_threads);
    work.rest = last == work.rows
                    ? work.body
                    : &planFor(last, lda, ldc, context.num_threads);
    work.a = a;
    work.weights = weights;
    work.bias = bias;
    work.c = c;
    if (work.parts == 1)
      runBlocks(&work, 0, 1, 0);
    else
      context.services->parallel_for(&context, work.parts, runBlocks, &work);
    if (work.failure.empty())
      return {};
    return Status(SEQC_INTERNAL, "oneDNN: " + work.failure);
  } catch (const dnnl::error &error) {
    return Status(error.status == dnnl_out_of_memory ? SEQC_RESOURCE_EXHAUSTED
                                                     : SEQC_INTERNAL,
                  "oneDNN: product of [" + std::to_string(m) + ", " +
                      std::to_string(spec.k) + "] and [" +
                      std::to_string(spec.k) + ", " + std::to_string(spec.n) +
                      "]: " + error.what());
  }
}

class OneDnnAdapter final : public DnnAdapter {
public:
  OneDnnAdapter() {
    const dnnl_version_t *linked = dnnl_version();
    text = std::to_string(linked->major) + "." + std::to_string(linked->minor) +
           "." + std::to_string(linked->patch);
  }

  const char *version() const override { return text.c_str(); }

  Result<std::unique_ptr<DnnMatmul>>
  createMatmul(const DnnMatmulSpec &spec) override {
    int32_t both = SEQC_ABI_DNN_BIAS | SEQC_ABI_DNN_ACCUMULATE;
    if ((spec.flags & both) == both)
      return Status(SEQC_INTERNAL,
                    "a library product cannot both accumulate and add a bias");
    return std::unique_ptr<DnnMatmul>(new OneDnnMatmul(spec));
  }

private:
  std::string text;
};

} // namespace

DnnAdapter *seqc_dnn_adapter_v1(void) {
  static auto *adapter = new OneDnnAdapter();
  return adapter;
}
