// What greedy and beam search share. `!elem` is the type of logits and scores, `#lowest` its -inf.
//
// A lane is a live hypothesis. At step s lane l reads token tokens[s, l]; parents[s, l] is the lane
// of step s-1 that it continues. Both tables are written once, so that a finished hypothesis is three
// numbers (the step that gave its last token, the lane at that step, the token) and is traced back
// once, at the end.

// The greatest logit of a lane, and the logarithm of the sum of exp(z - greatest).
func.func @search_log_sum(%logits: memref<?x?x!elem>, %lane: index) -> (!elem, !elem) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %lowest = arith.constant #lowest
  %zero = arith.constant 0.0 : !elem
  %size = memref.dim %logits, %c1 : memref<?x?x!elem>
  %greatest = scf.for %v = %c0 to %size step %c1 iter_args(%m = %lowest) -> (!elem) {
    %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
    %next = arith.maximumf %m, %z : !elem
    scf.yield %next : !elem
  }
  %sum = scf.for %v = %c0 to %size step %c1 iter_args(%a = %zero) -> (!elem) {
    %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
    %d = arith.subf %z, %greatest : !elem
    %e = math.exp %d : !elem
    %next = arith.addf %a, %e fastmath<reassoc,contract> : !elem
    scf.yield %next : !elem
  }
  %log = math.log %sum : !elem
  return %greatest, %log : !elem, !elem
}

// Whether the logits with this greatest one are numbers to choose among: NaN would be the greatest,
// and beside an infinite one nothing has a probability. None above -inf is fine, and offers nothing.
func.func @search_sound(%greatest: !elem) -> i1 {
  %lowest = arith.constant #lowest
  %highest = arith.negf %lowest : !elem
  %sound = arith.cmpf olt, %greatest, %highest : !elem
  return %sound : i1
}

// Marks a row as one whose logits are no numbers. It ends, and what was finished counts no more.
func.func @search_fail(%pool_size: memref<?xindex>, %row: index) {
  %mark = arith.constant -1 : index
  memref.store %mark, %pool_size[%row] : memref<?xindex>
  return
}

// Whether a token is one of the end tokens.
func.func @search_is_end(%ends: memref<?xi32>, %token: i32) -> i1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %false = arith.constant false
  %count = memref.dim %ends, %c0 : memref<?xi32>
  %found = scf.for %e = %c0 to %count step %c1 iter_args(%f = %false) -> (i1) {
    %end = memref.load %ends[%e] : memref<?xi32>
    %same = arith.cmpi eq, %end, %token : i32
    %next = arith.ori %f, %same : i1
    scf.yield %next : i1
  }
  return %found : i1
}

// One lane per row, no token generated yet.
func.func @search_start(%start: memref<?xi32>, %tokens: memref<?x?xi32>, %parents: memref<?x?xi32>,
    %lane_rows: memref<?xi32>, %scores: memref<?x!elem>, %rows: memref<?xi32>,
    %begins: memref<?xindex>, %pool_size: memref<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : !elem
  %count = memref.dim %start, %c0 : memref<?xi32>
  memref.store %c0, %begins[%c0] : memref<?xindex>
  scf.for %b = %c0 to %count step %c1 {
    %b32 = arith.index_cast %b : index to i32
    %token = memref.load %start[%b] : memref<?xi32>
    memref.store %token, %tokens[%c0, %b] : memref<?x?xi32>
    memref.store %b32, %parents[%c0, %b] : memref<?x?xi32>
    memref.store %b32, %lane_rows[%b] : memref<?xi32>
    memref.store %zero, %scores[%b] : memref<?x!elem>
    memref.store %b32, %rows[%b] : memref<?xi32>
    %next = arith.addi %b, %c1 : index
    memref.store %next, %begins[%next] : memref<?xindex>
    memref.store %c0, %pool_size[%b] : memref<?xindex>
  }
  return
}

