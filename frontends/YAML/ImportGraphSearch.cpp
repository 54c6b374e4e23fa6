//===- ImportGraphSearch.cpp - A search around ONNX graphs ----------------===//
//
// The graphs of `graphs` run once, those of `generate.step` for every token.
//
// A transducer is a greedy search whose step looks for the next symbol. Its
// blank, which is what a step gives when time is over, ends the row.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/GraphSearch.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace llvm;

namespace seqc::yaml {

//===----------------------------------------------------------------------===//
// Settings, files
//===----------------------------------------------------------------------===//

bool GraphSearchImport::readSettings() {
  bool sound = search.readVocabulary();
  isTransducer = search.kind == "transducer";
  std::optional<int64_t> start;
  if (isTransducer) {
    reader.require("blank", "the token that moves on in time");
    start = search.readToken("blank", std::nullopt);
    sound &= start.has_value();
    blank = start.value_or(0);
  } else if (reader.has("blank")) {
    reader.errorAt(
        "blank",
        "only a transducer has a blank; required is 'search: transducer'");
  }
  sound &= search.readSettings(start);
  if (isTransducer) {
    if (reader.has("end"))
      reader.errorAt("end",
                     "a transducer ends with time; required is 'blank' only");
    search.end = blank;
    if (!search.isGreedy() || search.prefix || search.minLength)
      reader.errorAt("search",
                     "a transducer has neither 'beam' and 'n_best' above 1, "
                     "nor sampling, nor 'prefix', nor 'min_length'");
  }
  if (reader.has("logits") == reader.has("choice"))
    reader.errorAt("logits", "required is one of 'logits', scores of the next "
                             "token, and 'choice', the token itself");
  if (reader.has("choice") && !search.isGreedy())
    reader.errorAt("choice", "{0} compares tokens; required is 'logits'",
                   search.samples ? "sampling" : "a beam");
  if (isTransducer && reader.has("first_logits"))
    reader.errorAt("first_logits",
                   "the first step of a transducer is like every other");
  return sound;
}

bool GraphSearchImport::buildOnce() {
  const Node *section = importer.root.find("graphs");
  bool sound = !section || section->isMapping();
  for (const Entry &entry : importer.reporter.readEntries(
           section, "'graphs'", "a mapping from names to graphs")) {
    std::unique_ptr<NamedGraph> graph = graphs.open(entry, {});
    if (!graph) {
      sound = false;
      continue;
    }
    StringMap<GraphSignal> fed;
    graphs.readInputs(*graph, fed);
    sound &= graphs.build(*graph, fed);
    once.push_back(std::move(graph));
  }
  return sound;
}

bool GraphSearchImport::openStep() {
  const Node *step = reader.require("step", "the graphs of one step");
  if (!step)
    return false;
  if (!step->isMapping() || step->entries.empty())
    return reader.reject("step", "a mapping from names to graphs");
  bool sound = true;
  for (const Entry &entry : step->entries) {
    for (const std::unique_ptr<NamedGraph> &other : once)
      if (other->name == entry.key)
        importer.reporter.error(
            entry.keyPosition,
            "'{0}' is taken by a graph on line {1}; names must be unique",
            entry.key, other->position.line);
    steps.push_back(graphs.open(entry, {"states", "caches"}));
    sound &= steps.back() != nullptr;
  }
  return sound;
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

void GraphSearchImport::run() {
  if (!search.node.isMapping())
    return;
  bool sound = readSettings();
  importer.outer.setLoc(importer.reporter.getLocation(search.node.position));
  graphs.define("start", e.scalars().index(search.start));
  sound &= buildOnce();
  sound &= openStep();
  if (!sound)
    return;
  if (reader.has("first_logits") && reader.has("logits")) {
    firstLogits = readLogits("first_logits");
    if (!firstLogits)
      return;
  }
  if (isTransducer) {
    Node text = Node::scalar(importer.root.find("inputs")->entries.front().key,
                             search.node.position);
    const Node *node = reader.find("frames") ? reader.find("frames") : &text;
    GraphSignal signal = graphs.resolve(*node);
    if (!signal)
      return;
    frames = signal.number;
    if (signal.tensor && signal.tensor.getRank() >= 2)
      frames = e.extentValue(signal.tensor, 1);
    if (!frames) {
      reader.errorAt("frames", "'frames' has no second dimension; required is "
                               "a tensor [batch, time, ...] or a length");
      return;
    }
  } else if (reader.has("frames")) {
    reader.errorAt(
        "frames",
        "only a transducer moves on in time; required is 'search: transducer'");
  }

  search.addPrefixInputs();
  usesPrefix = importer.isMentioned("prefix");
  block = std::make_unique<Block>();
  ids = search.addStepArguments(*block).front();
  position = block->getArgument(2);
  declareStates();
  if (!buildStep() || importer.reporter.hasErrors()) {
    block->walk([](Operation *op) { op->dropAllReferences(); });
    block->dropAllReferences();
    return;
  }
  auto op = search.build(std::move(block), inits);
  nest.push_back(&op.getStep());
  for (mlir::Region *region : nest) {
    // What a branch does that later steps take, they do once or in it.
    Operation *owner = region->getParentOp();
    Graphs::moveOut(*region, mlir::isa<mlir::scf::IfOp>(owner) ? op : owner);
  }
}

//===----------------------------------------------------------------------===//
// Importer
//===----------------------------------------------------------------------===//

bool Importer::usesGraphs(const Node &root) {
  if (root.find("graphs"))
    return true;
  const Node *generate = root.find("generate");
  const Node *step = generate ? generate->find("step") : nullptr;
  return step && step->isMapping() && !step->entries.empty() &&
         llvm::all_of(step->entries, [](const Entry &entry) {
           return entry.value.find("onnx") != nullptr;
         });
}

void Importer::importGraphSearch() {
  for (StringRef key : {"layers", "cells", "outputs", "weights"})
    if (const Node *node = root.find(key))
      reporter.error(
          node->position,
          "'{0}' stands beside ONNX graphs; required is a model of one kind",
          key);
  const Node *generate = root.find("generate");
  if (!generate) {
    reporter.error(root.find("graphs")->position,
                   "the description has 'graphs', but no 'generate'; required "
                   "is the search around them");
    return;
  }
  entryName = "generate";
  GraphSearchImport(*this, *generate).run();
}

} // namespace seqc::yaml
