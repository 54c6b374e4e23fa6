//===- Graphs.cpp - ONNX graphs and what they are fed ---------------------===//

#include "frontends/YAML/Graphs.h"
#include "dialect/Seq/IR/Marks.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using seqc::frontend::DataType;
using seqc::frontend::Tensor;

namespace seqc::yaml {

static constexpr int64_t kAny = mlir::ShapedType::kDynamic;

//===----------------------------------------------------------------------===//
// Nest
//===----------------------------------------------------------------------===//

unsigned Nest::find(mlir::Value value) const {
  for (unsigned i = levels.size(); i-- > 0;)
    if (levels[i].block == value.getParentBlock())
      return i;
  return getInnermost();
}

unsigned Nest::place(mlir::ValueRange operands) const {
  unsigned level = 0;
  for (mlir::Value operand : operands)
    level = std::max(level, find(operand));
  return sparse && level ? getInnermost() : level;
}

void Nest::setInsertionPoint(mlir::OpBuilder &builder, unsigned level) const {
  if (levels[level].before)
    builder.setInsertionPoint(levels[level].before);
  else
    builder.setInsertionPointToEnd(levels[level].block);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

const onnx::OnnxGraph::Input *NamedGraph::findInput(StringRef input) const {
  for (const onnx::OnnxGraph::Input &candidate : graph.getInputs())
    if (candidate.name == input)
      return &candidate;
  return nullptr;
}

const onnx::OnnxGraph::Output *NamedGraph::findOutput(StringRef output) const {
  for (const onnx::OnnxGraph::Output &candidate : graph.getOutputs())
    if (candidate.name == output)
      return &candidate;
  return nullptr;
}

std::vector<StringRef> NamedGraph::getInputNames() const {
  std::vector<StringRef> list;
  for (const onnx::OnnxGraph::Input &input : graph.getInputs())
    list.push_back(input.name);
  return list;
}

std::vector<StringRef> NamedGraph::getOutputNames() const {
  std::vector<StringRef> list;
  for (const onnx::OnnxGraph::Output &output : graph.getOutputs())
    list.push_back(output.name);
  return list;
}

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
static std::string describe(const onnx::OnnxGraph::Input &input) {
  SmallVector<std::string> extents;
  for (auto [extent, symbol] : zip(input.shape, input.symbols))
    extents.push_back(extent >= 0      ? std::to_string(extent)
                      : symbol.empty() ? "?"
                                       : symbol);
  return onnx::getName(input.type) + "[" + join(extents, ", ") + "]";
}

static std::string describe(const GraphSignal &signal) {
  if (!signal.tensor)
    return "one number";
  SmallVector<std::string> extents;
  for (int64_t extent : signal.tensor.getShape())
    extents.push_back(extent == kAny ? "?" : std::to_string(extent));
  return onnx::getName(signal.tensor.type) + "[" + join(extents, ", ") + "]";
}

/// "; did you mean 'x'?" or the list of what there is.
static std::string hint(StringRef name, const std::vector<StringRef> &known) {
  return suggest(name, known, "; known are " + join(known, ", "));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Graphs::Graphs(Importer &importer)
    : importer(importer), reporter(importer.reporter), nest(importer.body),
      loc(importer.outer.getLoc()) {
  for (auto &[name, signal] : importer.signals)
    if (signal.isValid())
      names[name] = signal.value;
}

std::unique_ptr<NamedGraph> Graphs::open(const Entry &entry,
                                         ArrayRef<StringRef> keys) {
  SmallVector<StringRef> all = {"onnx", "inputs"};
  llvm::append_range(all, keys);
  MappingReader reader(reporter, entry.value, "graph '" + entry.key + "'", all);
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
  if (!graph) {
    reporter.error(position, "graph '" + entry.key + "': the file " +
                                 toString(graph.takeError()));
    return nullptr;
  }
  return std::make_unique<NamedGraph>(
      NamedGraph{entry.key, &entry.value, entry.keyPosition, *file,
                 sys::path::parent_path(*file).str(), std::move(*graph)});
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
  auto input = importer.signals.find(base);
  if (input == importer.signals.end() ||
      (input->second.kind != Signal::Kind::Tokens &&
       input->second.kind != Signal::Kind::Sequence))
    return {};
  frontend::Emitter e = emitAt(0);
  Tensor tensor = names[base.str()].tensor;
  mlir::Value steps = e.extentValue(tensor, input->second.timeMajor ? 0 : 1);
  frontend::Scalars s = e.scalars();
  if (mlir::Value lengths = input->second.lengths)
    steps = s.minIndex(
        steps,
        s.maxIndex(s.index(0),
                   s.toIndex(DataType::Int32, e.load({lengths, DataType::Int32},
                                                     {s.index(0)}))));
  GraphSignal result;
  if (isMask) {
    auto sizes = e.extents(tensor);
    sizes.resize(2);
    int64_t time = input->second.timeMajor ? 0 : 1;
    result.tensor = e.generate(
        DataType::Int64, sizes, [&](frontend::Scalars &s, mlir::ValueRange at) {
          return s.select(
              s.compareIndex(mlir::arith::CmpIPredicate::slt, at[time], steps),
              s.constantInteger(DataType::Int64, 1),
              s.constantInteger(DataType::Int64, 0));
        });
  } else {
    result = steps;
  }
  names[name.str()] = result;
  return result;
}

GraphSignal Graphs::resolveFrame(const Node &node,
                                 ArrayRef<std::string> fillings) {
  MappingReader reader(reporter, node, "a frame", {"at_time", "axis"});
  const Node *source = reader.require(
      "at_time", "the name of a tensor of which one frame is taken");
  std::optional<int64_t> axis = reader.getInteger("axis", 0, 7);
  if (!source)
    return {};
  if (!time) {
    reporter.error(node.position,
                   "a frame is read where there is no time; required "
                   "is a graph of the step and 'search: transducer'");
    return {};
  }
  GraphSignal whole = resolve(*source, fillings);
  if (!whole)
    return {};
  if (!whole.tensor || whole.tensor.getRank() <= axis.value_or(1)) {
    reporter.error(source->position,
                   "'at_time' is " + describe(whole) +
                       "; required is a tensor with a dimension " +
                       Twine(axis.value_or(1)));
    return {};
  }
  frontend::Emitter e = emitFor({whole.tensor.value, time});
  frontend::Scalars s = e.scalars();
  mlir::Value last =
      s.subIndex(e.extentValue(whole.tensor, axis.value_or(1)), s.index(1));
  mlir::Value at = s.maxIndex(s.minIndex(time, last), s.index(0));
  return e.sliceDim(whole.tensor, axis.value_or(1), at,
                    e.getBuilder().getIndexAttr(1));
}

GraphSignal Graphs::resolve(const Node &node, ArrayRef<std::string> fillings) {
  if (node.isMapping())
    return resolveFrame(node, fillings);
  GraphSignal result;
  if (node.isScalar() && !node.quoted) {
    if (std::optional<double> number = node.asNumber())
      result.constant = *number;
    else if (std::optional<bool> truth = node.asBool())
      result.constant = *truth;
    if (result)
      return result;
  }
  std::string name = fillStars(node.text, fillings);
  if (node.isScalar())
    result = find(name);
  if (result)
    return result;
  std::set<std::string> all;
  for (auto &[key, signal] : names)
    all.insert(key);
  // What `find` makes when it is asked.
  for (auto &[key, signal] : importer.signals)
    if (signal.kind == Signal::Kind::Tokens ||
        signal.kind == Signal::Kind::Sequence)
      all.insert({key + ".mask", key + ".length"});
  std::vector<StringRef> known(all.begin(), all.end());
  if (node.isScalar())
    reporter.error(node.position, "there is no '" + name +
                                      "' for a graph here" + hint(name, known));
  else
    reporter.error(node.position,
                   "a graph reads " + node.describe() +
                       "; required is a name, a number or 'at_time'");
  return {};
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
        reporter.error(entry.keyPosition,
                       "input '" + input.name + "' of graph '" + graph.name +
                           "' gets two values; required is one");
        continue;
      }
      GraphSignal signal = resolve(entry.value, *fillings);
      if (signal)
        signal = Tensor{conform(graph, input, signal, entry.value.position),
                        input.type};
      fed[input.name] = signal;
    }
    if (!matched)
      reporter.error(entry.keyPosition,
                     "graph '" + graph.name + "' has no input '" + entry.key +
                         "'" + hint(entry.key, graph.getInputNames()));
  }
}

