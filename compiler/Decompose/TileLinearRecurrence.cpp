//===- TileLinearRecurrence.cpp - Linear recurrences head by head ---------===//
//
//   for batch rows and heads, for blocks of columns of the state    (parallel)
//     for steps
//       for keys: one row of the block
//         scale it, take away what it held at the step's key, write, store;
//         add it to what the step's queries read, and to what the next step
//         will find at its key
//
// Heads and columns never meet, so that the loop over time stands inside of
// theirs: a block of the state stays in the first cache for a whole sequence,
// and is read and written once per step. The loop over rows and heads is made
// by upstream's TilingInterface.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/LinearRecurrenceForms.h"
#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace seqc {
#define GEN_PASS_DEF_TILELINEARRECURRENCEPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

/// Leaves `op` one row and one head, in a loop over all pairs of them. Gives the
/// parts of the loop's tensors that its results replace: they hold the first
/// state, and zeros where a row may end early.
FailureOr<SmallVector<Value>> tileHeads(seq::LinearRecurrenceOp &op) {
  IRRewriter rewriter(op);
  scf::SCFTilingOptions options;
  options.setTileSizes(
      getAsIndexOpFoldResult(op.getContext(), {1, 1, /*columns=*/0}));
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  auto loops = llvm::map_to_vector<2>(
      tiled->loops, [](Operation *loop) { return cast<scf::ForOp>(loop); });
  loops.front().getInitArgsMutable()[0].assign(op.getInit());
  if (op.getLengths() && op.getOutputs()) {
    ImplicitLocOpBuilder b(op.getLoc(), loops.front());
    OpOperand &outputs = loops.front().getInitArgsMutable()[1];
    Value zero = floatConstant(b, getElementTypeOrSelf(outputs.get()), 0.0);
    outputs.assign(linalg::FillOp::create(b, zero, outputs.get()).getResult(0));
  }
  rewriter.replaceOp(op, tiled->replacements);
  op = cast<seq::LinearRecurrenceOp>(tiled->tiledOps.front());
  if (failed(coalesceLoops(rewriter, loops)))
    return failure();
  seq::mark<seq::ParallelMark>(loops.front());
  // What says where results go stands behind the op.
  op->moveBefore(*op.getFinal().user_begin());
  rewriter.setInsertionPoint(op);
  return llvm::map_to_vector(op->getResults(), [&](Value result) -> Value {
    auto insert = cast<tensor::InsertSliceOp>(*result.user_begin());
    return tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), insert.getSourceType(), insert.getDest(),
        insert.getMixedOffsets(), insert.getMixedSizes(),
        insert.getMixedStrides());
  });
}

/// Where a block of the state begins, and the step.
struct Place {
  Value column, step;
};

/// Writes the loops of a linear recurrence of one row and one head.
class LinearRecurrenceTiler {
public:
  LinearRecurrenceTiler(seq::LinearRecurrenceOp op, unsigned vectorBits)
      : op(op), b(op.getLoc(), op),
        element(op.getInit().getType().getElementType()),
        shape(op.getInit().getType().getShape()),
        lanes(vectorBits / element.getIntOrFloatBitWidth()),
        readers(op.getNumQueryHeads()) {
    // A row of a block meets its sums for readers, two for what is found at
    // keys, and the values that are written.
    int64_t registers = vectorBits >= 512 ? 24 : 12;
    widest = lanes * std::clamp<int64_t>(registers / (readers + 3), 1, 4);
  }

