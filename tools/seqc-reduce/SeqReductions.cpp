//===- SeqReductions.cpp - What makes seq ops smaller -----------*- C++ -*-===//
//
// Each pattern tries one removal after the other on its op, asks the tester
// about the whole module and takes back what the tester does not like. A value
// that loses its producer becomes poison. Clearing up (unused outputs, unused
// states) is left to `opt-reduction-pass` with the canonicalizer.
//
//===----------------------------------------------------------------------===//

#include "tools/seqc-reduce/SeqReductions.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
#include "mlir/Reducer/Tester.h"

using namespace mlir;
using namespace seqc::seq;

namespace {

/// A change of an op that removes something; false if there was nothing to
/// remove.
template <typename OpTy> using Removal = bool (*)(OpTy);

/// Clears an operand segment.
bool clear(MutableOperandRange range) {
  bool found = !range.empty();
  range.clear();
  return found;
}

/// Removes an inherent attribute.
bool clear(Operation *op, StringRef name) {
  return static_cast<bool>(op->removeAttr(name));
}

/// Removals for rnn, gru and lstm alike.
template <typename OpTy> SmallVector<Removal<OpTy>> layerRemovals() {
  return {[](OpTy op) { return clear(op.getLengthsMutable()); },
          [](OpTy op) { return clear(op.getInitialHMutable()); },
          [](OpTy op) { return clear(op.getBiasMutable()); },
          [](OpTy op) { return clear(op, op.getClipAttrName()); },
          [](OpTy op) { return clear(op, op.getActivationAlphaAttrName()); },
          [](OpTy op) { return clear(op, op.getActivationBetaAttrName()); },
          [](OpTy op) { return clear(op, op.getActivationsAttrName()); },
          [](OpTy op) {
            bool found = op.getDirection() == Direction::Reverse;
            if (found)
              op.setDirection(Direction::Forward);
            return found;
          }};
}

SmallVector<Removal<RnnOp>> removals(RnnOp) { return layerRemovals<RnnOp>(); }

SmallVector<Removal<GruOp>> removals(GruOp) {
  auto all = layerRemovals<GruOp>();
  all.push_back(
      [](GruOp op) { return clear(op, op.getLinearBeforeResetAttrName()); });
  return all;
}

SmallVector<Removal<LstmOp>> removals(LstmOp) {
  auto all = layerRemovals<LstmOp>();
  all.push_back([](LstmOp op) { return clear(op.getInitialCMutable()); });
  all.push_back([](LstmOp op) { return clear(op.getPeepholeMutable()); });
  all.push_back(
      [](LstmOp op) { return clear(op, op.getInputForgetAttrName()); });
  return all;
}

SmallVector<Removal<AttentionOp>> removals(AttentionOp) {
  using Op = AttentionOp;
  return {[](Op op) { return clear(op, op.getMaskedScoreAttrName()); },
          [](Op op) { return clear(op.getMaskMutable()); },
          [](Op op) { return clear(op.getBiasMutable()); },
          [](Op op) { return clear(op.getLengthsMutable()); },
          [](Op op) { return clear(op.getRowsMutable()); },
          [](Op op) { return clear(op.getStartsMutable()); },
          [](Op op) { return clear(op, op.getScaleAttrName()); },
          [](Op op) { return clear(op, op.getSoftcapAttrName()); },
          [](Op op) { return clear(op, op.getWindowAttrName()); },
          [](Op op) {
            bool found = op.getCausal() != Causal::None;
            op.setCausal(Causal::None);
            return found;
          },
          [](Op op) {
            bool found = op.getNormalizer() != Normalizer::Softmax;
            op.setNormalizer(Normalizer::Softmax);
            return found;
          }};
}

SmallVector<Removal<RecurrenceOp>> removals(RecurrenceOp) {
  return {[](RecurrenceOp op) { return clear(op.getLengthsMutable()); },
          [](RecurrenceOp op) {
            bool found = op.getReverse();
            op.setReverse(false);
            return found;
          }};
}

SmallVector<Removal<GenerateOp>> removals(GenerateOp) {
  return {[](GenerateOp op) {
            bool found = clear(op.getPrefixMutable());
            return clear(op.getPrefixLengthsMutable()) || found;
          },
          [](GenerateOp op) {
            bool found = !op.getEnd().empty();
            op.setEnd(ArrayRef<int32_t>());
            return found;
          },
          [](GenerateOp op) {
            bool found = op.getMinNew() != 0;
            op.setMinNew(0);
            return found;
          }};
}

/// What patterns share: the question to the tester.
class TestedReduction {
public:
  explicit TestedReduction(const Tester &tester) : tester(tester) {}

