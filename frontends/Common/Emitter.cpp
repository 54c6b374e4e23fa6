//===- Emitter.cpp - Extents and shapes of tensors ------------------------===//

#include "frontends/Common/Emitter.h"

#include "frontends/Common/Numbers.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace seqc::frontend {

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

Value Emitter::toValue(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, loc, size);
}

Extents Emitter::simplify(ArrayRef<OpFoldResult> sizes) {
  return llvm::map_to_vector(sizes, [&](OpFoldResult size) {
    std::optional<int64_t> number = getConstantIntValue(size);
    return number ? builder.getIndexAttr(*number) : size;
  });
}

/// A `tensor.dim` right behind the tensor, where every later op can use it.
Value Emitter::insertDim(Value tensor, int64_t dim) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(tensor);
  return builder.createOrFold<tensor::DimOp>(tensor.getLoc(), tensor, dim);
}

OpFoldResult Emitter::extent(Tensor tensor, int64_t dim) {
  int64_t size = tensor.getType().getDimSize(dim);
  if (!ShapedType::isDynamic(size))
    return builder.getIndexAttr(size);
  auto [entry, isNew] = known.try_emplace(tensor.value);
  if (isNew) {
    entry->second.resize(tensor.getRank());
    noted.push_back(tensor.value);
  }
  OpFoldResult &slot = entry->second[dim];
  if (!slot)
    slot = insertDim(tensor.value, dim);
  return slot;
}

Extents Emitter::extents(Tensor tensor) {
  return llvm::map_to_vector(llvm::seq<int64_t>(0, tensor.getRank()),
                             [&](int64_t dim) { return extent(tensor, dim); });
}

Value Emitter::extentValue(Tensor tensor, int64_t dim) {
  return toValue(extent(tensor, dim));
}

void Emitter::setExtents(Value tensor, ArrayRef<OpFoldResult> sizes) {
  if (cast<RankedTensorType>(tensor.getType()).hasStaticShape())
    return;
  if (known.insert_or_assign(tensor, simplify(sizes)).second)
    noted.push_back(tensor);
}

void Emitter::forgetExtents(size_t mark) {
  while (noted.size() > mark)
    known.erase(noted.pop_back_val());
}

void Emitter::forgetExtents(size_t mark, Operation *op) {
  auto inside = [&](Value tensor) {
    bool result = op->isAncestor(tensor.getParentBlock()->getParentOp());
    if (result)
      known.erase(tensor);
    return result;
  };
  noted.erase(std::remove_if(noted.begin() + mark, noted.end(), inside),
              noted.end());
}

SmallVector<int64_t> Emitter::shapeOf(ArrayRef<OpFoldResult> sizes) {
  return llvm::map_to_vector(sizes, [](OpFoldResult size) {
    return getConstantIntValue(size).value_or(ShapedType::kDynamic);
  });
}

/// Whether all extents are the same by construction.
static bool areSame(ArrayRef<OpFoldResult> a, ArrayRef<OpFoldResult> b) {
  return llvm::equal(a, b, Emitter::isSame);
}

static bool isZero(OpFoldResult size) { return isConstantIntValue(size, 0); }

