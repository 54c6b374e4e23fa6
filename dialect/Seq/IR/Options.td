//===- Options.td - What the caller of an entry chooses -----*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_OPTIONS_TD
#define DIALECT_SEQ_IR_OPTIONS_TD

include "dialect/Seq/IR/SeqAttributes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// OptionOp
//===----------------------------------------------------------------------===//

def Seq_OptionOp : Seq_Op<"option", [Pure, AllTypesMatch<["otherwise", "value"]>]> {
  let summary = "An option of the call, or what holds without it";
  let description = [{
    Who calls an entry may choose how it generates, call by call; an option that is
    not chosen is the model's own. The value of an option is the same everywhere in
    a call, so the op may be moved, repeated and removed like a constant.

    | option | type | chosen value |
    |---|---|---|
    | `max_new` | index | most tokens that are generated, at least 1 |
    | `length_penalty` | f64 | exponent of the length normalisation |
    | `temperature` | f32 | temperature of sampling, not negative |
    | `top_p` | f32 | mass that sampling keeps, above 0 and at most 1 |
    | `top_k` | index | tokens that sampling keeps; 0 keeps all |
    | `seed` | i64 | seed of sampling, 64 bits without a sign |
    | `first_row` | i64 | number of the call's first row, for sampling |

    #### Semantics

        value := the option if the caller chose it, else `otherwise`

    #### Constraints

    * (C1) The type is that of the table.

    #### Example

    ```mlir
    %limit = arith.constant 64 : index
    %wanted = seq.option max_new else %limit : index
    %n = arith.minsi %limit, %wanted : index
    ```
  }];
  let arguments = (ins Seq_CallOptionAttr:$name,
                       AnyTypeOf<[Index, I64, F32, F64]>:$otherwise);
  let results = (outs AnyTypeOf<[Index, I64, F32, F64]>:$value);
  let assemblyFormat = [{ $name `else` $otherwise attr-dict `:` type($value) }];
  let hasVerifier = 1;                                                     // C1
}

#endif // DIALECT_SEQ_IR_OPTIONS_TD
