//===- YamlFixture.cpp - Descriptions in a folder of their own ------------===//

#include "YamlFixture.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <fstream>

using namespace llvm;

YamlTest::YamlTest() {
  SmallString<128> made;
  if (sys::fs::createUniqueDirectory("seqc-yaml", made))
    ADD_FAILURE() << "no temporary folder";
  path = made.str().str();
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
    std::string place;
    if (auto loc = dyn_cast<mlir::FileLineColLoc>(diagnostic.getLocation())) {
      StringRef file = loc.getFilename().getValue();
      file.consume_front(path + "/");
      place = (file + ":" + Twine(loc.getLine()) + ":" +
               Twine(loc.getColumn()) + ": ")
                  .str();
    }
    mlir::DiagnosticSeverity severity = diagnostic.getSeverity();
    diagnostics +=
        place +
        (severity == mlir::DiagnosticSeverity::Error  ? "error: "
         : severity == mlir::DiagnosticSeverity::Note ? "note: "
                                                      : "warning: ") +
        diagnostic.str() + "\n";
    return mlir::success();
  });
}

YamlTest::~YamlTest() { sys::fs::remove_directories(path); }

std::string YamlTest::write(const std::string &name, const std::string &text) {
  std::string file = path + "/" + name;
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

void YamlTest::writeWeights(const std::string &name, const Shapes &shapes,
                            const std::string &dtype) {
  json::Object header;
  int64_t offset = 0, width = dtype == "F32" ? 4 : 2;
  for (const auto &[tensor, shape] : shapes) {
    int64_t size = width;
    for (int64_t extent : shape)
      size *= extent;
    header[tensor] =
        json::Object{{"dtype", dtype},
                     {"shape", json::Array(shape)},
                     {"data_offsets", json::Array{offset, offset + size}}};
    offset += size;
  }
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(header));
  std::string bytes(8, '\0');
  support::endian::write64le(bytes.data(), text.size());
  write(name, bytes + text + std::string(offset, '\0'));
}

mlir::OwningOpRef<mlir::ModuleOp>
YamlTest::import(const std::string &text, const seqc::ImportOptions &options) {
  return seqc::importYAML(write("m.yaml", text), context, options);
}

std::string YamlTest::errorsOf(const std::string &text) {
  diagnostics.clear();
  if (import(text))
    return "no error";
  return diagnostics;
}

std::string print(mlir::ModuleOp module) {
  std::string text;
  raw_string_ostream stream(text);
  module.print(stream);
  return text;
}
