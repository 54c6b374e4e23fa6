//===- BenchLstm.cpp - Compiled LSTMs next to oneDNN ----------------------===//
//
// Compiles one LSTM of 512 features through `seqc compile`, loads the artefacts
// with the runtime and measures, on one thread:
//
//   speed    T 128, B 1: against a loop over oneDNN's sgemm and against its
//            lstm_forward, in turn
//   ragged   T 128, B 16: lengths spread evenly over 1..T against full lengths
//   rolled   code size and compile time for T 16 and T 4096
//   heap     allocations of further calls
//
// Prints a table; --out=FILE writes JSON.
//
//===----------------------------------------------------------------------===//

#include "runtime/include/seqc/runtime.hpp"
#include "tests/bench/BenchFiles.h"
#include "tests/bench/Floors.h"
#include "tests/bench/Measurement.h"
#include "tests/bench/OneDnnRivals.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <unistd.h>

using namespace seqc::bench;
using namespace seqc::runtime;
using nlohmann::ordered_json;

namespace {

constexpr int64_t kSize = 512, kSteps = 128, kRows = 16;

/// What the command line says.
struct Options {
  std::string seqc, out;
  int repetitions = 41;
};

std::vector<float> makeValues(std::mt19937 &random, int64_t count,
                              float scale) {
  std::uniform_real_distribution<float> range(-scale, scale);
  std::vector<float> values(count);
  for (float &value : values)
    value = range(random);
  return values;
}

LstmWeights makeWeights() {
  std::mt19937 random(1);
  return {kSize, kSize, makeValues(random, 4 * kSize * kSize, 0.07f),
          makeValues(random, 4 * kSize * kSize, 0.07f),
          makeValues(random, 8 * kSize, 0.1f)};
}

/// One row in double precision.
std::vector<double> evaluate(const LstmWeights &weights,
                             const std::vector<float> &x, int64_t steps) {
  int64_t n = weights.hiddenSize, k = weights.inputSize;
  std::vector<double> h(n), c(n), gates(4 * n), y;
  auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (int64_t t = 0; t < steps; ++t) {
    for (int64_t g = 0; g < 4 * n; ++g) {
      double sum = double(weights.b[g]) + weights.b[4 * n + g];
      for (int64_t i = 0; i < k; ++i)
        sum += double(weights.w[g * k + i]) * x[t * k + i];
      for (int64_t i = 0; i < n; ++i)
        sum += weights.r[g * n + i] * h[i];
      gates[g] = sum;
    }
    for (int64_t j = 0; j < n; ++j) {
      c[j] = sigmoid(gates[2 * n + j]) * c[j] +
             sigmoid(gates[j]) * std::tanh(gates[3 * n + j]);
      h[j] = sigmoid(gates[n + j]) * std::tanh(c[j]);
    }
    y.insert(y.end(), h.begin(), h.end());
  }
  return y;
}

double largestDifference(const float *got, const std::vector<double> &want) {
  double largest = 0;
  for (size_t i = 0; i < want.size(); ++i)
    largest = std::max(
        largest, std::isnan(got[i]) ? INFINITY : std::fabs(got[i] - want[i]));
  return largest;
}

/// A loaded artefact with one call of it.
struct Loaded {
  Model model;
  Session session;
  Call call;

  explicit Loaded(const std::string &artefact)
      : model(Model::load(artefact)), session(model, 1), call(session) {}

  uint64_t heapAllocations() const {
    return session.statistics().heap_allocations;
  }
};

class LstmBench {
public:
  explicit LstmBench(const Options &options)
      : options(options), weights(makeWeights()) {
    writeWeights(folder, weights);
  }

