//===- EmitterElements.cpp - Tensors defined element by element -----------===//

#include "frontends/Common/Numbers.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace seqc::frontend {

/// Results up to which known elements are computed as scalars.
static constexpr int64_t kMostComputed = 64;

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

Value Emitter::load(Tensor tensor, ValueRange indices) {
  return tensor::ExtractOp::create(builder, loc, tensor.value, indices);
}

Tensor Emitter::fill(DataType type, ArrayRef<OpFoldResult> sizes, Value value) {
  Value result = linalg::FillOp::create(builder, loc, value, empty(sizes, type))
                     .getResult(0);
  return withExtents(result, type, sizes);
}

Tensor Emitter::convert(Tensor tensor, DataType type) {
  if (tensor.type == type)
    return tensor;
  DataType from = getComputeType(tensor.type);
  return elementwise(type, {tensor}, [&](Scalars &s, ValueRange x) {
    return s.convert(from, getComputeType(type), x[0]);
  });
}

/// The position in the loops around the insertion point.
static SmallVector<Value> loopIndices(OpBuilder &builder, Location loc,
                                      unsigned rank) {
  return llvm::map_to_vector(llvm::seq(rank), [&](unsigned d) -> Value {
    return linalg::IndexOp::create(builder, loc, d);
  });
}

Tensor Emitter::generate(DataType type, ArrayRef<OpFoldResult> given,
                         ElementFn element) {
  Extents sizes = simplify(given);
  AffineMap map = builder.getMultiDimIdentityMap(sizes.size());
  Operation *op =
      generic({}, empty(sizes, type), map,
              [&](Scalars &s, ValueRange) -> SmallVector<Value> {
                return {element(s, loopIndices(builder, loc, sizes.size()))};
              });
  return withExtents(op->getResult(0), type, sizes);
}

Operation *Emitter::generic(ValueRange inputs, ValueRange inits,
                            ArrayRef<AffineMap> maps, BodyFn body) {
  SmallVector<utils::IteratorType> loops;
  for (unsigned d = 0; d < maps.back().getNumDims(); ++d)
    loops.push_back(maps.back().isFunctionOfDim(d)
                        ? utils::IteratorType::parallel
                        : utils::IteratorType::reduction);
  auto op = linalg::GenericOp::create(builder, loc, TypeRange(inits), inputs,
                                      inits, maps, loops,
                                      [](OpBuilder &, Location, ValueRange) {});
  Block &block = op.getRegion().front();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&block);
  Scalars s = scalars();
  linalg::YieldOp::create(builder, loc, body(s, block.getArguments()));
  return op;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

namespace {
/// How an input of an elementwise op is read: with neither member at computed
/// positions, because an extent may be 1 or not.
struct Access {
  /// A scalar that is the same for every element.
  Value scalar;
  /// An operand of the generic with this map.
  AffineMap map;
};
} // namespace

SmallVector<Value> Emitter::broadcastPosition(ArrayRef<OpFoldResult> from,
                                              ArrayRef<OpFoldResult> goal,
                                              ValueRange at) {
  Scalars s = scalars();
  SmallVector<Value> position;
  size_t skipped = goal.size() - from.size();
  for (size_t d = 0; d < from.size(); ++d) {
    Value i = at[skipped + d];
    if (isSame(from[d], goal[skipped + d]))
      position.push_back(i);
    else if (getConstantIntValue(from[d]) == 1)
      position.push_back(s.index(0));
    else
      position.push_back(select(Number(*this, from[d]) == 1, 0, Number(s, i)));
  }
  return position;
}

Tensor Emitter::broadcastTo(Tensor tensor, ArrayRef<OpFoldResult> sizes) {
  Extents goal = simplify(sizes), from = extents(tensor);
  if (llvm::equal(goal, from, isSame))
    return tensor;
  for (size_t d = 0; d < from.size(); ++d)
    requireBroadcast(from[d], goal[goal.size() - from.size() + d],
                     /*goal=*/true);
  return generate(tensor.type, goal, [&](Scalars &, ValueRange at) {
    return load(tensor, broadcastPosition(from, goal, at));
  });
}

