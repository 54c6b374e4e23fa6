//===- Arena.h - Workspace of a session ----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_CORE_ARENA_H
#define SEQC_RUNTIME_CORE_ARENA_H

#include <cstddef>
#include <cstdint>

namespace seqc::rt {

/// A stack of memory in chunks that grow and are kept: once the largest call
/// has run, allocation is a few additions. Nothing here throws. Not thread
/// safe.
class Arena {
public:
  /// Every address it gives is a multiple of this.
  static constexpr int64_t alignment = 64;

  /// `limit` is the most bytes it may hold; 0 for no limit.
  explicit Arena(uint64_t limit = 0) : limit(limit) {}
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  /// `bytes` of memory with undefined contents, or nullptr when there is no
  /// more or the size is negative. Zero bytes give a valid pointer.
  void *allocate(int64_t bytes);

  /// The present position, to be passed to release().
  int64_t mark() const { return encode(current, used); }

  /// Gives back everything allocated since `mark`. A mark that was never given
  /// out, or was already released beyond, is refused and false returned.
  bool release(int64_t mark);

  /// Gives back everything. Chunks are kept.
  void clear();

  /// Whether the last allocation that failed would have gone beyond the limit.
  bool wasLimited() const { return limited; }

  /// Bytes of all chunks.
  uint64_t heldBytes() const { return held; }

  /// Chunks taken from the heap so far.
  uint64_t chunkAllocations() const { return allocations; }

  /// Most bytes in use at any time.
  uint64_t peakBytes() const { return peak; }

private:
  struct Chunk {
    char *memory;
    int64_t size;
    /// Bytes in use of all chunks before this one, while it is in use.
    int64_t before;
  };

  /// Sizes at least double from chunk to chunk, so this many are enough.
  static constexpr int maxChunks = 56;
  static constexpr int64_t firstChunkBytes = int64_t(1) << 18;
  static constexpr int64_t maxBytes = int64_t(1) << 46;
  static constexpr int offsetBits = 48;

  static int64_t encode(int chunk, int64_t used) {
    return (int64_t(chunk) << offsetBits) | used;
  }

  /// Makes chunk `index` at least `bytes` long.
  bool grow(int index, int64_t bytes);

  Chunk chunks[maxChunks] = {};
  int numChunks = 0;
  int current = 0;
  int64_t used = 0;
  uint64_t limit;
  bool limited = false;
  uint64_t held = 0;
  uint64_t allocations = 0;
  uint64_t peak = 0;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_ARENA_H