  ordered_json measureSpeed() {
    std::mt19937 random(2);
    std::vector<float> x = makeValues(random, kSteps * kSize, 1);
    std::vector<float> results[5];
    for (std::vector<float> &y : results)
      y.resize(kSteps * kSize);
    Tensor input = Tensor::wrap(SEQC_F32, {kSteps, 1, kSize}, x.data());
    Loaded dynamic(compile("dynamic", {})),
        fixed(compile("static", {kSteps, 1}));
    int index = 0;
    for (Loaded *loaded : {&dynamic, &fixed}) {
      loaded->call.set("x", input);
      loaded->call.bind("y", Tensor::wrap(SEQC_F32, {kSteps, 1, 1, kSize},
                                          results[index++].data()));
    }
    std::unique_ptr<LstmRival> plain = makeSgemmLoop(weights, kSteps, false),
                               transposed =
                                   makeSgemmLoop(weights, kSteps, true),
                               primitive = makeLstmForward(weights, kSteps);
    std::vector<Contender> contenders{
        {"seqc, dynamic T and B", [&] { dynamic.call.run(); }},
        {"seqc, static T and B", [&] { fixed.call.run(); }},
        {"oneDNN sgemm per step, [K, N]",
         [&] { plain->run(x.data(), results[2].data()); }},
        {"oneDNN sgemm per step, [N, K]",
         [&] { transposed->run(x.data(), results[3].data()); }},
        {"oneDNN lstm_forward",
         [&] { primitive->run(x.data(), results[4].data()); }},
        {"floor: R read T times",
         [&] { sink = readRepeatedly(weights.r, kSteps); }},
        {"floor: projection's multiply-adds",
         [&] { sink = multiplyAdd(kSteps * 4 * kSize * kSize); }}};
    for (Contender &contender : contenders)
      contender.run();
    uint64_t heap = dynamic.heapAllocations();
    measureInTurn(contenders, 3, options.repetitions);
    std::vector<double> want = evaluate(weights, x, kSteps);
    ordered_json report{{"case", "LSTM H512 I512 T128 B1, one thread"}};
    for (int i = 0; i < int(contenders.size()); ++i) {
      ordered_json row = summarize(contenders[i]);
      if (i < 5)
        row["largest_error"] = largestDifference(results[i].data(), want);
      print(row);
      report["contenders"].push_back(row);
    }
    const Contender &loop =
        median(contenders[2].times) < median(contenders[3].times)
            ? contenders[2]
            : contenders[3];
    report["heap_allocations_of_further_calls"] =
        dynamic.heapAllocations() - heap;
    bar(report, "dynamic_over_sgemm_per_step", ratio(contenders[0], loop),
        1.10);
    bar(report, "dynamic_over_lstm_forward",
        ratio(contenders[0], contenders[4]), 0.65);
    bar(report, "static_over_sgemm_per_step", ratio(contenders[1], loop), 1.10);
    bar(report, "static_over_lstm_forward", ratio(contenders[1], contenders[4]),
        0.65);
    bar(report, "heap_allocations", double(dynamic.heapAllocations() - heap),
        0);
    return report;
  }

  ordered_json measureRagged() {
    std::mt19937 random(3);
    std::vector<float> x = makeValues(random, kSteps * kRows * kSize, 1);
    std::vector<int32_t> full(kRows, kSteps), spread;
    for (int64_t b = 0; b < kRows; ++b)
      spread.push_back(1 + (b * (kSteps - 1) + (kRows - 1) / 2) / (kRows - 1));
    std::shuffle(spread.begin(), spread.end(), random);
    Tensor input = Tensor::wrap(SEQC_F32, {kSteps, kRows, kSize}, x.data());
    Tensor output = Tensor::create(SEQC_F32, {kSteps, 1, kRows, kSize});
    std::string artefact = compile("ragged", {{}, {}, true});
    Loaded loaded(artefact), loadedFull(artefact), plain(compile("padded", {}));
    loaded.call.set("lengths", Tensor::wrap(SEQC_I32, {kRows}, spread.data()));
    loadedFull.call.set("lengths",
                        Tensor::wrap(SEQC_I32, {kRows}, full.data()));
    for (Loaded *each : {&loaded, &loadedFull, &plain}) {
      each->call.set("x", input);
      each->call.bind("y", output);
    }
    std::vector<Contender> contenders{
        {"lengths spread over 1..T", [&] { loaded.call.run(); }},
        {"all lengths T", [&] { loadedFull.call.run(); }},
        {"no lengths", [&] { plain.call.run(); }},
        {"floor: multiply-adds",
         [&] { sink = multiplyAdd(kRows * kSteps * 8 * kSize * kSize); }}};
    measureInTurn(contenders, 2, options.repetitions / 2);
    ordered_json report{{"case", "LSTM H512 I512 T128 B16, one thread"},
                        {"lengths", spread}};
    for (Contender &contender : contenders) {
      report["contenders"].push_back(summarize(contender));
      print(report["contenders"].back());
    }
    bar(report, "spread_over_full", ratio(contenders[0], contenders[1]), 0.75);
    return report;
  }

