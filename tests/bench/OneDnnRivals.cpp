//===- OneDnnRivals.cpp - The same layer on oneDNN ------------------------===//
//
// Built with -O3 -march=native -ffast-math. The loop over gates calls the
// widest exponential of libmvec by name, since not every compiler finds it.
//
//===----------------------------------------------------------------------===//

#include "tests/bench/OneDnnRivals.h"

#include "oneapi/dnnl/dnnl.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unordered_map>

using namespace seqc::bench;

namespace {

/// Zeroed floats, page aligned.
class Floats {
public:
  explicit Floats(size_t count)
      : memory(static_cast<float *>(std::aligned_alloc(
            4096, (count * sizeof(float) + 4095) / 4096 * 4096))) {
    if (!memory)
      throw std::bad_alloc();
    std::fill(memory.get(), memory.get() + count, 0.0f);
  }
  float *data() const { return memory.get(); }
  float &operator[](size_t i) const { return memory.get()[i]; }

private:
  struct Free {
    void operator()(float *p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> memory;
};

void checkStatus(dnnl_status_t status) {
  if (status != dnnl_success)
    throw dnnl::error(status, "sgemm failed");
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

#if defined(__AVX512F__)
using Lanes = float __attribute__((vector_size(64)));
extern "C" Lanes _ZGVeN16v_expf(Lanes);
Lanes exponential(Lanes x) { return _ZGVeN16v_expf(x); }
#elif defined(__AVX2__)
using Lanes = float __attribute__((vector_size(32)));
extern "C" Lanes _ZGVdN8v_expf(Lanes);
Lanes exponential(Lanes x) { return _ZGVdN8v_expf(x); }
#else
using Lanes = float;
#endif
float exponential(float x) { return expf(x); }

template <typename T> T load(const float *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T> void store(float *to, T value) {
  std::memcpy(to, &value, sizeof value);
}

//===----------------------------------------------------------------------===//
// sgemm per step
//===----------------------------------------------------------------------===//

class SgemmLoop : public LstmRival {
public:
  SgemmLoop(const LstmWeights &weights, int64_t steps, bool transposed)
      : steps(steps), inputSize(weights.inputSize), size(weights.hiddenSize),
        transposed(transposed), w(weights.w.size()), r(weights.r.size()),
        bias(4 * size), gates(steps * 4 * size), zero(size), cell(size) {
    pack(weights.w, w, inputSize);
    pack(weights.r, r, size);
    for (int64_t n = 0; n < 4 * size; ++n)
      bias[n] = weights.b[n] + weights.b[4 * size + n];
  }

  void run(const float *x, float *y) override {
    std::fill(cell.data(), cell.data() + size, 0.0f);
    multiply(steps, inputSize, x, w, 0, gates.data());
    for (int64_t t = 0; t < steps; ++t) {
      float *g = gates.data() + t * 4 * size;
      multiply(1, size, t ? y + (t - 1) * size : zero.data(), r, 1, g);
      applyGates(g, y + t * size);
    }
  }

private:
  void pack(const std::vector<float> &from, const Floats &to, int64_t k) {
    for (int64_t n = 0; n < 4 * size; ++n)
      for (int64_t i = 0; i < k; ++i)
        to[transposed ? n * k + i : i * 4 * size + n] = from[n * k + i];
  }

  void multiply(int64_t m, int64_t k, const float *a, const Floats &b,
                float beta, float *c) {
    checkStatus(dnnl_sgemm('N', transposed ? 'T' : 'N', m, 4 * size, k, 1, a, k,
                           b.data(), transposed ? k : 4 * size, beta, c,
                           4 * size));
  }

  /// Units from `j` on, as many as T holds.
  template <typename T>
  void applyGates(const float *__restrict g, float *__restrict y, int64_t j) {
    const float *b = bias.data();
    float *c = cell.data();
    auto gate = [&](int64_t k) {
      return load<T>(g + k * size + j) + load<T>(b + k * size + j);
    };
    T i = 1 / (1 + exponential(-gate(0)));
    T o = 1 / (1 + exponential(-gate(1)));
    T f = 1 / (1 + exponential(-gate(2)));
    T z = 1 - 2 / (1 + exponential(2 * gate(3)));
    T next = f * load<T>(c + j) + i * z;
    store(c + j, next);
    store(y + j, o * (1 - 2 / (1 + exponential(2 * next))));
  }

  void applyGates(const float *g, float *y) {
    constexpr int64_t lanes = sizeof(Lanes) / sizeof(float);
    int64_t j = 0;
    for (; j + lanes <= size; j += lanes)
      applyGates<Lanes>(g, y, j);
    for (; j < size; ++j)
      applyGates<float>(g, y, j);
  }

  int64_t steps, inputSize, size;
  bool transposed;
  Floats w, r, bias, gates, zero, cell;
};

//===----------------------------------------------------------------------===//
// lstm_forward
//===----------------------------------------------------------------------===//

using dnnl::memory;

class LstmForward : public LstmRival {
public:
  LstmForward(const LstmWeights &weights, int64_t steps)
      : engine(dnnl::engine::kind::cpu, 0), stream(engine),
        states(4 * weights.hiddenSize) {
    int64_t i = weights.inputSize, h = weights.hiddenSize;
    memory::desc x = describe({steps, 1, i}, memory::format_tag::tnc),
                 y = describe({steps, 1, h}, memory::format_tag::tnc);
    memory::desc state = describe({1, 1, 1, h}, memory::format_tag::ldnc),
                 bias = describe({1, 1, 4, h}, memory::format_tag::ldgo);
    memory::desc w = describe({1, 1, i, 4, h}, memory::format_tag::any),
                 r = describe({1, 1, h, 4, h}, memory::format_tag::any);
#if DNNL_VERSION_MAJOR >= 3
    dnnl::lstm_forward::primitive_desc layer(
        engine, dnnl::prop_kind::forward_inference,
        dnnl::rnn_direction::unidirectional_left2right, x, state, state, w, r,
        bias, y, state, state);
#else
    dnnl::lstm_forward::primitive_desc layer(
        dnnl::lstm_forward::desc(dnnl::prop_kind::forward_inference,
                                 dnnl::rnn_direction::unidirectional_left2right,
                                 x, state, state, w, r, bias, y, state, state),
        engine);
#endif
    primitive = dnnl::lstm_forward(layer);
    arguments = {{DNNL_ARG_SRC_LAYER, memory(x, engine, nullptr)},
                 {DNNL_ARG_DST_LAYER, memory(y, engine, nullptr)},
                 {DNNL_ARG_WEIGHTS_LAYER,
                  reorder(weights.w, i, h, layer.weights_desc())},
                 {DNNL_ARG_WEIGHTS_ITER,
                  reorder(weights.r, h, h, layer.weights_iter_desc())},
                 {DNNL_ARG_BIAS, memory(bias, engine)}};
    constexpr int stateArguments[] = {DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C,
                                      DNNL_ARG_DST_ITER, DNNL_ARG_DST_ITER_C};
    for (int s = 0; s < 4; ++s)
      arguments.emplace(stateArguments[s],
                        memory(state, engine, states.data() + s * h));
    auto *b =
        static_cast<float *>(arguments.at(DNNL_ARG_BIAS).get_data_handle());
    for (int64_t gate = 0; gate < 4; ++gate)
      for (int64_t j = 0; j < h; ++j)
        b[gate * h + j] = weights.b[kGates[gate] * h + j] +
                          weights.b[(4 + kGates[gate]) * h + j];
  }

  void run(const float *x, float *y) override {
    arguments.at(DNNL_ARG_SRC_LAYER).set_data_handle(const_cast<float *>(x));
    arguments.at(DNNL_ARG_DST_LAYER).set_data_handle(y);
    primitive.execute(stream, arguments);
    stream.wait();
  }

private:
  /// Where oneDNN's gates i, f, c, o are in ONNX's order.
  static constexpr int64_t kGates[4] = {0, 2, 3, 1};

  static memory::desc describe(const memory::dims &shape,
                               memory::format_tag tag) {
    return {shape, memory::data_type::f32, tag};
  }

  /// ONNX weights [4H, K] in the layout of `wanted`.
  memory reorder(const std::vector<float> &from, int64_t k, int64_t h,
                 const memory::desc &wanted) {
    memory plain(describe({1, 1, k, 4, h}, memory::format_tag::ldigo), engine),
        packed(wanted, engine);
    auto *data = static_cast<float *>(plain.get_data_handle());
    for (int64_t i = 0; i < k; ++i)
      for (int64_t gate = 0; gate < 4; ++gate)
        for (int64_t j = 0; j < h; ++j)
          data[(i * 4 + gate) * h + j] = from[(kGates[gate] * h + j) * k + i];
    dnnl::reorder(plain, packed).execute(stream, plain, packed);
    stream.wait();
    return packed;
  }

  dnnl::engine engine;
  dnnl::stream stream;
  Floats states;
  dnnl::lstm_forward primitive;
  std::unordered_map<int, memory> arguments;
};

} // namespace

std::unique_ptr<LstmRival>
seqc::bench::makeSgemmLoop(const LstmWeights &weights, int64_t steps,
                           bool transposed) {
  return std::make_unique<SgemmLoop>(weights, steps, transposed);
}

std::unique_ptr<LstmRival>
seqc::bench::makeLstmForward(const LstmWeights &weights, int64_t steps) {
  return std::make_unique<LstmForward>(weights, steps);
}

std::string seqc::bench::oneDnnVersion() {
  const dnnl_version_t *version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) +
         "." + std::to_string(version->patch);
}
