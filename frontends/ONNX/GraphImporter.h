//===- GraphImporter.h - From ONNX graphs to a function ----------*- C++-*-===//
//
// Walks the nodes of a graph in order, resolves names through the scopes that
// enclose it, inlines the model's own functions and hands every other node to
// its operator's converter. A node that fails is reported and its outputs are
// marked, so that one run tells all faults.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_GRAPHIMPORTER_H
#define FRONTENDS_ONNX_GRAPHIMPORTER_H

#include "frontends/ONNX/Node.h"
#include "frontends/ONNX/OnnxFile.h"
#include "frontends/ONNX/OnnxGraph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SaveAndRestore.h"

#include <array>

namespace google::protobuf {
template <typename Element> class RepeatedPtrField;
} // namespace google::protobuf

namespace seqc::onnx {

namespace format {
class FunctionProto;
class TypeProto;
class ValueInfoProto;
} // namespace format

/// The name of a domain in the operator table: "" for "ai.onnx".
llvm::StringRef normalizeDomain(llvm::StringRef domain);

/// The order in which nodes can be imported: as they stand, but after those
/// whose outputs they read. In a cycle a node stays before one of them.
llvm::SmallVector<int>
sortNodes(const google::protobuf::RepeatedPtrField<format::NodeProto> &list);

/// Builds the module of one model.
class GraphImporter {
public:
  GraphImporter(OnnxFile &file, mlir::MLIRContext &context,
                llvm::StringRef path, const llvm::StringSet<> &knownLoose = {});

  /// Inputs are fed with these extents. What the caller feeds need not keep
  /// equal symbols equal, so they are not relied on.
  void setInputShapes(const InputShapes &shapes) { inputShapes = &shapes; }

  /// The module with the entry `forward`; null after errors, which were
  /// reported.
  mlir::OwningOpRef<mlir::ModuleOp> run();

  /// Symbols that name several extents of inputs which do not have to be equal:
  /// the model's own outputs call another extent so. Known after run().
  const llvm::StringSet<> &getLooseSymbols() const { return looseSymbols; }

  //===--- For converters -------------------------------------------------===//

  Emitter &getEmitter() { return emitter; }

  /// Imports the nodes of a graph attribute at the insertion point, with
  /// `inputs` as the values of its inputs; names it does not define come from
  /// outside. Gives the values of its outputs.
  llvm::FailureOr<std::vector<GraphValue>>
  importGraph(const format::GraphProto &graph,
              llvm::ArrayRef<GraphValue> inputs);

  /// Called by the converter of an If whose branches give values of different
  /// structure. The rest of the graph is imported once behind each branch.
  void forkAt(const Node &node, mlir::Value condition,
              std::array<const format::GraphProto *, 2> branches);

  /// A tensor of the file as constant, or as a reference to weights where it
  /// is large. `what` names it in messages.
  llvm::FailureOr<Tensor> importTensor(const format::TensorProto &tensor,
                                       const llvm::Twine &what);

  llvm::FailureOr<Tensor> importTensor(const format::SparseTensorProto &tensor,
                                       const llvm::Twine &what);

  llvm::LogicalResult error(const llvm::Twine &message);
  llvm::LogicalResult unsupported(const llvm::Twine &message);
  bool hasErrors() const { return errors != 0; }
  /// While an import is tried that may be thrown away, nothing is reported: as
  /// long as what this gives lives.
  [[nodiscard]] llvm::SaveAndRestore<bool> beSilent(bool value = true) {
    return {silent, silent || value};
  }
  bool isSilent() const { return silent; }
  /// Faults of an import that is thrown away do not count.
  unsigned countErrors() const { return errors; }
  /// How many errors told what nobody supports; never fewer than before.
  unsigned countUnsupported() const { return unsupportedErrors; }
  void forgetErrors(unsigned before) { errors = before; }
  /// The rank that the graph at hand declares for a value; nothing if it does
  /// not.
  std::optional<int64_t> getDeclaredRank(llvm::StringRef name) const;
  /// The type that the graph declares for the elements of a tensor; Undefined
  /// where it declares none.
  DataType getDeclaredType(llvm::StringRef name) const;

  /// How many loops around the node at hand are being tried as copies.
  unsigned copies = 0;

private:
  using NodeList = google::protobuf::RepeatedPtrField<format::NodeProto>;

  /// Gives values at the insertion point.
  using SideFn = std::function<llvm::FailureOr<std::vector<GraphValue>>()>;

  /// A node at which the import goes two ways: an If, or one that reads a
  /// tensor of unknown rank.
  struct Fork {
    mlir::Value condition;
    /// What `names` are on each side.
    std::array<SideFn, 2> sides;
    llvm::SmallVector<std::string> names;
    /// The node, for messages.
    std::string what;
    /// Whether the node itself is imported behind the fork.
    bool again = false;
  };
  /// Errors that are told before the import gives up.
  static constexpr unsigned kMostErrors = 20;

  /// Names of one graph or function body.
  struct Scope {
    Scope *parent = nullptr;
    llvm::StringMap<GraphValue> values;
    /// Names whose nodes failed.
    llvm::StringSet<> broken;
    /// Names that a node of the graph gives, for messages.
    llvm::StringSet<> promised;
    /// What the graph says of the types of its values. Of graphs inside of
    /// nodes nothing is noted: exporters declare their values at random.
    llvm::StringMap<const format::TypeProto *> declared;

