//===- WeightsSectionTest.cpp - Weights of an artefact --------------------===//

#include "compiler/CodeGen/WeightsSection.h"
#include "compiler/CodeGen/CompileError.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace llvm;
using namespace seqc;
using testing::HasSubstr;

namespace {
/// A folder with one file of 64 floats 0, 1, 2, …
class WeightsSectionTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("seqc-weights", folder));
    std::error_code code;
    raw_fd_ostream os((folder + "/w.bin").str(), code);
    for (int i = 0; i < 64; ++i) {
      float value = i;
      os.write(reinterpret_cast<const char *>(&value), 4);
    }
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  /// The message of `error`.
  static std::string message(Error error) {
    std::string text;
    takeFailure(std::move(error), text);
    return text;
  }

  /// The layout of a module with `items` as its attribute.
  Expected<std::vector<WeightItem>> read(StringRef items) {
    std::string text =
        formatv("module attributes {{seq.weight_layout = [{0}]} {{ }", items);
    context.loadDialect<seq::SeqDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    return readWeightLayout(*module);
  }

  /// The floats that the section of `items` holds.
  std::vector<float> write(ArrayRef<WeightItem> items) {
    std::string bytes;
    raw_string_ostream os(bytes);
    Expected<WeightsBlob> blob = writeWeights(items, folder, os);
    EXPECT_TRUE(bool(blob)) << toString(blob.takeError());
    EXPECT_EQ(blob->size, bytes.size());
    std::vector<float> values(bytes.size() / 4);
    if (!bytes.empty())
      std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  SmallString<128> folder;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// A run of `w.bin` in floats.
std::string run(int begin, int count) {
  return formatv("<file = \"w.bin\", offset = {0}, size = {1}>", 4 * begin,
                 4 * count);
}

/// A source of `shape` made of `runs`.
std::string source(const std::string &shape, const std::string &runs) {
  return "<shape = [" + shape + "], runs = [" + runs + "]>";
}

/// An item: its form and sources, and its other fields.
std::string item(const std::string &form, const std::string &sources,
                 const std::string &fields) {
  return "#seq.weight_item<" + form + " of [" + sources + "], shape = [], " +
         fields + ">";
}
} // namespace

TEST_F(WeightsSectionTest, NoAttributeIsNoWeights) {
  module = mlir::parseSourceString<mlir::ModuleOp>("module {}", &context);
  Expected<std::vector<WeightItem>> items = readWeightLayout(*module);
  ASSERT_TRUE(bool(items));
  EXPECT_TRUE(items->empty());
  EXPECT_TRUE(write(*items).empty());
}

TEST_F(WeightsSectionTest, RawItemsAreGatheredAndAligned) {
  Expected<std::vector<WeightItem>> items =
      read(item("raw", source("3", run(5, 1) + ", " + run(9, 2)),
                "element = f32, size = 12, offset = 0") +
           ", " +
           item("raw", source("2, 1", run(62, 2)),
                "element = f32, size = 8, offset = 64"));
  ASSERT_TRUE(bool(items)) << toString(items.takeError());
  std::vector<float> values = write(*items);
  ASSERT_EQ(values.size(), 32u);
  EXPECT_EQ(values[0], 5);
  EXPECT_EQ(values[1], 9);
  EXPECT_EQ(values[2], 10);
  EXPECT_EQ(values[3], 0);
  EXPECT_EQ(values[16], 62);
  EXPECT_EQ(values[17], 63);
  EXPECT_EQ(values[31], 0);
}

// result[n, k, g, j] = source[g][n*W + j, k], 0 beyond N; as seq.pack says.
TEST_F(WeightsSectionTest, PanelsFollowTheDefinitionOfPack) {
  constexpr int N = 5, K = 3, G = 2, W = 2, panels = 3;
  for (bool transposed : {false, true}) {
    std::string shape = transposed ? "3, 5" : "5, 3";
    Expected<std::vector<WeightItem>> items =
        read(item("pack",
                  source(shape, run(0, 15)) + ", " +
                      source(shape, run(20, 10) + ", " + run(40, 5)),
                  "element = f32, size = 144, offset = 0, width = 2, "
                  "transposed = " +
                      std::string(transposed ? "true" : "false")));
    ASSERT_TRUE(bool(items)) << toString(items.takeError());
    std::vector<float> values = write(*items);
    auto source = [](int g, int element) -> float {
      return g == 0 ? element : element < 10 ? 20 + element : 30 + element;
    };
    for (int n = 0; n < panels; ++n)
      for (int k = 0; k < K; ++k)
        for (int g = 0; g < G; ++g)
          for (int j = 0; j < W; ++j) {
            int column = n * W + j;
            float want = 0;
            if (column < N)
              want = source(g, transposed ? k * N + column : column * K + k);
            EXPECT_EQ(values[((n * K + k) * G + g) * W + j], want);
          }
  }
}

