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

#endif // DIALECT_SEQ_IR_SEQINTERFACES_TD
