//===- Vocabulary.h - What converters write with ----------------*- C++ -*-===//
//
// Operators are written in the vocabulary that all frontends share; its names
// are those of this folder, too.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_VOCABULARY_H
#define FRONTENDS_ONNX_VOCABULARY_H

#include "frontends/Common/Emitter.h"

namespace seqc::onnx {
using namespace frontend;
} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_VOCABULARY_H
