//===- ConvertToLLVMInterface.cpp - Contexts as pointers ------------------===//

#include "dialect/RT/IR/RTOps.h"

#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace seqc;

namespace {
/// The ops are lowered earlier; what is left are contexts that functions take
/// and hand on.
struct RTToLLVMInterface : ConvertToLLVMPatternInterface {
  using ConvertToLLVMPatternInterface::ConvertToLLVMPatternInterface;

  void loadDependentDialects(MLIRContext *context) const final {
    context->loadDialect<LLVM::LLVMDialect>();
  }

  void
  populateConvertToLLVMConversionPatterns(ConversionTarget &,
                                          LLVMTypeConverter &converter,
                                          RewritePatternSet &) const final {
    converter.addConversion([](rt::ContextType type) -> Type {
      return LLVM::LLVMPointerType::get(type.getContext());
    });
  }
};
} // namespace

void rt::registerConvertToLLVMInterface(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, rt::RTDialect *dialect) {
    dialect->addInterfaces<RTToLLVMInterface>();
  });
}
