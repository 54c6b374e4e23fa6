// Greedy search. Every unfinished row has one lane, in the order of the rows.

// The token to take: the lowest id with the greatest logit, end tokens only if they are allowed;
// -1 if there is none above -inf.
func.func @greedy_token(%logits: memref<?x?x!elem>, %lane: index, %greatest: !elem,
    %ends: memref<?xi32>, %ends_allowed: i1) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant -1 : i32
  %unfound = arith.constant 0x7FFFFFFF : i32
  %lowest = arith.constant #lowest
  %size = memref.dim %logits, %c1 : memref<?x?x!elem>
  %token = scf.if %ends_allowed -> (i32) {
    %first = scf.for %v = %c0 to %size step %c1 iter_args(%f = %unfound) -> (i32) {
      %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
      %v32 = arith.index_cast %v : index to i32
      %same = arith.cmpf oeq, %z, %greatest : !elem
      %here = arith.select %same, %v32, %unfound : i32
      %next = arith.minsi %f, %here : i32
      scf.yield %next : i32
    }
    %above = arith.cmpf ogt, %greatest, %lowest : !elem
    %taken = arith.select %above, %first, %none : i32
    scf.yield %taken : i32
  } else {
    %best:2 = scf.for %v = %c0 to %size step %c1 iter_args(%m = %lowest, %f = %none)
        -> (!elem, i32) {
      %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
      %v32 = arith.index_cast %v : index to i32
      %above = arith.cmpf ogt, %z, %m : !elem
      %n:2 = scf.if %above -> (!elem, i32) {
        %is_end = func.call @search_is_end(%ends, %v32) : (memref<?xi32>, i32) -> i1
        %m_1 = arith.select %is_end, %m, %z : !elem
        %f_1 = arith.select %is_end, %f, %v32 : i32
        scf.yield %m_1, %f_1 : !elem, i32
      } else {
        scf.yield %m, %f : !elem, i32
      }
      scf.yield %n#0, %n#1 : !elem, i32
    }
    scf.yield %best#1 : i32
  }
  return %token : i32
}

// Continues lane %i, which is row %b's, with a token: the row ends, or goes on as lane %w of the next
// step. Returns whether it goes on; without a token, or with one that is not above -inf, it ends with
// nothing, and with logits that are no numbers it fails.
func.func @greedy_take(%logits: memref<?x?x!elem>, %i: index, %token: i32, %greatest: !elem,
    %log: !elem, %b: index, %s: index, %n: index, %w: index, %max_new: index,
    %tokens: memref<?x?xi32>, %parents: memref<?x?xi32>, %lane_rows: memref<?xi32>,
    %scores: memref<?x!elem>, %next_scores: memref<?x!elem>, %pool_score: memref<?x?x!elem>,
    %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>, %ends: memref<?xi32>,
    %norms: memref<?x!elem>) -> i1 {
  %c1 = arith.constant 1 : index
  %none = arith.constant -1 : i32
  %lowest = arith.constant #lowest
  %next = arith.addi %s, %c1 : index
  %s32 = arith.index_cast %s : index to i32
  %b32 = arith.index_cast %b : index to i32
  %found = arith.cmpi sgt, %token, %none : i32
  %gain = scf.if %found -> (!elem) {
    %v = arith.index_cast %token : i32 to index
    %z = memref.load %logits[%i, %v] : memref<?x?x!elem>
    %d = arith.subf %z, %greatest : !elem
    %lp = arith.subf %d, %log : !elem
    scf.yield %lp : !elem
  } else {
    scf.yield %lowest : !elem
  }
  %alive = arith.cmpf ogt, %gain, %lowest : !elem
  %on = scf.if %alive -> (i1) {
    %old = memref.load %scores[%i] : memref<?x!elem>
    %score = arith.addf %old, %gain : !elem
    %is_end = func.call @search_is_end(%ends, %token) : (memref<?xi32>, i32) -> i1
    %is_last = arith.cmpi eq, %n, %max_new : index
    %finished = arith.ori %is_end, %is_last : i1
    %i32 = arith.index_cast %i : index to i32
    %more = scf.if %finished -> (i1) {
      %false = arith.constant false
      %norm = memref.load %norms[%n] : memref<?x!elem>
      %final = arith.divf %score, %norm : !elem
      func.call @search_pool_insert(%pool_score, %pool_info, %pool_size, %b, %final, %s32, %i32,
          %token) : (memref<?x?x!elem>, memref<?x?x3xi32>, memref<?xindex>, index, !elem, i32,
          i32, i32) -> ()
      scf.yield %false : i1
    } else {
      %true = arith.constant true
      memref.store %token, %tokens[%next, %w] : memref<?x?xi32>
      memref.store %i32, %parents[%next, %w] : memref<?x?xi32>
      memref.store %b32, %lane_rows[%w] : memref<?xi32>
      memref.store %score, %next_scores[%w] : memref<?x!elem>
      scf.yield %true : i1
    }
    scf.yield %more : i1
  } else {
    %false = arith.constant false
    %sound = func.call @search_sound(%greatest) : (!elem) -> i1
    scf.if %sound {
    } else {
      func.call @search_fail(%pool_size, %b) : (memref<?xindex>, index) -> ()
    }
    scf.yield %false : i1
  }
  return %on : i1
}

// One step of all rows: reads the logits of step %s, finishes rows, and lists the lanes of the next
// step. Returns the number of rows, which is the number of lanes, that go on.
func.func @greedy_select(%logits: memref<?x?x!elem>, %tokens: memref<?x?xi32>,
    %parents: memref<?x?xi32>, %lane_rows: memref<?xi32>, %scores: memref<?x!elem>,
    %next_scores: memref<?x!elem>, %rows: memref<?xi32>, %begins: memref<?xindex>,
    %prefix: memref<?x?xi32>, %prefix_lengths: memref<?xindex>, %pool_score: memref<?x?x!elem>,
    %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>, %ends: memref<?xi32>,
    %norms: memref<?x!elem>, %s: index, %count: index, %max_new: index, %min_new: index)
    -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
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
      %token = func.call @greedy_token(%logits, %i, %greatest, %ends, %allowed)
          : (memref<?x?x!elem>, index, !elem, memref<?xi32>, i1) -> i32
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
