"""Calls programs in IR with extents, lengths, rows and ids that do not fit, of every op of seq.

  mlir_runtime_checks.py FOLDER [NAME...]    writes programs there and runs them, compiled and
                                             interpreted; ends with 1 if one behaves otherwise

Each case holds a program, inputs that are right, and wrong ones in place of some of them with what the
message says. A wrong call ends with exit code 2; the message names file, line and column of the op (that
line of the program which begins with its mark, `->`), and is the same compiled and interpreted.
"""

import os
import subprocess
import sys

import numpy

CASES = {}


def case(name, text, good, *bad):
    CASES[name] = (text, good, bad)


def f(*shape):
    return numpy.linspace(-1, 1, int(numpy.prod(shape, dtype=int)), dtype=numpy.float32).reshape(shape)


def i(*numbers):
    return numpy.array(numbers, numpy.int32)


case("recurrence", """
func.func @main(%x: tensor<?x?x4xf32>, %z: tensor<?x?x4xf32>, %h: tensor<?x4xf32>, %n: tensor<?xi32>) -> tensor<?x?x4xf32> {
->%y, %last = seq.recurrence scan(%x, %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>) init(%h : tensor<?x4xf32>)
      lengths(%n : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %zt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %a = arith.addf %xt, %zt : tensor<?x4xf32>
    %b = arith.addf %a, %s : tensor<?x4xf32>
    seq.yield %b, %b : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>
}""", {"x": f(64, 2, 4), "z": f(64, 2, 4), "h": f(2, 4), "n": i(64, 0)},
     ({"z": f(1, 2, 4)}, "'seq.recurrence' op scanned input 1 has 1 time steps, but 64 are required [C7]"),
     ({"z": f(64, 3, 4)}, "scanned input 1 has 3 batch rows, but 2 are required [C8]"),
     ({"h": f(200, 4)}, "state 0 has 200 batch rows, but 2 are required [C8]"),
     ({"n": i(1, 2, 3)}, "lengths has 3 batch rows, but 2 are required [C8]"),
     ({"n": i(64, 65)}, "lengths holds 65, but 0 to 64 is required [R1]"),
     ({"n": i(-1, 64)}, "lengths holds -1, but 0 to 64 is required [R1]"))

case("recurrence-steps", """
func.func @main(%h: tensor<?x4xf32>, %n: tensor<1xi64>) -> tensor<3x?x4xf32> {
  %c0 = arith.constant 0 : index
  %e = tensor.extract %n[%c0] : tensor<1xi64>
  %steps = arith.index_cast %e : i64 to index
->%y, %last = seq.recurrence init(%h : tensor<?x4xf32>) steps(%steps) {
  ^bb0(%s: tensor<?x4xf32>):
    %a = arith.addf %s, %s : tensor<?x4xf32>
    seq.yield %a, %a : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<3x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<3x?x4xf32>
}""", {"h": f(2, 4), "n": numpy.array([3])},
     ({"n": numpy.array([-2])}, "steps is -2, but at least 0 is required [R2]"),
     ({"n": numpy.array([5])}, "steps has 5 time steps, but 3 are required [C7]"))

case("recurrence-flat", """
func.func @main(%x: tensor<?x4xf32>, %h: tensor<?x4xf32>, %n: tensor<?xi32>) -> tensor<?x4xf32> {
  %counts = arith.index_cast %n : tensor<?xi32> to tensor<?xindex>
->%y, %last = seq.recurrence scan(%x : tensor<?x4xf32>) init(%h : tensor<?x4xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %a = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %a, %a : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x4xf32>
}""", {"x": f(6, 4), "h": f(3, 4), "n": i(3, 2, 1)},
     ({"n": i(1, 2, 3)}, "counts grow by 1 from one step to the next, but they may not grow [R3]"),
     ({"n": i(6, 0, 0)}, "counts holds 6, but 0 to 3 is required [R3]"),
     ({"n": i(3, 3, -1)}, "counts holds -1, but 0 to 3 is required [R3]"),
     ({"x": f(5, 4)}, "counts sum to 6, but 5 living rows are stored [R3]"))

