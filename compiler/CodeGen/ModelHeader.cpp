//===- ModelHeader.cpp - C header of a linked model -----------------------===//

#include "compiler/CodeGen/ModelHeader.h"
#include "compiler/CodeGen/ModelTable.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace seqc {

bool isSymbolPrefix(StringRef name) {
  return !name.empty() && !isDigit(name.front()) &&
         all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

/// `text` inside of a comment: names are the model's, and may hold anything.
static std::string quoteForComment(StringRef text) {
  std::string quoted;
  for (char c : text) {
    bool isMark = !quoted.empty() && ((quoted.back() == '*' && c == '/') ||
                                      (quoted.back() == '/' && c == '*'));
    if (isMark)
      quoted += ' ';
    quoted += isPrint(c) && c != '\\' ? c : '?';
  }
  return quoted;
}

/// Writes a line for each input or output of an entry.
static void describeValues(raw_ostream &os, StringRef what,
                           const json::Array *values) {
  if (!values)
    return;
  for (const json::Value &value : *values) {
    const json::Object *tensor = value.getAsObject();
    if (!tensor)
      continue;
    std::string shape;
    if (const json::Array *extents = tensor->getArray("shape"))
      for (const json::Value &extent : *extents) {
        shape += shape.empty() ? "" : ", ";
        if (std::optional<StringRef> symbol = extent.getAsString())
          shape += *symbol;
        else if (extent.getAsInteger().value_or(-1) < 0)
          shape += "?";
        else
          shape += itostr(*extent.getAsInteger());
      }
    os << " *   " << what << " "
       << quoteForComment(tensor->getString("name").value_or("")) << ": "
       << tensor->getString("dtype").value_or("") << " ["
       << quoteForComment(shape) << "]\n";
  }
}

std::string makeModelHeader(const json::Object &metadata, StringRef name) {
  std::string text;
  raw_string_ostream os(text);
  os << "/* " << name << ".h: the model '"
     << quoteForComment(metadata.getString("name").value_or(""))
     << "' as a part of a C or C++ program. Written by seqc.\n"
        " *\n"
        " * Link the model and the runtime (pkg-config seqc-runtime), and give "
        "the result to\n"
        " * seqc_model_from_table() of <seqc/runtime.h>.\n"
        " *\n";
  if (const json::Array *entries = metadata.getArray("entries"))
    for (const json::Value &value : *entries)
      if (const json::Object *entry = value.getAsObject()) {
        os << " * entry "
           << quoteForComment(entry->getString("name").value_or("")) << "\n";
        describeValues(os, "input ", entry->getArray("inputs"));
        describeValues(os, "output", entry->getArray("outputs"));
      }
  std::string guard = "SEQC_MODEL_" + name.str() + "_H";
  os << " */\n#ifndef " << guard << "\n#define " << guard
     << "\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
        "/* The table of the model; constant data. */\n"
        "const void *"
     << getPrefixedSymbol(SEQC_ABI_MODEL_SYMBOL, name)
     << "(void);\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard
     << " */\n";
  return text;
}

} // namespace seqc
