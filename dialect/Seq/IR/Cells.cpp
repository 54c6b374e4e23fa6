//===- Cells.cpp - The named recurrent layers -------------------*- C++ -*-===//
//
// One template for rnn, gru and lstm: they differ in the number of gates and
// activations and in what only lstm has.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/IR/Activations.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// What the three layers share
//===----------------------------------------------------------------------===//

namespace {

/// Extents that the operands of a layer share.
struct LayerExtents {
  int64_t time;
  int64_t batch;
  int64_t directions;
  int64_t inputs; // features of a step
  int64_t state;  // features of the cell state (of the only state but for lstm)
  int64_t hidden; // features of the hidden state
};

} // namespace

/// Activations of every direction: those of `op`, or the defaults once per
/// direction.
template <typename OpTy>
static SmallVector<Activation> allActivations(OpTy op) {
  if (ArrayAttr given = op.getActivationsAttr())
    return getActivationList(given);
  SmallVector<Activation> activations;
  for (int64_t direction = 0; direction < op.getNumDirections(); ++direction)
    llvm::append_range(activations, OpTy::getDefaultActivations());
  return activations;
}

/// Shape of `y` (with the time extent) or of a state (without) in the layer's
/// layout.
static SmallVector<int64_t> layerShape(bool batchFirst,
                                       std::optional<int64_t> time,
                                       int64_t directions, int64_t batch,
                                       int64_t features) {
  SmallVector<int64_t> shape;
  if (batchFirst) {
    shape.push_back(batch);
    if (time)
      shape.push_back(*time);
    shape.push_back(directions);
  } else {
    if (time)
      shape.push_back(*time);
    shape.append({directions, batch});
  }
  shape.push_back(features);
  return shape;
}

/// Result types of a layer: `y`, then one state per entry of `stateSizes`, the
/// hidden one first.
template <typename AdaptorTy>
static LogicalResult inferLayerTypes(AdaptorTy op, ArrayRef<int64_t> stateSizes,
                                     SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorType(op.getInput());
  bool batchFirst = op.getBatchFirst();
  int64_t time = input.getDimSize(batchFirst ? 1 : 0);
  int64_t batch = input.getDimSize(batchFirst ? 0 : 1);
  int64_t directions = op.getDirection() == Direction::Bidirectional ? 2 : 1;
  Type element = input.getElementType();
  types.push_back(RankedTensorType::get(
      layerShape(batchFirst, time, directions, batch, stateSizes.front()),
      element));
  for (int64_t size : stateSizes)
    types.push_back(RankedTensorType::get(
        layerShape(batchFirst, std::nullopt, directions, batch, size),
        element));
  return success();
}

/// Extents of a layer; those of an lstm's projection are not looked at.
template <typename OpTy> static LayerExtents layerExtents(OpTy op) {
  bool batchFirst = op.getBatchFirst();
  int64_t hidden = extent(op.getRecurrent(), 2);
  return {extent(op.getInput(), batchFirst ? 1 : 0),
          extent(op.getInput(), batchFirst ? 0 : 1),
          op.getNumDirections(),
          extent(op.getWeight(), 2),
          op.getHiddenSize(),
          hidden};
}

/// Compares a state with the extents of its layer, and takes the batch over.
template <typename OpTy>
static LogicalResult checkState(OpTy op, StringRef name, Value state,
                                int64_t features, LayerExtents &extents,
                                StringRef label) {
  bool batchFirst = op.getBatchFirst();
  if (failed(checkShape(op, name, tensorType(state),
                        layerShape(batchFirst, std::nullopt, extents.directions,
                                   extents.batch, features),
                        label)))
    return failure();
  narrow(extents.batch, extent(state, batchFirst ? 0 : 1));
  return success();
}

