//===- HoistProjection.cpp - Products out of recurrences ------------------===//
//
// A product in a cell that does not depend on the state can be computed for all
// steps at once, in front of the recurrence: one large product instead of many
// small ones. What is found is the set of ops that such products need; it is
// copied in front of the recurrence with the steps' rows laid one after the
// other, and the products come back in as scanned inputs. Cheap elementwise ops
// stay where they are.
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/ViewLikeInterface.h"

#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/RowAnalysis.h"
#include "compiler/Decompose/TensorBuilders.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

namespace seqc {
#define GEN_PASS_DEF_HOISTPROJECTIONPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

/// Moves products out of one recurrence.
class ProjectionHoister {
public:
  explicit ProjectionHoister(seq::RecurrenceOp op)
      : op(op), block(op.getCell().front()), analysis(block) {}

  /// Number of products moved.
  unsigned run() {
    findProducts();
    if (products.empty())
      return 0;
    ImplicitLocOpBuilder b(op.getLoc(), op);
    SmallVector<Value> slices = moveOut(b);
    eraseDeadOps();
    replaceRecurrence(b, slices);
    return products.size();
  }

private:
  /// Operands of `used` and what its regions use from outside it.
  static SetVector<Value> usedValues(Operation *used) {
    SetVector<Value> values(used->operand_begin(), used->operand_end());
    getUsedValuesDefinedAbove(used->getRegions(), values);
    return values;
  }

  /// Finds the products that know nothing of the states, and the ops that they
  /// need.
  void findProducts() {
    DenseSet<Value> stateful(op.getStateArguments().begin(),
                             op.getStateArguments().end());
    for (Operation &inner : block.without_terminator()) {
      bool depends = !isMemoryEffectFree(&inner) ||
                     llvm::any_of(usedValues(&inner), [&](Value value) {
                       return stateful.contains(value);
                     });
      if (depends) {
        stateful.insert(inner.result_begin(), inner.result_end());
        continue;
      }
      auto structured = dyn_cast<linalg::LinalgOp>(inner);
      if (structured && linalg::isaContractionOpInterface(structured) &&
          analysis.kind(inner.getResult(0)) == RowKind::Rows)
        collect(&inner);
    }
  }

  /// Takes `product` and everything it needs if all of that can be copied.
  void collect(Operation *product) {
    SetVector<Operation *> needed;
    SmallVector<Operation *> pending = {product};
    while (!pending.empty()) {
      Operation *next = pending.pop_back_val();
      if (moved.contains(next) || !needed.insert(next))
        continue;
      if (llvm::any_of(next->getResults(), [&](Value result) {
            // What rows of a step are combined to, those of all steps are not.
            RowKind kind = analysis.kind(result);
            return kind == RowKind::Mixed || kind == RowKind::Combined;
          }))
        return;
      for (Value value : usedValues(next))
        if (Operation *defining = value.getDefiningOp())
          if (defining->getBlock() == &block)
            pending.push_back(defining);
    }
    moved.insert(needed.begin(), needed.end());
    products.push_back(product);
  }

  /// Copies the collected ops in front of the recurrence and gives the values
  /// of `visible` products, time first.
  SmallVector<Value> moveOut(ImplicitLocOpBuilder &b) {
    // A product must come back if an op that stays uses it. Everything stays
    // that is not a moved product and is used by something that stays.
    DenseSet<Operation *> staying = {block.getTerminator()};
    for (Operation &inner : llvm::reverse(block.without_terminator())) {
      bool isProduct = llvm::is_contained(products, &inner);
      bool used = !moved.contains(&inner) ||
                  llvm::any_of(inner.getUsers(), [&](Operation *user) {
                    return staying.contains(block.findAncestorOpInBlock(*user));
                  });
      if (used && isProduct)
        visible.push_back(&inner);
      else if (used)
        staying.insert(&inner);
    }
    std::reverse(visible.begin(), visible.end());

    Value first = op.getScanned().front();
    Value rows;
    SmallVector<Value> flat;
    for (Value scanned : op.getScanned()) {
      flat.push_back(flatten(b, scanned));
      if (!rows)
        rows = asValue(b, extent(b, flat.back(), 0));
    }
    RowCloner cloner(b, analysis, rows);
    for (auto [argument, value] : llvm::zip_equal(op.getSliceArguments(), flat))
      cloner.mapping.map(argument, value);
    for (Operation &inner : block.without_terminator())
      if (moved.contains(&inner))
        cloner.clone(&inner);

    SmallVector<Value> slices;
    for (Operation *product : visible) {
      Value value = cloner.mapping.lookup(product->getResult(0));
      if (!op.isFlat())
        value = unflatten(b, value, product->getResult(0).getType(), first);
      slices.push_back(value);
    }
    return slices;
  }

