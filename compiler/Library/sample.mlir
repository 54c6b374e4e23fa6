// Sampling. Rows and lanes are those of greedy search; only the choice of the token differs.
// Everything behind the logits is in double precision, and in the order that seq.generate documents,
// so that results depend on the logits alone.

// The first word that Philox 4x32-10 makes of a counter (c0, c1, c2, 0) and a key (k0, k1). Words are
// held in i64, for the products.
func.func @sample_philox(%c0: i64, %c1: i64, %c2: i64, %k0: i64, %k1: i64) -> i64 {
  %zero = arith.constant 0 : i64
  %half = arith.constant 32 : i64
  %mask = arith.constant 0xFFFFFFFF : i64
  %m0 = arith.constant 0xD2511F53 : i64
  %m1 = arith.constant 0xCD9E8D57 : i64
  %w0 = arith.constant 0x9E3779B9 : i64
  %w1 = arith.constant 0xBB67AE85 : i64
  %begin = arith.constant 0 : index
  %rounds = arith.constant 10 : index
  %one = arith.constant 1 : index
  %r:6 = scf.for %i = %begin to %rounds step %one
      iter_args(%x0 = %c0, %x1 = %c1, %x2 = %c2, %x3 = %zero, %y0 = %k0, %y1 = %k1)
      -> (i64, i64, i64, i64, i64, i64) {
    %p = arith.muli %m0, %x0 : i64
    %q = arith.muli %m1, %x2 : i64
    %ph = arith.shrui %p, %half : i64
    %qh = arith.shrui %q, %half : i64
    %pl = arith.andi %p, %mask : i64
    %ql = arith.andi %q, %mask : i64
    %a = arith.xori %qh, %x1 : i64
    %n0 = arith.xori %a, %y0 : i64
    %b = arith.xori %ph, %x3 : i64
    %n2 = arith.xori %b, %y1 : i64
    %s0 = arith.addi %y0, %w0 : i64
    %s1 = arith.addi %y1, %w1 : i64
    %z0 = arith.andi %s0, %mask : i64
    %z1 = arith.andi %s1, %mask : i64
    scf.yield %n0, %ql, %n2, %pl, %z0, %z1 : i64, i64, i64, i64, i64, i64
  }
  return %r#0 : i64
}

// The number in [0, 1) that draws token %index of a row.
func.func @sample_uniform(%seed: i64, %row: i64, %index: i64) -> f64 {
  %half = arith.constant 32 : i64
  %mask = arith.constant 0xFFFFFFFF : i64
  %eight = arith.constant 8 : i64
  %unit = arith.constant 0x3E70000000000000 : f64
  %step = arith.andi %index, %mask : i64
  %row_low = arith.andi %row, %mask : i64
  %row_high = arith.shrui %row, %half : i64
  %seed_low = arith.andi %seed, %mask : i64
  %seed_high = arith.shrui %seed, %half : i64
  %word = func.call @sample_philox(%step, %row_low, %row_high, %seed_low, %seed_high)
      : (i64, i64, i64, i64, i64) -> i64
  %bits = arith.shrui %word, %eight : i64
  %number = arith.sitofp %bits : i64 to f64
  %u = arith.mulf %number, %unit : f64
  return %u : f64
}

// Whether token %a ranks before token %b: a greater logit, or an equal one and a smaller number.
func.func @sample_before(%logits: memref<?x?x!elem>, %lane: index, %a: i32, %b: i32) -> i1 {
  %va = arith.index_cast %a : i32 to index
  %vb = arith.index_cast %b : i32 to index
  %za = memref.load %logits[%lane, %va] : memref<?x?x!elem>
  %zb = memref.load %logits[%lane, %vb] : memref<?x?x!elem>
  %above = arith.cmpf ogt, %za, %zb : !elem
  %equal = arith.cmpf oeq, %za, %zb : !elem
  %smaller = arith.cmpi slt, %a, %b : i32
  %tie = arith.andi %equal, %smaller : i1
  %before = arith.ori %above, %tie : i1
  return %before : i1
}

