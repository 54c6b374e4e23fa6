//===- CommandLineTest.cpp - Tests of the command line -------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the program made of the fake model as users do: exit codes, standard
// output, standard error and files.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"
#include "tests/unit/runtime/Testing.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace seqc::cli;
using namespace seqc::test;
using nlohmann::json;

namespace {

/// What a run of the program gave.
struct Outcome {
  int code;
  std::string out, err;
};

class CommandLine : public ::testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/seqc-cli-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
  }

  void TearDown() override {
    ASSERT_EQ(std::system(("rm -rf " + folder).c_str()), 0);
  }

  std::string file(const std::string &name) const {
    return folder + "/" + name;
  }

  std::string readBack(const std::string &name) const {
    std::ifstream stream(file(name), std::ios::binary);
    std::stringstream contents;
    contents << stream.rdbuf();
    return contents.str();
  }

  void write(const std::string &name, const std::string &contents) const {
    std::ofstream(file(name), std::ios::binary) << contents;
  }

  /// Number of files in the folder.
  int countFiles() const {
    std::string command = "ls -A " + folder + " | wc -l";
    FILE *pipe = popen(command.c_str(), "r");
    int count = -1;
    EXPECT_EQ(std::fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
  }

  /// Runs the program with arguments in shell syntax, without environment.
  Outcome run(const std::string &arguments,
              const std::string &before = "") const {
    std::string command = before + " env -i " + builtFile("fake_program") +
                          " " + arguments + " >" + outPath() + " 2>" +
                          errPath();
    if (arguments.find('<') == std::string::npos && before.empty())
      command += " </dev/null";
    int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status)) << command;
    auto slurp = [](const std::string &path) {
      std::ifstream stream(path, std::ios::binary);
      std::stringstream contents;
      contents << stream.rdbuf();
      std::remove(path.c_str());
      return contents.str();
    };
    return {WEXITSTATUS(status), slurp(outPath()), slurp(errPath())};
  }

  std::string outPath() const { return folder + ".out"; }
  std::string errPath() const { return folder + ".err"; }

  std::string folder;
};

} // namespace

TEST_F(CommandLine, TextsBecomeLines) {
  Outcome result = run("abc 'CBA 年'");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "cba\n年 abc\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(CommandLine, ReadsStandardInput) {
  Outcome result = run("--batch 2", "printf 'a\\nab\\r\\nabc\\nbb' |");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "a\nba\ncba\nbb\n");
  EXPECT_EQ(run("").out, "");
}

TEST_F(CommandLine, BadTextsAreReportedTogether) {
  Outcome result = run("ab '' 'a?' abcabcabc");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("text 2: empty text"), std::string::npos);
  EXPECT_NE(result.err.find("text 3: unknown character '?' (U+003F) at "
                            "position 2"),
            std::string::npos);
  EXPECT_NE(result.err.find("text 4: text has 9 characters"),
            std::string::npos);
}

TEST_F(CommandLine, BadLinesKeepTheirPlace) {
  Outcome result = run("", "printf 'ab\\n?\\nbc\\n' |");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "ba\n\ncb\n");
  EXPECT_NE(result.err.find("line 2: unknown character"), std::string::npos);
}

TEST_F(CommandLine, BadLinesHaveAnErrorInJson) {
  Outcome result = run("--json", "printf 'ab\\n\\n\\377\\n' |");
  EXPECT_EQ(result.code, 2);
  json list = json::parse(result.out);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_FALSE(list[0].contains("error"));
  EXPECT_EQ(list[1]["error"], "empty text; required: at least one character");
  EXPECT_NE(list[2]["error"].get<std::string>().find("UTF-8"),
            std::string::npos);
}

TEST_F(CommandLine, WritesTensorsOfAllTexts) {
  std::string output = "--batch 2 --output tokens=" + file("t.json") +
                       " --output text=" + file("t.txt");
  EXPECT_EQ(run(output, "printf 'ab\\na\\nabc\\n' |").code, 0);
  EXPECT_EQ(json::parse(readBack("t.json")).size(), 3u);
  EXPECT_EQ(readBack("t.txt"), "ba\na\ncba\n");
  EXPECT_EQ(run("abc --expect tokens=" + file("t.json")).code, 1);
  Outcome result = run(output);
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("no output 'tokens' without texts"),
            std::string::npos);
  EXPECT_EQ(run(output, "printf 'ab\\n?\\n' |").code, 2);
}

