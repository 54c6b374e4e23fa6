//===- Profile.h - Chrome traces -----------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CLI_PROFILE_H
#define SEQC_RUNTIME_CLI_PROFILE_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace seqc::cli {

/// Collects begin and end events and writes them as a Chrome trace, which
/// chrome://tracing and Perfetto show. Any thread may add events.
class Profile {
public:
  Profile();

  void begin(const char *name, int32_t thread = 0);
  void end(const char *name, int32_t thread = 0);

  /// The events as JSON.
  std::string format() const;

  /// A seqc_trace_fn whose `user` is a Profile.
  static void trace(void *profile, const char *name, int32_t phase,
                    int32_t thread);

private:
  struct Event {
    std::string name;
    char phase;
    int32_t thread;
    int64_t nanoseconds;
  };

  void add(const char *name, char phase, int32_t thread);

  mutable std::mutex mutex;
  std::vector<Event> events;
  int64_t start;
};

/// Marks a piece of work for its life; does nothing without a profile.
class ProfileScope {
public:
  ProfileScope(Profile *profile, const char *name)
      : profile(profile), name(name) {
    if (profile)
      profile->begin(name);
  }
  ~ProfileScope() {
    if (profile)
      profile->end(name);
  }
  ProfileScope(const ProfileScope &) = delete;
  ProfileScope &operator=(const ProfileScope &) = delete;

private:
  Profile *profile;
  const char *name;
};

} // namespace seqc::cli

#endif // SEQC_RUNTIME_CLI_PROFILE_H