// Bytes in groups of four along the depth, and the sums of their columns; in
// excess they are unsigned and stand for 128 less.
TEST_F(WeightsSectionTest, BytesFollowTheDefinitions) {
  std::error_code code;
  // [N, K] = [3, 5]: 7 n + k - 20, as bytes.
  char bytes[15];
  for (int i = 0; i < 15; ++i)
    bytes[i] = static_cast<char>(7 * (i / 5) + i % 5 - 20);
  raw_fd_ostream((folder + "/b.bin").str(), code).write(bytes, sizeof(bytes));
  for (bool excess : {false, true}) {
    std::string matrix =
        source("3, 5", "<file = \"b.bin\", offset = 0, size = 15>");
    std::string flag = std::string(", excess = ") + (excess ? "true" : "false");
    Expected<std::vector<WeightItem>> items = read(
        item("pack", matrix,
             "element = i8, size = 32, offset = 0, width = 2, unit = 4" +
                 flag) +
        ", " +
        item("sums", matrix, "element = i32, size = 12, offset = 64" + flag));
    ASSERT_TRUE(bool(items)) << toString(items.takeError());
    std::string content;
    raw_string_ostream os(content);
    Expected<WeightsBlob> blob = writeWeights(*items, folder, os);
    ASSERT_TRUE(bool(blob)) << toString(blob.takeError());
    auto element = [&](int n, int k) {
      int value = 7 * n + k - 20;
      return excess ? (value & 255) - 128 : value;
    };
    for (int panel = 0; panel < 2; ++panel)
      for (int group = 0; group < 2; ++group)
        for (int j = 0; j < 2; ++j)
          for (int u = 0; u < 4; ++u) {
            int n = 2 * panel + j, k = 4 * group + u;
            int want = n < 3 && k < 5 ? element(n, k) : 0;
            char found = content[((panel * 2 + group) * 2 + j) * 4 + u];
            EXPECT_EQ(static_cast<int8_t>(found), want);
          }
    for (int n = 0; n < 3; ++n) {
      int32_t sum, want = 0;
      std::memcpy(&sum, &content[64 + 4 * n], 4);
      for (int k = 0; k < 5; ++k)
        want += element(n, k);
      EXPECT_EQ(sum, want);
    }
  }
}

// 1 - 2^-11, the largest and the smallest number, a subnormal one, both zeros
// and infinity.
TEST_F(WeightsSectionTest, StoredHalvesBecomeFloats) {
  std::error_code code;
  uint16_t halves[] = {0x3bff, 0x7bff, 0x0400, 0x8001, 0x0000, 0x8000, 0xfc00};
  raw_fd_ostream((folder + "/h.bin").str(), code)
      .write(reinterpret_cast<const char *>(halves), sizeof(halves));
  Expected<std::vector<WeightItem>> items = read(
      item("raw",
           source("7", "<file = \"h.bin\", offset = 0, size = 14, stored = "
                       "f16>"),
           "element = f32, size = 28, offset = 0"));
  ASSERT_TRUE(bool(items)) << toString(items.takeError());
  std::vector<float> values = write(*items);
  float wanted[] = {0.99951171875f, 65504,    0x1p-14f, -0x1p-24f, 0,
                    -0.0f,          -INFINITY};
  EXPECT_EQ(std::memcmp(values.data(), wanted, sizeof(wanted)), 0);
}

// Numbers are rounded once, to even, to whatever the program computes in.
TEST_F(WeightsSectionTest, StoredNumbersAreRounded) {
  std::error_code code;
  double numbers[] = {1 + 0x1p-11, 1 + 0x1.8p-10, 0x1p-25, 65520};
  raw_fd_ostream((folder + "/d.bin").str(), code)
      .write(reinterpret_cast<const char *>(numbers), sizeof(numbers));
  Expected<std::vector<WeightItem>> items = read(
      item("raw",
           source("4", "<file = \"d.bin\", offset = 0, size = 32, stored = "
                       "f64>"),
           "element = f16, size = 8, offset = 0"));
  ASSERT_TRUE(bool(items)) << toString(items.takeError());
  std::string content;
  raw_string_ostream os(content);
  Expected<WeightsBlob> blob = writeWeights(*items, folder, os);
  ASSERT_TRUE(bool(blob)) << toString(blob.takeError());
  uint16_t wanted[] = {0x3c00, 0x3c02, 0, 0x7c00};
  ASSERT_GE(content.size(), sizeof(wanted));
  EXPECT_EQ(std::memcmp(content.data(), wanted, sizeof(wanted)), 0);
}

// What is stored as the panels hold it stays as it is.
TEST_F(WeightsSectionTest, StoredHalvesStayInPanels) {
  std::error_code code;
  uint16_t halves[] = {1, 2, 3, 4, 5, 6};
  raw_fd_ostream((folder + "/h.bin").str(), code)
      .write(reinterpret_cast<const char *>(halves), sizeof(halves));
  Expected<std::vector<WeightItem>> items =
      read(item("pack",
                source("2, 3", "<file = \"h.bin\", offset = 0, size = 12, "
                               "stored = bf16>"),
                "element = bf16, size = 16, width = 2, unit = 2, offset = 0"));
  ASSERT_TRUE(bool(items)) << toString(items.takeError());
  std::string content;
  raw_string_ostream os(content);
  Expected<WeightsBlob> blob = writeWeights(*items, folder, os);
  ASSERT_TRUE(bool(blob)) << toString(blob.takeError());
  uint16_t wanted[] = {1, 2, 4, 5, 3, 0, 6, 0};
  ASSERT_GE(content.size(), sizeof(wanted));
  EXPECT_EQ(std::memcmp(content.data(), wanted, sizeof(wanted)), 0);
}

