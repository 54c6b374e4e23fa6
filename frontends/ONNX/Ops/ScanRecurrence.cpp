//===- ScanRecurrence.cpp - Scans that are recurrences --------------------===//

#include "frontends/ONNX/Ops/ScanRecurrence.h"

#include "dialect/Seq/IR/SeqOps.h"
#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::ShapedType;

namespace {

/// One Scan on its way to a recurrence.
class ScanImport {
public:
  explicit ScanImport(Node &node) : node(node), e(node.getEmitter()) {}

  /// Whether attributes and inputs fit, and what they are.
  bool read();
  llvm::FailureOr<bool> build();
  /// Whether build() failed since an output is not made of the rows, and a
  /// recurrence over one row can be tried in its place.
  bool retryWithOneRow();

private:
  bool chooseRows();
  /// Whether no extents are open but those of time and rows.
  bool areExtentsKnown();
  /// Whether the body's results can be carried and stacked.
  bool fits(ArrayRef<Tensor> results);
  Tensor toRows(Tensor tensor, int64_t dim) {
    return unit ? e.unsqueeze(tensor, dim) : tensor;
  }

  Node &node;
  Emitter &e;
  const format::GraphProto *body = nullptr;
  size_t numStates = 0, numOutputs = 0;
  SmallVector<int64_t> outputAxes;
  bool reverse = false;
  /// Whether nothing is common to all slices, so that the recurrence runs over
  /// one row that holds everything.
  bool unit = false;
  /// Whether an output has another number of rows than the inputs.
  bool hasOtherRows = false;
  SmallVector<Tensor> scanned, states;
  OpFoldResult steps;
};

} // namespace

bool ScanImport::read() {
  body = node.getGraph("body");
  int64_t count = node.getInt("num_scan_inputs", 0);
  auto axes = node.getInts("scan_input_axes");
  auto directions = node.getInts("scan_input_directions");
  auto outAxes = node.getInts("scan_output_axes");
  auto outDirections = node.getInts("scan_output_directions");
  int64_t inputs = node.getNumInputs();
  if (!body || node.getOpset() < 9 || count < 1 || count > inputs)
    return false;
  numStates = inputs - count;
  if (body->input_size() != inputs ||
      body->output_size() < static_cast<int>(numStates) ||
      node.getNumOutputs() > static_cast<size_t>(body->output_size()))
    return false;
  numOutputs = body->output_size() - numStates;
  if ((axes && axes->size() != size_t(count)) ||
      (directions && directions->size() != size_t(count)) ||
      (outAxes && outAxes->size() != numOutputs) ||
      (outDirections && outDirections->size() != numOutputs))
    return false;
  reverse = directions && directions->front() != 0;
  auto runs = [&](const std::optional<SmallVector<int64_t>> &list) {
    return list ? all_of(*list, [&](int64_t d) { return (d != 0) == reverse; })
                : !reverse;
  };
  if (!runs(directions) || (numOutputs && !runs(outDirections)))
    return false;
  outputAxes = outAxes ? *outAxes : SmallVector<int64_t>(numOutputs, 0);
  for (int64_t i = 0; i < inputs; ++i) {
    if (!node.hasInput(i) || !node.inputs[i].isTensor())
      return false;
    Tensor tensor = node.getInput(i);
    if (i < static_cast<int64_t>(numStates)) {
      states.push_back(tensor);
      continue;
    }
    int64_t rank = tensor.getRank(), axis = axes ? (*axes)[i - numStates] : 0;
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      return false;
    SmallVector<int64_t> order{axis};
    for (int64_t d = 0; d < rank; ++d)
      if (d != axis)
        order.push_back(d);
    scanned.push_back(e.transpose(tensor, order));
  }
  return chooseRows();
}

/// Decides what the rows are; only time and rows may be open extents.
bool ScanImport::chooseRows() {
  steps = e.extent(scanned[0], 0);
  for (Tensor tensor : scanned)
    if (!Emitter::isSame(e.extent(tensor, 0), steps))
      return false;
  unit = scanned[0].getRank() < 2;
  for (Tensor tensor : scanned)
    unit |= tensor.getRank() < 2 ||
            !Emitter::isSame(e.extent(tensor, 1), e.extent(scanned[0], 1));
  for (Tensor tensor : states)
    unit |= tensor.getRank() < 1 || unit ||
            !Emitter::isSame(e.extent(tensor, 0), e.extent(scanned[0], 1));
  return areExtentsKnown();
}

bool ScanImport::areExtentsKnown() {
  auto isOpen = [](Tensor t, int64_t from) {
    return any_of(t.getShape().drop_front(std::min(from, t.getRank())),
                  [](int64_t size) { return ShapedType::isDynamic(size); });
  };
  return none_of(scanned, [&](Tensor t) { return isOpen(t, unit ? 1 : 2); }) &&
         none_of(states, [&](Tensor t) { return isOpen(t, unit ? 0 : 1); });
}

bool ScanImport::retryWithOneRow() {
  if (unit || !hasOtherRows)
    return false;
  unit = true;
  return areExtentsKnown();
}

bool ScanImport::fits(ArrayRef<Tensor> results) {
  for (auto [i, result] : enumerate(results)) {
    if (i < numStates) {
      if (result.type != states[i].type ||
          result.getType() != states[i].getType())
        return false;
    }
    ArrayRef<int64_t> shape = result.getShape();
    for (auto [d, size] : enumerate(shape))
      if (ShapedType::isDynamic(size) && (unit || d > 0))
        return false;
  }
  return true;
}