case("recurrence-cell", """
func.func @main(%x: tensor<?x?x4xf32>, %o: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
->%y = seq.recurrence scan(%x : tensor<?x?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>):
    seq.yield %o : tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>)
  return %y : tensor<?x?x4xf32>
}""", {"x": f(3, 2, 4), "o": f(2, 4)},
     ({"o": f(1, 4)}, "yielded output 0 has extent 1 in dimension 0, but 2 is required [R4]"))

for gates, layer in ((1, "rnn"), (3, "gru"), (4, "lstm")):
    types = (f"tensor<?x?x3xf32>, tensor<1x{2 * gates}x3xf32>, tensor<1x{2 * gates}x2xf32>, tensor<?x?xf32>, "
             "tensor<?xi32>, tensor<1x?x2xf32>")
    states = "tensor<1x?x2xf32>" + (", tensor<1x?x2xf32>" if layer == "lstm" else "")
    case(layer, f"""
func.func @main(%x: tensor<?x?x3xf32>, %n: tensor<?xi32>, %h: tensor<1x?x2xf32>, %b: tensor<?x?xf32>)
    -> tensor<?x1x?x2xf32> {{
  %w = arith.constant dense<0.25> : tensor<1x{2 * gates}x3xf32>
  %r = arith.constant dense<0.5> : tensor<1x{2 * gates}x2xf32>
->%y:{3 if layer == "lstm" else 2} = seq.{layer} %x, %w, %r bias(%b) lengths(%n) initial_h(%h)
      : ({types}) -> (tensor<?x1x?x2xf32>, {states})
  return %y#0 : tensor<?x1x?x2xf32>
}}""", {"x": f(4, 2, 3), "n": i(4, 0), "h": f(1, 2, 2), "b": f(1, 4 * gates)},
         ({"n": i(5, 0)}, f"'seq.{layer}' op lengths holds 5, but 0 to 4 is required [R1]"),
         ({"n": i(4, -7)}, "lengths holds -7, but 0 to 4 is required [R1]"),
         ({"n": i(4)}, "lengths has 1 batch rows, but 2 are required [C4]"),
         ({"h": f(1, 200, 2)}, "initial_h has extent 200 in dimension 1, but 2 is required [C5]"),
         ({"b": f(1, 3)}, f"bias has extent 3 in dimension 1, but {4 * gates} is required [C3]"))

case("lstm-states", """
func.func @main(%x: tensor<?x?x3xf32>, %c: tensor<?x1x2xf32>, %p: tensor<1x?xf32>) -> tensor<?x?x1x2xf32> {
  %w = arith.constant dense<0.25> : tensor<1x8x3xf32>
  %r = arith.constant dense<0.5> : tensor<1x8x2xf32>
->%y:3 = seq.lstm %x, %w, %r initial_c(%c) peephole(%p) {batch_first}
      : (tensor<?x?x3xf32>, tensor<1x8x3xf32>, tensor<1x8x2xf32>, tensor<?x1x2xf32>, tensor<1x?xf32>)
      -> (tensor<?x?x1x2xf32>, tensor<?x1x2xf32>, tensor<?x1x2xf32>)
  return %y#0 : tensor<?x?x1x2xf32>
}""", {"x": f(2, 4, 3), "c": f(2, 1, 2), "p": f(1, 6)},
     ({"c": f(3, 1, 2)}, "initial_c has extent 3 in dimension 0, but 2 is required [C5]"),
     ({"p": f(1, 4)}, "peephole has extent 4 in dimension 1, but 6 is required [C8]"))

case("embedding", """
func.func @main(%i: tensor<?x?xi32>, %t: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
->%y = seq.embedding %i of %t : (tensor<?x?xi32>, tensor<?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}""", {"i": i(0, 4, 2, 1).reshape(2, 2), "t": f(5, 4)},
     ({"i": i(0, 5, 2, 1).reshape(2, 2)}, "'seq.embedding' op ids holds 5, but 0 to 4 is required [R1]"),
     ({"i": i(0, 4, -1, 1).reshape(2, 2)}, "ids holds -1, but 0 to 4 is required [R1]"),
     ({"t": f(0, 4)}, "ids holds 4, but 0 to -1 is required [R1]"))

