//===- RTOps.td - What the runtime gives to a call ----------*- tablegen -*-===//

#ifndef DIALECT_RT_IR_RTOPS_TD
#define DIALECT_RT_IR_RTOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialect/Seq/IR/SeqAttributes.td"

def RT_Dialect : Dialect {
  let name = "rt";
  let cppNamespace = "::seqc::rt";
  let summary = "What the runtime gives to a call";
  let description = [{
    What code of an entry gets from its caller and from the session: memory of inputs, outputs and weights, the
    arena, options of the call, and the end of a call whose inputs break a check. Phase `bufferize` makes these ops,
    where entries get the calling convention of artefacts; phase `llvm` lowers them to reads of the context and to calls
    of the services of `runtime/abi/ModelAbi.h`.

    Memory comes as bytes, of which `memref.view` makes what they hold. How many bytes there are is not known and
    must not be asked for.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::seqc::seq::SeqDialect"];
}

class RT_Op<string mnemonic, list<Trait> traits = []> : Op<RT_Dialect, mnemonic, traits>;

def RT_Context : TypeDef<RT_Dialect, "Context"> {
  let mnemonic = "context";
  let summary = "The call that is running";
  let description = [{
    The first argument of an entry, and its only one. In LLVM it is a pointer to a `seqc_abi_context`.
  }];
}

/// Memory whose size is not known.
def RT_Bytes : Type<CPred<[{
    $_self == ::mlir::MemRefType::get({::mlir::ShapedType::kDynamic}, ::mlir::IntegerType::get($_self.getContext(), 8))
  }]>, "memref<?xi8>", "::mlir::MemRefType">,
  BuildableType<[{
    ::mlir::MemRefType::get({::mlir::ShapedType::kDynamic}, $_builder.getI8Type())
  }]>;

/// The number of an input, an output or a dimension.
def RT_Number : ConfinedAttr<I64Attr, [IntNonNegative]>;

//===----------------------------------------------------------------------===//
// Inputs, outputs, weights
//===----------------------------------------------------------------------===//

def RT_InputOp : RT_Op<"input", [Pure]> {
  let summary = "The memory of an input";
  let description = [{
    Elements are in row-major order. The memory is the caller's and is not written.

    #### Semantics

        bytes := the memory of input `index`

    #### Constraints

    * (C1) `index` is not negative.

    #### Example

    ```mlir
    %bytes = rt.input %ctx[0]
    ```
  }];
  let arguments = (ins RT_Context:$ctx, RT_Number:$index);                 // C1
  let results = (outs RT_Bytes:$bytes);
  let assemblyFormat = [{ $ctx `[` $index `]` attr-dict }];
}

def RT_ExtentOp : RT_Op<"extent", [Pure]> {
  let summary = "An extent of an input";
  let description = [{
    #### Semantics

        extent := the extent of dimension `dim` of input `index`, at least 0

    #### Constraints

    * (C1) `index` and `dim` are not negative.

    #### Example

    ```mlir
    %n = rt.extent %ctx[0, 1]
    ```
  }];
  let arguments = (ins RT_Context:$ctx, RT_Number:$index, RT_Number:$dim); // C1
  let results = (outs Index:$extent);
  let assemblyFormat = [{ $ctx `[` $index `,` $dim `]` attr-dict }];
}

def RT_WeightsOp : RT_Op<"weights", [Pure]> {
  let summary = "The weights section";
  let description = [{
    The memory that the module's `seq.weight_layout` describes. It is not written and begins at a multiple of 64.

    #### Semantics

        bytes := the weights section of the artefact

    #### Constraints

    None beyond the types.

    #### Example

    ```mlir
    %bytes = rt.weights %ctx
    ```
  }];
  let arguments = (ins RT_Context:$ctx);
  let results = (outs RT_Bytes:$bytes);
  let assemblyFormat = [{ $ctx attr-dict }];
}

// Not an allocation: what is allocated has no other name, but this memory may
// be that of an input.
def RT_OutputOp : RT_Op<"output", [MemoryEffects<[MemWrite]>]> {
  let summary = "Ask for the memory of an output";
  let description = [{
    Tells the caller the shape of an output and gets memory for it: the caller's own, which may be that of an
    input, or memory of the result. Asked for at most once in a call. A size that does not fit ends the call.

    #### Semantics

        bytes := memory for a row-major tensor of `tensor`, whose dynamic extents are `sizes`

    #### Constraints

    * (C1) `index` is not negative.
    * (C2) `sizes` has as many values as `tensor` has dynamic extents.

    #### Example

    ```mlir
    %bytes = rt.output %ctx[0] tensor<?x4xf32>(%n)
    ```
  }];
  let arguments = (ins RT_Context:$ctx, RT_Number:$index,                  // C1
                       TypeAttrOf<AnyRankedTensor>:$tensor, Variadic<Index>:$sizes);
  let results = (outs RT_Bytes:$bytes);
  let assemblyFormat = [{ $ctx `[` $index `]` $tensor `(` $sizes `)` attr-dict }];
  let hasVerifier = 1;                                                     // C2
}

//===----------------------------------------------------------------------===//
// The arena
//===----------------------------------------------------------------------===//

def RT_AllocateOp : RT_Op<"allocate"> {
  let summary = "Take memory from the session's arena";
  let description = [{
    A size that is negative or cannot be had ends the call.

    #### Semantics

        bytes := `size` bytes, the first at a multiple of 64, which nothing else uses until the next `rt.release`
                 of an earlier mark, else until the call ends

    #### Constraints

    None beyond the types.

    #### Example

    ```mlir
    %bytes = rt.allocate %ctx, %size
    ```
  }];
  let arguments = (ins RT_Context:$ctx, Index:$size);
  let results = (outs Res<RT_Bytes, "", [MemAlloc]>:$bytes);
  let assemblyFormat = [{ $ctx `,` $size attr-dict }];
}

def RT_MarkOp : RT_Op<"mark", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Remember how much of the arena is taken";
  let description = [{
    #### Semantics

        mark := how much of the arena is taken

    #### Constraints

    None beyond the types.

    #### Example

    ```mlir
    %mark = rt.mark %ctx
    ```
  }];
  let arguments = (ins RT_Context:$ctx);
  let results = (outs I64:$mark);
  let assemblyFormat = [{ $ctx attr-dict }];
}

def RT_ReleaseOp : RT_Op<"release", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Give back what was taken from the arena since a mark";
  let description = [{
    #### Semantics

        from here on, what was taken from the arena behind the mark must not be used

    #### Constraints

    None beyond the types.

    #### Example

    ```mlir
    rt.release %ctx, %mark
    ```
  }];
  let arguments = (ins RT_Context:$ctx, I64:$mark);
  let assemblyFormat = [{ $ctx `,` $mark attr-dict }];
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

def RT_OptionOp : RT_Op<"option", [Pure, InferTypeOpAdaptor]> {
  let summary = "An option of the call";
  let description = [{
    What `seq.option` is made of.

    #### Semantics

        chosen := whether the caller chose the option, always for `first_row`
        value  := what it chose, anything if it did not

    #### Constraints

    * (C1) `value` has the type of the option, as `seq.option` lists them.

    #### Example

    ```mlir
    %value, %chosen = rt.option %ctx max_new
    ```
  }];
  let arguments = (ins RT_Context:$ctx, Seq_CallOptionAttr:$name);
  let results = (outs AnyTypeOf<[Index, I64, F32, F64]>:$value, I1:$chosen); // C1
  let assemblyFormat = [{ $ctx $name attr-dict }];
}

def RT_RequireOp : RT_Op<"require", [MemoryEffects<[MemWrite]>]> {
  let summary = "End the call with a message unless a condition holds";
  let description = [{
    What `seq.require` becomes.

    #### Semantics

        if condition: nothing
        if exhausts:  the call ends with "resource exhausted" and `message` as it is
        otherwise:    the call ends with "invalid argument" and `message`, in which {0}, {1}, ... stand for the values

    #### Constraints

    * (C1) There are at most 8 values.

    #### Example

    ```mlir
    rt.require %ctx, %fits, "found {0} elements; required {1}" (%n, %m)
    ```
  }];
  let arguments = (ins RT_Context:$ctx, I1:$condition, StrAttr:$message, Variadic<Index>:$values,
                       UnitProp:$exhausts);
  let assemblyFormat = [{
    $ctx `,` $condition `,` $message (`(` $values^ `)`)? (`exhausts` $exhausts^)? attr-dict
  }];
  let hasVerifier = 1;                                                     // C1
}

#endif // DIALECT_RT_IR_RTOPS_TD
