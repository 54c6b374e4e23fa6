//===- RowAnalysis.cpp - Which values of a cell are rows ------------------===//

#include "mlir/Interfaces/ViewLikeInterface.h"

#include "compiler/Decompose/RowAnalysis.h"

#include "compiler/Decompose/TensorBuilders.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace seqc {

RankedTensorType withDynamicRows(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = ShapedType::kDynamic;
  return RankedTensorType::get(shape, tensor.getElementType(),
                               tensor.getEncoding());
}

/// Whether `value` is a tensor of at least one dimension.
static bool isTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0;
}

/// Whether an op gives a tensor that `RowCloner::rebuild` can build again.
static bool hasEqualRows(Operation *op) {
  if (!op || op->getNumResults() != 1 || !isTensor(op->getResult(0)))
    return false;
  if (isa<tensor::EmptyOp, linalg::FillOp>(op))
    return true;
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op))
    return llvm::is_contained(broadcast.getDimensions(), 0);
  auto constant = dyn_cast<arith::ConstantOp>(op);
  return constant && isa<SplatElementsAttr>(constant.getValue());
}

/// Operands of `op` and the values that its regions use from outside.
static SetVector<Value> usedValues(Operation *op) {
  SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

RowAnalysis::RowAnalysis(Block &block) : block(block) {
  for (BlockArgument argument : block.getArguments())
    kinds[argument] = isTensor(argument) ? RowKind::Rows : RowKind::Uniform;
  for (Operation &op : block.without_terminator()) {
    RowKind kind = classify(&op);
    if (kind == RowKind::Mixed && !mixing)
      mixing = &op;
    for (Value result : op.getResults())
      kinds[result] = kind;
  }
}

RowKind RowAnalysis::kind(Value value) const {
  auto found = kinds.find(value);
  if (found != kinds.end())
    return found->second;
  return hasEqualRows(value.getDefiningOp()) ? RowKind::EqualRows
                                             : RowKind::Uniform;
}

bool RowAnalysis::hasIndependentRows() const {
  auto isCombined = [&](Operation &op) {
    return llvm::any_of(op.getResults(), [&](Value result) {
      return kind(result) == RowKind::Combined;
    });
  };
  return !mixing && llvm::none_of(block, isCombined) &&
         llvm::all_of(block.getTerminator()->getOperands(), [&](Value yielded) {
           return kind(yielded) == RowKind::Rows;
         });
}

bool RowAnalysis::isRowCount(OpFoldResult size) const {
  auto value = dyn_cast<Value>(size);
  return value && kind(value) == RowKind::RowCount;
}

/// Whether all rows see the same.
static bool isSameForRows(RowKind kind) {
  return kind == RowKind::Uniform || kind == RowKind::EqualRows ||
         kind == RowKind::Combined;
}

RowKind RowAnalysis::classify(Operation *op) const {
  bool uniform = true, combined = false;
  for (Value value : usedValues(op)) {
    RowKind used = kind(value);
    if (used == RowKind::Mixed)
      return RowKind::Mixed;
    combined |= used == RowKind::Combined;
    uniform &= isSameForRows(used);
  }
  if (uniform)
    return hasEqualRows(op) ? RowKind::EqualRows
           : combined       ? RowKind::Combined
                            : RowKind::Uniform;
  return classifyRowOp(op);
}

bool RowAnalysis::keepsRows(OffsetSizeAndStrideOpInterface op) const {
  if (!isConstantIntValue(op.getMixedOffsets()[0], 0) ||
      !isConstantIntValue(op.getMixedStrides()[0], 1) ||
      !isRowCount(op.getMixedSizes()[0]))
    return false;
  auto isUniform = [&](OpFoldResult value) {
    return isa<Attribute>(value) ||
           kind(cast<Value>(value)) == RowKind::Uniform;
  };
  return llvm::all_of(ArrayRef(op.getMixedOffsets()).drop_front(), isUniform) &&
         llvm::all_of(ArrayRef(op.getMixedSizes()).drop_front(), isUniform) &&
         llvm::all_of(ArrayRef(op.getMixedStrides()).drop_front(), isUniform);
}

/// Whether a group of dimensions that a reshape joins to rows, or makes of
/// them, holds nothing but the rows in front of extents of 1.
static bool isRowsAlone(ArrayRef<int64_t> group, RankedTensorType type) {
  return llvm::all_of(group.drop_front(),
                      [&](int64_t dim) { return type.getDimSize(dim) == 1; });
}

RowKind RowAnalysis::classifyRowOp(Operation *op) const {
  auto isRows = [&](Value value) { return kind(value) == RowKind::Rows; };
  auto rowsIf = [](bool condition) {
    return condition ? RowKind::Rows : RowKind::Mixed;
  };

  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    if (!index || !isRows(dim.getSource()))
      return RowKind::Mixed;
    return *index == 0 ? RowKind::RowCount : RowKind::Uniform;
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    SmallVector<OpFoldResult> sizes = empty.getMixedSizes();
    return rowsIf(
        isRowCount(sizes[0]) &&
        llvm::none_of(ArrayRef(sizes).drop_front(),
                      [&](OpFoldResult size) { return isRowCount(size); }));
  }
  if (isa<linalg::LinalgOp>(op))
    return classifyStructured(op);
  if (isa<tensor::CastOp>(op))
    return RowKind::Rows;
  if (OpTrait::hasElementwiseMappableTraits(op))
    return rowsIf(llvm::all_of(op->getOperands(), [&](Value operand) {
      RowKind used = kind(operand);
      return used == RowKind::Rows || used == RowKind::EqualRows ||
             (isSameForRows(used) && !isTensor(operand));
    }));
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
    return rowsIf(isRows(extract.getSource()) && keepsRows(extract) &&
                  !extract.getDroppedDims().test(0));
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return rowsIf(isRows(insert.getSource()) && isRows(insert.getDest()) &&
                  keepsRows(insert) && !insert.getDroppedDims().test(0));
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
    return rowsIf(isRows(expand.getSrc()) &&
                  isRowsAlone(expand.getReassociationIndices()[0],
                              expand.getResultType()) &&
                  isRowCount(sizes[0]));
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return rowsIf(isRowsAlone(collapse.getReassociationIndices()[0],
                              collapse.getSrcType()));
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return rowsIf(concat.getDim() != 0 &&
                  llvm::all_of(concat.getInputs(), isRows));
  if (auto keeper = dyn_cast<seq::RowsOpInterface>(op))
    return rowsIf(keeper.keepsRows([&](OpOperand &operand) {
      RowKind used = kind(operand.get());
      // What is the same for all rows is repeated where rows are taken.
      return used == RowKind::Rows ||
             (used == RowKind::EqualRows && keeper.takesRows(operand));
    }));
  return RowKind::Mixed;
}

