//===- RecognizeQuantized.cpp - Products of dequantised bytes -------------===//
//
// With a and b bytes, p and q their zero points and s and t their scales,
//
//   sum_k ((a - p) s) ((b - q) t) = s t sum_k (a - p) (b - q)
//
// as long as s and t do not depend on k. The sum on the right is a
// seq.quantized_matmul, exact if it fits 32 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Normalize/Elements.h"
#include "compiler/Normalize/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace seqc {
#define GEN_PASS_DEF_RECOGNIZEQUANTIZEDPASS
#include "compiler/Normalize/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Summands up to which no sum of products of two numbers of at most 255 leaves
/// 32 bits.
constexpr int64_t kMostDepth = INT32_MAX / (255 * 255);

/// Ops between a product and what dequantises its operand.
constexpr size_t kMostMoves = 16;

/// An operand of a product that is made of bytes.
struct Side {
  seq::DequantizeOp numbers;
  /// Ops that move elements from there to the product, the last one first.
  SmallVector<Operation *> moves;
};

/// Whether an op only moves the elements of its first operand.
bool isMove(Operation *op) {
  return isa_and_present<tensor::CastOp, tensor::CollapseShapeOp,
                         tensor::ExpandShapeOp, tensor::ExtractSliceOp,
                         linalg::TransposeOp>(op);
}

/// The operand's bytes. Scale and zero point are one number each, or, behind
/// nothing but casts and transposes, change along dimension `free` of the
/// operand.
std::optional<Side> findSide(Value operand, unsigned free) {
  Side side;
  // The dimension of what is reached that is `free` in the operand.
  std::optional<unsigned> dim = free;
  while (isMove(operand.getDefiningOp())) {
    Operation *move = operand.getDefiningOp();
    if (side.moves.size() == kMostMoves)
      return std::nullopt;
    side.moves.push_back(move);
    if (auto transpose = dyn_cast<linalg::TransposeOp>(move)) {
      if (dim)
        dim = transpose.getPermutation()[*dim];
    } else if (!isa<tensor::CastOp>(move)) {
      dim = std::nullopt;
    }
    operand = move->getOperand(0);
  }
  side.numbers = operand.getDefiningOp<seq::DequantizeOp>();
  if (!side.numbers || side.numbers.getBlock() ||
      !getElementTypeOrSelf(side.numbers.getInput()).isInteger(8) ||
      getElementTypeOrSelf(side.numbers.getScale()) !=
          getElementTypeOrSelf(operand) ||
      (side.numbers.getAxis() && side.numbers.getAxis() != dim))
    return std::nullopt;
  return side;
}

/// The same elements as bytes: `move` on `bytes`.
Value moveBytes(ImplicitLocOpBuilder &b, Operation *move, Value bytes) {
  Type byte = b.getI8Type();
  if (auto transpose = dyn_cast<linalg::TransposeOp>(move)) {
    Value init = tensor::EmptyOp::create(
        b, tensor::getMixedSizes(b, b.getLoc(), transpose.getInit()), byte);
    return linalg::TransposeOp::create(b, bytes, init,
                                       transpose.getPermutation())
        ->getResult(0);
  }
  Operation *moved = b.clone(*move);
  moved->setOperand(0, bytes);
  auto type = cast<RankedTensorType>(move->getResult(0).getType());
  moved->getResult(0).setType(type.clone(byte));
  return moved->getResult(0);
}

/// The side's bytes in the place of its numbers.
Value moveBytes(ImplicitLocOpBuilder &b, const Side &side) {
  // What is added to bytes has their extents; the result's may say more.
  seq::DequantizeOp numbers = side.numbers;
  auto type = cast<RankedTensorType>(numbers.getResult().getType());
  Value bytes = b.createOrFold<tensor::CastOp>(type.clone(b.getI8Type()),
                                               numbers.getInput());
  for (Operation *move : llvm::reverse(side.moves))
    bytes = moveBytes(b, move, bytes);
  return bytes;
}

/// A zero point as an operand, null if it is known to be 0.
Value makeZero(const Side &side) {
  seq::DequantizeOp numbers = side.numbers;
  Value zero = numbers.getZero();
  return zero && matchPattern(zero, m_Zero()) ? Value() : zero;
}

struct QuantizeProduct : OpRewritePattern<linalg::MatmulOp> {
  QuantizeProduct(MLIRContext *context, Pass::Statistic &numProducts)
      : OpRewritePattern(context), numProducts(numProducts) {}

