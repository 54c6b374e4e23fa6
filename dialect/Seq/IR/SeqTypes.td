//===- SeqTypes.td - Type constraints of the seq dialect ----*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_SEQTYPES_TD
#define DIALECT_SEQ_IR_SEQTYPES_TD

include "mlir/IR/OpBase.td"

def Seq_Float : AnyTypeOf<[F16, BF16, F32, F64], "floating-point element">;

/// A ranked tensor of floating-point elements.
def Seq_FloatTensor : RankedTensorOf<[F16, BF16, F32, F64]>;

/// One length per batch row: a vector of 32- or 64-bit integers.
def Seq_LengthTensor : 1DTensorOf<[I32, I64]>;

/// One token or row number per lane.
def Seq_IdTensor : 1DTensorOf<[I32]>;

#endif // DIALECT_SEQ_IR_SEQTYPES_TD