case("quantization", """
func.func @main(%x: tensor<?x?xf32>, %s: tensor<?x?xf32>, %z: tensor<?x?xi8>) -> tensor<?x?xi8> {
->%y = seq.quantize %x scale(%s) zero(%z) axis 1 block 4 : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>) -> tensor<?x?xi8>
  return %y : tensor<?x?xi8>
}""", {"x": f(3, 6), "s": f(3, 2), "z": numpy.zeros((3, 2), numpy.int8)},
     ({"s": f(2, 2), "z": numpy.zeros((2, 2), numpy.int8)},
      "'seq.quantize' op scale has extent 2 in dimension 0, but 3 is required [C2]"),
     ({"x": f(3, 9)}, "scale has extent 2 in dimension 1, but 3 is required [C2]"),
     ({"z": numpy.zeros((3, 1), numpy.int8)}, "zero has extent 1 in dimension 1, but 2 is required [C4]"))

case("append", """
func.func @main(%c: tensor<?x?x3xf32>, %e: tensor<?x?x3xf32>, %p: tensor<?xi32>) -> tensor<?x?x3xf32> {
->%y = seq.cache.append %c, %e at %p axis 1 : (tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?xi32>) -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}""", {"c": f(2, 4, 3), "e": f(2, 1, 3), "p": i(0, 3)},
     ({"e": f(1, 1, 3)}, "'seq.cache.append' op entries has extent 1 in dimension 0, but 2 is required [C2]"),
     ({"e": f(2, 5, 3)}, "has 5 entries for a capacity of 4, but at most as many are required [C2]"),
     ({"p": i(0)}, "position has extent 1 in dimension 0, but 2 is required [C3]"),
     ({"p": i(0, 4)}, "position holds 4, but 0 to 3 is required [R1]"),
     ({"p": i(-1, 3)}, "position holds -1, but 0 to 3 is required [R1]"))

case("append-one", """
func.func @main(%c: tensor<?x4x3xf32>, %e: tensor<?x2x3xf32>, %n: tensor<1xi64>) -> tensor<?x4x3xf32> {
  %c0 = arith.constant 0 : index
  %f = tensor.extract %n[%c0] : tensor<1xi64>
  %p = arith.index_cast %f : i64 to index
->%y = seq.cache.append %c, %e at %p axis 1 : (tensor<?x4x3xf32>, tensor<?x2x3xf32>, index) -> tensor<?x4x3xf32>
  return %y : tensor<?x4x3xf32>
}""", {"c": f(2, 4, 3), "e": f(2, 2, 3), "n": numpy.array([2])},
     ({"n": numpy.array([3])}, "'seq.cache.append' op position is 3, but 0 to 2 is required [R1]"),
     ({"n": numpy.array([-1])}, "position is -1, but 0 to 2 is required [R1]"))

case("append-circular", """
func.func @main(%c: tensor<?x?x3xf32>, %e: tensor<?x2x3xf32>, %p: tensor<?xi64>) -> tensor<?x?x3xf32> {
->%y = seq.cache.append circular %c, %e at %p axis 1 : (tensor<?x?x3xf32>, tensor<?x2x3xf32>, tensor<?xi64>) -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}""", {"c": f(2, 4, 3), "e": f(2, 2, 3), "p": numpy.array([-9, 1 << 62])},
     ({"c": f(2, 1, 3)}, "'seq.cache.append' op has 2 entries for a capacity of 1, but at most as many are required [C2]"),
     ({"c": f(2, 0, 3)}, "has 2 entries for a capacity of 0, but at most as many are required [C2]"))

case("read", """
func.func @main(%c: tensor<?x?x3xf32>, %n: tensor<2xi64>) -> tensor<2x?x3xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.extract %n[%c0] : tensor<2xi64>
  %b = arith.index_cast %e : i64 to index
  %g = tensor.extract %n[%c1] : tensor<2xi64>
  %m = arith.index_cast %g : i64 to index
->%y = seq.cache.read %c from %b count %m axis 1 : tensor<?x?x3xf32> -> tensor<2x?x3xf32>
  return %y : tensor<2x?x3xf32>
}""", {"c": f(2, 4, 3), "n": numpy.array([1, 3])},
     ({"c": f(1, 4, 3)}, "'seq.cache.read' op cache has extent 1 in dimension 0, but 2 is required [C2]"),
     ({"n": numpy.array([1, -1])}, "count is -1, but at least 0 is required [R1]"),
     ({"n": numpy.array([2, 3])}, "begin is 2, but 0 to 1 is required [R1]"),
     ({"n": numpy.array([-1, 3])}, "begin is -1, but 0 to 1 is required [R1]"))

