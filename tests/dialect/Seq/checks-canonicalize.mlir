// RUN: seqc-opt %s --canonicalize --cse | FileCheck %s

/// What always holds needs no check, and what was checked before no other one.
// CHECK-LABEL: @drop_known
func.func @drop_known(%c: i1) {
  // CHECK-NEXT: seq.require %{{.*}}, "first"
  // CHECK-NEXT: return
  %true = arith.constant true
  seq.require %true, "never"
  seq.require %c, "first"
  seq.require %c, "second"
  return
}

/// What never holds stays: only a call that gets there fails.
// CHECK-LABEL: @keep_false
func.func @keep_false(%c: i1) {
  // CHECK: scf.if
  // CHECK-NEXT: seq.require %false, "always"
  %false = arith.constant false
  scf.if %c {
    seq.require %false, "always"
  }
  return
}
