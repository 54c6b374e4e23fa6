//===- SafeTensorsTest.cpp - Sound and hostile safetensors files ----------===//

#include "frontends/SafeTensors/SafeTensorsFile.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace llvm;
using namespace seqc;
using testing::HasSubstr;

namespace {

/// The bytes of a file with this header and so many bytes of data.
std::string makeFile(StringRef header, size_t dataSize,
                     int64_t headerSize = -1) {
  std::string bytes(8, '\0');
  support::endian::write64le(
      bytes.data(),
      headerSize < 0 ? header.size() : static_cast<uint64_t>(headerSize));
  bytes += header;
  for (size_t i = 0; i < dataSize; ++i)
    bytes += static_cast<char>(i);
  return bytes;
}

Expected<SafeTensorsFile> readBytes(const std::string &bytes) {
  return SafeTensorsFile::read(MemoryBuffer::getMemBufferCopy(bytes),
                               "w.safetensors");
}

/// The message of reading a file, which must fail.
std::string errorOf(const std::string &bytes) {
  Expected<SafeTensorsFile> file = readBytes(bytes);
  if (file)
    return "no error";
  return toString(file.takeError());
}

} // namespace

TEST(SafeTensors, ReadsEntriesInFileOrder) {
  Expected<SafeTensorsFile> file = readBytes(
      makeFile(R"({"__metadata__":{"format":"pt"},)"
               R"("b":{"dtype":"F16","shape":[2],"data_offsets":[24,28]},)"
               R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}  )",
               28));
  ASSERT_TRUE(static_cast<bool>(file)) << toString(file.takeError());
  ASSERT_EQ(file->getEntries().size(), 2u);
  const TensorEntry &a = file->getEntries()[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.dtype, frontend::DataType::Float);
  EXPECT_EQ(formatShape(a.shape), "[2, 3]");
  EXPECT_EQ(a.size, 24);
  EXPECT_EQ(file->getData(a)[5], 5);
  const TensorEntry *b = file->lookup("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->offset, a.offset + 24);
  EXPECT_EQ(file->getData(*b)[0], 24);
  EXPECT_EQ(file->lookup("c"), nullptr);
}

TEST(SafeTensors, HashesContentNotNames) {
  std::string header =
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
      R"("b":{"dtype":"I8","shape":[4],"data_offsets":[4,8]},)"
      R"("c":{"dtype":"U8","shape":[4],"data_offsets":[8,12]}})";
  std::string bytes = makeFile(header, 0) + "same" + "same" + "else";
  Expected<SafeTensorsFile> file = readBytes(bytes);
  ASSERT_TRUE(static_cast<bool>(file)) << toString(file.takeError());
  auto hash = [&](StringRef name) {
    return hashBytes(file->getData(*file->lookup(name)));
  };
  EXPECT_EQ(hash("a"), hash("b"));
  EXPECT_NE(hash("a"), hash("c"));
  EXPECT_EQ(hash("a").size(), 16u);
  // The published value of XXH64 for no bytes and seed 0.
  EXPECT_EQ(hashBytes({}), "ef46db3751d8e999");
}

TEST(SafeTensors, ReadsScalarsAndEmptyTensors) {
  Expected<SafeTensorsFile> file = readBytes(makeFile(
      R"({"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
      R"("e":{"dtype":"F32","shape":[0,4611686018427387904,9],"data_offsets":[0,0]}})",
      8));
  ASSERT_TRUE(static_cast<bool>(file)) << toString(file.takeError());
  EXPECT_EQ(file->lookup("s")->size, 8);
  EXPECT_EQ(file->lookup("e")->size, 0);
}

TEST(SafeTensors, FindsTheNearestName) {
  Expected<SafeTensorsFile> file = readBytes(makeFile(
      R"({"encoder.weight_ih_l0":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
      1));
  ASSERT_TRUE(static_cast<bool>(file));
  EXPECT_EQ(file->findNearest("encoder.weight_ih_10"), "encoder.weight_ih_l0");
  EXPECT_EQ(file->findNearest("x"), std::nullopt);
}

