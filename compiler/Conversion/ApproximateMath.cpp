//===- ApproximateMath.cpp - Polynomials for math functions ---------------===//
//
// Polynomials are chains of multiply-adds. `math.fma` insists on one rounding,
// which a CPU without such an instruction buys with a call per element; so they
// become `llvm.intr.fmuladd`, which is fused exactly where that is cheap.
//
// The polynomials of exp and log flush denormals. Where they count, a result
// is computed e^17 times as great and an operand 2^23 times: both factors are
// corrected without a rounding that matters.
//
// Arithmetic of f32 that is written in f64, so that it is rounded to f32
// wherever it is evaluated, is done in f32.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/Simplify.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

#define DEBUG_TYPE "seq-approximate-math"

namespace seqc {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// math.fma of scalars and of vectors of rank 1 => llvm.intr.fmuladd.
struct FuseWhereCheap : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    auto vector = dyn_cast<VectorType>(op.getType());
    if (vector && vector.getRank() != 1)
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::FMulAddOp>(op, op.getType(), op.getA(),
                                                 op.getB(), op.getC());
    return success();
  }
};

/// What has type `narrow` before it is widened, if `value` is that or a constant
/// that `narrow` holds.
Value asNarrow(PatternRewriter &rewriter, Value value, FloatType narrow) {
  if (auto wide = value.getDefiningOp<arith::ExtFOp>())
    return getElementTypeOrSelf(wide.getIn()) == narrow ? wide.getIn()
                                                        : Value();
  APFloat number(0.0);
  if (!matchPattern(value, m_ConstantFloat(&number)))
    return {};
  bool loses = false;
  number.convert(narrow.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &loses);
  if (loses)
    return {};
  TypedAttr attr = rewriter.getFloatAttr(narrow, number);
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    attr = DenseElementsAttr::get(vector.clone(narrow), attr);
  return arith::ConstantOp::create(rewriter, value.getLoc(), attr);
}

/// truncf(op(extf x, extf y)) => op(x, y). A sum, difference, product or quotient
/// that the wide type rounds and the narrow one rounds again is the one that the
/// narrow one rounds at once, if the wide one has twice the digits and two.
template <typename OpTy>
struct ComputeNarrow : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    auto wide = op.getIn().getDefiningOp<OpTy>();
    auto narrow = cast<FloatType>(getElementTypeOrSelf(op.getType()));
    if (!wide || !isComputed(narrow) ||
        cast<FloatType>(getElementTypeOrSelf(wide.getType()))
                .getFPMantissaWidth() < 2 * narrow.getFPMantissaWidth() + 2)
      return failure();
    Value left = asNarrow(rewriter, wide.getLhs(), narrow),
          right = asNarrow(rewriter, wide.getRhs(), narrow);
    if (!left || !right)
      return failure();
    rewriter.replaceOpWithNewOp<OpTy>(op, left, right);
    return success();
  }
};

/// `value` as a constant of `type`.
Value splat(PatternRewriter &rewriter, Location loc, Type type, double value) {
  TypedAttr number = rewriter.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<ShapedType>(type))
    number = DenseElementsAttr::get(vector, number);
  return arith::ConstantOp::create(rewriter, loc, number);
}

/// Numbers of a way around the denormals of a type: what lies below `limit` is
/// raised by `raise`, and the result corrected by `correction`, others by
/// `neutral`.
struct Detour {
  FloatType type;
  double limit, raise, correction, neutral;
};

/// An op, marked, whose operand or result is a denormal: `Raise` moves the
/// operand away from there, `Correct` the result back.
template <typename OpTy, typename Raise, typename Correct>
struct KeepDenormals : OpRewritePattern<OpTy> {
  KeepDenormals(MLIRContext *context, Detour detour)
      : OpRewritePattern<OpTy>(context), detour(detour) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (!seq::isMarked<seq::DenormalsMark>(op) ||
        getElementTypeOrSelf(op.getType()) != detour.type)
      return failure();
    Location loc = op.getLoc();
    auto constant = [&](double value) {
      return splat(rewriter, loc, op.getType(), value);
    };
    Value x = op.getOperand();
    Value isLow = arith::CmpFOp::create(
        rewriter, loc, arith::CmpFPredicate::OLT, x, constant(detour.limit));
    Value raised = Raise::create(rewriter, loc, x, constant(detour.raise));
    Value at = arith::SelectOp::create(rewriter, loc, isLow, raised, x);
    Value result = OpTy::create(rewriter, loc, at);
    Value correction = arith::SelectOp::create(rewriter, loc, isLow,
                                               constant(detour.correction),
                                               constant(detour.neutral));
    rewriter.replaceOpWithNewOp<Correct>(op, result, correction);
    return success();
  }

  Detour detour;
};

/// exp of what is far below 0 => exp(x + 17) * e^-17. The sum is exact.
using KeepDenormalExp =
    KeepDenormals<math::ExpOp, arith::AddFOp, arith::MulFOp>;
/// log of a denormal => log(x * 2^23) - 23 log 2.
using KeepDenormalLog =
    KeepDenormals<math::LogOp, arith::MulFOp, arith::SubFOp>;

struct ApproximateMath : seqc::impl::ApproximateMathPassBase<ApproximateMath> {
  void runOnOperation() override {
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      patterns.add<ComputeNarrow<arith::AddFOp>, ComputeNarrow<arith::SubFOp>,
                   ComputeNarrow<arith::MulFOp>, ComputeNarrow<arith::DivFOp>>(
          patterns.getContext());
    });
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      MLIRContext *context = patterns.getContext();
      auto f32 = Float32Type::get(context);
      patterns.add<KeepDenormalExp>(context,
                                    Detour{f32, -87, 17, std::exp(-17.0), 1});
      patterns.add<KeepDenormalLog>(
          context, Detour{f32, 0x1p-126, 0x1p23, 23 * std::log(2.0), 0});
    });
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      // Sine and cosine stay with libm: their polynomials lose all digits for
      // large angles.
      populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
        return llvm::is_contained(
            {math::ExpOp::getOperationName(), math::TanhOp::getOperationName(),
             math::LogOp::getOperationName(), math::Log1pOp::getOperationName(),
             math::ExpM1Op::getOperationName(),
             math::ErfOp::getOperationName()},
            name);
      });
    });
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      patterns.add<FuseWhereCheap>(patterns.getContext());
    });
  }
};

} // namespace
