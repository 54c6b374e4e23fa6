//===- RegularFile.h - Files that a model consists of -----------*- C++ -*-===//
//
// A device may never end and a pipe may never begin. What a model consists of
// is read here, from regular files only.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SUPPORT_REGULARFILE_H
#define DIALECT_SUPPORT_REGULARFILE_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorOr.h"
#include "llvm/Support/MemoryBuffer.h"

namespace seqc {

/// No error if a regular file, or a link to one, is at `path`; otherwise what
/// is wrong.
std::error_code checkRegularFile(const llvm::Twine &path);

/// Reads the regular file at `path`, as `llvm::MemoryBuffer::getFile` does.
llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
readRegularFile(const llvm::Twine &path, bool isText = false,
                bool requiresNullTerminator = true);

} // namespace seqc

#endif // DIALECT_SUPPORT_REGULARFILE_H
