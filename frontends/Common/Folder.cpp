//===- Folder.cpp - Files that a model names ------------------------------===//

#include "frontends/Common/Folder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace seqc {

bool leavesFolder(StringRef folder, StringRef file) {
  if (file.empty() || file.contains('\0') || sys::path::is_absolute(file) ||
      is_contained(make_range(sys::path::begin(file), sys::path::end(file)),
                   ".."))
    return true;
  SmallString<256> path(folder), realPath, realFolder;
  sys::path::append(path, file);
  if (sys::fs::real_path(path, realPath))
    return false;
  if (sys::fs::real_path(folder.empty() ? "." : folder, realFolder))
    return true;
  StringRef rest = realPath;
  return !rest.consume_front(realFolder) ||
         !(rest.starts_with("/") || StringRef(realFolder).ends_with("/"));
}

} // namespace seqc
