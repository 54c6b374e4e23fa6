// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @without_values
func.func @without_values(%c: i1) {
  // CHECK: seq.require %{{.*}}, "no number"{{$}}
  seq.require %c, "no number"
  return
}

// CHECK-LABEL: @with_values
func.func @with_values(%c: i1, %n: index, %m: index) {
  // CHECK: seq.require %{{.*}}, "found {0}; required {1}, not {0}"(%{{.*}}, %{{.*}})
  seq.require %c, "found {0}; required {1}, not {0}" (%n, %m)
  return
}
