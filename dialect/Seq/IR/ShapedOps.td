//===- ShapedOps.td - Ops that say where extents are found --*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_SHAPEDOPS_TD
#define DIALECT_SEQ_IR_SHAPEDOPS_TD

include "dialect/Seq/IR/SeqDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

/// An op whose shapes are reified from where it says that extents of results are
/// found. An op with declarations of its own puts them behind
/// `shapedDeclaration`.
class Seq_ShapedOp<string mnemonic, list<Trait> traits = []>
    : Seq_Op<mnemonic, traits # [
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes", "reifyDimOfResult"]>]> {
  code shapedDeclaration = [{
    /// Where the extents of a result are found, one entry per dimension.
    ::llvm::SmallVector<::seqc::seq::detail::ExtentSource>
    getExtentSources(int64_t result);
  }];
  let extraClassDeclaration = shapedDeclaration;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder, ::mlir::ReifiedRankedShapedTypeDims &shapes) {
      return ::seqc::seq::detail::reifyShapes(
          *this, builder, shapes,
          [&](int64_t result) { return getExtentSources(result); });
    }
    ::llvm::FailureOr<::mlir::OpFoldResult> $cppClass::reifyDimOfResult(
        ::mlir::OpBuilder &builder, int result, int dim) {
      return ::seqc::seq::detail::reifyExtent(
          *this, builder, result, dim,
          [&](int64_t number) { return getExtentSources(number); });
    }
  }];
}

#endif // DIALECT_SEQ_IR_SHAPEDOPS_TD
