//===- SeqDialect.td - The dialect of sequence models -------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_SEQDIALECT_TD
#define DIALECT_SEQ_IR_SEQDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Seq_Dialect : Dialect {
  let name = "seq";
  let cppNamespace = "::seqc::seq";
  let summary = "Recurrence, attention and search as operations";
  let description = [{
    The `seq` dialect holds what upstream dialects do not: loops over time whose
    body is a cell, attention with every kind of score, and the search that turns
    a decoder step into text. Everything else (products, elementwise arithmetic,
    shapes, control flow) is upstream: `linalg`, `tensor`, `arith`, `math`, `scf`.

    Values are ranked tensors. Batch and time are usually dynamic, features static.
    Inside `seq.recurrence` time is dimension 0 and batch is dimension 1.

    An entry of a model is a public `func.func`; its arguments and results carry the
    discardable attributes `seq.name` and `seq.signature` (`#seq.signature`), and the module may
    carry `seq.metadata`, a JSON string that describes vocabularies and text handling.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;

  // What passes and frontends leave on ops for later ones: Marks.h has the one
  // way to read and write each, Marks.cpp says on which ops it may stand.
  let discardableAttrs = (ins
    "::mlir::StringAttr":$name,
    "::mlir::Attribute":$signature,
    "::mlir::StringAttr":$metadata,
    "::mlir::ArrayAttr":$weight_layout,
    "::mlir::Attribute":$target,
    "::mlir::ArrayAttr":$explain,
    "::mlir::DictionaryAttr":$recognized,
    "::mlir::ArrayAttr":$memory_plan,
    "::mlir::ArrayAttr":$in_place,
    "::mlir::UnitAttr":$maybe_same,
    "::mlir::UnitAttr":$tile,
    "::mlir::UnitAttr":$parallel,
    "::mlir::UnitAttr":$in_loop,
    "::mlir::IntegerAttr":$loop_number,
    "::mlir::UnitAttr":$flush,
    "::mlir::UnitAttr":$denormals,
    "::mlir::UnitAttr":$exhausts,
    "::mlir::UnitAttr":$unchecked);
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class Seq_Op<string mnemonic, list<Trait> traits = []>
    : Op<Seq_Dialect, mnemonic, traits>;

class Seq_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Seq_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

#endif // DIALECT_SEQ_IR_SEQDIALECT_TD
