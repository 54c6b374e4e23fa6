// RUN: seqc-opt %s --seq-set-target | FileCheck %s
// RUN: seqc-opt %s --seq-set-target='vector-bits=256 features=avx2|avxvnni' | FileCheck %s --check-prefix=NARROW
// RUN: seqc-opt %s --seq-set-target='vector-bits=128 features=none' | FileCheck %s --check-prefix=NONE
// RUN: not seqc-opt %s --seq-set-target='features=avx3' 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// CHECK: module attributes {seq.target = #seq.target<512, avx2|avx512>}
// NARROW: module attributes {seq.target = #seq.target<256, avx2|avxvnni>}
// NONE: module attributes {seq.target = #seq.target<128, none>}
// UNKNOWN: unknown CPU features 'avx3'; required are some of avx2, avx512, vnni, avxvnni, bf16 and amx with '|' between, or none
module {}