/// C1, C2, C4 and the hidden part of C5. Narrows `extents`.
template <typename OpTy>
static LogicalResult verifyInputs(OpTy op, LayerExtents &extents) {
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"weight", op.getWeight()},
        std::pair<StringRef, Value>{"recurrent", op.getRecurrent()}})
    if (!tensorType(value).hasStaticShape())
      return op.emitOpError(name)
             << " has shape " << shapeText(tensorType(value).getShape())
             << ", but a static shape is required [C2]";

  int64_t rows = op.getNumGates() * extents.state;
  if (failed(checkShape(op, "recurrent", op.getRecurrent().getType(),
                        {extents.directions, rows, extents.hidden}, "C2")) ||
      failed(checkShape(op, "weight", op.getWeight().getType(),
                        {extents.directions, rows, extents.inputs}, "C2")))
    return failure();

  if (extent(op.getInput(), 2) != extents.inputs)
    return op.emitOpError("input has shape ")
           << shapeText(op.getInput().getType().getShape()) << ", but "
           << extents.inputs << " features are required by the weight [C1]";

  // C3
  if (Value bias = op.getBias())
    if (failed(checkShape(op, "bias", tensorType(bias),
                          {extents.directions, 2 * rows}, "C3")))
      return failure();

  // C4
  if (Value lengths = op.getLengths())
    if (failed(checkAndNarrow(op, "lengths", tensorType(lengths), extents.batch,
                              "C4")))
      return failure();

  // C5
  if (Value initial = op.getInitialH())
    if (failed(checkState(op, "initial_h", initial, extents.hidden, extents,
                          "C5")))
      return failure();
  return success();
}

/// Reports an error unless `values` has at most as many entries as the
/// activations take.
static LogicalResult verifyParameters(Operation *op, StringRef name,
                                      std::optional<ArrayAttr> values,
                                      size_t taken) {
  if (!values || values->size() <= taken)
    return success();
  return op->emitOpError(name)
         << " has " << values->size()
         << " values, but the activations take at most " << taken << " [C6]";
}

/// C6 and C7.
template <typename OpTy> static LogicalResult verifyActivations(OpTy op) {
  SmallVector<Activation> activations = op.getAllActivations();
  size_t count = op.getNumActivations() * op.getNumDirections();
  if (activations.size() != count)
    return op.emitOpError("has ") << activations.size() << " activations, but "
                                  << count << " are required [C6]";
  FactorCount taken = countFactors(activations);
  if (failed(verifyParameters(op, "activation_alpha", op.getActivationAlpha(),
                              taken.alpha)) ||
      failed(verifyParameters(op, "activation_beta", op.getActivationBeta(),
                              taken.beta)))
    return failure();

  // C7: written so that NaN fails.
  if (std::optional<APFloat> clip = op.getClip())
    if (!(clip->convertToDouble() > 0))
      return op.emitOpError("clip is ")
             << clip->convertToDouble() << ", but must be positive [C7]";
  return success();
}

/// Compares the results with the extents of the operands and with each other,
/// under `label`.
template <typename OpTy>
static LogicalResult verifyResults(OpTy op, LayerExtents &extents,
                                   StringRef label) {
  bool batchFirst = op.getBatchFirst();
  if (failed(checkShape(op, "y", tensorType(op.getY()),
                        layerShape(batchFirst, extents.time, extents.directions,
                                   extents.batch, extents.hidden),
                        label)))
    return failure();
  narrow(extents.batch, extent(op.getY(), batchFirst ? 0 : 2));
  if (failed(checkState(op, "y_h", op.getYH(), extents.hidden, extents, label)))
    return failure();
  if constexpr (std::is_same_v<OpTy, LstmOp>)
    return checkState(op, "y_c", op.getYC(), extents.state, extents, label);
  return success();
}

/// Time and batch come from the input; features and directions are static.
template <typename OpTy>
static SmallVector<ExtentSource> extentSources(OpTy op, int64_t result) {
  bool batchFirst = op.getBatchFirst();
  auto time = ExtentSource::dimension(op.getInput(), batchFirst ? 1 : 0);
  auto batch = ExtentSource::dimension(op.getInput(), batchFirst ? 0 : 1);
  auto directions = ExtentSource::constant(op.getNumDirections());
  auto features = ExtentSource::constant(extent(op.getRecurrent(), 2));
  if (result == 2)
    features = ExtentSource::constant(op.getHiddenSize());
  if (result > 0)
    return batchFirst ? SmallVector<ExtentSource>{batch, directions, features}
                      : SmallVector<ExtentSource>{directions, batch, features};
  return batchFirst
             ? SmallVector<ExtentSource>{batch, time, directions, features}
             : SmallVector<ExtentSource>{time, directions, batch, features};
}

/// Lengths may lie outside the time extent and dynamic extents may disagree:
/// only then is it not safe to run a layer earlier than written.
template <typename OpTy>
static Speculation::Speculatability layerSpeculatability(OpTy op) {
  return !op.getLengths() && hasStaticOperands(op)
             ? Speculation::Speculatable
             : Speculation::NotSpeculatable;
}

