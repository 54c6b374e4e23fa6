//===- GuardedBuffer.cpp - Memory between two forbidden pages -------------===//

#include "tests/property/GuardedBuffer.h"

#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

using namespace seqc::test;

GuardedBuffer::GuardedBuffer(size_t size, Guard guard) : bytes(size) {
  size_t page = sysconf(_SC_PAGESIZE);
  size_t usable = (size + page - 1) / page * page;
  mapped = usable + 2 * page;
  void *memory =
      mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::bad_alloc();
  mapping = static_cast<char *>(memory);
  if (usable && mprotect(mapping + page, usable, PROT_READ | PROT_WRITE) != 0)
    throw std::bad_alloc();
  begin = mapping + page + (guard == Guard::Back ? usable - size : 0);
}

GuardedBuffer::~GuardedBuffer() {
  if (mapping)
    munmap(mapping, mapped);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer &&other) noexcept {
  *this = std::move(other);
}

GuardedBuffer &GuardedBuffer::operator=(GuardedBuffer &&other) noexcept {
  std::swap(mapping, other.mapping);
  std::swap(mapped, other.mapped);
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}
