//===- Checks.td - What must hold at run time ---------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_CHECKS_TD
#define DIALECT_SEQ_IR_CHECKS_TD

include "dialect/Seq/IR/SeqDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// RequireOp
//===----------------------------------------------------------------------===//

def Seq_RequireOp : Seq_Op<"require",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "End the call with a message unless a condition holds";
  let description = [{
    States what the ops behind it rely on and what only the inputs of a call decide:
    extents that fit together, indices inside a tensor, sizes that are not negative.
    A call whose inputs break it ends with a status and the message; nothing that
    follows in program order has run.

    The op writes no memory that another one reads. It is modelled as a write so that
    it stays where it is and is never removed.

    #### Semantics

        if condition: nothing
        otherwise:    the call ends with "invalid argument" and `message`, in which
                      {0}, {1}, ... stand for the values

    #### Constraints

    * (C1) Every placeholder of `message` names a value.
    * (C2) There are at most 8 values.

    #### Example

    ```mlir
    seq.require %fits, "node 'a' (Reshape): found {0} elements; required {1}" (%n, %m)
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message, Variadic<Index>:$values);
  let assemblyFormat = [{
    $condition `,` $message (`(` $values^ `)`)? attr-dict
  }];
  let hasVerifier = 1;                                                  // C1, C2
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// The most values of a message.
    static constexpr unsigned kMostValues = 8;
    /// `message` with numbers in place of its placeholders.
    std::string format(::llvm::ArrayRef<int64_t> numbers);
  }];
}

#endif // DIALECT_SEQ_IR_CHECKS_TD