namespace {

/// Drops attributes that say what holds without them: the default activations
/// and empty lists of their parameters.
template <typename OpTy>
struct DropDefaultAttributes : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    OpTy plain = op;
    bool defaults = false;
    if (ArrayAttr given = op.getActivationsAttr()) {
      SmallVector<Activation> plainOnes;
      for (int64_t direction = 0; direction < op.getNumDirections();
           ++direction)
        llvm::append_range(plainOnes, OpTy::getDefaultActivations());
      defaults = plainOnes == getActivationList(given);
    }
    auto isEmpty = [](std::optional<ArrayAttr> list) {
      return list && list->empty();
    };
    bool noAlpha = isEmpty(op.getActivationAlpha());
    bool noBeta = isEmpty(op.getActivationBeta());
    if (!defaults && !noAlpha && !noBeta)
      return failure();
    rewriter.modifyOpInPlace(plain, [&] {
      if (defaults)
        plain.removeActivationsAttr();
      if (noAlpha)
        plain.removeActivationAlphaAttr();
      if (noBeta)
        plain.removeActivationBetaAttr();
    });
    return success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Members that only pass on to the templates
//===----------------------------------------------------------------------===//

/// Result types are compared by verify(), which names the constraint.
bool RnnOp::isCompatibleReturnTypes(TypeRange, TypeRange) { return true; }
bool GruOp::isCompatibleReturnTypes(TypeRange, TypeRange) { return true; }
bool LstmOp::isCompatibleReturnTypes(TypeRange, TypeRange) { return true; }

SmallVector<Activation> RnnOp::getAllActivations() {
  return allActivations(*this);
}
SmallVector<Activation> GruOp::getAllActivations() {
  return allActivations(*this);
}
SmallVector<Activation> LstmOp::getAllActivations() {
  return allActivations(*this);
}

SmallVector<ExtentSource> RnnOp::getExtentSources(int64_t result) {
  return extentSources(*this, result);
}

SmallVector<ExtentSource> GruOp::getExtentSources(int64_t result) {
  return extentSources(*this, result);
}

SmallVector<ExtentSource> LstmOp::getExtentSources(int64_t result) {
  return extentSources(*this, result);
}

Speculation::Speculatability RnnOp::getSpeculatability() {
  return layerSpeculatability(*this);
}
Speculation::Speculatability GruOp::getSpeculatability() {
  return layerSpeculatability(*this);
}
Speculation::Speculatability LstmOp::getSpeculatability() {
  return layerSpeculatability(*this);
}

void RnnOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<DropDefaultAttributes<RnnOp>>(context);
}
void GruOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<DropDefaultAttributes<GruOp>>(context);
}
void LstmOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropDefaultAttributes<LstmOp>>(context);
}

//===----------------------------------------------------------------------===//
// RnnOp
//===----------------------------------------------------------------------===//

int64_t RnnOp::getNumGates() { return 1; }
int64_t RnnOp::getNumActivations() { return getDefaultActivations().size(); }
int64_t RnnOp::getHiddenSize() { return extent(getRecurrent(), 2); }

ArrayRef<Activation> RnnOp::getDefaultActivations() {
  static constexpr Activation activations[] = {Activation::Tanh};
  return activations;
}

LogicalResult RnnOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferLayerTypes(adaptor, {extent(adaptor.getRecurrent(), 2)}, types);
}

LogicalResult RnnOp::verify() {
  LayerExtents extents = layerExtents(*this);
  return failure(failed(verifyInputs(*this, extents)) ||
                 failed(verifyActivations(*this)) ||
                 failed(verifyResults(*this, extents, "C8")) ||
                 failed(checkFloatElements(*this, "C9")));
}

//===----------------------------------------------------------------------===//
// GruOp
//===----------------------------------------------------------------------===//

int64_t GruOp::getNumGates() { return 3; }
int64_t GruOp::getNumActivations() { return getDefaultActivations().size(); }
int64_t GruOp::getHiddenSize() { return extent(getRecurrent(), 2); }

ArrayRef<Activation> GruOp::getDefaultActivations() {
  static constexpr Activation activations[] = {Activation::Sigmoid,
                                               Activation::Tanh};
  return activations;
}

LogicalResult GruOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferLayerTypes(adaptor, {extent(adaptor.getRecurrent(), 2)}, types);
}

