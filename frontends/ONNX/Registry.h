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
void registerActivationsOps(Registry &registry);
void registerAttentionOps(Registry &registry);
void registerBoxesOps(Registry &registry);
void registerColumnsOps(Registry &registry);
void registerConstantOps(Registry &registry);
void registerContribAttentionOps(Registry &registry);
void registerContribOps(Registry &registry);
void registerContribQLinearOps(Registry &registry);
void registerContribQuantizedOps(Registry &registry);
void registerControlFlowOps(Registry &registry);
void registerConvolutionOps(Registry &registry);
void registerDeterminantOps(Registry &registry);
void registerElementwiseOps(Registry &registry);
void registerFlexAttentionOps(Registry &registry);
void registerGramsOps(Registry &registry);
void registerIndexingOps(Registry &registry);
void registerLinearAttentionOps(Registry &registry);
void registerLogicOps(Registry &registry);
void registerLossesOps(Registry &registry);
void registerNormalizationOps(Registry &registry);
void registerPatternsOps(Registry &registry);
void registerPoolingOps(Registry &registry);
void registerProductsOps(Registry &registry);
void registerQuantizationOps(Registry &registry);
void registerRecurrentOps(Registry &registry);
void registerReductionsOps(Registry &registry);
void registerRepetitionOps(Registry &registry);
void registerResamplingOps(Registry &registry);
void registerRunTimeSizesOps(Registry &registry);
void registerSelectionOps(Registry &registry);
void registerSequencesOps(Registry &registry);
void registerShapeOps(Registry &registry);
void registerSignalOps(Registry &registry);
void registerSlicingOps(Registry &registry);
void registerTransposedConvolutionOps(Registry &registry);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_REGISTRY_H