    /// Takes over what is said of some values.
    template <typename List> void declare(const List &values) {
      for (const auto &value : values)
        declared[value.name()] = &value.type();
    }
    const llvm::StringMap<int64_t> *opsets = nullptr;
    const Bindings *bindings = nullptr;
    /// Null in a function.
    const format::GraphProto *graph = nullptr;
  };

  bool readOpsets();
  void importInputs();
  void importInput(const format::ValueInfoProto &input);
  /// The tensor `name` of `type` as argument of the function; null after an
  /// error.
  Tensor importTensorInput(const std::string &name,
                           const format::TypeProto &type);
  /// An input without shape whose rank the graph leaves open, as two arguments.
  GraphValue importUnrankedInput(const std::string &name, DataType type,
                                 llvm::ArrayRef<int64_t> ranks);
  /// Finds the ranks of inputs without shape with which the graph is valid.
  void settleRanks();
  /// Tells the user what was found and how it is read.
  void note(const llvm::Twine &message);
  /// Reports inputs of a type that nobody can pass.
  bool checkInputType(const llvm::Twine &what, DataType type);
  /// An argument of the function.
  Tensor addInput(const std::string &name, DataType type,
                  llvm::ArrayRef<int64_t> shape);
  /// An argument that passes one part of the input `of`.
  Tensor addPart(const std::string &of, llvm::StringRef part, DataType type,
                 llvm::ArrayRef<int64_t> shape);
  llvm::FailureOr<GraphValue>
  importSequenceInput(const std::string &name, const format::TypeProto &type);
  void addOutput(const std::string &name, Tensor tensor,
                 llvm::StringRef of = "", llvm::StringRef part = "");
  void importOutputs();
  /// Fills `looseSymbols`.
  void findLooseSymbols();
  /// But for those in `given`, which have values already.
  void importInitializers(const format::GraphProto &graph,
                          const llvm::StringSet<> &given = {});
  void addInitializer(const std::string &name, llvm::FailureOr<Tensor> value);
  llvm::FailureOr<Tensor> importBytes(llvm::Expected<TensorBytes> bytes,
                                      llvm::StringRef name,
                                      const llvm::Twine &what);
  /// `results` are the names that are read behind the nodes.
  void importNodes(const NodeList &nodes,
                   llvm::ArrayRef<llvm::StringRef> results);
  void importInOrder(llvm::ArrayRef<const format::NodeProto *> order,
                     llvm::ArrayRef<llvm::StringRef> results);
  void importNode(const format::NodeProto &proto);
  /// Goes two ways by the rank of the value called `name`.
  void forkByRank(const Node &node, const std::string &name,
                  const GraphValue &value);
  void importPaths(const Fork &from,
                   llvm::ArrayRef<const format::NodeProto *> rest,
                   llvm::ArrayRef<llvm::StringRef> results);
  llvm::FailureOr<std::vector<GraphValue>>
  importPath(const Fork &from, int side,
             llvm::ArrayRef<const format::NodeProto *> rest,
             llvm::ArrayRef<llvm::StringRef> results);
  /// Imports nodes in a scope of their own, behind what `prepare` imports, and
  /// gives `results`. A message says `who` asks and of what they are results.
  llvm::FailureOr<std::vector<GraphValue>>
  importBody(Scope &inner, const NodeList &nodes,
             llvm::ArrayRef<llvm::StringRef> results, const llvm::Twine &who,
             const llvm::Twine &of,
             llvm::function_ref<void()> prepare = nullptr);
  llvm::FailureOr<std::vector<GraphValue>>
  readResults(llvm::ArrayRef<llvm::StringRef> names, const llvm::Twine &who,
              const llvm::Twine &of);
  llvm::LogicalResult importCall(const format::FunctionProto &function,
                                 Node &node);
  /// Why `value` is not what the graph declares `name` as; empty if it is.
  std::string describeMismatch(llvm::StringRef name,
                               const GraphValue &value) const;
  /// Null if the name is not defined.
  const GraphValue *lookup(llvm::StringRef name, bool &broken);
  const format::FunctionProto *findFunction(const format::NodeProto &node);

  OnnxFile &file;
  mlir::MLIRContext &context;
  /// Symbols whose extents need not be equal, as an import before this found.
  llvm::StringSet<> knownLoose;
  mlir::Location fileLoc;
  Emitter emitter;
  mlir::func::FuncOp function;
  mlir::Operation *lastConstant = nullptr;
  const InputShapes *inputShapes = nullptr;
  /// Ranks that inputs without shape may have.
  llvm::StringMap<llvm::SmallVector<int64_t>> inputRanks;
  /// Whether this is a trial, for which other inputs without shape, and all
  /// that reads them, are of no interest.
  bool probing = false;
  Bindings noBindings;
  llvm::StringMap<int64_t> modelOpsets;
  Scope *scope = nullptr;
  llvm::StringSet<> looseSymbols;
  /// Symbols of two extents of inputs or more.
  llvm::StringSet<> sharedSymbols;
  /// Symbolic extents of inputs.
  llvm::SmallVector<std::pair<std::string, mlir::Value>> symbols;
  llvm::SmallVector<mlir::Value> returned;
  llvm::json::Array inputs, outputs;
  /// Set when the node that was imported last is a fork.
  std::optional<Fork> fork;
  unsigned forks = 0;
  /// On a trial, nodes behind an error are of no interest.
  bool stopsAtError = false;
  unsigned errors = 0, unsupportedErrors = 0;
  unsigned depth = 0;
  uint64_t nodes = 0;
  bool silent = false;
};

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_GRAPHIMPORTER_H
