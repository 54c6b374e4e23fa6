//===- ArtefactFile.h - Looking into artefacts ------------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_ARTEFACTFILE_H
#define TOOLS_DRIVER_ARTEFACTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <string>

namespace seqc {

/// Kinds of file a command can be given.
enum class TargetKind { Model, Executable, SharedObject, Object };

/// What an ELF file of seqc says about itself.
struct ArtefactFile {
  TargetKind kind = TargetKind::Object;
  llvm::json::Object metadata;
  uint64_t fileSize = 0, codeSize = 0, weightsSize = 0, metadataSize = 0;
};

/// Tells by content and name what `path` is: an ELF file is an artefact, the
/// rest a model. A file that cannot be read is an error.
llvm::Expected<TargetKind> classifyTarget(llvm::StringRef path);

/// Reads an artefact without running anything of it; damaged files are refused.
llvm::Expected<ArtefactFile> readArtefact(llvm::StringRef path);

} // namespace seqc

#endif // TOOLS_DRIVER_ARTEFACTFILE_H
