//===- ModelMetadata.cpp - The JSON that a model carries ------------------===//

#include "compiler/CodeGen/ModelMetadata.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Support/BoundedJson.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

/// Highest rank the runtime takes.
static constexpr int64_t kMaxRank = 8;

StringRef getCompilerVersion() { return SEQC_VERSION; }

/// Name of an element type in the metadata, or nothing if an artefact cannot
/// hold it.
static std::optional<std::string> getDTypeName(Type type) {
  if (type.isF64() || type.isF32() || type.isF16() || type.isBF16()) {
    std::string name;
    raw_string_ostream(name) << type;
    return name;
  }
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || !is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth()))
    return std::nullopt;
  return (integer.isUnsigned() ? "u" : "i") +
         std::to_string(integer.getWidth());
}

/// A number, or an extent by its name.
static json::Value describeBound(Attribute bound) {
  if (auto number = dyn_cast<IntegerAttr>(bound))
    return number.getInt();
  if (auto number = dyn_cast<FloatAttr>(bound))
    return number.getValueAsDouble();
  if (auto name = dyn_cast<StringAttr>(bound))
    return json::Object{{"dim", name.getValue()}};
  return "initializer";
}

/// Describes an argument or a result called `name`; `place` is its name in
/// messages.
static FailureOr<json::Object> describeTensor(func::FuncOp function, Type type,
                                              seq::SignatureAttr signature,
                                              StringRef name,
                                              const Twine &place) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  std::optional<std::string> dtype =
      shaped ? getDTypeName(shaped.getElementType()) : std::nullopt;
  if (!dtype || shaped.getRank() > kMaxRank)
    return function.emitError()
           << "entry '" << function.getName() << "': " << place << " has type "
           << type << "; required is a ranked tensor of at most " << kMaxRank
           << " dimensions of numbers";
  json::Array shape;
  for (auto [dim, extent] : enumerate(shaped.getShape())) {
    StringRef symbol = signature ? signature.getDim(dim) : "";
    if (!ShapedType::isDynamic(extent))
      shape.push_back(extent);
    else if (symbol.empty())
      shape.push_back(-1);
    else
      shape.push_back(symbol);
  }
  // Types of the IR have no sign.
  if (signature && signature.getIsUnsigned() && dtype->front() == 'i')
    dtype->front() = 'u';
  json::Object tensor{
      {"name", name.str()}, {"dtype", *dtype}, {"shape", std::move(shape)}};
  if (!signature)
    return tensor;
  for (auto [key, bound] : {std::pair("min", signature.getMin()),
                            std::pair("max", signature.getMax()),
                            std::pair("default", signature.getFallback())})
    if (bound)
      tensor[key] = describeBound(bound);
  if (signature.getOf()) {
    tensor["of"] = signature.getOf().getValue();
    tensor["part"] = signature.getPart().getValue();
  }
  return tensor;
}

/// Takes the object called `name` out of `list`, or gives an empty one.
static json::Object takeNamed(json::Array *list, StringRef name) {
  if (list)
    for (json::Value &value : *list)
      if (json::Object *object = value.getAsObject())
        if (object->getString("name") == name)
          return std::move(*object);
  return {};
}

