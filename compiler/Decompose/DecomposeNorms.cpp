//===- DecomposeNorms.cpp - Softmax and normalisation to generics ---------===//
//
// Sums and maxima are reductions over the dimensions that are normalised
// together; nothing is broadcast or squared in memory, since every generic
// reads what belongs to a row through its indexing map.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Kernels/KernelTable.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace seqc {
namespace {

using utils::IteratorType;

/// Writes generics over tensors of one shape and what belongs to their rows:
/// sets of elements that differ in `shared` dimensions alone.
class RowWriter {
public:
  /// `input` has the shape.
  RowWriter(ImplicitLocOpBuilder &b, Value input,
            llvm::function_ref<bool(int64_t)> isShared)
      : b(b), sizes(extents(b, input)),
        compute(cast<FloatType>(
            getComputedType(getElementTypeOrSelf(input.getType())))) {
    SmallVector<AffineExpr> kept;
    for (int64_t dim = 0; dim < rank(); ++dim) {
      bool shared = isShared(dim);
      iterators.push_back(shared ? IteratorType::reduction
                                 : IteratorType::parallel);
      if (shared)
        continue;
      kept.push_back(b.getAffineDimExpr(dim));
      rowSizes.push_back(sizes[dim]);
    }
    rowMap = AffineMap::get(rank(), 0, kept, b.getContext());
    elementMap = b.getMultiDimIdentityMap(rank());
  }

  int64_t rank() const { return static_cast<int64_t>(sizes.size()); }
  FloatType getComputeType() const { return compute; }

  /// Number of elements of a row, as a float.
  Value count() {
    Value number;
    for (int64_t dim = 0; dim < rank(); ++dim) {
      if (iterators[dim] != IteratorType::reduction)
        continue;
      Value size = asValue(b, sizes[dim]);
      number =
          number ? arith::MulIOp::create(b, number, size).getResult() : size;
    }
    Value integer = arith::IndexCastOp::create(b, b.getI64Type(), number);
    return arith::SIToFPOp::create(b, compute, integer);
  }

  /// A number for each row: `combine` of the accumulator, which starts at
  /// `start`, an element of `source`, and the numbers of its row in `rows`.
  Value reduce(Value source, double start, ValueRange rows,
               llvm::function_ref<Value(ImplicitLocOpBuilder &, Value, Value,
                                        ValueRange)>
                   combine) {
    Value out = filledTensor(b, rowSizes, floatConstant(b, compute, start));
    SmallVector<Value> inputs{source};
    SmallVector<AffineMap> maps{elementMap};
    llvm::append_range(inputs, rows);
    maps.append(rows.size() + 1, rowMap);
    return generic(
        b, inputs, out, maps, iterators,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          return {combine(b, v.back(), convertFloat(b, v[0], compute),
                          v.slice(1, rows.size()))};
        })[0];
  }

  /// Computes a number for each row from others.
  Value perRow(ValueRange rows, ScalarBody body) {
    AffineMap map = b.getMultiDimIdentityMap(rowSizes.size());
    SmallVector<AffineMap> maps(rows.size() + 1, map);
    SmallVector<IteratorType> parallel(rowSizes.size(), IteratorType::parallel);
    return generic(b, rows, emptyTensor(b, rowSizes, compute), maps, parallel,
                   body)[0];
  }

  /// Computes each element from one of `source` and the numbers of its row in `rows` and of other operands through their
  /// maps. All arguments are of the compute type; the result is rounded to
  /// `element`.
  Value perElement(
      Value source, ValueRange rows, ValueRange others,
      ArrayRef<AffineMap> otherMaps, Type element,
      llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)> body) {
    SmallVector<Value> inputs{source};
    SmallVector<AffineMap> maps{elementMap};
    llvm::append_range(inputs, rows);
    maps.append(rows.size(), rowMap);
    llvm::append_range(inputs, others);
    llvm::append_range(maps, otherMaps);
    maps.push_back(elementMap);
    SmallVector<IteratorType> parallel(rank(), IteratorType::parallel);
    return generic(
        b, inputs, emptyTensor(b, sizes, element), maps, parallel,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          SmallVector<Value> arguments;
          for (Value argument : v.drop_back())
            arguments.push_back(convertFloat(b, argument, compute));
          return {convertFloat(b, body(b, arguments), element)};
        })[0];
  }

