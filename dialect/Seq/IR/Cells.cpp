//===- Cells.cpp - The named recurrent layers -------------------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace seqc::seq;

//===----------------------------------------------------------------------===//
// What the three layers share
//===----------------------------------------------------------------------===//

/// Activation functions of every direction: those of `op`, or `defaults` once per direction.
template <typename OpTy>
static SmallVector<std::string> activationNames(OpTy op,
                                                ArrayRef<StringRef> defaults) {
  SmallVector<std::string> names;
  if (std::optional<ArrayAttr> given = op.getActivations()) {
    for (StringAttr name : given->template getAsRange<StringAttr>())
      names.push_back(name.getValue().lower());
    return names;
  }
  for (int64_t direction = 0; direction < op.getNumDirections(); ++direction)
    names.append(defaults.begin(), defaults.end());
  return names;
}

/// Result types of a layer whose states have the given sizes; the first is that of `y`.
template <typename Adaptor>
static void inferLayerTypes(Adaptor op, ArrayRef<int64_t> stateSizes,
                            SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  bool batchFirst = op.getBatchFirst();
  int64_t time = input.getDimSize(batchFirst ? 1 : 0);
  int64_t batch = input.getDimSize(batchFirst ? 0 : 1);
  int64_t directions = op.getDirection() == Direction::Bidirectional ? 2 : 1;
  Type element = input.getElementType();
  SmallVector<int64_t> shape = {time, directions, batch, stateSizes.front()};
  if (batchFirst)
    shape = {batch, time, directions, stateSizes.front()};
  types.push_back(RankedTensorType::get(shape, element));
  for (int64_t size : stateSizes) {
    shape = {directions, batch, size};
    if (batchFirst)
      shape = {batch, directions, size};
    types.push_back(RankedTensorType::get(shape, element));
  }
}

/// Extent of dimension `dim` of a ranked tensor value.
static int64_t extent(Value value, int64_t dim) {
  return cast<RankedTensorType>(value.getType()).getDimSize(dim);
}

/// Whether each inferred type could be the given one at run time.
static bool areCompatible(TypeRange inferred, TypeRange given) {
  if (inferred.size() != given.size())
    return false;
  for (auto [left, right] : llvm::zip_equal(inferred, given))
    if (getElementTypeOrSelf(left) != getElementTypeOrSelf(right) ||
        failed(verifyCompatibleShape(left, right)))
      return false;
  return true;
}

bool RnnOp::isCompatibleReturnTypes(TypeRange l, TypeRange r) {
  return areCompatible(l, r);
}

bool GruOp::isCompatibleReturnTypes(TypeRange l, TypeRange r) {
  return areCompatible(l, r);
}

bool LstmOp::isCompatibleReturnTypes(TypeRange l, TypeRange r) {
  return areCompatible(l, r);
}

//===----------------------------------------------------------------------===//
// RnnOp
//===----------------------------------------------------------------------===//

int64_t RnnOp::getNumGates() { return 1; }
int64_t RnnOp::getNumActivations() { return 1; }
int64_t RnnOp::getHiddenSize() { return extent(getRecurrent(), 2); }

SmallVector<std::string> RnnOp::getActivationNames() {
  return activationNames(*this, {"tanh"});
}

LogicalResult RnnOp::inferReturnTypes(MLIRContext *context,
                                      std::optional<Location> location,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  inferLayerTypes(adaptor, {extent(adaptor.getRecurrent(), 2)}, types);
  return success();
}

LogicalResult RnnOp::verify() { return success(); }

//===----------------------------------------------------------------------===//
// GruOp
//===----------------------------------------------------------------------===//

int64_t GruOp::getNumGates() { return 3; }
int64_t GruOp::getNumActivations() { return 2; }
int64_t GruOp::getHiddenSize() { return extent(getRecurrent(), 2); }

SmallVector<std::string> GruOp::getActivationNames() {
  return activationNames(*this, {"sigmoid", "tanh"});
}

LogicalResult GruOp::inferReturnTypes(MLIRContext *context,
                                      std::optional<Location> location,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  inferLayerTypes(adaptor, {extent(adaptor.getRecurrent(), 2)}, types);
  return success();
}

LogicalResult GruOp::verify() { return success(); }

//===----------------------------------------------------------------------===//
// LstmOp
//===----------------------------------------------------------------------===//

int64_t LstmOp::getNumGates() { return 4; }
int64_t LstmOp::getNumActivations() { return 3; }
int64_t LstmOp::getHiddenSize() { return extent(getRecurrent(), 1) / 4; }

SmallVector<std::string> LstmOp::getActivationNames() {
  return activationNames(*this, {"sigmoid", "tanh", "tanh"});
}

LogicalResult LstmOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> location,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  inferLayerTypes(adaptor,
                  {extent(adaptor.getRecurrent(), 2),
                   extent(adaptor.getRecurrent(), 1) / 4},
                  types);
  return success();
}

LogicalResult LstmOp::verify() { return success(); }
