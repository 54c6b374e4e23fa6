//===- Tensor.h - Values of the reference interpreter -----------*- C++ -*-===//
//
// One class for every value: a tensor, or a scalar as a tensor of rank 0.
// Floats are held as double and integers as int64_t whatever the element kind
// says; every element takes one cell of eight bytes, so what only moves
// elements need not know what they are.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_REFERENCE_TENSOR_H
#define DIALECT_SEQ_REFERENCE_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class Type;
}

namespace seqc::reference {

/// What an element is by its type. It decides storage outside the interpreter
/// and the width at which integers wrap; it does not round floats.
enum class ElementKind : uint8_t {
  F16,
  BF16,
  F32,
  F64,
  I1,
  I8,
  I16,
  I32,
  I64,
  Index
};

/// Whether elements of `kind` live in Scalar::f.
bool isFloat(ElementKind kind);
/// Bits of an element outside the interpreter; 64 for index.
unsigned getBitWidth(ElementKind kind);
/// Bytes of an element outside the interpreter; 1 for i1.
unsigned getByteWidth(ElementKind kind);
/// The name of the kind's type.
llvm::StringRef getName(ElementKind kind);
/// The kind of a scalar type or of a tensor's elements, if the interpreter
/// knows it.
std::optional<ElementKind> getElementKind(mlir::Type type);

/// One element. i1 is 0 or 1, wider integers are sign-extended.
union Scalar {
  double f;
  int64_t i;
};

/// Extents of a tensor, outermost first.
using Shape = llvm::SmallVector<int64_t, 4>;

/// Number of elements of a shape; none if an extent is negative or the product
/// overflows.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);
/// Distance in elements between neighbours along each dimension, row-major.
Shape getStrides(llvm::ArrayRef<int64_t> shape);
/// "2x3", or "scalar" for rank 0.
std::string toString(llvm::ArrayRef<int64_t> shape);

/// A value with copy-on-write storage: copies are cheap and never share
/// changes.
///
/// A *buffer*, the value of a memref, is the exception: its copies and views
/// are names of one storage, and its elements lie at an offset and strides of
/// their own.
class Tensor {
public:
  Tensor() = default;
  /// All elements 0. The shape must be countable.
  Tensor(ElementKind kind, llvm::ArrayRef<int64_t> shape);

  /// A tensor of floats; `values` must have as many elements as the shape.
  static Tensor ofFloats(ElementKind kind, llvm::ArrayRef<int64_t> shape,
                         llvm::ArrayRef<double> values);
  /// A tensor of integers; `values` must have as many elements as the shape.
  static Tensor ofInts(ElementKind kind, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> values);
  /// A scalar float.
  static Tensor ofFloat(ElementKind kind, double value);
  /// A scalar integer.
  static Tensor ofInt(ElementKind kind, int64_t value);
  /// A scalar of type index.
  static Tensor ofIndex(int64_t value) {
    return ofInt(ElementKind::Index, value);
  }
  /// Reads elements stored row-major and little-endian. The error names the
  /// sizes.
  static llvm::Expected<Tensor> ofBytes(ElementKind kind,
                                        llvm::ArrayRef<int64_t> shape,
                                        llvm::ArrayRef<uint8_t> bytes);

  /// A buffer of its own, all elements 0. The shape must be countable.
  static Tensor ofBuffer(ElementKind kind, llvm::ArrayRef<int64_t> shape);
  /// A view of this buffer; its elements must lie inside.
  Tensor getView(llvm::ArrayRef<int64_t> newShape, int64_t newOffset,
                 llvm::ArrayRef<int64_t> newStrides) const;
  bool isBuffer() const { return buffer; }
  /// Position of the first element in `data`; 0 but for views.
  int64_t getOffset() const { return offset; }
  /// Distance between neighbours in `data` along each dimension.
  Shape getElementStrides() const {
    return buffer ? strides : getStrides(shape);
  }

  /// The elements row-major and little-endian, rounded to the element kind. Not
  /// for buffers.
  std::vector<uint8_t> toBytes() const;

  ElementKind getKind() const { return kind; }
  bool isFloat() const { return reference::isFloat(kind); }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return static_cast<int64_t>(shape.size()); }
  int64_t getDim(int64_t dim) const { return shape[dim]; }
  int64_t getNumElements() const;

  /// The elements, row-major; of a buffer, the storage that it shares.
  const Scalar *data() const { return cells->data(); }
  /// The elements for writing; copies them first if another tensor shares them.
  Scalar *mutableData();
  /// The elements of a float tensor.
  llvm::ArrayRef<double> floats() const;
  /// The elements of an integer tensor.
  llvm::ArrayRef<int64_t> ints() const;
  llvm::MutableArrayRef<double> mutableFloats();
  llvm::MutableArrayRef<int64_t> mutableInts();
  /// The only element of a scalar.
  Scalar scalar() const { return cells->front(); }

  /// The same elements under another shape of equal size.
  Tensor withShape(llvm::ArrayRef<int64_t> newShape) const;
  /// Renames the kind of the elements, which stay as they are.
  void setKind(ElementKind newKind) { kind = newKind; }
  /// Whether writing needs no copy and shows nowhere else.
  bool isUnique() const { return cells && cells.use_count() == 1 && !buffer; }

private:
  ElementKind kind = ElementKind::Index;
  bool buffer = false;
  Shape shape;
  /// Of buffers only.
  Shape strides;
  int64_t offset = 0;
  std::shared_ptr<std::vector<Scalar>> cells;
};

/// Wraps an integer to a width: i1 to 0 or 1, wider ones sign-extended.
int64_t wrapInteger(int64_t value, unsigned width);

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_TENSOR_H