// Moves the entry at %root of a heap down to where it belongs. The heap is the first %size entries
// of %order, the best token on top.
func.func @sample_sift(%logits: memref<?x?x!elem>, %lane: index, %order: memref<?xi32>, %root: index,
    %size: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %true = arith.constant true
  %false = arith.constant false
  %moving = memref.load %order[%root] : memref<?xi32>
  %end:2 = scf.while (%at = %root, %open = %true) : (index, i1) -> (index, i1) {
    %twice = arith.muli %at, %c2 : index
    %left = arith.addi %twice, %c1 : index
    %inside = arith.cmpi ult, %left, %size : index
    %more = arith.andi %inside, %open : i1
    scf.condition(%more) %at, %open : index, i1
  } do {
  ^bb0(%at: index, %open: i1):
    %twice = arith.muli %at, %c2 : index
    %left = arith.addi %twice, %c1 : index
    %right = arith.addi %twice, %c2 : index
    %both = arith.cmpi ult, %right, %size : index
    %child = scf.if %both -> (index) {
      %l = memref.load %order[%left] : memref<?xi32>
      %r = memref.load %order[%right] : memref<?xi32>
      %wins = func.call @sample_before(%logits, %lane, %r, %l)
          : (memref<?x?x!elem>, index, i32, i32) -> i1
      %better = arith.select %wins, %right, %left : index
      scf.yield %better : index
    } else {
      scf.yield %left : index
    }
    %c = memref.load %order[%child] : memref<?xi32>
    %rises = func.call @sample_before(%logits, %lane, %c, %moving)
        : (memref<?x?x!elem>, index, i32, i32) -> i1
    %next:2 = scf.if %rises -> (index, i1) {
      memref.store %c, %order[%at] : memref<?xi32>
      scf.yield %child, %true : index, i1
    } else {
      scf.yield %at, %false : index, i1
    }
    scf.yield %next#0, %next#1 : index, i1
  }
  memref.store %moving, %order[%end#0] : memref<?xi32>
  return
}

// Takes the best token off a heap. It stays behind the heap, so that the token of rank j is found
// `j + 1` places before the end of what the heap was made from.
func.func @sample_pop(%logits: memref<?x?x!elem>, %lane: index, %order: memref<?xi32>, %size: index)
    -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %last = arith.subi %size, %c1 : index
  %best = memref.load %order[%c0] : memref<?xi32>
  %other = memref.load %order[%last] : memref<?xi32>
  memref.store %other, %order[%c0] : memref<?xi32>
  memref.store %best, %order[%last] : memref<?xi32>
  func.call @sample_sift(%logits, %lane, %order, %c0, %last)
      : (memref<?x?x!elem>, index, memref<?xi32>, index, index) -> ()
  return %best : i32
}

// Lists the tokens that may be taken, in rising order; returns how many, and the greatest logit.
func.func @sample_candidates(%logits: memref<?x?x!elem>, %lane: index, %ends: memref<?xi32>,
    %ends_allowed: i1, %order: memref<?xi32>) -> (index, !elem) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %lowest = arith.constant #lowest
  %size = memref.dim %logits, %c1 : memref<?x?x!elem>
  %r:2 = scf.for %v = %c0 to %size step %c1 iter_args(%n = %c0, %m = %lowest) -> (index, !elem) {
    %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
    %v32 = arith.index_cast %v : index to i32
    %above = arith.cmpf ogt, %z, %lowest : !elem
    %allowed = scf.if %ends_allowed -> (i1) {
      scf.yield %above : i1
    } else {
      %is_end = func.call @search_is_end(%ends, %v32) : (memref<?xi32>, i32) -> i1
      %is_other = arith.xori %is_end, %true : i1
      %both = arith.andi %above, %is_other : i1
      scf.yield %both : i1
    }
    %next:2 = scf.if %allowed -> (index, !elem) {
      memref.store %v32, %order[%n] : memref<?xi32>
      %more = arith.addi %n, %c1 : index
      %greatest = arith.maximumf %m, %z : !elem
      scf.yield %more, %greatest : index, !elem
    } else {
      scf.yield %n, %m : index, !elem
    }
    scf.yield %next#0, %next#1 : index, !elem
  }
  return %r#0, %r#1 : index, !elem
}

