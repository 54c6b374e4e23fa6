"""Runs seq-verify-phase for every phase on a module of each kind: the phases that accept it must be those
that the contract names, and others must say so."""

import re
import subprocess
import sys

PHASES = ["normalize", "select", "decompose", "fuse", "offload", "tile", "vectorize", "bufferize", "llvm"]

# What the module holds, the first and the last phase that accept it, and the module.
MODULES = [
    ("seq.rnn", "normalize", "select", """
func.func @f(%x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) -> tensor<1x?x8xf32> {
  %y, %h = seq.rnn %x, %w, %r : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %h : tensor<1x?x8xf32>
}"""),
    ("seq.recurrence", "normalize", "offload", """
func.func @f(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %n = arith.addf %xt, %s : tensor<?x8xf32>
    seq.yield %n : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}"""),
    ("seq.attention", "normalize", "offload", """
func.func @f(%q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  %o = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}"""),
    ("seq.softmax", "normalize", "select", """
func.func @f(%x: tensor<?x?xf32>) {
  %p = seq.softmax %x dims [1] : tensor<?x?xf32>
  return
}"""),
    ("seq.norm", "normalize", "select", """
func.func @f(%x: tensor<?x?x8xf32>) {
  %r = seq.norm rms %x from 1 epsilon 0.0 : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}"""),
    ("seq.embedding", "normalize", "select", """
func.func @f(%i: tensor<?xi32>, %t: tensor<9x4xf32>) {
  %r = seq.embedding %i of %t : (tensor<?xi32>, tensor<9x4xf32>) -> tensor<?x4xf32>
  return
}"""),
    ("seq.quantize", "normalize", "select", """
func.func @f(%x: tensor<?x4xf32>, %s: tensor<f32>) {
  %r = seq.quantize %x scale(%s) : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xi8>
  return
}"""),
    ("seq.dequantize", "normalize", "select", """
func.func @f(%x: tensor<?x4xi8>, %s: tensor<f32>) {
  %r = seq.dequantize %x scale(%s) : (tensor<?x4xi8>, tensor<f32>) -> tensor<?x4xf32>
  return
}"""),
    ("seq.cache.append", "normalize", "select", """
func.func @f(%c: tensor<?x8x4xf32>, %e: tensor<?x1x4xf32>, %p: index) {
  %r = seq.cache.append %c, %e at %p axis 1 : (tensor<?x8x4xf32>, tensor<?x1x4xf32>, index) -> tensor<?x8x4xf32>
  return
}"""),
    ("seq.cache.read", "normalize", "select", """
func.func @f(%c: tensor<?x8x4xf32>, %b: index, %n: index) {
  %r = seq.cache.read %c from %b count %n axis 1 : tensor<?x8x4xf32> -> tensor<?x?x4xf32>
  return
}"""),
    ("seq.cache.reorder", "normalize", "select", """
func.func @f(%c: tensor<?x8x4xf32>, %p: tensor<?xi32>) {
  %r = seq.cache.reorder %c by %p : (tensor<?x8x4xf32>, tensor<?xi32>) -> tensor<?x8x4xf32>
  return
}"""),
    ("seq.rotary", "normalize", "select", """
func.func @f(%x: tensor<?x4x?x8xf32>, %c: tensor<1x?x4xf32>) {
  %r = seq.rotary %x cosine(%c) sine(%c) : tensor<?x4x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>
  return
}"""),
    ("seq.quantized_matmul", "normalize", "select", """
func.func @f(%x: tensor<?x8xi8>, %w: tensor<8x33xi8>) {
  %r = seq.quantized_matmul %x, %w transposed : (tensor<?x8xi8>, tensor<8x33xi8>) -> tensor<?x33xi32>
  return
}"""),
    ("seq.matmul", "normalize", "offload", """
func.func @f(%x: tensor<?x8xi8>, %w: tensor<8x33xi8>, %a: tensor<?x33xi32>) {
  %r = seq.matmul %x, %w transposed init(%a) : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return
}"""),
    ("seq.packed_matmul", "normalize", "offload", """
func.func @f(%x: tensor<?x8xi8>, %p: tensor<3x2x1x64xi8>, %a: tensor<?x33xi32>) {
  %r = seq.packed_matmul %x, %p unit 4 init(%a)
      : (tensor<?x8xi8>, tensor<3x2x1x64xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return
}"""),
    ("seq.blockwise_matmul", "normalize", "offload", """
func.func @f(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}"""),
    ("seq.column_sums", "normalize", "vectorize", """
func.func @f(%w: tensor<8x33xi8>) {
  %s = seq.column_sums %w transposed : (tensor<8x33xi8>) -> tensor<33xi32>
  return
}"""),
    ("seq.weight", "normalize", "vectorize", """
func.func @f() {
  %w = seq.weight "w" in "w.bin" at 0 : tensor<4xf32>
  return
}"""),
    ("seq.require", "normalize", "vectorize", """
func.func @f(%c: i1) {
  seq.require %c, "it"
  return
}"""),
    ("seq.opaque_index", "normalize", "bufferize", """
func.func @f(%n: index) {
  %0 = seq.opaque_index %n
  return
}"""),
    ("tensor.empty", "normalize", "vectorize", """
func.func @f() {
  %0 = tensor.empty() : tensor<4xf32>
  return
}"""),
    ("memref.alloc", "decompose", "bufferize", """
func.func @f() {
  %0 = memref.alloc() : memref<4xf32>
  return
}"""),
    ("vector.broadcast", "tile", "bufferize", """
func.func @f(%x: f32) {
  %0 = vector.broadcast %x : f32 to vector<4xf32>
  return
}"""),
    ("llvm.call_intrinsic", "tile", "bufferize", """
func.func @f(%x: vector<16xi32>, %a: vector<64xi8>, %b: vector<64xi8>) {
  %0 = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%x, %a, %b)
      : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
  return
}"""),
    ("func.func", "normalize", "bufferize", """
func.func @f(%x: f32) {
  return
}"""),
    ("a value of type 'tensor<4xf32>'", "normalize", "vectorize", """
func.func @f(%x: tensor<4xf32>) {
  return
}"""),
    ("a value of type '!llvm.ptr'", "llvm", "llvm", """
llvm.func @f(%x: !llvm.ptr) {
  llvm.return
}"""),
    ("llvm.load", "llvm", "llvm", """
llvm.func @f(%x: !llvm.ptr) {
  %0 = llvm.load %x : !llvm.ptr -> f32
  llvm.return
}"""),
    ("rt.extent", "bufferize", "bufferize", """
func.func @f(%ctx: !rt.context) {
  %0 = rt.extent %ctx[0, 0]
  return
}"""),
    ("a value of type '!rt.context'", "bufferize", "bufferize", """
func.func @f(%ctx: !rt.context) {
  return
}"""),
    ("a value of type 'memref<4xf32>'", "decompose", "bufferize", """
func.func @f(%x: memref<4xf32>) {
  return
}"""),
]


def main():
    for what, first, last, module in MODULES:
        accepted = PHASES[PHASES.index(first):PHASES.index(last) + 1]
        for phase in PHASES:
            run = subprocess.run(
                [sys.argv[1], "-", f"--pass-pipeline=builtin.module(seq-verify-phase{{phase={phase}}})"],
                input=module, text=True, capture_output=True, check=False)
            said = [what in line or what in line.replace("left '", "left ", 1)
                    for line in re.findall(r"error: phase '[a-z]+' left .*; allowed are .+", run.stderr)]
            if phase in accepted and run.returncode != 0:
                sys.exit(f"'{what}' is refused after '{phase}': {run.stderr}")
            if phase not in accepted and (run.returncode == 0 or not said):
                sys.exit(f"'{what}' is accepted after '{phase}': {run.stderr}")
            if phase not in accepted and f"phase '{phase}' left" not in run.stderr:
                sys.exit(f"the message does not name '{phase}': {run.stderr}")
    print(f"{len(MODULES)} modules, {len(PHASES)} phases, as the contract says")


main()
