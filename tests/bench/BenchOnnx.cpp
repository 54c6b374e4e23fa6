//===- BenchOnnx.cpp - Compiled ONNX models next to ONNX Runtime ----------===//
//
// Both in turn in one process:
//
//   --speech=MODEL   a detector of speech with input [1, 576],
//                    state [2, 1, 128] -> output, stateN: ten minutes of audio
//                    at 16 kHz, 512 samples a step
//   --encoder=MODEL  a BERT-base-sized encoder, 128 tokens of one row, on one
//                    thread and on two, and the time and memory of compiling it
//   --layer=MODEL    the same on one thread and two for any model of inputs of
//                    floats with static shapes
//   --node=MODEL     the time of compiling a model of one node
//
// Prints a table; --out=FILE writes JSON.
//
//===----------------------------------------------------------------------===//

#include "runtime/include/seqc/runtime.hpp"
#include "tests/bench/BenchFiles.h"
#include "tests/bench/Floors.h"
#include "tests/bench/Measurement.h"
#include "tests/bench/OnnxRival.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace seqc::bench;
using namespace seqc::runtime;
using nlohmann::ordered_json;

namespace {

/// What the command line says.
struct Options {
  std::string seqc, out, speech, encoder, layer, node;
  int repetitions = 11;
};

std::vector<float> makeValues(unsigned seed, size_t count, float scale) {
  std::mt19937 random(seed);
  std::normal_distribution<float> range(0, scale);
  std::vector<float> values(count);
  for (float &value : values)
    value = range(random);
  return values;
}

double largestDifference(const std::vector<float> &a,
                         const std::vector<float> &b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    largest = std::max(
        largest, std::isnan(a[i]) ? INFINITY : std::fabs(double(a[i]) - b[i]));
  return largest;
}

Tensor wrap(const Argument &argument) {
  return argument.floats
             ? Tensor::wrap(SEQC_F32, argument.shape, argument.floats)
             : Tensor::wrap(SEQC_I64, argument.shape, argument.integers);
}

class OnnxBench {
public:
  explicit OnnxBench(const Options &options) : options(options) {}

  ordered_json measureSpeech() {
    constexpr int64_t kRate = 16000, kSeconds = 600, kNew = 512, kContext = 64;
    constexpr int64_t kSteps = kRate * kSeconds / kNew;
    std::vector<float> audio = makeValues(1, kContext + kSteps * kNew, 0.05f);
    std::string artefact = folder.file("speech.so");
    compileModel(options.seqc, options.speech, artefact);
    // One window and one state; the state is read and written in place.
    struct Side {
      std::vector<float> window = std::vector<float>(kContext + kNew);
      std::vector<float> state = std::vector<float>(256);
      std::vector<float> probability = {0}, all;
    } ours, theirs;
    auto inputsOf = [](Side &side) {
      return std::vector<Argument>{
          {"input", {1, kContext + kNew}, side.window.data()},
          {"state", {2, 1, 128}, side.state.data()}};
    };
    auto outputsOf = [](Side &side) {
      return std::vector<Argument>{{"output", {1, 1}, side.probability.data()},
                                   {"stateN", {2, 1, 128}, side.state.data()}};
    };
    Session session(Model::load(artefact), 1);
    Call call(session);
    for (const Argument &input : inputsOf(ours))
      call.set(input.name, wrap(input));
    for (const Argument &output : outputsOf(ours))
      call.bind(output.name, wrap(output));
    OnnxRival rival(options.speech, inputsOf(theirs), outputsOf(theirs));
    auto listen = [&](Side &side, auto step) {
      std::fill(side.state.begin(), side.state.end(), 0.f);
      side.all.clear();
      for (int64_t t = 0; t < kSteps; ++t) {
        std::copy_n(audio.begin() + t * kNew, kContext + kNew,
                    side.window.begin());
        step();
        side.all.push_back(side.probability[0]);
      }
    };
    std::vector<Contender> contenders{
        {"seqc, 10 minutes", [&] { listen(ours, [&] { call.run(); }); }},
        {"ONNX Runtime, 10 minutes",
         [&] { listen(theirs, [&] { rival.run(); }); }}};
    measureInTurn(contenders, 1, std::max(3, options.repetitions / 2));
    ordered_json report{{"case", "speech activity, 18750 steps, one thread"}};
    report["largest_difference"] = largestDifference(ours.all, theirs.all);
    finish(report, contenders, 1.0);
    return report;
  }