/// Describes the arguments (or results) of `function`.
static LogicalResult describeTensors(func::FuncOp function, bool results,
                                     json::Object &entry) {
  StringRef key = results ? "outputs" : "inputs";
  ArrayRef<Type> types = results ? function.getFunctionType().getResults()
                                 : function.getFunctionType().getInputs();
  json::Array list;
  llvm::StringSet<> names;
  for (auto [i, type] : enumerate(types)) {
    DictionaryAttr marks =
        results ? function.getResultAttrDict(i) : function.getArgAttrDict(i);
    auto given =
        marks ? marks.getAs<StringAttr>(seq::getMarkName<seq::NameMark>())
              : StringAttr();
    auto signature = marks ? marks.getAs<seq::SignatureAttr>(
                                 seq::getMarkName<seq::SignatureMark>())
                           : seq::SignatureAttr();
    std::string name = given
                           ? given.str()
                           : (results ? "output" : "input") + std::to_string(i);
    std::string place = (results ? "result '" : "argument '") + name + "'";
    if (!names.insert(name).second)
      return function.emitError()
             << "entry '" << function.getName() << "': two " << key
             << " are called '" << name << "'; names must be unique";
    FailureOr<json::Object> tensor =
        describeTensor(function, type, signature, name, place);
    if (failed(tensor))
      return failure();
    list.push_back(std::move(*tensor));
  }
  // A description in words of its own would be lost.
  const json::Value *said = entry.get(key);
  if (said && *said != json::Value(json::Array(list)))
    return function.emitError()
           << "entry '" << function.getName() << "': the " << key << " in '"
           << seq::getMarkName<seq::MetadataMark>() << "' are not those that '"
           << seq::getMarkName<seq::SignatureMark>()
           << "' describes; required are signatures on arguments and results";
  entry[key] = std::move(list);
  return success();
}

/// Counts the elements of all weights, and of those that are multiplied rather
/// than looked up. Those that an entry of defaults gives have been counted.
static void countParameters(ModuleOp module, json::Object &metadata) {
  llvm::StringSet<> givers;
  for (const json::Value &entry : *metadata.getArray("entries"))
    if (auto name = entry.getAsObject()->getString("defaults"))
      givers.insert(*name);
  int64_t all = 0, multiplied = 0;
  module->walk([&](seq::WeightOp weight) {
    auto function = weight->getParentOfType<func::FuncOp>();
    if (function && givers.contains(function.getName()))
      return;
    int64_t count = cast<RankedTensorType>(weight.getType()).getNumElements();
    all += count;
    bool lookedUp = llvm::all_of(weight->getUsers(), [](Operation *user) {
      return isa<tensor::ExtractOp, seq::EmbeddingOp>(user);
    });
    if (!lookedUp && cast<RankedTensorType>(weight.getType()).getRank() >= 2)
      multiplied += count;
  });
  metadata["parameters"] = all;
  metadata["multiplied_parameters"] = multiplied;
}

LogicalResult completeMetadata(ModuleOp module, StringRef name) {
  json::Object metadata;
  if (StringAttr text = seq::getMark<seq::MetadataMark>(module)) {
    Expected<json::Value> value = parseBoundedJson(text.getValue());
    if (!value)
      return module.emitError()
             << "attribute '" << seq::getMarkName<seq::MetadataMark>()
             << "' is not JSON: " << llvm::toString(value.takeError());
    json::Object *object = value->getAsObject();
    if (!object)
      return module.emitError()
             << "attribute '" << seq::getMarkName<seq::MetadataMark>()
             << "' is not a JSON object";
    metadata = std::move(*object);
  }
  if (!metadata.getString("name"))
    metadata["name"] = name.str();

  json::Array entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic() || function.isDeclaration())
      continue;
    json::Object entry =
        takeNamed(metadata.getArray("entries"), function.getName());
    entry["name"] = function.getName();
    if (failed(describeTensors(function, /*results=*/false, entry)) ||
        failed(describeTensors(function, /*results=*/true, entry)))
      return failure();
    entries.push_back(std::move(entry));
  }
  if (entries.empty())
    return module.emitError()
           << "the module has no public function with a body; "
              "required is at least one entry";
  metadata["entries"] = std::move(entries);
  countParameters(module, metadata);
  setMetadata(module, std::move(metadata));
  return success();
}

void setMetadata(ModuleOp module, json::Object metadata) {
  seq::mark<seq::MetadataMark>(
      module,
      StringAttr::get(module.getContext(),
                      formatv("{0}", json::Value(std::move(metadata))).str()));
}

