//===- DecomposeRotary.cpp - Rotary embedding to generics -----------------===//
//
// First and second features of all pairs are slices, and so are those of the
// result: one generic computes both, with one angle for each.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Kernels/KernelTable.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc {
namespace {

struct RotaryDecomposition
    : linalg::AggregatedOpInterface::ExternalModel<RotaryDecomposition,
                                                   seq::RotaryOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto rotary = cast<seq::RotaryOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value input = rotary.getInput();
    auto type = cast<RankedTensorType>(input.getType());
    Type element = type.getElementType(), wide = getComputedType(element);
    int64_t angles =
        cast<RankedTensorType>(rotary.getCosine().getType()).getDimSize(2);
    bool isInterleaved = rotary.getInterleaved();

    // Of first and second features, where they are.
    SmallVector<OpFoldResult> whole = extents(b, input), sizes = whole,
                              strides(4, b.getIndexAttr(1));
    SmallVector<SmallVector<OpFoldResult>, 2> offsets(
        2, SmallVector<OpFoldResult>(4, b.getIndexAttr(0)));
    sizes[3] = b.getIndexAttr(angles);
    strides[3] = b.getIndexAttr(isInterleaved ? 2 : 1);
    offsets[1][3] = b.getIndexAttr(isInterleaved ? 1 : angles);
    SmallVector<Value> inputs;
    for (ArrayRef<OpFoldResult> at : offsets)
      inputs.push_back(
          tensor::ExtractSliceOp::create(b, input, at, sizes, strides));
    AffineMap identity = b.getMultiDimIdentityMap(4);
    SmallVector<AffineMap> maps(2, identity);
    for (Value table : {rotary.getCosine(), rotary.getSine()}) {
      bool isShared =
          cast<RankedTensorType>(table.getType()).getDimSize(0) == 1;
      inputs.push_back(table);
      maps.push_back(AffineMap::get(
          4, 0,
          {isShared ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(0),
           b.getAffineDimExpr(2), b.getAffineDimExpr(3)},
          b.getContext()));
    }
    maps.append(2, identity);
    SmallVector<Value> outs{emptyTensor(b, sizes, element),
                            emptyTensor(b, sizes, element)};
    SmallVector<utils::IteratorType> loops(4, utils::IteratorType::parallel);
    SmallVector<Value> turned = generic(
        b, inputs, outs, maps, loops,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          SmallVector<Value, 4> x;
          for (Value value : v.take_front(4))
            x.push_back(convertFloat(b, value, wide));
          auto times = [&](Value left, Value right) -> Value {
            return arith::MulFOp::create(b, left, right);
          };
          Value first = arith::SubFOp::create(b, times(x[0], x[2]),
                                              times(x[1], x[3])),
                second = arith::AddFOp::create(b, times(x[1], x[2]),
                                               times(x[0], x[3]));
          return {convertFloat(b, first, element),
                  convertFloat(b, second, element)};
        });
    // Features without an angle stay.
    Value result = type.getDimSize(3) == 2 * angles
                       ? emptyTensor(b, whole, element)
                       : input;
    for (auto [part, at] : llvm::zip(turned, offsets))
      result =
          tensor::InsertSliceOp::create(b, part, result, at, sizes, strides);
    return SmallVector<Value>{castTo(b, result, type)};
  }
};

} // namespace

void registerRotaryDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::RotaryOp::attachInterface<RotaryDecomposition>(*context);
  });
}

} // namespace seqc
