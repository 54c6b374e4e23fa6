//===- Measurement.h - Times of rivals in one run ---------------*- C++ -*-===//

#ifndef TESTS_BENCH_MEASUREMENT_H
#define TESTS_BENCH_MEASUREMENT_H

#include "nlohmann/json.hpp"

#include <functional>
#include <string>
#include <vector>

namespace seqc::bench {

/// Something to measure, and how long its repetitions took, in seconds.
struct Contender {
  std::string name;
  std::function<void()> run;
  std::vector<double> times = {};
};

/// Runs all contenders in turn, `repetitions` times, after `warmup` rounds that
/// do not count.
void measureInTurn(std::vector<Contender> &contenders, int warmup,
                   int repetitions);

/// The middle of `values`.
double median(std::vector<double> values);

/// Median, quartiles, minimum of the times.
nlohmann::ordered_json summarize(const Contender &contender);

/// Median over repetitions of a's time divided by b's: what disturbs one
/// repetition disturbs both.
double ratio(const Contender &a, const Contender &b);

/// CPU, its number, kernel, commit.
nlohmann::ordered_json describeMachine(const std::string &sourceFolder);

/// Writes the report as JSON to the file `out`, unless that is empty. Throws if
/// it cannot be written.
void writeReport(const nlohmann::ordered_json &report, const std::string &out);

/// What main() returns: the result of `run`, or 5 after an exception, whose
/// text goes to standard error.
int runBenchmark(int (*run)(int argc, char **argv), int argc, char **argv);

} // namespace seqc::bench

#endif // TESTS_BENCH_MEASUREMENT_H
