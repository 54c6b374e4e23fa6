//===- TensorShapeOps.cpp - Ops that cut, join and reshape ----------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc::reference {

namespace {

/// Offsets, sizes and strides of a slice, one number per dimension.
struct SliceBox {
  Shape offsets, sizes, strides;
};

/// Reads the box of a slice op from its attributes and operands.
llvm::Expected<SliceBox> getBox(OffsetSizeAndStrideOpInterface slice,
                                llvm::ArrayRef<Tensor> operands) {
  SliceBox box;
  llvm::SmallVector<OpFoldResult> mixed[3] = {
      slice.getMixedOffsets(), slice.getMixedSizes(), slice.getMixedStrides()};
  Shape *targets[3] = {&box.offsets, &box.sizes, &box.strides};
  for (int part = 0; part < 3; ++part) {
    llvm::Expected<Shape> numbers =
        getMixedNumbers(*slice, mixed[part], operands);
    if (!numbers)
      return numbers.takeError();
    *targets[part] = std::move(*numbers);
  }
  return box;
}

/// Calls `visit` with the position of every element of a box, row-major.
template <typename Visit>
void visitBox(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> offsets,
              llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides,
              Visit visit) {
  int64_t rank = static_cast<int64_t>(shape.size());
  if (llvm::is_contained(sizes, 0))
    return;
  // How far one step along a dimension goes; nowhere where there is none.
  Shape steps = getStrides(shape), indices(rank, 0);
  int64_t position = 0;
  for (int64_t dim = 0; dim < rank; ++dim) {
    position += offsets[dim] * steps[dim];
    steps[dim] = sizes[dim] > 1 ? strides[dim] * steps[dim] : 0;
  }
  while (true) {
    visit(position);
    int64_t dim = rank - 1;
    for (; dim >= 0; --dim) {
      position += steps[dim];
      if (++indices[dim] < sizes[dim])
        break;
      position -= sizes[dim] * steps[dim];
      indices[dim] = 0;
    }
    if (dim < 0)
      return;
  }
}

/// Whether `small` is `large` with some extents of 1 left out.
bool isReduction(llvm::ArrayRef<int64_t> large, llvm::ArrayRef<int64_t> small) {
  size_t next = 0;
  for (int64_t extent : large) {
    if (next < small.size() && small[next] == extent)
      ++next;
    else if (extent != 1)
      return false;
  }
  return next == small.size();
}

} // namespace

llvm::Error insertSlice(Operation &op, const Tensor &source, Tensor &dest,
                        llvm::ArrayRef<int64_t> offsets,
                        llvm::ArrayRef<int64_t> sizes,
                        llvm::ArrayRef<int64_t> strides) {
  if (llvm::Error error =
          checkSlice(op, dest.getShape(), offsets, sizes, strides))
    return error;
  if (!isReduction(sizes, source.getShape()))
    return checkShape(op, source.getShape(), sizes, "the source");
  const Scalar *from = source.data();
  Scalar *to = dest.mutableData();
  visitBox(dest.getShape(), offsets, sizes, strides,
           [&](int64_t position) { to[position] = *from++; });
  return llvm::Error::success();
}

static llvm::Expected<Results>
evaluateExtractSlice(Interpreter &interpreter, Operation &op,
                     llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<SliceBox> box =
      getBox(cast<OffsetSizeAndStrideOpInterface>(op), operands);
  if (!box)
    return box.takeError();
  const Tensor &source = operands[0];
  if (llvm::Error error = checkSlice(op, source.getShape(), box->offsets,
                                     box->sizes, box->strides))
    return error;
  // The type says which extents of 1 are left out.
  auto slice = cast<tensor::ExtractSliceOp>(op);
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  Shape shape;
  for (auto [dim, size] : llvm::enumerate(box->sizes))
    if (!dropped.test(dim))
      shape.push_back(size);
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, source.getKind(), shape);
  if (!result)
    return result.takeError();
  const Scalar *from = source.data();
  Scalar *to = result->mutableData();
  visitBox(source.getShape(), box->offsets, box->sizes, box->strides,
           [&](int64_t position) { *to++ = from[position]; });
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateInsertSlice(Interpreter &, Operation &op,
                    llvm::MutableArrayRef<Tensor> operands) {
  llvm::Expected<SliceBox> box =
      getBox(cast<OffsetSizeAndStrideOpInterface>(op), operands);
  if (!box)
    return box.takeError();
  Tensor result = std::move(operands[1]);
  if (llvm::Error error = insertSlice(op, operands[0], result, box->offsets,
                                      box->sizes, box->strides))
    return error;
  return Results{std::move(result)};
}