//===----------------------------------------------------------------------===//
// Values as inputs take them
//===----------------------------------------------------------------------===//

frontend::Emitter Graphs::emitAt(unsigned level) const {
  frontend::Emitter e(&reporter.getContext());
  e.setLoc(loc);
  nest.setInsertionPoint(e.getBuilder(), level);
  return e;
}

Tensor Graphs::fit(frontend::Emitter &e, Tensor tensor,
                   ArrayRef<mlir::OpFoldResult> wanted) {
  frontend::Extents sizes = e.simplify(wanted), own = e.extents(tensor);
  bool same = true;
  for (auto [size, extent] : zip(sizes, own))
    same &= frontend::Emitter::isSame(size, extent);
  if (same)
    return tensor;
  frontend::Scalars s = e.scalars();
  frontend::Extents shared,
      offsets(sizes.size(), e.getBuilder().getIndexAttr(0));
  for (auto [size, extent] : zip(sizes, own))
    shared.push_back(frontend::Emitter::isSame(size, extent)
                         ? size
                         : mlir::OpFoldResult(
                               s.minIndex(e.toValue(size), e.toValue(extent))));
  Tensor zeros = e.fill(tensor.type, sizes, 0);
  return e.insert(e.slice(tensor, offsets, shared), zeros, offsets);
}

