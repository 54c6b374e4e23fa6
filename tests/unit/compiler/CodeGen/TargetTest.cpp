//===- TargetTest.cpp - The CPU that code is made for ---------------------===//

#include "compiler/CodeGen/Target.h"
#include "compiler/CodeGen/CompileError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Target/TargetMachine.h"

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

// The name of LLVM's switch may change.
TEST(Target, LoopStrengthReductionIsOff) {
  initializeTargets();
  cl::Option *option = cl::getRegisteredOptions().lookup("disable-lsr");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(option->getNumOccurrences(), 1);
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