// Enters a finished hypothesis into the pool of a row, which is sorted by falling score; equal
// entries stay in order of arrival, and a full pool takes only what is better than its last entry.
func.func @search_pool_insert(%pool_score: memref<?x?x!elem>, %pool_info: memref<?x?x3xi32>,
    %pool_size: memref<?xindex>, %row: index, %score: !elem, %step: i32, %lane: i32, %token: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %false = arith.constant false
  %width = memref.dim %pool_score, %c1 : memref<?x?x!elem>
  %size = memref.load %pool_size[%row] : memref<?xindex>
  // Walk over the entries; from the first worse one on, everything moves one place.
  %r:5 = scf.for %j = %c0 to %size step %c1
      iter_args(%s = %score, %i0 = %step, %i1 = %lane, %i2 = %token, %moving = %false)
      -> (!elem, i32, i32, i32, i1) {
    %os = memref.load %pool_score[%row, %j] : memref<?x?x!elem>
    %better = arith.cmpf ogt, %s, %os : !elem
    %move = arith.ori %better, %moving : i1
    %n:4 = scf.if %move -> (!elem, i32, i32, i32) {
      %o0 = memref.load %pool_info[%row, %j, %c0] : memref<?x?x3xi32>
      %o1 = memref.load %pool_info[%row, %j, %c1] : memref<?x?x3xi32>
      %o2 = memref.load %pool_info[%row, %j, %c2] : memref<?x?x3xi32>
      memref.store %s, %pool_score[%row, %j] : memref<?x?x!elem>
      memref.store %i0, %pool_info[%row, %j, %c0] : memref<?x?x3xi32>
      memref.store %i1, %pool_info[%row, %j, %c1] : memref<?x?x3xi32>
      memref.store %i2, %pool_info[%row, %j, %c2] : memref<?x?x3xi32>
      scf.yield %os, %o0, %o1, %o2 : !elem, i32, i32, i32
    } else {
      scf.yield %s, %i0, %i1, %i2 : !elem, i32, i32, i32
    }
    scf.yield %n#0, %n#1, %n#2, %n#3, %move : !elem, i32, i32, i32, i1
  }
  %room = arith.cmpi ult, %size, %width : index
  scf.if %room {
    memref.store %r#0, %pool_score[%row, %size] : memref<?x?x!elem>
    memref.store %r#1, %pool_info[%row, %size, %c0] : memref<?x?x3xi32>
    memref.store %r#2, %pool_info[%row, %size, %c1] : memref<?x?x3xi32>
    memref.store %r#3, %pool_info[%row, %size, %c2] : memref<?x?x3xi32>
    %more = arith.addi %size, %c1 : index
    memref.store %more, %pool_size[%row] : memref<?xindex>
  }
  return
}

// Continues the only lane of a row with a given token; its score stays.
func.func @search_force(%prefix: memref<?x?xi32>, %row: index, %step: index, %from: index,
    %to: index, %tokens: memref<?x?xi32>, %parents: memref<?x?xi32>, %lane_rows: memref<?xi32>,
    %scores: memref<?x!elem>, %next_scores: memref<?x!elem>) {
  %c1 = arith.constant 1 : index
  %next = arith.addi %step, %c1 : index
  %token = memref.load %prefix[%row, %step] : memref<?x?xi32>
  %from32 = arith.index_cast %from : index to i32
  %row32 = arith.index_cast %row : index to i32
  %score = memref.load %scores[%from] : memref<?x!elem>
  memref.store %token, %tokens[%next, %to] : memref<?x?xi32>
  memref.store %from32, %parents[%next, %to] : memref<?x?xi32>
  memref.store %row32, %lane_rows[%to] : memref<?xi32>
  memref.store %score, %next_scores[%to] : memref<?x!elem>
  return
}

// Makes the scores of the next step the present ones.
func.func @search_keep_scores(%scores: memref<?x!elem>, %next_scores: memref<?x!elem>,
    %lanes: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %l = %c0 to %lanes step %c1 {
    %score = memref.load %next_scores[%l] : memref<?x!elem>
    memref.store %score, %scores[%l] : memref<?x!elem>
  }
  return
}