case("reorder", """
func.func @main(%c: tensor<?x?x3xf32>, %p: tensor<?xi32>, %q: tensor<?x?xi64>) -> (tensor<?x?x3xf32>, tensor<3x?x3xf32>) {
  %y = seq.cache.reorder %c by %p : (tensor<?x?x3xf32>, tensor<?xi32>) -> tensor<?x?x3xf32>
->%z = seq.cache.reorder %y by %q axis 1 : (tensor<?x?x3xf32>, tensor<?x?xi64>) -> tensor<3x?x3xf32>
  return %y, %z : tensor<?x?x3xf32>, tensor<3x?x3xf32>
}""", {"c": f(2, 2, 3), "p": i(1, 0, 1), "q": numpy.array([[2, 0], [0, 1], [1, 1]])},
     ({"q": numpy.zeros((2, 2), int)}, "'seq.cache.reorder' op parents has extent 2 in dimension 0, but 3 is required [C3]"),
     ({"q": numpy.zeros((3, 1), int)}, "parents has extent 1 in dimension 1, but 2 is required [C2]"),
     ({"q": numpy.full((3, 2), 3)}, "parents holds 3, but 0 to 2 is required [R1]"),
     ({"q": numpy.full((3, 2), -1)}, "parents holds -1, but 0 to 2 is required [R1]"))

case("attention", """
func.func @main(%q: tensor<?x4x?x4xf32>, %k: tensor<?x2x?x4xf32>, %v: tensor<?x2x?x3xf32>, %n: tensor<?xi32>,
                %r: tensor<?xi32>, %m: tensor<?x?x?x?xi1>) -> tensor<?x4x?x3xf32> {
->%y = seq.attention scaled %q, %k, %v mask(%m : tensor<?x?x?x?xi1>) lengths(%n : tensor<?xi32>) rows(%r : tensor<?xi32>)
      : (tensor<?x4x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x3xf32>) -> tensor<?x4x?x3xf32>
  return %y : tensor<?x4x?x3xf32>
}""", {"q": f(3, 4, 5, 4), "k": f(2, 2, 6, 4), "v": f(2, 2, 6, 3), "n": i(6, 1), "r": i(0, 1, 1),
       "m": numpy.ones((1, 4, 5, 6), bool)},
     ({"v": f(2, 2, 5, 3)}, "'seq.attention' op value has 5 positions, but 6 are required [C1]"),
     ({"v": f(1, 2, 6, 3)}, "value has 1 batch rows, but 2 are required [C5]"),
     ({"n": i(7, 1)}, "lengths holds 7, but 0 to 6 is required [R1]"),
     ({"n": i(6, -1)}, "lengths holds -1, but 0 to 6 is required [R1]"),
     ({"n": i(6)}, "lengths has 1 batch rows, but 2 are required [C5]"),
     ({"r": i(0, 1, 2)}, "rows holds 2, but 0 to 1 is required [R2]"),
     ({"r": i(0, -1, 1)}, "rows holds -1, but 0 to 1 is required [R2]"),
     ({"r": i(0, 1)}, "rows has 2 batch rows, but 3 are required [C5]"),
     ({"m": numpy.ones((1, 4, 5, 7), bool)}, "mask has extent 7 in dimension 3, but 6 or 1 is required [C4]"),
     ({"m": numpy.ones((1, 2, 5, 6), bool)}, "mask has extent 2 in dimension 1, but 4 or 1 is required [C4]"))

case("attention-region", """
func.func @main(%q: tensor<?x?x4xf32>, %k: tensor<?x?x4xf32>, %o: tensor<?xf32>) -> tensor<?x?x4xf32> {
->%y = seq.attention region %q, %k, %k : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>):
    seq.yield %o : tensor<?xf32>
  }
  return %y : tensor<?x?x4xf32>
}""", {"q": f(1, 1, 4), "k": f(1, 3, 4), "o": f(3)},
     ({"q": f(2, 1, 4)}, "query has 2 batch rows, but 1 are required [C1]"),
     ({"o": f(2)}, "yielded score has extent 2 in dimension 0, but 3 is required [R3]"))