  ordered_json measureEncoder() {
    constexpr int64_t kTokens = 128;
    std::string artefact = folder.file("encoder.so");
    ordered_json report{{"case", "BERT-base, 128 tokens"}};
    struct rusage before, after;
    getrusage(RUSAGE_CHILDREN, &before);
    std::vector<Contender> compiling{
        {"seqc compile",
         [&] { compileModel(options.seqc, options.encoder, artefact); }}};
    measureInTurn(compiling, 0, 3);
    getrusage(RUSAGE_CHILDREN, &after);
    report["contenders"].push_back(summarize(compiling[0]));
    print(report["contenders"].back());
    double size = std::filesystem::file_size(options.encoder);
    bar(report, "compile_seconds", median(compiling[0].times), 20);
    bar(report, "compile_peak_memory_mb", after.ru_maxrss * 1024e-6,
        2.5e-6 * size + 500);

    std::vector<int64_t> ids(kTokens), mask(kTokens, 1);
    std::mt19937 random(2);
    for (int64_t &id : ids)
      id = random() % 30000;
    constexpr int64_t kMultiplyAdds =
        12 * kTokens * (12 * 768 * 768 + 2 * kTokens * 768);
    compareThreads(
        report, options.encoder, artefact,
        {{"input_ids", {1, kTokens}, nullptr, ids.data()},
         {"attention_mask", {1, kTokens}, nullptr, mask.data()}},
        {1, kTokens, 768},
        {{"floor: multiply-adds", [&] { sink = multiplyAdd(kMultiplyAdds); }}});
    return report;
  }

  ordered_json measureLayer() {
    std::string artefact = folder.file("layer.so");
    compileModel(options.seqc, options.layer, artefact);
    Model model = Model::load(artefact);
    auto describe = [&](auto read, size_t i) {
      seqc_value_info_t info;
      check(read(model.get(), nullptr, i, &info));
      return info;
    };
    seqc_value_info_t in = describe(seqc_model_input_info, 0),
                      out = describe(seqc_model_output_info, 0);
    std::vector<int64_t> shape(in.shape, in.shape + in.rank);
    std::vector<float> x =
        makeValues(3,
                   std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                   std::multiplies<>()),
                   1.f);
    ordered_json report{
        {"case", std::filesystem::path(options.layer).filename()}};
    compareThreads(report, options.layer, artefact,
                   {{in.name, shape, x.data()}},
                   {out.shape, out.shape + out.rank});
    return report;
  }

  ordered_json measureNode() {
    std::string artefact = folder.file("node.so");
    std::vector<Contender> compiling{
        {"seqc compile, one node",
         [&] { compileModel(options.seqc, options.node, artefact); }}};
    measureInTurn(compiling, 1, options.repetitions);
    ordered_json report{{"case", "a node test"}};
    report["contenders"].push_back(summarize(compiling[0]));
    print(report["contenders"].back());
    bar(report, "compile_seconds", median(compiling[0].times), 0.5);
    return report;
  }

