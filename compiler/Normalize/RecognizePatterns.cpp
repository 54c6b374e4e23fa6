//===- RecognizePatterns.cpp - Chains of plain ops that are one op --------===//

#include "compiler/Normalize/Passes.h"
#include "compiler/Normalize/Recognition.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace seqc {
#define GEN_PASS_DEF_RECOGNIZEPATTERNSPASS
#include "compiler/Normalize/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

llvm::ArrayRef<llvm::StringRef> seqc::getRecognizedNames() {
  static constexpr llvm::StringRef names[] = {
      "attention", "gelu",       "gelu_tanh", "layer_norm",
      "qkv",       "recurrence", "rms_norm",  "rotary"};
  return names;
}

void Recognition::record(func::FuncOp function) const {
  auto module = function->getParentOfType<ModuleOp>();
  Builder b(function.getContext());
  NamedAttrList functions(seq::getMark<seq::RecognizedMark>(module)), known;
  if (Attribute before = functions.get(function.getName()))
    known.append(cast<DictionaryAttr>(before).getValue());
  for (const auto &entry : counts) {
    int64_t count = entry.second;
    if (Attribute before = known.get(entry.first()))
      count += cast<IntegerAttr>(before).getInt();
    known.set(entry.first(), b.getI64IntegerAttr(count));
  }
  if (known.empty())
    return;
  functions.set(function.getName(), known.getDictionary(b.getContext()));
  seq::mark<seq::RecognizedMark>(module,
                                 functions.getDictionary(b.getContext()));
}

namespace {

struct RecognizePatterns
    : seqc::impl::RecognizePatternsPassBase<RecognizePatterns> {
  using Base::Base;

  void runOnOperation() override {
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
      for (const auto &entry : recognition.counts)
        numRecognized += entry.second;
      recognition.record(function);
    }
  }
};

} // namespace
