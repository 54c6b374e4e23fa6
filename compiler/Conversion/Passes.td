//===- Passes.td - From seq and tensors to LLVM -------------*- tablegen -*-===//

#ifndef COMPILER_CONVERSION_PASSES_TD
#define COMPILER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertRecurrenceToSCFPass : Pass<"convert-seq-recurrence-to-scf", "::mlir::func::FuncOp"> {
  let summary = "Turn recurrences into loops that write to their destinations";
  let description = [{
    Bufferizes recurrences, by their BufferizableOpInterface, and nothing else. A `seq.recurrence` becomes
    one `scf.for` over time. Outputs are written to their slice of one buffer; a
    state lives where it costs no copy per step:

    * *history*: the new state is also an output: the next step reads the slice just written;
    * *in place*: the state is read at the positions that are written, by the op that writes them;
    * *double*: otherwise, two buffers that change roles.

    In the flat form step `t` works on the first `counts[t]` rows; rows that end leave their
    state in the buffer of finals.

    Requires: cells fused; no recurrence with lengths (`seq-pack-ragged` makes the flat form).
    Ensures: no `seq.recurrence` is left.

    Before:
    ```mlir
    %y, %h = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) { … }
    ```
    After:
    ```mlir
    %r = scf.for %t = %c0 to %T step %c1 iter_args(%h = %m0) -> memref<?x8xf32, strided<[8, 1], offset: ?>> {
      %s = bufferization.to_tensor %h restrict : memref<?x8xf32, strided<[8, 1], offset: ?>> to tensor<?x8xf32>
      …
      %d = memref.subview %Y[%t, 0, 0] [1, %B, 8] [1, 1, 1] : …
      bufferization.materialize_in_destination %n in restrict writable %d : …
      scf.yield %d : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numHistory", "num-history", "States read from the output of the step before">,
    Statistic<"numInPlace", "num-in-place", "States updated in place">,
    Statistic<"numDouble", "num-double", "States with two buffers">
  ];
}

def ConvertEntriesPass : Pass<"seq-convert-entries", "::mlir::ModuleOp"> {
  let summary = "Give entries the calling convention of artefacts and place the weights";
  let description = [{
    Each public function becomes `seqc_fn_<name>(context) -> i32`: arguments are views of the memory that
    `rt.input` gives, results are written to that of `rt.output`. Weights, and packed weights
    whose sources are weights, become views of the weights section; the module attribute
    `seq.weight_layout` tells the emitter what to put there.
    Packing of computed matrices becomes loops.

    Requires: tensors only at entries. Ensures: no `seq.weight` or `seq.pack` is left.

    Before:
    ```mlir
    func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
    After:
    ```mlir
    func.func @seqc_fn_f(%ctx: !rt.context) -> i32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::seqc::rt::RTDialect"];
  let statistics = [
    Statistic<"numWeights", "num-weights", "Entries of the weights section">,
    Statistic<"numBytes", "num-bytes", "Bytes of the weights section">
  ];
}

def AllocateInArenaPass : Pass<"seq-allocate-in-arena", "::mlir::func::FuncOp"> {
  let summary = "Take memory from the session's arena instead of the heap";
  let description = [{
    Every `memref.alloc` becomes a view of what `rt.allocate` gives; a loop body that still allocates is
    enclosed in `rt.mark` and `rt.release`, so that memory does not grow with the number of steps. What a body yields to its next iteration is
    given back by the next loop around it that yields nothing of it. Deallocations go.

    Requires: buffers; entries converted. Ensures: no `memref.alloc` is left in entries.

    Before:
    ```mlir
    %b = memref.alloc(%n) : memref<?x8xf32>
    ```
    After:
    ```mlir
    %p = rt.allocate %ctx, %bytes
    %b = memref.view %p[%c0][%n] : memref<?xi8> to memref<?x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::seqc::rt::RTDialect"];
  let statistics = [
    Statistic<"numAllocations", "num-allocations", "Allocations of the arena">,
    Statistic<"numInLoops", "num-in-loops", "Allocations inside of loops">
  ];
}

def PlanMemoryPass : Pass<"seq-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Put buffers into workspaces in which they share memory";
  let description = [{
    Buffers whose sizes are known at one point (at the start of an entry: those that follow from extents of
    inputs) become views of one allocation at that point. Two buffers share bytes if they are never in
    use at the same time: in program order, a use in a loop that a buffer outlives counts as
    the whole loop. Fixed sizes are packed largest first into the smallest gap; sizes that are multiples
    of the same product of extents are packed in the same way in units of that product; what would
    lose alignment by that shares slots. The sum is computed once, and too large or negative extents make it a
    size that no allocation grants.

    Workspaces leave loops and branches as far as their sizes cannot be negative: what does not run asks for
    nothing that could be refused. Buffers that a loop passes on to its next iteration, or whose addresses
    escape, stay as they are. `seq.memory_plan` describes what was done.

    Iterations of `scf.for` and `scf.while` are taken to run one after the other: a buffer that each makes
    has the same bytes in all. Of loops of any other kind, and of those marked `seq.parallel`, each iteration
    takes a workspace of its own. So a loop may run in parallel behind this pass if it was marked before, or
    contained no allocation before; never because its iterations look independent now.

    Requires: buffers. Ensures: no dynamic allocation is left whose size is known earlier, except those
    named above.

    Before:
    ```mlir
    %a = memref.alloc(%n) : memref<?x16xf32>
    %b = memref.alloc(%n) : memref<?x32xf32>
    ```
    After:
    ```mlir
    %w = memref.alloc(%bytes) {alignment = 64 : i64} : memref<?xi8>
    %a = memref.view %w[%c0][%n] : memref<?xi8> to memref<?x16xf32>
    %b = memref.view %w[%offset][%n] : memref<?xi8> to memref<?x32xf32>
    ```
  }];
  let dependentDialects = ["::seqc::seq::SeqDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
  let statistics = [
    Statistic<"numPlanned", "num-planned", "Buffers with a place in a plan">,
    Statistic<"numWorkspaces", "num-workspaces", "Workspaces">
  ];
}

def ConvertLinalgToScalarLoopsPass : Pass<"seq-convert-linalg-to-loops", "::mlir::func::FuncOp"> {
  let summary = "Turn linalg ops on buffers into loops with reductions in registers";
  let description = [{
    As upstream's conversion, but the innermost reduction dimensions are a loop that carries the
    accumulator, and sums may be reassociated: LLVM can then vectorise them. Parallel
    dimensions come first.

    Copies of buffers become loops too, or `memcpy` where both sides are row-major.

    Requires: buffers. Ensures: no linalg op and no `memref.copy` is left.

    Before:
    ```mlir
    linalg.generic {iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) …
    ```
    After:
    ```mlir
    scf.for %i = … {
      %0 = memref.load %y[%i] : memref<?xf32>
      %s = scf.for %k = … iter_args(%a = %0) -> (f32) { … }
      memref.store %s, %y[%i] : memref<?xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numConverted", "num-converted", "Ops turned into loops">];
}

def LowerVectorsPass : Pass<"seq-lower-vectors", "::mlir::func::FuncOp"> {
  let summary = "Lower vectors of rank 2 to rows and contractions to multiply-adds";
  let description = [{
    Contractions become outer products and those multiply-adds; transfers are unrolled to rank 1. Lowerings
    and canonicalisation are applied in separate sets, since together they can undo each other for ever.

    Requires: vectorised tiles on buffers. Ensures: vectors of rank 1 in transfers.

    Before:
    ```mlir
    %r = vector.contract {…} %a, %b, %c : vector<4x1xf32>, vector<1x16xf32> into vector<4x16xf32>
    ```
    After:
    ```mlir
    %r0 = vector.fma %a0, %b0, %c0 : vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"];
}

def UnrollVectorsPass : Pass<"seq-unroll-vectors", "::mlir::func::FuncOp"> {
  let summary = "Compute elementwise ops on vectors of rank 2 row by row";
  let description = [{
    What takes a row out of a vector that was put together from rows takes the row itself. Vectors of higher rank
    remain where loops carry them.

    Requires: nothing. Ensures: elementwise ops on vectors of rank 1.

    Before:
    ```mlir
    %s = arith.addf %a, %b : vector<2x16xf32>
    ```
    After:
    ```mlir
    %s0 = arith.addf %a0, %b0 : vector<16xf32>
    %s1 = arith.addf %a1, %b1 : vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"];
}

def ApproximateMathPass : Pass<"seq-approximate-math", "::mlir::func::FuncOp"> {
  let summary = "Expand exponentials and their kin into polynomials";
  let description = [{
    `exp`, `tanh`, `log`, `log1p`, `expm1` and `erf` of f32 become arithmetic that vectorises; other functions become calls
    of libm, one element at a time. Results stay within a few units in the last place. Multiply-adds are
    fused where the target has an instruction for that. The polynomials of `exp` and `log` know no denormals; around
    those that `seq-flush-denormals` marked, such numbers are scaled.

    Requires: nothing. Ensures: the functions above are gone from f32 code.

    Before:
    ```mlir
    %e = math.exp %x : vector<16xf32>
    ```
    After: arithmetic.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

def FlushDenormalsPass : Pass<"seq-flush-denormals", "::mlir::func::FuncOp"> {
  let summary = "Compute kernels without denormals, and everything else with them";
  let description = [{
    Around the products, recurrences and attention of an entry the CPU's control word flushes denormals; a loop that
    holds one of them counts as a whole. Other arithmetic follows IEEE, which `seq.denormals` says of its `math.exp`
    and `math.log`. The runtime hands the word on to the threads that share a loop.

    Requires: an entry on buffers, its loops structured. Ensures: `seq.flush` has been heeded.

    Before:
    ```mlir
    linalg.matmul ins(%a, %b : …) outs(%c : …)
    scf.for … { … math.exp … }
    ```
    After:
    ```mlir
    llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"(%flush) : (!llvm.ptr) -> ()
    linalg.matmul ins(%a, %b : …) outs(%c : …)
    llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"(%plain) : (!llvm.ptr) -> ()
    scf.for … { … math.exp {seq.denormals} … }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"numChanges", "num-changes", "Changes of the control word">
  ];
}

def JoinInPlacePass : Pass<"seq-join-in-place", "::mlir::func::FuncOp"> {
  let summary = "Put tensors of many parts together in one buffer";
  let description = [{
    A long chain of insertions into an empty tensor becomes a buffer, of which each part is a view. A part that
    nothing else reads is materialised there, so that it can be computed in place; others are copied. Parts that may
    overlap are all copied, in their order. Short chains stay for bufferisation.

    Requires: tensors; conversion to buffers follows. Ensures: no chain of more than 16 insertions into an empty
    tensor is left.

    Before:
    ```mlir
    %a = tensor.insert_slice %x into %empty[0] [4] [1]
    %b = tensor.insert_slice %y into %a[4] [4] [1]
    ```
    After:
    ```mlir
    %buffer = memref.alloc()
    %u = memref.subview %buffer[0] [4] [1]
    bufferization.materialize_in_destination %x in restrict writable %u
    %v = memref.subview %buffer[4] [4] [1]
    bufferization.materialize_in_destination %y in restrict writable %v
    %b = bufferization.to_tensor %buffer restrict writable
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
  let options = [
    Option<"mostLeft", "most-left", "uint64_t", "16", "Parts up to which a chain is left to bufferisation">
  ];
  let statistics = [Statistic<"numJoined", "num-joined", "Chains that became buffers">,
                    Statistic<"numPlaced", "num-placed", "Parts that may be computed in place">,
                    Statistic<"numCopied", "num-copied", "Parts that are copied">];
}

def SplitDestinationsPass : Pass<"seq-split-destinations", "::mlir::func::FuncOp"> {
  let summary = "Give up one destination for everything of a shape";
  let description = [{
    An empty tensor with many uses is split into several of a few uses each, in the order of the program, so that
    the analysis of bufferisation, which compares all that share a destination, takes time in proportion to the
    program. Ops that write on the same filled tensor in its block get fills of their own: all but one would copy it.

    Requires: tensors, common subexpressions eliminated. Ensures: no empty tensor is used more than 16 times in one
    block, nor by more than 16 ops of its own.

    Before:
    ```mlir
    %f = linalg.fill ins(%zero) outs(%empty)
    %a = linalg.reduce ins(%x) outs(%f)
    %b = linalg.reduce ins(%y) outs(%f)
    ```
    After:
    ```mlir
    %f = linalg.fill ins(%zero) outs(%empty)
    %a = linalg.reduce ins(%x) outs(%f)
    %g = linalg.fill ins(%zero) outs(%empty)
    %b = linalg.reduce ins(%y) outs(%g)
    ```
  }];
  let options = [
    Option<"mostUses", "most-uses", "uint64_t", "16", "Uses that one empty tensor keeps">
  ];
  let statistics = [Statistic<"numEmpties", "num-empties", "Empty tensors added">,
                    Statistic<"numFills", "num-fills", "Fills added">];
}

def BufferizePass : Pass<"seq-bufferize", "::mlir::ModuleOp"> {
  let summary = "Turn tensors into buffers";
  let description = [{
    Upstream's one-shot bufferisation inside of functions, for a few levels of nested regions at a time, because it
    takes time exponential in the depth of a nest of loops that carry tensors.

    Requires: entries converted. Ensures: no op on tensors is left.

    Before:
    ```mlir
    %y = linalg.fill ins(%zero) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    ```
    After:
    ```mlir
    linalg.fill ins(%zero) outs(%b : memref<4xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
  let options = [
    Option<"mostLevels", "most-levels", "unsigned", "10",
           "Levels of regions that are bufferised at once, those of the module and the function included">
  ];
  let statistics = [Statistic<"numBands", "num-bands", "Groups of levels bufferised one after the other">];
}

def PlaceCarriedTensorsPass : Pass<"seq-place-carried-tensors", "::mlir::func::FuncOp"> {
  let summary = "Write what a loop carries where the next iteration reads it";
  let description = [{
    A tensor that an iteration computes anew is copied at its end into the one it was given, so that the loop
    works on one buffer however many iterations it has. Values that come out of another carried tensor are copied
    aside first. Tensors that are updated in place already, and those whose extents may change, stay as they are. The
    copy is one that bufferisation may still do elsewhere, where the iteration around it leaves it no other way.

    Requires: `scf.for` and `scf.while` over tensors; conversion to buffers follows at once. Ensures: a carried tensor
    of unchanging shape is yielded in the place of its block argument.

    Before:
    ```mlir
    %r = scf.for %i = %a to %b step %c iter_args(%x = %x0) -> (tensor<4xf32>) {
      %y = linalg.generic {…} ins(%x) outs(%e)
      scf.yield %y
    }
    ```
    After:
    ```mlir
    %r = scf.for %i = %a to %b step %c iter_args(%x = %x0) -> (tensor<4xf32>) {
      %y = linalg.generic {…} ins(%x) outs(%e)
      %z = linalg.copy ins(%y) outs(%x)
      scf.yield %z
    }
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numPlaced", "num-placed", "Carried tensors placed">,
                    Statistic<"numCopied", "num-copied", "Values copied aside">];
}

def RemoveSelfCopiesPass : Pass<"seq-remove-self-copies", "::mlir::func::FuncOp"> {
  let summary = "Remove copies of a buffer to itself";
  let description = [{
    An insertion that was done in place leaves `memref.copy %x, %x`, which no folding removes. What is left of
    `linalg.copy` becomes `memref.copy` too, which later passes know.

    Requires: buffers, common subexpressions eliminated. Ensures: no copy names one value twice.

    Before:
    ```mlir
    memref.copy %x, %x : memref<4xf32> to memref<4xf32>
    ```
    After: nothing.
  }];
  let statistics = [Statistic<"numRemoved", "num-removed", "Copies removed">];
}

def PlaceResultsPass : Pass<"seq-place-results", "::mlir::func::FuncOp"> {
  let summary = "Compute results where the caller wants them";
  let description = [{
    A buffer that is copied to the storage of an output at the end of an entry gives its place to that storage, which
    is asked for before the first use of the buffer. The buffer may have another shape, but has to be the whole of
    the result.

    A caller may bind an output to the memory of an input. That goes well without a copy if the storage is written
    only behind the last read of the input, or by the op that reads each element for the last time where it writes the
    one at the same place. `seq.in_place` names the inputs of each output for which that was proved. A result stays in a buffer of its
    own if it is small, or made by a product, and would otherwise be written while an input that it could share
    memory with is still needed.

    Requires: buffers; entries converted; memory not planned yet. Ensures: nothing is computed in another order.

    Before:
    ```mlir
    %a = memref.alloc() : memref<1x8xf32>
    linalg.exp ins(%x : memref<1x8xf32>) outs(%a : memref<1x8xf32>)
    %p = rt.output %ctx[0] tensor<1x8xf32>()
    %y = memref.view %p[%c0][] : memref<?xi8> to memref<1x8xf32>
    memref.copy %a, %y : memref<1x8xf32> to memref<1x8xf32>
    ```
    After:
    ```mlir
    %p = rt.output %ctx[0] tensor<1x8xf32>()
    %y = memref.view %p[%c0][] : memref<?xi8> to memref<1x8xf32>
    linalg.exp ins(%x : memref<1x8xf32>) outs(%y : memref<1x8xf32>)
    ```
  }];
  let dependentDialects = ["::seqc::seq::SeqDialect", "::mlir::arith::ArithDialect", "::seqc::rt::RTDialect",
                           "::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numPlaced", "num-placed", "Buffers that became storage of outputs">,
                    Statistic<"numShared", "num-shared", "Pairs of an input and an output that may share memory">];
}

def OutlineRepeatsPass : Pass<"seq-outline-repeats", "::mlir::ModuleOp"> {
  let summary = "Compile equal loop nests once";
  let description = [{
    Nests at the top of functions that are equal but for the buffers and numbers they use from outside, as the
    layers of a deep model are, become calls of one private function. Constants are part of a nest, so that its
    bounds stay known. In the bodies of what stays, the same is done for large nests that occur at least four times;
    loops marked `seq.parallel` stay whole.

    Requires: buffers. Ensures: nothing is computed in another order.

    Before:
    ```mlir
    linalg.add ins(%a, %b : memref<8xf32>, memref<8xf32>) outs(%c : memref<8xf32>)
    linalg.add ins(%c, %d : memref<8xf32>, memref<8xf32>) outs(%e : memref<8xf32>)
    ```
    After:
    ```mlir
    func.call @shared(%a, %b, %c) : (memref<8xf32>, memref<8xf32>, memref<8xf32>) -> ()
    func.call @shared(%c, %d, %e) : (memref<8xf32>, memref<8xf32>, memref<8xf32>) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect"];
  let options = [
    Option<"leastSaved", "least-saved", "int64_t", "64",
           "Operations that one function has to save, in all its calls together">,
    Option<"leastInner", "least-inner", "int64_t", "24",
           "Operations that a nest inside of another op has to have">
  ];
  let statistics = [
    Statistic<"numShared", "num-shared", "Functions made">,
    Statistic<"numReplaced", "num-replaced", "Nests replaced by calls">
  ];
}

def SettleParallelLoopsPass : Pass<"seq-settle-parallel-loops", "::mlir::func::FuncOp"> {
  let summary = "Keep the mark of parallel loops that need no memory of their own";
  let description = [{
    Tiling marks loops whose iterations write elements of their own and read none of another's, by
    `seq.parallel`. On buffers that still holds unless an iteration allocates, which it would do from the arena of the
    calling thread, or calls something, or hands on a value. Such loops lose the mark. Has to run before memory is
    planned, which lets iterations share what each of them allocated.

    Requires: buffers. Ensures: marked loops allocate, call and carry nothing.

    Before:
    ```mlir
    scf.for %i = %a to %b step %c { %m = memref.alloc() : memref<8xf32> … } {seq.parallel}
    ```
    After:
    ```mlir
    scf.for %i = %a to %b step %c { %m = memref.alloc() : memref<8xf32> … }
    ```
  }];
  let statistics = [Statistic<"numKept", "num-kept", "Marks kept">,
                    Statistic<"numDropped", "num-dropped", "Marks dropped">];
}

def OutlineParallelLoopsPass : Pass<"seq-outline-parallel-loops", "::mlir::ModuleOp"> {
  let summary = "Run marked loops on several threads";
  let description = [{
    The outermost loop marked `seq.parallel`, with a marked loop right inside it if nothing but loads and
    address arithmetic is between them, becomes a function of a rectangle of trips, which the service
    `parallel_nest` calls. It is told how much work there is, by the lengths of all loops inside, and decides how many
    threads that is worth. Which elements a thread computes depends on their number; how each is computed does not.

    In a loop, over time say, products of at least `least-in-loop` work are worth the decision.

    Requires: loops on buffers without linalg ops; functions whose first argument is the context. Ensures: no
    `seq.parallel` and no `seq.opaque_index` is left.

    Before:
    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      …
    } {seq.parallel}
    ```
    After:
    ```mlir
    llvm.call %parallel_nest(%context, %work, %n, %one, %part_of_f, %record) : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"];
  let options = [
    Option<"leastInLoop", "least-in-loop", "int64_t", "262144",
           "Operations that a loop inside of another one has at least, at its shortest dynamic lengths of 1">
  ];
  let statistics = [Statistic<"numOutlined", "num-outlined", "Loops outlined">];
}

def ExpandReshapesPass : Pass<"seq-expand-reshapes", "::mlir::func::FuncOp"> {
  let summary = "Write expansions of row-major buffers as casts";
  let description = [{
    `expand-strided-metadata` does not handle a `memref.expand_shape` with two dynamic extents in one group (time
    and batch, say). On row-major buffers the op is a change of sizes and strides; on a part of a buffer, the strides
    are those of the part.

    Requires: buffers. Ensures: no `memref.expand_shape` of a row-major buffer is left, and none with two dynamic
    extents in one group.

    Before:
    ```mlir
    %e = memref.expand_shape %x [[0, 1], [2]] output_shape [%t, %b, 4] : memref<?x4xf32> into memref<?x?x4xf32>
    ```
    After:
    ```mlir
    %e = memref.reinterpret_cast %x to offset: [0], sizes: [%t, %b, 4], strides: [%s, 4, 1] : memref<?x4xf32> to memref<?x?x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def ConvertRTToLLVMPass : Pass<"convert-rt-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turn rt ops into loads of the context and calls of the runtime's services";
  let description = [{
    The texts of `rt.require` become constants of the module. Functions keep their `!rt.context`, which becomes a
    pointer with all other types.

    Requires: buffers; entries converted. Ensures: no rt op is left.

    Before:
    ```mlir
    %n = rt.extent %ctx[0, 1]
    ```
    After:
    ```mlir
    %p = builtin.unrealized_conversion_cast %ctx : !rt.context to !llvm.ptr
    %inputs = llvm.getelementptr %p[16] : (!llvm.ptr) -> !llvm.ptr, i8
    …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"];
}

def ConvertDNNToLLVMPass : Pass<"convert-dnn-to-llvm", "::mlir::func::FuncOp"> {
  let summary = "Turn dnn ops into calls of the runtime's services";
  let description = [{
    Requires: buffers; entries converted. Ensures: no dnn op is left.

    Before:
    ```mlir
    dnn.matmul %p, %x, %w outs(%a) : (memref<?x512xf32>, memref<2048x512xf32>, memref<?x2048xf32>)
    ```
    After:
    ```mlir
    llvm.call %execute(%ctx, %handle, %m, %xp, %lda, %wp, %null, %ap, %ldc) : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // COMPILER_CONVERSION_PASSES_TD
