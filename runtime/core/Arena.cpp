//===- Arena.cpp - Workspace of a session --------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Arena.h"

#include <algorithm>
#include <cstdlib>

using namespace seqc::rt;

Arena::~Arena() {
  for (int i = 0; i < numChunks; ++i)
    std::free(chunks[i].memory);
}

bool Arena::grow(int index, int64_t bytes) {
  // Later chunks are empty when an earlier one is too small for a request, so
  // that a chunk in the way can be replaced by a larger one.
  int64_t size = index > 0 ? 2 * chunks[index - 1].size : firstChunkBytes;
  size = std::min(std::max(size, bytes), maxBytes);
  int64_t replaced = index < numChunks ? chunks[index].size : 0;
  limited = false;
  if (limit && held - uint64_t(replaced) + uint64_t(size) > limit) {
    size = bytes;
    limited = held - uint64_t(replaced) + uint64_t(size) > limit;
    if (limited)
      return false;
  }
  void *memory = std::aligned_alloc(size_t(alignment), size_t(size));
  if (!memory)
    return false;
  if (index < numChunks)
    std::free(chunks[index].memory);
  else
    ++numChunks;
  chunks[index].memory = static_cast<char *>(memory);
  chunks[index].size = size;
  held += uint64_t(size) - uint64_t(replaced);
  ++allocations;
  return true;
}

void *Arena::allocate(int64_t bytes) {
  limited = limit && bytes >= 0 && uint64_t(bytes) > limit;
  if (bytes < 0 || bytes > maxBytes - alignment)
    return nullptr;
  // Also for zero bytes a distinct, valid address.
  bytes = std::max<int64_t>(bytes, 1);
  bytes = (bytes + alignment - 1) & ~(alignment - 1);
  if (numChunks == 0 && !grow(0, bytes))
    return nullptr;
  if (chunks[current].size - used < bytes) {
    int next = current;
    // An unused first chunk may be replaced by a larger one.
    if (used > 0 && ++next == maxChunks)
      return nullptr;
    if (next >= numChunks || chunks[next].size < bytes)
      if (!grow(next, bytes))
        return nullptr;
    int64_t before = chunks[current].before + used;
    current = next;
    chunks[current].before = before;
    used = 0;
  }
  char *result = chunks[current].memory + used;
  used += bytes;
  peak = std::max(peak, uint64_t(chunks[current].before + used));
  return result;
}

bool Arena::release(int64_t mark) {
  int chunk = int(mark >> offsetBits);
  int64_t offset = mark & ((int64_t(1) << offsetBits) - 1);
  if (mark < 0 || chunk > current || (chunk == current && offset > used) ||
      offset % alignment != 0)
    return false;
  if (chunk >= numChunks ? offset != 0 : offset > chunks[chunk].size)
    return false;
  current = chunk;
  used = offset;
  return true;
}

void Arena::clear() {
  current = 0;
  used = 0;
}