OpFoldResult Emitter::product(ArrayRef<OpFoldResult> sizes) {
  Scalars s = scalars();
  int64_t number = 1;
  Value rest;
  for (OpFoldResult size : simplify(sizes)) {
    if (std::optional<int64_t> fixed = getConstantIntValue(size)) {
      // No tensor has so many elements; where there is one, it is reported.
      if (llvm::MulOverflow(number, *fixed, number))
        number = std::numeric_limits<int64_t>::max();
    } else {
      rest = rest ? s.mul(kIndex, rest, toValue(size)) : toValue(size);
    }
  }
  if (!rest || number == 0)
    return builder.getIndexAttr(number);
  return number == 1 ? rest : s.mul(kIndex, rest, s.index(number));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value Emitter::empty(ArrayRef<OpFoldResult> sizes, DataType type) {
  Extents simple = simplify(sizes);
  requireSizes(simple);
  Value result = tensor::EmptyOp::create(builder, loc, simple, storage(type));
  setExtents(result, simple);
  return result;
}

/// Splits dimensions of `from` and `to` into the finest groups of equal
/// product, by extents that are the same by construction. Groups of several
/// dimensions on both sides, or a rest that does not fit, give nothing.
static bool matchGroups(ArrayRef<OpFoldResult> wide,
                        ArrayRef<OpFoldResult> narrow,
                        SmallVectorImpl<ReassociationIndices> &groups) {
  size_t next = 0;
  for (size_t n = 0; n < narrow.size(); ++n) {
    ReassociationIndices group;
    std::optional<int64_t> goal = getConstantIntValue(narrow[n]);
    int64_t product = 1;
    bool dynamic = false;
    // Unit dimensions beside the one that carries the extent.
    while (next < wide.size()) {
      std::optional<int64_t> size = getConstantIntValue(wide[next]);
      bool fits;
      if (size && *size == 1)
        fits = true;
      else if (goal)
        fits = size && *size != 0 && *goal != 0 && product < *goal &&
               *goal % (product * *size) == 0;
      else
        fits =
            !dynamic && product == 1 && Emitter::isSame(wide[next], narrow[n]);
      if (!fits)
        break;
      if (size)
        product *= *size;
      else
        dynamic = true;
      group.push_back(next++);
    }
    // Leave unit dimensions to later groups that need at least one member.
    size_t left = narrow.size() - n - 1;
    while (group.size() > 1 && wide.size() - next < left &&
           getConstantIntValue(wide[group.back()]) == 1) {
      group.pop_back();
      --next;
    }
    if (group.empty() || (goal ? (dynamic || product != *goal) : !dynamic))
      return false;
    groups.push_back(group);
  }
  return next == wide.size();
}

Tensor Emitter::reshape(Tensor tensor, ArrayRef<OpFoldResult> given) {
  Extents sizes = simplify(given), from = extents(tensor);
  if (areSame(sizes, from))
    return tensor;
  RankedTensorType type = tensor.getType();
  SmallVector<int64_t> shape = shapeOf(sizes);
  RankedTensorType result = type.clone(shape);
  if (isKnown(tensor) && result.hasStaticShape() &&
      result.getNumElements() == type.getNumElements())
    return fromElements(tensor.type, shape, elements(tensor));

  SmallVector<ReassociationIndices> groups;
  Value value;
  if (sizes.size() < from.size() && matchGroups(from, sizes, groups)) {
    value = tensor::CollapseShapeOp::create(builder, loc, result, tensor.value,
                                            groups);
  } else if (groups.clear();
             sizes.size() > from.size() && matchGroups(sizes, from, groups)) {
    value = tensor::ExpandShapeOp::create(builder, loc, result, tensor.value,
                                          groups, sizes);
  } else {
    // Through one dimension.
    requireSameCount(from, sizes);
    Value flat = tensor.value;
    ReassociationIndices all;
    if (type.getRank() == 0) {
      flat = tensor::ExpandShapeOp::create(builder, loc, type.clone({1}), flat,
                                           ArrayRef<ReassociationIndices>{},
                                           ArrayRef<OpFoldResult>{fixed(1)});
    } else if (type.getRank() > 1) {
      all = llvm::to_vector<2>(llvm::seq<int64_t>(0, type.getRank()));
      flat = tensor::CollapseShapeOp::create(
          builder, loc, flat, ArrayRef<ReassociationIndices>{all});
    }
    // A static count on one side and not on the other: say what is known.
    int64_t count = result.hasStaticShape() ? result.getNumElements()
                                            : ShapedType::kDynamic;
    bool isOpen = cast<RankedTensorType>(flat.getType()).isDynamicDim(0);
    if (isOpen == result.hasStaticShape() && (isOpen || !sizes.empty()))
      flat = tensor::CastOp::create(builder, loc, type.clone({count}), flat);
    all = llvm::to_vector<2>(llvm::seq<int64_t>(0, sizes.size()));
    if (sizes.empty())
      value = tensor::CollapseShapeOp::create(builder, loc, result, flat,
                                              ArrayRef<ReassociationIndices>{});
    else if (sizes.size() == 1)
      value = flat;
    else
      value = tensor::ExpandShapeOp::create(builder, loc, result, flat,
                                            ArrayRef<ReassociationIndices>{all},
                                            sizes);
  }
  // The same tensor keeps its extents, which other branches can use.
  if (value != tensor.value)
    setExtents(value, sizes);
  return {value, tensor.type};
}

Tensor Emitter::unsqueeze(Tensor tensor, int64_t dim) {
  Extents sizes = extents(tensor);
  sizes.insert(sizes.begin() + dim, fixed(1));
  return reshape(tensor, sizes);
}

Tensor Emitter::squeeze(Tensor tensor, int64_t dim) {
  Extents sizes = extents(tensor);
  requireEqual(sizes[dim], fixed(1),
               ("the extent of dimension " + Twine(dim)).str());
  sizes.erase(sizes.begin() + dim);
  return reshape(tensor, sizes);
}

Tensor Emitter::transpose(Tensor tensor, ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return tensor;
  if (isKnown(tensor)) {
    SmallVector<int64_t> shape, none(permutation.size(), 0),
        one(permutation.size(), 1);
    for (int64_t from : permutation)
      shape.push_back(tensor.getShape()[from]);
    return pickKnown(tensor, none, one, shape, permutation);
  }
  Extents sizes = llvm::map_to_vector(
      permutation, [&](int64_t from) { return extent(tensor, from); });
  Value init = empty(sizes, tensor.type);
  Value result =
      linalg::TransposeOp::create(builder, loc, tensor.value, init, permutation)
          ->getResult(0);
  return withExtents(result, tensor.type, sizes);
}

Tensor Emitter::concat(ArrayRef<Tensor> tensors, int64_t dim) {
  if (tensors.size() == 1)
    return tensors.front();
  DataType type = tensors.front().type;
  if (tensors.front().getRank() == 1 &&
      llvm::all_of(tensors, [&](Tensor t) { return isKnown(t); })) {
    SmallVector<Value> list;
    for (Tensor tensor : tensors)
      llvm::append_range(list, elements(tensor));
    return fromElements(type, {static_cast<int64_t>(list.size())}, list);
  }
  // Extents that one of them knows hold for all.
  Extents sizes = extents(tensors.front());
  Number sum(*this, sizes[dim]);
  for (Tensor tensor : tensors.drop_front()) {
    for (int64_t d = 0; d < tensor.getRank(); ++d)
      if (d != dim) {
        OpFoldResult size = extent(tensor, d);
        requireEqual(size, sizes[d],
                     ("the extent of dimension " + Twine(d)).str());
        if (getConstantIntValue(size))
          sizes[d] = size;
      }
    sum = sum + extentValue(tensor, dim);
  }
  sizes[dim] = sum;
  sizes = simplify(sizes);
  Value result = empty(sizes, type);
  Number offset(*this, 0);
  for (Tensor tensor : tensors) {
    Extents part = extents(tensor);
    if (llvm::any_of(part, isZero))
      continue;
    Extents offsets(part.size(), fixed(0)), strides(part.size(), fixed(1));
    offsets[dim] = offset;
    result = tensor::InsertSliceOp::create(builder, loc, tensor.value, result,
                                           offsets, part, strides);
    offset = offset + toValue(part[dim]);
  }
  return withExtents(result, type, sizes);
}

Tensor Emitter::slice(Tensor tensor, ArrayRef<OpFoldResult> offsets,
                      ArrayRef<OpFoldResult> sizes,
                      ArrayRef<OpFoldResult> strides) {
  Extents steps(strides.begin(), strides.end());
  if (steps.empty())
    steps.assign(sizes.size(), fixed(1));
  Extents from = simplify(offsets), count = simplify(sizes);
  if (from.empty())
    from.assign(count.size(), fixed(0));
  steps = simplify(steps);
  auto isConstant = [](OpFoldResult size) {
    return getConstantIntValue(size).has_value();
  };
  if (isKnown(tensor) && llvm::all_of(from, isConstant) &&
      llvm::all_of(count, isConstant) && llvm::all_of(steps, isConstant)) {
    auto numbers = [](ArrayRef<OpFoldResult> list) {
      return *getConstantIntValues(list);
    };
    return pickKnown(tensor, numbers(from), numbers(steps), numbers(count),
                     llvm::to_vector(llvm::seq<int64_t>(0, from.size())));
  }
  Extents whole = extents(tensor);
  auto isOne = [](OpFoldResult size) { return isConstantIntValue(size, 1); };
  if (llvm::all_of(from, isZero) && llvm::all_of(steps, isOne) &&
      areSame(count, whole))
    return tensor;
  // Among no elements no offset exists.
  if (llvm::any_of(count, isZero) || llvm::any_of(whole, isZero))
    return {empty(count, tensor.type), tensor.type};
  for (size_t d = 0; d < whole.size(); ++d)
    requireSlice(from[d], count[d], steps[d], whole[d]);
  Value result = tensor::ExtractSliceOp::create(builder, loc, tensor.value,
                                                from, count, steps);
  return withExtents(result, tensor.type, count);
}

Tensor Emitter::insert(Tensor part, Tensor into,
                       ArrayRef<OpFoldResult> offsets) {
  Extents sizes = extents(part), whole = extents(into);
  if (llvm::any_of(sizes, isZero))
    return into;
  Extents strides(sizes.size(), fixed(1));
  Extents to = simplify(offsets);
  if (to.empty())
    to.assign(sizes.size(), fixed(0));
  for (size_t d = 0; d < whole.size(); ++d)
    requireSlice(to[d], sizes[d], strides[d], whole[d]);
  if (llvm::any_of(whole, isZero))
    return into;
  Value result = tensor::InsertSliceOp::create(builder, loc, part.value,
                                               into.value, to, sizes, strides);
  return withExtents(result, into.type, whole);
}

Tensor Emitter::sliceDim(Tensor tensor, int64_t dim, OpFoldResult offset,
                         OpFoldResult size) {
  Extents sizes = extents(tensor);
  Extents offsets(sizes.size(), fixed(0));
  offsets[dim] = offset;
  sizes[dim] = size;
  return slice(tensor, offsets, sizes);
}

/// What index arithmetic gives with 1 for `x`; null if that is not known. Each
/// call goes to the operands of one op; `steps` bounds them.
static Attribute evaluateAtOne(Value value, Value x, int &steps) {
  Builder b(value.getContext());
  if (value == x)
    return b.getIndexAttr(1);
  Operation *op = value.getDefiningOp();
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return constant;
  if (!op || op->getNumResults() != 1 || op->getNumOperands() == 0 ||
      !isa<arith::ArithDialect>(op->getDialect()) || --steps < 0)
    return {};
  // It folds where its condition is a constant of the IR.
  if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    auto which = dyn_cast_or_null<IntegerAttr>(
        evaluateAtOne(choice.getCondition(), x, steps));
    return which ? evaluateAtOne(which.getValue().isZero()
                                     ? choice.getFalseValue()
                                     : choice.getTrueValue(),
                                 x, steps)
                 : Attribute();
  }
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands())
    operands.push_back(evaluateAtOne(operand, x, steps));
  SmallVector<OpFoldResult> results;
  if (!llvm::all_of(operands, [](Attribute a) { return bool(a); }) ||
      failed(op->fold(operands, results)) || results.empty())
    return {};
  return dyn_cast<Attribute>(results.front());
}

