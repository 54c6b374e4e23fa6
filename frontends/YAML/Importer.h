//===- Importer.h - From a description to seq IR ----------------*- C++ -*-===//
//
// One object per import. Every layer of the description turns signals into
// signals; a signal is a tensor that knows its role. The methods are spread
// over files by subject:
//
//   ImportYAML.cpp        the road from path to module
//   ImportVocabularies.cpp  vocabularies
//   ImportInputs.cpp      inputs, references to signals
//   ImportRecurrent.cpp   layers with states; rnn, gru, lstm
//   ImportCell.cpp        user-written cells
//   ImportEquation.cpp    equations
//   ImportAttention.cpp   attention of every kind
//   ImportFeedforward.cpp embedding, linear, activation, pool, equation, label
//   ImportGenerate.cpp    decoder step and search
//   Search.cpp            settings of a search and its op
//   Graphs.cpp            ONNX graphs and what they are fed
//   ImportGraphSearch.cpp, BuildGraphStep.cpp  a search around ONNX graphs
//   ImportOutputs.cpp     results, metadata
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_IMPORTER_H
#define FRONTENDS_YAML_IMPORTER_H

#include "frontends/Common/Layers.h"
#include "frontends/YAML/Equation.h"
#include "frontends/YAML/WeightReader.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"

#include <map>

namespace seqc::yaml {

/// A list of units of text and the roles of some of them.
struct Vocabulary {
  std::string unit = "char";
  bool lowercase = false;
  std::vector<std::string> tokens;
  std::optional<int64_t> pad, unknown, start, end;

  /// The id of `token`, if it is there.
  std::optional<int64_t> find(llvm::StringRef token) const;
};

/// A tensor and its role in the model.
struct Signal {
  enum class Kind {
    /// Stands for a value whose error has been reported.
    Invalid,
    /// i32 ids: [batch, time], or [lanes] in a step.
    Tokens,
    /// f32 [batch, time, features].
    Sequence,
    /// f32 [batch, features].
    Vector,
    /// f32 [layers * directions, batch, size], as PyTorch's h_n.
    State,
    /// f32 [batch, time]: one number per step.
    StepScalar,
    /// f32 [batch].
    Scalar,
    /// i32 [batch, time].
    StepLabel,
    /// i32 [batch].
    Label,
    /// f32 [batch, (heads,) queries, keys]; [lanes, keys] in a step.
    Weights
  };

  Kind kind = Kind::Invalid;
  Tensor value;
  /// Whether time comes before batch in `value`.
  bool timeMajor = false;
  /// Length of the last dimension of Sequence, Vector and State.
  int64_t features = 0;
  /// Living steps per row of a Sequence or Tokens, if rows differ.
  Value lengths;
  /// Name of the time dimension in the signature; of the keys' for Weights.
  std::string time, keyTime;
  /// Number of ids of Tokens; of states of State.
  int64_t count = 0;
  /// Known in the step only; and whether a step reads it from outside.
  bool inStep = false, isOuter = false;
  /// Line that made it.
  Position position;

  Signal() = default;
  /// A vector, or a stack of `count` states; its last dimension are features.
  Signal(Kind kind, Tensor value, int64_t count = 0)
      : kind(kind), value(value), features(value.getShape().back()),
        count(count) {}

  bool isValid() const { return kind != Kind::Invalid; }
  bool isVector() const { return kind == Kind::Vector; }
  bool isSequence() const { return kind == Kind::Sequence; }
  /// Whether a layer that treats each vector alone takes it. A step sees
  /// sequences by attention only.
  bool isFeatures() const { return isVector() || (isSequence() && !isOuter); }
  /// Whether it has a time dimension that a mask could tell.
  bool isSteps() const { return isSequence() || kind == Kind::Tokens; }
  /// What it is, in words: "a sequence of 64 features".
  std::string describe() const;
};

/// A user-written cell.
struct CellDefinition {
  std::string input;
  std::vector<std::string> states;
  std::string output;
  /// Equations and the place of each; those of named cells stand in no file.
  std::vector<std::pair<Equation, std::optional<Position>>> equations;
};

/// What a layer is being built from.
struct LayerContext {
  std::string name;
  std::string kind;
  /// Prefix of its weights: the name, or what `weights` says.
  std::string prefix;
  WeightUser user;
  MappingReader reader;
};

/// A state of the decoder step: its value inside and at the beginning, lanes
/// first.
struct StepState {
  Tensor inside;
  Tensor initial;
  /// What the step yields; set when the layer has been built.
  Tensor next;
};

/// The path of `file`, which must lie inside `folder`; reports and gives
/// nothing if it does not.
std::optional<std::string> confineToFolder(Reporter &reporter,
                                           Position position,
                                           llvm::StringRef folder,
                                           llvm::StringRef file);

/// Builds the module of one description.
class Importer {
public:
  Importer(Reporter &reporter, const Node &root, WeightReader &weights,
           const ImportOptions &options, llvm::StringRef folder,
           llvm::StringRef name);