  /// The results, written over `current`.
  SmallVector<Value> run(SmallVector<Value> current) {
    Value time = op.getTimeOperand();
    Value count = time ? asValue(b, extent(b, time, 0)) : indexConstant(b, 1);
    if (Value lengths = op.getLengths())
      count = arith::IndexCastOp::create(
          b, b.getIndexType(),
          tensor::ExtractOp::create(b, lengths, indexConstant(b, 0)));
    int64_t whole = shape[3] / widest * widest;
    if (whole > 0)
      current =
          emitLoop(indexConstant(b, whole), widest, current,
                   /*isParallel=*/true, [&](Value column, ValueRange inner) {
                     return emitBlock(column, widest, count, inner);
                   });
    for (int64_t column = whole; column < shape[3];) {
      int64_t rest = shape[3] - column;
      int64_t width = rest >= lanes ? rest / lanes * lanes
                                    : llvm::bit_floor(uint64_t(rest));
      current = emitBlock(indexConstant(b, column), width, count, current);
      column += width;
    }
    return current;
  }

private:
  using Body = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  SmallVector<Value> emitLoop(Value upper, int64_t step, ValueRange carried,
                              bool isParallel, Body body) {
    auto loop = scf::ForOp::create(b, indexConstant(b, 0), upper,
                                   indexConstant(b, step), carried);
    if (isParallel)
      seq::mark<seq::ParallelMark>(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return loop.getResults();
  }

  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  /// All steps of `width` columns; `carried` are the state and the outputs.
  SmallVector<Value> emitBlock(Value column, int64_t width, Value count,
                               ValueRange carried) {
    blockType = VectorType::get(std::min(width, lanes), element);
    numVectors = width / blockType.getNumElements();
    Value zero = indexConstant(b, 0), one = indexConstant(b, 1);
    auto stepAt = [&](Value i) -> Value {
      if (!op.getReverse())
        return i;
      return arith::SubIOp::create(b, arith::SubIOp::create(b, count, one), i);
    };
    size_t numTensors = carried.size();
    SmallVector<Value> start(carried);
    if (op.getLookup())
      llvm::append_range(start,
                         findFirst({column, stepAt(zero)}, count, carried[0]));
    SmallVector<Value> ends = emitLoop(
        count, 1, start, /*isParallel=*/false, [&](Value i, ValueRange inner) {
          Value step = stepAt(i);
          Value last = arith::SubIOp::create(b, count, one);
          Value next = stepAt(arith::MinSIOp::create(
              b, arith::AddIOp::create(b, i, one), last));
          return emitStep({column, step}, {column, next},
                          inner.take_front(numTensors),
                          inner.drop_front(numTensors));
        });
    ends.resize(numTensors);
    return ends;
  }

  /// What the step `first` finds in `state`. Without steps there is nothing to
  /// read: reads that stood in a loop alone could be hoisted out of it.
  SmallVector<Value> findFirst(const Place &first, Value count, Value state) {
    Value some = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, count,
                                       indexConstant(b, 0));
    SmallVector<Value> none = zeros(1);
    auto choice = scf::IfOp::create(b, TypeRange(ValueRange(none)), some,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, none);
    b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(b, emitLoop(indexConstant(b, shape[2]), 1, none,
                                     /*isParallel=*/false,
                                     [&](Value k, ValueRange sums) {
                                       SmallVector<Value> rows =
                                           load(state, stateIndices(first, k));
                                       return find(first, k, rows, sums);
                                     }));
    return choice.getResults();
  }

