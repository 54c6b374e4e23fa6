//===- WeightSource.h - Where the interpreter finds weights -----*- C++ -*-===//

#ifndef DIALECT_SEQ_REFERENCE_WEIGHTSOURCE_H
#define DIALECT_SEQ_REFERENCE_WEIGHTSOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace seqc::reference {

/// Supplies the bytes that `seq.weight` ops refer to.
class WeightSource {
public:
  virtual ~WeightSource() = default;
  /// Fills `bytes` with what `file` holds from byte `offset` on.
  virtual llvm::Error read(llvm::StringRef file, uint64_t offset,
                           llvm::MutableArrayRef<uint8_t> bytes) = 0;
};

/// Weights of a model whose files lie in one folder. Names that leave the
/// folder are refused.
class FolderWeightSource : public WeightSource {
public:
  explicit FolderWeightSource(llvm::StringRef folder) : folder(folder) {}
  llvm::Error read(llvm::StringRef file, uint64_t offset,
                   llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  std::string folder;
};

/// Weights held in memory, by file name.
class MemoryWeightSource : public WeightSource {
public:
  /// Makes `bytes` the content of `file`.
  void add(llvm::StringRef file, std::vector<uint8_t> bytes) {
    files[file.str()] = std::move(bytes);
  }
  llvm::Error read(llvm::StringRef file, uint64_t offset,
                   llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  std::map<std::string, std::vector<uint8_t>> files;
};

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_WEIGHTSOURCE_H
