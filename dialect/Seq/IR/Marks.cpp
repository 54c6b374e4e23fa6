//===- Marks.cpp - Where marks may stand ----------------------------------===//

#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::seq;

namespace {

/// What a mark requires of its op and of its value, both in words as well.
struct Rule {
  llvm::StringRef mark;
  bool (*isPlace)(Operation *);
  llvm::StringRef place;
  bool (*isValue)(Attribute);
  llvm::StringRef value;
};

bool isAnywhere(Operation *) { return true; }
bool isModule(Operation *op) { return isa<ModuleOp>(op); }
bool isFunction(Operation *op) { return isa<FunctionOpInterface>(op); }
bool isLoop(Operation *op) { return isa<scf::ForOp>(op); }
bool isLinalg(Operation *op) { return isa<linalg::LinalgOp>(op); }
bool isRequire(Operation *op) { return isa<RequireOp>(op); }

bool isUnit(Attribute value) { return isa<UnitAttr>(value); }
bool isText(Attribute value) { return isa<StringAttr>(value); }
bool isTarget(Attribute value) { return isa<TargetAttr>(value); }

/// Whether `value` is an integer of at least 0.
bool isNumber(Attribute value) {
  auto number = dyn_cast<IntegerAttr>(value);
  return number && number.getType().isInteger(64) && number.getInt() >= 0;
}

/// Whether `value` has a number for some names.
bool isCounts(Attribute value) {
  auto counts = dyn_cast<DictionaryAttr>(value);
  return counts && llvm::all_of(counts, [](NamedAttribute entry) {
           return isNumber(entry.getValue());
         });
}

/// Whether `value` has such numbers for some functions.
bool isCountsByFunction(Attribute value) {
  auto functions = dyn_cast<DictionaryAttr>(value);
  return functions && llvm::all_of(functions, [](NamedAttribute entry) {
           return isCounts(entry.getValue());
         });
}

/// Whether `value` is a list of `Element`s.
template <typename Element> bool isListOf(Attribute value) {
  auto list = dyn_cast<ArrayAttr>(value);
  return list && llvm::all_of(list, llvm::IsaPred<Element>);
}

constexpr llvm::StringLiteral kUnit = "no value",
                              kNumber = "an i64 of 0 or more",
                              kText = "a string";

/// Every mark that stands on ops.
const Rule kRules[] = {
    {MetadataMark::getNameStr(), isModule, "a module", isText, kText},
    {WeightLayoutMark::getNameStr(), isModule, "a module",
     isListOf<WeightItemAttr>, "an array of #seq.weight_item"},
    {TargetMark::getNameStr(), isModule, "a module", isTarget, "a #seq.target"},
    {UncheckedMark::getNameStr(), isModule, "a module", isUnit, kUnit},
    {ExplainMark::getNameStr(), isModule, "a module", isListOf<ChoiceAttr>,
     "an array of #seq.choice"},
    {RecognizedMark::getNameStr(), isModule, "a module", isCountsByFunction,
     "a dictionary of functions of a dictionary of counts"},
    {MemoryPlanMark::getNameStr(), isFunction, "a function",
     isListOf<WorkspaceAttr>, "an array of #seq.workspace"},
    {InPlaceMark::getNameStr(), isFunction, "a function", isListOf<InPlaceAttr>,
     "an array of #seq.in_place"},
    {InLoopMark::getNameStr(), isFunction, "a function", isUnit, kUnit},
    {ParallelMark::getNameStr(), isLoop, "an 'scf.for'", isUnit, kUnit},
    {LoopNumberMark::getNameStr(), isLoop, "an 'scf.for'", isNumber, kNumber},
    {TileMark::getNameStr(), isLinalg, "an op of 'linalg'", isUnit, kUnit},
    {ExhaustsMark::getNameStr(), isRequire, "a 'seq.require'", isUnit, kUnit},
    // Conversions hand these on to what an op becomes.
    {FlushMark::getNameStr(), isAnywhere, "", isUnit, kUnit},
    {DenormalsMark::getNameStr(), isAnywhere, "", isUnit, kUnit},
    {MaybeSameMark::getNameStr(), isAnywhere, "", isUnit, kUnit},
};

/// Verifies what stands on an argument or a result of `type`.
LogicalResult verifyValue(Operation *op, NamedAttribute attribute, Type type) {
  StringRef name = attribute.getName().getValue();
  Attribute value = attribute.getValue();
  if (name == NameMark::getNameStr()) {
    if (isText(value))
      return success();
    return op->emitError("attribute '")
           << name << "' is " << value << "; required is " << kText;
  }
  if (name != SignatureMark::getNameStr())
    return op->emitError("attribute '")
           << name << "' stands on an argument or a result; required there is '"
           << NameMark::getNameStr() << "' or '" << SignatureMark::getNameStr()
           << "'";
  auto signature = dyn_cast<SignatureAttr>(value);
  if (!signature)
    return op->emitError("attribute '")
           << name << "' is " << value << "; required is a #seq.signature";
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (ArrayAttr dims = signature.getDims();
      dims && tensor && static_cast<int64_t>(dims.size()) != tensor.getRank())
    return op->emitError("attribute '")
           << name << "' names " << dims.size()
           << " dimensions, but the type has " << tensor.getRank();
  return success();
}

} // namespace

LogicalResult SeqDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  const Rule *rule = llvm::find_if(
      kRules, [&](const Rule &candidate) { return candidate.mark == name; });
  if (rule == std::end(kRules))
    return op->emitError("attribute '")
           << name << "' is none that the dialect has for ops";
  if (!rule->isPlace(op))
    return op->emitError("attribute '")
           << name << "' stands on '" << op->getName() << "'; required is "
           << rule->place;
  if (!rule->isValue(attribute.getValue()))
    return op->emitError("attribute '")
           << name << "' is " << attribute.getValue() << "; required is "
           << rule->value;
  return success();
}

/// The type of an argument of the region of `op`; null if there is no block.
static Type getArgumentType(Operation *op, unsigned region, unsigned argument) {
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    return function.getArgumentTypes()[argument];
  Region &body = op->getRegion(region);
  return body.empty() ? Type() : body.getArgument(argument).getType();
}

LogicalResult SeqDialect::verifyRegionArgAttribute(Operation *op,
                                                   unsigned region,
                                                   unsigned argument,
                                                   NamedAttribute attribute) {
  return verifyValue(op, attribute, getArgumentType(op, region, argument));
}

LogicalResult SeqDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  return verifyValue(op, attribute,
                     function ? function.getResultTypes()[result] : Type());
}
