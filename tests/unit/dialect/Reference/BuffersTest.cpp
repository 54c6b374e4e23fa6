//===- BuffersTest.cpp - Memory and library calls -------------------------===//

#include "Program.h"

using namespace seqc::reference;

TEST(Buffers, ShareStorageBetweenViews) {
  // Writes through a view of row i, read through the buffer.
  Program program(R"(func.func @main(%t: tensor<2x3xf32>, %i: index, %x: f32)
      -> (tensor<2x3xf32>, tensor<2xf32>, f32) {
    %c1 = arith.constant 1 : index
    %m = memref.alloc() : memref<2x3xf32>
    bufferization.materialize_in_destination %t in restrict writable %m
        : (tensor<2x3xf32>, memref<2x3xf32>) -> ()
    %row = memref.subview %m[%i, 0] [1, 2] [1, 2]
        : memref<2x3xf32> to memref<2xf32, strided<[2], offset: ?>>
    memref.store %x, %row[%c1] : memref<2xf32, strided<[2], offset: ?>>
    %y = memref.load %m[%i, %c1] : memref<2x3xf32>
    %a = bufferization.to_tensor %m restrict : memref<2x3xf32> to tensor<2x3xf32>
    %b = bufferization.to_tensor %row restrict
        : memref<2xf32, strided<[2], offset: ?>> to tensor<2xf32>
    memref.store %y, %m[%i, %i] : memref<2x3xf32>
    return %a, %b, %y : tensor<2x3xf32>, tensor<2xf32>, f32
  })");
  Tensor t = f32({2, 3}, {1, 2, 3, 4, 5, 6}),
         x = Tensor::ofFloat(ElementKind::F32, 9);
  auto results = program.run({t, Tensor::ofIndex(1), x});
  // Tensors are what the buffer held, not what it holds later.
  expectFloats(results[0], {2, 3}, {1, 2, 3, 4, 5, 9});
  expectFloats(results[1], {2}, {4, 9});
  EXPECT_EQ(results[2].scalar().f, 5);
  expectFloats(t, {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(
      program.getError({t, Tensor::ofIndex(2), x}),
      testing::AllOf(testing::HasSubstr("'memref.subview' at"),
                     testing::HasSubstr("leaves extent 2 of dimension 0")));
}

TEST(Buffers, PassThroughCallsAndLoops) {
  // Running sums, written by a function that shares the caller's memory.
  Program program(R"(
    func.func private @accumulate(%m: memref<?xi32>, %n: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      scf.for %i = %c1 to %n step %c1 {
        %h = arith.subi %i, %c1 : index
        %a = memref.load %m[%h] : memref<?xi32>
        %b = memref.load %m[%i] : memref<?xi32>
        %s = arith.addi %a, %b : i32
        memref.store %s, %m[%i] : memref<?xi32>
      }
      return
    }
    func.func @main(%t: tensor<?xi32>, %n: index) -> (tensor<?xi32>, index) {
      %c0 = arith.constant 0 : index
      %m = memref.alloc(%n) : memref<?xi32>
      bufferization.materialize_in_destination %t in restrict writable %m
          : (tensor<?xi32>, memref<?xi32>) -> ()
      call @accumulate(%m, %n) : (memref<?xi32>, index) -> ()
      %d = memref.dim %m, %c0 : memref<?xi32>
      %r = bufferization.to_tensor %m restrict : memref<?xi32> to tensor<?xi32>
      memref.dealloc %m : memref<?xi32>
      return %r, %d : tensor<?xi32>, index
    })");
  auto results = program.run({i32({4}, {1, 2, 3, 4}), Tensor::ofIndex(4)});
  expectInts(results[0], {4}, {1, 3, 6, 10});
  EXPECT_EQ(results[1].scalar().i, 4);
  EXPECT_THAT(program.getError({i32({4}, {1, 2, 3, 4}), Tensor::ofIndex(3)}),
              testing::HasSubstr("what is copied has shape 4, required 3"));
}

TEST(Buffers, AreOperandsOfStructuredOps) {
  // Rows of a buffer by number, into a strided view.
  Program program(R"(func.func @main(%t: tensor<3x2xf32>, %ids: tensor<2xi32>)
      -> tensor<2x3xf32> {
    %zero = arith.constant 0.0 : f32
    %m = memref.alloc() : memref<3x2xf32>
    bufferization.materialize_in_destination %t in restrict writable %m
        : (tensor<3x2xf32>, memref<3x2xf32>) -> ()
    %n = memref.alloc() : memref<2xi32>
    bufferization.materialize_in_destination %ids in restrict writable %n
        : (tensor<2xi32>, memref<2xi32>) -> ()
    %o = memref.alloc() : memref<2x3xf32>
    linalg.fill ins(%zero : f32) outs(%o : memref<2x3xf32>)
    %v = memref.subview %o[0, 1] [2, 2] [1, 1]
        : memref<2x3xf32> to memref<2x2xf32, strided<[3, 1], offset: 1>>
    linalg.generic {
        indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%n : memref<2xi32>) outs(%v : memref<2x2xf32, strided<[3, 1], offset: 1>>) {
      ^bb0(%id: i32, %x: f32):
        %i = arith.index_cast %id : i32 to index
        %j = linalg.index 1 : index
        %y = memref.load %m[%i, %j] : memref<3x2xf32>
        linalg.yield %y : f32
    }
    %r = bufferization.to_tensor %o restrict : memref<2x3xf32> to tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  })");
  Tensor t = f32({3, 2}, {1, 2, 3, 4, 5, 6});
  expectFloats(program.run({t, i32({2}, {2, 0})})[0], {2, 3},
               {0, 5, 6, 0, 1, 2});
  EXPECT_THAT(program.getError({t, i32({2}, {3, 0})}),
              testing::HasSubstr("index out of range"));
}

TEST(LibraryOps, MultiplyOnTensorsAndBuffers) {
  Program program(R"(func.func @main(%x: tensor<?x3xf32>, %w: tensor<2x3xf32>,
      %v: tensor<3x2xf32>, %a: tensor<?x2xf32>, %n: index)
      -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
    %p = dnn.create_matmul %w transposed constant : tensor<2x3xf32>
    %r = dnn.matmul %p, %x, %w outs(%a)
        : (tensor<?x3xf32>, tensor<2x3xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    %q = dnn.create_matmul %v : tensor<3x2xf32>
    %s = dnn.matmul %q, %x, %v outs(%a)
        : (tensor<?x3xf32>, tensor<3x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    %mx = memref.alloc(%n) : memref<?x3xf32>
    bufferization.materialize_in_destination %x in restrict writable %mx
        : (tensor<?x3xf32>, memref<?x3xf32>) -> ()
    %mv = memref.alloc() : memref<3x2xf32>
    bufferization.materialize_in_destination %v in restrict writable %mv
        : (tensor<3x2xf32>, memref<3x2xf32>) -> ()
    %ma = memref.alloc(%n) : memref<?x2xf32>
    bufferization.materialize_in_destination %a in restrict writable %ma
        : (tensor<?x2xf32>, memref<?x2xf32>) -> ()
    dnn.matmul %q, %mx, %mv outs(%ma) : (memref<?x3xf32>, memref<3x2xf32>, memref<?x2xf32>)
    %t = bufferization.to_tensor %ma restrict : memref<?x2xf32> to tensor<?x2xf32>
    return %r, %s, %t : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
  })");
  Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6}),
         v = f32({3, 2}, {1, -1, 2, -2, 3, -3});
  Tensor w = f32({2, 3}, {1, 2, 3, -1, -2, -3}),
         a = f32({2, 2}, {0.5, 0, 0, 0.5});
  auto results = program.run({x, w, v, a, Tensor::ofIndex(2)});
  for (const Tensor &result : llvm::ArrayRef(results).take_front(3))
    expectFloats(result, {2, 2}, {14.5, -14, 32, -31.5});
}
