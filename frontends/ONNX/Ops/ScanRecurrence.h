//===- ScanRecurrence.h - Scans that are recurrences -------------*- C++-*-===//
//
// A Scan is a seq.recurrence where its sequences run in one direction, its
// states keep their shapes and no extent but time and rows is open.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_SCANRECURRENCE_H
#define FRONTENDS_ONNX_OPS_SCANRECURRENCE_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// Converts a Scan of opset 9 or later to seq.recurrence. Gives false, with
/// nothing left behind, if it is none; failure after an error was reported.
llvm::FailureOr<bool> convertScanToRecurrence(Node &node);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_SCANRECURRENCE_H
