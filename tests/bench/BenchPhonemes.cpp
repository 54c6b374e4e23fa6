//===- BenchPhonemes.cpp - Letters to phonemes next to ONNX Runtime -------===//
//
// Words per second of a transducer graph that takes `src`, `tgt` and `t` and
// gives `pred`: wrapped by a description and compiled as a whole, and called by
// a loop on the host through ONNX Runtime's C API. One thread each, in turn.
//
//   seqc-bench-phonemes --model=FOLDER [--onnxruntime=LIBRARY] [--out=FILE]
//
// FOLDER holds g2p.onnx and expected_words.json, whose answers are checked.
//
//===----------------------------------------------------------------------===//

#include "runtime/include/seqc/runtime.hpp"
#include "tests/bench/BenchFiles.h"
#include "tests/bench/Measurement.h"

#if SEQC_HAVE_ONNXRUNTIME
#include <onnxruntime_c_api.h>
#endif

#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

using namespace seqc::bench;
using namespace seqc::runtime;
using nlohmann::ordered_json;

namespace {

/// The id that moves on in time and begins a row, and the host's limit.
constexpr int32_t kBlank = 2;
constexpr int64_t kMostSymbols = 47;

struct Options {
  std::string seqc, model, library, out;
  int repetitions = 15;
};

struct Word {
  std::vector<int32_t> letters, phonemes;
};

/// Answers for words, one after the other.
class Rival {
public:
  virtual ~Rival() = default;
  virtual std::vector<int32_t> answer(const Word &word) = 0;
};

/// The compiled description.
class Compiled : public Rival {
public:
  Compiled(const Options &options, int64_t letters, int64_t phonemes) {
    std::filesystem::copy_file(options.model + "/g2p.onnx",
                               folder.file("g2p.onnx"));
    std::ofstream(folder.file("g2p.yaml"))
        << "inputs:\n  word: {size: " << letters << "}\n"
        << "generate:\n  size: " << phonemes << "\n  search: transducer\n"
        << "  blank: " << kBlank << "\n  max_length: " << kMostSymbols
        << "\n  choice: g2p.pred\n"
        << "  step: {g2p: {onnx: g2p.onnx, "
           "inputs: {src: word, tgt: prefix, t: time}}}\n";
    compileModel(options.seqc, folder.file("g2p.yaml"), folder.file("g2p.so"));
    model = Model::load(folder.file("g2p.so"));
    session = std::make_unique<Session>(model, 1);
    call = std::make_unique<Call>(*session);
  }

  std::vector<int32_t> answer(const Word &word) override {
    call->set("word", Tensor::wrap(SEQC_I32, {1, int64_t(word.letters.size())},
                                   const_cast<int32_t *>(word.letters.data())));
    call->run();
    Tensor tokens = call->output("tokens");
    size_t length = call->output("token_lengths").values<int32_t>()[0];
    std::span<int32_t> all = tokens.values<int32_t>();
    std::vector<int32_t> result(all.begin(), all.begin() + length);
    if (!result.empty() && result.back() == kBlank)
      result.pop_back();
    return result;
  }

private:
  TemporaryFolder folder;
  Model model;
  std::unique_ptr<Session> session;
  std::unique_ptr<Call> call;
};

#if SEQC_HAVE_ONNXRUNTIME
/// ONNX Runtime in a loop on the host.
class HostLoop : public Rival {
public:
  explicit HostLoop(const Options &options) {
    void *library = dlopen(options.library.c_str(), RTLD_NOW | RTLD_LOCAL);
    auto base = library ? reinterpret_cast<const OrtApiBase *(*)()>(
                              dlsym(library, "OrtGetApiBase"))
                        : nullptr;
    api = base ? base()->GetApi(ORT_API_VERSION) : nullptr;
    if (!api)
      throw std::runtime_error("'" + options.library +
                               "' is no ONNX Runtime of this version");
    version = base()->GetVersionString();
    OrtEnv *environment;
    OrtSessionOptions *settings;
    check(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bench", &environment));
    check(api->CreateSessionOptions(&settings));
    check(api->SetIntraOpNumThreads(settings, 1));
    check(api->SetInterOpNumThreads(settings, 1));
    check(api->SetSessionGraphOptimizationLevel(settings, ORT_ENABLE_ALL));
    check(api->CreateSession(environment, (options.model + "/g2p.onnx").c_str(),
                             settings, &session));
    check(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault,
                                   &memory));
  }

