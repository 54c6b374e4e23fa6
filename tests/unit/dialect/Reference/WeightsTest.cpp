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

/// Codes along the last dimension in bytes, the first in the lowest bits.
static Tensor storeCodes(llvm::ArrayRef<int64_t> codes, int64_t columns,
                         int64_t bits) {
  auto count = static_cast<int64_t>(codes.size()) / columns;
  int64_t bytes = (count * bits + 7) / 8;
  Tensor result(ElementKind::I8, {columns, bytes});
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t i = 0; i < count; ++i)
      result.mutableInts()[n * bytes + i * bits / 8] |=
          (codes[n * count + i] & ((1 << bits) - 1)) << i * bits % 8;
  for (int64_t &byte : result.mutableInts())
    byte = static_cast<int8_t>(byte);
  return result;
}

/// The products of 19 columns with `bits` bits in two blocks of 16, of which
/// the second is not full; with zero points that are codes, floats and absent,
/// in panels or not.
static void checkCodes(int64_t bits, bool isSigned) {
  std::string form = " bits " + std::to_string(bits),
              rest = isSigned ? " signed" : "";
  std::string bytes = std::to_string(2 * 16 * bits / 8),
              words = std::to_string(2 * 16 * bits / 32);
  std::string codeType = "tensor<19x" + bytes + "xi8>";
  std::string zeroType =
      "tensor<19x" + std::to_string(bits == 8 ? 2 : 1) + "xi8>";
  std::string panelType = "tensor<2x" + words + "x1x64xi8>";
  std::string x = "%x, %w scales(%s)", block = form + " block 16" + rest + " ";
  Program program(
      "func.func @main(%x: tensor<?x20xf32>, %y: tensor<?x32xf32>, %w: " +
      codeType + ", %s: tensor<19x2xf32>, %c: " + zeroType +
      R"(, %f: tensor<19x2xf32>, %i: tensor<?x19xf32>)
      -> (tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>) {
    %a = seq.blockwise_matmul )" +
      x + block + ": (tensor<?x20xf32>, " + codeType +
      R"(, tensor<19x2xf32>) -> tensor<?x19xf32>
    %b = seq.blockwise_matmul )" +
      x + " zeros(%c)" + block + ": (tensor<?x20xf32>, " + codeType +
      ", tensor<19x2xf32>, " + zeroType + R"() -> tensor<?x19xf32>
    %d = seq.blockwise_matmul )" +
      x + " zeros(%f)" + block + ": (tensor<?x20xf32>, " + codeType +
      R"(, tensor<19x2xf32>, tensor<19x2xf32>) -> tensor<?x19xf32>
    %pw = seq.pack %w unit 4 : ()" +
      codeType + ") -> " + panelType + R"(
    %ps = seq.pack %s : (tensor<19x2xf32>) -> tensor<2x2x1x16xf32>
    %pc = seq.pack %c unit 4 : ()" +
      zeroType + R"() -> tensor<2x1x1x64xi8>
    %pf = seq.pack %f : (tensor<19x2xf32>) -> tensor<2x2x1x16xf32>
    %e = seq.packed_matmul %y, %pw scales(%ps) zeros(%pc))" +
      form + rest + " unit 4 init(%i) : (tensor<?x32xf32>, " + panelType +
      R"(, tensor<2x2x1x16xf32>, tensor<2x1x1x64xi8>, tensor<?x19xf32>) -> tensor<?x19xf32>
    %g = seq.packed_matmul %y, %pw scales(%ps) zeros(%pf))" +
      form + rest + " unit 4 init(%i) : (tensor<?x32xf32>, " + panelType +
      R"(, tensor<2x2x1x16xf32>, tensor<2x2x1x16xf32>, tensor<?x19xf32>) -> tensor<?x19xf32>
    return %a, %b, %d, %e, %g
        : tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>
  })");
  int64_t low = isSigned ? -(1 << (bits - 1)) : 0;
  auto draw = [&](int64_t count, uint64_t seed) {
    std::vector<int64_t> codes;
    for (double number : getNumbers(count, seed))
      codes.push_back(
          low + static_cast<int64_t>((number + 1) / 2 * ((1 << bits) - 0.5)));
    return codes;
  };
  std::vector<int64_t> codes = draw(19 * 32, 1), zeros = draw(19 * 2, 2);
  Tensor rows = randomF32({3, 20}, 3), scales = randomF32({19, 2}, 4),
         floats = randomF32({19, 2}, 5), start = randomF32({3, 19}, 6);
  Tensor padded(ElementKind::F32, {3, 32});
  for (int64_t m = 0; m < 3; ++m)
    for (int64_t k = 0; k < 20; ++k)
      padded.mutableFloats()[m * 32 + k] = at(rows, {m, k});
  auto results = program.run({rows, padded, storeCodes(codes, 19, bits), scales,
                              storeCodes(zeros, 19, bits), floats, start});
  for (int64_t m = 0; m < 3; ++m)
    for (int64_t n = 0; n < 19; ++n) {
      double plain = 0, byCodes = 0, byFloats = 0, init = at(start, {m, n});
      for (int64_t k = 0; k < 20; ++k) {
        double by = at(rows, {m, k}) * at(scales, {n, k / 16});
        auto code = static_cast<double>(codes[n * 32 + k]);
        plain += by * (code - (isSigned ? 0 : 1 << (bits - 1)));
        byCodes += by * (code - static_cast<double>(zeros[n * 2 + k / 16]));
        byFloats += by * (code - at(floats, {n, k / 16}));
      }
      EXPECT_NEAR(at(results[0], {m, n}), plain, 1e-10);
      EXPECT_NEAR(at(results[1], {m, n}), byCodes, 1e-10);
      EXPECT_NEAR(at(results[2], {m, n}), byFloats, 1e-10);
      EXPECT_NEAR(at(results[3], {m, n}), init + byCodes, 1e-10);
      EXPECT_NEAR(at(results[4], {m, n}), init + byFloats, 1e-10);
    }
}

TEST(Weights, MultipliesByCodes) {
  for (int64_t bits : {2, 4, 8})
    for (bool isSigned : {false, true})
      checkCodes(bits, isSigned);
}

TEST(Weights, PacksUpperHalves) {
  Program program(
      R"(func.func @main(%x: tensor<?x2xf32>, %a: tensor<3x2xf32>, %i: tensor<?x3xf32>)
      -> (tensor<2x1x1x4xbf16>, tensor<?x3xf32>) {
    %p = seq.pack %a unit 2 : (tensor<3x2xf32>) -> tensor<2x1x1x4xbf16>
    %r = seq.packed_matmul %x, %p unit 2 init(%i)
        : (tensor<?x2xf32>, tensor<2x1x1x4xbf16>, tensor<?x3xf32>) -> tensor<?x3xf32>
    return %p, %r : tensor<2x1x1x4xbf16>, tensor<?x3xf32>
  })");
  // 257 and 1 + 2^-8 need nine digits, of which eight are kept.
  auto results = program.run({f32({1, 2}, {10, 100}),
                              f32({3, 2}, {1, 257, -3, 1.00390625, -257, 0.5}),
                              f32({1, 3}, {1000, 2000, 3000})});
  expectFloats(results[0], {2, 1, 1, 4}, {1, 256, -3, 1, -256, 0.5, 0, 0});
  expectFloats(results[1], {1, 3}, {26610, 2070, 490});
}