  /// Builds the module; reports what is wrong.
  mlir::OwningOpRef<mlir::ModuleOp> run();

  /// Whether a description names ONNX files.
  static bool usesGraphs(const Node &root);

private:
  /// Closes the function and describes it.
  mlir::OwningOpRef<mlir::ModuleOp>
  finish(mlir::OwningOpRef<mlir::ModuleOp> module);

  //===--- Vocabularies (ImportVocabularies.cpp) --------------------------===//
  void readVocabularies();
  Vocabulary readVocabulary(const Entry &entry);
  /// Reads the tokens of the key `file`, if it is there; false if they are
  /// wrong, which it reports.
  bool readVocabularyFile(const MappingReader &reader, Vocabulary &vocabulary);

  //===--- Inputs, references (ImportInputs.cpp) --------------------------===//
  void readInputs(const MappingReader &description);
  void readInput(const Entry &entry);
  /// Gives `signal` the lengths `name`, which become an input unless they are
  /// one.
  void readLengths(const MappingReader &reader, llvm::StringRef name,
                   Signal &signal, Position position);
  /// The key `marks` of an input, checked; empty if it is absent.
  std::string readMarks(const MappingReader &reader,
                        const std::optional<std::string> &vocabulary);
  /// Notes that texts get marks of `name`, the vocabulary of what is generated,
  /// if they do so without being told.
  void noteSharedMarks(const std::string &name);
  /// Adds an argument to the entry and describes it by its shape and by `more`.
  /// Dimensions of one name have one extent.
  Tensor addArgument(llvm::StringRef name, DataType type,
                     llvm::json::Array shape, Position position,
                     llvm::json::Object more = {});
  /// Adds the lengths of the rows along the dimension `time`.
  Tensor addLengths(llvm::StringRef name, llvm::StringRef time,
                    Position position);
  /// Makes `name` known; reports a name that is taken.
  void define(llvm::StringRef name, Signal signal, Position position);
  /// The signal of a name that is known here, or null.
  const Signal *find(llvm::StringRef name) const {
    auto it = signals.find(name);
    bool isKnown = it != signals.end() && (step || !it->second.inStep);
    return isKnown ? &it->second : nullptr;
  }
  /// The names that are known here.
  std::vector<llvm::StringRef> getKnownNames() const;
  /// Whether a faulty layer would have given `name` besides its output.
  bool isOfFaultyLayer(llvm::StringRef name) const {
    const Signal *layer = find(name.rsplit('.').first);
    return layer && !layer->isValid();
  }
  const Signal *lookup(llvm::StringRef name, const Node &at);
  /// The signal `node` names, or the concatenation it lists.
  Signal resolve(const Node &node, llvm::StringRef subject);
  /// The signal of `key`, or the previous layer's if the key is absent.
  Signal resolveInput(const MappingReader &reader,
                      llvm::StringRef key = "input");
  /// The same of a layer that treats each vector of features alone.
  Signal resolveFeatures(const MappingReader &reader);
  Signal concatSignals(llvm::ArrayRef<Signal> parts, const Node &at);
  /// Reports that `key` has a signal of the wrong role.
  Signal mismatch(const MappingReader &reader, llvm::StringRef key,
                  const Signal &found, const llvm::Twine &required);
  Tensor batchMajor(const Signal &signal) {
    return signal.timeMajor ? swapAxes(signal) : signal.value;
  }
  Tensor timeMajor(const Signal &signal) {
    return signal.timeMajor ? signal.value : swapAxes(signal);
  }
  /// Batch and time of `signal` swapped, once for each value.
  Tensor swapAxes(const Signal &signal);
  /// `signal` with `value` (same axes, f32) in place of its own.
  Signal withValue(const Signal &signal, Tensor value) const;
  /// The extents `[batch, size]`.
  Extents getRowExtents(int64_t size);
  /// An argument `[lanes, size]` of a region that `e` fills, in f32; the first
  /// one tells the number of lanes.
  static Tensor addRows(Emitter &e, Block &block, int64_t size,
                        OpFoldResult &lanes);

  /// Whether `name` occurs anywhere in the description's texts.
  bool isMentioned(llvm::StringRef name) const {
    return mentioned.contains(name);
  }
  void collectMentioned(const Node &node);

