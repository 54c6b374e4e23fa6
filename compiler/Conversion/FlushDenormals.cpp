//===- FlushDenormals.cpp - Kernels compute without denormals -------------===//
//
// An entry begins with denormals as IEEE has them. The ops of its body are
// grouped into kernels, plain arithmetic and the rest, and the CPU's control
// word changes where one of the first two follows the other. A loop with a
// kernel inside is a kernel as a whole: a time loop changes nothing per step.
//
// LLVM moves arithmetic past such a change if nothing else stops it. What is
// plain reads and writes memory in loops of its own, which does not move; what
// is computed from a kernel's result in registers may count as the kernel's.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define DEBUG_TYPE "seq-flush-denormals"

namespace seqc {
#define GEN_PASS_DEF_FLUSHDENORMALSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Bits of the control word: results are flushed to zero, operands count as 0.
constexpr int32_t kFlush = 0x8040;

/// How an op with everything in it meets denormals.
enum class Kind {
  /// It computes nothing with floating-point numbers.
  Neutral,
  /// As IEEE says.
  Plain,
  /// They are flushed.
  Kernel,
  /// A choice among blocks of several kinds.
  Mixed
};

bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

/// Whether an op sums up products, or was marked.
bool isKernel(Operation *op) {
  if (seq::isMarked<seq::FlushMark>(op) ||
      op->getName().getDialectNamespace() == "dnn")
    return true;
  if (isa<vector::ContractionOp, vector::OuterProductOp, vector::FMAOp>(op))
    return isFloat(op->getResult(0).getType());
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return structured && structured.getNumReductionLoops() > 0 &&
         llvm::any_of(structured.getBlock()->getOps<arith::AddFOp>(),
                      [](arith::AddFOp sum) {
                        return sum.getLhs().getDefiningOp<arith::MulFOp>() ||
                               sum.getRhs().getDefiningOp<arith::MulFOp>();
                      });
}

/// Whether an op itself computes with floating-point numbers.
bool computes(Operation *op) {
  if (isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp>(op))
    return false;
  if (!isa_and_present<arith::ArithDialect, math::MathDialect,
                       LLVM::LLVMDialect>(op->getDialect()) &&
      !isa<vector::ReductionOp, vector::MultiDimReductionOp, vector::ScanOp,
           CallOpInterface>(op))
    return false;
  return isa<CallOpInterface>(op) ||
         llvm::any_of(op->getOperandTypes(), isFloat) ||
         llvm::any_of(op->getResultTypes(), isFloat);
}

Kind classify(Operation *root) {
  bool kernel = false, plain = false;
  root->walk([&](Operation *op) {
    kernel |= isKernel(op);
    plain |= computes(op);
  });
  if (kernel)
    return isa<scf::IfOp>(root) ? Kind::Mixed : Kind::Kernel;
  return plain ? Kind::Plain : Kind::Neutral;
}

struct FlushDenormals : seqc::impl::FlushDenormalsPassBase<FlushDenormals> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!hasContext(function) || !function.isPublic() ||
        !function.getBody().hasOneBlock())
      return;
    plainWord = flushWord = Value();
    visit(function.getBody().front());
  }

private:
  /// Makes both control words at the start of the entry.
  void makeWords() {
    if (plainWord)
      return;
    auto b = ImplicitLocOpBuilder::atBlockBegin(
        getOperation().getLoc(), &getOperation().getBody().front());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    Value one =
        LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(1));
    plainWord = LLVM::AllocaOp::create(b, pointer, b.getI32Type(), one);
    flushWord = LLVM::AllocaOp::create(b, pointer, b.getI32Type(), one);
    callIntrinsic(b, "llvm.x86.sse.stmxcsr", plainWord);
    Value word = LLVM::LoadOp::create(b, b.getI32Type(), plainWord);
    Value bits = LLVM::ConstantOp::create(b, b.getI32Type(),
                                          b.getI32IntegerAttr(kFlush));
    LLVM::StoreOp::create(b, LLVM::OrOp::create(b, word, bits), flushWord);
  }

  static void callIntrinsic(ImplicitLocOpBuilder &b, StringRef name,
                            Value word) {
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr(name), ValueRange{word});
  }

  /// From `op` on denormals are flushed, or no longer.
  void setFlush(Operation *op, bool flush) {
    makeWords();
    ImplicitLocOpBuilder b(op->getLoc(), op);
    callIntrinsic(b, "llvm.x86.sse.ldmxcsr", flush ? flushWord : plainWord);
    ++numChanges;
  }

  /// A block that is entered and left with denormals. Each block is entered once,
  /// from the op around it.
  void visit(Block &block) {
    bool flush = false;
    auto change = [&](Operation *op, bool wanted) {
      if (flush != wanted)
        setFlush(op, wanted);
      flush = wanted;
    };
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (op.hasTrait<OpTrait::IsTerminator>()) {
        change(&op, false);
        continue;
      }
      switch (classify(&op)) {
      case Kind::Neutral:
        break;
      case Kind::Plain:
        change(&op, false);
        op.walk([&](Operation *inner) {
          if (isa<math::ExpOp, math::LogOp>(inner))
            seq::mark<seq::DenormalsMark>(inner);
        });
        break;
      case Kind::Kernel:
        change(&op, true);
        break;
      case Kind::Mixed:
        change(&op, false);
        for (Region &region : op.getRegions())
          for (Block &inner : region)
            visit(inner);
        break;
      }
    }
  }

  Value plainWord, flushWord;
};

} // namespace