// Sets the weights of tokens that do not rank before or equal to %last to 0 and returns the sum of
// the others, in rising order of tokens.
func.func @sample_cut(%logits: memref<?x?x!elem>, %lane: index, %last: i32, %weights: memref<?xf64>)
    -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %size = memref.dim %weights, %c0 : memref<?xf64>
  %sum = scf.for %v = %c0 to %size step %c1 iter_args(%s = %zero) -> (f64) {
    %v32 = arith.index_cast %v : index to i32
    %drops = func.call @sample_before(%logits, %lane, %last, %v32)
        : (memref<?x?x!elem>, index, i32, i32) -> i1
    %w = memref.load %weights[%v] : memref<?xf64>
    %kept = arith.select %drops, %zero, %w : f64
    memref.store %kept, %weights[%v] : memref<?xf64>
    %next = arith.addf %s, %kept : f64
    scf.yield %next : f64
  }
  return %sum : f64
}

// Keeps the tokens that make up the share %top_p of %total, by rank; the first %limit ranks have a
// weight. The first %popped of them have left the heap already.
func.func @sample_nucleus(%logits: memref<?x?x!elem>, %lane: index, %order: memref<?xi32>,
    %count: index, %popped: index, %limit: index, %top_p: f64, %total: f64,
    %weights: memref<?xf64>) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %none = arith.constant -1 : i32
  %bar = arith.mulf %top_p, %total : f64
  %r:3 = scf.while (%j = %c0, %before = %zero, %last = %none) : (index, f64, i32)
      -> (index, f64, i32) {
    %first = arith.cmpi eq, %j, %c0 : index
    %below = arith.cmpf olt, %before, %bar : f64
    %more = arith.cmpi ult, %j, %limit : index
    %wanted = arith.ori %first, %below : i1
    %goes_on = arith.andi %wanted, %more : i1
    scf.condition(%goes_on) %j, %before, %last : index, f64, i32
  } do {
  ^bb0(%j: index, %before: f64, %last: i32):
    %size = arith.subi %count, %j : index
    %there = arith.cmpi ult, %j, %popped : index
    %token = scf.if %there -> (i32) {
      %at = arith.subi %size, %c1 : index
      %known = memref.load %order[%at] : memref<?xi32>
      scf.yield %known : i32
    } else {
      %best = func.call @sample_pop(%logits, %lane, %order, %size)
          : (memref<?x?x!elem>, index, memref<?xi32>, index) -> i32
      scf.yield %best : i32
    }
    %v = arith.index_cast %token : i32 to index
    %w = memref.load %weights[%v] : memref<?xf64>
    %sum = arith.addf %before, %w : f64
    %next = arith.addi %j, %c1 : index
    scf.yield %next, %sum, %token : index, f64, i32
  }
  %kept = func.call @sample_cut(%logits, %lane, %r#2, %weights)
      : (memref<?x?x!elem>, index, i32, memref<?xf64>) -> f64
  return %kept : f64
}

