//===- ConvertLinalgToScalarLoops.cpp - linalg on buffers to loops --------===//
//
// The road of everything that is no tile. Parallel dimensions are outer loops;
// reductions are inner loops that carry their accumulators, so that LLVM sees a
// register and not a memory cell, and a sum that may be reassociated, which it
// then vectorises.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/BufferBytes.h"
#include "compiler/Conversion/EntryBuffers.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

#define DEBUG_TYPE "seq-convert-linalg-to-loops"

namespace seqc {
#define GEN_PASS_DEF_CONVERTLINALGTOSCALARLOOPSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

class LoopWriter {
public:
  LoopWriter(RewriterBase &builder, linalg::LinalgOp op)
      : builder(builder), op(op), loc(op.getLoc()) {}

  void run() {
    SmallVector<Range> ranges = op.createLoopRanges(builder, loc);
    for (Range range : ranges) {
      lower.push_back(
          getValueOrCreateConstantIndexOp(builder, loc, range.offset));
      upper.push_back(
          getValueOrCreateConstantIndexOp(builder, loc, range.size));
    }
    one = arith::ConstantIndexOp::create(builder, loc, 1);
    ivs.resize(ranges.size());
    for (auto [d, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
      (iterator == utils::IteratorType::parallel ? parallel : reduction)
          .push_back(d);
    emitParallel(0);
  }

private:
  /// The loops from parallel dimension number `depth` inwards, one per call.
  void emitParallel(unsigned depth) {
    if (depth == parallel.size()) {
      emitPoint();
      return;
    }
    unsigned d = parallel[depth];
    if (depth + 1 == parallel.size())
      hoistLoads(d);
    auto loop = scf::ForOp::create(builder, loc, lower[d], upper[d], one);
    if (isForThreads(depth))
      seq::mark<seq::ParallelMark>(loop);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    ivs[d] = loop.getInductionVar();
    emitParallel(depth + 1);
  }

  /// Loads what is the same for all points of the innermost parallel loop, over
  /// dimension `innermost`, in front of it. LLVM would not: a store of bytes
  /// might write to it, and the loop would not become vectors.
  void hoistLoads(unsigned innermost) {
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      if (!map.isFunctionOfDim(innermost) &&
          llvm::none_of(reduction,
                        [&](unsigned d) { return map.isFunctionOfDim(d); }))
        hoisted[input] = load(input);
    }
  }

  /// Whether the loop over the parallel dimension number `depth` may be cut
  /// into parts. The last one is kept whole as long as there are others: it
  /// becomes vectors.
  bool isForThreads(unsigned depth) {
    if (op->getParentOfType<LoopLikeOpInterface>())
      return false;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      AffineMap map = op.getMatchingIndexingMap(&init);
      if (!map.isProjectedPermutation() ||
          !map.isFunctionOfDim(parallel[depth]))
        return false;
    }
    if (depth + 1 < parallel.size() || !reduction.empty())
      return true;
    return llvm::all_of(ArrayRef(parallel).take_front(depth), [&](unsigned d) {
      return getConstantIntValue(upper[d]) == 1;
    });
  }

  SmallVector<Value> indices(AffineMap map) {
    SmallVector<Value> result;
    SmallVector<OpFoldResult> operands(ivs.begin(), ivs.end());
    // Outside of reduction loops their variables do not exist, and a map of an
    // init never asks.
    for (OpFoldResult &operand : operands)
      if (!cast<Value>(operand))
        operand = builder.getIndexAttr(0);
    for (AffineExpr expression : map.getResults())
      result.push_back(getValueOrCreateConstantIndexOp(
          builder, loc,
          affine::makeComposedFoldedAffineApply(
              builder, loc, AffineMap::get(map.getNumDims(), 0, expression),
              operands)));
    return result;
  }

  Value load(OpOperand *operand) {
    if (!isa<MemRefType>(operand->get().getType()))
      return operand->get();
    return memref::LoadOp::create(builder, loc, operand->get(),
                                  indices(op.getMatchingIndexingMap(operand)));
  }

  void emitPoint() {
    SmallVector<Value> accumulators;
    for (OpOperand &init : op.getDpsInitsMutable())
      if (reads(init) || !reduction.empty())
        accumulators.push_back(load(&init));
      else
        accumulators.push_back(Value());
    SmallVector<Value> results = emitReduction(0, accumulators);
    for (auto [init, value] : llvm::zip(op.getDpsInitsMutable(), results))
      memref::StoreOp::create(builder, loc, value, init.get(),
                              indices(op.getMatchingIndexingMap(&init)));
  }

  bool reads(OpOperand &init) { return op.payloadUsesValueFromOperand(&init); }

  /// The loops from reduction number `depth` inwards, one per call.
  SmallVector<Value> emitReduction(unsigned depth,
                                   ArrayRef<Value> accumulators) {
    if (depth == reduction.size())
      return emitBody(accumulators);
    unsigned d = reduction[depth];
    auto loop =
        scf::ForOp::create(builder, loc, lower[d], upper[d], one, accumulators);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    ivs[d] = loop.getInductionVar();
    SmallVector<Value> carried(loop.getRegionIterArgs());
    scf::YieldOp::create(builder, loc, emitReduction(depth + 1, carried));
    ivs[d] = Value();
    return loop.getResults();
  }

