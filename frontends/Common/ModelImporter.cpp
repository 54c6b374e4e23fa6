//===- ModelImporter.cpp - From a model to seq IR -------------------------===//

#include "frontends/Common/ModelImporter.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc {

const ModelImporter *findImporter(ArrayRef<ModelImporter> importers,
                                  StringRef suffix) {
  const auto *found = find_if(importers, [&](const ModelImporter &importer) {
    return is_contained(importer.suffixes, suffix);
  });
  return found == importers.end() ? nullptr : found;
}

std::string listSuffixes(ArrayRef<ModelImporter> importers,
                         StringRef lastWord) {
  std::string list;
  for (auto [i, importer] : enumerate(importers)) {
    if (i > 0)
      list += i + 1 < importers.size() ? ", " : (" " + lastWord + " ").str();
    list += importer.suffixes.front();
  }
  return list;
}

} // namespace seqc
