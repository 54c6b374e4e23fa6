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

void Registry::add(ArrayRef<OperatorInfo> given, StringRef domain) {
  for (OperatorInfo row : given) {
    row.domain = domain;
    rows[makeKey(domain, row.name)] = row;
  }
}

const OperatorInfo *Registry::find(StringRef domain, StringRef name) const {
  auto row = rows.find(makeKey(domain, name));
  return row == rows.end() ? nullptr : &row->second;
}

/// Whether an operator converts narrow floats or moves them as they are. No
/// other one of the specification takes them.
static bool takesNarrowFloats(const OperatorInfo &info) {
  static constexpr StringRef names[] = {
      "Cast",           "CastLike", "Concat",  "DequantizeLinear",
      "Expand",         "Flatten",  "Gather",  "Identity",
      "QuantizeLinear", "Reshape",  "Shape",   "Size",
      "Slice",          "Split",    "Squeeze", "Transpose",
      "Unsqueeze"};
  return info.domain.empty() && is_contained(names, info.name);
}

/// Reports input `i`, if it is a tensor, unless it follows `rule`.
static LogicalResult checkInput(Node &node, size_t i, const InputRule &rule) {
  Tensor given = node.getInput(i);
  if (!given)
    return success();
  if (rule.contains && !rule.contains(given.type))
    return node.error("input " + Twine(i) + " is " + getName(given.type) +
                      "; required is " + rule.required);
  if (Tensor other = rule.like < 0 ? given : node.getInput(rule.like);
      other && other.type != given.type)
    return node.error("inputs " + Twine(rule.like) + " and " + Twine(i) +
                      " are " + getName(other.type) + " and " +
                      getName(given.type) + "; required is one type");
  return node.requireRank(i, rule.least, rule.most);
}

LogicalResult checkInputs(Node &node, const OperatorInfo &info) {
  int given = node.getNumInputs();
  for (int i = 0; i < info.minInputs; ++i)
    // An optional that is empty is an input that is given.
    if (i >= given || (!node.hasInput(i) && !info.takesSequences))
      return node.error("input " + Twine(i) + " is missing; required are " +
                        Twine(info.minInputs));
  if (info.maxInputs != kVariadic && given > info.maxInputs)
    return node.error("it has " + Twine(given) +
                      " inputs; required are at most " + Twine(info.maxInputs));
  bool isVariadic = info.maxInputs == kVariadic;
  for (auto [i, input] : enumerate(node.inputs)) {
    if (input.isSequence() && !info.takesSequences)
      return node.error("input " + Twine(i) +
                        " is a sequence; required is a tensor");
    if (input.isTensor() && isNarrowFloat(input.tensor.type) &&
        !takesNarrowFloats(info))
      return node.unsupported("an input of " + getName(input.tensor.type) +
                              " is not supported");
  }
  for (int i = 0, rules = info.inputs.size(); i < given && rules > 0; ++i)
    if (i < rules || isVariadic)
      if (failed(checkInput(node, i, info.inputs[std::min(i, rules - 1)])))
        return failure();
  return success();
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
