//===- DataType.cpp - Element types of models -----------------------------===//

#include "frontends/Common/DataType.h"

#include "mlir/IR/Builders.h"

namespace seqc::frontend {

namespace {
/// What is known of a type. Rows stand in the order of their numbers.
struct Row {
  const char *name;
  /// Name in a model's metadata, or "".
  const char *metadata;
  unsigned bits;
  /// 'f' float, 'n' narrow float, 's' signed, 'u' unsigned, 'b' bool, '-' not
  /// computed with.
  char kind;
};
} // namespace

static constexpr Row kRows[] = {
    {"undefined", "", 0, '-'},      {"float", "f32", 32, 'f'},
    {"uint8", "u8", 8, 'u'},        {"int8", "i8", 8, 's'},
    {"uint16", "u16", 16, 'u'},     {"int16", "i16", 16, 's'},
    {"int32", "i32", 32, 's'},      {"int64", "i64", 64, 's'},
    {"string", "", 0, '-'},         {"bool", "i1", 8, 'b'},
    {"float16", "f16", 16, 'f'},    {"double", "f64", 64, 'f'},
    {"uint32", "u32", 32, 'u'},     {"uint64", "u64", 64, 'u'},
    {"complex64", "", 64, '-'},     {"complex128", "", 128, '-'},
    {"bfloat16", "bf16", 16, 'f'},  {"float8e4m3fn", "", 8, 'n'},
    {"float8e4m3fnuz", "", 8, 'n'}, {"float8e5m2", "", 8, 'n'},
    {"float8e5m2fnuz", "", 8, 'n'}, {"uint4", "u8", 4, 'u'},
    {"int4", "i8", 4, 's'},         {"float4e2m1", "", 4, 'n'},
    {"float8e8m0", "", 8, '-'},     {"uint2", "u8", 2, 'u'},
    {"int2", "i8", 2, 's'},
};

static const Row *find(DataType type) {
  auto number = static_cast<int32_t>(type);
  if (number < 0 || number >= static_cast<int32_t>(std::size(kRows)))
    return nullptr;
  return &kRows[number];
}

static char kindOf(DataType type) {
  const Row *row = find(type);
  return row ? row->kind : '-';
}

std::string getName(DataType type) {
  if (const Row *row = find(type))
    return row->name;
  return "data type " + std::to_string(static_cast<int32_t>(type));
}

bool isFloat(DataType type) { return kindOf(type) == 'f'; }

bool isInteger(DataType type) {
  return kindOf(type) == 's' || kindOf(type) == 'u';
}

bool isUnsigned(DataType type) { return kindOf(type) == 'u'; }

bool isNarrowFloat(DataType type) { return kindOf(type) == 'n'; }

unsigned getBitWidth(DataType type) {
  const Row *row = find(type);
  return row ? row->bits : 0;
}

mlir::Type getStorage(mlir::MLIRContext *context, DataType type) {
  mlir::Builder builder(context);
  switch (type) {
  case DataType::Bool:
    return builder.getI1Type();
  case DataType::Float:
    return builder.getF32Type();
  case DataType::Double:
    return builder.getF64Type();
  case DataType::Float16:
    return builder.getF16Type();
  case DataType::BFloat16:
    return builder.getBF16Type();
  default:
    if (isNarrowFloat(type))
      return builder.getI8Type();
    if (!isInteger(type))
      return {};
    return builder.getIntegerType(std::max(8u, getBitWidth(type)));
  }
}

DataType getComputeType(DataType type) {
  return type == DataType::Float16 || type == DataType::BFloat16 ||
                 isNarrowFloat(type)
             ? DataType::Float
             : type;
}

llvm::StringRef getMetadataName(DataType type) {
  const Row *row = find(type);
  return row ? row->metadata : "";
}

} // namespace seqc::frontend
