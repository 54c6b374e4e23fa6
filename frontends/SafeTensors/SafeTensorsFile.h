//===- SafeTensorsFile.h - Reader of safetensors files ----------*- C++ -*-===//
//
// A safetensors file is eight bytes of header length (little-endian), that many
// bytes of JSON naming each tensor's type, shape and byte range, and the
// tensors' bytes. The file is hostile input: everything is checked before it is
// believed, and sizes are checked before they are multiplied.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_SAFETENSORS_SAFETENSORSFILE_H
#define FRONTENDS_SAFETENSORS_SAFETENSORSFILE_H

#include "frontends/Common/DataType.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace seqc {

/// The name the format uses for an element type that it knows, such as "F32" or
/// "BOOL".
llvm::StringRef getDTypeName(frontend::DataType type);

/// One tensor of a file: what it is and where its bytes lie.
struct TensorEntry {
  /// The name it is stored under, as in a PyTorch `state_dict`.
  std::string name;
  frontend::DataType dtype = frontend::DataType::Float;
  llvm::SmallVector<int64_t, 4> shape;
  /// Position of its first byte, counted from the beginning of the file.
  int64_t offset = 0;
  /// Size of its data in bytes.
  int64_t size = 0;
};

/// Prints a shape as `[2, 3]`.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// xxHash64 of `bytes` as 16 hexadecimal digits.
std::string hashBytes(llvm::ArrayRef<uint8_t> bytes);

/// A safetensors file that was read and found sound.
class SafeTensorsFile {
public:
  /// Reads the file at `path`. The message of an error begins with the path and
  /// says what was found and what is required.
  static llvm::Expected<SafeTensorsFile> open(llvm::StringRef path);

  /// Reads a file that is already in memory; `name` stands for its path in
  /// messages.
  static llvm::Expected<SafeTensorsFile>
  read(std::unique_ptr<llvm::MemoryBuffer> buffer, llvm::StringRef name);

  /// All tensors, ordered by their position in the file.
  llvm::ArrayRef<TensorEntry> getEntries() const { return entries; }

  /// The tensor called `name`, or null.
  const TensorEntry *lookup(llvm::StringRef name) const;

  /// The name in the file that is nearest to `name`, or nothing if none is
  /// near.
  std::optional<llvm::StringRef> findNearest(llvm::StringRef name) const;

  /// The bytes of `entry`.
  llvm::ArrayRef<uint8_t> getData(const TensorEntry &entry) const;

private:
  SafeTensorsFile() = default;

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::vector<TensorEntry> entries;
  llvm::StringMap<size_t> index;
};

} // namespace seqc

#endif // FRONTENDS_SAFETENSORS_SAFETENSORSFILE_H
