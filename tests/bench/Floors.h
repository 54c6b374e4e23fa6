//===- Floors.h - What no implementation can beat ---------------*- C++ -*-===//

#ifndef TESTS_BENCH_FLOORS_H
#define TESTS_BENCH_FLOORS_H

#include <cstdint>
#include <vector>

namespace seqc::bench {

/// Reads `values` from begin to end `times` times, as fast as loads and
/// additions allow; returns their sum.
float readRepeatedly(const std::vector<float> &values, int64_t times);

/// Executes `count` multiply-adds on values that stay in registers; returns
/// something that depends on all.
float multiplyAdd(int64_t count);

} // namespace seqc::bench

#endif // TESTS_BENCH_FLOORS_H
