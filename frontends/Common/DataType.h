//===- DataType.h - Element types of models ----------------------*- C++-*-===//
//
// Models tell signed from unsigned integers and know types narrower than a
// byte; MLIR's arithmetic is signless. So a tensor of a frontend carries its
// type beside its value, and the value is of the type's storage. The types and
// their numbers are ONNX's, whose list is the longest.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_DATATYPE_H
#define FRONTENDS_COMMON_DATATYPE_H

#include "mlir/IR/BuiltinTypes.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace seqc::frontend {

/// TensorProto.DataType.
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
};

/// The specification's name, such as "float16"; "data type 77" if there is
/// none.
std::string getName(DataType type);

/// Float, Float16, BFloat16 or Double.
bool isFloat(DataType type);
/// An integer of two bits to 64, not Bool.
bool isInteger(DataType type);
bool isUnsigned(DataType type);
/// A float of eight bits or four with a mantissa.
bool isNarrowFloat(DataType type);

/// Bits of an element where it lies packed in a file.
unsigned getBitWidth(DataType type);

/// The type that holds an element in the IR: iN for integers of N >= 8 bits,
/// i1 for Bool, i8 for 2- and 4-bit integers, which hold their value, and for
/// narrow floats, which hold their bits. Null for types that the importer does
/// not compute with (strings, complex numbers, floats without mantissa).
mlir::Type getStorage(mlir::MLIRContext *context, DataType type);

/// The type in which arithmetic on an element is done: Float for Float16,
/// BFloat16 and narrow floats, the type itself otherwise.
DataType getComputeType(DataType type);

/// The name of the type in a model's metadata, empty if there is none.
llvm::StringRef getMetadataName(DataType type);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_DATATYPE_H
