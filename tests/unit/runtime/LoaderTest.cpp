//===- LoaderTest.cpp - Tests of loading, also of damaged files ----------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/unit/runtime/FakeModel.h"
#include "tests/unit/runtime/Testing.h"

#include <cstdio>
#include <elf.h>
#include <fstream>
#include <random>
#include <sstream>
#include <unistd.h>

using namespace seqc::rt;
using namespace seqc::test;

namespace {

std::string readWhole(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream contents;
  contents << stream.rdbuf();
  return contents.str();
}

/// The bytes of the fake shared object.
const std::string &fakeBytes() {
  static const std::string bytes = readWhole(builtFile("fake_model.so"));
  return bytes;
}

/// The same with a trailer.
std::string withTrailer(std::string bytes) {
  seqc_abi_trailer trailer;
  std::memcpy(trailer.magic, SEQC_ABI_TRAILER_MAGIC, sizeof trailer.magic);
  trailer.digest = seqc_abi_digest(bytes.data(), bytes.size());
  bytes.append(reinterpret_cast<const char *>(&trailer), sizeof trailer);
  return bytes;
}

/// Writes a file of its own for each call and loads it.
class Loader : public ::testing::Test {
protected:
  void TearDown() override {
    for (const std::string &path : paths)
      std::remove(path.c_str());
  }

  std::string write(const std::string &bytes) {
    std::string path = ::testing::TempDir() + "seqc-loader-" +
                       std::to_string(getpid()) + "-" +
                       std::to_string(paths.size()) + ".so";
    std::ofstream(path, std::ios::binary) << bytes;
    paths.push_back(path);
    return path;
  }

  seqc_status_t *load(const std::string &bytes) {
    seqc_model_release(model);
    return seqc_model_load(write(bytes).c_str(), &model);
  }

  ~Loader() override { seqc_model_release(model); }

  seqc_model_t *model = nullptr;
  std::vector<std::string> paths;
};

} // namespace

TEST_F(Loader, LoadsAndDescribes) {
  ASSERT_TRUE(succeeds(load(withTrailer(fakeBytes()))));
  EXPECT_EQ(seqc_model_num_entries(model), 7);
  EXPECT_STREQ(seqc_model_entry_name(model, 0), "scale");
  EXPECT_EQ(seqc_model_entry_name(model, 7), nullptr);
  int32_t inputs, outputs;
  ASSERT_TRUE(
      succeeds(seqc_model_entry_counts(model, "mirror", &inputs, &outputs)));
  EXPECT_EQ(inputs, 2);
  EXPECT_EQ(outputs, 4);
  seqc_value_info_t info;
  ASSERT_TRUE(succeeds(seqc_model_input_info(model, nullptr, 0, &info)));
  EXPECT_STREQ(info.name, "x");
  EXPECT_EQ(info.dtype, SEQC_F32);
  EXPECT_EQ(info.rank, 2);
  EXPECT_EQ(info.shape[0], -1);
  EXPECT_STREQ(info.dims[0], "rows");
  EXPECT_EQ(info.shape[1], 3);
  EXPECT_EQ(info.has_default, 0);
  EXPECT_TRUE(fails(seqc_model_output_info(model, nullptr, 1, &info),
                    SEQC_NOT_FOUND, "no output 1"));
  EXPECT_TRUE(fails(seqc_model_entry_counts(model, "no", &inputs, &outputs),
                    SEQC_NOT_FOUND, "'scale'"));
  size_t size;
  EXPECT_EQ(seqc_model_metadata(model, &size)[0], '{');
  EXPECT_GT(size, 100u);
}

TEST_F(Loader, LoadsWithoutTrailer) {
  EXPECT_TRUE(succeeds(load(fakeBytes())));
}

TEST_F(Loader, ReadsMetadataWithoutLoading) {
  char *json;
  size_t size;
  ASSERT_TRUE(succeeds(
      seqc_artefact_metadata(write(fakeBytes()).c_str(), &json, &size)));
  EXPECT_EQ(std::string(json).size(), size);
  EXPECT_EQ(json[size - 1], '}');
  seqc_free(json);
}

TEST_F(Loader, ReportsMissingFiles) {
  EXPECT_TRUE(fails(seqc_model_load("/no/such/file.so", &model), SEQC_IO,
                    "/no/such/file.so"));
  EXPECT_TRUE(fails(seqc_model_load("/tmp", &model), SEQC_IO, "folder"));
  EXPECT_TRUE(
      fails(seqc_model_load(nullptr, &model), SEQC_INVALID_ARGUMENT, "NULL"));
  EXPECT_TRUE(
      fails(seqc_model_load("x", nullptr), SEQC_INVALID_ARGUMENT, "NULL"));
}

