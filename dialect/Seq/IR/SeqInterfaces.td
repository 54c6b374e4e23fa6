//===- SeqInterfaces.td - Interfaces of the seq dialect -----*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_SEQINTERFACES_TD
#define DIALECT_SEQ_IR_SEQINTERFACES_TD

include "mlir/IR/OpBase.td"

def Seq_CellOpInterface : OpInterface<"CellOpInterface"> {
  let cppNamespace = "::seqc::seq";
  let description = [{
    A named recurrent layer. Its only lowering is to decompose into `seq.recurrence`;
    the interface is what passes and frontends need to know of it beforehand.
  }];
  let methods = [
    InterfaceMethod<"Number of gates, i.e. rows of the input weight divided by the hidden size.",
                    "int64_t", "getNumGates">,
    InterfaceMethod<"Activation functions per direction.", "int64_t", "getNumActivations">
  ];
}

def Seq_RowsOpInterface : OpInterface<"RowsOpInterface"> {
  let cppNamespace = "::seqc::seq";
  let description = [{
    An op that can work on each row of a batch by itself. The rows are dimension 0 of some of
    its operands; others are the same for all rows. Passes that store, move or leave out rows
    ask it whether rows meet in the op.
  }];
  let methods = [
    InterfaceMethod<[{
        Whether row i of each result depends on nothing but row i of the operands for which
        `hasRows` holds and on the other operands.
      }], "bool", "keepsRows", (ins "::llvm::function_ref<bool(::mlir::OpOperand &)>":$hasRows)>,
    InterfaceMethod<[{
        Whether an operand has a row for each of the batch: where it is to be the same for all
        of them, it is repeated.
      }], "bool", "takesRows", (ins "::mlir::OpOperand &":$operand)>
  ];
}

#endif // DIALECT_SEQ_IR_SEQINTERFACES_TD