case("generate", """
func.func @main(%s: tensor<?xi32>, %m: tensor<1xi64>, %h: tensor<?x5xf32>, %p: tensor<?x?xi32>, %n: tensor<?xi32>,
                %t: tensor<2xf32>) -> tensor<?x1x?xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.extract %m[%c0] : tensor<1xi64>
  %max = arith.index_cast %e : i64 to index
  %k = arith.addi %max, %c1 : index
  %heat = tensor.extract %t[%c0] : tensor<2xf32>
  %mass = tensor.extract %t[%c1] : tensor<2xf32>
->%tok, %len, %score, %why = seq.generate #seq.sample start(%s : tensor<?xi32>) end [2] pad 0 max_new(%max)
      prefix(%p : tensor<?x?xi32>) prefix_lengths(%n : tensor<?xi32>) temperature(%heat) top_k(%k) top_p(%mass)
      init(%h : tensor<?x5xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %state: tensor<?x5xf32>):
    %z = math.tanh %state : tensor<?x5xf32>
    seq.yield %z, %z : tensor<?x5xf32>, tensor<?x5xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok : tensor<?x1x?xi32>
}""", {"s": i(1, 1), "m": numpy.array([3]), "h": f(2, 5), "p": i(3, 9, 4, 1).reshape(2, 2), "n": i(1, 2),
       "t": numpy.array([0.5, 0.75], numpy.float32)},
     ({"m": numpy.array([0])}, "'seq.generate' op max_new is 0, but at least 1 is required [R1]"),
     ({"h": f(3, 5)}, "state 0 has 3 rows, but 2 are required [C9]"),
     ({"p": i(3, 4).reshape(1, 2)}, "prefix has 1 rows, but 2 are required [C5]"),
     ({"n": i(1, 2, 1)}, "prefix_lengths has 3 rows, but 2 are required [C5]"),
     ({"n": i(1, 3)}, "prefix_lengths holds 3, but 0 to 2 is required [R2]"),
     ({"n": i(2, 2)}, "prefix holds 9, but 0 to 4 is required [R3]"),
     ({"p": i(-3, 9, 4, 1).reshape(2, 2)}, "prefix holds -3, but 0 to 4 is required [R3]"),
     ({"t": numpy.array([-1, 0.5], numpy.float32)}, "temperature is not a finite number of at least 0"),
     ({"t": numpy.array([numpy.nan, 0.5], numpy.float32)}, "temperature is not a finite number of at least 0"),
     ({"t": numpy.array([1, 0], numpy.float32)}, "top_p is not a number above 0 and at most 1"))

case("generate-step", """
func.func @main(%s: tensor<?xi32>, %o: tensor<?x5xf32>) -> tensor<?x1x?xi32> {
  %c1 = arith.constant 1 : index
->%tok, %len, %score, %why = seq.generate #seq.greedy start(%s : tensor<?xi32>) end [2] pad 0 max_new(%c1) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %o : tensor<?x5xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok : tensor<?x1x?xi32>
}""", {"s": i(1, 1), "o": f(2, 5)},
     ({"o": f(1, 5)}, "yielded logits has extent 1 in dimension 0, but 2 is required [R5]"))

case("packed-matmul", """
func.func @main(%x: tensor<?x3xf32>, %p: tensor<?x3x1x4xf32>, %a: tensor<?x?xf32>) -> tensor<?x?xf32> {
->%y = seq.packed_matmul %x, %p init(%a) : (tensor<?x3xf32>, tensor<?x3x1x4xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}""", {"x": f(2, 3), "p": f(2, 3, 1, 4), "a": f(2, 7)},
     ({"x": f(3, 3)}, "init 0 has 2 rows, but 3 are required [C2]"),
     ({"a": f(2, 9)}, "panels has 2 panels, but 3 are required for the columns [C1]"))