TEST_F(Loader, RefusesOtherFiles) {
  EXPECT_TRUE(fails(load(""), SEQC_INVALID_ARGUMENT, "empty"));
  EXPECT_TRUE(fails(load("hello"), SEQC_INVALID_ARGUMENT, "no ELF file"));
  EXPECT_TRUE(fails(load("\x7f"
                         "FLE"),
                    SEQC_INVALID_ARGUMENT, "no ELF file"));
  EXPECT_TRUE(fails(load("\x7f"
                         "ELF"),
                    SEQC_INVALID_ARGUMENT, "ends inside its header"));
  EXPECT_TRUE(fails(load(std::string(1000, '\0')), SEQC_INVALID_ARGUMENT,
                    "no ELF file"));
  EXPECT_TRUE(fails(load(readWhole("/lib/x86_64-linux-gnu/libm.so.6")),
                    SEQC_INVALID_ARGUMENT, "not an artefact of seqc"));
  EXPECT_TRUE(fails(load(readWhole(builtFile("fake_program"))),
                    SEQC_INVALID_ARGUMENT, "is an executable"));
}

/// Cut anywhere, the file gives a status.
TEST_F(Loader, RefusesTruncatedFiles) {
  std::string whole = withTrailer(fakeBytes());
  for (size_t size = 0; size + sizeof(seqc_abi_trailer) < whole.size();
       size += 1 + whole.size() / 97)
    EXPECT_TRUE(fails(load(whole.substr(0, size)), SEQC_INVALID_ARGUMENT, ""))
        << "size " << size;
}

/// A changed byte anywhere is found by the digest.
TEST_F(Loader, RefusesChangedBytes) {
  std::string whole = withTrailer(fakeBytes());
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = whole;
    size_t at = 4 + random() % (whole.size() - sizeof(seqc_abi_trailer) - 4);
    bytes[at] = char(bytes[at] ^ (1 << random() % 8));
    ASSERT_TRUE(fails(load(bytes), SEQC_INVALID_ARGUMENT, "damaged"))
        << "byte " << at;
  }
}

/// Hostile headers without trailer: a status, whatever the fields say.
TEST_F(Loader, SurvivesHostileHeaders) {
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = fakeBytes();
    auto *header = reinterpret_cast<Elf64_Ehdr *>(bytes.data());
    char *begin = bytes.data() + 4;
    size_t size = sizeof *header - 4;
    if (random() % 2) {
      begin = bytes.data() + header->e_shoff;
      size = bytes.size() - header->e_shoff;
    }
    for (int k = 0; k < 4; ++k)
      begin[random() % size] = char(random());
    // Only examined: without a digest its code must not be trusted.
    char *json = nullptr;
    std::string path = write(bytes);
    seqc_status_t *status =
        seqc_artefact_metadata(path.c_str(), &json, nullptr);
    seqc_status_free(status);
    seqc_free(json);
    std::remove(path.c_str());
    paths.pop_back();
  }
}

TEST_F(Loader, RefusesAnotherMachine) {
  std::string bytes = fakeBytes();
  reinterpret_cast<Elf64_Ehdr *>(bytes.data())->e_machine = EM_AARCH64;
  EXPECT_TRUE(fails(load(withTrailer(bytes)), SEQC_INCOMPATIBLE, "183"));
}

namespace {

/// Loads a changed copy of the fake table.
template <typename Change> seqc_status_t *loadTable(Change &&change) {
  static seqc_abi_model table;
  table = *fake_model();
  change(table);
  seqc_model_t *model;
  seqc_status_t *status = seqc_model_from_table(&table, &model);
  seqc_model_release(model);
  return status;
}

/// Loads the fake table with other metadata.
seqc_status_t *loadMetadata(const std::string &text) {
  return loadTable([&](seqc_abi_model &table) {
    table.metadata = text.data();
    table.metadata_size = text.size();
  });
}

} // namespace

