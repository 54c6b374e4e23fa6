// RUN: true
// CHECK: nothing
