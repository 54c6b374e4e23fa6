//===- Family.h - What a family of operators is written with ----*- C++ -*-===//

#ifndef FRONTENDS_ONNX_OPS_FAMILY_H
#define FRONTENDS_ONNX_OPS_FAMILY_H

#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/Readers.h"
#include "frontends/ONNX/Registry.h"

#endif // FRONTENDS_ONNX_OPS_FAMILY_H
