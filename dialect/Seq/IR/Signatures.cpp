//===- Signatures.cpp - What callers are told of an entry -----------------===//

#include "dialect/Seq/IR/SeqOps.h"

using namespace mlir;
using namespace seqc::seq;

/// Whether a bound is a number or the name of an extent.
static bool isBound(Attribute bound) {
  if (auto number = dyn_cast<IntegerAttr>(bound))
    return number.getType().isInteger(64);
  return isa<StringAttr>(bound);
}

LogicalResult SignatureAttr::verify(
    function_ref<InFlightDiagnostic()> emitError, ArrayAttr dims, Attribute min,
    Attribute max, Attribute fallback, StringAttr of, StringAttr part, bool) {
  if (dims && !llvm::all_of(dims, llvm::IsaPred<StringAttr>))
    return emitError() << "dims are " << dims << "; required are strings";
  for (auto [name, bound] : {std::pair("min", min), std::pair("max", max)})
    if (bound && !isBound(bound))
      return emitError() << name << " is " << bound
                         << "; required is an i64 or the name of an extent";
  if (fallback && !isBound(fallback) && !isa<UnitAttr>(fallback)) {
    auto number = dyn_cast<FloatAttr>(fallback);
    if (!number || !number.getType().isF64())
      return emitError() << "fallback is " << fallback
                         << "; required is an i64, an f64, the name of an "
                            "extent or unit";
  }
  if (!of != !part)
    return emitError() << "'of' and 'part' stand together; found is one";
  return success();
}

SignatureAttr SignatureAttr::get(MLIRContext *context,
                                 ArrayRef<std::string> dims, Attribute min,
                                 Attribute max) {
  SmallVector<Attribute> names;
  for (StringRef dim : dims)
    names.push_back(StringAttr::get(context, dim));
  return get(context, ArrayAttr::get(context, names), min, max, {}, {}, {},
             false);
}

StringRef SignatureAttr::getDim(int64_t dim) const {
  ArrayAttr dims = getDims();
  return dims ? cast<StringAttr>(dims[dim]).getValue() : StringRef();
}

SignatureAttr SignatureAttr::withFallback(Attribute fallback) const {
  return get(getContext(), getDims(), getMin(), getMax(), fallback, getOf(),
             getPart(), getIsUnsigned());
}

SignatureAttr SignatureAttr::dropFallback() const { return withFallback({}); }