TEST_F(CommandLine, PrintsNBestAndScores) {
  EXPECT_EQ(run("abc --n-best 2 --scores").out, "cba\t-0.5\ncb\t-1\n");
  EXPECT_EQ(run("ab bc --n-best 2").out, "ba\nb\n\ncb\nc\n");
  EXPECT_EQ(run("abc --max-length 2").out, "cb\n");
  Outcome result = run("abc --n-best 3");
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("compiled was: beam, width 2, n-best 2"),
            std::string::npos);
  EXPECT_EQ(run("abc --beam 2").code, 0);
  EXPECT_EQ(run("abc --beam 3").code, 2);
  EXPECT_EQ(run("abc --sample").code, 2);
  result = run("abc --prefix a");
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("'seqc compile --prefix' or from a description "
                            "with 'prefix: true'"),
            std::string::npos);
}

TEST_F(CommandLine, PrintsJson) {
  json list = json::parse(run("abc --json --n-best 2 --scores").out);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["input"], "abc");
  EXPECT_EQ(list[0]["results"][0]["text"], "cba");
  EXPECT_EQ(list[0]["results"][1]["score"], -1);
  EXPECT_EQ(json::parse(run("a b --json").out).size(), 2u);
  EXPECT_EQ(json::parse(run("--json").out).size(), 0u);
  json tensors =
      json::parse(run("--entry scale --input 'x=[[1,2,3]]' --json").out);
  EXPECT_EQ(tensors["outputs"]["y"]["values"][0][2], 6);
  EXPECT_EQ(tensors["outputs"]["y"]["shape"][1], 3);
}

TEST_F(CommandLine, DrawsAttention) {
  Outcome result = run("'a 年' --attention " + file("map.svg"));
  EXPECT_EQ(result.code, 0) << result.err;
  std::string svg = readBack("map.svg");
  EXPECT_EQ(svg.substr(0, 5), "<?xml");
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
  EXPECT_NE(svg.find(">年</text>"), std::string::npos);
  EXPECT_NE(svg.find("年 ← 年: 1.000"), std::string::npos);
  EXPECT_EQ(
      run("--entry scale --input x=random:1x3 --attention " + file("no.svg"))
          .code,
      2);
}

TEST_F(CommandLine, RunsTensors) {
  Outcome result = run("--entry scale --input x=1,2,3 --input 1=-1");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "y: f32 [1, 3]: [[-1, -2, -3]]\n");
  result = run("--entry gather --input 'ids=[[1,2,3],[4,5,6]]' --lengths 3,1");
  EXPECT_EQ(result.out, "last: i32 [2]: [3, 4]\n");
  // Ids as a tensor go around the text pipeline.
  EXPECT_NE(run("--input ids=2,3").out.find("tokens: i32 [1, 2, 3]"),
            std::string::npos);
}

