//===- ImportMLIRTest.cpp - Models written as IR --------------------------===//

#include "YamlFixture.h"

#include "frontends/Common/ImportForm.h"
#include "frontends/MLIR/ImportMLIR.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace seqc;
using testing::HasSubstr;

TEST_F(YamlTest, ReadsAModule) {
  loadImportDialects(context);
  std::string path = write(
      "m.mlir", "func.func @forward(%x: tensor<?xf32>) -> tensor<?xf32> {\n"
                "  return %x : tensor<?xf32>\n}");
  mlir::OwningOpRef<mlir::ModuleOp> module = importMLIR({path, {}}, context);
  ASSERT_TRUE(module) << errors();
  EXPECT_TRUE(module->lookupSymbol("forward"));
}

TEST_F(YamlTest, LocatesSyntaxErrorsOfModules) {
  loadImportDialects(context);
  std::string path = write("m.mlir", "func.func @f() {\n  oops\n}");
  EXPECT_FALSE(importMLIR({path, {}}, context));
  EXPECT_THAT(errors(), HasSubstr("m.mlir:2:3"));
}

TEST_F(YamlTest, NamesAModuleThatCannotBeRead) {
  EXPECT_FALSE(importMLIR({folder() + "/none.mlir", {}}, context));
  EXPECT_THAT(errors(), HasSubstr("none.mlir' cannot be read"));
}
