//===- Caches.td - Keys and values of earlier steps ---------*- tablegen -*-===//
//
// A cache is a tensor whose dimension 0 are rows, of a batch or of beams, and
// whose entries, one per step, lie along another dimension, the `axis`. It has
// room for `capacity` entries, its extent there, and each op gives a new value:
// bufferisation lets an append write into the old one where nothing reads that
// any more.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_IR_CACHES_TD
#define DIALECT_SEQ_IR_CACHES_TD

include "dialect/Seq/IR/SeqDialect.td"
include "dialect/Seq/IR/SeqTypes.td"
include "dialect/Seq/IR/ShapedOps.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/RuntimeVerifiableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Seq_CacheTensor : RankedTensorOf<[AnyFloat, AnySignlessInteger]>;

/// Positions and parents may lie outside of a cache, so that ops on it are not
/// speculated.
class Seq_CacheOp<string mnemonic, list<Trait> traits = []>
    : Seq_ShapedOp<"cache." # mnemonic, !listconcat([
          NoMemoryEffect,
          DeclareOpInterfaceMethods<ConditionallySpeculatable>,
          DeclareOpInterfaceMethods<RuntimeVerifiableOpInterface>
      ], traits)> {
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// CacheAppendOp
//===----------------------------------------------------------------------===//

def Seq_CacheAppendOp : Seq_CacheOp<"append", [DestinationStyleOpInterface]> { // C4
  let summary = "Write entries into a cache from a position on";
  let description = [{
    The cache with `count` entries written from `position` on, one position for all rows or one
    for each. A `circular` cache goes on at its beginning behind its end, and positions count on
    without bound. What is written over the whole of a cache of static extents from 0 on
    canonicalises to what is written.

    #### Semantics

        start(i)  := position, or position[i_0]
        step(i)   := i_axis - start(i), modulo capacity if circular
        result[i] := entries[i with i_axis = step(i)]   if 0 <= step(i) < count
                     cache[i]                           otherwise

    Remainders are never negative.

    #### Constraints

    * (C1) `axis` is a dimension of `cache`, and not dimension 0 if rows have positions of their own.
    * (C2) `entries` has the elements of `cache` and, but for `axis`, its shape; there are at most
      `capacity` of them.
    * (C3) There is one position, or one for each index of dimension 0 of `cache`.
    * (C4) The result has the type of `cache`.

    #### Checked at run time

    Dynamic extents that the constraints call equal (C2, C3) or bound (C2), and:

    * (R1) Unless `circular` is set, every position is at least 0 and at most `capacity - count`.

    #### Example

    ```mlir
    %keys = seq.cache.append %past, %new at %position axis 2
        : (tensor<?x4x64x8xf32>, tensor<?x4x1x8xf32>, index) -> tensor<?x4x64x8xf32>
    %ring = seq.cache.append circular %window, %steps at %starts axis 1
        : (tensor<?x16x8xf32>, tensor<?x?x8xf32>, tensor<?xi64>) -> tensor<?x16x8xf32>
    ```
  }];
  let arguments = (ins Seq_CacheTensor:$cache, Seq_CacheTensor:$entries,
                       AnyTypeOf<[Index, Seq_LengthTensor]>:$position, I64Attr:$axis,
                       UnitProp:$circular);
  let results = (outs Seq_CacheTensor:$result);
  let assemblyFormat = [{
    (`circular` $circular^)? $cache `,` $entries `at` $position `axis` $axis attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = shapedDeclaration # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getCacheMutable(); }
    /// Whether each row has a position of its own.
    bool hasRowPositions() {
      return ::mlir::isa<::mlir::RankedTensorType>(getPosition().getType());
    }
  }];
}

//===----------------------------------------------------------------------===//
// CacheReadOp
//===----------------------------------------------------------------------===//

def Seq_CacheReadOp : Seq_CacheOp<"read"> {
  let summary = "The entries of a cache that a step sees";
  let description = [{
    `count` entries of all rows from `begin` on: those that were written so far, or the last ones
    of them. Where rows see different entries, `seq.attention` takes lengths and starts instead.
    Reading what was appended at the same place folds to what was appended, and reading all of a
    cache to the cache, where extents are static.

    #### Semantics

        result[i] := cache[i with i_axis = begin + i_axis]

    #### Constraints

    * (C1) `axis` is a dimension of `cache`.
    * (C2) The result has the elements of `cache`, `count` entries along `axis`, and otherwise the
      shape of `cache`.

    #### Checked at run time

    An extent of the result along `axis` that is static (C2), and:

    * (R1) `begin` is at least 0 and at most `capacity - count`, and `count` at least 0.

    #### Example

    ```mlir
    %keys = seq.cache.read %cache from %zero count %length axis 2
        : tensor<?x4x64x8xf32> -> tensor<?x4x?x8xf32>
    ```
  }];
  let arguments = (ins Seq_CacheTensor:$cache, Index:$begin, Index:$count, I64Attr:$axis);
  let results = (outs Seq_CacheTensor:$result);
  let assemblyFormat = [{
    $cache `from` $begin `count` $count `axis` $axis attr-dict `:` type($cache) `->` type($result)
  }];
}

//===----------------------------------------------------------------------===//
// CacheReorderOp
//===----------------------------------------------------------------------===//

def Seq_CacheReorderOp : Seq_CacheOp<"reorder"> {
  let summary = "Take the rows of a cache from their parents";
  let description = [{
    What beams continue with: each row of the result is that of its parent, so that rows may be
    repeated, left out and come in any number. With `axis`, each entry of a row has a parent of its
    own: beams whose entries stay where they were written say of each in which row that was.
    Taking every row from itself folds to the cache.

    #### Semantics

        result[i] := cache[i with i_0 = parents[i_0]], or, with axis,
                     cache[i with i_0 = parents[i_0, i_axis]]

    #### Constraints

    * (C1) `axis`, if it is given, is a dimension of `cache` other than dimension 0.
    * (C2) `parents` has one dimension, or two with `axis`, the second of which has the extent of
      `axis`.
    * (C3) The result has the elements of `cache`, a row for each index of dimension 0 of `parents`,
      and otherwise the shape of `cache`, which has at least one dimension.

    #### Checked at run time

    Dynamic extents that the constraints call equal (C2), and:

    * (R1) Every parent is a row of `cache`.

    #### Example

    ```mlir
    %next = seq.cache.reorder %cache by %parents
        : (tensor<?x4x64x8xf32>, tensor<?xi32>) -> tensor<?x4x64x8xf32>
    %seen = seq.cache.reorder %cache by %beams axis 2
        : (tensor<?x4x64x8xf32>, tensor<?x64xi32>) -> tensor<?x4x64x8xf32>
    ```
  }];
  let arguments = (ins Seq_CacheTensor:$cache, RankedTensorOf<[I32, I64]>:$parents,
                       OptionalAttr<I64Attr>:$axis);
  let results = (outs Seq_CacheTensor:$result);
  let assemblyFormat = [{
    $cache `by` $parents (`axis` $axis^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif // DIALECT_SEQ_IR_CACHES_TD
