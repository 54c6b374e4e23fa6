//===- BenchPhonemes.cpp - Letters to phonemes next to ONNX Runtime -------===//
//
// Words per second of a transducer graph that takes `src`, `tgt` and `t` and
// gives `pred`: wrapped by a description and compiled to an executable, which
// reads words and writes phonemes, and called by a loop on the host around ONNX
// Runtime, from ids to ids. One thread each, in turn.
//
//   seqc-bench-phonemes --model=FOLDER... [--out=FILE]
//
// FOLDER holds g2p.onnx, tokens.json and expected_words.json, whose answers are
// checked.
//
//===----------------------------------------------------------------------===//

#include "tests/bench/BenchFiles.h"
#include "tests/bench/Measurement.h"
#include "tests/bench/OnnxRival.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

using namespace seqc::bench;
using nlohmann::ordered_json;

namespace {

/// The id that moves on in time and begins a row, and the host's limit.
constexpr int32_t kBlank = 2;
constexpr int64_t kMostSymbols = 47;
/// An answer to all words takes long enough to start a process next to it.
constexpr int kRounds = 50;

struct Options {
  std::string seqc, out;
  std::vector<std::string> models;
  int repetitions = 11;
};

struct Word {
  std::string text;
  std::vector<int32_t> letters, ids;
  /// As the executable writes it.
  std::string phonemes;
};

std::vector<Word> readWords(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error("'" + path + "' cannot be read");
  std::vector<Word> words;
  ordered_json list = ordered_json::parse(file);
  for (const auto &word : list.at("words")) {
    std::string phonemes;
    for (std::string phoneme : word.at("expected_phonemes"))
      phonemes += (phonemes.empty() ? "" : " ") + phoneme;
    words.push_back(
        {word.at("word"), word.at("src"), word.at("expected_tgt"), phonemes});
  }
  if (words.empty())
    throw std::runtime_error("'" + path + "' has no words");
  return words;
}

/// The compiled description, a process that reads all words.
class Executable {
public:
  Executable(const Options &options, const std::string &model,
             const std::vector<Word> &words)
      : words(words) {
    std::filesystem::copy_file(model + "/g2p.onnx", folder.file("g2p.onnx"));
    std::ifstream tokens(model + "/tokens.json");
    ordered_json names = ordered_json::parse(tokens);
    for (const char *kind : {"graphemes", "phonemes"}) {
      std::ofstream file(folder.file(std::string(kind) + ".txt"));
      int id = 0;
      for (std::string name : names.at(kind)) {
        file << (name.empty() ? "<" + std::to_string(id) + ">" : name) << "\n";
        ++id;
      }
    }
    std::ofstream(folder.file("g2p.yaml"))
        << "vocabularies:\n"
        << "  letters: {lowercase: true, file: graphemes.txt}\n"
        << "  sounds: {unit: word, file: phonemes.txt}\n"
        << "inputs:\n  word: {vocabulary: letters}\n"
        << "generate:\n  vocabulary: sounds\n  search: transducer\n"
        << "  blank: " << kBlank << "\n  max_length: " << kMostSymbols
        << "\n  choice: g2p.pred\n"
        << "  step: {g2p: {onnx: g2p.onnx, "
           "inputs: {src: word, tgt: prefix, t: time}}}\n";
    compileModel(options.seqc, folder.file("g2p.yaml"), folder.file("g2p"));
    std::ofstream input(folder.file("words.txt"));
    for (int round = 0; round < kRounds; ++round)
      for (const Word &word : words)
        input << word.text << "\n";
  }

  void run() {
    std::string command = "'" + folder.file("g2p") + "' --threads=1 < '" +
                          folder.file("words.txt") + "' > '" +
                          folder.file("answers.txt") + "'";
    if (std::system(command.c_str()) != 0)
      throw std::runtime_error("failed: " + command);
  }

  /// Wrong lines of the last run.
  int64_t countWrong() {
    std::ifstream answers(folder.file("answers.txt"));
    int64_t wrong = 0;
    std::string line;
    for (int round = 0; round < kRounds; ++round)
      for (const Word &word : words)
        wrong += !std::getline(answers, line) || line != word.phonemes;
    return wrong;
  }

private:
  TemporaryFolder folder;
  const std::vector<Word> &words;
};

/// ONNX Runtime in a loop on the host.
class HostLoop {
public:
  HostLoop(const std::string &model, const std::vector<Word> &words)
      : rival(model + "/g2p.onnx"), words(words) {}

