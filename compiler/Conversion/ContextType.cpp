//===- ContextType.cpp - Contexts as pointers -----------------------------===//

#include "compiler/Conversion/ContextType.h"

#include "dialect/RT/IR/RTOps.h"

#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace seqc;

void seqc::addContextConversion(TypeConverter &converter) {
  converter.addConversion([](rt::ContextType type) -> Type {
    return LLVM::LLVMPointerType::get(type.getContext());
  });
}

namespace {
/// The ops are gone by then (ConvertRTToLLVM.cpp); the type is left.
struct RTToLLVMInterface : ConvertToLLVMPatternInterface {
  using ConvertToLLVMPatternInterface::ConvertToLLVMPatternInterface;

  void loadDependentDialects(MLIRContext *context) const final {
    context->loadDialect<LLVM::LLVMDialect>();
  }

  void
  populateConvertToLLVMConversionPatterns(ConversionTarget &,
                                          LLVMTypeConverter &converter,
                                          RewritePatternSet &) const final {
    addContextConversion(converter);
  }
};
} // namespace

void seqc::registerConvertContextsToLLVMInterface(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, rt::RTDialect *dialect) {
    dialect->addInterfaces<RTToLLVMInterface>();
  });
}