static llvm::Expected<Results>
evaluateConcat(Interpreter &interpreter, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  int64_t axis = static_cast<int64_t>(cast<tensor::ConcatOp>(op).getDim());
  Shape shape(operands[0].getShape());
  for (size_t number = 1; number < operands.size(); ++number) {
    Shape required(shape);
    required[axis] = operands[number].getDim(axis);
    if (llvm::Error error =
            checkShape(op, operands[number].getShape(), required,
                       "operand " + llvm::Twine(number)))
      return error;
    if (llvm::AddOverflow(shape[axis], operands[number].getDim(axis),
                          shape[axis]))
      return makeError(op, "the extents overflow");
  }
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, operands[0].getKind(), shape);
  if (!result)
    return result.takeError();
  Shape offsets(shape.size(), 0), ones(shape.size(), 1);
  for (const Tensor &operand : operands) {
    if (llvm::Error error = insertSlice(op, operand, *result, offsets,
                                        operand.getShape(), ones))
      return error;
    offsets[axis] += operand.getDim(axis);
  }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateCollapseShape(Interpreter &, Operation &op,
                      llvm::MutableArrayRef<Tensor> operands) {
  Shape shape;
  for (const ReassociationIndices &group :
       cast<tensor::CollapseShapeOp>(op).getReassociationIndices()) {
    Shape part;
    for (int64_t dim : group)
      part.push_back(operands[0].getDim(dim));
    shape.push_back(countElements(part).value_or(0));
  }
  if (countElements(shape) != operands[0].getNumElements())
    return makeError(op, "the result has " + toString(shape) +
                             " elements, the source " +
                             toString(operands[0].getShape()));
  return Results{operands[0].withShape(shape)};
}

/// Gives a tensor a new shape of as many elements.
static llvm::Expected<Results> reshapeTo(Operation &op, Tensor source,
                                         llvm::ArrayRef<int64_t> shape) {
  if (countElements(shape) != source.getNumElements())
    return makeError(op, "the source has shape " + toString(source.getShape()) +
                             ", the result " + toString(shape));
  return Results{source.withShape(shape)};
}

static llvm::Expected<Results>
evaluateExpandShape(Interpreter &, Operation &op,
                    llvm::MutableArrayRef<Tensor> operands) {
  auto expand = cast<tensor::ExpandShapeOp>(op);
  Shape shape;
  llvm::ArrayRef<Tensor> extents = operands.drop_front();
  for (int64_t extent : expand.getStaticOutputShape()) {
    if (!ShapedType::isDynamic(extent)) {
      shape.push_back(extent);
      continue;
    }
    if (extents.empty())
      return makeError(op, "the output shape has too few operands");
    shape.push_back(extents.front().scalar().i);
    extents = extents.drop_front();
  }
  for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices())) {
    Shape part;
    for (int64_t target : group)
      part.push_back(shape[target]);
    if (countElements(part) != operands[0].getDim(static_cast<int64_t>(dim)))
      return makeError(
          op, "extent " +
                  llvm::Twine(operands[0].getDim(static_cast<int64_t>(dim))) +
                  " of dimension " + llvm::Twine(dim) + " does not expand to " +
                  toString(part));
  }
  return reshapeTo(op, std::move(operands[0]), shape);
}

static llvm::Expected<Results>
evaluateReshape(Interpreter &, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  Shape shape(operands[1].ints());
  return reshapeTo(op, std::move(operands[0]), shape);
}

/// Where a row of gather indices points to: positions of the gathered
/// dimensions.
static llvm::Error placeBox(Operation &op, const Tensor &indices, int64_t row,
                            llvm::ArrayRef<int64_t> dims, Shape &offsets) {
  int64_t width = static_cast<int64_t>(dims.size());
  for (auto [number, dim] : llvm::enumerate(dims)) {
    if (dim < 0 || dim >= static_cast<int64_t>(offsets.size()))
      return makeError(op,
                       "dimension " + llvm::Twine(dim) + " is out of range");
    offsets[dim] = indices.ints()[row * width + static_cast<int64_t>(number)];
  }
  return llvm::Error::success();
}

