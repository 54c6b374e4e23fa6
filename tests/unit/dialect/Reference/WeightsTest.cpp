//===- WeightsTest.cpp - Weights, packing and packed products -------------===//

#include "Program.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <fstream>

using namespace seqc::reference;

static MemoryWeightSource makeSource() {
  std::vector<uint8_t> bytes(4, 0xff);
  for (uint8_t byte : f32({2, 2}, {1, 2, 3, 4}).toBytes())
    bytes.push_back(byte);
  MemoryWeightSource source;
  source.add("w.safetensors", std::move(bytes));
  return source;
}

static Program makeReader(const std::string &place) {
  return Program("func.func @main() -> tensor<2x2xf32> {\n"
                 "  %w = seq.weight \"w\" in " +
                     place +
                     " : tensor<2x2xf32>\n"
                     "  return %w : tensor<2x2xf32>\n}",
                 makeSource());
}

TEST(Weights, ReadsElementsAtAnOffset) {
  Program program = makeReader("\"w.safetensors\" at 4");
  for (int round = 0; round < 2; ++round)
    expectFloats(program.run({})[0], {2, 2}, {1, 2, 3, 4});
}

TEST(Weights, RefusesWhatTheSourceDoesNotHave) {
  EXPECT_THAT(
      makeReader("\"w.safetensors\" at 5").getError({}),
      testing::AllOf(
          testing::HasSubstr("'seq.weight' at loc("),
          testing::HasSubstr("has 20 bytes, but 16 are needed from byte 5")));
  EXPECT_THAT(makeReader("\"other\" at 0").getError({}),
              testing::HasSubstr("no weight file 'other'"));
}

TEST(Weights, KeepsFilesInsideTheFolder) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("weights", folder));
  llvm::SmallString<128> file(folder), inner(folder), link(folder);
  llvm::sys::path::append(file, "w.bin");
  llvm::sys::path::append(inner, "inner");
  ASSERT_FALSE(llvm::sys::fs::create_directory(inner));
  llvm::sys::path::append(link, "inner", "link.bin");
  std::ofstream(file.c_str()) << "abc";
  ASSERT_FALSE(llvm::sys::fs::create_link(file, link));

  uint8_t byte = 0;
  FolderWeightSource source(folder);
  EXPECT_FALSE(static_cast<bool>(source.read("w.bin", 1, byte)));
  EXPECT_EQ(byte, 'b');
  FolderWeightSource narrow(inner);
  for (llvm::StringRef name :
       {llvm::StringRef("../w.bin"), llvm::StringRef(file),
        llvm::StringRef("link.bin"), llvm::StringRef("")})
    EXPECT_THAT(llvm::toString(narrow.read(name, 0, byte)),
                testing::HasSubstr("outside the model's folder"))
        << name.str();
  EXPECT_TRUE(
      static_cast<bool>(llvm::errorToBool(source.read("absent", 0, byte))));
  llvm::sys::fs::remove_directories(folder);
}

TEST(Weights, PacksPanels) {
  Program program(
      R"(func.func @main(%a: tensor<3x2xf32>, %b: tensor<3x2xf32>, %t: tensor<2x3xf32>)
      -> (tensor<2x2x2x2xf32>, tensor<2x2x1x2xf32>) {
    %p = seq.pack %a, %b : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<2x2x2x2xf32>
    %q = seq.pack %t transposed : (tensor<2x3xf32>) -> tensor<2x2x1x2xf32>
    return %p, %q : tensor<2x2x2x2xf32>, tensor<2x2x1x2xf32>
  })");
  Tensor a = f32({3, 2}, {1, 2, 3, 4, 5, 6}),
         b = f32({3, 2}, {10, 20, 30, 40, 50, 60});
  auto results = program.run({a, b, f32({2, 3}, {1, 3, 5, 2, 4, 6})});
  // [panel][k][matrix][lane]; the fourth column is padding.
  expectFloats(results[0], {2, 2, 2, 2},
               {1, 3, 10, 30, 2, 4, 20, 40, 5, 0, 50, 0, 6, 0, 60, 0});
  expectFloats(results[1], {2, 2, 1, 2}, {1, 3, 2, 4, 5, 0, 6, 0});
}