bool RowAnalysis::combinesRows(Operation *op, unsigned rowLoop) const {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic->getNumResults() != 1 || generic.hasIndexSemantics())
    return false;
  // Rows are walked as rows, and nothing else is.
  for (OpOperand &operand : op->getOpOperands()) {
    RowKind used = kind(operand.get());
    AffineMap map = generic.getMatchingIndexingMap(&operand);
    bool isRows = used == RowKind::Rows;
    if (!isRows && used != RowKind::Uniform && used != RowKind::Combined)
      return false;
    for (AffineExpr result : map.getResults().drop_front(isRows ? 1 : 0))
      if (result.isFunctionOfDim(rowLoop))
        return false;
    if (isRows && generic.isDpsInit(&operand))
      return false;
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  if (!llvm::all_of(captured,
                    [&](Value value) { return isSameForRows(kind(value)); }))
    return false;
  // In any order, and with any row twice, such a result is the same.
  Operation *combine =
      generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  BlockArgument before = generic.getRegionOutputArgs()[0];
  return isa_and_present<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
                         arith::MinNumFOp, arith::MaxSIOp, arith::MinSIOp,
                         arith::MaxUIOp, arith::MinUIOp>(combine) &&
         llvm::is_contained(combine->getOperands(), before) &&
         before.hasOneUse();
}

