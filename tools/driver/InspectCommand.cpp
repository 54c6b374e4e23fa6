//===- InspectCommand.cpp - seqc inspect ----------------------------------===//

#include "compiler/CodeGen/ModelMetadata.h"
#include "compiler/CodeGen/OutputFile.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "tools/driver/ArtefactFile.h"
#include "tools/driver/Commands.h"
#include "tools/driver/CompileArguments.h"
#include "tools/driver/Graph.h"
#include "tools/session/Compilation.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/ADT/StringSet.h"

#include <map>

using namespace llvm;
using namespace mlir;

namespace seqc {

/// `ids: i32[batch, time]`.
static std::string describeTensor(const json::Object &tensor) {
  std::string text = tensor.getString("name").value_or("?").str() + ": " +
                     tensor.getString("dtype").value_or("?").str() + "[";
  bool first = true;
  if (const json::Array *shape = tensor.getArray("shape"))
    for (const json::Value &extent : *shape) {
      text += first ? "" : ", ";
      first = false;
      if (std::optional<StringRef> name = extent.getAsString())
        text += name->str();
      else if (extent.getAsInteger().value_or(-1) < 0)
        text += "?";
      else
        text += std::to_string(*extent.getAsInteger());
    }
  return text + "]";
}

/// The inputs that an output may be, in words.
static std::string describeInPlace(const json::Object &tensor) {
  const json::Value *list = tensor.get("in_place");
  if (!list)
    return "";
  std::string names;
  if (const json::Array *array = list->getAsArray())
    for (const json::Value &name : *array)
      names +=
          (names.empty() ? "" : ", ") + name.getAsString().value_or("?").str();
  return ", in place of " + (names.empty() ? "any input of its shape" : names);
}

static void printTensors(raw_ostream &os, StringRef title,
                         const json::Array *list) {
  if (!list)
    return;
  for (const json::Value &value : *list)
    if (const json::Object *tensor = value.getAsObject())
      os << formatv("    {0,-7} {1}{2}{3}\n", title, describeTensor(*tensor),
                    tensor->get("default") ? " (optional)" : "",
                    describeInPlace(*tensor));
}

/// The signature and the text handling, common to models and artefacts.
static void printSignature(raw_ostream &os, const json::Object &metadata) {
  if (const json::Array *entries = metadata.getArray("entries")) {
    // Entries that serve others are theirs to mention.
    llvm::StringSet<> helpers;
    for (const json::Value &value : *entries)
      for (StringRef key : {"plain", "defaults"})
        if (const json::Object *entry = value.getAsObject())
          if (std::optional<StringRef> name = entry->getString(key))
            helpers.insert(*name);
    for (const json::Value &value : *entries) {
      const json::Object *entry = value.getAsObject();
      if (!entry || helpers.contains(entry->getString("name").value_or("")))
        continue;
      os << "  entry " << entry->getString("name").value_or("?") << "\n";
      printTensors(os, "input", entry->getArray("inputs"));
      printTensors(os, "output", entry->getArray("outputs"));
      if (const json::Object *generation = entry->getObject("generation"))
        os << "    search  " << json::Value(json::Object(*generation)) << "\n";
    }
  }
  if (const json::Object *text = metadata.getObject("text")) {
    os << "  text: " << text->getString("kind").value_or("generate");
    for (StringRef side : {"input", "output"})
      if (const json::Object *object = text->getObject(side))
        if (const json::Array *vocabulary = object->getArray("vocab"))
          os << ", " << side << " vocabulary of " << vocabulary->size();
    os << "\n";
  }
}

/// Prints where each entry takes memory, how much, and how much its buffers
/// would need if none shared it.
static void printMemory(raw_ostream &os, const json::Object &metadata) {
  const json::Array *entries = metadata.getArray("entries");
  if (!entries)
    return;
  for (const json::Value &value : *entries) {
    const json::Object *entry = value.getAsObject();
    const json::Array *plans = entry ? entry->getArray("memory") : nullptr;
    if (!plans) {
      os << "  memory   "
         << (entry ? entry->getString("name").value_or("?") : "?")
         << ", nothing to plan\n";
      continue;
    }
    for (const json::Value &plan : *plans) {
      const json::Object *object = plan.getAsObject();
      if (!object)
        continue;
      StringRef at = object->getString("at").value_or("");
      StringRef bytes = object->getString("bytes").value_or("?"),
                unshared = object->getString("unshared").value_or("?");
      os << "  memory   " << entry->getString("name").value_or("?")
         << (at == "entry"   ? ", once per call: "
             : at == "later" ? ", when sizes are known: "
                             : ", per step: ")
         << object->getInteger("buffers").value_or(0) << " buffers in " << bytes
         << " bytes";
      int64_t used = 0, all = 0;
      if (!bytes.getAsInteger(10, used) && !unshared.getAsInteger(10, all) &&
          used > 0)
        os << formatv(" (shared {0:F2} times)", double(all) / double(used));
      else if (bytes != unshared)
        os << ", " << unshared << " unshared";
      os << "\n";
    }
  }
}

static void printField(raw_ostream &os, StringRef title,
                       const json::Value &value) {
  if (std::optional<StringRef> text = value.getAsString())
    os << formatv("  {0,-8} {1}\n", title, *text);
  else
    os << formatv("  {0,-8} {1}\n", title, value);
}

static Error inspectArtefact(StringRef path, bool asJSON) {
  Expected<ArtefactFile> artefact = readArtefact(path);
  if (!artefact)
    return artefact.takeError();
  const char *kind = artefact->kind == TargetKind::Executable ? "executable"
                     : artefact->kind == TargetKind::SharedObject
                         ? "shared object"
                         : "object";
  json::Object sizes{{"file", artefact->fileSize},
                     {"code", artefact->codeSize},
                     {"weights", artefact->weightsSize},
                     {"metadata", artefact->metadataSize}};
  if (asJSON) {
    artefact->metadata["artefact"] = kind;
    artefact->metadata["sizes"] = std::move(sizes);
    outs() << formatv("{0:2}\n", json::Value(std::move(artefact->metadata)));
    return Error::success();
  }
  json::Object &metadata = artefact->metadata;
  outs() << path << ": " << kind << " of model '"
         << metadata.getString("name").value_or("?") << "', made by seqc "
         << metadata.getString("seqc").value_or("?") << "\n";
  printSignature(outs(), metadata);
  outs() << formatv(
      "  sizes    file {0}, code {1}, weights {2}, metadata {3} bytes\n",
      artefact->fileSize, artefact->codeSize, artefact->weightsSize,
      artefact->metadataSize);
  printMemory(outs(), metadata);
  if (const json::Object *target = metadata.getObject("target")) {
    if (const json::Array *levels = target->getArray("levels"))
      for (const json::Value &level : *levels)
        if (const json::Object *object = level.getAsObject())
          outs() << formatv("  level    {0}, vectors of {1} bits\n",
                            object->getString("cpu").value_or("?"),
                            object->getInteger("vector_bits").value_or(0));
    if (const json::Value *backend = target->get("backend"))
      printField(outs(), "backend", *backend);
  }
  if (const json::Object *hashes = metadata.getObject("hashes"))
    for (StringRef key : {"model", "weights"})
      if (std::optional<StringRef> hash = hashes->getString(key))
        outs() << formatv("  hash     {0} {1}\n", key, *hash);
  return Error::success();
}

/// What the missing file of weights has to hold.
static void printNeeded(raw_ostream &os, ArrayRef<NeededWeight> needed) {
  size_t optional = count_if(
      needed, [](const NeededWeight &weight) { return weight.optional; });
  os << formatv("  weights  the file is missing; needed are {0} tensors",
                needed.size() - optional);
  if (optional)
    os << formatv(", and {0} may be there", optional);
  os << "\n";
  for (const NeededWeight &weight : needed)
    os << formatv("    {0,-32} {1}\n", weight.name,
                  weight.optional        ? "optional"
                  : weight.shape.empty() ? "of any fitting shape"
                                         : weight.shape);
}

/// The same for programs.
static json::Array describeNeeded(ArrayRef<NeededWeight> needed) {
  json::Array list;
  for (const NeededWeight &weight : needed) {
    json::Object object{{"name", weight.name}};
    if (!weight.shape.empty())
      object["shape"] = weight.shape;
    if (weight.optional)
      object["optional"] = true;
    list.push_back(std::move(object));
  }
  return list;
}

static Error inspectModel(const Arguments &arguments, Reporter &reporter,
                          bool asJSON) {
  Expected<CompileOptions> options = readCompileOptions(
      arguments, arguments.positional.front(), Backend::LLVM);
  if (!options)
    return options.takeError();
  // Without weights there is no program to compile or to draw.
  std::vector<NeededWeight> needed;
  if (!options->stopAfter && !arguments.has("--graph"))
    options->import.needed = &needed;
  Compilation compilation(std::move(*options), reporter);
  if (Error error = compilation.importModel()) {
    if (needed.empty() || compilation.getDiagnostics().getErrorCount())
      return error;
    consumeError(std::move(error));
    if (asJSON) {
      json::Object list{{"weights_needed", describeNeeded(needed)}};
      outs() << formatv("{0:2}\n", json::Value(std::move(list)));
      return Error::success();
    }
    outs() << arguments.positional.front() << ": a model\n";
    printNeeded(outs(), needed);
    return Error::success();
  }
  if (compilation.getOptions().stopAfter)
    if (Error error = compilation.runPhases())
      return error;
  ModuleOp module = compilation.getModule();

  std::map<std::string, int64_t> counts;
  json::Array weights;
  int64_t parameters = 0, bytes = 0;
  json::Object metadata = getMetadata(module);
  describeRecognized(*compilation.normalizeCopy(), metadata);
  // Of a model whose initializers can be replaced, what runs if none is given.
  llvm::StringSet<> others = findDoubles(metadata);
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto function = dyn_cast<func::FuncOp>(op))
      if (others.contains(function.getName()))
        return WalkResult::skip();
    if (!isa<ModuleOp>(op))
      ++counts[op->getName().getStringRef().str()];
    auto weight = dyn_cast<seq::WeightOp>(op);
    if (!weight)
      return WalkResult::advance();
    auto type = cast<RankedTensorType>(weight.getType());
    int64_t size = type.getNumElements() * (type.getElementTypeBitWidth() / 8);
    parameters += type.getNumElements();
    bytes += size;
    std::string text;
    raw_string_ostream(text) << type;
    json::Object entry{{"name", weight.getName()},
                       {"type", text},
                       {"file", weight.getFile()},
                       {"offset", weight.getOffset()},
                       {"hash", weight.getHash()}};
    if (std::optional<Type> stored = weight.getStored()) {
      text.clear();
      raw_string_ostream(text) << *stored;
      entry["stored"] = text;
    }
    weights.push_back(std::move(entry));
    return WalkResult::advance();
  });
  if (arguments.has("--graph"))
    if (Error error = writeFile(arguments.get("--graph"), drawGraph(module)))
      return error;

  if (asJSON) {
    json::Object ops;
    for (auto &[name, count] : counts)
      ops[name] = count;
    metadata["ops"] = std::move(ops);
    metadata["parameters"] = parameters;
    metadata["weights"] = std::move(weights);
    if (!needed.empty())
      metadata["weights_needed"] = describeNeeded(needed);
    metadata["hashes"] = json::Object{{"model", compilation.getModelHash()}};
    outs() << formatv("{0:2}\n", json::Value(std::move(metadata)));
    return Error::success();
  }
  outs() << arguments.positional.front() << ": model '"
         << metadata.getString("name").value_or("?") << "'\n";
  printSignature(outs(), metadata);
  if (needed.empty())
    outs() << formatv("  weights  {0} tensors, {1} parameters, {2} bytes\n",
                      weights.size(), parameters, bytes);
  else
    printNeeded(outs(), needed);
  for (const json::Value &value : weights) {
    const json::Object &weight = *value.getAsObject();
    outs() << formatv("    {0,-32} {1}\n", *weight.getString("name"),
                      *weight.getString("type"));
  }
  if (const json::Object *recognized = metadata.getObject("recognized")) {
    outs() << "  recognized\n";
    for (const auto &[name, count] : *recognized)
      outs() << formatv("    {0,-32} {1}\n", StringRef(name), count);
  }
  outs() << "  ops\n";
  for (auto &[name, count] : counts)
    outs() << formatv("    {0,-32} {1}\n", name, count);
  printField(outs(), "hash", "model " + compilation.getModelHash());
  return Error::success();
}

static Error inspect(const Arguments &arguments, Reporter &reporter) {
  if (arguments.positional.size() != 1)
    return makeFailure(FailureKind::BadInput,
                       "'seqc inspect' takes one model or artefact, found " +
                           Twine(arguments.positional.size()));
  StringRef path = arguments.positional.front();
  Expected<TargetKind> kind = classifyTarget(path);
  if (!kind)
    return kind.takeError();
  bool asJSON = arguments.has("--json");
  if (*kind == TargetKind::Model)
    return inspectModel(arguments, reporter, asJSON);
  if (arguments.has("--graph"))
    return makeFailure(
        FailureKind::BadInput,
        "option '--graph' needs a model; artefacts hold no graph");
  return inspectArtefact(path, asJSON);
}

ExitCode runInspect(const Arguments &arguments, Reporter &reporter) {
  if (Error error = inspect(arguments, reporter))
    return reporter.fail(std::move(error));
  return ExitCode::Done;
}

} // namespace seqc