  /// Whether the module around `op` still shows what is looked for. A dead op
  /// is taken out meanwhile: the reducer's driver would erase it without
  /// asking.
  bool staysInteresting(Operation *op) const {
    auto module = op->getParentOfType<ModuleOp>();
    if (!module)
      return false;
    auto ask = [&] {
      return tester.isInteresting(module).first ==
             Tester::Interestingness::True;
    };
    if (!isOpTriviallyDead(op))
      return ask();
    Block *block = op->getBlock();
    Block::iterator place = std::next(op->getIterator());
    op->remove();
    bool interesting = ask();
    block->getOperations().insert(place, op);
    return interesting;
  }

  /// Lets all users of `value` use `replacement` instead, if that stays
  /// interesting.
  bool replaceUses(Value value, Value replacement, Operation *op) const {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      uses.push_back(&use);
    if (uses.empty() || value == replacement)
      return false;
    for (OpOperand *use : uses)
      use->set(replacement);
    if (staysInteresting(op))
      return true;
    for (OpOperand *use : uses)
      use->set(value);
    return false;
  }

private:
  const Tester &tester;
};

/// Removes optional operands and attributes one by one.
template <typename OpTy>
struct RemoveParts : public OpRewritePattern<OpTy>, TestedReduction {
  RemoveParts(MLIRContext *context, const Tester &tester)
      : OpRewritePattern<OpTy>(context), TestedReduction(tester) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (Removal<OpTy> remove : removals(op)) {
      SmallVector<Value> operands(op->getOperands());
      Attribute properties = op->getPropertiesAsAttribute();
      rewriter.startOpModification(op);
      if (remove(op) && staysInteresting(op)) {
        rewriter.finalizeOpModification(op);
        changed = true;
        continue;
      }
      op->setOperands(operands);
      (void)op->setPropertiesFromAttribute(properties, /*emitError=*/nullptr);
      rewriter.cancelOpModification(op);
    }
    return success(changed);
  }
};

/// Lets states start anew at each step and end as they began.
struct ForgetStates : public OpRewritePattern<RecurrenceOp>, TestedReduction {
  ForgetStates(MLIRContext *context, const Tester &tester)
      : OpRewritePattern<RecurrenceOp>(context), TestedReduction(tester) {}

  LogicalResult matchAndRewrite(RecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (auto [argument, init, final] : llvm::zip_equal(
             op.getStateArguments(), op.getInits(), op.getFinals())) {
      changed |= replaceUses(final, init, op);
      if (!op.isFlat())
        changed |= replaceUses(argument, init, op);
    }
    // The uses were not the rewriter's to see; other patterns want to look
    // again.
    if (changed)
      rewriter.modifyOpInPlace(op, [] {});
    return success(changed);
  }
};

/// Passes an operand on in place of a result of the same type, or replaces a
/// whole op by poison.
struct ReplaceResults : public RewritePattern, TestedReduction {
  ReplaceResults(MLIRContext *context, const Tester &tester)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context),
        TestedReduction(tester) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<SeqDialect>(op->getDialect()))
      return failure();
    bool changed = false;
    for (Value result : op->getResults())
      for (Value operand : op->getOperands())
        if (operand.getType() == result.getType())
          changed |= replaceUses(result, operand, op);

    // One poison a result: text that only pays if the op goes.
    SmallVector<std::pair<Value, ub::PoisonOp>> replaced;
    bool all = true;
    rewriter.setInsertionPoint(op);
    for (Value result : op->getResults()) {
      if (result.use_empty())
        continue;
      auto poison =
          ub::PoisonOp::create(rewriter, op->getLoc(), result.getType());
      all = all && replaceUses(result, poison, op);
      replaced.emplace_back(result, poison);
    }
    for (auto [result, poison] : replaced) {
      if (!all)
        poison.getResult().replaceAllUsesWith(result);
      if (poison->use_empty())
        rewriter.eraseOp(poison);
    }
    changed |= all && !replaced.empty();
    if (changed)
      rewriter.modifyOpInPlace(op, [] {});
    return success(changed);
  }
};

/// Hands the patterns to the reducer.
struct SeqReductionPatterns : public DialectReductionPatternInterface {
  explicit SeqReductionPatterns(Dialect *dialect)
      : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &patterns) const final {}

  void populateReductionPatternsWithTester(RewritePatternSet &patterns,
                                           Tester &tester) const final {
    patterns.add<RemoveParts<RnnOp>, RemoveParts<GruOp>, RemoveParts<LstmOp>,
                 RemoveParts<AttentionOp>, RemoveParts<RecurrenceOp>,
                 RemoveParts<GenerateOp>, ForgetStates, ReplaceResults>(
        patterns.getContext(), tester);
  }
};

} // namespace

void seqc::registerSeqReductions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SeqDialect *dialect) {
    context->getOrLoadDialect<ub::UBDialect>();
    dialect->addInterfaces<SeqReductionPatterns>();
  });
}