  bool allMet() const { return met; }

private:
  /// Both engines on one thread and, if there are two processors, on two.
  void compareThreads(ordered_json &report, const std::string &model,
                      const std::string &artefact,
                      const std::vector<Argument> &inputs,
                      const std::vector<int64_t> &shape,
                      const std::vector<Contender> &floors = {}) {
    size_t count = std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                   std::multiplies<>());
    std::vector<float> ours(count), theirs(count);
    Model loaded = Model::load(artefact);
    seqc_value_info_t info;
    check(seqc_model_output_info(loaded.get(), nullptr, 0, &info));
    std::string output = info.name;
    int most = std::min(2u, std::thread::hardware_concurrency());
    for (int threads = 1; threads <= most; ++threads) {
      Session session(loaded, threads);
      Call call(session);
      for (const Argument &input : inputs)
        call.set(input.name, wrap(input));
      call.bind(output, Tensor::wrap(SEQC_F32, shape, ours.data()));
      OnnxRival rival(model, inputs, {{output, shape, theirs.data()}}, threads);
      std::string suffix = threads == 1 ? "" : ", 2 threads";
      std::vector<Contender> contenders{
          {"seqc" + suffix, [&] { call.run(); }},
          {"ONNX Runtime" + suffix, [&] { rival.run(); }}};
      if (threads == 1)
        contenders.insert(contenders.end(), floors.begin(), floors.end());
      measureInTurn(contenders, 2, options.repetitions);
      report["largest_difference"] = largestDifference(ours, theirs);
      finish(report, contenders, 1.0, suffix);
    }
  }

  void finish(ordered_json &report, const std::vector<Contender> &contenders,
              double limit, const std::string &suffix = "") {
    for (const Contender &contender : contenders) {
      report["contenders"].push_back(summarize(contender));
      print(report["contenders"].back());
    }
    bar(report, "seqc_over_onnx_runtime" + suffix,
        ratio(contenders[0], contenders[1]), limit);
  }

  static void print(const ordered_json &row) {
    std::printf("  %-28s %9.3f ms  (min %.3f, quartiles %.3f to %.3f)\n",
                row["name"].get<std::string>().c_str(),
                row["median_ms"].get<double>(), row["min_ms"].get<double>(),
                row["quartiles_ms"][0].get<double>(),
                row["quartiles_ms"][1].get<double>());
  }

  void bar(ordered_json &report, const std::string &name, double value,
           double limit) {
    report["bars"].push_back({{"name", name},
                              {"value", value},
                              {"limit", limit},
                              {"met", value <= limit}});
    std::printf("  %-28s %9.3f, at most %.2f: %s\n", name.c_str(), value, limit,
                value <= limit ? "met" : "MISSED");
    met &= value <= limit;
  }

  Options options;
  TemporaryFolder folder;
  volatile float sink = 0;
  bool met = true;
};

} // namespace

static int run(int argc, char **argv) {
  Options options;
  options.seqc =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "seqc";
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    auto take = [&](const char *key, std::string &value) {
      if (argument.rfind(key, 0) != 0)
        return false;
      value = argument.substr(std::strlen(key));
      return true;
    };
    std::string runs;
    if (take("--runs=", runs))
      options.repetitions = std::max(4, std::atoi(runs.c_str()));
    else if (!take("--out=", options.out) && !take("--seqc=", options.seqc) &&
             !take("--speech=", options.speech) &&
             !take("--encoder=", options.encoder) &&
             !take("--layer=", options.layer) &&
             !take("--node=", options.node)) {
      std::fprintf(stderr,
                   "usage: %s [--speech=MODEL] [--encoder=MODEL] "
                   "[--layer=MODEL] [--node=MODEL] [--out=FILE] [--runs=N] "
                   "[--seqc=PATH]\n",
                   argv[0]);
      return 2;
    }
  }
  OnnxBench bench(options);
  ordered_json report{{"machine", describeMachine(SEQC_SOURCE_DIR)},
                      {"onnxruntime", OnnxRival::version()}};
  std::printf("%s\n", report.dump().c_str());
  if (!options.speech.empty())
    report["speech"] = bench.measureSpeech();
  if (!options.encoder.empty())
    report["encoder"] = bench.measureEncoder();
  if (!options.layer.empty())
    report["layer"] = bench.measureLayer();
  if (!options.node.empty())
    report["node"] = bench.measureNode();
  writeReport(report, options.out);
  return bench.allMet() ? 0 : 1;
}

int main(int argc, char **argv) { return runBenchmark(run, argc, argv); }
