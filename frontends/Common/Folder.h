//===- Folder.h - Files that a model names ----------------------*- C++-*-===//
//
// A model may name other files only inside its own folder, so that a model
// from elsewhere cannot read what it has no business with.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_FOLDER_H
#define FRONTENDS_COMMON_FOLDER_H

#include "llvm/ADT/StringRef.h"

namespace seqc {

/// Whether `file`, a path relative to `folder`, is empty, absolute, has a part
/// `..` or a null byte, or leads outside through a link. A file that does not
/// exist does not leave.
bool leavesFolder(llvm::StringRef folder, llvm::StringRef file);

} // namespace seqc

#endif // FRONTENDS_COMMON_FOLDER_H