FailureOr<bool> ScanImport::build() {
  mlir::OpBuilder &builder = e.getBuilder();
  mlir::Location loc = e.getLoc();
  auto typeOf = [](Tensor t, bool slice) {
    ArrayRef<int64_t> shape = t.getShape();
    return RankedTensorType::get(slice ? shape.drop_front() : shape,
                                 t.getType().getElementType());
  };
  SmallVector<Tensor> inputs, inits;
  for (Tensor tensor : scanned)
    inputs.push_back(toRows(tensor, 1));
  for (Tensor tensor : states)
    inits.push_back(toRows(tensor, 0));

  // The types of the outputs are known when the body is there.
  mlir::Region cell;
  mlir::Block *block = &cell.emplaceBlock();
  auto draft = seq::RecurrenceOp::create(
      builder, loc, mlir::TypeRange{}, mlir::TypeRange{}, mlir::ValueRange{},
      mlir::ValueRange{}, mlir::Value(), mlir::Value(), mlir::Value(), reverse);
  draft.getCell().takeBody(cell);
  OpFoldResult outerRows = e.extent(inputs[0], 1);
  size_t mark = e.markExtents();
  SmallVector<Tensor> results;
  OpFoldResult rows;
  {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(block);
    std::vector<GraphValue> arguments;
    auto enter = [&](Tensor outer, bool slice) {
      Tensor inner{block->addArgument(typeOf(outer, slice), loc), outer.type};
      // The rows of all arguments are the same.
      if (!unit && ShapedType::isDynamic(inner.getShape()[0])) {
        if (!rows)
          rows = e.extent(inner, 0);
        Extents sizes = e.extents(inner);
        sizes[0] = rows;
        e.setExtents(inner.value, sizes);
      }
      return inner;
    };
    SmallVector<Tensor> slices;
    for (Tensor tensor : inputs)
      slices.push_back(enter(tensor, /*slice=*/true));
    for (Tensor tensor : inits) {
      Tensor inner = enter(tensor, /*slice=*/false);
      arguments.push_back(unit ? e.squeeze(inner, 0) : inner);
    }
    for (Tensor inner : slices)
      arguments.push_back(unit ? e.squeeze(inner, 0) : inner);
    FailureOr<std::vector<GraphValue>> values =
        node.getImporter().importGraph(*body, arguments);
    e.setLoc(loc);
    bool keep = succeeded(values) && values->size() == numStates + numOutputs;
    if (keep)
      for (const GraphValue &value : *values) {
        keep &= value.isTensor();
        if (value.isTensor())
          results.push_back(value.tensor);
      }
    keep = keep && fits(results);
    // Every slice of an output has the rows of the inputs, known or open.
    auto hasRows = [&](Tensor result) {
      if (result.getRank() == 0)
        return false;
      OpFoldResult found = e.extent(result, 0);
      return Emitter::isSame(found, outerRows) ||
             (rows && Emitter::isSame(found, rows));
    };
    hasOtherRows = !unit && !all_of(results, hasRows);
    keep = keep && !hasOtherRows;
    if (keep) {
      SmallVector<mlir::Value> yielded;
      builder.setInsertionPointToEnd(block);
      for (Tensor &result : results)
        yielded.push_back((result = toRows(result, 0)).value);
      seq::YieldOp::create(builder, loc, yielded);
    } else {
      e.forgetExtents(mark);
      draft.erase();
      if (failed(values))
        return failure();
      return false;
    }
  }

  SmallVector<mlir::Type> outputTypes, stateTypes;
  SmallVector<mlir::Value> scannedValues, initValues;
  for (Tensor tensor : inputs)
    scannedValues.push_back(tensor.value);
  for (Tensor tensor : inits) {
    initValues.push_back(tensor.value);
    stateTypes.push_back(tensor.getType());
  }
  for (Tensor tensor : ArrayRef(results).drop_front(numStates)) {
    SmallVector<int64_t> shape{inputs[0].getShape()[0]};
    append_range(shape, tensor.getShape());
    outputTypes.push_back(
        RankedTensorType::get(shape, tensor.getType().getElementType()));
  }
  auto op = seq::RecurrenceOp::create(builder, loc, outputTypes, stateTypes,
                                      scannedValues, initValues, mlir::Value(),
                                      mlir::Value(), mlir::Value(), reverse);
  op.getCell().takeBody(draft.getCell());
  draft.erase();

  auto leave = [&](mlir::Value value, Tensor inner, bool stacked) {
    Tensor result{value, inner.type};
    Extents sizes;
    if (stacked)
      sizes.push_back(steps);
    for (int64_t size : inner.getShape())
      sizes.push_back(ShapedType::isDynamic(size)
                          ? outerRows
                          : OpFoldResult(builder.getIndexAttr(size)));
    e.setExtents(value, sizes);
    return unit ? e.squeeze(result, stacked ? 1 : 0) : result;
  };
  for (size_t i = 0; i < numStates; ++i)
    if (i < node.getNumOutputs())
      node.setOutput(i, leave(op.getFinals()[i], results[i], false));
  for (size_t i = 0; i < numOutputs; ++i) {
    if (numStates + i >= node.getNumOutputs())
      break;
    Tensor stacked =
        leave(op.getOutputs()[i], results[numStates + i], /*stacked=*/true);
    std::optional<int64_t> axis =
        node.getAxis(outputAxes[i], stacked.getRank());
    if (!axis)
      return failure();
    SmallVector<int64_t> order;
    for (int64_t d = 1; d < stacked.getRank(); ++d)
      order.push_back(d);
    order.insert(order.begin() + *axis, 0);
    node.setOutput(numStates + i, e.transpose(stacked, order));
  }
  return true;
}

FailureOr<bool> convertScanToRecurrence(Node &node) {
  ScanImport scan(node);
  if (!scan.read())
    return false;
  FailureOr<bool> built = scan.build();
  if (succeeded(built) && !*built && scan.retryWithOneRow())
    return scan.build();
  return built;
}

} // namespace seqc::onnx