json::Object getMetadata(ModuleOp module) {
  if (StringAttr text = seq::getMark<seq::MetadataMark>(module)) {
    if (Expected<json::Value> value = parseBoundedJson(text.getValue())) {
      if (json::Object *object = value->getAsObject())
        return std::move(*object);
    } else {
      consumeError(value.takeError());
    }
  }
  return {};
}

llvm::StringSet<> findDoubles(const json::Object &metadata) {
  llvm::StringSet<> doubles;
  for (const json::Value &value : *metadata.getArray("entries"))
    if (const json::Object *entry = value.getAsObject())
      if (std::optional<StringRef> name = entry->getString("defaults")) {
        doubles.insert(*name);
        doubles.insert(entry->getString("name").value_or(""));
      }
  return doubles;
}

void describeRecognized(ModuleOp module, json::Object &metadata) {
  auto functions = seq::getMark<seq::RecognizedMark>(module);
  if (!functions)
    return;
  llvm::StringSet<> doubles = findDoubles(metadata);
  json::Object recognized;
  if (const json::Object *counts = metadata.getObject("recognized"))
    recognized = *counts;
  for (NamedAttribute function : functions) {
    if (doubles.contains(function.getName().getValue()))
      continue;
    for (NamedAttribute entry : cast<DictionaryAttr>(function.getValue())) {
      StringRef name = entry.getName().getValue();
      recognized[name] = recognized.getInteger(name).value_or(0) +
                         cast<IntegerAttr>(entry.getValue()).getInt();
    }
  }
  metadata["recognized"] = std::move(recognized);
}

/// A size of the memory plan with the names of the entry's extents in the place
/// of `{input,dim}`.
static std::string nameExtents(StringRef text, const json::Object &entry) {
  std::string named;
  while (!text.empty()) {
    auto [before, rest] = text.split('{');
    named += before;
    auto [place, after] = rest.split('}');
    text = after;
    unsigned input = 0, dim = 0;
    auto [first, second] = place.split(',');
    if (place.empty() || first.getAsInteger(10, input) ||
        second.getAsInteger(10, dim))
      continue;
    const json::Array *inputs = entry.getArray("inputs");
    const json::Object *tensor = inputs && input < inputs->size()
                                     ? (*inputs)[input].getAsObject()
                                     : nullptr;
    const json::Array *shape = tensor ? tensor->getArray("shape") : nullptr;
    if (shape && dim < shape->size() && (*shape)[dim].getAsString())
      named += *(*shape)[dim].getAsString();
    else
      named += (tensor ? tensor->getString("name").value_or("?") : "?").str() +
               "[" + std::to_string(dim) + "]";
  }
  return named;
}

/// Adds what was planned about the memory of each entry.
static void describeMemory(ModuleOp module, json::Object &metadata) {
  json::Array *entries = metadata.getArray("entries");
  if (!entries)
    return;
  for (json::Value &value : *entries) {
    json::Object *entry = value.getAsObject();
    if (!entry)
      continue;
    std::string symbol = (Twine(SEQC_ABI_FUNCTION_PREFIX) +
                          entry->getString("name").value_or(""))
                             .str();
    Operation *function = module.lookupSymbol(symbol);
    ArrayAttr plans =
        function ? seq::getMark<seq::MemoryPlanMark>(function) : ArrayAttr();
    if (!plans)
      continue;
    json::Array memory;
    for (auto plan : plans.getAsRange<seq::WorkspaceAttr>())
      memory.push_back(
          json::Object{{"at", plan.getAt()},
                       {"buffers", plan.getBuffers()},
                       {"bytes", nameExtents(plan.getBytes(), *entry)},
                       {"unshared", nameExtents(plan.getUnshared(), *entry)}});
    (*entry)["memory"] = std::move(memory);
  }
}

/// Whether two values of an entry have one type, and one shape in every call.
static bool areAlike(const json::Object &left, const json::Object &right) {
  const json::Value *type = left.get("dtype"), *other = right.get("dtype");
  const json::Array *shape = left.getArray("shape"),
                    *extents = right.getArray("shape");
  return type && other && *type == *other && shape && extents &&
         *shape == *extents;
}