  SmallVector<Value> emitBody(ArrayRef<Value> accumulators) {
    IRMapping map;
    Block *body = op.getBlock();
    for (OpOperand *input : op.getDpsInputOperands()) {
      Value before = hoisted.lookup(input);
      map.map(op.getMatchingBlockArgument(input),
              before ? before : load(input));
    }
    for (auto [init, value] : llvm::zip(op.getDpsInitsMutable(), accumulators))
      if (value)
        map.map(op.getMatchingBlockArgument(&init), value);
    for (Operation &nested : body->without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(nested)) {
        map.map(index.getResult(), ivs[index.getDim()]);
        continue;
      }
      Operation *clone = builder.clone(nested, map);
      if (!reduction.empty() && accumulates(nested))
        relax(clone);
    }
    SmallVector<Value> results;
    for (Value yielded : body->getTerminator()->getOperands())
      results.push_back(map.lookupOrDefault(yielded));
    return results;
  }

  /// Whether an addition adds to an accumulator: such a sum is a declared
  /// reduction.
  bool accumulates(Operation &nested) {
    if (!isa<arith::AddFOp>(nested))
      return false;
    return llvm::any_of(nested.getOperands(), [&](Value operand) {
      auto argument = dyn_cast<BlockArgument>(operand);
      return argument && argument.getOwner() == op.getBlock() &&
             argument.getArgNumber() >= op.getNumDpsInputs();
    });
  }

  static void relax(Operation *sum) {
    auto interface = cast<arith::ArithFastMathInterface>(sum);
    arith::FastMathFlags flags = interface.getFastMathFlagsAttr().getValue() |
                                 arith::FastMathFlags::reassoc |
                                 arith::FastMathFlags::contract;
    sum->setAttr(interface.getFastMathAttrName(),
                 arith::FastMathFlagsAttr::get(sum->getContext(), flags));
  }

  RewriterBase &builder;
  linalg::LinalgOp op;
  Location loc;
  SmallVector<Value> lower, upper, ivs;
  SmallVector<unsigned> parallel, reduction;
  Value one;
  DenseMap<OpOperand *, Value> hoisted;
};

/// Whether every init is addressed by parallel dimensions alone, so that it can
/// be carried.
bool hasPlainInits(linalg::LinalgOp op) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    for (auto [d, iterator] : llvm::enumerate(iterators))
      if (iterator != utils::IteratorType::parallel && map.isFunctionOfDim(d))
        return false;
    return true;
  });
}

/// The address of a row-major buffer.
Value addressOf(RewriterBase &builder, Location loc, Value buffer) {
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
  Value number =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
  return LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), number);
}

/// Row-major buffers are copied by memcpy, others by loops: left alone, a copy
/// of dynamic shape would become a call of MLIR's support library.
void copyWithoutLibrary(RewriterBase &rewriter, memref::CopyOp op) {
  auto type = cast<MemRefType>(op.getSource().getType());
  auto isDense = [](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getLayout().isIdentity();
  };
  if (!isDense(op.getSource()) || !isDense(op.getTarget())) {
    rewriter.replaceOpWithNewOp<linalg::CopyOp>(op, op.getSource(),
                                                op.getTarget());
    return;
  }
  Location loc = op.getLoc();
  int64_t elementBytes = getElementBytes(type.getElementType());
  Value bytes = arith::ConstantIndexOp::create(rewriter, loc, elementBytes);
  for (OpFoldResult extent :
       memref::getMixedSizes(rewriter, loc, op.getSource()))
    bytes = arith::MulIOp::create(
        rewriter, loc, bytes,
        getValueOrCreateConstantIndexOp(rewriter, loc, extent));
  Value length =
      arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(), bytes);
  Value source = addressOf(rewriter, loc, op.getSource()),
        target = addressOf(rewriter, loc, op.getTarget());
  if (seq::isMarked<seq::MaybeSameMark>(op)) {
    Value differs = LLVM::ICmpOp::create(rewriter, loc, LLVM::ICmpPredicate::ne,
                                         source, target);
    auto branch = scf::IfOp::create(rewriter, loc, differs,
                                    /*withElseRegion=*/false);
    rewriter.setInsertionPointToStart(branch.thenBlock());
  }
  LLVM::MemcpyOp::create(rewriter, loc, target, source, length,
                         /*isVolatile=*/false);
  rewriter.eraseOp(op);
}

struct ConvertLinalgToScalarLoops
    : seqc::impl::ConvertLinalgToScalarLoopsPassBase<
          ConvertLinalgToScalarLoops> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp op) { copies.push_back(op); });
    for (memref::CopyOp op : copies) {
      rewriter.setInsertionPoint(op);
      copyWithoutLibrary(rewriter, op);
    }
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      if (!op.hasPureBufferSemantics()) {
        op.emitOpError("still works on tensors; buffers are required here");
        return signalPassFailure();
      }
      rewriter.setInsertionPoint(op);
      if (hasPlainInits(op)) {
        LoopWriter(rewriter, op).run();
      } else if (failed(linalg::linalgOpToLoops(rewriter, op))) {
        op.emitOpError("cannot be turned into loops");
        return signalPassFailure();
      }
      rewriter.eraseOp(op);
      ++numConverted;
    }
  }
};

} // namespace
