//===- ShrinkExtents.cpp - Static extents made small ----------------------===//
//
// One extent at a time becomes smaller in every type of the module, and with
// it, as needed, its multiples (gates side by side, flattened dimensions) and
// the numbers that stand for extents (constants, sizes of slices). What follows
// from operands is inferred again. The verifier says which of these attempts
// fit together.
//
//===----------------------------------------------------------------------===//

#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/Trial.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

#include <set>

using namespace mlir;
using namespace seqc;

namespace {

/// Large extents first, they pay most.
using Extents = std::set<int64_t, std::greater<int64_t>>;

Extents collectExtents(ModuleOp module) {
  Extents extents;
  AttrTypeWalker walker;
  walker.addWalk([&](ShapedType type) {
    if (type.hasRank())
      for (int64_t extent : type.getShape())
        if (extent > 1)
          extents.insert(extent);
  });
  module.walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          walker.walk(type);
  });
  return extents;
}

/// One attempt.
struct Change {
  int64_t from, to;
  /// Whether multiples shrink by the same factor.
  bool multiples;
  /// Whether numbers that equal the extent shrink too.
  bool numbers;
};

/// Applies a change to one module.
class Shrinking {
public:
  Shrinking(ModuleOp module, Change change) : module(module), change(change) {
    replacer.addReplacement([this](RankedTensorType type) {
      return done<Type>(RankedTensorType::get(
          map(type.getShape()), type.getElementType(), type.getEncoding()));
    });
    replacer.addReplacement([this](VectorType type) {
      return done<Type>(VectorType::get(
          map(type.getShape()), type.getElementType(), type.getScalableDims()));
    });
    replacer.addReplacement([this](MemRefType type) {
      MemRefLayoutAttrInterface layout = type.getLayout();
      if (auto strided = dyn_cast<StridedLayoutAttr>(layout))
        layout = StridedLayoutAttr::get(type.getContext(), strided.getOffset(),
                                        map(strided.getStrides()));
      else if (layout.isIdentity())
        layout = {};
      return done<Type>(MemRefType::get(map(type.getShape()),
                                        type.getElementType(), layout,
                                        type.getMemorySpace()));
    });
    replacer.addReplacement([this](DenseElementsAttr attribute) {
      return done<Attribute>(cut(attribute));
    });
    replacer.addReplacement([this](DenseResourceElementsAttr attribute) {
      ShapedType type = attribute.getType();
      auto zero = Builder(type.getContext()).getZeroAttr(type.getElementType());
      if (!zero || llvm::equal(map(type.getShape()), type.getShape()))
        return done<Attribute>(attribute);
      return done<Attribute>(
          DenseElementsAttr::get(type.clone(map(type.getShape())), zero));
    });
  }

  /// False if that is no attempt of its own: without numbers to leave as they
  /// are, or without multiples to change.
  bool apply() {
    replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    module.walk<WalkOrder::PreOrder>([&](Operation *op) {
      replaceNumbers(op);
      inferResults(op);
    });
    module.walk([&](func::ReturnOp op) {
      auto function = cast<func::FuncOp>(op->getParentOp());
      function.setType(FunctionType::get(
          op.getContext(), function.getArgumentTypes(), op.getOperandTypes()));
    });
    return (change.numbers || foundNumber) &&
           (!change.multiples || foundMultiple);
  }

private:
  /// What takes an element's place, with nothing inside left to replace.
  template <typename T>
  static std::optional<std::pair<T, WalkResult>> done(T replacement) {
    return std::make_pair(replacement, WalkResult::skip());
  }

  int64_t map(int64_t extent) {
    if (extent == change.from)
      return change.to;
    if (ShapedType::isDynamic(extent) || extent <= 0 ||
        extent % change.from != 0)
      return extent;
    foundMultiple = true;
    return change.multiples ? extent / change.from * change.to : extent;
  }

  SmallVector<int64_t> map(ArrayRef<int64_t> shape) {
    return llvm::map_to_vector(shape, [&](int64_t one) { return map(one); });
  }

