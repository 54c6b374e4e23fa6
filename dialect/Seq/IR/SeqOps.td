//===- SeqOps.td - All ops of the seq dialect ---------------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_SEQOPS_TD
#define DIALECT_SEQ_IR_SEQOPS_TD

include "dialect/Seq/IR/Attention.td"
include "dialect/Seq/IR/Caches.td"
include "dialect/Seq/IR/Cells.td"
include "dialect/Seq/IR/Checks.td"
include "dialect/Seq/IR/Embedding.td"
include "dialect/Seq/IR/Generate.td"
include "dialect/Seq/IR/Hints.td"
include "dialect/Seq/IR/LinearRecurrence.td"
include "dialect/Seq/IR/Norms.td"
include "dialect/Seq/IR/Options.td"
include "dialect/Seq/IR/Products.td"
include "dialect/Seq/IR/Quantization.td"
include "dialect/Seq/IR/Recurrence.td"
include "dialect/Seq/IR/Rotary.td"
include "dialect/Seq/IR/Weights.td"

#endif // DIALECT_SEQ_IR_SEQOPS_TD