  void run() {
    wrong = 0;
    for (int round = 0; round < kRounds; ++round)
      for (const Word &word : words)
        wrong += answer(word) != word.ids;
  }
  int64_t countWrong() const { return wrong; }

private:
  std::vector<int32_t> answer(const Word &word) {
    std::vector<int32_t> symbols = {kBlank}, letters = word.letters;
    int32_t time = 0;
    std::vector<Argument> inputs(3);
    inputs[0] = {"src", {1, int64_t(letters.size())}};
    inputs[0].ids = letters.data();
    inputs[1] = {"tgt", {1, 1}};
    inputs[2] = {"t", {1}};
    inputs[2].ids = &time;
    while (time < int32_t(letters.size()) &&
           int64_t(symbols.size()) <= kMostSymbols) {
      inputs[1].shape[1] = symbols.size();
      inputs[1].ids = symbols.data();
      int32_t best = rival.runForId(inputs, "pred");
      if (best == kBlank)
        ++time;
      else
        symbols.push_back(best);
    }
    return {symbols.begin() + 1, symbols.end()};
  }

  OnnxRival rival;
  const std::vector<Word> &words;
  int64_t wrong = 0;
};

/// Measures one model; its rows and whether its bar is met go to `report`.
void measure(const Options &options, const std::string &model,
             ordered_json &report) {
  std::string name = std::filesystem::path(model).filename();
  std::vector<Word> words = readWords(model + "/expected_words.json");
  Executable executable(options, model, words);
  HostLoop loop(model, words);
  std::vector<Contender> contenders = {
      {"seqc, executable", [&] { executable.run(); }},
      {"ONNX Runtime, host loop", [&] { loop.run(); }}};
  measureInTurn(contenders, 1, options.repetitions);
  int64_t wrong[] = {executable.countWrong(), loop.countWrong()};
  ordered_json rows;
  for (auto [i, contender] :
       {std::pair{0, &contenders[0]}, std::pair{1, &contenders[1]}}) {
    ordered_json row = summarize(*contender);
    double rate = double(kRounds * words.size()) / median(contender->times);
    row["words_per_second"] = rate;
    row["wrong"] = wrong[i];
    std::printf("%-12s %-26s %8.0f words per second, %lld wrong\n",
                name.c_str(), contender->name.c_str(), rate,
                static_cast<long long>(wrong[i]));
    rows.push_back(row);
  }
  double factor = ratio(contenders[1], contenders[0]);
  bool met = factor >= 3 && wrong[0] == 0;
  std::printf("%-12s %.2f times the host loop, at least 3: %s\n", name.c_str(),
              factor, met ? "met" : "MISSED");
  report["models"].push_back({{"name", name},
                              {"words", words.size()},
                              {"rounds", kRounds},
                              {"contenders", rows}});
  report["bars"].push_back(
      {{"name", name + ": words per second, times the host loop"},
       {"value", factor},
       {"least", 3.0},
       {"met", met}});
}

int run(int argc, char **argv) {
  Options options;
  options.seqc =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "seqc";
  bool sound = true;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i], value;
    auto take = [&](const std::string &name) {
      if (argument.rfind(name, 0) != 0)
        return false;
      value = argument.substr(name.size());
      return true;
    };
    if (take("--runs="))
      options.repetitions = std::max(3, std::atoi(value.c_str()));
    else if (take("--model="))
      options.models.push_back(value);
    else if (take("--out="))
      options.out = value;
    else if (take("--seqc="))
      options.seqc = value;
    else
      sound = false;
  }
  if (!sound || options.models.empty()) {
    std::fprintf(stderr,
                 "usage: %s --model=FOLDER... [--out=FILE] [--runs=N] "
                 "[--seqc=PATH]\n",
                 argv[0]);
    return 2;
  }
  ordered_json report{{"machine", describeMachine(SEQC_SOURCE_DIR)},
                      {"onnxruntime", OnnxRival::version()}};
  for (const std::string &model : options.models)
    measure(options, model, report);
  writeReport(report, options.out);
  for (const auto &bar : report.at("bars"))
    if (!bar.at("met"))
      return 1;
  return 0;
}

} // namespace

int main(int argc, char **argv) { return runBenchmark(run, argc, argv); }
