//===- Bytes.cpp - Tensors to and from their stored form ------------------===//

#include "dialect/Seq/Reference/Tensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "llvm/Support/Endian.h"

#include <cstring>

namespace seqc::reference {

/// The format of the 16-bit kinds.
static const llvm::fltSemantics &getHalfSemantics(ElementKind kind) {
  return kind == ElementKind::BF16 ? llvm::APFloat::BFloat()
                                   : llvm::APFloat::IEEEhalf();
}

/// Reads one element.
static Scalar readElement(ElementKind kind, const uint8_t *bytes) {
  namespace endian = llvm::support::endian;
  Scalar cell{};
  switch (kind) {
  case ElementKind::F16:
  case ElementKind::BF16: {
    llvm::APFloat value(getHalfSemantics(kind),
                        llvm::APInt(16, endian::read16le(bytes)));
    cell.f = value.convertToDouble();
    break;
  }
  case ElementKind::F32:
    cell.f = llvm::bit_cast<float>(endian::read32le(bytes));
    break;
  case ElementKind::F64:
    cell.f = llvm::bit_cast<double>(endian::read64le(bytes));
    break;
  case ElementKind::I1:
    cell.i = *bytes != 0;
    break;
  case ElementKind::I8:
    cell.i = static_cast<int8_t>(*bytes);
    break;
  case ElementKind::I16:
    cell.i = static_cast<int16_t>(endian::read16le(bytes));
    break;
  case ElementKind::I32:
    cell.i = static_cast<int32_t>(endian::read32le(bytes));
    break;
  case ElementKind::I64:
  case ElementKind::Index:
    cell.i = static_cast<int64_t>(endian::read64le(bytes));
    break;
  }
  return cell;
}

/// Writes one element.
static void writeElement(ElementKind kind, Scalar cell, uint8_t *bytes) {
  namespace endian = llvm::support::endian;
  switch (kind) {
  case ElementKind::F16:
  case ElementKind::BF16: {
    llvm::APFloat value(cell.f);
    bool inexact;
    value.convert(getHalfSemantics(kind), llvm::APFloat::rmNearestTiesToEven,
                  &inexact);
    endian::write16le(
        bytes, static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue()));
    break;
  }
  case ElementKind::F32:
    endian::write32le(bytes,
                      llvm::bit_cast<uint32_t>(static_cast<float>(cell.f)));
    break;
  case ElementKind::F64:
    endian::write64le(bytes, llvm::bit_cast<uint64_t>(cell.f));
    break;
  case ElementKind::I1:
  case ElementKind::I8:
    *bytes = static_cast<uint8_t>(cell.i);
    break;
  case ElementKind::I16:
    endian::write16le(bytes, static_cast<uint16_t>(cell.i));
    break;
  case ElementKind::I32:
    endian::write32le(bytes, static_cast<uint32_t>(cell.i));
    break;
  case ElementKind::I64:
  case ElementKind::Index:
    endian::write64le(bytes, static_cast<uint64_t>(cell.i));
    break;
  }
}

llvm::Expected<Tensor> Tensor::ofBytes(ElementKind kind,
                                       llvm::ArrayRef<int64_t> shape,
                                       llvm::ArrayRef<uint8_t> bytes) {
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return llvm::createStringError("shape " + toString(shape) +
                                   " is not countable");
  unsigned width = getByteWidth(kind);
  if (bytes.size() / width != static_cast<uint64_t>(*count) ||
      bytes.size() % width != 0)
    return llvm::createStringError("found " + std::to_string(bytes.size()) +
                                   " bytes for " + toString(shape) +
                                   " elements of type " + getName(kind).str());
  Tensor result(kind, shape);
  Scalar *cells = result.mutableData();
  for (int64_t i = 0; i < *count; ++i)
    cells[i] = readElement(kind, bytes.data() + i * width);
  return result;
}

std::vector<uint8_t> Tensor::toBytes() const {
  unsigned width = getByteWidth(kind);
  std::vector<uint8_t> bytes(static_cast<size_t>(getNumElements()) * width);
  for (int64_t i = 0, end = getNumElements(); i < end; ++i)
    writeElement(kind, data()[i], bytes.data() + i * width);
  return bytes;
}

} // namespace seqc::reference
