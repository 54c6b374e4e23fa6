//===- Cache.h - Models compiled on the fly ---------------------*- C++ -*-===//
//
// `seqc run MODEL` compiles into $XDG_CACHE_HOME/seqc or ~/.cache/seqc. The
// name of a file there is a hash of everything that decides its content: the
// imported model with the hashes of its weights, the options, the CPU, and the
// compiler itself.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_DRIVER_CACHE_H
#define TOOLS_DRIVER_CACHE_H

#include "compiler/CodeGen/OutputFile.h"
#include "tools/driver/Reporter.h"
#include "tools/session/Compilation.h"

namespace seqc {

/// A shared object that can be loaded.
struct CachedArtefact {
  std::string path;
  /// Whether it was there already.
  bool hit = false;
  /// Holds the file when there is no place for a cache; it goes with this
  /// object.
  std::optional<TemporaryFile> temporary;
};

/// Folder of the cache, or nothing if there is no home.
std::string getCacheFolder();

/// Name of the artefact of an imported model.
std::string getCacheKey(const Compilation &compilation);

/// Compiles an imported model into the cache, unless it is there. Says so in a
/// note.
llvm::Expected<CachedArtefact> compileToCache(Compilation &compilation,
                                              Reporter &reporter);

} // namespace seqc

#endif // TOOLS_DRIVER_CACHE_H
