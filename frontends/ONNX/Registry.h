//===- Registry.h - The table of operators -----------------------*- C++-*-===//
//
// One row per operator: who it is, since which opset, how many inputs it takes
// and which function converts it. The table of supported operators in the
// documentation is printed from it.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_REGISTRY_H
#define FRONTENDS_ONNX_REGISTRY_H

#include "frontends/ONNX/Node.h"

#include "llvm/Support/raw_ostream.h"

namespace seqc::onnx {

using Converter = llvm::LogicalResult (*)(Node &node);

/// Any number of inputs.
inline constexpr int kVariadic = -1;

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
  /// What is not supported, for the documentation.
  llvm::StringRef note = "";
  /// "" for the default domain.
  llvm::StringRef domain = "";
  /// Whether inputs may be sequences or absent optionals.
  bool takesSequences = false;
};

/// Every operator, by domain and name.
class Registry {
public:
  /// The one table.
  static const Registry &get();

  const OperatorInfo *find(llvm::StringRef domain, llvm::StringRef name) const;
  /// Used by the families.
  void add(llvm::ArrayRef<OperatorInfo> rows);
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
