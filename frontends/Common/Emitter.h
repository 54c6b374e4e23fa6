//===- Emitter.h - Tensor expressions of operators ---------------*- C++-*-===//
//
// The vocabulary of frontends: tensors with their element type, extents
// that stay constants where they are known, and element-by-element definitions
// of everything that has no upstream op.
//
// A small tensor of shape arithmetic is held as a list of scalars
// (tensor.from_elements). Converters work on its elements, which fold, so that
// an extent that is computed from static shapes is static again, without a
// second evaluator.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_EMITTER_H
#define FRONTENDS_COMMON_EMITTER_H

#include "frontends/Common/Scalars.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace seqc::frontend {

/// A tensor value and its element type.
struct Tensor {
  mlir::Value value;
  DataType type = DataType::Undefined;

  explicit operator bool() const { return static_cast<bool>(value); }
  mlir::RankedTensorType getType() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  int64_t getRank() const { return getType().getRank(); }
  llvm::ArrayRef<int64_t> getShape() const { return getType().getShape(); }
};

using Extents = llvm::SmallVector<mlir::OpFoldResult>;

/// The most dimensions of a tensor: what a list of extents may have.
constexpr int64_t kMostRank = 64;

/// The most elements of a tensor. Sums and products of a few such numbers do
/// not wrap.
constexpr int64_t kMostElements = int64_t(1) << 46;

/// How `Emitter::reduce` combines elements.
enum class Combine { Sum, Product, Max, Min };

