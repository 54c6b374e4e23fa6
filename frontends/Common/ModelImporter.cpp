//===- ModelImporter.cpp - From a model to seq IR -------------------------===//

#include "frontends/Common/ModelImporter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc {

ModelImporter::~ModelImporter() = default;

void ImporterRegistry::add(std::unique_ptr<ModelImporter> importer) {
  importers.push_back(std::move(importer));
}

const ModelImporter *ImporterRegistry::find(StringRef suffix) const {
  for (const std::unique_ptr<ModelImporter> &importer : importers)
    if (is_contained(importer->getSuffixes(), suffix))
      return importer.get();
  return nullptr;
}

std::string ImporterRegistry::listSuffixes(StringRef lastWord) const {
  SmallVector<StringRef> suffixes;
  for (const std::unique_ptr<ModelImporter> &importer : importers)
    suffixes.push_back(importer->getSuffixes().front());
  if (suffixes.size() < 2)
    return suffixes.empty() ? "" : suffixes.front().str();
  StringRef last = suffixes.pop_back_val();
  return join(suffixes, ", ") + (" " + lastWord + " " + last).str();
}

} // namespace seqc