// Weighs the candidates, keeps those that top-k and top-p leave, and returns the sum of their weights;
// all other weights are 0.
func.func @sample_weigh(%logits: memref<?x?x!elem>, %lane: index, %count: index, %greatest: !elem,
    %temperature: f64, %top_k: index, %top_p: f64, %order: memref<?xi32>, %weights: memref<?xf64>)
    -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %size = memref.dim %weights, %c0 : memref<?xf64>
  scf.for %v = %c0 to %size step %c1 {
    memref.store %zero, %weights[%v] : memref<?xf64>
  }
  %some = arith.cmpi sgt, %top_k, %c0 : index
  %fewer = arith.cmpi slt, %top_k, %count : index
  %cuts = arith.andi %some, %fewer : i1
  %limit = arith.select %cuts, %top_k, %count : index
  %popped = arith.select %cuts, %top_k, %c0 : index
  %partial = arith.cmpf olt, %top_p, %one : f64
  %ranks = arith.ori %cuts, %partial : i1
  %wide = func.call @sample_widen(%greatest) : (!elem) -> f64
  scf.if %ranks {
    // Every entry that has one below it, from the last to the first.
    %parents = arith.divui %count, %c2 : index
    scf.for %i = %c0 to %parents step %c1 {
      %i_1 = arith.addi %i, %c1 : index
      %root = arith.subi %parents, %i_1 : index
      func.call @sample_sift(%logits, %lane, %order, %root, %count)
          : (memref<?x?x!elem>, index, memref<?xi32>, index, index) -> ()
    }
    scf.for %j = %c0 to %popped step %c1 {
      %left = arith.subi %count, %j : index
      %best = func.call @sample_pop(%logits, %lane, %order, %left)
          : (memref<?x?x!elem>, index, memref<?xi32>, index) -> i32
    }
  }
  // What is kept lies behind the heap, or is all of it.
  %begin = arith.subi %count, %limit : index
  scf.for %i = %begin to %count step %c1 {
    %token = memref.load %order[%i] : memref<?xi32>
    %v = arith.index_cast %token : i32 to index
    %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
    %zd = func.call @sample_widen(%z) : (!elem) -> f64
    %d = arith.subf %zd, %wide : f64
    %t = arith.divf %d, %temperature : f64
    %e = math.exp %t : f64
    memref.store %e, %weights[%v] : memref<?xf64>
  }
  %total = scf.for %v = %c0 to %size step %c1 iter_args(%s = %zero) -> (f64) {
    %w = memref.load %weights[%v] : memref<?xf64>
    %next = arith.addf %s, %w : f64
    scf.yield %next : f64
  }
  %kept = scf.if %partial -> (f64) {
    %sum = func.call @sample_nucleus(%logits, %lane, %order, %count, %popped, %limit, %top_p, %total,
        %weights) : (memref<?x?x!elem>, index, memref<?xi32>, index, index, index, f64, f64,
        memref<?xf64>) -> f64
    scf.yield %sum : f64
  } else {
    scf.yield %total : f64
  }
  return %kept : f64
}

// The token that %u draws; -1 if there is none.
func.func @sample_token(%logits: memref<?x?x!elem>, %lane: index, %ends: memref<?xi32>,
    %ends_allowed: i1, %temperature: f64, %top_k: index, %top_p: f64, %u: f64, %order: memref<?xi32>,
    %weights: memref<?xf64>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %none = arith.constant -1 : i32
  %count, %greatest = func.call @sample_candidates(%logits, %lane, %ends, %ends_allowed, %order)
      : (memref<?x?x!elem>, index, memref<?xi32>, i1, memref<?xi32>) -> (index, !elem)
  %any = arith.cmpi ugt, %count, %c0 : index
  %token = scf.if %any -> (i32) {
    %sum = func.call @sample_weigh(%logits, %lane, %count, %greatest, %temperature, %top_k, %top_p,
        %order, %weights) : (memref<?x?x!elem>, index, index, !elem, f64, index, f64, memref<?xi32>,
        memref<?xf64>) -> f64
    %bar = arith.mulf %u, %sum : f64
    %size = memref.dim %weights, %c0 : memref<?xf64>
    %r:2 = scf.for %v = %c0 to %size step %c1 iter_args(%s = %zero, %f = %none) -> (f64, i32) {
      %v32 = arith.index_cast %v : index to i32
      %w = memref.load %weights[%v] : memref<?xf64>
      %up_to = arith.addf %s, %w : f64
      %above = arith.cmpf ogt, %up_to, %bar : f64
      %open = arith.cmpi eq, %f, %none : i32
      %here = arith.andi %above, %open : i1
      %found = arith.select %here, %v32, %f : i32
      scf.yield %up_to, %found : f64, i32
    }
    scf.yield %r#1 : i32
  } else {
    scf.yield %none : i32
  }
  return %token : i32
}