  /// The first elements along each dimension.
  Attribute cut(DenseElementsAttr attribute) {
    ShapedType type = attribute.getType();
    SmallVector<int64_t> shape = map(type.getShape());
    if (llvm::equal(shape, type.getShape()))
      return attribute;
    ShapedType smaller = type.clone(shape);
    if (attribute.isSplat())
      return attribute.resizeSplat(smaller);
    auto all = attribute.value_begin<Attribute>();
    SmallVector<Attribute> kept;
    for (int64_t i = 0, n = smaller.getNumElements(); i < n; ++i) {
      int64_t from = 0, rest = i, stride = 1;
      for (size_t dim = shape.size(); dim-- > 0;) {
        from += rest % shape[dim] * stride;
        rest /= shape[dim];
        stride *= type.getDimSize(dim);
      }
      kept.push_back(*(all + from));
    }
    return DenseElementsAttr::get(smaller, kept);
  }

  /// A number that may stand for an extent.
  int64_t mapNumber(int64_t number) {
    int64_t mapped = map(number);
    foundNumber |= mapped != number;
    return change.numbers ? mapped : number;
  }

  void replaceNumbers(Operation *op) {
    SmallVector<NamedAttribute> changed;
    for (NamedAttribute attribute : op->getAttrs()) {
      Attribute value = attribute.getValue();
      if (auto array = dyn_cast<DenseI64ArrayAttr>(value)) {
        // The static ones among offsets, sizes and strides.
        if (attribute.getName().getValue().starts_with("static_"))
          value = DenseI64ArrayAttr::get(
              op->getContext(),
              llvm::map_to_vector(array.asArrayRef(),
                                  [&](int64_t one) { return mapNumber(one); }));
      } else if (auto number = dyn_cast<IntegerAttr>(value)) {
        if (op->hasTrait<OpTrait::ConstantLike>() && number.getType().isIndex())
          value =
              IntegerAttr::get(number.getType(), mapNumber(number.getInt()));
      }
      if (value != attribute.getValue())
        changed.emplace_back(attribute.getName(), value);
    }
    for (NamedAttribute attribute : changed)
      op->setAttr(attribute.getName(), attribute.getValue());
  }

  /// Results whose types follow from the operands.
  void inferResults(Operation *op) {
    SmallVector<Type> types;
    if (auto infer = dyn_cast<InferTypeOpInterface>(op)) {
      if (failed(infer.inferReturnTypes(
              op->getContext(), op->getLoc(), op->getOperands(),
              op->getRawDictionaryAttrs(), op->getPropertiesStorage(),
              op->getRegions(), types)))
        return;
    } else if (auto destination = dyn_cast<DestinationStyleOpInterface>(op)) {
      for (OpOperand &init : destination.getDpsInitsMutable())
        if (isa<TensorType>(init.get().getType()))
          types.push_back(init.get().getType());
    }
    if (types.size() == op->getNumResults())
      for (auto [result, type] : llvm::zip(op->getResults(), types))
        result.setType(type);
  }

  ModuleOp module;
  Change change;
  AttrTypeReplacer replacer;
  bool foundMultiple = false, foundNumber = false;
};

struct ShrinkExtents : TrialPass<ShrinkExtents> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ShrinkExtents)

  StringRef getArgument() const final { return "shrink-extents"; }
  StringRef getDescription() const final {
    return "Make static extents small, alike in the whole module";
  }

  bool reduce(Trial &trial) {
    bool changed = false;
    for (int64_t extent : collectExtents(trial.getModule()))
      changed |= shrink(trial, extent);
    return changed;
  }

  /// Tries the smallest extents, then halves.
  static bool shrink(Trial &trial, int64_t extent) {
    SmallVector<int64_t> targets;
    for (int64_t target : {int64_t(1), int64_t(2), int64_t(3)})
      if (target < extent)
        targets.push_back(target);
    // Other extents that have shrunk may have taken this one along.
    if (!collectExtents(trial.getModule()).count(extent))
      return false;
    for (int64_t target : targets)
      if (replace(trial, extent, target))
        return true;
    bool changed = false;
    while (extent / 2 > 3 && replace(trial, extent, extent / 2)) {
      extent /= 2;
      changed = true;
    }
    return changed;
  }

  static bool replace(Trial &trial, int64_t from, int64_t to) {
    for (bool multiples : {false, true})
      for (bool numbers : {true, false})
        if (trial.attempt([&](ModuleOp module) {
              return Shrinking(module, {from, to, multiples, numbers}).apply();
            }))
          return true;
    return false;
  }
};

} // namespace

void seqc::registerShrinkExtents() { PassRegistration<ShrinkExtents>(); }
