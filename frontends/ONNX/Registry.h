//===- Registry.h - The table of operators -----------------------*- C++-*-===//
//
// One row per operator: who it is, since which opset, how many inputs it takes,
// what they have to be, and which function converts it. The table of supported
// operators in the documentation is printed from it.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_REGISTRY_H
#define FRONTENDS_ONNX_REGISTRY_H

#include "frontends/ONNX/Node.h"

#include "llvm/Support/raw_ostream.h"

namespace seqc::onnx {

/// Writes the ops of a node and sets its outputs.
using Converter = llvm::LogicalResult (*)(Node &node, Emitter &e);

/// Any number of inputs.
inline constexpr int kVariadic = -1;

/// What an input has to be as far as its type tells: kFloats, or kFloats(4) of
/// rank 4, or kFloats(1, 2) of rank 1 or 2.
struct InputRule {
  /// The element type as messages name it, and whether it is one of these.
  const char *required = nullptr;
  bool (*contains)(DataType type) = nullptr;
  /// The input whose element type it shares, if there is one.
  int like = -1;
  int64_t least = 0, most = kMostRank;

  constexpr InputRule operator()(int64_t low, int64_t high) const {
    return {required, contains, like, low, high};
  }
  constexpr InputRule operator()(int64_t rank) const {
    return (*this)(rank, rank);
  }
  constexpr InputRule atLeast(int64_t rank) const {
    return (*this)(rank, kMostRank);
  }
};

inline bool isNumber(DataType type) { return isFloat(type) || isInteger(type); }
template <DataType... types> constexpr bool isOneOf(DataType type) {
  return ((type == types) || ...);
}
constexpr InputRule likeInput(int i) { return {nullptr, nullptr, i}; }

inline constexpr InputRule kAny,
    kSame = likeInput(0), kFloats{"a floating-point type", isFloat},
    kIntegers{"an integer type", isInteger}, kNumbers{"a number", isNumber},
    kFloat{"float", isOneOf<DataType::Float>},
    kInt32{"int32", isOneOf<DataType::Int32>},
    kInt64{"int64", isOneOf<DataType::Int64>},
    kBool{"bool", isOneOf<DataType::Bool>},
    kBytes{"uint8 or int8", isOneOf<DataType::UInt8, DataType::Int8>},
    kIndices{"int32 or int64", isOneOf<DataType::Int32, DataType::Int64>};

using InputRules = llvm::SmallVector<InputRule, 0>;

/// The rules of the first inputs.
template <typename... Rules> InputRules takes(Rules... rules) {
  return {rules...};
}

/// A row of the table.
struct OperatorInfo {
  llvm::StringRef name;
  /// The first opset whose definition the converter follows. Converters heed
  /// the changes of later opsets themselves.
  int64_t since;
  /// The first `minInputs` inputs are required.
  int minInputs;
  int maxInputs;
  Converter convert;
  /// What the first inputs have to be, the last rule for all that follow where
  /// there may be any number.
  InputRules inputs = {};
  /// What is not supported, for the documentation.
  llvm::StringRef note = "";
  /// Whether inputs may be sequences or absent optionals.
  bool takesSequences = false;
  /// "" for the default domain.
  llvm::StringRef domain = "";
};

/// Reports inputs of `node` that are none of the operator.
llvm::LogicalResult checkInputs(Node &node, const OperatorInfo &info);

/// Every operator, by domain and name.
class Registry {
public:
  /// The one table.
  static const Registry &get();

  const OperatorInfo *find(llvm::StringRef domain, llvm::StringRef name) const;
  /// Used by the families.
  void add(llvm::ArrayRef<OperatorInfo> rows, llvm::StringRef domain = "");
  void addContrib(llvm::ArrayRef<OperatorInfo> rows) {
    add(rows, "com.microsoft");
  }
  /// The table as Markdown.
  void print(llvm::raw_ostream &os) const;

private:
  Registry();
  llvm::StringMap<OperatorInfo> rows;
};

// One function per file in Ops.
#define FAMILY(NAME) void register##NAME##Ops(Registry &registry);
#include "frontends/ONNX/Families.def"

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_REGISTRY_H
