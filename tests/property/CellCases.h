//===- CellCases.h - Recurrent layers to test -------------------*- C++ -*-===//

#ifndef TESTS_PROPERTY_CELLCASES_H
#define TESTS_PROPERTY_CELLCASES_H

#include "tests/property/CellReference.h"
#include "tests/property/Harness.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace seqc::test {

/// An activation the layers may use, and which of its parameters it takes.
struct ActivationInfo {
  const char *name;
  bool hasAlpha, hasBeta;
  double alpha, beta;
};

/// All activations of ONNX.
const std::vector<ActivationInfo> &allActivations();

/// A layer to test, with what it needs to be printed.
struct Layer {
  CellConfig config;
  bool hasLengths = false, explicitActivations = false;

  /// Names and types of the arguments it needs besides x, their names beginning
  /// with `prefix`. Lengths, which the layers of a stack share, are called "l".
  std::vector<std::pair<std::string, std::string>>
  arguments(const std::string &prefix) const;
  /// Types of Y, Y_h and, for an LSTM, Y_c.
  std::vector<std::string> resultTypes() const;
  /// The op that reads `x`.
  std::string printOp(const std::string &result, const std::string &x,
                      const std::string &prefix) const;
  /// Type of x.
  std::string inputType() const;

private:
  std::string stateType(int64_t size) const;
  std::string printAttributes() const;
};

/// Layers of which each reads the Y of the one before it, as a public function
/// `name`. It returns Y_h and Y_c of every layer and, before them, Y of the
/// last.
std::string printStack(const std::string &name,
                       const std::vector<Layer> &layers);

/// Makes layers and inputs from a seed.
class CellGenerator {
public:
  explicit CellGenerator(uint32_t seed) : random(seed) {}

  int64_t pick(std::initializer_list<int64_t> values) {
    return values.begin()[random() % values.size()];
  }
  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random) < probability;
  }

  /// Default activations of every direction.
  static void setDefaultActivations(CellConfig &config);
  /// A layer of odd sizes with nothing else set.
  Layer base(CellKind kind);
  /// Gives every function of the layer the activation `only`, or a random one
  /// if it is null.
  void setActivations(Layer &layer, const ActivationInfo *only);
  /// A layer with everything in random combination.
  Layer combined(CellKind kind);
  /// Two layers of random combination; the first is of kind `first`.
  std::vector<Layer> stacked(CellKind first);
  /// Inputs for every layer; those of one without lengths are complete.
  /// `lengthKind`: 0 all zero, 1 all one, 2 all `steps`, else mixed.
  CellInputs inputs(const Layer &layer, int64_t steps, int64_t batch,
                    int lengthKind);

private:
  std::vector<float> values(int64_t count, double scale);

  std::mt19937 random;
};

/// Inputs of one layer as arguments, in their order; without x.
std::vector<HostTensor> toTensors(const Layer &layer, const CellInputs &inputs);
/// x of a layer.
HostTensor toInputTensor(const Layer &layer, const CellInputs &inputs);
/// Y of a layer in the layout of the next layer's x.
std::vector<double> toNextInput(const Layer &layer, const CellInputs &inputs,
                                const std::vector<double> &y);

} // namespace seqc::test

#endif // TESTS_PROPERTY_CELLCASES_H