  LogicalResult matchAndRewrite(linalg::MatmulOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() ||
        !isComputed(getElementTypeOrSelf(op.getResult(0))))
      return failure();
    AffineExpr m, n, k;
    bindDims(op.getContext(), m, n, k);
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    auto is = [&](AffineMap map, AffineExpr first, AffineExpr second) {
      return map == AffineMap::get(3, 0, {first, second}, op.getContext());
    };
    bool transposed = is(maps[1], k, n);
    if (!is(maps[0], m, k) || !is(maps[2], m, n) ||
        !(transposed || is(maps[1], n, k)))
      return failure();
    Value init = op.getDpsInitOperand(0)->get();
    auto rhsType = cast<RankedTensorType>(op.getInputs()[1].getType());
    if (!rhsType.hasStaticShape() ||
        rhsType.getDimSize(transposed ? 0 : 1) > kMostDepth)
      return failure();
    std::optional<Side> left = findSide(op.getInputs()[0], 0);
    std::optional<Side> right =
        left ? findSide(op.getInputs()[1], transposed ? 1 : 0) : std::nullopt;
    if (!right)
      return failure();
    // A transposed weight is read as it is stored.
    if (!right->moves.empty() &&
        isa<linalg::TransposeOp>(right->moves.front())) {
      right->moves.erase(right->moves.begin());
      transposed = !transposed;
    }

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value lhs = moveBytes(b, *left), rhs = moveBytes(b, *right);
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    Value lhsZero = makeZero(*left), rhsZero = makeZero(*right);
    auto sumType = RankedTensorType::get(
        {cast<RankedTensorType>(lhs.getType()).getDimSize(0),
         type.getDimSize(1)},
        b.getI32Type());
    Value sums = seq::QuantizedMatmulOp::create(
        b, sumType, lhs, rhs, lhsZero, rhsZero,
        /*lhs_signed=*/!left->numbers.getIsUnsigned(),
        /*rhs_signed=*/!right->numbers.getIsUnsigned(), transposed);
    sums = b.createOrFold<tensor::CastOp>(type.clone(b.getI32Type()), sums);
    rewriter.replaceOp(op, scale(b, sums, *left, *right, init));
    ++numProducts;
    return success();
  }

  /// sums * scale of the left * scale of the right + init. The left one goes
  /// first: the product of both may be too small for a float.
  static Value scale(ImplicitLocOpBuilder &b, Value sums, const Side &left,
                     const Side &right, Value init) {
    auto type = cast<RankedTensorType>(init.getType());
    SmallVector<Value> inputs{sums};
    SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(2)};
    // Numbers that are known, or null for an element of the next input.
    SmallVector<Value> known;
    for (auto [side, dim] : {std::pair(&left, 0u), std::pair(&right, 1u)}) {
      seq::DequantizeOp numbers = side->numbers;
      SplatElementsAttr number;
      if (matchPattern(numbers.getScale(), m_Constant(&number))) {
        known.push_back(arith::ConstantOp::create(
            b, cast<TypedAttr>(number.getSplatValue<Attribute>())));
        continue;
      }
      known.push_back({});
      inputs.push_back(numbers.getScale());
      maps.push_back(numbers.getAxis()
                         ? AffineMap::get(2, 0, b.getAffineDimExpr(dim))
                         : AffineMap::get(2, 0, b.getContext()));
    }
    bool accumulates = !isZeroFill(init);
    if (accumulates) {
      inputs.push_back(init);
      maps.push_back(maps.front());
    }
    maps.push_back(maps.front());
    Value out = tensor::EmptyOp::create(
        b, tensor::getMixedSizes(b, b.getLoc(), init), type.getElementType());
    SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, type, inputs, ValueRange{out}, maps, loops,
               [&](OpBuilder &inner, Location loc, ValueRange arguments) {
                 Value y = arith::SIToFPOp::create(
                     inner, loc, type.getElementType(), arguments[0]);
                 size_t next = 1;
                 for (Value by : known)
                   y = arith::MulFOp::create(inner, loc, y,
                                             by ? by : arguments[next++]);
                 if (accumulates)
                   y = arith::AddFOp::create(inner, loc, y, arguments[next]);
                 linalg::YieldOp::create(inner, loc, y);
               })
        .getResult(0);
  }

  Pass::Statistic &numProducts;
};

struct RecognizeQuantized
    : seqc::impl::RecognizeQuantizedPassBase<RecognizeQuantized> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<QuantizeProduct>(&getContext(), numProducts);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
