//===- OffloadProducts.cpp - Give products to oneDNN ----------------------===//
//
// Generated code beats the library wherever a product feeds an elementwise
// tail, has few rows, or sweeps weights that do not fit a cache
// (docs/performance.md); so `auto` offloads only large products of known size.
// A forced library gets every product.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/WeightSources.h"
#include "dialect/DNN/IR/DNNOps.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

#define DEBUG_TYPE "seq-offload-products"

namespace seqc {
#define GEN_PASS_DEF_OFFLOADPRODUCTSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Who computes a product, and why.
struct Decision {
  bool library;
  std::string reason;
};

/// The names of the stored weights that a product's matrices are made of, each
/// once; empty if they are computed.
std::string nameWeights(seq::MatmulOp op) {
  llvm::SetVector<StringRef> names;
  for (Value source : op.getMatrices())
    if (std::optional<SmallVector<WeightRun>> runs = findWeightRuns(source))
      for (WeightRun run : *runs)
        names.insert(run.weight.getName());
  return llvm::join(names, ", ");
}

struct OffloadProducts : seqc::impl::OffloadProductsPassBase<OffloadProducts> {
  using OffloadProductsPassBase::OffloadProductsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (backend != "llvm" && backend != "onednn" && backend != "auto") {
      module.emitError("unknown backend '")
          << backend << "'; llvm, onednn or auto is required";
      return signalPassFailure();
    }
    SmallVector<seq::MatmulOp> products;
    module.walk([&](seq::MatmulOp op) { products.push_back(op); });
    SmallVector<Attribute> report;
    Builder builder(module.getContext());
    for (seq::MatmulOp op : products) {
      Decision decision = decide(op);
      report.push_back(explain(builder, op, decision));
      if (!decision.library)
        continue;
      offload(op);
      ++numOffloaded;
    }
    seq::mark<seq::ExplainMark>(module, builder.getArrayAttr(report));
    module.walk([](LoopLikeOpInterface loop) { moveLoopInvariantCode(loop); });
  }

  Decision decide(seq::MatmulOp op) {
    if (!hasLibraryProduct(getElementTypeOrSelf(op.getLhs()),
                           getElementTypeOrSelf(op.getMatrices()[0]),
                           getElementTypeOrSelf(op.getInits()[0])))
      return {false, "the library is used for f32 only"};
    if (backend == "llvm")
      return {false, "backend is llvm"};
    if (backend == "onednn")
      return {true, "backend is onednn"};
    int64_t rows = op.getLhs().getType().getDimSize(0);
    if (ShapedType::isDynamic(rows))
      return {false, "the number of rows is not known, and generated code "
                     "serves every number"};
    int64_t flops =
        2 * rows * op.getDepth() * op.getNumColumns() * op.getNumMatrices();
    if (flops < minFlops)
      return {false, ("work of " + Twine(flops) + " operations is below " +
                      Twine(minFlops))
                         .str()};
    return {true, ("work of " + Twine(flops) + " operations is at least " +
                   Twine(minFlops))
                      .str()};
  }

  static Attribute explain(Builder &builder, seq::MatmulOp op,
                           const Decision &decision) {
    bool inLoop = op->getParentOfType<LoopLikeOpInterface>() != nullptr;
    int64_t rows = op.getLhs().getType().getDimSize(0);
    return seq::ChoiceAttr::get(
        builder.getContext(), decision.library ? "onednn" : "llvm",
        decision.library ? dnn::MatmulOp::getOperationName()
                         : seq::MatmulOp::getOperationName(),
        ShapedType::isDynamic(rows) ? -1 : rows, op.getNumColumns(),
        op.getDepth(), op.getNumMatrices(), builder.getBoolAttr(inLoop),
        nameWeights(op), decision.reason);
  }

  static void offload(seq::MatmulOp op) {
    OpBuilder builder(op);
    SmallVector<Value> results;
    for (auto [source, init] : llvm::zip(op.getMatrices(), op.getInits())) {
      bool transposed = !op.getTransposed();
      Value primitive = dnn::CreateMatmulOp::create(
          builder, op.getLoc(), dnn::MatmulType::get(builder.getContext()),
          source, transposed, findWeightRuns(source).has_value());
      results.push_back(dnn::MatmulOp::create(builder, op.getLoc(),
                                              init.getType(), primitive,
                                              op.getLhs(), source, init)
                            .getResult());
    }
    op->replaceAllUsesWith(results);
    op->erase();
  }
};

} // namespace