Tensor Emitter::elementwise(DataType type, ArrayRef<Tensor> inputs,
                            ElementFn element) {
  Extents sizes = broadcastExtents(inputs);
  Scalars s = scalars();
  auto widen = [&](Scalars &inner, Tensor input, Value value) {
    return inner.convert(input.type, getComputeType(input.type), value);
  };
  auto narrow = [&](Scalars &inner, Value value) {
    return inner.convert(getComputeType(type), type, value);
  };

  // Shape arithmetic.
  int64_t count = 1;
  SmallVector<int64_t> shape = shapeOf(sizes);
  for (int64_t size : shape)
    count =
        size >= 0 && count >= 0 && size <= kMostComputed ? count * size : -1;
  // Extents that do not fit have been reported.
  auto fits = [&](Tensor input) {
    ArrayRef<int64_t> goal = ArrayRef(shape).take_back(input.getRank());
    return llvm::all_of(llvm::zip(input.getShape(), goal), [](auto pair) {
      return std::get<0>(pair) == 1 || std::get<0>(pair) == std::get<1>(pair);
    });
  };
  if (count >= 0 && count <= kMostComputed &&
      llvm::all_of(inputs, [&](Tensor t) { return isKnown(t) && fits(t); })) {
    SmallVector<SmallVector<Value>> lists;
    for (Tensor input : inputs)
      lists.push_back(elements(input));
    SmallVector<Value> results;
    for (int64_t i = 0; i < count; ++i) {
      SmallVector<int64_t> at = delinearize(i, computeStrides(shape));
      SmallVector<Value> arguments;
      for (auto [input, list] : llvm::zip(inputs, lists)) {
        SmallVector<int64_t> steps = computeStrides(input.getShape());
        for (auto [step, size] : llvm::zip(steps, input.getShape()))
          step = size == 1 ? 0 : step;
        int64_t position =
            linearize(ArrayRef(at).take_back(steps.size()), steps);
        arguments.push_back(widen(s, input, list[position]));
      }
      results.push_back(narrow(s, element(s, arguments)));
    }
    return fromElements(type, shape, results);
  }

  unsigned rank = sizes.size();
  SmallVector<Access> accesses(inputs.size());
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (auto [input, access] : llvm::zip(inputs, accesses)) {
    if (isKnown(input) && input.getType().getNumElements() == 1) {
      access.scalar = elements(input).front();
      continue;
    }
    DenseElementsAttr splat;
    if (matchPattern(input.value, m_Constant(&splat)) && splat.isSplat()) {
      access.scalar = arith::ConstantOp::create(
          builder, loc, cast<TypedAttr>(splat.getSplatValue<Attribute>()));
      continue;
    }
    Extents from = extents(input);
    SmallVector<AffineExpr> expressions;
    for (size_t d = 0; d < from.size(); ++d) {
      unsigned out = rank - from.size() + d;
      if (isSame(from[d], sizes[out]))
        expressions.push_back(builder.getAffineDimExpr(out));
      else if (getConstantIntValue(from[d]) == 1)
        expressions.push_back(builder.getAffineConstantExpr(0));
    }
    if (expressions.size() != from.size())
      continue;
    access.map = AffineMap::get(rank, 0, expressions, builder.getContext());
    operands.push_back(input.value);
    maps.push_back(access.map);
  }
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  auto body = [&](Scalars &inner, ValueRange values) -> SmallVector<Value> {
    SmallVector<Value> arguments;
    for (auto [input, access] : llvm::zip(inputs, accesses)) {
      Value value = access.scalar;
      if (access.map) {
        value = values.front();
        values = values.drop_front();
      } else if (!value) {
        value = load(input, broadcastPosition(extents(input), sizes,
                                              loopIndices(builder, loc, rank)));
      }
      arguments.push_back(widen(inner, input, value));
    }
    return {narrow(inner, element(inner, arguments))};
  };
  Operation *op = generic(operands, empty(sizes, type), maps, body);
  return withExtents(op->getResult(0), type, sizes);
}

//===----------------------------------------------------------------------===//
// Reductions and products
//===----------------------------------------------------------------------===//

/// The element that changes nothing.
static Value neutral(Scalars &s, Combine combine, DataType type) {
  switch (combine) {
  case Combine::Sum:
    return s.constant(type, 0);
  case Combine::Product:
    return s.constant(type, 1);
  case Combine::Max:
    return s.lowest(type);
  case Combine::Min:
    return isFloat(type)            ? s.constant(type, kInfinity)
           : type == DataType::Bool ? s.boolean(true)
                                    : s.greatest(type);
  }
  return {};
}

