//===- SimplifyAttributes.cpp - Fewer attributes and plain constants ------===//
//
// Every attribute is offered for removal; the verifier refuses what an op
// needs. Of what stays, constants become zero, one, or the first of their
// elements everywhere.
//
//===----------------------------------------------------------------------===//

#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/Trial.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc;

namespace {

/// The op of a copy that stands where another one does in the original.
Operation *getOp(ModuleOp module, size_t number) {
  Operation *found = nullptr;
  module.walk([&](Operation *op) {
    if (number-- > 0)
      return WalkResult::advance();
    found = op;
    return WalkResult::interrupt();
  });
  return found;
}

/// Takes an attribute from an op. One that the op cannot do without, and has a
/// default for, takes that: printers and verifiers count on it. False if
/// nothing has changed.
bool removeAttribute(Operation *op, StringAttr name) {
  Attribute before = op->getAttr(name);
  op->removeAttr(name);
  if (OpaqueProperties properties = op->getPropertiesStorage())
    op->getName().populateDefaultProperties(properties);
  return op->getAttr(name) != before;
}

/// One of the type, or nothing.
TypedAttr getOne(Builder &builder, Type type) {
  if (isa<FloatType>(type))
    return builder.getFloatAttr(type, 1.0);
  if (isa<IntegerType, IndexType>(type))
    return builder.getIntegerAttr(type, 1);
  return {};
}

/// Plainer values of a constant, the plainest first.
SmallVector<Attribute> getPlainer(Attribute value) {
  Builder builder(value.getContext());
  SmallVector<Attribute> plainer;
  auto add = [&](Attribute one) {
    // What stands behind the value itself is no plainer.
    if (one && !llvm::is_contained(plainer, one))
      plainer.push_back(one);
  };
  if (auto elements = dyn_cast<ElementsAttr>(value)) {
    auto type = dyn_cast<ShapedType>(elements.getType());
    if (!type || !type.hasStaticShape() ||
        !type.getElementType().isIntOrIndexOrFloat())
      return {};
    auto fill = [&](Attribute one) {
      if (one)
        add(DenseElementsAttr::get(type, one));
    };
    fill(builder.getZeroAttr(type.getElementType()));
    fill(getOne(builder, type.getElementType()));
    if (auto dense = dyn_cast<DenseElementsAttr>(value);
        dense && !dense.empty())
      fill(*dense.value_begin<Attribute>());
  } else if (auto number = dyn_cast<TypedAttr>(value);
             number && isa<IntegerAttr, FloatAttr>(value)) {
    add(builder.getZeroAttr(number.getType()));
    add(getOne(builder, number.getType()));
  }
  if (auto self = llvm::find(plainer, value); self != plainer.end())
    plainer.erase(self, plainer.end());
  return plainer;
}

struct SimplifyAttributes : TrialPass<SimplifyAttributes> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SimplifyAttributes)

  StringRef getArgument() const final { return "simplify-attributes"; }
  StringRef getDescription() const final {
    return "Remove attributes and make constants plain";
  }

  bool reduce(Trial &trial) {
    size_t count = 0;
    trial.getModule().walk([&](Operation *) { ++count; });
    for (size_t number = 0; number < count; ++number) {
      // Copies take the ops' place: nothing of an op outlives an attempt but
      // its attributes, which the context owns.
      Operation *op = getOp(trial.getModule(), number);
      bool isConstant = op->hasTrait<OpTrait::ConstantLike>();
      for (NamedAttribute attribute : op->getAttrs()) {
        StringAttr name = attribute.getName();
        if (name.getValue().ends_with("SegmentSizes"))
          continue;
        if (!isConstant && trial.attempt([&](ModuleOp module) {
              return removeAttribute(getOp(module, number), name);
            }))
          continue;
        if (!isConstant && !isa<ElementsAttr>(attribute.getValue()))
          continue;
        for (Attribute plainer : getPlainer(attribute.getValue()))
          if (trial.attempt([&](ModuleOp module) {
                getOp(module, number)->setAttr(name, plainer);
                return true;
              }))
            break;
      }
    }
    // One round: attributes with defaults come back, and could go, each time.
    return false;
  }
};

} // namespace

void seqc::registerSimplifyAttributes() {
  PassRegistration<SimplifyAttributes>();
}