  std::vector<int32_t> answer(const Word &word) override {
    std::vector<int32_t> symbols = {kBlank}, letters = word.letters;
    int32_t time = 0;
    while (time < int32_t(letters.size()) &&
           int64_t(symbols.size()) <= kMostSymbols) {
      OrtValue *inputs[] = {wrap(letters.data(), {1, int64_t(letters.size())}),
                            wrap(symbols.data(), {1, int64_t(symbols.size())}),
                            wrap(&time, {1})};
      const char *names[] = {"src", "tgt", "t"}, *wanted[] = {"pred"};
      OrtValue *output = nullptr;
      check(api->Run(session, nullptr, names, inputs, 3, wanted, 1, &output));
      void *data;
      check(api->GetTensorMutableData(output, &data));
      int32_t best = *static_cast<int32_t *>(data);
      api->ReleaseValue(output);
      for (OrtValue *input : inputs)
        api->ReleaseValue(input);
      if (best == kBlank)
        ++time;
      else
        symbols.push_back(best);
    }
    return {symbols.begin() + 1, symbols.end()};
  }

  std::string version;

private:
  void check(OrtStatus *status) {
    if (status)
      throw std::runtime_error(api->GetErrorMessage(status));
  }

  OrtValue *wrap(int32_t *data, std::vector<int64_t> shape) {
    size_t count = 1;
    for (int64_t extent : shape)
      count *= size_t(extent);
    OrtValue *value = nullptr;
    check(api->CreateTensorWithDataAsOrtValue(
        memory, data, count * sizeof(int32_t), shape.data(), shape.size(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, &value));
    return value;
  }

  const OrtApi *api = nullptr;
  OrtSession *session = nullptr;
  OrtMemoryInfo *memory = nullptr;
};
#endif

std::vector<Word> readWords(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error("'" + path + "' cannot be read");
  std::vector<Word> words;
  for (const auto &word : ordered_json::parse(file).at("words"))
    words.push_back({word.at("src"), word.at("expected_tgt")});
  return words;
}

/// Runs all words; the number of wrong answers.
int64_t countWrong(Rival &rival, const std::vector<Word> &words) {
  int64_t wrong = 0;
  for (const Word &word : words)
    wrong += rival.answer(word) != word.phonemes;
  return wrong;
}

int run(int argc, char **argv) {
  Options options;
  options.seqc =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "seqc";
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    auto take = [&](const char *name, std::string &value) {
      if (argument.rfind(name, 0) != 0)
        return false;
      value = argument.substr(std::string(name).size());
      return true;
    };
    std::string runs;
    if (take("--runs=", runs))
      options.repetitions = std::max(3, std::atoi(runs.c_str()));
    else if (!take("--model=", options.model) &&
             !take("--onnxruntime=", options.library) &&
             !take("--out=", options.out) && !take("--seqc=", options.seqc))
      options.model.clear();
  }
  if (options.model.empty()) {
    std::fprintf(stderr,
                 "usage: %s --model=FOLDER [--onnxruntime=LIBRARY] "
                 "[--out=FILE] [--runs=N] [--seqc=PATH]\n",
                 argv[0]);
    return 2;
  }
  std::vector<Word> words = readWords(options.model + "/expected_words.json");
  std::ifstream file(options.model + "/tokens.json");
  ordered_json tokens = ordered_json::parse(file);
  std::vector<std::pair<std::string, std::unique_ptr<Rival>>> rivals;
  rivals.emplace_back(
      "seqc", std::make_unique<Compiled>(options, tokens.at("graphemes").size(),
                                         tokens.at("phonemes").size()));
  ordered_json report{{"machine", describeMachine(SEQC_SOURCE_DIR)},
                      {"model", options.model},
                      {"words", words.size()}};
#if SEQC_HAVE_ONNXRUNTIME
  if (!options.library.empty()) {
    auto loop = std::make_unique<HostLoop>(options);
    report["onnxruntime"] = loop->version;
    rivals.emplace_back("ONNX Runtime, host loop", std::move(loop));
  }
#else
  if (!options.library.empty())
    throw std::runtime_error("built without the headers of ONNX Runtime");
#endif
  std::vector<Contender> contenders;
  bool met = true;
  for (auto &[name, rival] : rivals) {
    int64_t wrong = countWrong(*rival, words);
    report["wrong"][name] = wrong;
    met &= wrong == 0;
    contenders.push_back(
        {name, [&words, &rival = *rival] { countWrong(rival, words); }});
  }
  measureInTurn(contenders, 2, options.repetitions);
  for (const Contender &contender : contenders) {
    ordered_json row = summarize(contender);
    row["words_per_second"] = double(words.size()) / median(contender.times);
    std::printf(
        "%-28s %10.0f words per second, %lld wrong\n", contender.name.c_str(),
        row["words_per_second"].get<double>(),
        static_cast<long long>(report["wrong"][contender.name].get<int64_t>()));
    report["contenders"].push_back(row);
  }
  if (contenders.size() == 2) {
    double factor = ratio(contenders[1], contenders[0]);
    report["bars"].push_back({{"name", "words per second, times the host loop"},
                              {"value", factor},
                              {"least", 3.0},
                              {"met", factor >= 3}});
    std::printf("%.2f times the host loop, at least 3: %s\n", factor,
                factor >= 3 ? "met" : "MISSED");
    met &= factor >= 3;
  }
  if (!options.out.empty())
    std::ofstream(options.out) << report.dump(2) << "\n";
  return met ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 5;
  }
}
