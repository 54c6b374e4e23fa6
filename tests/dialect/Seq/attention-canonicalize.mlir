// RUN: seqc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @drop_unused_probabilities
func.func @drop_unused_probabilities(%q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %len: tensor<?xi32>) -> tensor<?x?x64xf32> {
  // CHECK: seq.attention dot %{{.*}}, %{{.*}}, %{{.*}} lengths(%{{.*}} : tensor<?xi32>) {causal = #seq.causal<top_left>, kept} : {{.*}} -> tensor<?x?x64xf32>{{$}}
  %o, %p = seq.attention dot %q, %k, %v lengths(%len : tensor<?xi32>) {causal = #seq.causal<top_left>, kept}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>, tensor<?x?x?xf32>
  return %o : tensor<?x?x64xf32>
}

// CHECK-LABEL: @drop_unused_probabilities_region
func.func @drop_unused_probabilities_region(%q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %s: tensor<?xf32>) -> tensor<?x?x64xf32> {
  // CHECK: seq.attention region {{.*}} -> tensor<?x?x64xf32> {
  // CHECK: seq.yield
  %o, %p = seq.attention region %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>, tensor<?x?x?xf32> {
  ^bb0(%a: tensor<?x32xf32>, %b: tensor<?x32xf32>):
    seq.yield %s : tensor<?xf32>
  }
  return %o : tensor<?x?x64xf32>
}

// CHECK-LABEL: @no_drop_used_probabilities
func.func @no_drop_used_probabilities(%q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) -> tensor<?x?x?xf32> {
  // CHECK: seq.attention {{.*}} -> tensor<?x?x64xf32>, tensor<?x?x?xf32>
  %o, %p = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>, tensor<?x?x?xf32>
  return %p : tensor<?x?x?xf32>
}

// CHECK-LABEL: @drop_unbounded_window
func.func @drop_unbounded_window(%q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x?x64xf32>) {
  // CHECK: seq.attention dot %{{.*}}, %{{.*}}, %{{.*}} :
  %o = seq.attention dot %q, %k, %v {window = array<i64: -1, -1>}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  // CHECK: seq.attention dot {{.*}} {window = array<i64: -1, 0>}
  %o1 = seq.attention dot %q, %k, %v {window = array<i64: -1, 0>}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return %o, %o1 : tensor<?x?x64xf32>, tensor<?x?x64xf32>
}
