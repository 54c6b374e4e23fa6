//===- CarriedValues.cpp - What a loop hands on, as tensors ---------------===//

#include "frontends/ONNX/Ops/CarriedValues.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::ShapedType;
using mlir::Value;

/// What is known of the tensors of a sequence.
struct Tensors {
  int64_t width = 0, rank = -1;
  /// There are none.
  bool isEmpty = true;
};

static Tensors describe(const GraphValue &value) {
  Tensors result;
  if (!value.isSequence())
    return result;
  if (value.isRolled()) {
    result.width = value.shapes.getShape()[1];
    result.rank = value.rank;
    result.isEmpty = value.shapes.getShape()[0] == 0;
    return result;
  }
  for (const Tensor &element : value.elements) {
    int64_t rank = element.getRank();
    result.width = std::max(result.width, rank);
    result.rank = result.isEmpty || result.rank == rank ? rank : -1;
    result.isEmpty = false;
  }
  return result;
}

/// Makes `form` wide enough for a value, and says whether it was not.
static bool widen(CarriedForm &form, const GraphValue &value, bool &isFirst) {
  CarriedForm before = form;
  form.isOptional |= static_cast<bool>(value.present) ||
                     value.kind == GraphValue::Kind::Absent;
  if (value.isSequence()) {
    form.isSequence = true;
    Tensors tensors = describe(value);
    if (form.type == DataType::Undefined || !tensors.isEmpty)
      form.type = value.elementType;
    form.width = std::max(form.width, tensors.width);
    if (!tensors.isEmpty) {
      form.rank = isFirst || form.rank == tensors.rank ? tensors.rank : -1;
      isFirst = false;
    }
  }
  return form.isSequence != before.isSequence ||
         form.isOptional != before.isOptional || form.type != before.type ||
         form.width != before.width || form.rank != before.rank;
}

void flatten(Emitter &e, const GraphValue &value, const CarriedForm &form,
             SmallVectorImpl<Tensor> &into) {
  if (form.isSequence) {
    GraphValue sequence =
        value.isSequence() ? value : makeSequence({}, form.type);
    if (!sequence.isRolled() && sequence.elements.empty())
      sequence.elementType = form.type;
    sequence = roll(e, sequence, form.width);
    append_range(into, ArrayRef<Tensor>{sequence.data, sequence.shapes});
  } else {
    into.push_back(value.tensor);
  }
  if (form.isOptional)
    into.push_back(e.fromElements(DataType::Bool, {}, {isPresent(e, value)}));
}

GraphValue restore(Emitter &e, const CarriedForm &form,
                   ArrayRef<Tensor> tensors) {
  GraphValue value = form.isSequence
                         ? makeRolledSequence(tensors[0], tensors[1], form.rank)
                         : GraphValue(tensors[0]);
  if (form.isOptional)
    value.present = e.elements(tensors.back()).front();
  return value;
}

std::vector<GraphValue> restoreAll(Emitter &e, ArrayRef<CarriedForm> forms,
                                   ArrayRef<Tensor> tensors) {
  std::vector<GraphValue> values;
  for (const CarriedForm &form : forms) {
    values.push_back(restore(e, form, tensors.take_front(form.countTensors())));
    tensors = tensors.drop_front(form.countTensors());
  }
  return values;
}

std::vector<GraphValue> getLoopInputs(Emitter &e, Number number) {
  // Whoever is in the body was let in.
  return {e.fromElements(DataType::Int64, {}, {number.as(DataType::Int64)}),
          e.fromElements(DataType::Bool, {}, {e.scalars().boolean(true)})};
}

/// Imports the body once into a draft that is thrown away, and says whether that
/// went well. Values come as they are, or in their forms.
static bool tryBody(Node &node, const format::GraphProto &body,
                    ArrayRef<GraphValue> initial, ArrayRef<CarriedForm> forms,
                    function_ref<void(ArrayRef<GraphValue>)> look) {
  Emitter &e = node.getEmitter();
  GraphImporter &importer = node.getImporter();
  mlir::OpBuilder &builder = e.getBuilder();
  mlir::Location loc = e.getLoc();
  SmallVector<Tensor> tensors;
  for (auto [k, value] : enumerate(initial)) {
    if (!forms.empty())
      flatten(e, value, forms[k], tensors);
    else if (value.isTensor())
      tensors.push_back(value.tensor);
  }
  SmallVector<Value> inits;
  for (Tensor &tensor : tensors) {
    // The number of tensors and elements changes.
    SmallVector<int64_t> shape(tensor.getShape());
    if (!forms.empty() && !shape.empty())
      shape[0] = ShapedType::kDynamic;
    tensor = e.castShape(tensor, shape);
    inits.push_back(tensor.value);
  }
  size_t mark = e.markExtents();
  Number one(e, 1);
  auto draft =
      mlir::scf::ForOp::create(builder, loc, Number(e, 0), one, one, inits);
  if (!draft.getBody()->empty())
    draft.getBody()->clear();
  unsigned errors = importer.countErrors();
  auto trial = importer.beSilent();
  mlir::OpBuilder::InsertPoint before = builder.saveInsertionPoint();
  builder.setInsertionPointToStart(draft.getBody());
  for (auto [tensor, argument] : zip(tensors, draft.getRegionIterArgs()))
    tensor.value = argument;
  std::vector<GraphValue> given =
      getLoopInputs(e, Number(e, draft.getInductionVar()));
  if (!forms.empty())
    append_range(given, restoreAll(e, forms, tensors));
  auto next = tensors.begin();
  for (const GraphValue &value : initial.drop_back(forms.size())) {
    given.push_back(value);
    if (value.isTensor())
      given.back().tensor = *next++;
  }
  FailureOr<std::vector<GraphValue>> made = importer.importGraph(body, given);
  if (succeeded(made))
    look(*made);
  builder.restoreInsertionPoint(before);
  importer.forgetErrors(errors);
  e.setLoc(loc);
  e.forgetExtents(mark, draft);
  draft.erase();
  return succeeded(made);
}

std::optional<CarriedForms> findForms(Node &node,
                                      const format::GraphProto &body,
                                      ArrayRef<GraphValue> initial) {
  Emitter &e = node.getEmitter();
  CarriedForms result;
  SmallVector<bool> isFirst(initial.size(), true);
  for (auto [k, value] : enumerate(initial)) {
    result.forms.emplace_back();
    (void)widen(result.forms[k], value, isFirst[k]);
  }
  // The first time with what is there, which tells what empty sequences get.
  for (int round = 0; round < 4; ++round) {
    bool changed = round == 0, fits = true;
    auto look = [&](ArrayRef<GraphValue> made) {
      if (!made[0].isTensor())
        return;
      auto condition = e.constantIntegers(made[0].tensor);
      result.goesOn = condition && condition->size() == 1 && condition->front();
      for (size_t k = 0; k < initial.size(); ++k) {
        const GraphValue &value = made[k + 1];
        changed |= widen(result.forms[k], value, isFirst[k]);
        const CarriedForm &form = result.forms[k];
        // Tensors that may be absent have no shape to begin with.
        if (form.isSequence ? value.isTensor() || initial[k].isTensor()
                            : form.isOptional && !initial[k].isTensor())
          fits = false;
      }
    };
    if (!tryBody(node, body, initial,
                 round == 0 ? ArrayRef<CarriedForm>() : result.forms, look) ||
        !fits)
      return std::nullopt;
    if (!changed)
      return result;
  }
  return std::nullopt;
}

} // namespace seqc::onnx
