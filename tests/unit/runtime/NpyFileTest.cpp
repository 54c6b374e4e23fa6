//===- NpyFileTest.cpp - Tests of NumPy files ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"
#include "tests/unit/runtime/Testing.h"

#include <random>
#include <zlib.h>

using namespace seqc::cli;
using namespace seqc::rt;
using namespace seqc::test;

namespace {

/// An .npy file with a header and contents of one's own.
std::string npy(const std::string &header, const std::string &contents) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += char(header.size() & 0xff);
  file += char(header.size() >> 8);
  return file + header + contents;
}

void append(std::string &out, uint64_t value, int size) {
  for (int i = 0; i < size; ++i)
    out += char(value >> (8 * i));
}

/// A zip archive with one member.
std::string zip(const std::string &name, const std::string &contents,
                bool deflated, uint64_t claimed = 0) {
  std::string packed = contents;
  if (deflated) {
    z_stream stream = {};
    packed.resize(contents.size() + 100);
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<char *>(contents.data()));
    stream.avail_in = uInt(contents.size());
    stream.next_out = reinterpret_cast<Bytef *>(packed.data());
    stream.avail_out = uInt(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
  }
  uint64_t crc = crc32(0, reinterpret_cast<const Bytef *>(contents.data()),
                       uInt(contents.size()));
  uint64_t size = claimed ? claimed : contents.size();
  std::string common;
  append(common, 20, 2);
  append(common, 0, 2);
  append(common, deflated ? 8 : 0, 2);
  append(common, 0, 4);
  append(common, crc, 4);
  append(common, packed.size(), 4);
  append(common, size, 4);
  append(common, name.size(), 2);
  append(common, 0, 2);
  std::string file = "PK\x03\x04" + common + name + packed;
  size_t directory = file.size();
  file += "PK\x01\x02";
  append(file, 20, 2);
  file += common;
  append(file, 0, 2);
  append(file, 0, 2);
  append(file, 0, 2);
  append(file, 0, 4);
  append(file, 0, 4);
  file += name;
  size_t end = file.size();
  file += "PK\x05\x06";
  append(file, 0, 4);
  append(file, 1, 2);
  append(file, 1, 2);
  append(file, end - directory, 4);
  append(file, directory, 4);
  append(file, 0, 2);
  return file;
}

/// Changes bytes at random and reads; only a status may come back.
template <typename Read>
void mutate(const std::string &file, unsigned rounds, Read &&read) {
  std::mt19937 random(3);
  for (unsigned i = 0; i < rounds; ++i) {
    std::string bytes = file;
    for (int k = 0; k < 3; ++k)
      bytes[random() % bytes.size()] = char(random());
    if (random() % 3 == 0)
      bytes.resize(random() % bytes.size());
    read(bytes);
  }
}

} // namespace

