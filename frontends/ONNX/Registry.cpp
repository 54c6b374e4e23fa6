//===- Registry.cpp - The table of operators ------------------------------===//

#include "frontends/ONNX/Registry.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace seqc::onnx {

const Registry &Registry::get() {
  static const Registry registry;
  return registry;
}

Registry::Registry() {
#define FAMILY(NAME) register##NAME##Ops(*this);
#include "frontends/ONNX/Families.def"
}

static std::string makeKey(StringRef domain, StringRef name) {
  return (domain + ":" + name).str();
}

void Registry::add(ArrayRef<OperatorInfo> given) {
  for (const OperatorInfo &row : given)
    rows[makeKey(row.domain, row.name)] = row;
}

const OperatorInfo *Registry::find(StringRef domain, StringRef name) const {
  auto row = rows.find(makeKey(domain, name));
  return row == rows.end() ? nullptr : &row->second;
}

void Registry::print(raw_ostream &os) const {
  SmallVector<const OperatorInfo *> sorted;
  for (const auto &entry : rows)
    sorted.push_back(&entry.second);
  llvm::sort(sorted, [](const OperatorInfo *a, const OperatorInfo *b) {
    return std::tie(a->domain, a->name) < std::tie(b->domain, b->name);
  });
  os << "# ONNX operators\n\n"
        "Printed from the table in `frontends/ONNX/Registry.h`. Opsets 6 to "
        "28 are read; a node means\nwhat the opset of its model says, from the "
        "version named here on.\nSparse tensors are read where they have at "
        "most 64 MiB with their zeros. Inputs have at most 8 dimensions;\nof "
        "those without shape, at most 8, the ranks are tried with which the "
        "graph is valid.\n\n"
        "| domain | operator | since opset | not supported |\n"
        "|---|---|---|---|\n";
  for (const OperatorInfo *row : sorted)
    os << "| " << (row->domain.empty() ? "ai.onnx" : row->domain) << " | "
       << row->name << " | " << row->since << " | " << row->note << " |\n";
  os << "\n" << sorted.size() << " operators.\n";
  os << "\nDenormals are numbers as IEEE has them. Products, recurrences and "
        "attention flush them, with\nwhat is computed in one loop with these "
        "([why](../decisions/0020-denormals.md)).\n";
}

} // namespace seqc::onnx
