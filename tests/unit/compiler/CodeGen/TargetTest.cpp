//===- TargetTest.cpp - The CPU that code is made for ---------------------===//

#include "compiler/CodeGen/Target.h"
#include "compiler/CodeGen/CompileError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace llvm;
using namespace seqc;
using testing::HasSubstr;
using testing::Not;

/// The features the loader checks for `target`.
static SmallVector<StringRef> getFeatures(const seqc::Target &target) {
  SmallVector<StringRef> features;
  StringRef(target.requiredFeatures).split(features, ',', -1, false);
  return features;
}

TEST(Target, LevelsWiden) {
  for (auto [name, bits, feature] :
       {std::make_tuple("x86-64-v2", 128u, "sse4.2"),
        {"x86-64-v3", 256u, "avx2"},
        {"x86-64-v4", 512u, "avx512f"}}) {
    Expected<seqc::Target> target = resolveTarget(name);
    ASSERT_TRUE(bool(target)) << toString(target.takeError());
    EXPECT_EQ(target->vectorBits, bits);
    EXPECT_TRUE(is_contained(getFeatures(*target), feature));
    EXPECT_TRUE(target->features.empty());
  }
  EXPECT_FALSE(
      is_contained(getFeatures(*resolveTarget("x86-64-v3")), "avx512f"));
}

// What LLVM lists for a CPU comes from LLVM, not from the code under test.
TEST(Target, CodeUsesNothingThatIsNotChecked) {
  initializeTargets();
  std::string message;
  Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *x86 = TargetRegistry::lookupTarget(triple, message);
  ASSERT_NE(x86, nullptr) << message;
  std::unique_ptr<MCSubtargetInfo> baseline(
      x86->createMCSubtargetInfo(triple, "x86-64", ""));
  StringSet<> sets;
#define X86_FEATURE(symbol, name) sets.insert(name);
#include "llvm/TargetParser/X86TargetParser.def"
  // Neither is an instruction set of its own.
  for (StringRef name : {"vzeroupper", "evex512"})
    sets.erase(name);
  unsigned count = 0;
  for (const SubtargetSubTypeKV &cpu :
       baseline->getAllProcessorDescriptions()) {
    std::unique_ptr<MCSubtargetInfo> plain(
        x86->createMCSubtargetInfo(triple, cpu.Key, ""));
    if (!plain->checkFeatures("+64bit"))
      continue;
    ++count;
    Expected<seqc::Target> target = resolveTarget(cpu.Key);
    ASSERT_TRUE(bool(target)) << toString(target.takeError());
    std::unique_ptr<MCSubtargetInfo> info(
        x86->createMCSubtargetInfo(triple, target->cpu, target->features));
    SmallVector<StringRef> checked = getFeatures(*target);
    for (const SubtargetFeatureKV &feature : info->getAllProcessorFeatures())
      if (info->hasFeature(feature.Value) &&
          !baseline->hasFeature(feature.Value) && sets.contains(feature.Key))
        EXPECT_TRUE(is_contained(checked, feature.Key))
            << cpu.Key << " " << feature.Key;
    // What the CPU has and models gain by stays.
    for (StringRef feature : {"fma4", "xop", "avx512f", "avx2", "fma", "f16c",
                              "gfni", "vaes", "avx512bf16", "amx-int8"})
      EXPECT_EQ(plain->checkFeatures(("+" + feature).str()),
                is_contained(checked, feature))
          << cpu.Key << " " << feature.str();
  }
  EXPECT_GT(count, 80u);
}

TEST(Target, PortableHoldsTheLevelsBestFirst) {
  Expected<std::vector<seqc::Target>> targets = resolveTargets("portable");
  ASSERT_TRUE(bool(targets));
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ((*targets)[0].name, "x86-64-v4");
  EXPECT_EQ((*targets)[2].name, "x86-64-v2");
}

TEST(Target, NativeIsTheSameEachTime) {
  Expected<seqc::Target> one = resolveTarget("native"),
                         two = resolveTarget("native");
  ASSERT_TRUE(bool(one) && bool(two));
  EXPECT_EQ(one->features, two->features);
  for (unsigned level = 0; level <= 3; ++level)
    EXPECT_TRUE(bool(createTargetMachine(*one, level)));
}

// Loop strength reduction is left out of the compiler's own pipelines.
TEST(Target, LeavesSwitchesOfTheProcessAlone) {
  initializeTargets();
  cl::Option *option = cl::getRegisteredOptions().lookup("disable-lsr");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(option->getNumOccurrences(), 0);
}

TEST(Target, UnknownNamesGetASuggestion) {
  std::string message;
  EXPECT_EQ(takeFailure(resolveTarget("znver55").takeError(), message),
            FailureKind::BadInput);
  EXPECT_THAT(message, HasSubstr("did you mean 'znver5'?"));
  message.clear();
  EXPECT_EQ(takeFailure(resolveTarget("foo").takeError(), message),
            FailureKind::BadInput);
  EXPECT_THAT(message, Not(HasSubstr("did you mean")));
  EXPECT_EQ(takeFailure(resolveTarget("i486").takeError(), message),
            FailureKind::BadInput);
  EXPECT_THAT(message, HasSubstr("no 64-bit mode"));
}
