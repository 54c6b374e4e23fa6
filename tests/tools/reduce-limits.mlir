// RUN: split-file %s %t

/// A script that hangs is stopped after the time limit of its pass, with what it has started, and its candidate does
/// not count.
// RUN: seqc-reduce %t/plain.mlir -shrink-extents='test=%S/Inputs/hangs_without.sh test-arg=2x4xf32 time-limit=1' 2> %t/shrink.txt | FileCheck %s --check-prefix=SHRINK
// RUN: FileCheck %s --check-prefix=NOTE --input-file=%t/shrink.txt
// SHRINK: tensor<2x4xf32>
// NOTE: seqc-reduce: note: test script '{{.*}}hangs_without.sh' ran longer than the time limit of 1 s and was stopped; its candidate does not count
// RUN: seqc-reduce %t/plain.mlir -reduce-signatures='test=%S/Inputs/hangs_without.sh test-arg=%%arg0: time-limit=1' 2> %t/sign.txt | FileCheck %s --check-prefix=SIGN
// RUN: FileCheck %s --check-prefix=NOTE --input-file=%t/sign.txt
// SIGN: func.func @plain(%arg0: tensor<2x4xf32>) {
// RUN: seqc-reduce %t/plain.mlir -simplify-attributes='test=%S/Inputs/hangs_without.sh test-arg=contract time-limit=1' 2> %t/simplify.txt | FileCheck %s --check-prefix=SIMPLIFY
// RUN: FileCheck %s --check-prefix=NOTE --input-file=%t/simplify.txt
// SIMPLIFY: arith.addf {{.*}} fastmath<contract>
// SIMPLIFY-NEXT: math.exp %{{[^ ]*}} : tensor
// RUN: seqc-reduce %t/plain.mlir -opt-reduction-pass='opt-pass=canonicalize test=%S/Inputs/hangs_without.sh test-arg=math.tanh time-limit=1' 2> %t/opt.txt | FileCheck %s --check-prefix=OPT
// RUN: FileCheck %s --check-prefix=NOTE --input-file=%t/opt.txt
// OPT: math.tanh
// RUN: seqc-reduce %t/layer.mlir -reduction-tree='test=%S/Inputs/hangs_without.sh test-arg=seq.lstm time-limit=1' 2> %t/tree.txt | FileCheck %s --check-prefix=TREE
// RUN: FileCheck %s --check-prefix=NOTE --input-file=%t/tree.txt
// TREE: seq.lstm

/// Nothing is too plain for a script that likes everything.
// RUN: for pass in reduce-signatures simplify-attributes shrink-extents reduction-tree; do \
// RUN:   seqc-reduce %t/plain.mlir -$pass=test=/bin/false > %t/$pass.mlir && seqc-opt %t/$pass.mlir > %t/out.mlir || exit 1; done
// RUN: FileCheck %s --check-prefix=ALL --input-file=%t/simplify-attributes.mlir
// ALL: arith.addf %{{[^ ]*}}, %{{[^ ]*}} : tensor
// ALL: math.exp %{{[^ ]*}} : tensor

// RUN: %S/Inputs/exits 2 seqc-reduce %t/plain.mlir -reduction-tree='test=%t/none.sh' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: %S/Inputs/exits 2 seqc-reduce %t/plain.mlir -shrink-extents='test=%t/none.sh' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: test script '{{.*}}none.sh': No such file or directory; required is an executable file
// RUN: %S/Inputs/exits 2 seqc-reduce %t/plain.mlir -reduction-tree='test=/bin/false time-limit=0' 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: option 'time-limit' of reduction-tree is '0'; required is a number of seconds
// RUN: seqc-reduce --help | FileCheck %s --check-prefix=HELP
// HELP: 'time-limit=SECONDS' (default 60)

//--- plain.mlir
func.func @plain(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = arith.addf %a, %b fastmath<contract> : tensor<2x4xf32>
  %1 = math.exp %0 fastmath<fast> : tensor<2x4xf32>
  %2 = math.tanh %1 : tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

//--- layer.mlir
func.func @layer(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) -> tensor<?x1x?x8xf32> {
  %y:3 = seq.lstm %x, %w, %r : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return %y#0 : tensor<?x1x?x8xf32>
}