// One step of all rows, as greedy_select makes it.
func.func @sample_select(%logits: memref<?x?x!elem>, %tokens: memref<?x?xi32>,
    %parents: memref<?x?xi32>, %lane_rows: memref<?xi32>, %scores: memref<?x!elem>,
    %next_scores: memref<?x!elem>, %rows: memref<?xi32>, %begins: memref<?xindex>,
    %prefix: memref<?x?xi32>, %prefix_lengths: memref<?xindex>, %pool_score: memref<?x?x!elem>,
    %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>, %ends: memref<?xi32>,
    %norms: memref<?x!elem>, %s: index, %count: index, %max_new: index, %min_new: index,
    %temperature: f32, %top_k: index, %top_p: f32, %seed: i64, %first_row: i64,
    %order: memref<?xi32>, %weights: memref<?xf64>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant -1 : i32
  %least = arith.constant 0x00800000 : f32
  %lowest = arith.constant #lowest
  %degrees = arith.extf %temperature : f32 to f64
  %share = arith.extf %top_p : f32 to f64
  // Subnormal numbers count as 0, whether they are flushed here or not.
  %is_cold = arith.cmpf olt, %temperature, %least : f32
  %kept = scf.for %i = %c0 to %count step %c1 iter_args(%w = %c0) -> (index) {
    %b32 = memref.load %rows[%i] : memref<?xi32>
    %b = arith.index_cast %b32 : i32 to index
    %first = memref.load %prefix_lengths[%b] : memref<?xindex>
    %forced = arith.cmpi ult, %s, %first : index
    %goes_on = scf.if %forced -> (i1) {
      %true = arith.constant true
      func.call @search_force(%prefix, %b, %s, %i, %w, %tokens, %parents, %lane_rows, %scores,
          %next_scores) : (memref<?x?xi32>, index, index, index, index, memref<?x?xi32>,
          memref<?x?xi32>, memref<?xi32>, memref<?x!elem>, memref<?x!elem>) -> ()
      scf.yield %true : i1
    } else {
      %generated = arith.subi %s, %first : index
      %n = arith.addi %generated, %c1 : index
      %allowed = arith.cmpi ugt, %n, %min_new : index
      %greatest, %log = func.call @search_log_sum(%logits, %i)
          : (memref<?x?x!elem>, index) -> (!elem, !elem)
      %token = scf.if %is_cold -> (i32) {
        %best = func.call @greedy_token(%logits, %i, %greatest, %ends, %allowed)
            : (memref<?x?x!elem>, index, !elem, memref<?xi32>, i1) -> i32
        scf.yield %best : i32
      } else {
        // No logarithm without a finite greatest logit: such a row is dead.
        %lives = arith.cmpf ogt, %log, %lowest : !elem
        %taken = scf.if %lives -> (i32) {
          %b64 = arith.extui %b32 : i32 to i64
          %row = arith.addi %first_row, %b64 : i64
          %index = arith.index_cast %generated : index to i64
          %u = func.call @sample_uniform(%seed, %row, %index) : (i64, i64, i64) -> f64
          %drawn = func.call @sample_token(%logits, %i, %ends, %allowed, %degrees, %top_k, %share,
              %u, %order, %weights) : (memref<?x?x!elem>, index, memref<?xi32>, i1, f64, index, f64,
              f64, memref<?xi32>, memref<?xf64>) -> i32
          scf.yield %drawn : i32
        } else {
          scf.yield %none : i32
        }
        scf.yield %taken : i32
      }
      %on = func.call @greedy_take(%logits, %i, %token, %greatest, %log, %b, %s, %n, %w, %max_new,
          %tokens, %parents, %lane_rows, %scores, %next_scores, %pool_score, %pool_info, %pool_size,
          %ends, %norms) : (memref<?x?x!elem>, index, i32, !elem, !elem, index, index, index, index,
          index, memref<?x?xi32>, memref<?x?xi32>, memref<?xi32>, memref<?x!elem>, memref<?x!elem>,
          memref<?x?x!elem>, memref<?x?x3xi32>, memref<?xindex>, memref<?xi32>, memref<?x!elem>)
          -> i1
      scf.yield %on : i1
    }
    %w_1 = scf.if %goes_on -> (index) {
      memref.store %b32, %rows[%w] : memref<?xi32>
      %more = arith.addi %w, %c1 : index
      scf.yield %more : index
    } else {
      scf.yield %w : index
    }
    scf.yield %w_1 : index
  }
  func.call @search_keep_scores(%scores, %next_scores, %kept)
      : (memref<?x!elem>, memref<?x!elem>, index) -> ()
  return %kept, %kept : index, index
}
