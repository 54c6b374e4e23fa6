//===- CachesTest.cpp - Keys and values of earlier steps ------------------===//

#include "Program.h"

using namespace seqc::reference;

static Program makeAppend(const std::string &form, const std::string &cache,
                          const std::string &entries,
                          const std::string &position,
                          const std::string &axis) {
  return Program("func.func @main(%c: " + cache + ", %e: " + entries +
                 ", %p: " + position + ") -> " + cache +
                 " {\n  %y = seq.cache.append " + form + " %c, %e at %p axis " +
                 axis + " : (" + cache + ", " + entries + ", " + position +
                 ") -> " + cache + "\n  return %y : " + cache + "\n}");
}

TEST(CacheAppend, WritesBehindAPosition) {
  Program program =
      makeAppend("", "tensor<2x3x2xf32>", "tensor<2x1x2xf32>", "index", "1");
  Tensor cache = f32({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}),
         entries = f32({2, 1, 2}, {-1, -2, -3, -4});
  expectFloats(program.run({cache, entries, Tensor::ofIndex(1)})[0], {2, 3, 2},
               {0, 1, -1, -2, 4, 5, 6, 7, -3, -4, 10, 11});
  for (int64_t position : {-1, 3})
    EXPECT_THAT(
        program.getError({cache, entries, Tensor::ofIndex(position)}),
        testing::HasSubstr("position " + std::to_string(position) +
                           " leaves no room for 1 entries in a capacity of "
                           "3"));
}

TEST(CacheAppend, RowsHavePositions) {
  Program program = makeAppend("", "tensor<2x2x3xf32>", "tensor<2x2x?xf32>",
                               "tensor<?xi64>", "2");
  Tensor cache = f32({2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}),
         entries = f32({2, 2, 2}, {-1, -2, -3, -4, -5, -6, -7, -8}),
         starts = Tensor::ofInts(ElementKind::I64, {2}, {1, 0});
  expectFloats(program.run({cache, entries, starts})[0], {2, 2, 3},
               {0, -1, -2, 3, -3, -4, -5, -6, 8, -7, -8, 11});
  EXPECT_THAT(program.getError({cache, entries,
                                Tensor::ofInts(ElementKind::I64, {2}, {1, 2})}),
              testing::HasSubstr("position 2 leaves no room"));
  EXPECT_THAT(program.getError(
                  {cache, entries, Tensor::ofInts(ElementKind::I64, {1}, {1})}),
              testing::HasSubstr("position has shape 1, required 2"));
  EXPECT_THAT(
      program.getError({cache, f32({2, 2, 4}, getNumbers(16, 1)), starts}),
      testing::HasSubstr("4 entries for a capacity of 3"));
}

TEST(CacheAppend, GoesAroundTheEnd) {
  Program program = makeAppend("circular", "tensor<4x3xf32>", "tensor<4x2xf32>",
                               "tensor<4xi64>", "1");
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max(),
                    kLeast = std::numeric_limits<int64_t>::min();
  // kMost % 3 is 1, and kLeast % 3 as well.
  expectFloats(program.run({f32({4, 3}, std::vector<double>(12, 0)),
                            f32({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
                            Tensor::ofInts(ElementKind::I64, {4},
                                           {5, -1, kMost, kLeast})})[0],
               {4, 3}, {2, 0, 1, 4, 0, 3, 0, 5, 6, 0, 7, 8});
}

TEST(CacheAppend, NothingFitsEverywhere) {
  Program program = makeAppend("circular", "tensor<2x?xf32>", "tensor<2x?xf32>",
                               "index", "1");
  expectFloats(
      program.run({f32({2, 0}, {}), f32({2, 0}, {}), Tensor::ofIndex(7)})[0],
      {2, 0}, {});
}

TEST(CacheRead, TakesEntriesOfAllRows) {
  Program program(
      "func.func @main(%c: tensor<2x3x2xf32>, %b: index, %n: index) -> "
      "tensor<2x?x2xf32> {\n  %y = seq.cache.read %c from %b count %n axis 1 : "
      "tensor<2x3x2xf32> -> tensor<2x?x2xf32>\n  return %y : "
      "tensor<2x?x2xf32>\n}");
  Tensor cache = f32({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  auto run = [&](int64_t begin, int64_t count) {
    return program.run({cache, Tensor::ofIndex(begin), Tensor::ofIndex(count)});
  };
  expectFloats(run(0, 2)[0], {2, 2, 2}, {0, 1, 2, 3, 6, 7, 8, 9});
  expectFloats(run(2, 1)[0], {2, 1, 2}, {4, 5, 10, 11});
  expectFloats(run(3, 0)[0], {2, 0, 2}, {});
  for (auto [begin, count] :
       {std::pair<int64_t, int64_t>{-1, 1}, {2, 2}, {0, -1}, {0, 4}})
    EXPECT_THAT(program.getError(
                    {cache, Tensor::ofIndex(begin), Tensor::ofIndex(count)}),
                testing::HasSubstr("are outside of a capacity of 3"));
}

TEST(CacheReorder, TakesRowsFromParents) {
  Program program(
      "func.func @main(%c: tensor<2x1x2xf32>, %p: tensor<?xi32>) -> "
      "tensor<?x1x2xf32> {\n  %y = seq.cache.reorder %c by %p : "
      "(tensor<2x1x2xf32>, tensor<?xi32>) -> tensor<?x1x2xf32>\n  return %y : "
      "tensor<?x1x2xf32>\n}");
  Tensor cache = f32({2, 1, 2}, {0, 1, 2, 3});
  expectFloats(program.run({cache, i32({3}, {1, 0, 1})})[0], {3, 1, 2},
               {2, 3, 0, 1, 2, 3});
  for (int64_t parent : {-1, 2})
    EXPECT_THAT(program.getError({cache, i32({1}, {parent})}),
                testing::HasSubstr("parent " + std::to_string(parent) +
                                   " is outside of a cache of 2 rows"));
}

TEST(CacheReorder, TakesEntriesFromParents) {
  Program program(
      "func.func @main(%c: tensor<2x2x2x1xf32>, %p: tensor<?x?xi32>) -> "
      "tensor<?x2x2x1xf32> {\n  %y = seq.cache.reorder %c by %p axis 2 : "
      "(tensor<2x2x2x1xf32>, tensor<?x?xi32>) -> tensor<?x2x2x1xf32>\n  return "
      "%y : tensor<?x2x2x1xf32>\n}");
  Tensor cache = f32({2, 2, 2, 1}, {0, 1, 2, 3, 10, 11, 12, 13});
  expectFloats(program.run({cache, i32({2, 2}, {1, 0, 0, 0})})[0], {2, 2, 2, 1},
               {10, 1, 12, 3, 0, 1, 2, 3});
  EXPECT_THAT(program.getError({cache, i32({2, 1}, {0, 0})}),
              testing::HasSubstr("parents has shape 2x1, required 2x2"));
}