  /// `[T, B, ...]` as `[T*B, ...]`; the flat form is that already.
  Value flatten(ImplicitLocOpBuilder &b, Value scanned) {
    if (op.isFlat())
      return castTo(b, scanned, withDynamicRows(scanned.getType()));
    auto type = cast<RankedTensorType>(scanned.getType());
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    for (int64_t dim = 2; dim < type.getRank(); ++dim)
      groups.push_back({dim});
    Value collapsed = tensor::CollapseShapeOp::create(b, scanned, groups);
    return castTo(b, collapsed, withDynamicRows(collapsed.getType()));
  }

  /// `[T*B, ...]` as `[T, B, ...]`, the first two extents being those of
  /// `scanned`.
  Value unflatten(ImplicitLocOpBuilder &b, Value value, Type sliceType,
                  Value scanned) {
    auto slice = cast<RankedTensorType>(sliceType);
    auto scannedType = cast<RankedTensorType>(scanned.getType());
    SmallVector<OpFoldResult> sizes = {extent(b, scanned, 0),
                                       extent(b, scanned, 1)};
    SmallVector<int64_t> shape = {scannedType.getDimSize(0),
                                  scannedType.getDimSize(1)};
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    for (int64_t dim = 1; dim < slice.getRank(); ++dim) {
      shape.push_back(slice.getDimSize(dim));
      sizes.push_back(extent(b, value, dim));
      groups.push_back({dim + 1});
    }
    auto type = RankedTensorType::get(shape, slice.getElementType());
    if (!ShapedType::isDynamic(shape[0]) && !ShapedType::isDynamic(shape[1])) {
      SmallVector<int64_t> flatShape(slice.getShape());
      flatShape[0] = shape[0] * shape[1];
      value = castTo(b, value,
                     RankedTensorType::get(flatShape, slice.getElementType()));
    }
    return tensor::ExpandShapeOp::create(b, type, value, groups, sizes);
  }

  /// Erases the ops in the cell that only the moved products needed.
  void eraseDeadOps() {
    for (Operation *product : visible) {
      Value old = product->getResult(0);
      BlockArgument slice =
          block.insertArgument(op.getScanned().size() + newSlices++,
                               old.getType(), product->getLoc());
      old.replaceAllUsesWith(slice);
    }
    if (visible.empty())
      return;
    // The number of rows must not keep an input alive that only the products
    // needed.
    ImplicitLocOpBuilder b(op.getLoc(), OpBuilder::atBlockBegin(&block));
    Value rows =
        asValue(b, extent(b, block.getArgument(op.getScanned().size()), 0));
    SmallVector<Operation *> candidates;
    for (Operation &inner : block.without_terminator()) {
      bool isCount = isa<tensor::DimOp>(inner) && inner.getResult(0) != rows &&
                     analysis.kind(inner.getResult(0)) == RowKind::RowCount;
      if (isCount)
        inner.getResult(0).replaceAllUsesWith(rows);
      if (isCount || moved.contains(&inner))
        candidates.push_back(&inner);
    }
    for (Operation *candidate : llvm::reverse(candidates))
      if (candidate->use_empty())
        candidate->erase();
    if (rows.use_empty() && rows.getDefiningOp())
      rows.getDefiningOp()->erase();
  }

  /// Builds the recurrence again with `slices` scanned, and without what nobody
  /// reads any more.
  void replaceRecurrence(ImplicitLocOpBuilder &b, ArrayRef<Value> slices) {
    SmallVector<Value> scanned(op.getScanned());
    llvm::append_range(scanned, slices);
    for (int64_t index = int64_t(op.getScanned().size()) - 1; index >= 0;
         --index)
      if (scanned.size() > 1 && block.getArgument(index).use_empty()) {
        block.eraseArgument(index);
        scanned.erase(scanned.begin() + index);
      }
    auto fresh = seq::RecurrenceOp::create(
        b, op.getOutputs().getTypes(), op.getFinals().getTypes(), scanned,
        op.getInits(), op.getLengths(), op.getCounts(), op.getSteps(),
        op.getReverse());
    fresh->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    fresh.getCell().takeBody(op.getCell());
    op->replaceAllUsesWith(fresh);
    op->erase();
  }

  seq::RecurrenceOp op;
  Block &block;
  RowAnalysis analysis;
  /// Products to move, in order, and all ops that they need including
  /// themselves.
  SmallVector<Operation *> products;
  DenseSet<Operation *> moved;
  /// Products that the rest of the cell uses.
  SmallVector<Operation *> visible;
  unsigned newSlices = 0;
};

struct HoistProjectionPass
    : impl::HoistProjectionPassBase<HoistProjectionPass> {
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> recurrences;
    getOperation().walk([&](seq::RecurrenceOp op) {
      if (!op.getScanned().empty())
        recurrences.push_back(op);
    });
    for (seq::RecurrenceOp op : recurrences)
      numProducts += ProjectionHoister(op).run();
  }
};

} // namespace
} // namespace seqc
