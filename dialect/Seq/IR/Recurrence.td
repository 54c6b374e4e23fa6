//===- Recurrence.td - Loops over time with a cell region ---*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_RECURRENCE_TD
#define DIALECT_SEQ_IR_RECURRENCE_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/LoopLikeInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// RecurrenceOp
//===----------------------------------------------------------------------===//

def Seq_RecurrenceOp : Seq_ShapedOp<"recurrence", [
    AttrSizedOperandSegments, AttrSizedResultSegments,
    SingleBlockImplicitTerminator<"YieldOp">,
    RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    DeclareOpInterfaceMethods<LoopLikeOpInterface, ["getLoopRegions"]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
                              ["getAsmBlockArgumentNames", "getAsmResultNames"]>
]> {
  let summary = "Apply a cell to each step of a sequence, carrying state";
  let description = [{
    Runs the cell region once per time step. The step slices of all scanned inputs
    enter together with the states; the states leave one step and enter the next, and
    each step yields one slice per output. Values from outside may be used inside.

    #### Semantics

    The time extent `T` is dimension 0 of the scanned inputs, or `steps` if nothing is
    scanned. For each batch row `b`, with `n = lengths[b]` if lengths are given and
    `n = T` otherwise:

        state := init[b]
        for t in 0 .. n-1                // n-1 .. 0 when `reverse` is set
          (state, output[t, b]) := cell(scanned[t, b], state)
        output[t, b] := 0                // n <= t < T
        final[b] := state

    With lengths, rows must be independent of each other in the cell, except for minima and
    maxima over all rows: these are over the rows that take part in one round, each row in as
    many rounds, the first ones, as its length says.

    In the *flat form*, marked by `counts`, only living rows are stored: the rows are
    sorted by falling length, step `t` covers the first `counts[t]` rows, and a scanned
    input or output holds the rows of step 0, then those of step 1, and so on:

        state := init; offset := 0
        for t in 0 .. T-1                // T = the extent of counts
          n := counts[t]
          (state[0..n), output[offset .. offset+n)) := cell(scanned[offset .. offset+n), state[0..n))
          offset := offset + n
        final := state

    #### Constraints

    * (C1) A scanned input has rank 2 or more: time, batch, features (rank 1 or more in
      the flat form: rows, features). A state has rank 1 or more, batch first.
    * (C2) The cell takes one slice per scanned input, then one value per state. A slice
      has the type of the input without dimension 0; in the flat form it has the
      type of the input with a dynamic dimension 0, and a state argument has the type of
      the state with a dynamic dimension 0.
    * (C3) `seq.yield` gives one value per state, of the type of its block argument, then
      one value per output, of the type of an output slice (as in C2).
    * (C4) `lengths` and `counts` exclude each other; `counts` excludes `reverse`.
    * (C5) The type of `final` is the type of `init`.
    * (C6) `steps` is present exactly if there is neither a scanned input nor `counts`.
    * (C7) Scanned inputs and outputs have one time extent: dimension 0.
    * (C8) Scanned inputs, outputs, states and `lengths` have one batch extent: dimension 1
      of inputs and outputs of rank 2 or more, dimension 0 of the others. In the flat form it
      is that of the states.
    * (C9) In the flat form scanned inputs and outputs have one number of rows, at most that
      of the steps times the batch extent.

    #### Checked at run time

    Dynamic extents that the constraints call equal, and:

    * (R1) A length is at least 0 and at most `T`.
    * (R2) `steps` is at least 0, and a static time extent of an output.
    * (R3) `counts` do not grow, are at least 0 and at most the batch extent, and sum to the
      number of rows.
    * (R4) What the cell yields has the extents of its arguments: a state those of the state, an
      output its rows.

    #### Example

    ```mlir
    %out, %last = seq.recurrence scan(%x : tensor<?x?x64xf32>)
        init(%h0 : tensor<?x64xf32>) lengths(%len : tensor<?xi32>) {
    ^bb0(%xt: tensor<?x64xf32>, %h: tensor<?x64xf32>):
      %h1 = arith.addf %xt, %h : tensor<?x64xf32>
      seq.yield %h1, %h1 : tensor<?x64xf32>, tensor<?x64xf32>
    } outputs(tensor<?x?x64xf32>) states(tensor<?x64xf32>)
    ```
  }];
  let arguments = (ins
    Variadic<AnyRankedTensor>:$scanned,
    Variadic<AnyRankedTensor>:$init,
    Optional<Seq_LengthTensor>:$lengths,
    Optional<1DTensorOf<[Index]>>:$counts,
    Optional<Index>:$steps,
    UnitProp:$reverse);
  let results = (outs Variadic<AnyRankedTensor>:$outputs, Variadic<AnyRankedTensor>:$finals);
  let regions = (region SizedRegion<1>:$cell);
  let assemblyFormat = [{
    (`scan` `(` $scanned^ `:` type($scanned) `)`)?
    (`init` `(` $init^ `:` type($init) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`counts` `(` $counts^ `:` type($counts) `)`)?
    (`steps` `(` $steps^ `)`)?
    (`reverse` $reverse^)?
    attr-dict-with-keyword $cell
    (`outputs` `(` type($outputs)^ `)`)? (`states` `(` type($finals)^ `)`)?
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    /// Initial states. The operand is not called `inits`, since LoopLikeOpInterface would take
    /// it for loop-carried values of one type, which states of the flat form are not.
    ::mlir::OperandRange getInits() { return getInit(); }
    /// Block arguments that hold the step slices, one per scanned input.
    ::mlir::Block::BlockArgListType getSliceArguments();
    /// Block arguments that hold the states, one per init.
    ::mlir::Block::BlockArgListType getStateArguments();
    /// What the cell yields as new states, one per init.
    ::mlir::OperandRange getYieldedStates();
    /// What the cell yields as output slices, one per output.
    ::mlir::OperandRange getYieldedOutputs();
    /// Whether only living rows are stored.
    bool isFlat() { return static_cast<bool>(getCounts()); }
  }];
  let hasVerifier = 1;                                                     // C1, C4-C6
  let hasRegionVerifier = 1;                                               // C2, C3, C7-C9
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// YieldOp
//===----------------------------------------------------------------------===//

def Seq_YieldOp : Seq_Op<"yield", [
    Pure, ReturnLike, Terminator,
    DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>,
    ParentOneOf<["RecurrenceOp", "AttentionOp", "GenerateOp"]>
]> {
  let summary = "End a cell, a score or a step region";
  let description = [{
    #### Semantics

    Its operands are the results of the region, in the order and with the meaning that
    the enclosing op gives them.

    #### Constraints

    None of its own: the enclosing op checks number and types.

    #### Example

    ```mlir
    %doubled = seq.recurrence scan(%x : tensor<?x?x8xf32>) {
    ^bb0(%xt: tensor<?x8xf32>):
      %output = arith.addf %xt, %xt : tensor<?x8xf32>
      seq.yield %output : tensor<?x8xf32>
    } outputs(tensor<?x?x8xf32>)
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ /* nothing is yielded */ }]>];
}

#endif // DIALECT_SEQ_IR_RECURRENCE_TD