mlir::Value Graphs::conform(const NamedGraph &graph,
                            const onnx::OnnxGraph::Input &input,
                            const GraphSignal &signal, Position position) {
  auto mismatch = [&](const Twine &required) -> mlir::Value {
    reporter.error(position, "input '" + input.name + "' of graph '" +
                                 graph.name + "' gets " + describe(signal) +
                                 "; required is " + required);
    return {};
  };
  mlir::Type storage = onnx::getStorage(&reporter.getContext(), input.type);
  if (!storage)
    return mismatch(describe(input) + ", which is not supported");
  if (!signal.tensor) {
    // A number of steps is no truth: every one but 0 would be the same.
    if (input.type == DataType::Bool &&
        (signal.number ||
         (signal.constant && *signal.constant != 0 && *signal.constant != 1)))
      return mismatch(describe(input) +
                      ", such as 'NAME.mask' of an input NAME");
    frontend::Emitter e = signal.number ? emitFor(signal.number) : emitAt(0);
    frontend::Extents sizes;
    SmallVector<int64_t> shape;
    for (int64_t extent : input.shape) {
      if (extent > 1 && signal.number)
        return mismatch(describe(input));
      shape.push_back(std::max<int64_t>(extent, 1));
      sizes.push_back(e.getBuilder().getIndexAttr(shape.back()));
    }
    if (signal.constant)
      return e.fill(input.type, sizes, *signal.constant).value;
    frontend::Scalars s = e.scalars();
    Tensor number = e.fromElements(DataType::Int64, shape,
                                   s.fromIndex(DataType::Int64, signal.number));
    if (input.type == DataType::Int64)
      return number.value;
    if (onnx::getComputeType(input.type) != input.type)
      return e.convert(number, input.type).value;
    return e
        .fromElements(input.type, shape,
                      s.convert(DataType::Int64, input.type,
                                s.fromIndex(DataType::Int64, signal.number)))
        .value;
  }
  Tensor tensor = signal.tensor;
  frontend::Emitter e = emitFor(tensor.value);
  // Extents of one are no difference.
  int64_t rank = input.shape.size();
  for (int64_t d = 0; d < tensor.getRank() && tensor.getRank() > rank;)
    if (tensor.getShape()[d] == 1)
      tensor = e.squeeze(tensor, d);
    else
      ++d;
  while (tensor.getRank() < rank)
    tensor = e.unsqueeze(tensor, 0);
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
          "input '" + input.name + "' (" + describe(input) + ") of graph '" +
              graph.name + "' gets no value; required is an entry under " +
              (inStep ? "'inputs', 'states' or 'caches'" : "'inputs'"));
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
  if (!module) {
    reporter.error(graph.node->find("onnx")->position,
                   "graph '" + graph.name + "' of '" + graph.file +
                       "' cannot be built; its errors stand above");
    return false;
  }
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  SmallVector<mlir::Value> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<mlir::StringAttr>(
        i, seq::getMarkName<seq::NameMark>());
    frontend::Emitter e =
        emitFor(fed.find(name.getValue())->second.tensor.value);
    arguments.push_back(e.castShape(fed.find(name.getValue())->second.tensor,
                                    mlir::cast<mlir::RankedTensorType>(
                                        function.getArgumentTypes()[i])
                                        .getShape())
                            .value);
  }
  inlineBody(function, arguments, graph);
  return true;
}