  //===--- Layers (ImportFeedforward.cpp) ---------------------------------===//
  struct LayerKind;
  /// Every kind of layer that is no cell.
  static llvm::ArrayRef<LayerKind> getLayerKinds();
  void importLayers(const Node &layers);
  void importLayer(const Entry &entry);
  /// Reads what all layers have; nothing after an error.
  std::optional<LayerContext> openLayer(const Entry &entry);
  /// Whether a layer of `kind` has states.
  bool isRecurrent(llvm::StringRef kind) const;
  Signal importEmbedding(LayerContext &layer);
  Signal importLinear(LayerContext &layer);
  Signal importActivation(LayerContext &layer);
  Signal importLayerNorm(LayerContext &layer);
  Signal importPool(LayerContext &layer);
  Signal importLabel(LayerContext &layer);
  Signal importRecurrent(LayerContext &layer);
  Signal importAttention(LayerContext &layer);
  Signal importEquation(LayerContext &layer);
  friend class RecurrentLayer;
  friend class GatedLayer;
  friend class CellLayer;
  friend class AttentionImport;
  /// The weight `name` of a layer.
  Tensor getWeight(const LayerContext &layer, const llvm::Twine &name,
                   llvm::ArrayRef<int64_t> shape) {
    return weights.get((layer.prefix + "." + name).str(), shape, layer.user);
  }
  /// A size: a number, or a vocabulary's name for the number of its tokens.
  std::optional<int64_t> getSize(const MappingReader &reader,
                                 llvm::StringRef key);

  //===--- Cells (ImportCell.cpp) -----------------------------------------===//
  /// The description's cells, and the named ones that it mentions.
  void readCells();
  void readCell(const Entry &entry);

  //===--- States of a step (ImportGenerate.cpp) --------------------------===//
  /// Makes a state of `features` features, which begins with state `index` of a
  /// stack, or with zeros; gives its value inside the step.
  Tensor declareState(const std::string &name, Tensor stack, int64_t index,
                      int64_t features);
  /// State `index` of a stack, `[batch, size]`; zeros without one.
  Tensor takeState(Tensor stack, int64_t index, int64_t size);

  //===--- Generation (ImportGenerate.cpp) --------------------------------===//
  void importGenerate(const Node &generate);
  friend class GenerateImport;
  friend class Search;

  //===--- ONNX graphs (Graphs.cpp, ImportGraphSearch.cpp) ----------------===//
  /// Builds a description of ONNX graphs.
  void importGraphSearch();
  friend class Graphs;
  friend class GraphSearchImport;
  /// The batch in a signature: one around ONNX graphs.
  llvm::json::Value batchShape() const {
    return fixedBatch ? llvm::json::Value(1) : llvm::json::Value("batch");
  }

  //===--- Outputs (ImportOutputs.cpp) ------------------------------------===//
  void importOutputs(const Node &outputs);
  void importOutput(const Entry &entry);
  void addResult(llvm::StringRef name, Tensor value, llvm::json::Array shape);
  llvm::json::Object buildMetadata();
  llvm::json::Object describeTextInput();

  /// The builder of the region that is being filled.
  Emitter &builder() { return step ? *step : outer; }

  Reporter &reporter;
  const Node &root;
  WeightReader &weights;
  const ImportOptions &options;
  std::string folder;
  std::string modelName;

  Emitter outer;
  /// Set while the decoder step is built.
  std::unique_ptr<Emitter> step;
  Block *stepBlock = nullptr;
  /// The row of each lane of the step.
  Tensor stepRows;
  OpFoldResult stepLanes;
  llvm::MapVector<std::string, StepState, std::map<std::string, unsigned>>
      stepStates;

  std::map<std::string, Vocabulary, std::less<>> vocabularies;
  /// The vocabulary that the key `vocabulary` names; reports one that is not
  /// there.
  const Vocabulary *findVocabulary(const MappingReader &reader) const;
  std::map<std::string, CellDefinition, std::less<>> cells;
  /// Settings 'initial' that were reported.
  std::set<const Node *> reportedInitials;
  std::map<std::string, Signal, std::less<>> signals;
  /// Names that come later, for a better message.
  std::map<std::string, Position, std::less<>> layerPositions;
  /// Names of the classes of `label` layers, and the layer each reads.
  std::map<std::string, std::vector<std::string>, std::less<>> labelNames;
  std::map<std::string, std::string, std::less<>> labelSources;
  std::string previousLayer;
  llvm::StringSet<> mentioned;
  llvm::DenseMap<Value, Tensor> transposed, gathered;
  /// Extents that a call decides, by their names in the signature.
  std::map<std::string, OpFoldResult, std::less<>> symbols;

  Block *body = nullptr;
  /// Entries of the signature, and the values of its results.
  llvm::json::Array arguments, results;
  std::vector<Value> returned;
  /// A value whose extent `batchDim` is the batch.
  Tensor batchSource;
  int64_t batchDim = 0;
  bool fixedBatch = false;
  bool timeFirst = false;
  bool preferTimeMajor = false;

  std::string entryName = "forward";
  /// The input that text goes into: its name, its lengths' name, its
  /// vocabulary.
  std::string textInput, textLengths, textVocabulary;
  /// Which marks of the vocabulary a text gets; empty if the description leaves
  /// it to the vocabulary.
  std::string textMarks;
  Position textOrigin;
  std::optional<int64_t> textMaxLength;
  llvm::json::Object textOutput;
  std::string textKind;
  std::optional<llvm::json::Object> generation;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_IMPORTER_H
