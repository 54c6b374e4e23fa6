//===- RecognizePatterns.cpp - Chains of plain ops that are one op --------===//

#include "compiler/Normalize/Passes.h"
#include "compiler/Normalize/Recognition.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace seqc {
#define GEN_PASS_DEF_RECOGNIZEPATTERNSPASS
#include "compiler/Normalize/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

llvm::ArrayRef<llvm::StringRef> seqc::getRecognizedNames() {
  static constexpr llvm::StringRef names[] = {"attention",  "gelu", "gelu_tanh",
                                              "layer_norm", "qkv",  "rms_norm",
                                              "rotary"};
  return names;
}

namespace {

struct RecognizePatterns
    : seqc::impl::RecognizePatternsPassBase<RecognizePatterns> {
  using Base::Base;

  void runOnOperation() override {
    Builder b(&getContext());
    SmallVector<NamedAttribute> found;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Recognition recognition;
      StringRef(disabled).split(recognition.disabled, '|');
      RewritePatternSet patterns(&getContext());
      addNormPatterns(patterns, recognition);
      addGeluPatterns(patterns, recognition);
      addRotaryPatterns(patterns, recognition);
      addAttentionPatterns(patterns, recognition);
      walkAndApplyPatterns(function, std::move(patterns));
      countProjections(function, recognition);
      SmallVector<NamedAttribute> counts;
      for (const auto &entry : recognition.counts) {
        counts.push_back(
            b.getNamedAttr(entry.first(), b.getI64IntegerAttr(entry.second)));
        numRecognized += entry.second;
      }
      if (!counts.empty())
        found.push_back(
            b.getNamedAttr(function.getName(), b.getDictionaryAttr(counts)));
    }
    if (!found.empty())
      seq::mark<seq::RecognizedMark>(getOperation(),
                                     b.getDictionaryAttr(found));
  }
};

} // namespace