/// Builds tensor expressions at an insertion point.
class Emitter {
public:
  explicit Emitter(mlir::MLIRContext *context)
      : builder(context), loc(mlir::UnknownLoc::get(context)) {}
  /// Fills a block of its own at the location of `outer`, from its start.
  Emitter(Emitter &outer, mlir::Block &block)
      : builder(outer.builder.getContext()), loc(outer.loc) {
    builder.setInsertionPointToStart(&block);
  }

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }
  void setLoc(mlir::Location newLoc) { loc = newLoc; }
  Scalars scalars() { return Scalars(builder, loc); }
  mlir::Type storage(DataType type) {
    return getStorage(builder.getContext(), type);
  }

  //===--- Extents --------------------------------------------------------===//

  /// Extent `dim` of a tensor: an attribute where it is static, and the same
  /// value each time it is asked for where it is not.
  mlir::OpFoldResult extent(Tensor tensor, int64_t dim);
  Extents extents(Tensor tensor);
  mlir::Value extentValue(Tensor tensor, int64_t dim);
  mlir::Value toValue(mlir::OpFoldResult size);
  /// A constant extent.
  mlir::OpFoldResult fixed(int64_t size) { return builder.getIndexAttr(size); }
  /// `sizes` with constants as attributes.
  Extents simplify(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::OpFoldResult product(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// The static extents among `sizes`, and the type of a tensor of them.
  static llvm::SmallVector<int64_t>
  shapeOf(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::RankedTensorType typeOf(llvm::ArrayRef<mlir::OpFoldResult> sizes,
                                DataType type) {
    return mlir::RankedTensorType::get(shapeOf(sizes), storage(type));
  }
  /// Whether two extents are the same by construction.
  static bool isSame(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// Says that the extents of a tensor are these values.
  void setExtents(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// The result of an op, whose extents are these.
  Tensor withExtents(mlir::Value tensor, DataType type,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes) {
    setExtents(tensor, sizes);
    return {tensor, type};
  }
  /// Forgets extents of tensors noted since `mark`; for ops that are thrown
  /// away.
  size_t markExtents() const { return noted.size(); }
  void forgetExtents(size_t mark);
  /// The same for tensors inside of `op` only.
  void forgetExtents(size_t mark, mlir::Operation *op);

  //===--- Known elements -------------------------------------------------===//

  /// Whether the tensor is a small list of scalars or a small constant.
  bool isKnown(Tensor tensor);
  /// The elements in row-major order of a tensor of static shape, for lists,
  /// constants and anything else (which is read at run time).
  llvm::SmallVector<mlir::Value> elements(Tensor tensor);
  /// The integers of a constant.
  std::optional<llvm::SmallVector<int64_t>> constantIntegers(Tensor tensor);
  /// The numbers of a constant of any type.
  std::optional<llvm::SmallVector<double>> constantNumbers(Tensor tensor);
  /// The elements of a 1-D integer tensor as extents or indices.
  Extents indices(Tensor tensor);

  /// A tensor of a static shape from its elements.
  Tensor fromElements(DataType type, llvm::ArrayRef<int64_t> shape,
                      llvm::ArrayRef<mlir::Value> elements);
  /// The elements of a known tensor at offsets + i * strides under the extents
  /// `shape`, dimension d of the result walking along `dims[d]`.
  Tensor pickKnown(Tensor tensor, llvm::ArrayRef<int64_t> offsets,
                   llvm::ArrayRef<int64_t> strides,
                   llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> dims);
  /// A 1-D int64 tensor of extents.
  Tensor fromExtents(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  Tensor constant(mlir::DenseElementsAttr value, DataType type);
  /// A rank-0 tensor.
  Tensor scalar(DataType type, double value);

  //===--- Shapes ---------------------------------------------------------===//

  mlir::Value empty(llvm::ArrayRef<mlir::OpFoldResult> sizes, DataType type);
  /// The elements in row-major order under other extents of equal product.
  Tensor reshape(Tensor tensor, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Adds an extent of 1 so that it is dimension `dim` of the result.
  Tensor unsqueeze(Tensor tensor, int64_t dim);
  /// Drops dimension `dim`, whose extent is 1.
  Tensor squeeze(Tensor tensor, int64_t dim);
  Tensor transpose(Tensor tensor, llvm::ArrayRef<int64_t> permutation);
  Tensor concat(llvm::ArrayRef<Tensor> tensors, int64_t dim);
  /// Elements offsets[d] + i * strides[d], i < sizes[d]; from 0 on without
  /// `offsets`, strides of 1 without `strides`, which are positive.
  Tensor slice(Tensor tensor, llvm::ArrayRef<mlir::OpFoldResult> offsets,
               llvm::ArrayRef<mlir::OpFoldResult> sizes,
               llvm::ArrayRef<mlir::OpFoldResult> strides = {});
  /// `size` elements of dimension `dim` from `offset` on.
  Tensor sliceDim(Tensor tensor, int64_t dim, mlir::OpFoldResult offset,
                  mlir::OpFoldResult size);
  /// `into` with `part` written at `offsets`, at the beginning without them.
  Tensor insert(Tensor part, Tensor into,
                llvm::ArrayRef<mlir::OpFoldResult> offsets = {});
  /// Repeats extents of 1 so that the tensor gets the extents `sizes`, aligned
  /// at the last dimension (numpy's rule).
  Tensor broadcastTo(Tensor tensor, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Where broadcasting extents `from` to `goal` takes its element `at` from.
  llvm::SmallVector<mlir::Value>
  broadcastPosition(llvm::ArrayRef<mlir::OpFoldResult> from,
                    llvm::ArrayRef<mlir::OpFoldResult> goal,
                    mlir::ValueRange at);
  /// Two extents broadcast together, as far as they fit.
  mlir::OpFoldResult broadcastExtent(mlir::OpFoldResult a,
                                     mlir::OpFoldResult b);
  /// The extents of several tensors broadcast together.
  Extents broadcastExtents(llvm::ArrayRef<Tensor> tensors);
  /// The same tensor under a type with fewer or more static extents.
  Tensor castShape(Tensor tensor, llvm::ArrayRef<int64_t> shape);

  //===--- Checks ---------------------------------------------------------===//
  //
  // Of what only a call decides. Each gives false if it certainly does not
  // hold, which has been reported then; the converter may go on.

  /// Ends the call with a message that names the node unless `holds`, for lack
  /// of memory if it `exhausts` that; {0}, {1}, ... stand for numbers.
  bool require(mlir::Value holds, llvm::StringRef message,
               llvm::ArrayRef<mlir::OpFoldResult> numbers = {},
               bool exhausts = false);
  /// "WHAT is FOUND; required is REQUIRED".
  bool requireEqual(mlir::OpFoldResult found, mlir::OpFoldResult required,
                    llvm::StringRef what);
  /// Two extents are equal or one of them is 1; only the first may be 1 if
  /// `goal` says that the second one is given.
  bool requireBroadcast(mlir::OpFoldResult a, mlir::OpFoldResult b,
                        bool goal = false);
  /// offset, offset + stride, ... (`size` numbers) are indices below `whole`.
  bool requireSlice(mlir::OpFoldResult offset, mlir::OpFoldResult size,
                    mlir::OpFoldResult stride, mlir::OpFoldResult whole);
  /// low <= index < high.
  bool requireInside(mlir::OpFoldResult index, mlir::OpFoldResult low,
                     mlir::OpFoldResult high, llvm::StringRef what);
  /// Every element of a tensor of integers is an index below `extent`; negative
  /// ones count from the end if `fromEnd` is set.
  bool requireIndices(Tensor indices, mlir::OpFoldResult extent,
                      llvm::StringRef what, bool fromEnd = true);
  /// No size is negative, and none is beyond every memory.
  bool requireSizes(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Whether a value is such a size by construction.
  static bool isSize(mlir::Value value);
  /// `extent` times `factor`, a number that the model or a call gives, which is
  /// required not to be negative and not to make a size beyond every memory.
  mlir::OpFoldResult requireMultiple(mlir::OpFoldResult extent,
                                     mlir::Value factor, llvm::StringRef what);
  /// Ends the call for lack of memory unless `fits`; see require().
  bool requireMemory(mlir::Value fits, llvm::StringRef message,
                     llvm::ArrayRef<mlir::OpFoldResult> numbers = {}) {
    return require(fits, message, numbers, /*exhausts=*/true);
  }
  /// Extents of two shapes have the same product, and none is negative.
  bool requireSameCount(llvm::ArrayRef<mlir::OpFoldResult> found,
                        llvm::ArrayRef<mlir::OpFoldResult> wanted);
  /// The product of extents is that of a tensor in memory; extents of several
  /// tensors may have one that is not.
  void requireCount(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// The product of sizes, or the greatest index where it is greater.
  mlir::Value saturatedProduct(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Reports what is wrong whatever a call decides.
  void fail(const llvm::Twine &message);
  /// Is told what a check finds while the model is read.
  void setFaultHandler(std::function<void(const std::string &)> handler) {
    onFault = std::move(handler);
  }

  //===--- Elements -------------------------------------------------------===//

  using ElementFn =
      llvm::function_ref<mlir::Value(Scalars &, mlir::ValueRange)>;

  /// One element of the result from one element of every input, all broadcast
  /// together. Inputs of half precision arrive as float; the result is of
  /// getComputeType(type), and is rounded to `type`.
  Tensor elementwise(DataType type, llvm::ArrayRef<Tensor> inputs,
                     ElementFn element);
  /// Each element of the result from its indices. The result of `element` is
  /// of the storage of `type`.
  Tensor generate(DataType type, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                  ElementFn element);
  /// A linalg.generic of these operands and maps, those of `inits` last. Its
  /// loops reduce dimensions that the last map lacks. `body` gives the elements
  /// of the results from those of the operands.
  using BodyFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      Scalars &, mlir::ValueRange)>;
  mlir::Operation *generic(mlir::ValueRange inputs, mlir::ValueRange inits,
                           llvm::ArrayRef<mlir::AffineMap> maps, BodyFn body);
  /// An element of a tensor, for use in generate() and in loops.
  mlir::Value load(Tensor tensor, mlir::ValueRange indices);
  /// A number everywhere, or a value of the storage of `type`.
  Tensor fill(DataType type, llvm::ArrayRef<mlir::OpFoldResult> sizes,
              double value) {
    return fill(type, sizes, scalars().constant(type, value));
  }
  Tensor fill(DataType type, llvm::ArrayRef<mlir::OpFoldResult> sizes,
              mlir::Value value);
  Tensor convert(Tensor tensor, DataType type);

  //===--- Ops of seq -----------------------------------------------------===//

  /// Rows of a table by their numbers, which are of 32 or 64 bits; with
  /// `fromEnd` negative ones count from the end.
  Tensor lookUp(Tensor ids, Tensor table, bool fromEnd = false);

  /// A scale and a zero point (null for none) of a tensor: one number, or one
  /// for each index of `axis`.
  struct Scale {
    Tensor scale, zero;
    std::optional<int64_t> axis;
  };
  /// Parameters that broadcast with `x` as such a scale; nothing if they change
  /// along more than one dimension.
  std::optional<Scale> findScale(Tensor x, Tensor scale, Tensor zero);
  /// Numbers rounded to integers of 8 or 16 bits.
  Tensor quantize(Tensor x, const Scale &by, DataType type);
  /// The numbers that integers of 8 to 32 bits stand for.
  Tensor dequantize(Tensor x, const Scale &by, DataType type);

  /// `cache`, whose dimension 0 are rows, with `entries` written along `axis`
  /// from `position` on, an index or a list of one integer for each row; around
  /// its end if it is `circular`. Checks of extents are the op's.
  Tensor append(Tensor cache, Tensor entries, mlir::Value position,
                int64_t axis, bool circular = false);
  /// `count` entries of a cache along `axis` from `begin` on.
  Tensor readEntries(Tensor cache, int64_t axis, mlir::OpFoldResult begin,
                     mlir::OpFoldResult count);
  /// The rows of a cache that `parents` numbers; with `axis` each entry along it
  /// is one of another row.
  Tensor reorder(Tensor cache, Tensor parents,
                 std::optional<int64_t> axis = std::nullopt);

  //===--- Reductions and products ----------------------------------------===//

  /// Combines all elements along `dims` (sorted), which leave the shape, or
  /// stay with extent 1 if `keep` is set. Computed in getComputeType and
  /// returned in it. An empty reduction gives the neutral element (for max and
  /// min the lowest and greatest number).
  Tensor reduce(Tensor tensor, llvm::ArrayRef<int64_t> dims, Combine combine,
                bool keep);
  /// linalg.generic sums over the letters that are not in `result`:
  /// einsum(a[lettersA], b[lettersB]) -> result. Types are equal and computed
  /// in getComputeType.
  Tensor contract(Tensor a, llvm::StringRef lettersA, Tensor b,
                  llvm::StringRef lettersB, llvm::StringRef result);

private:
  mlir::Value insertDim(mlir::Value tensor, int64_t dim);
  /// What quantize() and dequantize() share.
  template <typename Op>
  Tensor rescale(Tensor x, const Scale &by, DataType type, bool isUnsigned);

  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::DenseMap<mlir::Value, Extents> known;
  llvm::SmallVector<mlir::Value> noted;
  /// Factors of the products that requireCount() has seen everywhere.
  std::set<std::vector<const void *>> counted;
  std::function<void(const std::string &)> onFault;
};

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_EMITTER_H