  ordered_json measureRolled() {
    std::string models[2], artefacts[2];
    int64_t sizes[2];
    const int64_t steps[2] = {16, 4096};
    std::vector<Contender> contenders;
    for (int i = 0; i < 2; ++i) {
      std::string name = "T" + std::to_string(steps[i]);
      models[i] = writeModel(folder, name, weights, {steps[i], 1});
      artefacts[i] = folder.file(name + ".so");
      contenders.push_back(
          {"seqc compile, " + name, [this, &models, &artefacts, i] {
             compileModel(options.seqc, models[i], artefacts[i]);
           }});
    }
    measureInTurn(contenders, 1, std::max(3, options.repetitions / 4));
    ordered_json report{{"case", "LSTM H512 I512 B1, static T 16 and T 4096"}};
    for (int i = 0; i < 2; ++i) {
      sizes[i] = readCodeSize(artefacts[i]);
      ordered_json row = summarize(contenders[i]);
      row["code_bytes"] = sizes[i];
      report["contenders"].push_back(row);
      print(row);
    }
    bar(report, "code_size_difference",
        std::fabs(double(sizes[1]) / sizes[0] - 1), 0.01);
    bar(report, "compile_time_difference",
        std::fabs(ratio(contenders[1], contenders[0]) - 1), 0.15);
    return report;
  }

  bool allMet() const { return met; }

private:
  std::string compile(const std::string &name, const LstmModel &model) {
    std::string artefact = folder.file(name + ".so");
    compileModel(options.seqc, writeModel(folder, name, weights, model),
                 artefact);
    return artefact;
  }

  static void print(const ordered_json &row) {
    std::printf("  %-32s %9.3f ms  (min %.3f, quartiles %.3f to %.3f)",
                row["name"].get<std::string>().c_str(),
                row["median_ms"].get<double>(), row["min_ms"].get<double>(),
                row["quartiles_ms"][0].get<double>(),
                row["quartiles_ms"][1].get<double>());
    if (row.contains("largest_error"))
      std::printf("  error %.1e", row["largest_error"].get<double>());
    if (row.contains("code_bytes"))
      std::printf("  code %lld bytes",
                  static_cast<long long>(row["code_bytes"].get<int64_t>()));
    std::printf("\n");
  }

  void bar(ordered_json &report, const char *name, double value, double limit) {
    report["bars"].push_back({{"name", name},
                              {"value", value},
                              {"limit", limit},
                              {"met", value <= limit}});
    std::printf("  %-32s %9.3f, at most %.2f: %s\n", name, value, limit,
                value <= limit ? "met" : "MISSED");
    met &= value <= limit;
  }

  Options options;
  TemporaryFolder folder;
  LstmWeights weights;
  volatile float sink = 0;
  bool met = true;
};

} // namespace

/// oneDNN reads the number of its threads when it is loaded, so it is set
/// before this program begins anew.
static void restartWithOneThread(char **argv) {
  if (getenv("OMP_NUM_THREADS") &&
      std::strcmp(getenv("OMP_NUM_THREADS"), "1") == 0)
    return;
  setenv("OMP_NUM_THREADS", "1", 1);
  execv("/proc/self/exe", argv);
  throw std::runtime_error("cannot restart with one thread");
}

static int run(int argc, char **argv) {
  restartWithOneThread(argv);
  Options options;
  options.seqc =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "seqc";
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.rfind("--out=", 0) == 0)
      options.out = argument.substr(6);
    else if (argument.rfind("--seqc=", 0) == 0)
      options.seqc = argument.substr(7);
    else if (argument.rfind("--runs=", 0) == 0)
      options.repetitions = std::max(4, std::atoi(argument.c_str() + 7));
    else {
      std::fprintf(stderr, "usage: %s [--out=FILE] [--runs=N] [--seqc=PATH]\n",
                   argv[0]);
      return 2;
    }
  }
  LstmBench bench(options);
  ordered_json report{{"machine", describeMachine(SEQC_SOURCE_DIR)},
                      {"onednn", oneDnnVersion()}};
  std::printf("%s\n", report.dump().c_str());
  for (auto [name, measure] : {std::pair{"speed", &LstmBench::measureSpeed},
                               {"ragged", &LstmBench::measureRagged},
                               {"rolled", &LstmBench::measureRolled}}) {
    std::printf("%s\n", name);
    report[name] = (bench.*measure)();
  }
  writeReport(report, options.out);
  return bench.allMet() ? 0 : 1;
}

int main(int argc, char **argv) { return runBenchmark(run, argc, argv); }
