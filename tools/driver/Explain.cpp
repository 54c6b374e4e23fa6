//===- Explain.cpp - Which code computes a product, and why ---------------===//

#include "tools/driver/Explain.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

/// A choice as JSON.
static json::Object toJSON(seq::ChoiceAttr choice) {
  return json::Object{{"K", choice.getK()},
                      {"M", choice.getM()},
                      {"N", choice.getN()},
                      {"choice", choice.getBackend()},
                      {"gates", choice.getGates()},
                      {"in_loop", choice.getInLoop().getValue()},
                      {"op", choice.getOp()},
                      {"reason", choice.getReason()},
                      {"weights", choice.getWeights()}};
}

/// One line per choice: the choice, the op, what the product is, the reason.
static void printLine(raw_ostream &os, seq::ChoiceAttr choice) {
  os << formatv("{0,-8} {1,-22} K={2} M={3} N={4} gates={5} in_loop={6}  {7}  "
                "({8})\n",
                choice.getBackend(), choice.getOp(), choice.getK(),
                choice.getM(), choice.getN(), choice.getGates(),
                choice.getInLoop().getValue() ? "true" : "false",
                choice.getReason(), choice.getWeights());
}

void printExplanation(raw_ostream &os, ModuleOp module, StringRef backend,
                      bool asJSON) {
  SmallVector<seq::ChoiceAttr> choices;
  if (ArrayAttr list = seq::getMark<seq::ExplainMark>(module))
    append_range(choices, list.getAsRange<seq::ChoiceAttr>());
  if (asJSON) {
    json::Array array;
    for (seq::ChoiceAttr choice : choices)
      array.push_back(toJSON(choice));
    os << formatv("{0:2}\n",
                  json::Value(json::Object{{"backend", backend},
                                           {"choices", std::move(array)}}));
    return;
  }
  os << "backend " << backend << "\n";
  if (choices.empty())
    os << "no product was considered for the library\n";
  for (seq::ChoiceAttr choice : choices)
    printLine(os, choice);
}

} // namespace seqc
