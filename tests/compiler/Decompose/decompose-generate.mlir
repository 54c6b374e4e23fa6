// RUN: seqc-opt %s --seq-decompose-generate --canonicalize --cse | FileCheck %s

#lane = affine_map<(l, v) -> (l)>
#id = affine_map<(l, v) -> (l, v)>

/// Everything is allocated in front of the loop, which carries three numbers. The step reads tensors
/// of the buffers and writes to them.

// CHECK-LABEL: func.func @greedy
//  CHECK-SAME:   %[[START:.*]]: tensor<?xi32>, %[[N:.*]]: index, %[[H0:.*]]: tensor<?x50xf32>)
//       CHECK:   %[[B:.*]] = tensor.dim %[[START]]
//       CHECK:   %[[TOKENS:.*]] = memref.alloc(%{{.*}}, %[[B]]) : memref<?x?xi32>
//       CHECK:   %[[PARENTS:.*]] = memref.alloc(%{{.*}}, %[[B]]) : memref<?x?xi32>
//       CHECK:   %[[STATE:.*]] = memref.alloc(%[[B]]) : memref<?x50xf32>
//       CHECK:   bufferization.materialize_in_destination %[[H0]]
//       CHECK:   call @search_start_f32
//       CHECK:   scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %[[B]], %{{.*}} = %[[B]]) : (index, index, index)
//       CHECK:   ^bb0(%[[S:.*]]: index, %[[ROWS:.*]]: index, %[[LANES:.*]]: index):
//   CHECK-NOT:     memref.alloc
//       CHECK:     %[[LIVE:.*]] = arith.minsi %[[LANES]], %[[B]]
//       CHECK:     linalg.generic
//       CHECK:       memref.load %[[STATE]]
//       CHECK:     %[[VIEW:.*]] = memref.subview %[[TOKENS]][%[[S]], 0] [1, %[[LIVE]]]
//       CHECK:     %[[ID:.*]] = bufferization.to_tensor %[[VIEW]] restrict : {{.*}} to tensor<?xi32>
//       CHECK:     %[[H:.*]] = bufferization.to_tensor %{{.*}} restrict writable : {{.*}} to tensor<?x50xf32>
//       CHECK:     %[[Z:.*]] = linalg.generic {{.*}} ins(%[[ID]]
//       CHECK:     bufferization.materialize_in_destination %[[Z]]
//       CHECK:     bufferization.materialize_in_destination %[[Z]]
//       CHECK:     %[[LEFT:.*]]:2 = func.call @greedy_select_f32
//       CHECK:     scf.yield %{{.*}}, %[[LEFT]]#0, %[[LEFT]]#1
//       CHECK:   call @search_results_f32
func.func @greedy(%start: tensor<?xi32>, %n: index, %h0: tensor<?x50xf32>)
    -> (tensor<?x1x?xi32>, tensor<?x1xf32>) {
  %tok, %len, %score, %why = seq.generate #seq.greedy start(%start : tensor<?xi32>) end [2] pad 0
      max_new(%n) init(%h0 : tensor<?x50xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x50xf32>):
    %z = linalg.generic {indexing_maps = [#lane, #id], iterator_types = ["parallel", "parallel"]}
        ins(%id : tensor<?xi32>) outs(%h : tensor<?x50xf32>) {
    ^bb1(%t: i32, %o: f32):
      %f = arith.sitofp %t : i32 to f32
      %s = arith.addf %f, %o : f32
      linalg.yield %s : f32
    } -> tensor<?x50xf32>
    seq.yield %z, %z : tensor<?x50xf32>, tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok, %score : tensor<?x1x?xi32>, tensor<?x1xf32>
}

/// Lanes are rows times width at most; end tokens are sorted; the second search of a module shares
/// the functions of the first.

// CHECK-LABEL: func.func @beam_prefix
//   CHECK-DAG:   %[[W:.*]] = arith.constant 4 : index
//       CHECK:   %[[LANES:.*]] = arith.muli %{{.*}}, %[[W]]
//       CHECK:   memref.alloc(%{{.*}}, %[[LANES]]) : memref<?x?xi32>
//       CHECK:   %[[ENDS:.*]] = memref.alloc() : memref<2xi32>
//       CHECK:   memref.store %c3_i32, %[[ENDS]][%c0]
//       CHECK:   memref.store %c7_i32, %[[ENDS]][%c1]
//       CHECK:   math.powf
//       CHECK:   func.call @beam_select_f32
func.func @beam_prefix(%start: tensor<?xi32>, %n: index, %table: tensor<9x9xf32>,
    %prefix: tensor<?x?xi32>, %given: tensor<?xi64>) -> tensor<?x2xf32> {
  %tok, %len, %score, %why = seq.generate #seq.beam<width = 4, n_best = 2, length_penalty = 0.6>
      start(%start : tensor<?xi32>) end [7, 3] pad 0 max_new(%n)
      prefix(%prefix : tensor<?x?xi32>) prefix_lengths(%given : tensor<?xi64>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    %c0 = arith.constant 0 : index
    %m = tensor.dim %id, %c0 : tensor<?xi32>
    %e = tensor.empty(%m) : tensor<?x9xf32>
    %z = linalg.generic {indexing_maps = [#lane, #id], iterator_types = ["parallel", "parallel"]}
        ins(%id : tensor<?xi32>) outs(%e : tensor<?x9xf32>) {
    ^bb1(%t: i32, %o: f32):
      %i = arith.index_cast %t : i32 to index
      %v = linalg.index 1 : index
      %x = tensor.extract %table[%i, %v] : tensor<9x9xf32>
      linalg.yield %x : f32
    } -> tensor<?x9xf32>
    seq.yield %z : tensor<?x9xf32>
  } -> tensor<?x2x?xi32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi8>
  return %score : tensor<?x2xf32>
}

/// The extent of a trace follows from what is captured, here the keys of an attention.

// CHECK-LABEL: func.func @trace_dynamic
//  CHECK-SAME:   %[[KEYS:[a-z0-9]+]]: tensor<?x?xf32>
//       CHECK:   %[[T:.*]] = tensor.dim %[[KEYS]]
//       CHECK:   memref.alloc(%{{.*}}, %{{.*}}, %[[T]]) : memref<?x?x?xf32>
//       CHECK:   scf.while
//       CHECK:   memref.alloc(%{{.*}}, %{{.*}}, %[[T]]) : memref<?x1x?x?xf32>
func.func @trace_dynamic(%start: tensor<?xi32>, %n: index, %keys: tensor<?x?xf32>)
    -> tensor<?x1x?x?xf32> {
  %tok, %len, %score, %why, %trace = seq.generate #seq.greedy start(%start : tensor<?xi32>) end []
      pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0.0 : f32
    %m = tensor.dim %id, %c0 : tensor<?xi32>
    %t = tensor.dim %keys, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m) : tensor<?x9xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x9xf32>) -> tensor<?x9xf32>
    %w = tensor.empty(%m, %t) : tensor<?x?xf32>
    %p = linalg.generic {indexing_maps = [#lane, #id], iterator_types = ["parallel", "parallel"]}
        ins(%row : tensor<?xi32>) outs(%w : tensor<?x?xf32>) {
    ^bb1(%r: i32, %o: f32):
      %i = arith.index_cast %r : i32 to index
      %j = linalg.index 1 : index
      %x = tensor.extract %keys[%i, %j] : tensor<?x?xf32>
      linalg.yield %x : f32
    } -> tensor<?x?xf32>
    seq.yield %z, %p : tensor<?x9xf32>, tensor<?x?xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
     traces(tensor<?x1x?x?xf32>)
  return %trace : tensor<?x1x?x?xf32>
}

/// The extents of a trace go through reshapes, elementwise ops and slices to what is captured, and
/// those of a state to its initial value.

// CHECK-LABEL: func.func @trace_through_reshapes
//  CHECK-SAME:   %[[KEYS:[a-z0-9]+]]: tensor<2x?xf32>, %[[H0:[a-z0-9]+]]: tensor<?x?xf32>
//   CHECK-DAG:   %[[T:.*]] = tensor.dim %[[KEYS]], %c1
//   CHECK-DAG:   %[[P:.*]] = arith.muli %[[T]], %c2
//   CHECK-DAG:   memref.alloc(%{{.*}}, %{{.*}}, %[[P]]) : memref<?x?x?xf32>
//       CHECK:   scf.while
func.func @trace_through_reshapes(%start: tensor<?xi32>, %n: index, %keys: tensor<2x?xf32>,
    %h0: tensor<?x?xf32>) -> (tensor<?x1x?x?xf32>, tensor<?x1x?x?xf32>) {
  %tok, %len, %score, %why, %flat, %state = seq.generate #seq.greedy start(%start : tensor<?xi32>)
      end [] pad 0 max_new(%n) init(%h0 : tensor<?x?xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0.0 : f32
    %m = tensor.dim %id, %c0 : tensor<?xi32>
    %t = tensor.dim %keys, %c1 : tensor<2x?xf32>
    %e = tensor.empty(%m) : tensor<?x9xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x9xf32>) -> tensor<?x9xf32>
    %w = tensor.empty(%m, %t) : tensor<?x2x?xf32>
    %b = linalg.broadcast ins(%keys : tensor<2x?xf32>) outs(%w : tensor<?x2x?xf32>) dimensions = [0]
    %x = math.exp %b : tensor<?x2x?xf32>
    %c = tensor.collapse_shape %x [[0], [1, 2]] : tensor<?x2x?xf32> into tensor<?x?xf32>
    %h1 = math.tanh %h : tensor<?x?xf32>
    seq.yield %z, %h1, %c, %h1
        : tensor<?x9xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
     traces(tensor<?x1x?x?xf32>, tensor<?x1x?x?xf32>)
  return %flat, %state : tensor<?x1x?x?xf32>, tensor<?x1x?x?xf32>
}

/// Sampling is greedy search with another choice, which gets the numbers of the attribute where no
/// operand stands for them, and memory for one row. Of a count that is a constant or less, memory is
/// taken for the constant; the penalty makes the norms when it is an operand.

// CHECK-LABEL: func.func @sample
//  CHECK-SAME:   %[[START:[a-z0-9]+]]: tensor<?xi32>, %[[WANTED:[a-z0-9]+]]: index, %[[A:[a-z0-9]+]]: f64, %[[T:[a-z0-9]+]]: f32, %[[S:[a-z0-9]+]]: i64
//   CHECK-DAG:   %[[P:.*]] = arith.constant 0.899999976 : f32
//   CHECK-DAG:   %[[K:.*]] = arith.constant 7 : index
//   CHECK-DAG:   %[[ROW:.*]] = arith.constant 0 : i64
//   CHECK-DAG:   %[[LIMIT:.*]] = arith.constant 20 : index
//   CHECK-DAG:   %[[ONE:.*]] = arith.constant 1 : index
//       CHECK:   %[[SOME:.*]] = arith.maxsi %[[WANTED]], %[[ONE]]
//       CHECK:   %[[N:.*]] = arith.minsi %[[SOME]], %[[LIMIT]]
//       CHECK:   memref.alloc(%{{.*}}) : memref<21x?xi32>
//       CHECK:   math.powf %{{.*}}, %[[A]] : f64
//   CHECK-DAG:   %[[ORDER:.*]] = memref.cast %{{.*}} : memref<9xi32> to memref<?xi32>
//   CHECK-DAG:   %[[WEIGHTS:.*]] = memref.cast %{{.*}} : memref<9xf64> to memref<?xf64>
//       CHECK:   scf.while
//   CHECK-NOT:     memref.alloc
//       CHECK:     func.call @sample_select_f32({{.*}}, %[[N]], %{{.*}}, %[[T]], %[[K]], %[[P]], %[[S]], %[[ROW]], %[[ORDER]], %[[WEIGHTS]])
func.func @sample(%start: tensor<?xi32>, %wanted: index, %a: f64, %t: f32, %s: i64, %z: tensor<?x9xf32>) -> tensor<?x1x?xi32> {
  %limit = arith.constant 20 : index
  %n = arith.minsi %limit, %wanted : index
  %tok, %len, %score, %why = seq.generate #seq.sample<top_k = 7, top_p = 0.9> start(%start : tensor<?xi32>) end [2]
      pad 0 max_new(%n) length_penalty(%a) temperature(%t) seed(%s) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x9xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok : tensor<?x1x?xi32>
}

/// What the searches call stands behind them, once.

//   CHECK-DAG: func.func private @search_start_f32
//   CHECK-DAG: func.func private @greedy_select_f32
//   CHECK-DAG: func.func private @beam_select_f32
//   CHECK-DAG: func.func private @search_log_sum_f32
//   CHECK-DAG: func.func private @search_results_f32
//   CHECK-DAG: func.func private @sample_select_f32
//   CHECK-DAG: func.func private @sample_philox_f32
