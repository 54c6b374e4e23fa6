//===- DecomposeQuantized.cpp - Quantised products to products of bytes ---===//
//
// With a and b the bytes and p and q their zero points,
//
//   sum_k (a - p) (b - q) = sum_k a b - p sum_k b - q sum_k a + K p q
//
// The first sum is a seq.matmul, whose left bytes are unsigned and whose right
// bytes are signed: those of the other kind are moved by 128 together with
// their zero points. The sums of the columns of b are made once; those of the
// rows of a are made only where q is not known to be 0. All else is elementwise
// and becomes one with what consumes the product.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/TensorBuilders.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace seqc {
#define GEN_PASS_DEF_DECOMPOSEQUANTIZEDPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

using utils::IteratorType;

/// Builds what replaces one product.
class QuantizedDecomposer {
public:
  QuantizedDecomposer(seq::QuantizedMatmulOp op, OpBuilder &builder)
      : op(op), b(op.getLoc(), builder), i32(b.getI32Type()) {}

  void run() {
    rows = extent(b, op.getLhs(), 0);
    columns = extent(b, op.getRhs(), op.getTransposed() ? 1 : 0);
    bool isStatic =
        cast<RankedTensorType>(op.getRhs().getType()).hasStaticShape() &&
        cast<RankedTensorType>(op.getRhs().getType()).getNumElements() > 0;
    Value result = isStatic ? multiplyBytes() : multiplyNumbers();
    op.getResult().replaceAllUsesWith(castTo(b, result, op.getType()));
    op.erase();
  }

private:
  /// An operand of the elementwise rest.
  struct Term {
    Value value;
    AffineMap map;
  };

  AffineMap mapOf(ArrayRef<AffineExpr> results, unsigned dims = 2) {
    return AffineMap::get(dims, 0, results, b.getContext());
  }

  /// A byte as i32.
  static Value widen(ImplicitLocOpBuilder &b, Value byte, bool isSigned) {
    if (isSigned)
      return arith::ExtSIOp::create(b, b.getI32Type(), byte);
    return arith::ExtUIOp::create(b, b.getI32Type(), byte);
  }

  static Value constant(ImplicitLocOpBuilder &b, int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }

  /// A zero point as an operand along `dim`.
  Term termOf(Value zero, unsigned dim) {
    auto type = cast<RankedTensorType>(zero.getType());
    if (type.getRank() == 1 && type.getDimSize(0) == 1)
      zero = tensor::CollapseShapeOp::create(
          b, RankedTensorType::get({}, type.getElementType()), zero,
          ArrayRef<ReassociationIndices>{});
    bool isOne = cast<RankedTensorType>(zero.getType()).getRank() == 0;
    return {zero, isOne ? mapOf({}) : mapOf({b.getAffineDimExpr(dim)})};
  }

  /// Whether a zero point is 0 on the scale on which its side is multiplied:
  /// bytes that are moved have `moved` added.
  static bool isNothing(Value zero, int64_t moved) {
    DenseIntElementsAttr value;
    if (!zero)
      return moved == 0;
    if (!matchPattern(zero, m_Constant(&value)) || !value.isSplat())
      return false;
    // Bytes wrap, and so does the sum.
    return (value.getSplatValue<APInt>() + APInt(8, moved & 0xff)).isZero();
  }

  /// Rows of unsigned bytes.
  Value unsignedRows() {
    if (!op.getLhsSigned())
      return op.getLhs();
    Value out =
        emptyTensor(b, {rows, extent(b, op.getLhs(), 1)}, b.getI8Type());
    return elementwise(
        b, op.getLhs(), out,
        [](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value bias = arith::ConstantOp::create(b, b.getI8IntegerAttr(-128));
          return {arith::XOrIOp::create(b, v[0], bias)};
        })[0];
  }

  /// The sum of each row.
  Value sumRows(Value lhs) {
    AffineExpr i, k;
    bindDims(b.getContext(), i, k);
    Value out = filledTensor(b, {rows}, constant(b, 0));
    return generic(
        b, lhs, out, {mapOf({i, k}), mapOf({i})},
        {IteratorType::parallel, IteratorType::reduction},
        [](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          return {arith::AddIOp::create(b, v[1], widen(b, v[0], false))};
        })[0];
  }

