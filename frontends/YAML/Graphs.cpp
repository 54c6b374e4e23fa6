//===- Graphs.cpp - ONNX graphs and what they are fed ---------------------===//

#include "frontends/YAML/Graphs.h"

#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "frontends/Common/Attention.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

#include "llvm/Support/Path.h"

using namespace llvm;
using seqc::frontend::Number;

namespace seqc::yaml {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::optional<std::vector<std::string>> matchName(StringRef pattern,
                                                  StringRef name) {
  std::vector<std::string> fillings;
  auto [head, rest] = pattern.split('*');
  bool hasStar = head.size() != pattern.size();
  if (!name.consume_front(head) || (!hasStar && !name.empty()))
    return std::nullopt;
  while (hasStar) {
    auto [part, next] = rest.split('*');
    bool isLast = part.size() == rest.size();
    // Each star takes the least, the last one all that is left.
    size_t at = isLast ? (name.ends_with(part) ? name.size() - part.size()
                                               : StringRef::npos)
                       : name.find(part);
    if (at == StringRef::npos)
      return std::nullopt;
    fillings.push_back(name.substr(0, at).str());
    name = name.substr(at + part.size());
    rest = next;
    hasStar = !isLast;
  }
  return fillings;
}

std::string fillStars(StringRef text, ArrayRef<std::string> fillings) {
  std::string result;
  for (char c : text) {
    if (c != '*' || fillings.empty()) {
      result += c;
      continue;
    }
    result += fillings.front();
    fillings = fillings.drop_front();
  }
  return result;
}

/// "int64[batch, 2]".
static std::string describe(DataType type, ArrayRef<int64_t> shape,
                            ArrayRef<std::string> symbols = {}) {
  std::string text = onnx::getName(type) + "[";
  ListSeparator separator;
  for (auto [i, extent] : enumerate(shape)) {
    StringRef symbol = symbols.empty() ? "" : StringRef(symbols[i]);
    text += separator;
    text += extent >= 0      ? std::to_string(extent)
            : symbol.empty() ? "?"
                             : symbol.str();
  }
  return text + "]";
}

static std::string describe(const onnx::OnnxGraph::Input &input) {
  return describe(input.type, input.shape, input.symbols);
}

static std::string describe(const GraphSignal &signal) {
  return signal.tensor ? describe(signal.tensor.type, signal.tensor.getShape())
                       : "one number";
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Graphs::Graphs(Importer &importer)
    : importer(importer), reporter(importer.reporter), e(importer.outer) {
  for (auto &[name, signal] : importer.signals)
    if (signal.isValid())
      names[name] = signal.value;
}

std::unique_ptr<NamedGraph> Graphs::open(const Entry &entry,
                                         ArrayRef<StringRef> keys) {
  MappingReader reader(reporter, entry.value, "graph '" + entry.key + "'",
                       {"onnx", "inputs"}, keys);
  if (!reader.require("onnx", "the name of an ONNX file"))
    return nullptr;
  std::optional<std::string> file = reader.getText("onnx");
  if (!file)
    return nullptr;
  Position position = reader.find("onnx")->position;
  std::optional<std::string> path =
      confineToFolder(reporter, position, importer.folder, *file);
  if (!path)
    return nullptr;
  Expected<onnx::OnnxGraph> graph = onnx::OnnxGraph::open(*path);
  if (!graph)
    return reader.error(position, "the file {0}", toString(graph.takeError()));
  return std::make_unique<NamedGraph>(NamedGraph{
      entry.key, &entry.value, entry.keyPosition, *file, std::move(*graph)});
}

//===----------------------------------------------------------------------===//
// References
//===----------------------------------------------------------------------===//

void Graphs::define(StringRef name, GraphSignal signal) {
  names[name.str()] = std::move(signal);
}

GraphSignal Graphs::find(StringRef name) {
  if (auto it = names.find(name); it != names.end())
    return it->second;
  // What follows from an input with a time dimension.
  StringRef base = name;
  bool isMask = base.consume_back(".mask");
  if (!isMask && !base.consume_back(".length"))
    return {};
  const Signal *input = importer.find(base);
  if (!input || !input->isSteps())
    return {};
  Tensor tensor = names[base.str()].tensor;
  int64_t dim = input->timeMajor ? 0 : 1;
  Number steps(e, e.extent(tensor, dim));
  if (input->lengths) {
    Number length =
        read(e, {input->lengths, DataType::Int32}, Number(0)).toIndex();
    steps = min(steps, max(length, 0));
  }
  GraphSignal result(steps);
  if (isMask) {
    Extents sizes = e.extents(tensor);
    sizes.resize(2);
    result =
        frontend::define(e, DataType::Int64, sizes, [&](ArrayRef<Number> at) {
          return (at[dim] < steps).as(DataType::Int64);
        });
  }
  names[name.str()] = result;
  return result;
}

GraphSignal Graphs::resolveFrame(const Node &node,
                                 ArrayRef<std::string> fillings) {
  MappingReader reader(reporter, node, "a frame", {"at_time", "axis"});
  const Node *source = reader.require(
      "at_time", "the name of a tensor of which one frame is taken");
  int64_t axis = reader.getInteger("axis", 0, 7).value_or(1);
  if (!source)
    return {};
  if (!time)
    return reporter.error(node.position,
                          "a frame is read where there is no time; required is "
                          "a graph of the step and 'search: transducer'");
  GraphSignal whole = resolve(*source, fillings);
  if (!whole)
    return {};
  if (!whole.tensor || whole.tensor.getRank() <= axis)
    return reporter.error(
        source->position,
        "'at_time' is {0}; required is a tensor with a dimension {1}",
        describe(whole), axis);
  Number last = Number(e, e.extent(whole.tensor, axis)) - 1;
  Number at = clamp(Number(e, time), 0, last);
  return e.sliceDim(whole.tensor, axis, at, e.fixed(1));
}

GraphSignal Graphs::resolve(const Node &node, ArrayRef<std::string> fillings) {
  if (node.isMapping())
    return resolveFrame(node, fillings);
  if (!node.isScalar())
    return reporter.error(
        node.position,
        "a graph reads {0}; required is a name, a number or 'at_time'",
        node.describe());
  std::string name = fillStars(node.text, fillings);
  GraphSignal result;
  if (std::optional<double> number = node.asNumber())
    result.constant = *number;
  else if (std::optional<bool> truth = node.asBool())
    result.constant = *truth;
  else
    result = find(name);
  if (result)
    return result;
  std::set<std::string> all;
  for (auto &[key, signal] : names)
    all.insert(key);
  // What `find` makes when it is asked.
  for (auto &[key, signal] : importer.signals)
    if (signal.isSteps())
      all.insert({key + ".mask", key + ".length"});
  std::vector<StringRef> known(all.begin(), all.end());
  return reporter.error(node.position, "there is no '{0}' for a graph here{1}",
                        name, suggestOf(name, known, "known are"));
}

void Graphs::reportTwoValues(const NamedGraph &graph,
                             const onnx::OnnxGraph::Input &input,
                             Position position) {
  reporter.error(position,
                 "input '{0}' of graph '{1}' gets two values; required is one",
                 input.name, graph.name);
}

void Graphs::readInputs(const NamedGraph &graph, StringMap<GraphSignal> &fed) {
  for (const Entry &entry : reporter.readEntries(
           graph.node->find("inputs"), "graph '" + graph.name + "': 'inputs'",
           "a mapping from the graph's inputs to what they get")) {
    bool matched = false;
    for (const onnx::OnnxGraph::Input &input : graph.graph.getInputs()) {
      auto fillings = matchName(entry.key, input.name);
      if (!fillings)
        continue;
      matched = true;
      if (fed.count(input.name)) {
        reportTwoValues(graph, input, entry.keyPosition);
        continue;
      }
      GraphSignal signal = resolve(entry.value, *fillings);
      if (signal)
        signal = Tensor{conform(graph, input, signal, entry.value.position),
                        input.type};
      fed[input.name] = signal;
    }
    if (!matched)
      reporter.error(
          entry.keyPosition, "graph '{0}' has no input '{1}'{2}", graph.name,
          entry.key,
          suggestOf(entry.key, namesOf(graph.graph.getInputs()), "known are"));
  }
}

//===----------------------------------------------------------------------===//
// Values as inputs take them
//===----------------------------------------------------------------------===//

Tensor Graphs::fit(Tensor tensor, ArrayRef<OpFoldResult> wanted) {
  Extents sizes = e.simplify(wanted), shared = e.extents(tensor);
  if (llvm::equal(sizes, shared, Emitter::isSame))
    return tensor;
  for (auto [size, extent] : zip(sizes, shared))
    if (!Emitter::isSame(size, extent))
      extent = min(Number(e, size), e.toValue(extent));
  Tensor zeros = e.fill(tensor.type, sizes, 0);
  return e.insert(e.slice(tensor, {}, shared), zeros);
}

Value Graphs::conform(const NamedGraph &graph,
                      const onnx::OnnxGraph::Input &input,
                      const GraphSignal &signal, Position position) {
  auto mismatch = [&](const Twine &required) -> Value {
    return reporter.error(
        position, "input '{0}' of graph '{1}' gets {2}; required is {3}",
        input.name, graph.name, describe(signal), required);
  };
  if (!onnx::getStorage(&reporter.getContext(), input.type))
    return mismatch(describe(input) + ", which is not supported");
  if (!signal.tensor) {
    // A number of steps is no truth: every one but 0 would be the same.
    if (input.type == DataType::Bool &&
        (signal.number ||
         (signal.constant && *signal.constant != 0 && *signal.constant != 1)))
      return mismatch(describe(input) +
                      ", such as 'NAME.mask' of an input NAME");
    Extents sizes;
    SmallVector<int64_t> shape;
    for (int64_t extent : input.shape) {
      if (extent > 1 && signal.number)
        return mismatch(describe(input));
      shape.push_back(std::max<int64_t>(extent, 1));
      sizes.push_back(e.fixed(shape.back()));
    }
    if (signal.constant)
      return e.fill(input.type, sizes, *signal.constant).value;
    Value number = e.scalars().fromIndex(DataType::Int64, signal.number);
    return e.convert(e.fromElements(DataType::Int64, shape, number), input.type)
        .value;
  }
  Tensor tensor = signal.tensor;
  // Extents of one are no difference.
  int64_t rank = input.shape.size();
  for (int64_t d = 0; d < tensor.getRank() && tensor.getRank() > rank;)
    if (tensor.getShape()[d] == 1)
      tensor = e.squeeze(tensor, d);
    else
      ++d;
  tensor = frontend::padRank(e, tensor, rank);
  if (tensor.getRank() != rank)
    return mismatch(describe(input));
  for (auto [extent, own] : zip(input.shape, tensor.getShape()))
    if (extent >= 0 && extent != own)
      return mismatch(describe(input));
  if (onnx::isFloat(tensor.type) && !onnx::isFloat(input.type))
    return mismatch(describe(input));
  return e.convert(tensor, input.type).value;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

bool Graphs::build(NamedGraph &graph, const StringMap<GraphSignal> &fed) {
  bool sound = true;
  onnx::InputShapes shapes;
  for (const onnx::OnnxGraph::Input &input : graph.graph.getInputs()) {
    auto it = fed.find(input.name);
    if (it == fed.end())
      reporter.error(
          graph.position,
          "input '{0}' ({1}) of graph '{2}' gets no value; required is an "
          "entry under {3}",
          input.name, describe(input), graph.name,
          inStep ? "'inputs', 'states' or 'caches'" : "'inputs'");
    if (it == fed.end() || !it->second.tensor) {
      sound = false;
      continue;
    }
    llvm::append_range(shapes[input.name], it->second.tensor.getShape());
  }
  if (!sound)
    return false;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      graph.graph.import(reporter.getContext(), shapes);
  if (!module)
    return reporter.error(
        graph.node->find("onnx")->position,
        "graph '{0}' of '{1}' cannot be built; its errors stand above",
        graph.name, graph.file);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  SmallVector<Value> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<mlir::StringAttr>(
        i, seq::getMarkName<seq::NameMark>());
    Tensor value = fed.find(name.getValue())->second.tensor;
    auto type = mlir::cast<RankedTensorType>(function.getArgumentTypes()[i]);
    arguments.push_back(e.castShape(value, type.getShape()).value);
  }
  inlineBody(function, arguments, graph);
  return true;
}

void Graphs::inlineBody(mlir::func::FuncOp function, ArrayRef<Value> arguments,
                        const NamedGraph &graph) {
  mlir::IRMapping mapping;
  mapping.map(function.getArguments(), arguments);
  for (Operation &op : function.getBody().front().without_terminator()) {
    Operation *copy = e.getBuilder().clone(op, mapping);
    // Files are named from the description's folder.
    if (auto weight = mlir::dyn_cast<seq::WeightOp>(copy)) {
      SmallString<128> file(sys::path::parent_path(graph.file));
      sys::path::append(file, weight.getFile());
      weight.setFile(file);
    }
  }
  Operation *terminator = function.getBody().front().getTerminator();
  for (auto [i, value] : enumerate(terminator->getOperands())) {
    auto name = function.getResultAttrOfType<mlir::StringAttr>(
        i, seq::getMarkName<seq::NameMark>());
    const auto *output = findNamed(graph.graph.getOutputs(), name.getValue());
    // Part of a sequence.
    if (!output)
      continue;
    define(graph.name + "." + output->name,
           Tensor{mapping.lookup(value), output->type});
  }
}

Tensor Graphs::getResult(const NamedGraph &graph, StringRef output) {
  return names[graph.name + "." + output.str()].tensor;
}

//===----------------------------------------------------------------------===//
// What a step does not change
//===----------------------------------------------------------------------===//

/// Whether an op does the same further out. A check goes with what it checks:
/// ops that rely on it move as well. Each op is entered once by its parent, and
/// regions nest as deep as the graphs that they come from.
static bool canMove(Operation &op) {
  if (mlir::isa<seq::RequireOp>(op) || mlir::isMemoryEffectFree(&op))
    return true;
  if (!op.hasTrait<mlir::OpTrait::HasRecursiveMemoryEffects>())
    return false;
  for (mlir::Region &region : op.getRegions())
    for (Operation &inner : region.getOps())
      if (!canMove(inner))
        return false;
  return true;
}

void Graphs::moveOut(mlir::Region &region, Operation *target) {
  mlir::moveLoopInvariantCode(
      &region,
      [&](Value value, mlir::Region *) {
        return !target->isAncestor(value.getParentBlock()->getParentOp());
      },
      [](Operation *op, mlir::Region *) { return canMove(*op); },
      [&](Operation *op, mlir::Region *) { op->moveBefore(target); });
}

} // namespace seqc::yaml
