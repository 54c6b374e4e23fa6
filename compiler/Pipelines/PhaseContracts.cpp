//===- PhaseContracts.cpp - What may exist after each phase ---------------===//
//
// Two tables: ops and dialects, and types. A new op gets a line with the first
// and the last phase after which it may exist; what has no line may exist after
// none. An op's own line counts before that of its dialect.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines/PhaseContracts.h"

#include "dialect/DNN/IR/DNNOps.h"
#include "dialect/RT/IR/RTOps.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace seqc;

namespace {

/// An op, or with all its ops a dialect, and when it may exist.
struct OpRow {
  llvm::StringLiteral name;
  PhaseRange range;
};

/// A kind of types and when values may have it.
struct TypeRow {
  llvm::StringLiteral name;
  bool (*isKind)(Type);
  PhaseRange range;
};

/// Whether `type` is a `Kind`.
template <typename Kind> bool isKindOf(Type type) { return isa<Kind>(type); }

/// Models on tensors, from any frontend.
constexpr PhaseRange kTensors = {Phase::Import, Phase::Vectorize};
/// What is lowered last.
constexpr PhaseRange kStructured = {Phase::Import, Phase::Bufferize};
/// What decompositions take apart.
constexpr PhaseRange kWhole = {Phase::Import, Phase::Select};
/// What tiling takes apart.
constexpr PhaseRange kUntiled = {Phase::Import, Phase::Offload};
/// Searches work on memory as soon as they are loops.
constexpr PhaseRange kMemory = {Phase::Decompose, Phase::Bufferize};

constexpr OpRow kOps[] = {
    {"affine", kStructured},
    {"arith", kStructured},
    {"bufferization", {Phase::Decompose, Phase::Vectorize}},
    {"builtin.module", {Phase::Import, Phase::LLVM}},
    {"dnn", {Phase::Offload, Phase::Bufferize}},
    {"func", kStructured},
    {"linalg", kStructured},
    {"llvm", {Phase::LLVM, Phase::LLVM}},
    // Instructions that kernels are made of.
    {"llvm.call_intrinsic", {Phase::Tile, Phase::LLVM}},
    {"math", kStructured},
    {"memref", kMemory},
    {"rt", {Phase::Bufferize, Phase::Bufferize}},
    {"scf", kStructured},
    {"tensor", kTensors},
    {"ub", kStructured},
    // Kernels of bytes are written in vectors.
    {"vector", {Phase::Tile, Phase::Bufferize}},

    {"seq.attention", kUntiled},
    {"seq.blockwise_matmul", kUntiled},
    {"seq.cache.append", kWhole},
    {"seq.cache.read", kWhole},
    {"seq.cache.reorder", kWhole},
    {"seq.column_sums", kTensors},
    {"seq.dequantize", kWhole},
    {"seq.embedding", kWhole},
    {"seq.generate", kWhole},
    {"seq.gru", kWhole},
    {"seq.linear_recurrence", kUntiled},
    {"seq.lstm", kWhole},
    {"seq.matmul", kUntiled},
    {"seq.norm", kWhole},
    {"seq.opaque_index", {Phase::Import, Phase::Bufferize}},
    {"seq.option", kTensors},
    {"seq.pack", kTensors},
    {"seq.packed_matmul", kUntiled},
    {"seq.quantize", kWhole},
    {"seq.quantized_matmul", kWhole},
    {"seq.recurrence", kUntiled},
    {"seq.require", kTensors},
    {"seq.rnn", kWhole},
    {"seq.rotary", kWhole},
    {"seq.softmax", kWhole},
    {"seq.weight", kTensors},
    {"seq.yield", kUntiled},
};

const TypeRow kTypes[] = {
    {"float", isKindOf<FloatType>, {Phase::Import, Phase::LLVM}},
    {"index", isKindOf<IndexType>, kStructured},
    {"integer", isKindOf<IntegerType>, {Phase::Import, Phase::LLVM}},
    {"memref", isKindOf<BaseMemRefType>, kMemory},
    {"tensor", isKindOf<TensorType>, kTensors},
    // Those of the LLVM dialect among them.
    {"vector", isKindOf<VectorType>, {Phase::Import, Phase::LLVM}},
    {"!dnn",
     [](Type type) { return isa<dnn::DNNDialect>(type.getDialect()); },
     {Phase::Offload, Phase::Bufferize}},
    {"!llvm",
     [](Type type) { return isa<LLVM::LLVMDialect>(type.getDialect()); },
     {Phase::LLVM, Phase::LLVM}},
    {"!rt",
     [](Type type) { return isa<rt::RTDialect>(type.getDialect()); },
     {Phase::Bufferize, Phase::Bufferize}},
};

/// The names of the rows of `table` that allow something after `phase`.
template <typename Table> std::string list(const Table &table, Phase phase) {
  SmallVector<StringRef> names;
  for (const auto &row : table)
    if (row.range.contains(phase))
      names.push_back(row.name);
  return llvm::join(names, ", ");
}

} // namespace

std::optional<PhaseRange> seqc::findOpRange(llvm::StringRef name) {
  llvm::StringRef dialect = name.split('.').first;
  std::optional<PhaseRange> range;
  for (const OpRow &row : kOps) {
    if (row.name == name)
      return row.range;
    if (row.name == dialect)
      range = row.range;
  }
  return range;
}

std::optional<std::pair<PhaseRange, llvm::StringRef>>
seqc::findTypeRange(Type type) {
  for (const TypeRow &row : kTypes)
    if (row.isKind(type))
      return std::make_pair(row.range, llvm::StringRef(row.name));
  return std::nullopt;
}

std::string seqc::listAllowedOps(Phase phase) { return list(kOps, phase); }

std::string seqc::listAllowedTypes(Phase phase) { return list(kTypes, phase); }