LogicalResult GruOp::verify() {
  LayerExtents extents = layerExtents(*this);
  return failure(failed(verifyInputs(*this, extents)) ||
                 failed(verifyActivations(*this)) ||
                 failed(verifyResults(*this, extents, "C8")) ||
                 failed(checkFloatElements(*this, "C9")));
}

//===----------------------------------------------------------------------===//
// LstmOp
//===----------------------------------------------------------------------===//

/// Features of the cell state, from the rows of a recurrent weight.
static int64_t lstmStateSize(Value recurrent) {
  int64_t rows = extent(recurrent, 1);
  return ShapedType::isDynamic(rows) ? rows : rows / 4;
}

int64_t LstmOp::getNumGates() { return 4; }
int64_t LstmOp::getNumActivations() { return getDefaultActivations().size(); }
int64_t LstmOp::getHiddenSize() { return lstmStateSize(getRecurrent()); }

ArrayRef<Activation> LstmOp::getDefaultActivations() {
  static constexpr Activation activations[] = {
      Activation::Sigmoid, Activation::Tanh, Activation::Tanh};
  return activations;
}

LogicalResult LstmOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferLayerTypes(adaptor,
                         {extent(adaptor.getRecurrent(), 2),
                          lstmStateSize(adaptor.getRecurrent())},
                         types);
}

/// C12 and C13.
static LogicalResult verifyQuantization(LstmOp op) {
  bool quantized = op.isQuantized();
  if (quantized != op.getRecurrent().getType().getElementType().isInteger(8))
    return op.emitOpError("weights have element types ")
           << op.getWeight().getType().getElementType() << " and "
           << op.getRecurrent().getType().getElementType()
           << ", but bytes are required for both or for neither [C12]";
  bool hasBoth = op.getWeightScale() && op.getRecurrentScale();
  bool hasAny = op.getWeightScale() || op.getRecurrentScale() ||
                op.getWeightZero() || op.getRecurrentZero();
  if (quantized ? !hasBoth : hasAny)
    return op.emitOpError(quantized ? "has weights of bytes, but no scale for "
                                      "both, which is required [C12]"
                                    : "has scales or zero points, but weights "
                                      "of bytes are required for them [C12]");
  Type element = op.getInput().getType().getElementType();
  if (quantized && element != getElementTypeOrSelf(op.getWeightScale()))
    return op.emitOpError("input has element type ")
           << element << ", but " << getElementTypeOrSelf(op.getWeightScale())
           << " is required beside weights of bytes [C12]";
  int64_t directions = op.getNumDirections(), rows = 4 * op.getHiddenSize();
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"weight_scale", op.getWeightScale()},
        {"weight_zero", op.getWeightZero()},
        {"recurrent_scale", op.getRecurrentScale()},
        {"recurrent_zero", op.getRecurrentZero()}}) {
    if (!value)
      continue;
    ArrayRef<int64_t> shape = tensorType(value).getShape();
    if (shape != ArrayRef<int64_t>{directions, rows} &&
        shape != ArrayRef<int64_t>{directions, 1})
      return op.emitOpError(name)
             << " has shape " << shapeText(shape) << ", but "
             << shapeText({directions, rows}) << " or "
             << shapeText({directions, 1}) << " is required [C13]";
  }
  return success();
}

LogicalResult LstmOp::verify() {
  LayerExtents extents = layerExtents(*this);
  if (failed(verifyInputs(*this, extents)) || failed(verifyQuantization(*this)))
    return failure();

  // C2: without a projection both states have one size.
  if (!getProjection() && extents.hidden != extents.state)
    return checkShape(*this, "recurrent", getRecurrent().getType(),
                      {extents.directions, 4 * extents.state, extents.state},
                      "C2");
  // C5
  if (Value initial = getInitialC())
    if (failed(checkState(*this, "initial_c", initial, extents.state, extents,
                          "C5")))
      return failure();
  // C8
  if (Value peephole = getPeephole())
    if (failed(checkShape(*this, "peephole", tensorType(peephole),
                          {extents.directions, 3 * extents.state}, "C8")))
      return failure();
  // C9
  if (Value projection = getProjection())
    if (failed(checkShape(*this, "projection", tensorType(projection),
                          {extents.directions, extents.hidden, extents.state},
                          "C9")))
      return failure();

  return failure(failed(verifyActivations(*this)) ||
                 failed(verifyResults(*this, extents, "C10")) ||
                 failed(checkFloatElements(*this, "C11")));
}
