//===- PackIntervals.cpp - Places for things that live for a while --------===//

#include "compiler/Conversion/PackIntervals.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

#include <limits>

using namespace llvm;
using namespace seqc;

/// Numbers of the things, largest first; equal ones in order of their begin, so
/// that the result does not depend on how they are listed.
static SmallVector<size_t> largestFirst(ArrayRef<Lifetime> things) {
  auto order = to_vector(seq<size_t>(0, things.size()));
  stable_sort(order, [&](size_t a, size_t b) {
    if (things[a].size != things[b].size)
      return things[a].size > things[b].size;
    return things[a].begin < things[b].begin;
  });
  return order;
}

Packing seqc::packByOffset(ArrayRef<Lifetime> things) {
  Packing packing;
  packing.offsets.resize(things.size());
  // Placed things in order of their offsets.
  SmallVector<size_t> placed;
  for (size_t thing : largestFirst(things)) {
    int64_t size = things[thing].size, free = 0, best = -1;
    int64_t bestGap = std::numeric_limits<int64_t>::max();
    for (size_t other : placed) {
      if (!things[thing].overlaps(things[other]))
        continue;
      int64_t gap = packing.offsets[other] - free;
      if (gap >= size && gap < bestGap) {
        best = free;
        bestGap = gap;
      }
      free = std::max(free, packing.offsets[other] + things[other].size);
    }
    packing.offsets[thing] = best < 0 ? free : best;
    packing.extent = std::max(packing.extent, packing.offsets[thing] + size);
    placed.insert(upper_bound(placed, thing,
                              [&](size_t a, size_t b) {
                                return packing.offsets[a] < packing.offsets[b];
                              }),
                  thing);
  }
  return packing;
}

Packing seqc::packBySlot(ArrayRef<Lifetime> things) {
  Packing packing;
  packing.offsets.resize(things.size());
  SmallVector<SmallVector<size_t>> slots;
  for (size_t thing : largestFirst(things)) {
    auto slot = find_if(slots, [&](ArrayRef<size_t> members) {
      return none_of(members, [&](size_t other) {
        return things[thing].overlaps(things[other]);
      });
    });
    if (slot == slots.end()) {
      slots.emplace_back();
      slot = std::prev(slots.end());
    }
    packing.offsets[thing] = slot - slots.begin();
    slot->push_back(thing);
  }
  packing.extent = slots.size();
  return packing;
}