TEST(Npy, RoundTripsEveryType) {
  for (int i = SEQC_F64; i <= SEQC_I1; ++i) {
    int64_t shape[] = {2, 3};
    auto tensor = createTensor(seqc_dtype_t(i), 2, shape);
    ASSERT_TRUE(bool(tensor));
    for (int64_t k = 0; k < 6; ++k)
      setInteger(*tensor->get(), k, k % 2);
    std::string file = formatNpy(*tensor->get());
    auto again = parseNpy(file);
    ASSERT_TRUE(bool(again)) << seqc_dtype_name(seqc_dtype_t(i));
    EXPECT_EQ((*again)->dtype, seqc_dtype_t(i));
    EXPECT_EQ(shapeOf(again->get()), (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(std::memcmp((*again)->data, (*tensor)->data, (*again)->numBytes),
              0);
    EXPECT_EQ((file.size() - (*tensor)->numBytes) % 64, 0u);
  }
}

TEST(Npy, ScalarsAndVectorsHaveTuples) {
  auto scalar = makeTensor<float>(SEQC_F32, {}, {3});
  EXPECT_NE(formatNpy(*scalar.get()).find("'shape': ()"), std::string::npos);
  auto vector = makeTensor<float>(SEQC_F32, {2}, {3, 4});
  EXPECT_NE(formatNpy(*vector.get()).find("'shape': (2,)"), std::string::npos);
  EXPECT_TRUE(bool(parseNpy(formatNpy(*scalar.get()))));
  EXPECT_TRUE(bool(parseNpy(formatNpy(*vector.get()))));
}

TEST(Npy, ReadsColumnMajorAndBigEndian) {
  std::string data;
  for (int value : {1, 4, 2, 5, 3, 6}) {
    data += '\0';
    data += char(value);
  }
  auto tensor = parseNpy(npy(
      "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n", data));
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(valuesOf<int16_t>(tensor->get()),
            (std::vector<int16_t>{1, 2, 3, 4, 5, 6}));
}

TEST(Npy, RefusesHostileHeaders) {
  const char *good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
  EXPECT_TRUE(bool(parseNpy(npy(good, std::string(8, 'x')))));
  EXPECT_TRUE(fails(parseNpy(npy(good, std::string(7, 'x'))).status(),
                    SEQC_INVALID_ARGUMENT, "needs 8 bytes; the file has 7"));
  for (const char *header :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': <f4}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,",
        "{'descr': '<f4', 'fortran_order': False, "
        "'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, "
        "'shape': (9223372036854775807, 9223372036854775807)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '<f4', 'fortran_order': False, "
        "'shape': (1,1,1,1,1,1,1,1,1)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"})
    EXPECT_FALSE(bool(parseNpy(npy(header, std::string(8, 'x'))))) << header;
  EXPECT_FALSE(bool(parseNpy("")));
  EXPECT_FALSE(bool(parseNpy("\x93NUMPY")));
  EXPECT_FALSE(bool(parseNpy(std::string("\x93NUMPY\x01\x00\xff\xff", 10))));
}

TEST(Npz, ReadsStoredAndDeflatedMembers) {
  auto tensor = makeTensor<float>(SEQC_F32, {300}, std::vector<float>(300, 7));
  std::string file = formatNpy(*tensor.get());
  for (bool deflated : {false, true}) {
    auto tensors = parseNpz(zip("x.npy", file, deflated));
    ASSERT_TRUE(bool(tensors)) << tensors.status().message();
    ASSERT_EQ(tensors->size(), 1u);
    EXPECT_EQ(tensors->front().first, "x");
    EXPECT_EQ(valuesOf<float>(tensors->front().second.get()),
              std::vector<float>(300, 7));
  }
  EXPECT_EQ(parseNpz(zip("readme.txt", "hello", false))->size(), 0u);
}

TEST(Npz, SaysWhatIsWrongWithAMember) {
  EXPECT_TRUE(fails(parseNpz(zip("x.npy", "abcdefghij", false)).status(),
                    SEQC_INVALID_ARGUMENT,
                    "'x.npy' in .npz: malformed .npy: it does not begin with "
                    "NumPy's mark"));
}

TEST(Npz, RefusesBombsAndWrongSizes) {
  std::string zeros(1 << 20, '\0');
  EXPECT_TRUE(fails(parseNpz(zip("x.npy", zeros, true, 0xfffffff0)).status(),
                    SEQC_INVALID_ARGUMENT, "claims 4294967280 bytes"));
  EXPECT_TRUE(fails(parseNpz(zip("x.npy", zeros, true, 1 << 19)).status(),
                    SEQC_INVALID_ARGUMENT, "cannot be expanded"));
  EXPECT_TRUE(fails(parseNpz(zip("x.npy", "abc", false, 5)).status(),
                    SEQC_INVALID_ARGUMENT, "two sizes"));
  EXPECT_TRUE(fails(parseNpz("").status(), SEQC_INVALID_ARGUMENT, "too short"));
  EXPECT_TRUE(fails(parseNpz(std::string(100, 'x')).status(),
                    SEQC_INVALID_ARGUMENT, "no directory"));
}

TEST(Npy, SurvivesChangedBytes) {
  auto tensor = makeTensor<float>(SEQC_F32, {4}, {1, 2, 3, 4});
  mutate(formatNpy(*tensor.get()), 20000,
         [](const std::string &bytes) { (void)parseNpy(bytes); });
}

TEST(Npz, SurvivesChangedBytes) {
  auto tensor = makeTensor<float>(SEQC_F32, {4}, {1, 2, 3, 4});
  for (bool deflated : {false, true})
    mutate(zip("x.npy", formatNpy(*tensor.get()), deflated), 10000,
           [](const std::string &bytes) { (void)parseNpz(bytes); });
}
