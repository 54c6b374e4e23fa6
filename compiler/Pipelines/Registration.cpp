//===- Registration.cpp - Every dialect seqc's IR may contain -------------===//

#include "compiler/Pipelines/Registration.h"

#include "compiler/Conversion/ContextType.h"
#include "compiler/Conversion/RecurrenceBufferization.h"
#include "compiler/Decompose/Decompositions.h"
#include "compiler/Kernels/ProductTiling.h"
#include "dialect/DNN/IR/DNNOps.h"
#include "dialect/RT/IR/RTOps.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

void seqc::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  registry.insert<dnn::DNNDialect, rt::RTDialect, seq::SeqDialect>();
  registerDecompositions(registry);
  registerProductTiling(registry);
  dnn::registerBufferizableOpInterfaceExternalModels(registry);
  registerRecurrenceBufferization(registry);
  registerConvertContextsToLLVMInterface(registry);
}