TEST(Weights, MultipliesPackedAsUnpacked) {
  Program program(R"(func.func @main(%x: tensor<?x5xf32>, %a: tensor<35x5xf32>,
      %b: tensor<35x5xf32>, %i: tensor<?x35xf32>, %j: tensor<?x35xf32>)
      -> (tensor<?x35xf32>, tensor<?x35xf32>) {
    %p = seq.pack %a, %b : (tensor<35x5xf32>, tensor<35x5xf32>) -> tensor<3x5x2x16xf32>
    %r:2 = seq.packed_matmul %x, %p init(%i, %j)
        : (tensor<?x5xf32>, tensor<3x5x2x16xf32>, tensor<?x35xf32>, tensor<?x35xf32>)
        -> (tensor<?x35xf32>, tensor<?x35xf32>)
    return %r#0, %r#1 : tensor<?x35xf32>, tensor<?x35xf32>
  })");
  Tensor x = randomF32({4, 5}, 1), a = randomF32({35, 5}, 2),
         b = randomF32({35, 5}, 3);
  Tensor i = randomF32({4, 35}, 4), j = randomF32({4, 35}, 5);
  auto results = program.run({x, a, b, i, j});
  for (int64_t row = 0; row < 4; ++row)
    for (int64_t column = 0; column < 35; ++column) {
      double first = at(i, {row, column}), second = at(j, {row, column});
      for (int64_t k = 0; k < 5; ++k) {
        first += at(x, {row, k}) * at(a, {column, k});
        second += at(x, {row, k}) * at(b, {column, k});
      }
      EXPECT_NEAR(at(results[0], {row, column}), first, 1e-12);
      EXPECT_NEAR(at(results[1], {row, column}), second, 1e-12);
    }
  EXPECT_THAT(program.getError({x, a, b, i, randomF32({3, 35}, 5)}),
              testing::HasSubstr("init 1 has shape 3x35 for 4 rows"));
}

/// Bytes that look random and are always the same.
static Tensor randomBytes(llvm::ArrayRef<int64_t> shape, uint64_t seed) {
  std::vector<int64_t> values;
  for (double number : getNumbers(*countElements(shape), seed))
    values.push_back(static_cast<int64_t>(number * 128));
  return Tensor::ofInts(ElementKind::I8, shape, values);
}

TEST(Weights, MultipliesBytesExactly) {
  Program program(
      R"(func.func @main(%x: tensor<?x5xi8>, %w: tensor<5x19xi8>, %p: tensor<i8>,
      %q: tensor<19xi8>, %i: tensor<?x19xi32>, %y: tensor<?x8xi8>)
      -> (tensor<?x19xi32>, tensor<?x19xi32>, tensor<19xi32>, tensor<?x19xi32>) {
    %a = seq.quantized_matmul %x, %w lhs_zero(%p) rhs_zero(%q) rhs_signed transposed
        : (tensor<?x5xi8>, tensor<5x19xi8>, tensor<i8>, tensor<19xi8>) -> tensor<?x19xi32>
    %b = seq.matmul %x, %w transposed excess init(%i)
        : (tensor<?x5xi8>, tensor<5x19xi8>, tensor<?x19xi32>) -> tensor<?x19xi32>
    %c = seq.column_sums %w transposed excess : (tensor<5x19xi8>) -> tensor<19xi32>
    %k = seq.pack %w transposed excess unit 4 : (tensor<5x19xi8>) -> tensor<2x2x1x64xi8>
    %d = seq.packed_matmul %y, %k unit 4 init(%i)
        : (tensor<?x8xi8>, tensor<2x2x1x64xi8>, tensor<?x19xi32>) -> tensor<?x19xi32>
    return %a, %b, %c, %d : tensor<?x19xi32>, tensor<?x19xi32>, tensor<19xi32>, tensor<?x19xi32>
  })");
  Tensor x = randomBytes({3, 5}, 1), w = randomBytes({5, 19}, 2),
         q = randomBytes({19}, 3), y(ElementKind::I8, {3, 8});
  Tensor p = Tensor::ofInts(ElementKind::I8, {}, {-7});
  std::vector<int64_t> start(3 * 19);
  for (size_t n = 0; n < start.size(); ++n)
    start[n] = static_cast<int64_t>(n) - 9;
  for (int64_t m = 0; m < 3; ++m)
    for (int64_t k = 0; k < 5; ++k)
      y.mutableInts()[m * 8 + k] = x.ints()[m * 5 + k];
  auto results = program.run({x, w, p, q, i32({3, 19}, start), y});
  std::vector<int64_t> a, b, c(19, 0);
  for (int64_t m = 0; m < 3; ++m)
    for (int64_t n = 0; n < 19; ++n) {
      int64_t first = 0, second = start[m * 19 + n];
      for (int64_t k = 0; k < 5; ++k) {
        int64_t left = x.ints()[m * 5 + k] & 255, right = w.ints()[k * 19 + n];
        first += (left - 249) * (right - q.ints()[n]);
        second += left * ((right & 255) - 128);
        if (m == 0)
          c[n] += (right & 255) - 128;
      }
      a.push_back(first);
      b.push_back(second);
    }
  expectInts(results[0], {3, 19}, a);
  expectInts(results[1], {3, 19}, b);
  expectInts(results[2], {19}, c);
  expectInts(results[3], {3, 19}, b);
}
