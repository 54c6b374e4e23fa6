//===- Explain.cpp - Which code computes a product, and why ---------------===//

#include "tools/driver/Explain.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

json::Value toJSON(Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    return json::Value(text.getValue());
  if (auto flag = dyn_cast<BoolAttr>(attribute))
    return flag.getValue();
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getInt();
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    json::Array array;
    for (Attribute element : list)
      array.push_back(toJSON(element));
    return array;
  }
  if (auto list = dyn_cast<DenseI64ArrayAttr>(attribute)) {
    json::Array array;
    for (int64_t element : list.asArrayRef())
      array.push_back(element);
    return array;
  }
  if (auto dict = dyn_cast<DictionaryAttr>(attribute)) {
    json::Object object;
    for (NamedAttribute field : dict)
      object[field.getName().getValue()] = toJSON(field.getValue());
    return object;
  }
  std::string text;
  raw_string_ostream(text) << attribute;
  return text;
}

/// One line per choice: the choice, the op, the rest of the fields, the reason.
static void printLine(raw_ostream &os, DictionaryAttr choice) {
  auto text = [&](StringRef key) {
    auto value = choice.getAs<StringAttr>(key);
    return value ? value.getValue() : StringRef("-");
  };
  os << formatv("{0,-8} {1,-22}", text("choice"), text("op"));
  for (NamedAttribute field : choice) {
    StringRef key = field.getName().getValue();
    if (key != "choice" && key != "op" && key != "reason" && key != "weights")
      os << formatv(" {0}={1}", key, toJSON(field.getValue()));
  }
  os << "  " << text("reason");
  if (choice.get("weights"))
    os << "  (" << text("weights") << ")";
  os << "\n";
}

void printExplanation(raw_ostream &os, ModuleOp module, StringRef backend,
                      bool asJSON) {
  auto choices = module->getAttrOfType<ArrayAttr>("seq.explain");
  if (asJSON) {
    json::Array array;
    if (choices)
      for (Attribute choice : choices)
        array.push_back(toJSON(choice));
    os << formatv("{0:2}\n",
                  json::Value(json::Object{{"backend", backend},
                                           {"choices", std::move(array)}}));
    return;
  }
  os << "backend " << backend << "\n";
  if (!choices || choices.empty()) {
    os << "no product was considered for the library\n";
    return;
  }
  for (Attribute choice : choices)
    if (auto dict = dyn_cast<DictionaryAttr>(choice))
      printLine(os, dict);
}

} // namespace seqc
