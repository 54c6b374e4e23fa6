//===- Recurrent.h - Layers with states -------------------------*- C++ -*-===//
//
// The ops rnn, gru and lstm differ from user-written cells in their attributes
// and in what one step computes; input, direction, initial and final states are
// the same.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_RECURRENT_H
#define FRONTENDS_YAML_RECURRENT_H

#include "frontends/YAML/Importer.h"

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc::yaml {

class EquationBuilder;

/// A layer with states: a recurrent op, or a user-written cell. Outside of a
/// step it runs over a sequence, inside it takes one.
class RecurrentLayer {
public:
  /// The layer of a kind that is recurrent.
  static std::unique_ptr<RecurrentLayer> create(Importer &importer,
                                                LayerContext &layer);
  virtual ~RecurrentLayer() = default;

  /// Builds the layer; gives its output.
  Signal run();
  /// Declares its states to the step that is being built, and the output of the
  /// previous step under `NAME.previous`. What is wrong with the layer is left
  /// to run().
  void declareStates(Position position);

protected:
  /// Layers of a stack have a state of `size` features each.
  struct State {
    std::string name;
    int64_t size = 0;
    /// What it begins with, `[depth * directions, batch, size]`, or null if the
    /// description gives nothing.
    Tensor initial = {};
    /// What it ends with, `[directions, batch, size]` for every layer of the
    /// stack.
    llvm::SmallVector<Tensor> finals = {};
  };

  RecurrentLayer(Importer &importer, LayerContext &layer)
      : importer(importer), layer(layer), reader(layer.reader) {}

  /// Reads everything but `direction`, and the sizes of the states; false where
  /// an attribute that weights depend on is absent or wrong.
  virtual bool readAttributes() = 0;
  /// The state that is the output at a step, or null.
  virtual const State *getOutput() const = 0;
  /// Sets the next states; gives the output, null after an error.
  virtual Tensor buildStep(Tensor x) = 0;
  /// The output `[time, batch, features]` of an input of that form, null after
  /// an error. Appends to what each state ends with.
  virtual Tensor buildSequence(Tensor x, Value lengths) = 0;

  /// The step's state `state` of one layer of the stack, or null.
  StepState *findState(const State &state, int64_t index) const;
  void define(const llvm::Twine &name, Signal signal) {
    importer.define((layer.name + "." + name).str(), std::move(signal),
                    layer.user.position);
  }

  Importer &importer;
  LayerContext &layer;
  const MappingReader &reader;
  std::vector<State> states;
  int64_t depth = 1, directions = 1;
  seq::Direction direction = seq::Direction::Forward;

private:
  bool readDirection();
  /// What a state begins with.
  Tensor readInitial(const State &state);
  /// Whether `initial` names one value, where a layer or a mapping from states
  /// to values is required; reported once.
  bool isLoneInitial(const Node &initial, llvm::StringRef state);
  std::string keyOf(const State &state, int64_t index) const {
    return layer.name + "." + state.name + std::to_string(index);
  }
};

/// A layer of a cell that the description defines or names.
class CellLayer : public RecurrentLayer {
public:
  CellLayer(Importer &importer, LayerContext &layer,
            const CellDefinition &cell);

private:
  bool readAttributes() override;
  const State *getOutput() const override;
  Tensor buildStep(Tensor x) override;
  Tensor buildSequence(Tensor x, Value lengths) override;
  /// Evaluates the equations; the new states, then the output. Empty on errors.
  llvm::SmallVector<Value> evaluate(EquationBuilder &equations);

  const CellDefinition &cell;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_RECURRENT_H
