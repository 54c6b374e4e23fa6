//===- FuseProducts.cpp - Merge products of the same rows -----------------===//
//
// The gates of a cell multiply the same rows by several weights. One product
// with one result per gate reads the rows once and gives the tail of the cell
// all its operands in one tile.
//
//   1. An addition onto a product over zeros becomes the product's init.
//   2. Products of floats by static weights become seq.matmul, as products of
//      bytes are from the start.
//   3. Products of one block that share left operand, shape and element type
//      are grouped, up to four.
//
// The weights stay as they are: seq-pack-products lays them out, for each CPU.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/Passes.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#define DEBUG_TYPE "seq-fuse-products"

namespace seqc {
#define GEN_PASS_DEF_FUSEPRODUCTSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Most gates of one packed product: sixteen accumulators are shared out among
/// them.
constexpr size_t kMaxGates = 4;

/// Whether a product has a layout that panels can be made of; `isKN` says
/// whether its right operand is [K, N] and not [N, K].
bool hasStaticWeights(linalg::MatmulOp op, bool &isKN) {
  if (!op.hasPureTensorSemantics())
    return false;
  MLIRContext *context = op.getContext();
  AffineExpr m, n, k;
  bindDims(context, m, n, k);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto is = [&](AffineMap map, AffineExpr a, AffineExpr b) {
    return map == AffineMap::get(3, 0, {a, b}, context);
  };
  isKN = is(maps[1], k, n);
  if (!is(maps[0], m, k) || !is(maps[2], m, n) || (!isKN && !is(maps[1], n, k)))
    return false;
  auto rhs = cast<RankedTensorType>(op.getDpsInputOperand(1)->get().getType());
  auto lhs = cast<RankedTensorType>(op.getDpsInputOperand(0)->get().getType());
  auto out = cast<RankedTensorType>(op.getResult(0).getType());
  Type element = rhs.getElementType();
  return rhs.hasStaticShape() && rhs.getNumElements() != 0 &&
         !lhs.isDynamicDim(1) && !out.isDynamicDim(1) &&
         lhs.getElementType() == element && out.getElementType() == element &&
         isComputed(element);
}

/// Whether a tensor is all zeros by a fill.
bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

/// product(0) + other  =>  product(other)
struct AddIntoInit : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp add,
                                PatternRewriter &rewriter) const override {
    for (auto [value, other] : {std::pair(add.getLhs(), add.getRhs()),
                                std::pair(add.getRhs(), add.getLhs())}) {
      auto matmul = value.getDefiningOp<linalg::MatmulOp>();
      if (!matmul || !matmul.hasPureTensorSemantics() || !matmul->hasOneUse() ||
          matmul->getBlock() != add->getBlock() ||
          !isZeroFill(matmul.getDpsInitOperand(0)->get()))
        continue;
      IRMapping map;
      map.map(matmul.getDpsInitOperand(0)->get(), other);
      Operation *clone = rewriter.clone(*matmul, map);
      rewriter.replaceOp(add, clone->getResults());
      return success();
    }
    return failure();
  }
};

/// Replaces a group of products by one in front of the last of them.
void replaceGroup(MutableArrayRef<seq::MatmulOp> group) {
  seq::MatmulOp last = group.back();
  OpBuilder builder(last);
  SmallVector<Value> sources, inits;
  SmallVector<Location> locations;
  for (seq::MatmulOp product : group) {
    sources.push_back(product.getMatrices()[0]);
    inits.push_back(product.getInits()[0]);
    locations.push_back(product.getLoc());
  }
  auto merged = seq::MatmulOp::create(
      builder, FusedLoc::get(builder.getContext(), locations),
      ValueRange(inits).getTypes(), last.getLhs(), sources,
      last.getTransposed(), last.getExcess(), inits);
  for (auto [product, result] : llvm::zip(group, merged.getResults())) {
    product.getResult(0).replaceAllUsesWith(result);
    product.erase();
  }
}

