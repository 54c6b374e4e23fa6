// RUN: seqc check %s --quiet | FileCheck %s
/// Starts by row, of any size, with causality and windows, for few queries and for many.
// CHECK-COUNT-9: ok {{.*}}: max abs
//   CHECK-NOT: DIFFER
func.func @few(%q: tensor<3x2x4xf32>, %k: tensor<3x9x4xf32>) -> tensor<3x2x4xf32> {
  %s = arith.constant dense<[3, -9223372036854775808, 0]> : tensor<3xi64>
  %o = seq.attention scaled %q, %k, %k starts(%s : tensor<3xi64>) {causal = #seq.causal<top_left>}
      : (tensor<3x2x4xf32>, tensor<3x9x4xf32>, tensor<3x9x4xf32>) -> tensor<3x2x4xf32>
  return %o : tensor<3x2x4xf32>
}
func.func @many(%q: tensor<3x40x4xf32>, %k: tensor<3x99x4xf32>) -> (tensor<3x40x4xf32>, tensor<3x40x4xf32>) {
  %s = arith.constant dense<[3, 9223372036854775807, -20]> : tensor<3xi64>
  %o = seq.attention scaled %q, %k, %k starts(%s : tensor<3xi64>) {causal = #seq.causal<top_left>}
      : (tensor<3x40x4xf32>, tensor<3x99x4xf32>, tensor<3x99x4xf32>) -> tensor<3x40x4xf32>
  %s1 = arith.constant dense<30> : tensor<1xi32>
  %o1 = seq.attention dot %q, %k, %k starts(%s1 : tensor<1xi32>)
      {window = array<i64: 9223372036854775807, 5>}
      : (tensor<3x40x4xf32>, tensor<3x99x4xf32>, tensor<3x99x4xf32>) -> tensor<3x40x4xf32>
  return %o, %o1 : tensor<3x40x4xf32>, tensor<3x40x4xf32>
}