private:
  ImplicitLocOpBuilder &b;
  SmallVector<OpFoldResult> sizes, rowSizes;
  FloatType compute;
  SmallVector<IteratorType> iterators;
  AffineMap rowMap, elementMap;
};

/// Adds to the accumulator of a sum.
Value accumulate(ImplicitLocOpBuilder &b, Value sum, Value value) {
  return arith::AddFOp::create(b, sum, value);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

struct SoftmaxDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<SoftmaxDecomposition,
                                                   seq::SoftmaxOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto softmax = cast<seq::SoftmaxOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value input = softmax.getInput();
    RowWriter rows(b, input, [&](int64_t dim) {
      return llvm::is_contained(softmax.getDims(), dim);
    });
    Type element = getElementTypeOrSelf(input.getType());
    Value most = rows.reduce(
        input, -std::numeric_limits<double>::infinity(), {},
        [](ImplicitLocOpBuilder &b, Value most, Value x, ValueRange) -> Value {
          return arith::MaximumFOp::create(b, x, most);
        });
    auto power = [](ImplicitLocOpBuilder &b, Value x, Value most) -> Value {
      return math::ExpOp::create(b, arith::SubFOp::create(b, x, most));
    };
    if (softmax.getLog()) {
      Value sum = rows.reduce(
          input, 0, most,
          [&](ImplicitLocOpBuilder &b, Value sum, Value x, ValueRange v) {
            return accumulate(b, sum, power(b, x, v[0]));
          });
      Value shift = rows.perRow(
          sum, [](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
            return {math::LogOp::create(b, v[0])};
          });
      return SmallVector<Value>{
          rows.perElement(input, {most, shift}, {}, {}, element,
                          [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                            return arith::SubFOp::create(
                                b, arith::SubFOp::create(b, v[0], v[1]), v[2]);
                          })};
    }
    Value powers = rows.perElement(input, most, {}, {}, rows.getComputeType(),
                                   [&](ImplicitLocOpBuilder &b, ValueRange v) {
                                     return power(b, v[0], v[1]);
                                   });
    Value sum = rows.reduce(powers, 0, {},
                            [](ImplicitLocOpBuilder &b, Value sum, Value x,
                               ValueRange) { return accumulate(b, sum, x); });
    return SmallVector<Value>{
        rows.perElement(powers, sum, {}, {}, element,
                        [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                          return arith::DivFOp::create(b, v[0], v[1]);
                        })};
  }
};

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

