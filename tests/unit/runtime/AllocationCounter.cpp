//===- AllocationCounter.cpp - Counts calls of operator new --------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In a file of its own: inlined into callers, the replaced operators would
// look mismatched to the compiler.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/runtime/Testing.h"

#include <atomic>
#include <cstdlib>
#include <new>

static std::atomic<long> newCalls{0};

// ThreadSanitizer brings operators of its own, which cannot be replaced; the
// other builds count.
#if !defined(__has_feature)
#define SEQC_REPLACES_NEW 1
#elif !__has_feature(thread_sanitizer)
#define SEQC_REPLACES_NEW 1
#endif

#ifdef SEQC_REPLACES_NEW
void *operator new(size_t size) {
  ++newCalls;
  if (void *memory = std::malloc(size ? size : 1))
    return memory;
  throw std::bad_alloc();
}

void *operator new(size_t size, const std::nothrow_t &) noexcept {
  ++newCalls;
  return std::malloc(size ? size : 1);
}

void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
#endif

long seqc::test::countNewCalls() { return newCalls; }
