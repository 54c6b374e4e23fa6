//===- BoundedJson.cpp - JSON from elsewhere ------------------------------===//

#include "dialect/Support/BoundedJson.h"

using namespace llvm;

namespace seqc {

/// Position of the first bracket that nests too deep, or npos. Brackets in
/// strings are none.
static size_t findTooDeep(StringRef text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\')
          ++i;
    } else if (c == '[' || c == '{') {
      if (++depth > kMostJsonLevels)
        return i;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return StringRef::npos;
}

Expected<json::Value> parseBoundedJson(StringRef text) {
  if (size_t position = findTooDeep(text); position != StringRef::npos)
    return createStringError("brackets nest deeper than " +
                             Twine(kMostJsonLevels) + " levels at byte " +
                             Twine(position));
  return json::parse(text);
}

} // namespace seqc