TEST(Table, IsChecked) {
  EXPECT_TRUE(succeeds(loadTable([](seqc_abi_model &) {})));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.magic = 0; }),
                    SEQC_INVALID_ARGUMENT, "mark of seqc"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { ++t.version; }),
                    SEQC_INCOMPATIBLE, "ABI version 4; this runtime has"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.size = 8; }),
                    SEQC_INVALID_ARGUMENT, "inconsistent"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.num_functions = 0; }),
                    SEQC_INVALID_ARGUMENT, "inconsistent"));
  EXPECT_TRUE(
      fails(loadTable([](seqc_abi_model &t) { t.num_functions = 1u << 30; }),
            SEQC_INVALID_ARGUMENT, "inconsistent"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.metadata = nullptr; }),
                    SEQC_INVALID_ARGUMENT, "inconsistent"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.requirements = 64; }),
                    SEQC_INCOMPATIBLE, "requirement bits 64"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.num_functions = 1; }),
                    SEQC_INCOMPATIBLE, "no-such-feature"));
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { t.num_functions = 3; }),
                    SEQC_INVALID_ARGUMENT, "no function 'misuse'"));
  seqc_model_t *model;
  EXPECT_TRUE(fails(seqc_model_from_table(nullptr, &model),
                    SEQC_INVALID_ARGUMENT, "no table"));
}

TEST(Table, SmallWeightsAreAlwaysVerified) {
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) { ++t.weights_digest; }),
                    SEQC_INVALID_ARGUMENT, "weights differ"));
  EXPECT_TRUE(succeeds(loadTable([](seqc_abi_model &t) {
    t.weights_size = 0;
    ++t.weights_digest;
  })));
}

TEST(Table, LargeWeightsAreVerifiedOnDemand) {
  std::vector<uint64_t> weights((16u << 20) / 8, 7);
  seqc_abi_model table = *fake_model();
  table.weights = weights.data();
  table.weights_size = 16u << 20;
  table.weights_digest = seqc_abi_digest(weights.data(), table.weights_size);
  seqc_model_t *model;
  ASSERT_TRUE(succeeds(seqc_model_from_table(&table, &model)));
  EXPECT_TRUE(succeeds(seqc_model_verify(model)));
  ++weights.back();
  EXPECT_TRUE(
      fails(seqc_model_verify(model), SEQC_INVALID_ARGUMENT, "weights differ"));
  seqc_model_release(model);
  ASSERT_TRUE(succeeds(seqc_model_from_table(&table, &model)));
  seqc_model_release(model);
  EXPECT_TRUE(fails(seqc_model_verify(nullptr), SEQC_INVALID_ARGUMENT, "NULL"));
}

TEST(Digest, DoesNotDependOnTheParts) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i)
    bytes += char(i * 7);
  for (size_t first : {0u, 32u, 512u, 992u})
    for (size_t size : {0u, 1u, 8u}) {
      std::string_view text = std::string_view(bytes).substr(0, 992 + size);
      seqc_abi_digester digester = seqc_abi_digest_begin();
      seqc_abi_digest_add(&digester, text.data(), first);
      EXPECT_EQ(seqc_abi_digest_end(&digester, text.data() + first,
                                    text.size() - first),
                seqc_abi_digest(text.data(), text.size()));
    }
}

TEST(Table, ThatNeedsOneDnnIsRefusedWithoutIt) {
  EXPECT_EQ(seqc_runtime_onednn_version(), nullptr);
  EXPECT_TRUE(fails(loadTable([](seqc_abi_model &t) {
                      t.requirements = SEQC_ABI_REQUIRES_DNN;
                    }),
                    SEQC_UNSUPPORTED, "oneDNN"));
}

TEST(Table, MetadataIsChecked) {
  EXPECT_TRUE(
      fails(loadMetadata(""), SEQC_INVALID_ARGUMENT, "not a JSON object"));
  EXPECT_TRUE(
      fails(loadMetadata("[]"), SEQC_INVALID_ARGUMENT, "not a JSON object"));
  EXPECT_TRUE(
      fails(loadMetadata("{"), SEQC_INVALID_ARGUMENT, "not a JSON object"));
  EXPECT_TRUE(
      fails(loadMetadata("{}"), SEQC_INVALID_ARGUMENT, "'abi' is missing"));
  EXPECT_TRUE(fails(loadMetadata(R"({"abi":7,"entries":[]})"),
                    SEQC_INCOMPATIBLE, "ABI version 7"));
  EXPECT_TRUE(fails(loadMetadata(R"({"abi":3,"entries":[]})"),
                    SEQC_INVALID_ARGUMENT, "'entries' is missing or empty"));
  std::string deep = R"({"abi":3,"x":)" + std::string(100000, '[');
  EXPECT_TRUE(fails(loadMetadata(deep), SEQC_INVALID_ARGUMENT, "nested"));
}

TEST(Runtime, HasVersions) {
  EXPECT_STRNE(seqc_runtime_version(), "");
  EXPECT_EQ(seqc_runtime_abi_version(), SEQC_ABI_VERSION);
}
