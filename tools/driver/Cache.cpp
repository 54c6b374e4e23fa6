//===- Cache.cpp - Models compiled on the fly -----------------------------===//

#include "tools/driver/Cache.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "tools/driver/ArtefactFile.h"
#include "tools/driver/CompileArguments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include <cstdlib>

using namespace llvm;

namespace seqc {

std::string getCacheFolder() {
  SmallString<128> folder;
  if (const char *named = std::getenv("XDG_CACHE_HOME"); named && *named)
    folder = named;
  else if (const char *home = std::getenv("HOME"); home && *home) {
    folder = home;
    sys::path::append(folder, ".cache");
  } else {
    return {};
  }
  sys::path::append(folder, "seqc");
  return folder.str().str();
}

/// Hash of this program's own bytes: another build makes other code.
static uint64_t getCompilerHash() {
  static uint64_t hash = [] {
    ErrorOr<std::unique_ptr<MemoryBuffer>> file =
        MemoryBuffer::getFile(getProgramPath(), /*IsText=*/false,
                              /*RequiresNullTerminator=*/false);
    return file ? xxh3_64bits((*file)->getBuffer()) : 0;
  }();
  return hash;
}

std::string getCacheKey(const Compilation &compilation) {
  std::string text;
  raw_string_ostream os(text);
  const CompileOptions &options = compilation.getOptions();
  os << getCompilerVersion() << '\0' << getCompilerHash() << '\0'
     << compilation.getModelHash() << '\0' << options.optLevel << '\0'
     << getBackendName(options.backend);
  for (const Target &target : compilation.getTargets())
    os << '\0' << target.cpu << '\0' << target.features << '\0'
       << target.vectorBits;
  XXH128_hash_t hash = xxh3_128bits(ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return utohexstr(hash.high64, true, 16) + utohexstr(hash.low64, true, 16);
}

/// Whether `path` holds a whole artefact.
static bool isSound(StringRef path) {
  Expected<ArtefactFile> artefact = readArtefact(path);
  if (!artefact) {
    consumeError(artefact.takeError());
    return false;
  }
  return true;
}

Expected<CachedArtefact> compileToCache(Compilation &compilation,
                                        Reporter &reporter) {
  CachedArtefact artefact;
  std::string folder = getCacheFolder();
  StringRef model = compilation.getOptions().model;
  bool usable = !folder.empty() && !sys::fs::create_directories(folder) &&
                !sys::fs::access(folder, sys::fs::AccessMode::Write);
  if (usable) {
    SmallString<128> path(folder);
    sys::path::append(path, getCacheKey(compilation) + ".so");
    artefact.path = path.str().str();
    // A damaged file is compiled again, in its place; so is one whose phases
    // somebody wants to see.
    if (compilation.getOptions().dumpFolder.empty() && sys::fs::exists(path) &&
        isSound(path)) {
      artefact.hit = true;
      reporter.note("'" + model + "' is in the cache: " + path);
      return artefact;
    }
  } else {
    SmallString<128> path;
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
    sys::path::append(path, "seqc");
    Expected<TemporaryFile> file = TemporaryFile::create(path, "so");
    if (!file)
      return file.takeError();
    artefact.temporary.emplace(std::move(*file));
    artefact.path = artefact.temporary->getPath().str();
  }
  if (Error error = compilation.runPhases())
    return error;
  if (Error error = compilation.emit(EmitKind::SharedObject, artefact.path))
    return error;
  reporter.note(
      usable
          ? "compiled '" + model + "' into the cache: " + artefact.path
          : "compiled '" + model + "' for this run; there is no cache folder");
  return artefact;
}

} // namespace seqc