TEST_F(CommandLine, ReportsBadTensors) {
  struct Case {
    const char *arguments, *message;
  };
  for (const Case &c : std::initializer_list<Case>{
           {"--entry scale", "missing inputs: 'x' (f32 [rows, 3])"},
           {"--entry scale --input x=1,2", "found shape [1, 2]"},
           {"--entry scale --input z=1", "no input 'z'; there are: 'x', "
                                         "'factor'"},
           {"--entry scale --input x=/no/x.npy", "cannot open"},
           {"--entry scale text", "this model takes no text"},
           {"--entry nothing", "no entry 'nothing'"},
           {"--entry scale --input x=1,2,3 --output z=z.npy", "no output 'z'"},
           {"--entry scale --input x=1,2,3 --carry y=x", "need --step"},
           {"--entry gather --input ids=1,9", "it must be at most 7"},
           {"--entry gather --input ids=1,2 --lengths 5", "extent of 'time'"},
           {"--entry scale --input x=1,2,3 --beam 2", "does not generate"},
           {"--entry scale --input x=random:2,x",
            "random: shape '2,x' is not of the form 2x3 or 2,3"},
           {"--input ids=2,3 abc",
            "--input ids=2,3 and TEXT exclude each other: input 'ids' is made "
            "of the text, found 'abc'"},
           {"--input 0=2,3 abc", "--input 0=2,3 and TEXT exclude each other"},
           {"--step ids=2,3 abc", "--step ids=2,3 and TEXT exclude each other"},
           {"--input lengths=2 abc", "and TEXT exclude each other"},
           {"--input lengths=2", "input 'lengths' is made of the text\n"},
           {"--bogus", "unknown option '--bogus'"}}) {
    Outcome result = run(c.arguments);
    EXPECT_EQ(result.code, 2) << c.arguments;
    EXPECT_NE(result.err.find(c.message), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(CommandLine, WritesAndReadsEveryFormat) {
  for (const char *suffix : {"npy", "pb", "json", "txt"}) {
    std::string path = file(std::string("y.") + suffix);
    Outcome result = run("--entry scale --input 'x=[[1,2,3],[4,5,6]]' "
                         "--output y=" +
                         path);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    result = run("--entry scale --input x=" + path + " --input factor=0.5");
    EXPECT_EQ(result.out, "y: f32 [2, 3]: [[1, 2, 3], [4, 5, 6]]\n")
        << result.err;
  }
  EXPECT_EQ(
      run("--entry scale --input x=1,2,3 --output y=" + file("y.doc")).code, 2);
}

TEST_F(CommandLine, ComparesWithExpectations) {
  write("want.json", "[[2, 4, 6.3]]");
  std::string base =
      "--entry scale --input x=1,2,3 --expect y=" + file("want.json");
  Outcome result = run(base);
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.out.find("DIFFERENT y: max abs 0.3"), std::string::npos);
  EXPECT_NE(result.out.find("worst at [0, 2]: found 6, expected 6.3"),
            std::string::npos);
  EXPECT_EQ(run(base + " --rtol 0.1").code, 0);
  EXPECT_EQ(run(base + " --atol 0.1").code, 0);
  write("text.txt", "cba\nwrong\n");
  EXPECT_EQ(run("abc b --expect text=" + file("text.txt")).code, 1);
  write("text.txt", "cba\nb\n");
  EXPECT_EQ(run("abc b --expect text=" + file("text.txt")).code, 0);
}

TEST_F(CommandLine, StepsCarryAndStack) {
  write("steps.json", "[1, 2, 3, 4]");
  Outcome result = run("--entry count --step step=" + file("steps.json") +
                       " --output total=" + file("all.json") +
                       " --final total=" + file("last.json"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(json::parse(readBack("all.json")), json::parse("[1, 3, 6, 10]"));
  EXPECT_EQ(json::parse(readBack("last.json")), 10);
  write("factor.json", "[2, 3, 4]");
  result = run("--entry scale --input x=1,1,1 --carry y=x --step factor=" +
               file("factor.json"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "y: f32 [3, 1, 3]: [[[2, 2, 2]], [[6, 6, 6]], "
                        "[[24, 24, 24]]]\n");
}

TEST_F(CommandLine, FullDiskLeavesNothingBehind) {
  EXPECT_EQ(run("abc --attention /dev/full").code, 5);
  Outcome result = run("--entry scale --input x=1,2,3 --output "
                       "y=/no/such/folder/y.npy");
  EXPECT_EQ(result.code, 5);
  EXPECT_NE(result.err.find("cannot write '/no/such/folder/y.npy'"),
            std::string::npos);
  // A limit on the size of files stands for a full disk.
  write("y.npy", "old");
  result =
      run("--entry scale --input x=random:2000x3 --output y=" + file("y.npy"),
          "ulimit -f 1; trap '' XFSZ;");
  EXPECT_EQ(result.code, 5) << result.err;
  EXPECT_EQ(readBack("y.npy"), "old");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(CommandLine, ReportsAFullStandardOutput) {
  std::string program = builtFile("fake_program");
  for (const char *arguments : {"abc", "--help"})
    for (const char *where : {">/dev/full", ">&-"}) {
      std::string command =
          program + " " + arguments + " " + where + " 2>" + file("err");
      int status = std::system(command.c_str());
      EXPECT_EQ(WEXITSTATUS(status), 5) << command;
      EXPECT_EQ(readBack("err").find(
                    "fake_program: error: cannot write standard output: "),
                0u)
          << command;
    }
  // A reader that has seen enough is no failure.
  int status = std::system(("seq 20000 | sed 's/.*/abc/' | (" + program +
                            "; echo code $? >" + file("code") +
                            ") | head -1 >" + file("line") + " 2>&1")
                               .c_str());
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(readBack("line"), "cba\n");
  EXPECT_EQ(readBack("code"), "code 0\n");
}

TEST_F(CommandLine, SaysThatNothingIsWrongWithTheWeights) {
  const char *note = "fake_program: note: the weights are as they were written";
  EXPECT_EQ(run("abc --verify").err, std::string(note) + "\n");
  EXPECT_EQ(run("abc --verify --quiet").err, "");
}

TEST_F(CommandLine, WritesAProfile) {
  EXPECT_EQ(run("abc --profile " + file("trace.json")).code, 0);
  json trace = json::parse(readBack("trace.json"));
  std::vector<std::string> names;
  for (const json &event : trace["traceEvents"])
    names.push_back(event["name"].get<std::string>());
  EXPECT_THAT(names, ::testing::Contains("mirror").Times(2));
  EXPECT_THAT(names, ::testing::Contains("load").Times(2));
}

TEST_F(CommandLine, HelpNamesInputsAndOutputs) {
  Outcome result = run("--help");
  EXPECT_EQ(result.code, 0);
  EXPECT_NE(result.out.find("usage: fake_program [options] [TEXT...]"),
            std::string::npos);
  EXPECT_NE(result.out.find("i32 [batch, 2, steps]"), std::string::npos);
  EXPECT_NE(result.out.find("--attention FILE.svg"), std::string::npos);
}