struct NormDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<NormDecomposition,
                                                   seq::NormOp> {
  /// Dimension `axis` of `tensor` as `groups` groups of equal parts.
  static Value split(ImplicitLocOpBuilder &b, Value tensor, int64_t axis,
                     int64_t groups) {
    SmallVector<OpFoldResult> sizes = extents(b, tensor);
    OpFoldResult whole = sizes[axis], part;
    if (std::optional<int64_t> known = getConstantIntValue(whole))
      part = b.getIndexAttr(*known / groups);
    else
      part =
          arith::DivUIOp::create(b, asValue(b, whole), indexConstant(b, groups))
              .getResult();
    sizes[axis] = part;
    sizes.insert(sizes.begin() + axis, b.getIndexAttr(groups));
    SmallVector<int64_t> shape;
    for (OpFoldResult size : sizes)
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    auto type =
        RankedTensorType::get(shape, getElementTypeOrSelf(tensor.getType()));
    return tensor::ExpandShapeOp::create(
        b, type, tensor, splitting(sizes.size() - 1, axis), sizes);
  }

  /// Which dimensions a split one of `rank` dimensions becomes.
  static SmallVector<ReassociationIndices> splitting(int64_t rank,
                                                     int64_t axis) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t dim = 0; dim < rank; ++dim) {
      int64_t at = dim + (dim > axis ? 1 : 0);
      groups.push_back({at});
      if (dim == axis)
        groups.back().push_back(at + 1);
    }
    return groups;
  }

  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto norm = cast<seq::NormOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    bool isGroup = norm.getKind() == seq::NormKind::Group,
         isCentred = norm.getKind() != seq::NormKind::Rms;
    int64_t axis = static_cast<int64_t>(norm.getAxis());
    Value input = norm.getInput();
    int64_t inputRank = cast<RankedTensorType>(input.getType()).getRank();
    // Behind the split, rows and channels are addressed by plain dimensions.
    int64_t groups = static_cast<int64_t>(norm.getGroups());
    if (isGroup)
      input = split(b, input, axis, groups);
    int64_t first = axis + (isGroup ? 1 : 0);
    RowWriter rows(b, input, [&](int64_t dim) { return dim >= first; });
    SmallVector<Value> affine;
    SmallVector<AffineMap> maps;
    for (Value value : {norm.getScale(), norm.getBias()}) {
      if (!value)
        continue;
      if (isGroup)
        value = split(b, value, 0, groups);
      SmallVector<AffineExpr> dims;
      for (int64_t dim = 0;
           dim < cast<RankedTensorType>(value.getType()).getRank(); ++dim)
        dims.push_back(b.getAffineDimExpr(axis + dim));
      affine.push_back(value);
      maps.push_back(AffineMap::get(rows.rank(), 0, dims, b.getContext()));
    }
    Value count = rows.count();
    SmallVector<Value> numbers;
    if (isCentred) {
      Value sum = rows.reduce(input, 0, {},
                              [](ImplicitLocOpBuilder &b, Value sum, Value x,
                                 ValueRange) { return accumulate(b, sum, x); });
      numbers.push_back(rows.perRow(
          sum,
          [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
            return {arith::DivFOp::create(b, v[0], count)};
          }));
    }
    // In two passes: the difference of the mean of squares and the square of
    // the mean cancels.
    Value squares = rows.reduce(
        input, 0, numbers,
        [](ImplicitLocOpBuilder &b, Value sum, Value x, ValueRange mean) {
          if (!mean.empty())
            x = arith::SubFOp::create(b, x, mean[0]);
          return accumulate(b, sum, arith::MulFOp::create(b, x, x));
        });
    numbers.push_back(rows.perRow(
        squares,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          FloatType type = rows.getComputeType();
          double epsilon = norm.getEpsilon().convertToDouble();
          Value variance = arith::DivFOp::create(b, v[0], count);
          variance = arith::AddFOp::create(b, variance,
                                           floatConstant(b, type, epsilon));
          return {arith::DivFOp::create(b, floatConstant(b, type, 1),
                                        math::SqrtOp::create(b, variance))};
        }));
    Value result =
        rows.perElement(input, numbers, affine, maps,
                        getElementTypeOrSelf(norm.getResult().getType()),
                        [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                          unsigned next = 1;
                          Value y = v[0];
                          if (isCentred)
                            y = arith::SubFOp::create(b, y, v[next++]);
                          y = arith::MulFOp::create(b, y, v[next++]);
                          if (norm.getScale())
                            y = arith::MulFOp::create(b, y, v[next++]);
                          if (norm.getBias())
                            y = arith::AddFOp::create(b, y, v[next++]);
                          return y;
                        });
    if (isGroup)
      result = tensor::CollapseShapeOp::create(b, result,
                                               splitting(inputRank, axis));
    return SmallVector<Value>{castTo(b, result, norm.getResult().getType())};
  }
};

} // namespace

void registerNormDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::SoftmaxOp::attachInterface<SoftmaxDecomposition>(*context);
    seq::NormOp::attachInterface<NormDecomposition>(*context);
  });
}

} // namespace seqc