RowKind RowAnalysis::classifyStructured(Operation *op) const {
  auto structured = cast<linalg::LinalgOp>(op);
  // The loop over rows is the one that walks dimension 0 of an operand of rows.
  std::optional<unsigned> rowLoop;
  for (OpOperand &operand : op->getOpOperands()) {
    if (kind(operand.get()) != RowKind::Rows)
      continue;
    AffineMap map = structured.getMatchingIndexingMap(&operand);
    auto dim = dyn_cast<AffineDimExpr>(map.getResult(0));
    if (!dim || (rowLoop && *rowLoop != dim.getPosition()))
      return RowKind::Mixed;
    rowLoop = dim.getPosition();
  }
  if (!rowLoop)
    return RowKind::Mixed;
  if (structured.getIteratorTypesArray()[*rowLoop] !=
      utils::IteratorType::parallel)
    return combinesRows(op, *rowLoop) ? RowKind::Combined : RowKind::Mixed;

  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = structured.getMatchingIndexingMap(&operand);
    RowKind used = kind(operand.get());
    if (used == RowKind::RowCount)
      return RowKind::Mixed;
    bool walksRows =
        map.getNumResults() > 0 &&
        map.getResult(0) == getAffineDimExpr(*rowLoop, op->getContext());
    for (AffineExpr result : map.getResults().drop_front(walksRows ? 1 : 0))
      if (result.isFunctionOfDim(*rowLoop))
        return RowKind::Mixed;
    if (walksRows && (used == RowKind::Uniform || used == RowKind::Combined))
      return RowKind::Mixed;
    if (structured.isDpsInit(&operand) && !walksRows)
      return RowKind::Mixed;
  }
  // The body must not know which row it works on, and may read uniform values
  // only.
  WalkResult walk = op->walk([&](linalg::IndexOp index) {
    return index.getDim() == *rowLoop ? WalkResult::interrupt()
                                      : WalkResult::advance();
  });
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  bool reads = llvm::all_of(
      captured, [&](Value value) { return isSameForRows(kind(value)); });
  return !walk.wasInterrupted() && reads ? RowKind::Rows : RowKind::Mixed;
}

//===----------------------------------------------------------------------===//
// RowCloner
//===----------------------------------------------------------------------===//

Value RowCloner::rebuild(Value value) {
  Operation *op = value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    sizes.push_back(ShapedType::isDynamic(size)
                        ? extent(b, mapping.lookupOrDefault(value), dim)
                        : OpFoldResult(b.getIndexAttr(size)));
  sizes[0] = rows;
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return filledTensor(b, sizes, mapping.lookupOrDefault(fill.getInputs()[0]));
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto splat =
        cast<SplatElementsAttr>(constant.getValue()).getSplatValue<TypedAttr>();
    return filledTensor(b, sizes, arith::ConstantOp::create(b, splat));
  }
  Value empty = emptyTensor(b, sizes, type.getElementType());
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op))
    return linalg::BroadcastOp::create(
               b, mapping.lookupOrDefault(broadcast.getInput()), empty,
               broadcast.getDimensions())
        ->getResult(0);
  return empty;
}

void RowCloner::clone(Operation *op) {
  RowKind kind =
      op->getNumResults() ? analysis.kind(op->getResult(0)) : RowKind::Uniform;
  if (kind == RowKind::RowCount) {
    mapping.map(op->getResult(0), rows);
    return;
  }
  if (kind != RowKind::Rows) {
    b.clone(*op, mapping);
    return;
  }
  IRMapping local = mapping;
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (analysis.kind(operand.get()) != RowKind::EqualRows)
      continue;
    if (auto keeper = dyn_cast<seq::RowsOpInterface>(op);
        keeper && !keeper.takesRows(operand))
      continue;
    // A structured op may also read such a tensor as a whole; only dimension 0
    // as rows counts.
    if (structured) {
      AffineMap map = structured.getMatchingIndexingMap(&operand);
      AffineMap result =
          structured.getMatchingIndexingMap(structured.getDpsInitOperand(0));
      if (map.getNumResults() == 0 || map.getResult(0) != result.getResult(0))
        continue;
    }
    local.map(operand.get(), rebuild(operand.get()));
  }
  Operation *copy = b.clone(*op, local);
  for (auto [old, fresh] :
       llvm::zip_equal(op->getResults(), copy->getResults())) {
    fresh.setType(withDynamicRows(fresh.getType()));
    mapping.map(old, fresh);
  }
}

} // namespace seqc