  /// One step; `found` is what the state holds at the step's key. Gives the
  /// state, the outputs, and what the step `next` will find.
  SmallVector<Value> emitStep(const Place &at, const Place &next,
                              ValueRange tensors, ValueRange found) {
    SmallVector<Value> values;
    if (Value value = op.getValue())
      values = load(value, stepIndices(at, value, {at.column}));
    // States that nobody queries are outputs themselves.
    bool isRead = static_cast<bool>(op.getQuery());
    size_t numTensors = isRead ? 1 : tensors.size();
    SmallVector<Value> carried(tensors.take_front(numTensors));
    llvm::append_range(carried, zeros(isRead ? readers : 0));
    size_t behindReads = carried.size();
    if (op.getLookup())
      llvm::append_range(carried, zeros(1));
    SmallVector<Value> ends = emitLoop(
        indexConstant(b, shape[2]), 1, carried, /*isParallel=*/false,
        [&](Value k, ValueRange inner) {
          SmallVector<Value> left;
          SmallVector<Value> indices = stateIndices(at, k);
          SmallVector<Value> state =
              update(at, k, load(inner[0], indices), found, values);
          left.push_back(store(state, inner[0], indices));
          if (numTensors > 1) {
            indices.insert(indices.begin(), at.step);
            left.push_back(store(state, inner[1], indices));
          }
          for (int64_t reader = 0; isRead && reader < readers; ++reader) {
            Value query = number(at, op.getQuery(), {k}, reader);
            for (int64_t i = 0; i < numVectors; ++i)
              left.push_back(
                  multiplyAdd(query, state[i],
                              inner[numTensors + reader * numVectors + i]));
          }
          if (op.getLookup())
            llvm::append_range(
                left, find(next, k, state, inner.drop_front(behindReads)));
          return left;
        });
    SmallVector<Value> left(ArrayRef(ends).take_front(numTensors));
    if (isRead) {
      Value outputs = tensors[1];
      for (int64_t reader = 0; reader < readers; ++reader)
        outputs = store(
            ArrayRef(ends).slice(1 + reader * numVectors, numVectors), outputs,
            {at.step, indexConstant(b, 0), indexConstant(b, reader),
             at.column});
      left.push_back(outputs);
    }
    llvm::append_range(left, ArrayRef(ends).drop_front(behindReads));
    return left;
  }

  //===--------------------------------------------------------------------===//
  // Rows of a block
  //===--------------------------------------------------------------------===//

  /// What a step makes of row `k` of the state.
  SmallVector<Value> update(const Place &at, Value k, SmallVector<Value> state,
                            ValueRange found, ArrayRef<Value> values) {
    SmallVector<Value> factors = decay(at, k);
    Value erased, key;
    if (op.getErase())
      erased = arith::NegFOp::create(b, number(at, op.getErase(), {k}));
    if (op.getKey())
      key = number(at, op.getKey(), {k});
    for (int64_t i = 0; i < numVectors; ++i) {
      if (!factors.empty())
        state[i] = arith::MulFOp::create(b, state[i], factors[i]);
      if (erased)
        state[i] = multiplyAdd(erased, found[i], state[i]);
      if (key)
        state[i] = multiplyAdd(key, values[i], state[i]);
      else if (!values.empty())
        state[i] = arith::AddFOp::create(b, state[i], values[i]);
    }
    return state;
  }

  /// `sums` and what row `k` of a state adds to what step `at` finds at its
  /// key.
  SmallVector<Value> find(const Place &at, Value k, ArrayRef<Value> state,
                          ValueRange sums) {
    SmallVector<Value> factors = decay(at, k);
    Value lookup = number(at, op.getLookup(), {k});
    SmallVector<Value> left;
    for (int64_t i = 0; i < numVectors; ++i) {
      Value factor = lookup;
      // One product for all vectors where the decay is one number: later
      // passes see that it is the same.
      if (!factors.empty())
        factor = arith::MulFOp::create(b, lookup, factors[i]);
      left.push_back(multiplyAdd(factor, state[i], sums[i]));
    }
    return left;
  }

  /// The factors of row `k`; none if there is no decay.
  SmallVector<Value> decay(const Place &at, Value k) {
    Value decay = op.getDecay();
    if (!decay)
      return {};
    auto type = cast<RankedTensorType>(decay.getType());
    if (type.getDimSize(4) == 1)
      return SmallVector<Value>(numVectors,
                                number(at, decay, {k, indexConstant(b, 0)}));
    return load(decay, stepIndices(at, decay, {k, at.column}));
  }

  //===--------------------------------------------------------------------===//
  // Elements
  //===--------------------------------------------------------------------===//

  /// a * b + c.
  Value multiplyAdd(Value a, Value x, Value c) {
    constexpr arith::FastMathFlags flags = arith::FastMathFlags::contract;
    return arith::AddFOp::create(b, arith::MulFOp::create(b, a, x, flags), c,
                                 flags);
  }

