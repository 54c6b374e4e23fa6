//===- Contraction.cpp - Sums of products over strides --------------------===//
//
// One parallel loop and one summing loop are the kernel; the rest of the nest
// goes around it.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Contraction.h"

#include <algorithm>
#include <utility>

namespace seqc::reference {

double dot(const double *a, const double *b, int64_t count) {
  double sums[4] = {0, 0, 0, 0};
  int64_t k = 0;
  for (; k + 4 <= count; k += 4)
    for (int lane = 0; lane < 4; ++lane)
      sums[lane] += a[k + lane] * b[k + lane];
  for (; k < count; ++k)
    sums[0] += a[k] * b[k];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

namespace {

/// Extent and strides of one loop.
struct Loop {
  int64_t extent = 1, a = 0, b = 0, c = 0;
};

/// Four results at a time, each a strided sum.
void contractDots(const double *a, const double *b, double *c, Loop j, Loop k) {
  int64_t column = 0;
  for (; column + 4 <= j.extent; column += 4) {
    const double *a0 = a + column * j.a, *a1 = a0 + j.a, *a2 = a1 + j.a,
                 *a3 = a2 + j.a;
    const double *b0 = b + column * j.b, *b1 = b0 + j.b, *b2 = b1 + j.b,
                 *b3 = b2 + j.b;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int64_t depth = 0, at = 0, bt = 0; depth < k.extent;
         ++depth, at += k.a, bt += k.b) {
      s0 += a0[at] * b0[bt];
      s1 += a1[at] * b1[bt];
      s2 += a2[at] * b2[bt];
      s3 += a3[at] * b3[bt];
    }
    double *target = c + column * j.c;
    target[0] += s0;
    target[j.c] += s1;
    target[2 * j.c] += s2;
    target[3 * j.c] += s3;
  }
  for (; column < j.extent; ++column) {
    double sum = 0;
    for (int64_t depth = 0; depth < k.extent; ++depth)
      sum += a[column * j.a + depth * k.a] * b[column * j.b + depth * k.b];
    c[column * j.c] += sum;
  }
}

/// Whole rows at a time, where `b` and `c` are contiguous along the parallel
/// loop.
void contractRows(const double *a, const double *b, double *c, Loop j, Loop k) {
  for (int64_t depth = 0; depth < k.extent; ++depth) {
    double factor = a[depth * k.a];
    const double *row = b + depth * k.b;
    for (int64_t column = 0; column < j.extent; ++column)
      c[column] += factor * row[column];
  }
}

} // namespace

void contract(Contraction nest) {
  if (std::any_of(nest.extents.begin(), nest.extents.end(),
                  [](int64_t e) { return e == 0; }))
    return;
  Loop j, k;
  llvm::SmallVector<Loop, 6> outer;
  int64_t parallel = -1, summing = -1;
  for (size_t loop = 0; loop < nest.extents.size(); ++loop)
    (nest.sums[loop] ? summing : parallel) = static_cast<int64_t>(loop);
  for (size_t number = 0; number < nest.extents.size(); ++number) {
    Loop loop{nest.extents[number], nest.aStrides[number],
              nest.bStrides[number], nest.cStrides[number]};
    if (static_cast<int64_t>(number) == parallel)
      j = loop;
    else if (static_cast<int64_t>(number) == summing)
      k = loop;
    else
      outer.push_back(loop);
  }
  if (j.b == 0 && j.a != 0) {
    std::swap(nest.a, nest.b);
    std::swap(j.a, j.b);
    std::swap(k.a, k.b);
    for (Loop &loop : outer)
      std::swap(loop.a, loop.b);
  }
  bool byRows = j.a == 0 && j.b == 1 && j.c == 1 && k.b != 1;
  llvm::SmallVector<int64_t, 6> indices(outer.size(), 0);
  while (true) {
    (byRows ? contractRows : contractDots)(nest.a, nest.b, nest.c, j, k);
    int64_t level = static_cast<int64_t>(outer.size()) - 1;
    for (; level >= 0; --level) {
      const Loop &loop = outer[level];
      nest.a += loop.a;
      nest.b += loop.b;
      nest.c += loop.c;
      if (++indices[level] < loop.extent)
        break;
      nest.a -= loop.a * loop.extent;
      nest.b -= loop.b * loop.extent;
      nest.c -= loop.c * loop.extent;
      indices[level] = 0;
    }
    if (level < 0)
      return;
  }
}

} // namespace seqc::reference
