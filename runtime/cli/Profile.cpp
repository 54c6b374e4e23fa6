//===- Profile.cpp - Chrome traces ---------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Profile.h"

#include <nlohmann/json.hpp>

#include <ctime>

using namespace seqc::cli;

/// The clock that only goes forward.
static int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

Profile::Profile() : start(now()) {}

void Profile::add(const char *name, char phase, int32_t thread) {
  int64_t time = now() - start;
  std::lock_guard<std::mutex> lock(mutex);
  events.push_back({name ? name : "", phase, thread, time});
}

void Profile::begin(const char *name, int32_t thread) {
  add(name, 'B', thread);
}

void Profile::end(const char *name, int32_t thread) { add(name, 'E', thread); }

void Profile::trace(void *profile, const char *name, int32_t phase,
                    int32_t thread) {
  auto *self = static_cast<Profile *>(profile);
  if (phase == 0)
    self->begin(name, thread);
  else
    self->end(name, thread);
}

std::string Profile::format() const {
  std::lock_guard<std::mutex> lock(mutex);
  nlohmann::json list = nlohmann::json::array();
  for (const Event &event : events)
    list.push_back({{"name", event.name},
                    {"ph", std::string(1, event.phase)},
                    {"pid", 1},
                    {"tid", event.thread},
                    {"ts", double(event.nanoseconds) / 1000}});
  nlohmann::json trace = {{"traceEvents", std::move(list)},
                          {"displayTimeUnit", "ns"}};
  return trace.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}
