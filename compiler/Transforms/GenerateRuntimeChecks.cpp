//===- GenerateRuntimeChecks.cpp - What a call may get wrong --------------===//
//
// Ops say themselves what has to hold when they run, by MLIR's interface for
// it; here that becomes `seq.require` in front of them. Most of it is known: by
// types, by how tensors are made, by what the runtime checks of inputs, and by
// checks that stand in front already. Such checks are not built, so that a
// model which frontends have checked stays as it is.
//
//===----------------------------------------------------------------------===//

#include "compiler/Transforms/IndexFacts.h"
#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Index/IR/IndexOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Visitors.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/RuntimeVerifiableOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Path.h"

#define DEBUG_TYPE "seq-generate-runtime-checks"

namespace seqc {
#define GEN_PASS_DEF_GENERATERUNTIMECHECKSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

/// The place of an op in the model: a name that the frontend gave it, or file,
/// line and column. The folder of the file does not show: a model gives the
/// same artefact wherever it lies.
static std::string describePlace(Location loc) {
  std::string place;
  loc->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file || file.getLine() == 0)
      return WalkResult::advance();
    place = (llvm::sys::path::filename(file.getFilename()) + ":" +
             Twine(file.getLine()) + ":" + Twine(file.getColumn()))
                .str();
    return WalkResult::interrupt();
  });
  return place;
}

/// The message of a check of `op`: where, what, and what is wrong.
static std::string describeFault(Operation *op, StringRef fault) {
  std::string subject = seq::getPlaceName(op->getLoc()).str();
  if (subject.empty()) {
    std::string place = describePlace(op->getLoc());
    subject = (place.empty() ? "" : place + ": ") + "'" +
              op->getName().getStringRef().str() + "' op";
  } else {
    subject += ":";
  }
  // Braces are placeholders in a message.
  llvm::replace(subject, '{', '(');
  llvm::replace(subject, '}', ')');
  return subject + " " + fault.str();
}

//===----------------------------------------------------------------------===//
// Checks of one function
//===----------------------------------------------------------------------===//

namespace {

/// Keeps a list of what is created.
struct Recorder : OpBuilder::Listener {
  explicit Recorder(SmallVectorImpl<Operation *> &list) : list(list) {}
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    list.push_back(op);
  }
  SmallVectorImpl<Operation *> &list;
};

class FunctionChecks {
public:
  FunctionChecks(func::FuncOp function, bool isUnchecked)
      : function(function), isUnchecked(isUnchecked),
        facts(function.getContext(), created) {}

  /// Relies on what the runtime checks of the entry's inputs.
  void learnInputs() { facts.learnInputs(function); }

  void run() {
    function.walk([&](Operation *op, const WalkStage &stage) {
      // What a region has checked holds inside of it.
      if (!stage.isBeforeAllRegions())
        leaveRegion();
      else if (op != function)
        visit(op);
      if (!stage.isAfterAllRegions())
        marks.push_back({facts.mark(), &op->getRegion(stage.getNextRegion())});
    });
    // Facts refer to values of ops that are not needed.
    for (Operation *op : llvm::reverse(created))
      if (isOpTriviallyDead(op))
        op->erase();
  }

  unsigned getNumChecks() const { return numChecks; }
  unsigned getNumKnown() const { return numKnown; }

private:
  /// A region that is entered, with what was known in front of it.
  struct Mark {
    size_t facts;
    Region *region;
  };

  void leaveRegion() {
    Mark mark = marks.pop_back_val();
    facts.forgetSince(mark.facts);
    // Checks that left the region hold still.
    llvm::erase_if(hoisted, [&](seq::RequireOp check) {
      return mark.region->isAncestor(check->getParentRegion());
    });
    for (seq::RequireOp check : hoisted)
      learn(check);
  }

