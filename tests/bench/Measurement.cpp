//===- Measurement.cpp - Times of rivals in one run -----------------------===//

#include "tests/bench/Measurement.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

using namespace seqc::bench;

void seqc::bench::measureInTurn(std::vector<Contender> &contenders, int warmup,
                                int repetitions) {
  for (int i = 0; i < warmup + repetitions; ++i)
    for (Contender &contender : contenders) {
      auto begin = std::chrono::steady_clock::now();
      contender.run();
      std::chrono::duration<double> time =
          std::chrono::steady_clock::now() - begin;
      if (i >= warmup)
        contender.times.push_back(time.count());
    }
}

static double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<size_t>(share * (values.size() - 1) + 0.5));
}

double seqc::bench::median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

nlohmann::ordered_json seqc::bench::summarize(const Contender &contender) {
  return {{"name", contender.name},
          {"median_ms", 1e3 * median(contender.times)},
          {"quartiles_ms",
           {1e3 * quantile(contender.times, 0.25),
            1e3 * quantile(contender.times, 0.75)}},
          {"min_ms", 1e3 * quantile(contender.times, 0)},
          {"repetitions", contender.times.size()}};
}

double seqc::bench::ratio(const Contender &a, const Contender &b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < a.times.size(); ++i)
    ratios.push_back(a.times[i] / b.times.at(i));
  return median(ratios);
}

static std::string firstLineOf(const std::string &command) {
  std::string line;
  if (FILE *pipe = popen(command.c_str(), "r")) {
    char buffer[256];
    if (std::fgets(buffer, sizeof buffer, pipe))
      line = buffer;
    pclose(pipe);
  }
  while (!line.empty() && line.back() == '\n')
    line.pop_back();
  return line;
}

nlohmann::ordered_json
seqc::bench::describeMachine(const std::string &sourceFolder) {
  std::string cpu = "unknown";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) {
      cpu = line.substr(line.find(':') + 2);
      break;
    }
  return {{"cpu", cpu},
          {"cores", std::thread::hardware_concurrency()},
          {"system", firstLineOf("uname -sr")},
          {"commit", firstLineOf("git -C '" + sourceFolder +
                                 "' describe --always --dirty 2>/dev/null")}};
}

void seqc::bench::writeReport(const nlohmann::ordered_json &report,
                              const std::string &out) {
  if (out.empty())
    return;
  std::ofstream file(out);
  file << report.dump(2) << "\n";
  if (!file.flush())
    throw std::runtime_error("cannot write " + out);
}

int seqc::bench::runBenchmark(int (*run)(int argc, char **argv), int argc,
                              char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 5;
  }
}
