// RUN: seqc-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(seq-convert-entries)'

// expected-error @below {{entry 'blocks' has control flow between blocks; only structured control flow is supported}}
func.func @blocks(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  cf.br ^next
^next:
  return %x : tensor<?x4xf32>
}

// -----

// expected-error @below {{entry 'scalar' takes or returns 'f32'; ranked tensors are required}}
func.func @scalar(%x: f32) -> f32 {
  return %x : f32
}