TEST(SafeTensors, RefusesTruncatedFiles) {
  EXPECT_THAT(errorOf("abc"), HasSubstr("w.safetensors: is 3 bytes long"));
  EXPECT_THAT(errorOf(makeFile("{}", 0, 1000)),
              HasSubstr("header length is 1000, but only 2 bytes follow"));
  EXPECT_THAT(errorOf(makeFile("{}", 0, INT64_MAX)),
              HasSubstr("at most 100000000 bytes"));
  EXPECT_THAT(
      errorOf(makeFile(
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 5)),
      HasSubstr("larger than the 5 bytes of data"));
}

TEST(SafeTensors, RefusesTrailingBytes) {
  EXPECT_THAT(
      errorOf(makeFile(
          R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 3)),
      HasSubstr("entries take 2 bytes of data, but the file has 3"));
}

TEST(SafeTensors, RefusesBadJson) {
  EXPECT_THAT(errorOf(makeFile("{", 0)), HasSubstr("header is not valid JSON"));
  EXPECT_THAT(errorOf(makeFile("", 0)), HasSubstr("header is not valid JSON"));
  EXPECT_THAT(errorOf(makeFile("[]", 0)),
              HasSubstr("header is not a JSON object"));
  // LLVM's JSON parser recurses; a deep header must not reach it.
  EXPECT_THAT(errorOf(makeFile(std::string(1'000'000, '['), 0)),
              HasSubstr("nest deeper than 32 levels"));
}

TEST(SafeTensors, RefusesDuplicateNames) {
  std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(
      errorOf(makeFile("{\"a\":" + entry + ",\"\\u0061\":" + entry + "}", 1)),
      HasSubstr("tensor 'a' is named twice"));
}

TEST(SafeTensors, RefusesBadEntries) {
  auto error = [](StringRef entry, size_t data = 8) {
    return errorOf(makeFile(("{\"a\":" + entry + "}").str(), data));
  };
  EXPECT_THAT(error("3"), HasSubstr("entry 'a' is not an object"));
  EXPECT_THAT(error(R"({"shape":[2],"data_offsets":[0,8]})"),
              HasSubstr("no 'dtype'"));
  EXPECT_THAT(error(R"({"dtype":"F31","shape":[2],"data_offsets":[0,8]})"),
              HasSubstr("dtype 'F31'; known are F64, F32"));
  EXPECT_THAT(error(R"({"dtype":"F32","data_offsets":[0,8]})"),
              HasSubstr("no 'shape'"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"),
              HasSubstr("has -2 as an extent"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,8]})"),
              HasSubstr("as an extent"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[2]})"),
              HasSubstr("no 'data_offsets'"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"),
              HasSubstr("no 'data_offsets' of two integers"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
              HasSubstr("lies at bytes [8, 0)"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"),
              HasSubstr("the file has 8 bytes of data"));
  EXPECT_THAT(error(R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})"),
              HasSubstr("has 8 bytes of data; F32 of shape [1] takes 4"));
}

TEST(SafeTensors, ChecksSizesBeforeMultiplying) {
  // 2^33 * 2^33 * 4 wraps to 0.
  EXPECT_THAT(
      errorOf(makeFile(
          R"({"a":{"dtype":"F32","shape":[8589934592,8589934592],"data_offsets":[0,0]}})",
          8)),
      HasSubstr("is larger than the 8 bytes of data"));
}

TEST(SafeTensors, RefusesOverlapsAndGaps) {
  auto two = [](StringRef first, StringRef second, size_t data) {
    return errorOf(makeFile(
        (R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
         R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}")
            .str(),
        data));
  };
  EXPECT_THAT(two("[0,4]", "[2,6]", 6),
              HasSubstr("entries 'a' and 'b' overlap at byte 2"));
  EXPECT_THAT(two("[0,4]", "[6,10]", 10),
              HasSubstr("bytes [4, 6) of the data belong to no entry"));
}

TEST(SafeTensors, NamesAFileThatCannotBeRead) {
  Expected<SafeTensorsFile> file =
      SafeTensorsFile::open("/nowhere/w.safetensors");
  ASSERT_FALSE(static_cast<bool>(file));
  EXPECT_THAT(toString(file.takeError()),
              HasSubstr("/nowhere/w.safetensors: cannot be read"));
}
