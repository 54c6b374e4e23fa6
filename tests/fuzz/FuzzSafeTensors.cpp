//===- FuzzSafeTensors.cpp - Any bytes as a safetensors file --------------===//
//
// Whatever the bytes are, the file is refused, or every tensor of it lies in
// the file and can be read.
//
//===----------------------------------------------------------------------===//

#include "frontends/SafeTensors/SafeTensorsFile.h"

#include <cstdlib>

using namespace seqc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  llvm::Expected<SafeTensorsFile> file = SafeTensorsFile::read(
      llvm::MemoryBuffer::getMemBufferCopy(bytes), "fuzzed.safetensors");
  if (!file) {
    llvm::consumeError(file.takeError());
    return 0;
  }
  for (const TensorEntry &entry : file->getEntries()) {
    if (file->lookup(entry.name) != &entry ||
        file->getData(entry).size() != static_cast<size_t>(entry.size) ||
        hashBytes(file->getData(entry)).size() != 16)
      std::abort();
    (void)file->findNearest(entry.name + "x");
  }
  return 0;
}
