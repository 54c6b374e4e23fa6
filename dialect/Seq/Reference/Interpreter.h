//===- Interpreter.h - Reference evaluation of seq IR -----------*- C++ -*-===//
//
// Evaluates functions of a module at tensor level in double precision, op by
// op, from the definitions of the ops. It shares no code with the lowering that
// it is used to check.
//
// Nothing a module or an input holds makes it crash: what has no meaning is an
// error that names the op and its location.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_REFERENCE_INTERPRETER_H
#define DIALECT_SEQ_REFERENCE_INTERPRETER_H

#include "dialect/Seq/Reference/Tensor.h"
#include "dialect/Seq/Reference/WeightSource.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/DenseMap.h"

#include <functional>
#include <memory>

namespace seqc::reference {

class Interpreter;
class ScalarProgram;

/// What an op, a block or a function gives.
using Results = llvm::SmallVector<Tensor, 2>;

/// Evaluates one op. The operands may be changed: storage that nothing else
/// refers to is written in place.
using Handler =
    llvm::Expected<Results> (*)(Interpreter &interpreter, mlir::Operation &op,
                                llvm::MutableArrayRef<Tensor> operands);

/// Called with every op that was evaluated and its results, inner ops before
/// outer ones. Scalar bodies of linalg ops are not reported.
using Probe =
    std::function<void(mlir::Operation &op, llvm::ArrayRef<Tensor> results)>;

/// Bounds that keep hostile input from exhausting the machine.
struct InterpreterOptions {
  /// Nesting of calls and regions.
  unsigned maxDepth = 200;
  /// Elements of one tensor.
  int64_t maxElements = int64_t(1) << 28;
  /// Ops and blocks evaluated in one run; 0 means no bound.
  uint64_t maxOperations = 0;
};

/// Hypotheses that `seq.generate` scores instead of searching, for comparing
/// searches whose choices differ by rounding.
struct Replay {
  /// Token ids, `[rows, n_best, max_new]`.
  Tensor tokens;
  /// Length of every hypothesis, `[rows, n_best]`; 0 means missing.
  Tensor lengths;
};

/// How far a replayed hypothesis is from what the search would have chosen.
struct ReplayGap {
  int64_t row;
  int64_t hypothesis;
  /// The largest amount by which a token's log-probability was below the best
  /// one of its step.
  double gap;
};

/// What `seq.option` gives; what is not chosen is the model's own.
struct CallOptions {
  std::optional<int64_t> maxNew, topK, seed, firstRow;
  std::optional<double> lengthPenalty, temperature, topP;
};

/// Evaluates functions of one module, which must not change meanwhile: how its
/// blocks run is worked out once. Not thread-safe.
class Interpreter {
public:
  Interpreter(mlir::ModuleOp module, WeightSource &weights,
              InterpreterOptions options = {});
  ~Interpreter();
  Interpreter(const Interpreter &) = delete;
  Interpreter &operator=(const Interpreter &) = delete;

  /// Evaluates a function of the module.
  llvm::Expected<llvm::SmallVector<Tensor>> run(llvm::StringRef function,
                                                llvm::ArrayRef<Tensor> inputs);

  /// Observes every op from now on.
  void setProbe(Probe newProbe) { probe = std::move(newProbe); }
  /// Options of the runs to come.
  void setCallOptions(const CallOptions &options) { callOptions = options; }
  /// Makes `seq.generate` score these hypotheses; none restores the search.
  void setReplay(std::optional<Replay> newReplay) {
    replay = std::move(newReplay);
  }
  /// What the last replay found, one entry per hypothesis present.
  llvm::ArrayRef<ReplayGap> getReplayGaps() const { return replayGaps; }

  // The rest serves the evaluation of ops.

  /// Runs a block with values for its arguments; returns the operands of its
  /// terminator.
  llvm::Expected<Results> runBlock(mlir::Block &block, Results arguments);
  /// Calls a function.
  llvm::Expected<Results> call(mlir::Operation &caller,
                               mlir::func::FuncOp function, Results arguments);
  /// The value of something defined outside the op's operands.
  llvm::Expected<Tensor> lookup(mlir::Operation &user, mlir::Value value) const;
  /// A new tensor of zeros, within the bounds of the options.
  llvm::Expected<Tensor> allocate(mlir::Operation &op, ElementKind kind,
                                  llvm::ArrayRef<int64_t> shape) const;
  /// The tensor of a weight or a constant, made once.
  llvm::Expected<Tensor>
  getCached(mlir::Operation &op,
            llvm::function_ref<llvm::Expected<Tensor>()> make);
  /// The compiled form of a scalar body, made once; null if it has none.
  llvm::Expected<ScalarProgram *> getProgram(mlir::Block &block);

  WeightSource &getWeights() { return weights; }
  mlir::ModuleOp getModule() { return module; }
  const CallOptions &getCallOptions() const { return callOptions; }
  const std::optional<Replay> &getReplay() const { return replay; }
  std::vector<ReplayGap> &getMutableReplayGaps() { return replayGaps; }
  /// Loop indices around the current body of a linalg op that is evaluated op
  /// by op.
  llvm::SmallVectorImpl<llvm::ArrayRef<int64_t>> &getIndexStack() {
    return indexStack;
  }

private:
  struct BlockPlan;
  using Frame = llvm::DenseMap<mlir::Value, Tensor>;

  /// The plan of a block, made once.
  llvm::Expected<BlockPlan *> getPlan(mlir::Block &block);
  /// Evaluates one planned op.
  llvm::Error step(BlockPlan &plan, size_t index);

  mlir::ModuleOp module;
  WeightSource &weights;
  InterpreterOptions options;
  Probe probe;
  CallOptions callOptions;
  std::optional<Replay> replay;
  std::vector<ReplayGap> replayGaps;
  Frame *frame = nullptr;
  unsigned depth = 0;
  uint64_t operations = 0;
  llvm::SmallVector<llvm::ArrayRef<int64_t>> indexStack;
  llvm::DenseMap<mlir::Block *, std::unique_ptr<BlockPlan>> plans;
  llvm::DenseMap<mlir::Block *, std::unique_ptr<ScalarProgram>> programs;
  llvm::DenseMap<mlir::Operation *, Tensor> cache;
};

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_INTERPRETER_H
