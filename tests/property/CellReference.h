//===- CellReference.h - Recurrent layers in double precision ---*- C++ -*-===//
//
// An evaluation of ONNX RNN, GRU and LSTM for the property tests, written from
// the ONNX operator documents. It shares nothing with the compiler or with the
// reference interpreter.
//
//===----------------------------------------------------------------------===//

#ifndef TESTS_PROPERTY_CELLREFERENCE_H
#define TESTS_PROPERTY_CELLREFERENCE_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace seqc::test {

enum class CellKind { Rnn, Gru, Lstm };

/// An activation with its parameters, ONNX defaults filled in.
struct Activation {
  std::string name;
  double alpha = 0, beta = 0;

  double operator()(double x) const;
};

/// A layer: everything but its inputs.
struct CellConfig {
  CellKind kind = CellKind::Lstm;
  /// "forward", "reverse" or "bidirectional".
  std::string direction = "forward";
  int64_t inputSize = 1, hiddenSize = 1, projectionSize = 0;
  /// One list per layer, direction after direction.
  std::vector<Activation> activations;
  std::optional<float> clip;
  bool inputForget = false, linearBeforeReset = false, batchFirst = false;
  bool hasBias = true, hasInitial = false, hasPeephole = false;

  int64_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  int64_t gates() const {
    return kind == CellKind::Rnn ? 1 : kind == CellKind::Gru ? 3 : 4;
  }
  /// Size of the hidden state: the projection's, if there is one.
  int64_t outputSize() const {
    return projectionSize ? projectionSize : hiddenSize;
  }
  int64_t functions() const {
    return kind == CellKind::Rnn ? 1 : kind == CellKind::Gru ? 2 : 3;
  }
};

/// The inputs of one call, in the layouts of the op.
struct CellInputs {
  int64_t steps = 1, batch = 1;
  /// In double precision, because the input of a second layer is not rounded.
  std::vector<double> x;
  std::vector<float> w, r, b, h0, c0, p, projection;
  /// Empty: every row has all steps.
  std::vector<int32_t> lengths;
};

/// Its results, in the layouts of the op; `yc` only for an LSTM.
struct CellOutputs {
  std::vector<double> y, yh, yc;
};

CellOutputs evaluateCell(const CellConfig &config, const CellInputs &inputs);

} // namespace seqc::test

#endif // TESTS_PROPERTY_CELLREFERENCE_H
