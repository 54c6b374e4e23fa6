//===- Floats.cpp - Products of floating-point numbers --------------------===//
//
// The body of a tile is a structured op; the vectoriser makes multiply-adds of
// it, for whatever instruction set there is. A row of a panel has up to 64
// columns of single precision: four of them fill sixteen of the 32 registers of 512 bits, one fills
// eight of the 16 registers of 256 bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;

/// init[row, column] + sum_k lhs[row, k] * panels[panel, k, g, column], all g in
/// one op.
static SmallVector<Value> emitFloats(OpBuilder &builder, Location loc,
                                     const ProductTile &tile) {
  seq::PackedMatmulOp product = tile.product;
  MLIRContext *context = builder.getContext();
  Attribute one = builder.getIndexAttr(1), zero = builder.getIndexAttr(0);
  int64_t depth = product.getDepth(), gates = product.getNumMatrices();
  Type element = getElementTypeOrSelf(product.getLhs());
  SmallVector<Value> inputs;
  inputs.push_back(tensor::ExtractSliceOp::create(
      builder, loc, product.getLhs(), ArrayRef<OpFoldResult>{tile.row, zero},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(tile.rows),
                             builder.getIndexAttr(depth)},
      ArrayRef<OpFoldResult>{one, one}));
  auto weightType = RankedTensorType::get({depth, tile.columns}, element);
  for (int64_t g = 0; g < gates; ++g)
    inputs.push_back(tensor::ExtractSliceOp::create(
        builder, loc, weightType, product.getPanels(),
        ArrayRef<OpFoldResult>{tile.panel, zero, builder.getIndexAttr(g), zero},
        ArrayRef<OpFoldResult>{one, builder.getIndexAttr(depth), one,
                               builder.getIndexAttr(tile.columns)},
        ArrayRef<OpFoldResult>(SmallVector<OpFoldResult>(4, one))));

  AffineExpr i, k, j;
  bindDims(context, i, k, j);
  SmallVector<AffineMap> maps{AffineMap::get(3, 0, {i, k}, context)};
  maps.append(gates, AffineMap::get(3, 0, {k, j}, context));
  maps.append(gates, AffineMap::get(3, 0, {i, j}, context));
  using utils::IteratorType;
  auto op = linalg::GenericOp::create(
      builder, loc, ValueRange(tile.inits).getTypes(), inputs, tile.inits, maps,
      ArrayRef{IteratorType::parallel, IteratorType::reduction,
               IteratorType::parallel},
      [&](OpBuilder &b, Location l, ValueRange args) {
        SmallVector<Value> sums;
        for (int64_t g = 0; g < gates; ++g) {
          auto contract = arith::FastMathFlagsAttr::get(
              context, arith::FastMathFlags::contract);
          Value term =
              arith::MulFOp::create(b, l, args[0], args[1 + g], contract);
          sums.push_back(
              arith::AddFOp::create(b, l, args[1 + gates + g], term, contract));
        }
        linalg::YieldOp::create(b, l, sums);
      });
  seq::mark<seq::TileMark>(op);
  return op.getResults();
}

static constexpr int64_t kWide[] = {4, 3, 2, 1}, kNarrow[] = {1};

const ProductKernel seqc::kFloats512{"floats-512",
                                     ProductTypes::Floats,
                                     seq::CpuFeature::None,
                                     512,
                                     /*unit=*/1,
                                     kWide,
                                     emitFloats};
const ProductKernel seqc::kFloatsNarrow{"floats",
                                        ProductTypes::Floats,
                                        seq::CpuFeature::None,
                                        0,
                                        /*unit=*/1,
                                        kNarrow,
                                        emitFloats};
