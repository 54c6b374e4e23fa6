//===- YamlFixture.h - Descriptions in a folder of their own ----*- C++ -*-===//

#ifndef TESTS_UNIT_FRONTENDS_YAMLFIXTURE_H
#define TESTS_UNIT_FRONTENDS_YAMLFIXTURE_H

#include "frontends/YAML/ImportYAML.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

/// A folder for files, a context, and the diagnostics it gave.
class YamlTest : public testing::Test {
protected:
  using Shapes = std::map<std::string, std::vector<int64_t>>;

  YamlTest();
  ~YamlTest() override;

  std::string folder() const { return path; }

  /// Writes a file into the folder; its path.
  std::string write(const std::string &name, const std::string &text);

  /// Writes a safetensors file of zeros with these tensors.
  void writeWeights(const std::string &name, const Shapes &shapes,
                    const std::string &dtype = "F32");

  /// Imports `text` as m.yaml.
  mlir::OwningOpRef<mlir::ModuleOp>
  import(const std::string &text, const seqc::ImportOptions &options = {});

  /// Imports `text`, which must fail, and gives its errors.
  std::string errorsOf(const std::string &text);

  /// The diagnostics so far, one per line as "FILE:LINE:COLUMN: KIND: MESSAGE",
  /// without folder.
  std::string errors() const { return diagnostics; }

  mlir::MLIRContext context;

private:
  std::string path;
  std::string diagnostics;
};

/// The module as text.
std::string print(mlir::ModuleOp module);

#endif // TESTS_UNIT_FRONTENDS_YAMLFIXTURE_H