case("linear-recurrence", """
func.func @main(%s: tensor<?x2x3x4xf32>, %a: tensor<1x?x2x3x1xf32>, %k: tensor<?x?x1x3xf32>, %v: tensor<?x?x2x4xf32>,
                %q: tensor<?x?x2x3xf32>, %n: tensor<?xi32>) -> tensor<?x?x2x4xf32> {
->%f, %o = seq.linear_recurrence real init(%s : tensor<?x2x3x4xf32>) decay(%a : tensor<1x?x2x3x1xf32>)
      lookup(%k : tensor<?x?x1x3xf32>) erase(%k : tensor<?x?x1x3xf32>) key(%k : tensor<?x?x1x3xf32>)
      value(%v : tensor<?x?x2x4xf32>) query(%q : tensor<?x?x2x3xf32>) lengths(%n : tensor<?xi32>)
      -> tensor<?x2x3x4xf32>, tensor<?x?x2x4xf32>
  return %o : tensor<?x?x2x4xf32>
}""", {"s": f(2, 2, 3, 4), "a": f(1, 2, 2, 3, 1), "k": f(9, 2, 1, 3), "v": f(9, 2, 2, 4), "q": f(9, 2, 2, 3),
       "n": i(9, 0)},
     ({"v": f(1, 2, 2, 4)}, "'seq.linear_recurrence' op value has 1 time steps, but 9 are required [C2]"),
     ({"q": f(10, 2, 2, 3)}, "query has 10 time steps, but 9 are required [C2]"),
     ({"a": f(1, 1, 2, 3, 1)}, "decay has 1 batch rows, but 2 are required [C2]"),
     ({"k": f(9, 200, 1, 3)}, "lookup has 200 batch rows, but 2 are required [C2]"),
     ({"n": i(9)}, "lengths has 1 batch rows, but 2 are required [C6]"),
     ({"n": i(9, 10)}, "lengths holds 10, but 0 to 9 is required [R1]"),
     ({"n": i(-1, 9)}, "lengths holds -1, but 0 to 9 is required [R1]"))

case("linear-recurrence-results", """
func.func @main(%s: tensor<?x1x1x4xf32>, %v: tensor<?x?x1x4xf32>) -> tensor<3x2x1x1x4xf32> {
->%f, %o = seq.linear_recurrence max_plus init(%s : tensor<?x1x1x4xf32>) value(%v : tensor<?x?x1x4xf32>)
      -> tensor<?x1x1x4xf32>, tensor<3x2x1x1x4xf32>
  return %o : tensor<3x2x1x1x4xf32>
}""", {"s": f(2, 1, 1, 4), "v": f(3, 2, 1, 4)},
     ({"v": f(4, 2, 1, 4)}, "value has 4 time steps, but 3 are required [C5]"),
     ({"s": f(3, 1, 1, 4), "v": f(3, 3, 1, 4)}, "init has 3 batch rows, but 2 are required [C5]"))

def call(path, arrays, *options):
    command = ["seqc", "run", path, "--quiet", *options]
    for name, array in arrays.items():
        file = f"{path}.{name}.npy"
        numpy.save(file, array)
        command += ["--input", f"{name}={file}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return result.returncode, result.stderr


def name_arguments(text):
    """`%x: T` of the entry as `%x: T {seq.name = "x"}`."""
    head, body = text.split("->", 1)
    parts = head.split(": tensor<")
    for number in range(1, len(parts)):
        name = parts[number - 1].rsplit("%", 1)[1]
        type_, rest = parts[number].split(">", 1)
        parts[number] = f'{type_}> {{seq.name = "{name}"}}{rest}'
    return ": tensor<".join(parts) + "->" + body


def main():
    folder, chosen = sys.argv[1], sys.argv[2:] or list(CASES)
    os.makedirs(folder, exist_ok=True)
    wrong = 0
    for name in chosen:
        text, good, bad = CASES[name]
        text = name_arguments(text.lstrip("\n"))
        line = next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith("->"))
        text = text.replace("\n->", "\n  ", 1)
        path = os.path.join(folder, name + ".mlir")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        for options in [], ["--interpret"]:
            code, message = call(path, good, *options)
            if code != 0:
                wrong += 1
                print(f"{name} {options}: the right call ends with {code}: {message}")
        for number, (changed, part) in enumerate(bad):
            said = [call(path, {**good, **changed}, *options) for options in ([], ["--interpret"])]
            for code, message in said:
                if code != 2 or f": {name}.mlir:{line}:" not in message or part not in message:
                    wrong += 1
                    print(f"{name}: wrong call {number} ends with {code}: {message}")
            if said[0] != said[1]:
                wrong += 1
                print(f"{name}: wrong call {number} is told otherwise when interpreted")
    print(f"{len(chosen)} programs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
