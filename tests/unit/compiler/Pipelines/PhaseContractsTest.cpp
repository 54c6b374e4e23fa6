//===- PhaseContractsTest.cpp - Contracts and options of phases -----------===//

#include "compiler/Pipelines/PhaseContracts.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace seqc;

namespace {

TEST(PhaseContracts, EveryOpOfTheDialectHasALine) {
  mlir::MLIRContext context;
  context.loadDialect<seq::SeqDialect>();
  unsigned found = 0;
  for (mlir::RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != "seq")
      continue;
    ++found;
    EXPECT_TRUE(findOpRange(op.getStringRef()))
        << op.getStringRef().str()
        << " has no line in compiler/Pipelines/PhaseContracts.cpp";
  }
  EXPECT_GT(found, 0u);
}

TEST(PhaseContracts, NothingOfTheDialectIsLeftAtTheEnd) {
  EXPECT_EQ(listAllowedOps(Phase::LLVM),
            "builtin.module, llvm, llvm.call_intrinsic");
  EXPECT_EQ(listAllowedTypes(Phase::LLVM), "float, integer, vector, !llvm");
}

TEST(PhaseContracts, KnowsOpsByTheirOwnLineOrTheirDialects) {
  EXPECT_FALSE(findOpRange("builtin.something"));
  EXPECT_FALSE(findOpRange("seq.something"));
  EXPECT_EQ(findOpRange("arith.addf")->last, Phase::Bufferize);
  EXPECT_EQ(findOpRange("seq.rnn")->last, Phase::Select);
  EXPECT_EQ(findOpRange("rt.input")->first, Phase::Bufferize);
  EXPECT_EQ(findOpRange("rt.input")->last, Phase::Bufferize);
  EXPECT_EQ(findOpRange("llvm.load")->first, Phase::LLVM);
  EXPECT_EQ(findOpRange("llvm.call_intrinsic")->first, Phase::Tile);
}

TEST(PhaseContracts, KnowsKindsOfTypes) {
  mlir::MLIRContext context;
  mlir::Type number = mlir::Float32Type::get(&context);
  EXPECT_EQ(findTypeRange(number)->second, "float");
  EXPECT_EQ(findTypeRange(mlir::RankedTensorType::get({4}, number))->second,
            "tensor");
  EXPECT_FALSE(findTypeRange(mlir::NoneType::get(&context)));
}

TEST(PhaseOptions, ReplayNamesWhatIsUnusual) {
  PhaseOptions options;
  EXPECT_EQ(phaseOption(Phase::Bufferize, options),
            "--seqc-bufferize=opt-level=2 backend=llvm vector-bits=512 "
            "features=avx2|avx512");
  options.planMemory = false;
  options.leastParallelInLoop = 7;
  EXPECT_EQ(phaseOption(Phase::Bufferize, options),
            "--seqc-bufferize=opt-level=2 backend=llvm vector-bits=512 "
            "features=avx2|avx512 plan-memory=false least-parallel-in-loop=7");
}

} // namespace
