//===- ConvertEntries.cpp - The calling convention of artefacts -----------===//
//
// Entries leave the world of tensors at their ends: arguments become views of
// the caller's memory, results are materialised in memory the runtime hands
// out, weights are views of the weights section. Inside, tensors stay tensors,
// for one-shot bufferisation to place.
//
// Equal weights, and equal packings, get one place in the section; so the
// attribute that describes it has one item per distinct content.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/BufferBytes.h"
#include "compiler/Conversion/EntryBuffers.h"
#include "compiler/Conversion/PackAtRunTime.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/WeightSources.h"
#include "dialect/RT/IR/RTOps.h"
#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/IR/Marks.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"

#define DEBUG_TYPE "seq-convert-entries"

namespace seqc {
#define GEN_PASS_DEF_CONVERTENTRIESPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

MemRefType memrefOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// What is made of weights, as the layout of the section says it.
struct WeightUse {
  seq::WeightForm form = seq::WeightForm::Raw;
  /// Of panels.
  int64_t width = 0, unit = 1;
  /// Of panels and sums.
  bool transposed = false, excess = false;
};

/// Gives every weight of the module its place in the weights section.
class WeightsPlanner {
public:
  /// The offset of what is made of weights. `sources` are whole tensors in
  /// row-major order.
  int64_t
  place(RankedTensorType type, const WeightUse &use,
        ArrayRef<std::pair<RankedTensorType, SmallVector<WeightRun>>> sources) {
    MLIRContext *context = type.getContext();
    SmallVector<seq::WeightSourceAttr> made;
    for (const auto &[sourceType, runs] : sources) {
      SmallVector<seq::WeightRunAttr> parts;
      for (WeightRun run : runs) {
        int64_t storedBytes = run.weight.getStoredElementBytes();
        std::optional<Type> stored = run.weight.getStored();
        parts.push_back(seq::WeightRunAttr::get(
            context, run.weight.getFile(),
            run.weight.getOffset() + run.begin * storedBytes,
            run.count * storedBytes, run.weight.getHash(),
            stored ? cast<FloatType>(*stored) : FloatType()));
      }
      made.push_back(seq::WeightSourceAttr::get(
          context, DenseI64ArrayAttr::get(context, sourceType.getShape()),
          parts));
    }
    int64_t bytes =
        type.getNumElements() * getElementBytes(type.getElementType());
    auto describe = [&](int64_t offset) {
      return seq::WeightItemAttr::get(
          context, use.form, made, type.getElementType(),
          DenseI64ArrayAttr::get(context, type.getShape()), offset, bytes,
          use.width, use.unit, BoolAttr::get(context, use.transposed),
          BoolAttr::get(context, use.excess));
    };
    // Equal content has equal attributes but for the place.
    auto [found, isNew] = offsets.try_emplace(describe(0), end);
    if (isNew) {
      items.push_back(describe(end));
      end = llvm::alignTo(end + bytes, SEQC_ABI_ALIGNMENT);
    }
    return found->second;
  }

  ArrayRef<Attribute> getItems() const { return items; }
  int64_t getSize() const { return end; }

private:
  DenseMap<Attribute, int64_t> offsets;
  SmallVector<Attribute> items;
  int64_t end = 0;
};

/// Which ops do more with a weight than give it another shape. Answers are
/// kept, as each part of a long concatenation asks about all that follow; no op
/// may change meanwhile.
class ComputingUses {
public:
  bool computes(Operation *user) {
    auto [known, isNew] = answers.try_emplace(user, false);
    if (!isNew)
      return known->second;
    bool answer = find(user);
    return answers[user] = answer;
  }

private:
  bool find(Operation *user) {
    if (user->getNumResults() == 1 && findWeightRuns(user->getResult(0)))
      return false;
    // A concatenation that is not complete yet is what becomes of it.
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(user))
      return llvm::any_of(insert->getUsers(),
                          [&](Operation *next) { return computes(next); });
    return true;
  }

  DenseMap<Operation *, bool> answers;
};

class EntryConverter {
public:
  EntryConverter(func::FuncOp function, WeightsPlanner &planner)
      : function(function), planner(planner), builder(function.getContext()),
        loc(function.getLoc()) {}

