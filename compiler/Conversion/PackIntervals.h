//===- PackIntervals.h - Places of what lives for a while -------*- C++ -*-===//
//
// The arithmetic of a memory plan, free of IR: things with a size and a time
// from their first to their last use get offsets, such that two that live at
// the same time do not overlap.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_PACKINTERVALS_H
#define COMPILER_CONVERSION_PACKINTERVALS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace seqc {

/// A size, and the first and last moment at which it is needed.
struct Lifetime {
  int64_t size;
  int64_t begin, end;

  bool overlaps(const Lifetime &other) const {
    return begin <= other.end && other.begin <= end;
  }
};

/// Where each thing lies, and the extent of all.
struct Packing {
  llvm::SmallVector<int64_t> offsets;
  int64_t extent = 0;
};

/// Offsets, largest first, each into the smallest gap that holds it.
Packing packByOffset(llvm::ArrayRef<Lifetime> things);

/// Slots that are as large as their largest thing. `offsets` are numbers of
/// slots, `extent` is how many there are.
Packing packBySlot(llvm::ArrayRef<Lifetime> things);

} // namespace seqc

#endif // COMPILER_CONVERSION_PACKINTERVALS_H
