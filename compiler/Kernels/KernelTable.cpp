//===- KernelTable.cpp - How a tile of a product is computed --------------===//

#include "compiler/Kernels/KernelTable.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace seqc;

/// Best first.
static const ProductKernel *const kTable[] = {
    &kFloats512,   &kFloatsNarrow, &kBytesVnni,    &kBytesAvxVnni,
    &kBytesAvx512, &kBytesAvx2,    &kBytesSse2,    &kCodesAvx512,
    &kCodesAvx2,   &kCodesSse2,    &kHalvesAvx512, &kHalvesAvx2,
    &kHalvesSse2,
};

seq::TargetAttr seqc::getTarget(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  if (module)
    if (auto target = dyn_cast_if_present<seq::TargetAttr>(
            seq::getMark<seq::TargetMark>(module)))
      return target;
  return seq::TargetAttr::get(op->getContext(), 512,
                              seq::CpuFeature::Avx2 | seq::CpuFeature::Avx512);
}

/// The types of a product, if they are ones that products have.
static std::optional<ProductTypes> classify(Type lhs, Type matrix, Type sum) {
  if (isa<FloatType>(lhs) && matrix == lhs && sum == lhs)
    return ProductTypes::Floats;
  if (lhs.isInteger(8) && matrix.isInteger(8) && sum.isInteger(32))
    return ProductTypes::Bytes;
  if (lhs.isF32() && matrix.isBF16() && sum.isF32())
    return ProductTypes::Halves;
  if (lhs.isF32() && matrix.isInteger(8) && sum.isF32())
    return ProductTypes::Codes;
  return std::nullopt;
}

const ProductKernel *seqc::findKernel(seq::TargetAttr target, Type lhs,
                                      Type matrix, Type sum) {
  std::optional<ProductTypes> types = classify(lhs, matrix, sum);
  for (const ProductKernel *kernel : kTable)
    if (types == kernel->types &&
        target.getVectorBits() >= kernel->vectorBits &&
        (target.getFeatures() & kernel->features) == kernel->features)
      return kernel;
  return nullptr;
}

const ProductKernel *seqc::findKernel(seq::PackedMatmulOp product) {
  return findKernel(getTarget(product), getElementTypeOrSelf(product.getLhs()),
                    getElementTypeOrSelf(product.getPanels()),
                    getElementTypeOrSelf(product.getInits()[0]));
}

bool seqc::hasLibraryProduct(Type lhs, Type matrix, Type sum) {
  return classify(lhs, matrix, sum) == ProductTypes::Floats && lhs.isF32();
}

bool seqc::isComputed(Type element) {
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() >= 32;
}

Type seqc::getComputedType(Type element) {
  return isComputed(element) ? element : Float32Type::get(element.getContext());
}

int64_t seqc::getWidestPanel(Type sum) {
  // Sums narrower than 32 bits are widened.
  return 4 * 512 / std::max(32u, sum.getIntOrFloatBitWidth());
}

int64_t seqc::choosePanelWidth(int64_t gates, int64_t columns, Type sum) {
  int64_t most = getWidestPanel(sum);
  int64_t widest = gates >= 3 ? most / 4 : gates == 2 ? most / 2 : most;
  int64_t width = most / 4;
  while (width < widest && width < columns)
    width *= 2;
  return width;
}
