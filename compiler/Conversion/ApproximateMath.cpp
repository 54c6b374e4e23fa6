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

/// What is f32 before it is widened to f64, if `value` is that or a constant
/// that f32 holds.
Value asFloat(PatternRewriter &rewriter, Value value) {
  if (auto wide = value.getDefiningOp<arith::ExtFOp>()) {
    Value narrow = wide.getIn();
    return getElementTypeOrSelf(narrow.getType()).isF32() ? narrow : Value();
  }
  APFloat number(0.0);
  if (!matchPattern(value, m_ConstantFloat(&number)))
    return {};
  bool loses = false;
  number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  if (loses)
    return {};
  Type type = rewriter.getF32Type();
  TypedAttr attr = rewriter.getFloatAttr(type, number);
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    attr = DenseElementsAttr::get(vector.clone(type), attr);
  return arith::ConstantOp::create(rewriter, value.getLoc(), attr);
}

/// truncf(op(extf x, extf y)) from f32 over f64 => op(x, y). A sum, difference,
/// product or quotient that f64 rounds and f32 rounds again is the one that f32
/// rounds at once, since f64 has more than twice the digits and two.
template <typename OpTy>
struct ComputeInFloat : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    auto wide = op.getIn().getDefiningOp<OpTy>();
    if (!wide || !getElementTypeOrSelf(op.getType()).isF32() ||
        !getElementTypeOrSelf(wide.getType()).isF64())
      return failure();
    Value left = asFloat(rewriter, wide.getLhs()),
          right = asFloat(rewriter, wide.getRhs());
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

/// Numbers of a way around denormals: what lies below `limit` is raised by
/// `raise`, and the result corrected by `correction`, others by `neutral`.
struct Detour {
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
        !getElementTypeOrSelf(op.getType()).isF32())
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
      patterns
          .add<ComputeInFloat<arith::AddFOp>, ComputeInFloat<arith::SubFOp>,
               ComputeInFloat<arith::MulFOp>, ComputeInFloat<arith::DivFOp>>(
              patterns.getContext());
    });
    applyBounded(getOperation(), [](RewritePatternSet &patterns) {
      MLIRContext *context = patterns.getContext();
      patterns.add<KeepDenormalExp>(context,
                                    Detour{-87, 17, std::exp(-17.0), 1});
      patterns.add<KeepDenormalLog>(
          context, Detour{0x1p-126, 0x1p23, 23 * std::log(2.0), 0});
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