  LogicalResult run() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("entry '")
             << function.getName()
             << "' has control flow between blocks; only structured control "
                "flow is supported";
    for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                              function.getResultTypes()))
      if (!isa<RankedTensorType>(type))
        return function.emitError("entry '")
               << function.getName() << "' takes or returns " << type
               << "; ranked tensors are required";
    Block &body = function.getBody().front();
    Type contextType = rt::ContextType::get(builder.getContext());
    SmallVector<Type> argumentTypes(function.getArgumentTypes());
    context = body.insertArgument(0u, contextType, loc);
    builder.setInsertionPointToStart(&body);
    zero = arith::ConstantIndexOp::create(builder, loc, 0);
    readArguments(body, argumentTypes);
    weights = rt::WeightsOp::create(builder, loc, context);
    placeWeights();
    convertOptions();
    convertChecks();
    writeResults(cast<func::ReturnOp>(body.getTerminator()));
    function.setType(
        builder.getFunctionType({contextType}, {builder.getI32Type()}));
    function.setArgAttrsAttr(nullptr);
    function.setResAttrsAttr(nullptr);
    function.setName(
        (Twine(SEQC_ABI_FUNCTION_PREFIX) + function.getName()).str());
    return success();
  }

private:
  /// A tensor over `bytes` at `offset`, read only.
  Value readOnlyTensor(RankedTensorType type, Value bytes, Value offset,
                       ValueRange sizes) {
    Value view = memref::ViewOp::create(builder, loc, memrefOf(type), bytes,
                                        offset, sizes);
    return bufferization::ToTensorOp::create(
        builder, loc, type, view, /*restrict=*/true, /*writable=*/false);
  }

  void readArguments(Block &body, ArrayRef<Type> types) {
    for (auto [i, elementType] : llvm::enumerate(types)) {
      auto type = cast<RankedTensorType>(elementType);
      SmallVector<Value> sizes;
      for (int64_t d = 0; d < type.getRank(); ++d)
        if (type.isDynamicDim(d))
          sizes.push_back(rt::ExtentOp::create(builder, loc, context, i, d));
      Value bytes = rt::InputOp::create(builder, loc, context, i);
      body.getArgument(1).replaceAllUsesWith(
          readOnlyTensor(type, bytes, zero, sizes));
      body.eraseArgument(1);
    }
  }

  Value weightView(RankedTensorType type, int64_t offset) {
    Value at = arith::ConstantIndexOp::create(builder, loc, offset);
    return readOnlyTensor(type, weights, at, {});
  }

  using Sources =
      SmallVector<std::pair<RankedTensorType, SmallVector<WeightRun>>>;

  /// Whether the elements of panels are those of the sources: bf16 made of f32
  /// are if that is what the file holds.
  static bool isStoredInPanels(seq::PackOp pack, const Sources &sources) {
    Type element = getElementTypeOrSelf(pack.getType());
    return llvm::all_of(sources, [&](const auto &source) {
      return source.first.getElementType() == element ||
             llvm::all_of(source.second, [&](WeightRun run) {
               return run.weight.getStored() == element;
             });
    });
  }

  void placeWeights() {
    Operation *last = weights.getDefiningOp();
    SmallVector<Operation *> made;
    function.walk([&](Operation *op) {
      if (isa<seq::PackOp, seq::ColumnSumsOp>(op))
        made.push_back(op);
    });
    for (Operation *op : made) {
      Sources sources;
      for (Value source : op->getOperands())
        if (std::optional<SmallVector<WeightRun>> runs = findWeightRuns(source))
          sources.emplace_back(cast<RankedTensorType>(source.getType()), *runs);
      auto pack = dyn_cast<seq::PackOp>(op);
      auto sums = dyn_cast<seq::ColumnSumsOp>(op);
      if (sources.size() != op->getNumOperands() ||
          (pack && !isStoredInPanels(pack, sources))) {
        builder.setInsertionPoint(op);
        replaceWeight(op, pack ? packAtRunTime(builder, pack)
                               : sumAtRunTime(builder, sums));
        continue;
      }
      WeightUse use;
      if (pack)
        use = {seq::WeightForm::Pack, pack.getPanelWidth(),
               static_cast<int64_t>(pack.getUnit()), pack.getTransposed(),
               pack.getExcess()};
      else
        use = {seq::WeightForm::Sums, 0, 1, sums.getTransposed(),
               sums.getExcess()};
      builder.setInsertionPointAfter(last);
      auto type = cast<RankedTensorType>(op->getResult(0).getType());
      replaceWeight(op, weightView(type, planner.place(type, use, sources)));
    }
    // What else is made of weights is placed where computation begins to use
    // it: a slice of a concatenation of weights is a place of its own, and
    // neither slicing nor concatenating is left for run time.
    struct Used {
      Value value;
      SmallVector<WeightRun> runs;
      SmallVector<OpOperand *> uses;
    };
    SmallVector<Used> used;
    ComputingUses computing;
    function.walk([&](Operation *op) {
      if (op->getNumResults() != 1 ||
          !isa<RankedTensorType>(op->getResult(0).getType()))
        return;
      Value value = op->getResult(0);
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : value.getUses())
        if (computing.computes(use.getOwner()))
          uses.push_back(&use);
      if (uses.empty())
        return;
      if (std::optional<SmallVector<WeightRun>> runs = findWeightRuns(value))
        used.push_back({value, std::move(*runs), std::move(uses)});
    });
    for (Used &one : used) {
      builder.setInsertionPointAfter(last);
      auto type = cast<RankedTensorType>(one.value.getType());
      std::pair<RankedTensorType, SmallVector<WeightRun>> source(type,
                                                                 one.runs);
      Value view = weightView(type, planner.place(type, WeightUse(), source));
      for (OpOperand *use : one.uses)
        use->set(view);
    }
    eraseDead();
  }

  void replaceWeight(Operation *op, Value view) {
    op->getResult(0).replaceAllUsesWith(view);
    op->erase();
  }

  /// Erases what is not used any more, from the end, so that what an op was
  /// computed from goes in the same round.
  void eraseDead() {
    function.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isOpTriviallyDead(op))
        op->erase();
    });
  }

  /// seq.require: the same of the call.
  void convertChecks() {
    SmallVector<seq::RequireOp> checks;
    function.walk([&](seq::RequireOp op) { checks.push_back(op); });
    for (seq::RequireOp op : checks) {
      builder.setInsertionPoint(op);
      rt::RequireOp::create(builder, op.getLoc(), context, op.getCondition(),
                            op.getMessageAttr(), op.getValues(),
                            seq::isMarked<seq::ExhaustsMark>(op));
      op.erase();
    }
  }

  /// seq.option: what the caller chose, if it did. All are read at the start, so
  /// that sizes which depend on them are known there.
  void convertOptions() {
    SmallVector<seq::OptionOp> options;
    function.walk([&](seq::OptionOp op) { options.push_back(op); });
    for (seq::OptionOp op : options) {
      builder.setInsertionPointToStart(&function.getBody().front());
      auto option = rt::OptionOp::create(builder, loc, context, op.getName());
      builder.setInsertionPoint(op);
      Value value =
          arith::SelectOp::create(builder, op.getLoc(), option.getChosen(),
                                  option.getValue(), op.getOtherwise());
      op.replaceAllUsesWith(value);
      op.erase();
    }
  }

  void writeResults(func::ReturnOp ret) {
    builder.setInsertionPoint(ret);
    for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
      auto type = cast<RankedTensorType>(value.getType());
      SmallVector<Value> sizes;
      for (int64_t d = 0; d < type.getRank(); ++d)
        if (type.isDynamicDim(d))
          sizes.push_back(getValueOrCreateConstantIndexOp(
              builder, loc, tensor::getMixedSize(builder, loc, value, d)));
      Value view =
          createOutput(builder, loc, context, i, memrefOf(type), sizes);
      bufferization::MaterializeInDestinationOp::create(
          builder, loc, Type(), value, view, true, true);
    }
    Value done = arith::ConstantOp::create(
        builder, loc, builder.getI32IntegerAttr(SEQC_ABI_OK));
    func::ReturnOp::create(builder, ret.getLoc(), done);
    ret.erase();
  }

  func::FuncOp function;
  WeightsPlanner &planner;
  OpBuilder builder;
  Location loc;
  Value context, zero, weights;
};

struct ConvertEntries : seqc::impl::ConvertEntriesPassBase<ConvertEntries> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    WeightsPlanner planner;
    for (func::FuncOp function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function.isPrivate() || function.isExternal())
        continue;
      if (failed(EntryConverter(function, planner).run()))
        return signalPassFailure();
    }
    Builder builder(module.getContext());
    seq::mark<seq::WeightLayoutMark>(module,
                                     builder.getArrayAttr(planner.getItems()));
    numWeights = planner.getItems().size();
    numBytes = planner.getSize();
  }
};

} // namespace