  Value multiplyBytes() {
    Value lhs = unsignedRows();
    bool excess = !op.getRhsSigned(), transposed = op.getTransposed();
    int64_t movedLeft = op.getLhsSigned() ? 128 : 0,
            movedRight = excess ? -128 : 0;
    Value start = filledTensor(b, {rows, columns}, constant(b, 0));
    Value product = seq::MatmulOp::create(b, start.getType(), lhs, op.getRhs(),
                                          transposed, excess, start)
                        .getResult(0);
    bool hasLeft = !isNothing(op.getLhsZero(), movedLeft),
         hasRight = !isNothing(op.getRhsZero(), movedRight);
    if (!hasLeft && !hasRight)
      return product;
    AffineExpr i, j;
    bindDims(b.getContext(), i, j);
    SmallVector<Term> terms{{product, mapOf({i, j})}};
    auto add = [&](Value value, AffineMap map) {
      terms.push_back({value, map});
      return terms.size() - 1;
    };
    size_t leftZero = 0, rightZero = 0, columnSums = 0, rowSums = 0;
    if (hasLeft && op.getLhsZero()) {
      Term term = termOf(op.getLhsZero(), 0);
      leftZero = add(term.value, term.map);
    }
    if (hasRight && op.getRhsZero()) {
      Term term = termOf(op.getRhsZero(), 1);
      rightZero = add(term.value, term.map);
    }
    auto rhsType = cast<RankedTensorType>(op.getRhs().getType());
    int64_t depth = rhsType.getDimSize(transposed ? 0 : 1);
    if (hasLeft) {
      Value sums = seq::ColumnSumsOp::create(
          b,
          RankedTensorType::get({rhsType.getDimSize(transposed ? 1 : 0)}, i32),
          op.getRhs(), transposed, excess);
      columnSums = add(sums, mapOf({j}));
    }
    if (hasRight)
      rowSums = add(sumRows(lhs), mapOf({i}));
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (const Term &term : terms) {
      inputs.push_back(term.value);
      maps.push_back(term.map);
    }
    maps.push_back(mapOf({i, j}));
    Value out = emptyTensor(b, {rows, columns}, i32);
    return generic(
        b, inputs, out, maps, {IteratorType::parallel, IteratorType::parallel},
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          auto zeroOf = [&](size_t term, bool isSigned, int64_t moved) {
            if (term == 0)
              return constant(b, moved);
            Value zero = widen(b, v[term], isSigned);
            return moved == 0
                       ? zero
                       : arith::AddIOp::create(b, zero, constant(b, moved))
                             .getResult();
          };
          Value result = v[0], left, right;
          if (hasLeft) {
            left = zeroOf(leftZero, op.getLhsSigned(), movedLeft);
            result = arith::SubIOp::create(
                b, result, arith::MulIOp::create(b, left, v[columnSums]));
          }
          if (hasRight) {
            // - q sum a + K p q
            right = zeroOf(rightZero, op.getRhsSigned(), movedRight);
            Value sum = v[rowSums];
            if (hasLeft)
              sum = arith::SubIOp::create(
                  b, sum, arith::MulIOp::create(b, left, constant(b, depth)));
            result = arith::SubIOp::create(
                b, result, arith::MulIOp::create(b, right, sum));
          }
          return {result};
        })[0];
  }

  /// A right side of dynamic extents has no panels: the definition, as loops.
  Value multiplyNumbers() {
    AffineExpr i, j, k;
    bindDims(b.getContext(), i, j, k);
    Value out = filledTensor(b, {rows, columns}, constant(b, 0));
    SmallVector<Value> inputs{op.getLhs(), op.getRhs()};
    SmallVector<AffineMap> maps{mapOf({i, k}, 3), op.getTransposed()
                                                      ? mapOf({k, j}, 3)
                                                      : mapOf({j, k}, 3)};
    for (auto [zero, dim] :
         {std::pair(op.getLhsZero(), 0u), std::pair(op.getRhsZero(), 1u)})
      if (zero) {
        Term term = termOf(zero, dim);
        inputs.push_back(term.value);
        maps.push_back(mapOf(term.map.getResults(), 3));
      }
    maps.push_back(mapOf({i, j}, 3));
    return generic(
        b, inputs, out, maps,
        {IteratorType::parallel, IteratorType::parallel,
         IteratorType::reduction},
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          unsigned next = 2;
          auto number = [&](Value byte, bool isSigned, bool hasZero) {
            Value wide = widen(b, byte, isSigned);
            return hasZero ? arith::SubIOp::create(
                                 b, wide, widen(b, v[next++], isSigned))
                                 .getResult()
                           : wide;
          };
          Value left = number(v[0], op.getLhsSigned(), bool(op.getLhsZero()));
          Value right = number(v[1], op.getRhsSigned(), bool(op.getRhsZero()));
          return {arith::AddIOp::create(b, v.back(),
                                        arith::MulIOp::create(b, left, right))};
        })[0];
  }

  seq::QuantizedMatmulOp op;
  ImplicitLocOpBuilder b;
  Type i32;
  OpFoldResult rows, columns;
};

struct DecomposeQuantizedPass
    : impl::DecomposeQuantizedPassBase<DecomposeQuantizedPass> {
  void runOnOperation() override {
    SmallVector<seq::QuantizedMatmulOp> products;
    getOperation().walk(
        [&](seq::QuantizedMatmulOp op) { products.push_back(op); });
    for (seq::QuantizedMatmulOp op : products) {
      OpBuilder builder(op);
      QuantizedDecomposer(op, builder).run();
      ++numProducts;
    }
  }
};

} // namespace
} // namespace seqc