/// Number of rows in the indices of a gather or scatter.
static llvm::Expected<int64_t> countRows(Operation &op, const Tensor &indices,
                                         llvm::ArrayRef<int64_t> dims) {
  int64_t rank = indices.getRank();
  if (rank == 0 ||
      indices.getDim(rank - 1) != static_cast<int64_t>(dims.size()) ||
      dims.empty())
    return makeError(op, "the last extent of the indices is not " +
                             llvm::Twine(dims.size()));
  return indices.getNumElements() / static_cast<int64_t>(dims.size());
}

static llvm::Expected<Results>
evaluateGather(Interpreter &interpreter, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  llvm::ArrayRef<int64_t> dims = cast<tensor::GatherOp>(op).getGatherDims();
  const Tensor &source = operands[0], &indices = operands[1];
  llvm::Expected<int64_t> rows = countRows(op, indices, dims);
  if (!rows)
    return rows.takeError();
  Shape sizes(source.getShape()), offsets(sizes.size(), 0),
      ones(sizes.size(), 1);
  for (int64_t dim : dims)
    if (dim >= 0 && dim < source.getRank())
      sizes[dim] = 1;
  // The gathered dimensions stay as extents of 1 or are left out, as the type
  // says.
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Shape shape(indices.getShape().drop_back());
  bool reduced =
      type.getRank() != static_cast<int64_t>(shape.size() + sizes.size());
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (!reduced || !llvm::is_contained(dims, static_cast<int64_t>(dim)))
      shape.push_back(size);
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, source.getKind(), shape);
  if (!result)
    return result.takeError();
  Scalar *to = result->mutableData();
  for (int64_t row = 0; row < *rows; ++row) {
    if (llvm::Error error = placeBox(op, indices, row, dims, offsets))
      return error;
    if (llvm::Error error =
            checkSlice(op, source.getShape(), offsets, sizes, ones))
      return error;
    visitBox(source.getShape(), offsets, sizes, ones,
             [&](int64_t position) { *to++ = source.data()[position]; });
  }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateScatter(Interpreter &, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  llvm::ArrayRef<int64_t> dims = cast<tensor::ScatterOp>(op).getScatterDims();
  const Tensor &source = operands[0], &indices = operands[2];
  llvm::Expected<int64_t> rows = countRows(op, indices, dims);
  if (!rows)
    return rows.takeError();
  Tensor result = std::move(operands[1]);
  Shape sizes(result.getShape()), offsets(sizes.size(), 0),
      ones(sizes.size(), 1);
  for (int64_t dim : dims)
    if (dim >= 0 && dim < result.getRank())
      sizes[dim] = 1;
  std::optional<int64_t> part = countElements(sizes);
  if (!part || source.getNumElements() != *part * *rows)
    return makeError(op, "the source has shape " + toString(source.getShape()) +
                             ", required " + llvm::Twine(*rows) + " times " +
                             toString(sizes));
  const Scalar *from = source.data();
  Scalar *to = result.mutableData();
  for (int64_t row = 0; row < *rows; ++row) {
    if (llvm::Error error = placeBox(op, indices, row, dims, offsets))
      return error;
    if (llvm::Error error =
            checkSlice(op, result.getShape(), offsets, sizes, ones))
      return error;
    visitBox(result.getShape(), offsets, sizes, ones,
             [&](int64_t position) { to[position] = *from++; });
  }
  return Results{std::move(result)};
}

void addTensorShapeHandlers(HandlerTable &table) {
  table["tensor.extract_slice"] = evaluateExtractSlice;
  table["tensor.insert_slice"] = evaluateInsertSlice;
  table["tensor.concat"] = evaluateConcat;
  table["tensor.collapse_shape"] = evaluateCollapseShape;
  table["tensor.expand_shape"] = evaluateExpandShape;
  table["tensor.reshape"] = evaluateReshape;
  table["tensor.gather"] = evaluateGather;
  table["tensor.scatter"] = evaluateScatter;
}

} // namespace seqc::reference