/// Whether an op does the same further out. A check goes with what it checks:
/// ops that rely on it move as well. Each op is entered once by its parent, and
/// regions nest as deep as the graphs that they come from.
static bool canMove(mlir::Operation &op) {
  if (mlir::isa<seq::RequireOp>(op) || mlir::isMemoryEffectFree(&op))
    return true;
  if (!op.hasTrait<mlir::OpTrait::HasRecursiveMemoryEffects>())
    return false;
  for (mlir::Region &region : op.getRegions())
    for (mlir::Operation &inner : region.getOps())
      if (!canMove(inner))
        return false;
  return true;
}

void Graphs::inlineBody(mlir::func::FuncOp function,
                        ArrayRef<mlir::Value> arguments, NamedGraph &graph) {
  mlir::IRMapping mapping;
  mapping.map(function.getArguments(), arguments);
  mlir::OpBuilder builder(&reporter.getContext());
  for (mlir::Operation &op : function.getBody().front().without_terminator()) {
    SmallVector<mlir::Value> operands;
    for (mlir::Value operand : op.getOperands())
      operands.push_back(mapping.lookup(operand));
    SetVector<mlir::Value> captured;
    mlir::getUsedValuesDefinedAbove(op.getRegions(), captured);
    for (mlir::Value value : captured)
      operands.push_back(mapping.lookup(value));
    unsigned level = canMove(op) ? nest.place(operands) : nest.getInnermost();
    nest.setInsertionPoint(builder, level);
    mlir::Operation *copy = builder.clone(op, mapping);
    // Files are named from the description's folder.
    if (auto weight = mlir::dyn_cast<seq::WeightOp>(copy);
        weight && !graph.folder.empty()) {
      SmallString<128> file(graph.folder);
      sys::path::append(file, weight.getFile());
      weight.setFile(file);
    }
  }
  mlir::Operation *terminator = function.getBody().front().getTerminator();
  for (auto [i, value] : enumerate(terminator->getOperands())) {
    auto name = function.getResultAttrOfType<mlir::StringAttr>(
        i, seq::getMarkName<seq::NameMark>());
    const onnx::OnnxGraph::Output *output = graph.findOutput(name.getValue());
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

} // namespace seqc::yaml