/// Whether two products multiply the same rows by matrices of one layout.
bool isAlike(seq::MatmulOp a, seq::MatmulOp b) {
  return a.getLhs() == b.getLhs() &&
         a.getMatrices().getTypes() == b.getMatrices().getTypes() &&
         a.getInits().getTypes() == b.getInits().getTypes() &&
         a.getTransposed() == b.getTransposed() &&
         a.getExcess() == b.getExcess();
}

/// Whether `candidate` may be computed together with the group whose last
/// member it would be: no result of an earlier member may be used before it.
bool canJoin(ArrayRef<seq::MatmulOp> group, seq::MatmulOp candidate) {
  if (group.size() >= kMaxGates || !isAlike(group.front(), candidate))
    return false;
  for (seq::MatmulOp member : group)
    for (Operation *user : member->getUsers()) {
      Operation *ancestor = member->getBlock()->findAncestorOpInBlock(*user);
      if (!ancestor || !candidate->isBeforeInBlock(ancestor))
        return false;
    }
  return true;
}

/// Whether one product is faster than those of the group. Tiles of bytes are at
/// most four rows high, so that three gates, a vector wide each, would leave
/// four of sixteen accumulators idle.
bool isWorthMerging(ArrayRef<seq::MatmulOp> group) {
  seq::MatmulOp first = group.front();
  bool isBytes = getElementTypeOrSelf(first.getLhs()).isInteger(8);
  return group.size() > 1 && !(isBytes && group.size() == 3);
}

/// Moves products up to the first one of the same rows if all that they need is
/// there: queries, keys and values are projected one after the other.
void gatherProducts(Block &block) {
  DenseMap<std::pair<Value, Type>, Operation *> latest;
  for (auto product :
       llvm::make_early_inc_range(block.getOps<seq::MatmulOp>())) {
    Operation *&before =
        latest[{product.getLhs(), product.getMatrices()[0].getType()}];
    bool ready =
        before && llvm::all_of(product->getOperands(), [&](Value operand) {
          Operation *from = operand.getDefiningOp();
          return !from || from->getBlock() != &block ||
                 from->isBeforeInBlock(before);
        });
    if (ready)
      product->moveAfter(before);
    if (ready || !before)
      before = product;
  }
}

struct FuseProducts : seqc::impl::FuseProductsPassBase<FuseProducts> {
  using FuseProductsPassBase::FuseProductsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    RewritePatternSet patterns(&getContext());
    patterns.add<AddIntoInit>(&getContext());
    walkAndApplyPatterns(function, std::move(patterns));

    SmallVector<Block *> blocks;
    function.walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks) {
      convertProducts(*block);
      if (!merge)
        continue;
      gatherProducts(*block);
      mergeProducts(*block);
    }
  }

  /// Turns products of floats by static weights into seq.matmul.
  void convertProducts(Block &block) {
    for (auto matmul :
         llvm::make_early_inc_range(block.getOps<linalg::MatmulOp>())) {
      bool isKN;
      // What an addition has replaced.
      if (isOpTriviallyDead(matmul)) {
        matmul.erase();
      } else if (hasStaticWeights(matmul, isKN)) {
        OpBuilder builder(matmul);
        Value init = matmul.getDpsInitOperand(0)->get();
        auto product = seq::MatmulOp::create(
            builder, matmul.getLoc(), init.getType(),
            matmul.getDpsInputOperand(0)->get(),
            matmul.getDpsInputOperand(1)->get(), isKN, /*excess=*/false, init);
        matmul.getResult(0).replaceAllUsesWith(product.getResult(0));
        matmul.erase();
        ++numFused;
      }
    }
  }

  void mergeProducts(Block &block) {
    SmallVector<SmallVector<seq::MatmulOp>> groups;
    for (auto product : block.getOps<seq::MatmulOp>()) {
      if (product.getNumMatrices() != 1)
        continue;
      auto *found = llvm::find_if(groups, [&](ArrayRef<seq::MatmulOp> group) {
        return canJoin(group, product);
      });
      if (found == groups.end())
        groups.push_back({product});
      else
        found->push_back(product);
    }
    for (SmallVector<seq::MatmulOp> &group : groups)
      if (isWorthMerging(group)) {
        numMerged += group.size() - 1;
        replaceGroup(group);
      }
  }
};

} // namespace