static Value combineElements(Scalars &s, Combine combine, DataType type,
                             Value a, Value b) {
  switch (combine) {
  case Combine::Sum:
    return s.add(type, a, b);
  case Combine::Product:
    return s.mul(type, a, b);
  case Combine::Max:
    return s.max(type, a, b);
  case Combine::Min:
    return s.min(type, a, b);
  }
  return {};
}

Tensor Emitter::reduce(Tensor tensor, ArrayRef<int64_t> dims, Combine combine,
                       bool keep) {
  DataType type = getComputeType(tensor.type);
  Extents from = extents(tensor), sizes, kept;
  Scalars s = scalars();
  unsigned rank = from.size();
  SmallVector<AffineExpr> expressions;
  for (unsigned d = 0; d < rank; ++d) {
    bool reduced = llvm::is_contained(dims, static_cast<int64_t>(d));
    kept.push_back(reduced ? fixed(1) : from[d]);
    if (reduced)
      continue;
    expressions.push_back(builder.getAffineDimExpr(d));
    sizes.push_back(from[d]);
  }
  // Shape arithmetic: the number of elements, the longest extent.
  if (isKnown(tensor) && sizes.empty()) {
    Value total = neutral(s, combine, type);
    for (Value element : elements(tensor))
      total = combineElements(s, combine, type, total,
                              s.convert(tensor.type, type, element));
    return reshape(fromElements(type, {}, {total}), keep ? kept : sizes);
  }
  Value init = fill(type, sizes, neutral(s, combine, type)).value;
  AffineMap maps[] = {
      builder.getMultiDimIdentityMap(rank),
      AffineMap::get(rank, 0, expressions, builder.getContext())};
  Operation *op =
      generic(tensor.value, init, maps,
              [&](Scalars &inner, ValueRange v) -> SmallVector<Value> {
                Value x = inner.convert(tensor.type, type, v[0]);
                return {combineElements(inner, combine, type, x, v[1])};
              });
  Tensor result = withExtents(op->getResult(0), type, sizes);
  return keep ? reshape(result, kept) : result;
}

Tensor Emitter::contract(Tensor a, StringRef lettersA, Tensor b,
                         StringRef lettersB, StringRef letters) {
  DataType type = getComputeType(a.type);
  // Dimensions of the loop: those of the result, then those that are summed.
  std::string order = letters.str();
  for (char letter : (lettersA + lettersB).str())
    if (order.find(letter) == std::string::npos)
      order += letter;
  unsigned rank = order.size();
  auto mapOf = [&](StringRef from) {
    SmallVector<AffineExpr> expressions;
    for (char letter : from)
      expressions.push_back(builder.getAffineDimExpr(order.find(letter)));
    return AffineMap::get(rank, 0, expressions, builder.getContext());
  };
  auto extentOf = [&](char letter) {
    size_t inA = lettersA.find(letter), inB = lettersB.find(letter);
    if (inA == StringRef::npos)
      return extent(b, inB);
    OpFoldResult size = extent(a, inA);
    if (inB == StringRef::npos)
      return size;
    OpFoldResult other = extent(b, inB);
    requireEqual(other, size, "an extent that its inputs share");
    return getConstantIntValue(other) ? other : size;
  };
  Extents sizes;
  for (char letter : order)
    sizes.push_back(extentOf(letter));
  sizes.truncate(letters.size());
  Tensor init = fill(type, sizes, 0);
  if (lettersA == "mk" && letters == "mn" && type == a.type && isFloat(type) &&
      (lettersB == "kn" || lettersB == "nk")) {
    Value inputs[] = {a.value, b.value}, inits[] = {init.value};
    Value result =
        lettersB == "kn"
            ? linalg::MatmulOp::create(builder, loc, inputs, inits).getResult(0)
            : linalg::MatmulTransposeBOp::create(
                  builder, loc, TypeRange{init.value.getType()}, inputs, inits)
                  ->getResult(0);
    return withExtents(result, type, sizes);
  }
  AffineMap maps[] = {mapOf(lettersA), mapOf(lettersB), mapOf(letters)};
  Operation *op =
      generic({a.value, b.value}, init.value, maps,
              [&](Scalars &inner, ValueRange v) -> SmallVector<Value> {
                Value product =
                    inner.mul(type, inner.convert(a.type, type, v[0]),
                              inner.convert(b.type, type, v[1]));
                return {inner.add(type, v[2], product)};
              });
  return withExtents(op->getResult(0), type, sizes);
}

} // namespace seqc::frontend
