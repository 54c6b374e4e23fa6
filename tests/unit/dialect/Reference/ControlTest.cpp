//===- ControlTest.cpp - Loops, branches and calls ------------------------===//

#include "Program.h"

using namespace seqc::reference;

TEST(Control, RunsForLoops) {
  // Powers of two by doubling, written one after the other.
  Program program(
      R"(func.func @main(%n: index, %e: tensor<?xi32>) -> (i32, tensor<?xi32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %one, %t = %e) -> (i32, tensor<?xi32>) {
      %u = tensor.insert %x into %t[%i] : tensor<?xi32>
      %y = arith.addi %x, %x : i32
      scf.yield %y, %u : i32, tensor<?xi32>
    }
    return %r#0, %r#1 : i32, tensor<?xi32>
  })");
  Tensor e = i32({4}, {0, 0, 0, 0});
  auto results = program.run({Tensor::ofIndex(4), e});
  EXPECT_EQ(results[0].scalar().i, 16);
  expectInts(results[1], {4}, {1, 2, 4, 8});
  expectInts(e, {4}, {0, 0, 0, 0});
  EXPECT_EQ(program.run({Tensor::ofIndex(0), e})[0].scalar().i, 1);
}

TEST(Control, RunsWhileLoops) {
  // Euclid's algorithm.
  Program program(R"(func.func @main(%a: i32, %b: i32) -> i32 {
    %zero = arith.constant 0 : i32
    %r:2 = scf.while (%x = %a, %y = %b) : (i32, i32) -> (i32, i32) {
      %c = arith.cmpi ne, %y, %zero : i32
      scf.condition(%c) %x, %y : i32, i32
    } do {
    ^bb0(%x: i32, %y: i32):
      %m = arith.remui %x, %y : i32
      scf.yield %y, %m : i32, i32
    }
    return %r#0 : i32
  })");
  EXPECT_EQ(program.run({i32({}, 84), i32({}, 36)})[0].scalar().i, 12);
}

TEST(Control, ChoosesBranches) {
  Program program(R"(func.func @main(%a: index, %c: i1) -> (i32, i32) {
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %three = arith.constant 3 : i32
    %r = scf.if %c -> i32 {
      scf.yield %one : i32
    } else {
      scf.yield %two : i32
    }
    scf.if %c {
    }
    %s = scf.index_switch %a -> i32
    case 5 {
      scf.yield %two : i32
    }
    default {
      scf.yield %three : i32
    }
    return %r, %s : i32, i32
  })");
  auto results = program.run({Tensor::ofIndex(5), i1({}, 1)});
  EXPECT_EQ(results[0].scalar().i, 1);
  EXPECT_EQ(results[1].scalar().i, 2);
  results = program.run({Tensor::ofIndex(4), i1({}, 0)});
  EXPECT_EQ(results[0].scalar().i, 2);
  EXPECT_EQ(results[1].scalar().i, 3);
}

TEST(Control, RunsForallOnTheOutputsAsTheyWere) {
  Program program(R"(func.func @main(%t: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %r = scf.forall (%i, %j) in (2, 3) shared_outs(%o = %t) -> tensor<2x3xf32> {
      %last = arith.constant 2 : index
      %k = arith.subi %last, %j : index
      %x = tensor.extract_slice %o[%i, %k] [1, 1] [1, 1] : tensor<2x3xf32> to tensor<1x1xf32>
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %x into %o[%i, %j] [1, 1] [1, 1]
            : tensor<1x1xf32> into tensor<2x3xf32>
      }
    }
    return %r : tensor<2x3xf32>
  })");
  expectFloats(program.run({f32({2, 3}, {1, 2, 3, 4, 5, 6})})[0], {2, 3},
               {3, 2, 1, 6, 5, 4});
}

TEST(Control, CallsFunctions) {
  Program program(R"(
    func.func private @square(%x: tensor<?xf32>) -> tensor<?xf32> {
      %y = arith.mulf %x, %x : tensor<?xf32>
      return %y : tensor<?xf32>
    }
    func.func @main(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
      %y = call @square(%x) : (tensor<?xf32>) -> tensor<?xf32>
      %z = call @square(%y) : (tensor<?xf32>) -> tensor<?xf32>
      return %y, %z : tensor<?xf32>, tensor<?xf32>
    })");
  auto results = program.run({f32({2}, {2, 3})});
  expectFloats(results[0], {2}, {4, 9});
  expectFloats(results[1], {2}, {16, 81});
}

TEST(Control, FailsOnFalseAssertions) {
  Program program(R"(func.func @main(%c: i1) {
    cf.assert %c, "lengths exceed the time extent"
    return
  })");
  EXPECT_EQ(program.getError({i1({}, 1)}), "");
  EXPECT_THAT(program.getError({i1({}, 0)}),
              testing::HasSubstr("lengths exceed the time extent"));
}
