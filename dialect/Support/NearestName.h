//===- NearestName.h - "did you mean" ---------------------------*- C++ -*-===//
//
// What compiler, frontends and tools suggest in place of a name that they do
// not know. One rule for all: what is near in one message is near in every
// other one.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SUPPORT_NEARESTNAME_H
#define DIALECT_SUPPORT_NEARESTNAME_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace seqc {

/// The name of `candidates`, a range of what is a StringRef, that is nearest to
/// `word`; nothing if none is near. A name is near if at most every third
/// letter, rounded up, has to change; upper and lower case count as one letter.
/// The first of equally near ones is taken.
template <typename Range>
std::optional<llvm::StringRef> findNearestName(llvm::StringRef word,
                                               const Range &candidates) {
  // The distance takes time of one length times the other: nobody mistypes
  // names that are longer.
  constexpr size_t kLongest = 256;
  std::optional<llvm::StringRef> nearest;
  // A digit says nothing of the one that was meant.
  if (word.size() > kLongest || (word.size() == 1 && !llvm::isAlpha(word[0])))
    return nearest;
  unsigned best = (word.size() + 2) / 3 + 1;
  for (llvm::StringRef candidate : candidates) {
    if (candidate.size() > kLongest || best == 0)
      continue;
    unsigned distance = word.edit_distance_insensitive(
        candidate, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

} // namespace seqc

#endif // DIALECT_SUPPORT_NEARESTNAME_H