/// Numbers of the inputs that output `output` of an entry may share memory
/// with, in the code of every level.
static SmallVector<int64_t> findShared(StringRef symbol, int64_t output,
                                       ArrayRef<ModuleOp> levels) {
  SmallVector<int64_t> shared;
  for (auto [i, level] : enumerate(levels)) {
    SmallVector<int64_t> own;
    Operation *function = ModuleOp(level).lookupSymbol(symbol);
    ArrayAttr rows =
        function ? seq::getMark<seq::InPlaceMark>(function) : ArrayAttr();
    if (rows)
      for (auto row : rows.getAsRange<seq::InPlaceAttr>())
        if (row.getOutput() == output)
          append_range(own, row.getInputs());
    if (i == 0)
      shared = own;
    else
      erase_if(shared,
               [&](int64_t input) { return !is_contained(own, input); });
  }
  return shared;
}

/// Adds to each output which inputs it may be.
static void describeInPlace(ArrayRef<ModuleOp> levels, json::Object &metadata) {
  json::Array *entries = metadata.getArray("entries");
  if (!entries)
    return;
  for (json::Value &value : *entries) {
    json::Object *entry = value.getAsObject();
    json::Array *inputs = entry ? entry->getArray("inputs") : nullptr,
                *outputs = entry ? entry->getArray("outputs") : nullptr;
    if (!inputs || !outputs)
      continue;
    std::string symbol = (Twine(SEQC_ABI_FUNCTION_PREFIX) +
                          entry->getString("name").value_or(""))
                             .str();
    for (auto [o, output] : enumerate(*outputs)) {
      SmallVector<int64_t> shared = findShared(symbol, o, levels);
      json::Array names;
      size_t alike = 0;
      for (auto [i, input] : enumerate(*inputs)) {
        if (!areAlike(*input.getAsObject(), *output.getAsObject()))
          continue;
        ++alike;
        if (is_contained(shared, static_cast<int64_t>(i)))
          names.push_back(*input.getAsObject()->get("name"));
      }
      if (names.empty())
        continue;
      // Many caches of one shape would make long lists.
      if (names.size() > 1 && names.size() == alike)
        (*output.getAsObject())["in_place"] = true;
      else
        (*output.getAsObject())["in_place"] = std::move(names);
    }
  }
}

std::string makeMetadata(const ArtefactFacts &facts) {
  ModuleOp module = facts.levels.front();
  json::Object metadata = getMetadata(module);
  describeRecognized(module, metadata);
  describeMemory(module, metadata);
  describeInPlace(facts.levels, metadata);
  metadata["seqc"] = getCompilerVersion();
  metadata["abi"] = SEQC_ABI_VERSION;
  if (!facts.symbolPrefix.empty())
    metadata["symbols"] = facts.symbolPrefix;
  json::Array levels;
  for (const Target &target : facts.targets)
    levels.push_back(json::Object{{"cpu", target.cpu},
                                  {"features", target.requiredFeatures},
                                  {"vector_bits", target.vectorBits}});
  const Target &best = facts.targets.front();
  metadata["target"] = json::Object{{"triple", best.triple},
                                    {"cpu", best.cpu},
                                    {"features", best.requiredFeatures},
                                    {"levels", std::move(levels)},
                                    {"backend", facts.backend.str()}};
  metadata["hashes"] =
      json::Object{{"model", facts.modelHash}, {"weights", facts.weightsHash}};
  return formatv("{0}", json::Value(std::move(metadata))).str();
}

std::vector<std::string> getEntryNames(const json::Object &metadata) {
  std::vector<std::string> names;
  if (const json::Array *entries = metadata.getArray("entries"))
    for (const json::Value &entry : *entries)
      if (const json::Object *object = entry.getAsObject())
        if (std::optional<StringRef> name = object->getString("name"))
          names.push_back(name->str());
  return names;
}

} // namespace seqc