TEST_F(WeightsSectionTest, RefusesUnsoundLayouts) {
  std::string good = source("2", run(0, 2));
  std::string half = source("1", "<file = \"w.bin\", offset = 0, size = SIZE, "
                                 "stored = f16>");
  auto halfOf = [&](const char *size) {
    std::string text = half;
    return text.replace(text.find("SIZE"), 4, size);
  };
  std::string floats = "element = f32, offset = 0, size = 8";
  std::pair<std::string, std::string> cases[] = {
      {item("raw", good, "element = f32, offset = 4, size = 8"),
       "multiple of 64"},
      {item("raw", good, "element = none, offset = 0, size = 8"), "'element'"},
      {item("raw", good, "element = f32, offset = 0, size = 4"), "'size' is 4"},
      {item("raw", good, "element = f64, offset = 0, size = 16"),
       "have 8 bytes, its shape needs 16"},
      {item("raw", halfOf("2"), "element = i64, offset = 0, size = 8"),
       "'stored' and 'element' must"},
      {item("raw", halfOf("3"), "element = f32, offset = 0, size = 4"),
       "must be a multiple of 2"},
      {item("raw", source("1", run(-1, 1)),
            "element = f32, offset = 0, size = 4"),
       "'offset' and 'size' of 0 or more"},
      {item("pack", source("2, 1", run(0, 2)), floats + ", width = 0"),
       "'width' must"},
      {item("pack", source("2, 1", run(0, 2)),
            floats + ", width = 1, unit = 0"),
       "'unit' must"},
      {item("sums", good, floats), "'element' of sums must be i32"},
      {item("sums", source("8", run(0, 2)),
            "element = i32, offset = 0, size = 8"),
       "sums need a source of two dimensions"},
      {item("raw", good, floats + ", excess = true"), "'excess' is for"},
      {item("raw", source("1", run(0, 1)) + ", " + source("1", run(1, 1)),
            floats),
       "an item that is not packed has one source"},
      {item("raw", good, floats) + ", " + item("raw", good, floats),
       "overlaps"},
      {item("raw", source("4611686018427387904, 4", run(0, 1)),
            "element = f32, offset = 0, size = 0"),
       "a source is too large"},
      {item("raw", source("-1", run(0, 1)),
            "element = f32, offset = 0, size = 0"),
       "a source is too large, or has a negative extent"}};
  for (const auto &[layout, want] : cases) {
    Expected<std::vector<WeightItem>> items = read(layout);
    ASSERT_FALSE(bool(items)) << layout;
    EXPECT_THAT(message(items.takeError()), HasSubstr(want));
  }
}

TEST_F(WeightsSectionTest, FilesAreConfinedToTheFolder) {
  ASSERT_EQ(::symlink("/etc/passwd", (folder + "/link").str().c_str()), 0);
  WeightFiles files(folder);
  for (auto [name, want] : {std::make_pair("/etc/passwd", "no relative path"),
                            {"../w.bin", "contains '..'"},
                            {"link", "a link that leads outside"},
                            {"none.bin", "No such file"}})
    EXPECT_THAT(message(files.getBytes(name, 0, 1).takeError()),
                HasSubstr(want));
  EXPECT_THAT(message(files.getBytes("w.bin", 252, 8).takeError()),
              HasSubstr("has 256 bytes; a weight needs 8 bytes from byte 252"));
  EXPECT_THAT(message(files.getBytes("w.bin", INT64_MAX, 8).takeError()),
              HasSubstr("has 256 bytes"));
  EXPECT_EQ(files.getBytes("w.bin", 252, 4)->size(), 4u);
}

TEST_F(WeightsSectionTest, ObjectHoldsTheBlobInItsSection) {
  Expected<Target> target = resolveTarget("x86-64-v2");
  ASSERT_TRUE(bool(target));
  Expected<FileBytes> bytes =
      makeWeightsObject((folder + "/w.bin").str(), 256, *target, "a_weights");
  ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
  Expected<std::unique_ptr<object::ObjectFile>> object =
      object::ObjectFile::createELFObjectFile(
          MemoryBufferRef(StringRef(bytes->data(), bytes->size()), "w.o"));
  ASSERT_TRUE(bool(object)) << toString(object.takeError());
  bool found = false;
  for (const object::SectionRef &section : (*object)->sections())
    if (*section.getName() == ".seqc.weights") {
      found = true;
      EXPECT_EQ(section.getSize(), 256u);
      EXPECT_EQ(section.getAlignment(), Align(4096));
    }
  EXPECT_TRUE(found);
  // The path of the blob is a matter of this machine.
  EXPECT_FALSE(StringRef(bytes->data(), bytes->size()).contains(folder));
}