  void visit(Operation *op) {
    if (auto require = dyn_cast<seq::RequireOp>(op)) {
      learn(require);
      return;
    }
    if (!mayCheck(op))
      return;
    SmallVector<Operation *> fresh;
    Recorder recorder(fresh);
    OpBuilder builder(op, &recorder);
    if (auto verifiable = dyn_cast<RuntimeVerifiableOpInterface>(op))
      verifiable.generateRuntimeVerification(builder, op->getLoc(),
                                             describeFault);
    else if (OpTrait::hasElementwiseMappableTraits(op))
      checkElementwise(builder, op);
    SmallVector<seq::RequireOp> checks;
    for (Operation *part : fresh) {
      if (replaceIndexOp(part, op->getParentRegion()))
        continue;
      if (auto check = dyn_cast<seq::RequireOp>(part))
        checks.push_back(check);
      else if (auto assertion = dyn_cast<cf::AssertOp>(part))
        checks.push_back(replaceAssertion(assertion));
      else if (part->getParentRegion() == op->getParentRegion())
        // What stands in the body of a new op goes with it.
        created.push_back(part);
    }
    for (seq::RequireOp check : checks)
      settle(check);
  }

  /// Upstream has no checks of elementwise ops on tensors.
  static void checkElementwise(OpBuilder &builder, Operation *op) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        operands.push_back(operand);
    if (operands.size() < 2)
      return;
    Location loc = op->getLoc();
    auto type = cast<RankedTensorType>(operands.front().getType());
    for (Value operand : ArrayRef(operands).drop_front())
      for (int64_t dim = 0; dim < type.getRank(); ++dim) {
        if (!type.isDynamicDim(dim))
          continue;
        Value found = tensor::DimOp::create(builder, loc, operand, dim),
              first =
                  tensor::DimOp::create(builder, loc, operands.front(), dim);
        Value equal = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::eq, found, first);
        seq::RequireOp::create(
            builder, loc, equal,
            describeFault(op, "has operands of extents {0} and {1} in one "
                              "dimension, but equal ones are required"),
            ValueRange{first, found});
      }
  }

  /// Replaces an op of `index`, which upstream checks are made of, by that of
  /// `arith` of the same name. `region` is that of the checked op.
  bool replaceIndexOp(Operation *op, Region *region) {
    if (!isa<index::IndexDialect>(op->getDialect()))
      return false;
    OpBuilder builder(op);
    Location loc = op->getLoc();
    Value result;
    if (auto number = dyn_cast<index::ConstantOp>(op))
      result = arith::ConstantIndexOp::create(builder, loc,
                                              number.getValue().getSExtValue());
    else if (auto truth = dyn_cast<index::BoolConstantOp>(op))
      result = arith::ConstantOp::create(builder, loc, truth.getValueAttr());
    else if (auto sum = dyn_cast<index::AddOp>(op))
      result = arith::AddIOp::create(builder, loc, sum.getLhs(), sum.getRhs());
    else if (auto difference = dyn_cast<index::SubOp>(op))
      result = arith::SubIOp::create(builder, loc, difference.getLhs(),
                                     difference.getRhs());
    else if (auto product = dyn_cast<index::MulOp>(op))
      result = arith::MulIOp::create(builder, loc, product.getLhs(),
                                     product.getRhs());
    else if (auto least = dyn_cast<index::MinSOp>(op))
      result =
          arith::MinSIOp::create(builder, loc, least.getLhs(), least.getRhs());
    else if (auto most = dyn_cast<index::MaxSOp>(op))
      result =
          arith::MaxSIOp::create(builder, loc, most.getLhs(), most.getRhs());
    else if (auto compare = dyn_cast<index::CmpOp>(op))
      result = arith::CmpIOp::create(
          builder, loc,
          *arith::symbolizeCmpIPredicate(
              index::stringifyIndexCmpPredicate(compare.getPred())),
          compare.getLhs(), compare.getRhs());
    else
      return false;
    if (op->getParentRegion() == region)
      created.push_back(result.getDefiningOp());
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
    return true;
  }

  /// Upstream ops state what they rely on as assertions.
  static seq::RequireOp replaceAssertion(cf::AssertOp assertion) {
    OpBuilder builder(assertion);
    auto check =
        seq::RequireOp::create(builder, assertion.getLoc(), assertion.getArg(),
                               assertion.getMsg(), ValueRange());
    assertion.erase();
    return check;
  }

  /// Whether checks of an op are built. Frontends that read other formats have
  /// checked what upstream ops rely on.
  bool mayCheck(Operation *op) const {
    if (isa<seq::SeqDialect>(op->getDialect()))
      return true;
    return isUnchecked && !op->getParentOfType<linalg::LinalgOp>();
  }

  /// Drops a check that is known to hold; others leave the loops around.
  void settle(seq::RequireOp check) {
    if (facts.holds(check.getCondition())) {
      check.erase();
      ++numKnown;
      return;
    }
    leaveLoops(check);
    if (isInRaggedCell(check)) {
      llvm::erase(hoisted, check);
      check.erase();
      return;
    }
    ++numChecks;
    learn(check);
  }

  /// Whether a check stands in a cell whose rows may have ended: it would make
  /// them depend on each other, which such a cell must not.
  static bool isInRaggedCell(seq::RequireOp check) {
    for (auto recurrence = check->getParentOfType<seq::RecurrenceOp>();
         recurrence;
         recurrence = recurrence->getParentOfType<seq::RecurrenceOp>())
      if (recurrence.getLengths())
        return true;
    return false;
  }

  /// Takes a check over that holds from here on.
  void learn(seq::RequireOp check) {
    // Blocks of one region may be run in any order.
    if (check->getParentRegion()->hasOneBlock())
      facts.learn(check.getCondition());
  }

  void leaveLoops(seq::RequireOp check) {
    Operation *loop = check->getParentOp();
    bool hasMoved = false;
    while (isa_and_nonnull<LoopLikeOpInterface>(loop) && moveOut(check, loop)) {
      hasMoved = true;
      loop = check->getParentOp();
    }
    if (hasMoved)
      hoisted.push_back(check);
  }

  /// Moves a check with what computes its operands in front of a loop, if
  /// nothing of that depends on the loop.
  static bool moveOut(seq::RequireOp check, Operation *loop) {
    constexpr size_t kMostMoved = 64;
    llvm::SetVector<Operation *> moved;
    SmallVector<Value> pending(check->getOperands());
    while (!pending.empty()) {
      Value value = pending.pop_back_val();
      if (!loop->isAncestor(value.getParentBlock()->getParentOp()))
        continue;
      Operation *op = value.getDefiningOp();
      if (!op || !isMemoryEffectFree(op) || moved.size() == kMostMoved ||
          op->getParentRegion() != check->getParentRegion())
        return false;
      if (!moved.insert(op))
        continue;
      llvm::append_range(pending, op->getOperands());
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(op->getRegions(), captured);
      llvm::append_range(pending, captured);
    }
    for (Operation *op : topologicalSort(moved))
      op->moveBefore(loop);
    check->moveBefore(loop);
    return true;
  }

  func::FuncOp function;
  bool isUnchecked;
  /// Ops that were created, without checks: to be erased if nothing uses them.
  SmallVector<Operation *> created;
  IndexFacts facts;
  SmallVector<Mark> marks;
  SmallVector<seq::RequireOp> hoisted;
  unsigned numChecks = 0, numKnown = 0;
};

struct GenerateRuntimeChecks
    : seqc::impl::GenerateRuntimeChecksPassBase<GenerateRuntimeChecks> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::DenseSet<Operation *> entries = findCheckedEntries(module);
    bool isUnchecked = seq::isMarked<seq::UncheckedMark>(module);
    for (func::FuncOp function : module.getOps<func::FuncOp>()) {
      if (function.isDeclaration())
        continue;
      FunctionChecks checks(function, isUnchecked);
      if (entries.contains(function))
        checks.learnInputs();
      checks.run();
      numChecks += checks.getNumChecks();
      numKnown += checks.getNumKnown();
    }
    // Ops are checked once.
    seq::unmark<seq::UncheckedMark>(module);
  }
};

} // namespace