/// Whether `value` is 1 wherever `x` is.
static bool isOneWith(OpFoldResult value, OpFoldResult x) {
  int steps = 64;
  auto number = dyn_cast_or_null<IntegerAttr>(
      evaluateAtOne(cast<Value>(value), cast<Value>(x), steps));
  return number && number.getInt() == 1;
}

OpFoldResult Emitter::broadcastExtent(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x == 1 || isSame(a, b))
    return b;
  // A dynamic extent is 1 or the one that is known.
  if (y == 1 || (x && !y))
    return a;
  // A number, or never the one of both that is 1 alone.
  if (y || isOneWith(a, b))
    return b;
  if (isOneWith(b, a))
    return a;
  Number first(*this, a);
  return select(first == 1, Number(*this, b), first);
}

Extents Emitter::broadcastExtents(ArrayRef<Tensor> tensors) {
  int64_t rank = 0;
  for (Tensor tensor : tensors)
    rank = std::max(rank, tensor.getRank());
  Extents result(rank, fixed(1));
  for (Tensor tensor : tensors)
    for (int64_t d = 0; d < tensor.getRank(); ++d) {
      OpFoldResult &out = result[rank - tensor.getRank() + d];
      OpFoldResult size = extent(tensor, d);
      requireBroadcast(size, out);
      out = broadcastExtent(out, size);
    }
  return simplify(result);
}

Tensor Emitter::castShape(Tensor tensor, ArrayRef<int64_t> shape) {
  RankedTensorType type = tensor.getType().clone(shape);
  if (type == tensor.getType())
    return tensor;
  Extents sizes = extents(tensor);
  for (auto [d, fixed] : llvm::enumerate(shape))
    if (!ShapedType::isDynamic(fixed))
      requireEqual(sizes[d], builder.getIndexAttr(fixed),
                   ("the extent of dimension " + Twine(d)).str());
  Value result = tensor::CastOp::create(builder, loc, type, tensor.value);
  for (auto [size, fixed] : llvm::zip(sizes, shape))
    if (!ShapedType::isDynamic(fixed))
      size = builder.getIndexAttr(fixed);
  return withExtents(result, tensor.type, sizes);
}

} // namespace seqc::frontend
