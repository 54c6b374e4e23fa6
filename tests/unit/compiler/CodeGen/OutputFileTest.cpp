//===- OutputFileTest.cpp - Files that appear whole or not at all ---------===//

#include "compiler/CodeGen/OutputFile.h"
#include "compiler/CodeGen/CompileError.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>
#include <optional>

using namespace llvm;
using namespace seqc;

namespace {
class OutputFileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("seqc-output", folder));
    destination = (folder + "/out").str();
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  /// Names of the files in the folder.
  size_t countFiles() const {
    size_t count = 0;
    std::error_code code;
    for (sys::fs::directory_iterator it(folder, code), end; it != end;
         it.increment(code))
      ++count;
    return count;
  }
  std::string readBack() const {
    auto file = MemoryBuffer::getFile(destination);
    return file ? (*file)->getBuffer().str() : "";
  }

  SmallString<128> folder;
  std::string destination;
};
} // namespace

TEST_F(OutputFileTest, ReplacesTheDestination) {
  ASSERT_FALSE(bool(writeFile(destination, "old")));
  ASSERT_FALSE(bool(writeFile(destination, "new")));
  EXPECT_EQ(readBack(), "new");
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(OutputFileTest, LeavesNothingUnlessKept) {
  {
    Expected<TemporaryFile> file = TemporaryFile::create(destination, "o");
    ASSERT_TRUE(bool(file));
    ASSERT_FALSE(bool(file->write("half")));
    EXPECT_EQ(countFiles(), 1u);
    std::optional<TemporaryFile> moved(std::move(*file));
    moved = std::move(*TemporaryFile::create(destination, "o"));
    EXPECT_EQ(countFiles(), 1u);
  }
  EXPECT_EQ(countFiles(), 0u);
}

TEST_F(OutputFileTest, KeptFilesHaveTheRightPermissions) {
  for (bool executable : {false, true}) {
    Expected<TemporaryFile> file = TemporaryFile::create(destination, "o");
    ASSERT_TRUE(bool(file));
    ASSERT_FALSE(bool(file->keep(destination, executable)));
    EXPECT_EQ(sys::fs::can_execute(destination), executable);
  }
}

TEST_F(OutputFileTest, ReportsWhatTheDiskRefuses) {
  for (std::string path : {"/dev/full", "/nowhere/out"}) {
    std::string message;
    EXPECT_EQ(takeFailure(writeFile(path, "x"), message),
              FailureKind::Environment);
    EXPECT_NE(message.find("cannot write '" + path), std::string::npos);
  }
}