// Traces the pool back into the results. origins[b, k, p] is the lane that gave token p, -1 beyond
// the length. What is missing has length 0, score -inf and why 2; all of a row that failed has score
// NaN and why 3.
func.func @search_results(%tokens: memref<?x?xi32>, %parents: memref<?x?xi32>,
    %pool_score: memref<?x?x!elem>, %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>,
    %prefix_lengths: memref<?xindex>, %ends: memref<?xi32>, %pad: i32,
    %out_tokens: memref<?x?x?xi32>, %out_lengths: memref<?x?xi32>, %out_scores: memref<?x?x!elem>,
    %out_why: memref<?x?xi8>, %origins: memref<?x?x?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %none = arith.constant -1 : i32
  %length_0 = arith.constant 0 : i32
  %why_end = arith.constant 0 : i8
  %why_length = arith.constant 1 : i8
  %why_dead = arith.constant 2 : i8
  %why_failed = arith.constant 3 : i8
  %mark = arith.constant -1 : index
  %lowest = arith.constant #lowest
  %no_number = arith.subf %lowest, %lowest : !elem
  %rows = memref.dim %out_tokens, %c0 : memref<?x?x?xi32>
  %best = memref.dim %out_tokens, %c1 : memref<?x?x?xi32>
  %max_new = memref.dim %out_tokens, %c2 : memref<?x?x?xi32>
  scf.for %b = %c0 to %rows step %c1 {
    %size = memref.load %pool_size[%b] : memref<?xindex>
    %first = memref.load %prefix_lengths[%b] : memref<?xindex>
    %failed = arith.cmpi eq, %size, %mark : index
    %nothing = arith.select %failed, %no_number, %lowest : !elem
    %reason = arith.select %failed, %why_failed, %why_dead : i8
    scf.for %k = %c0 to %best step %c1 {
      scf.for %p = %c0 to %max_new step %c1 {
        memref.store %pad, %out_tokens[%b, %k, %p] : memref<?x?x?xi32>
        memref.store %none, %origins[%b, %k, %p] : memref<?x?x?xi32>
      }
      %present = arith.cmpi slt, %k, %size : index
      scf.if %present {
        %score = memref.load %pool_score[%b, %k] : memref<?x?x!elem>
        %step32 = memref.load %pool_info[%b, %k, %c0] : memref<?x?x3xi32>
        %lane32 = memref.load %pool_info[%b, %k, %c1] : memref<?x?x3xi32>
        %token = memref.load %pool_info[%b, %k, %c2] : memref<?x?x3xi32>
        %step = arith.index_cast %step32 : i32 to index
        %last = arith.subi %step, %first : index
        %length = arith.addi %last, %c1 : index
        %length32 = arith.index_cast %length : index to i32
        %is_end = func.call @search_is_end(%ends, %token) : (memref<?xi32>, i32) -> i1
        %why = arith.select %is_end, %why_end, %why_length : i8
        memref.store %length32, %out_lengths[%b, %k] : memref<?x?xi32>
        memref.store %score, %out_scores[%b, %k] : memref<?x?x!elem>
        memref.store %why, %out_why[%b, %k] : memref<?x?xi8>
        // Token p came out of step first + p; the lane at that step reads the one before.
        %end:2 = scf.for %u = %c0 to %length step %c1 iter_args(%t = %token, %l = %lane32)
            -> (i32, i32) {
          %p = arith.subi %last, %u : index
          memref.store %t, %out_tokens[%b, %k, %p] : memref<?x?x?xi32>
          memref.store %l, %origins[%b, %k, %p] : memref<?x?x?xi32>
          %at = arith.addi %first, %p : index
          %lane = arith.index_cast %l : i32 to index
          %t_1 = memref.load %tokens[%at, %lane] : memref<?x?xi32>
          %l_1 = memref.load %parents[%at, %lane] : memref<?x?xi32>
          scf.yield %t_1, %l_1 : i32, i32
        }
      } else {
        memref.store %length_0, %out_lengths[%b, %k] : memref<?x?xi32>
        memref.store %nothing, %out_scores[%b, %k] : memref<?x?x!elem>
        memref.store %reason, %out_why[%b, %k] : memref<?x?xi8>
      }
    }
  }
  return
}
