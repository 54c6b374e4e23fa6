//===- GuardedBuffer.h - Memory between two forbidden pages -----*- C++ -*-===//

#ifndef TESTS_PROPERTY_GUARDEDBUFFER_H
#define TESTS_PROPERTY_GUARDEDBUFFER_H

#include <cstddef>

namespace seqc::test {

/// Which end of a buffer touches a page that may not be accessed.
enum class Guard {
  Front, ///< The byte before the first is forbidden.
  Back,  ///< The byte after the last is forbidden.
};

/// Memory of exactly the size asked for, with a forbidden page at one end: an
/// access beyond that end kills the process. The other end has a forbidden page
/// less than one page away.
class GuardedBuffer {
public:
  GuardedBuffer(size_t bytes, Guard guard);
  ~GuardedBuffer();
  GuardedBuffer(GuardedBuffer &&other) noexcept;
  GuardedBuffer &operator=(GuardedBuffer &&other) noexcept;

  void *data() const { return begin; }
  size_t size() const { return bytes; }

private:
  char *mapping = nullptr;
  size_t mapped = 0;
  char *begin = nullptr;
  size_t bytes = 0;
};

} // namespace seqc::test

#endif // TESTS_PROPERTY_GUARDEDBUFFER_H