  /// `count` blocks of zeros.
  SmallVector<Value> zeros(int64_t count) {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(blockType));
    return SmallVector<Value>(count * numVectors, zero);
  }

  SmallVector<Value> stateIndices(const Place &at, Value k) {
    Value zero = indexConstant(b, 0);
    return {zero, zero, k, at.column};
  }

  /// Where an operand with a slice per step has its elements: what is repeated
  /// is at 0.
  SmallVector<Value> stepIndices(const Place &at, Value operand,
                                 ArrayRef<Value> features, int64_t reader = 0) {
    auto type = cast<RankedTensorType>(operand.getType());
    Value zero = indexConstant(b, 0);
    SmallVector<Value> indices = {at.step, zero, indexConstant(b, reader)};
    llvm::append_range(indices, features);
    for (auto [dim, index] : llvm::enumerate(indices))
      if (type.getDimSize(dim) == 1)
        index = zero;
    return indices;
  }

  /// An element of an operand with a slice per step, in all lanes.
  Value number(const Place &at, Value operand, ArrayRef<Value> features,
               int64_t reader = 0) {
    Value scalar = tensor::ExtractOp::create(
        b, operand, stepIndices(at, operand, features, reader));
    return vector::BroadcastOp::create(b, blockType,
                                       convertFloat(b, scalar, element));
  }

  /// The vectors of a block from `indices` on.
  SmallVector<Value> load(Value tensor, SmallVector<Value> indices) {
    Type stored = getElementTypeOrSelf(tensor.getType());
    auto type = blockType.clone(stored);
    SmallVector<Value> vectors;
    for (int64_t i = 0; i < numVectors; ++i) {
      Value part = vector::TransferReadOp::create(
          b, cast<VectorType>(type), tensor, at(indices, i),
          ub::PoisonOp::create(b, stored), ArrayRef<bool>(true));
      if (stored != element)
        part = arith::ExtFOp::create(b, blockType, part);
      vectors.push_back(part);
    }
    return vectors;
  }

  /// `tensor` with the vectors of a block from `indices` on.
  Value store(ArrayRef<Value> vectors, Value tensor,
              SmallVector<Value> indices) {
    Type stored = getElementTypeOrSelf(tensor.getType());
    for (int64_t i = 0; i < numVectors; ++i) {
      Value part = vectors[i];
      if (stored != element)
        part = arith::TruncFOp::create(b, blockType.clone(stored), part);
      tensor = vector::TransferWriteOp::create(b, part, tensor, at(indices, i),
                                               ArrayRef<bool>(true))
                   .getResult();
    }
    return tensor;
  }

  /// Where vector `i` of a block lies.
  SmallVector<Value> at(SmallVector<Value> indices, int64_t i) {
    if (i > 0)
      indices.back() = arith::AddIOp::create(
          b, indices.back(), indexConstant(b, i * blockType.getNumElements()));
    return indices;
  }

  seq::LinearRecurrenceOp op;
  ImplicitLocOpBuilder b;
  Type element;
  /// One row, one head, keys and columns.
  ArrayRef<int64_t> shape;
  int64_t lanes;
  /// Queries of the head.
  int64_t readers;
  /// Columns of the widest block.
  int64_t widest;
  /// Of the block that is being written.
  VectorType blockType;
  int64_t numVectors = 0;
};

struct TileLinearRecurrencePass
    : impl::TileLinearRecurrencePassBase<TileLinearRecurrencePass> {
  void runOnOperation() override {
    SmallVector<seq::LinearRecurrenceOp> ops;
    getOperation().walk([&](seq::LinearRecurrenceOp op) {
      if (isTiledLater(op))
        ops.push_back(op);
    });
    for (seq::LinearRecurrenceOp op : ops) {
      FailureOr<SmallVector<Value>> places = tileHeads(op);
      if (failed(places))
        return signalPassFailure();
      LinearRecurrenceTiler tiler(op, getTarget(op).getVectorBits());
      op->replaceAllUsesWith(tiler.run(*places));
      op.erase();
      ++numTiled;
    }
  }
};

} // namespace
} // namespace seqc
