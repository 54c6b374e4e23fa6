//===- FuseProducts.cpp - Merge products of the same rows -----------------===//
//
// The gates of a cell multiply the same rows by several weights. One product
// with one result per gate reads the rows once and gives the tail of the cell
// all its operands in one tile.
//
//   1. An addition onto a product over zeros becomes the product's init.
//   2. Products of one block that share left operand, shape and element type
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

/// A product that can be merged: lhs [M, K] times rhs, [K, N] or [N, K].
struct Product {
  linalg::MatmulOp op;
  bool rhsIsKN;

  Value lhs() { return op.getDpsInputOperand(0)->get(); }
  Value rhs() { return op.getDpsInputOperand(1)->get(); }
  Value init() { return op.getDpsInitOperand(0)->get(); }
};

std::optional<Product> matchProduct(linalg::MatmulOp op) {
  if (!op.hasPureTensorSemantics())
    return std::nullopt;
  MLIRContext *context = op.getContext();
  AffineExpr m, n, k;
  bindDims(context, m, n, k);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto is = [&](AffineMap map, AffineExpr a, AffineExpr b) {
    return map == AffineMap::get(3, 0, {a, b}, context);
  };
  if (!is(maps[0], m, k) || !is(maps[2], m, n))
    return std::nullopt;
  bool kn = is(maps[1], k, n);
  if (!kn && !is(maps[1], n, k))
    return std::nullopt;
  auto rhs = cast<RankedTensorType>(op.getDpsInputOperand(1)->get().getType());
  auto lhs = cast<RankedTensorType>(op.getDpsInputOperand(0)->get().getType());
  auto out = cast<RankedTensorType>(op.getResult(0).getType());
  if (!rhs.hasStaticShape() || rhs.getNumElements() == 0 ||
      lhs.isDynamicDim(1) || out.isDynamicDim(1))
    return std::nullopt;
  Type element = rhs.getElementType();
  if (lhs.getElementType() != element || out.getElementType() != element ||
      !isComputed(element))
    return std::nullopt;
  return Product{op, kn};
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
void replaceGroup(MutableArrayRef<Product> group) {
  linalg::MatmulOp last = group.back().op;
  OpBuilder builder(last);
  Location loc = last.getLoc();
  SmallVector<Value> sources, inits;
  SmallVector<Location> locations;
  for (Product &product : group) {
    sources.push_back(product.rhs());
    inits.push_back(product.init());
    locations.push_back(product.op.getLoc());
  }
  loc = FusedLoc::get(builder.getContext(), locations);
  auto product = seq::MatmulOp::create(
      builder, loc, ValueRange(inits).getTypes(), group[0].lhs(), sources,
      group[0].rhsIsKN, /*excess=*/false, inits);
  for (auto [member, result] : llvm::zip(group, product.getResults())) {
    member.op.getResult(0).replaceAllUsesWith(result);
    member.op.erase();
  }
}

/// The ancestor of `op` that lies in `block`.
Operation *ancestorIn(Block *block, Operation *op) {
  return block->findAncestorOpInBlock(*op);
}

/// Whether `candidate` may be computed together with the group whose last
/// member it would be: no result of an earlier member may be used before it.
bool canJoin(ArrayRef<Product> group, Product candidate) {
  Product first = group.front();
  if (group.size() >= kMaxGates || first.lhs() != candidate.lhs() ||
      first.rhs().getType() != candidate.rhs().getType() ||
      first.rhsIsKN != candidate.rhsIsKN ||
      first.op.getResult(0).getType() != candidate.op.getResult(0).getType())
    return false;
  for (Product member : group)
    for (Operation *user : member.op->getUsers()) {
      Operation *ancestor = ancestorIn(member.op->getBlock(), user);
      if (!ancestor || !candidate.op->isBeforeInBlock(ancestor))
        return false;
    }
  return true;
}

/// Moves products up to the first one of the same rows if all that they need is
/// there: queries, keys and values are projected one after the other.
void gatherProducts(Block &block) {
  DenseMap<std::pair<Value, Type>, Operation *> latest;
  for (auto matmul :
       llvm::make_early_inc_range(block.getOps<linalg::MatmulOp>())) {
    Value lhs = matmul.getDpsInputOperand(0)->get();
    Type rhs = matmul.getDpsInputOperand(1)->get().getType();
    Operation *&before = latest[{lhs, rhs}];
    bool ready =
        before && llvm::all_of(matmul->getOperands(), [&](Value operand) {
          Operation *from = operand.getDefiningOp();
          return !from || from->getBlock() != &block ||
                 from->isBeforeInBlock(before);
        });
    if (ready)
      matmul->moveAfter(before);
    if (ready || !before)
      before = matmul;
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
      if (merge)
        gatherProducts(*block);
      fuseBlock(*block);
    }
  }

  void fuseBlock(Block &block) {
    SmallVector<SmallVector<Product>> groups;
    for (auto matmul :
         llvm::make_early_inc_range(block.getOps<linalg::MatmulOp>())) {
      // What an addition has replaced.
      if (isOpTriviallyDead(matmul)) {
        matmul.erase();
        continue;
      }
      std::optional<Product> product = matchProduct(matmul);
      if (!product)
        continue;
      auto *found = llvm::find_if(groups, [&](ArrayRef<Product> group) {
        return merge && canJoin(group, *product);
      });
      if (found == groups.end())
        groups.push_back({*product});
      else
        found->push_back(*product);
    }
    for (SmallVector<Product> &group : groups) {
      numFused += group.size();
      numMerged += group.size() - 1;
      replaceGroup(group);
    }
  }
};

} // namespace
