// Beam search. The lanes of unfinished row i of the list are begins[i] .. begins[i+1]-1, best first.
// A candidate is its score and a number, beam * vocabulary + token, whose order breaks ties.

// Enters a candidate into a list sorted by falling score, if it is better than the last entry; what
// is equal stays in front.
func.func @beam_insert(%list: memref<?x!elem>, %numbers: memref<?xi32>, %score: !elem,
    %number: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %false = arith.constant false
  %width = memref.dim %list, %c0 : memref<?x!elem>
  %r:3 = scf.for %j = %c0 to %width step %c1 iter_args(%s = %score, %n = %number, %moving = %false)
      -> (!elem, i32, i1) {
    %os = memref.load %list[%j] : memref<?x!elem>
    %on = memref.load %numbers[%j] : memref<?xi32>
    %better = arith.cmpf ogt, %s, %os : !elem
    %move = arith.ori %better, %moving : i1
    %ks = arith.select %move, %s, %os : !elem
    %kn = arith.select %move, %n, %on : i32
    %ds = arith.select %move, %os, %s : !elem
    %dn = arith.select %move, %on, %n : i32
    memref.store %ks, %list[%j] : memref<?x!elem>
    memref.store %kn, %numbers[%j] : memref<?xi32>
    scf.yield %ds, %dn, %move : !elem, i32, i1
  }
  return
}

// Empties a list.
func.func @beam_clear(%list: memref<?x!elem>, %numbers: memref<?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant -1 : i32
  %lowest = arith.constant #lowest
  %width = memref.dim %list, %c0 : memref<?x!elem>
  scf.for %j = %c0 to %width step %c1 {
    memref.store %lowest, %list[%j] : memref<?x!elem>
    memref.store %none, %numbers[%j] : memref<?xi32>
  }
  return
}

// Enters the continuations of one lane: those that do not end into `list`, end tokens into
// `end_list`. The vocabulary is read in blocks; a block whose greatest logit cannot enter the list is
// passed over. Rounding keeps order, so comparing the greatest one is exact. Returns whether the
// logits are numbers.
func.func @beam_lane(%logits: memref<?x?x!elem>, %lane: index, %beam: index, %score: !elem,
    %ends: memref<?xi32>, %ends_allowed: i1, %list: memref<?x!elem>, %numbers: memref<?xi32>,
    %end_list: memref<?x!elem>, %end_numbers: memref<?xi32>) -> i1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %block = arith.constant 64 : index
  %lowest = arith.constant #lowest
  %size = memref.dim %logits, %c1 : memref<?x?x!elem>
  %width = memref.dim %list, %c0 : memref<?x!elem>
  %last = arith.subi %width, %c1 : index
  %base = arith.muli %beam, %size : index
  %greatest, %log = func.call @search_log_sum(%logits, %lane)
      : (memref<?x?x!elem>, index) -> (!elem, !elem)

  scf.for %v0 = %c0 to %size step %block {
    %v1 = arith.addi %v0, %block : index
    %stop = arith.minui %v1, %size : index
    %top = scf.for %v = %v0 to %stop step %c1 iter_args(%m = %lowest) -> (!elem) {
      %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
      %n = arith.maximumf %m, %z : !elem
      scf.yield %n : !elem
    }
    %d = arith.subf %top, %greatest : !elem
    %lp = arith.subf %d, %log : !elem
    %bound = arith.addf %score, %lp : !elem
    %worst = memref.load %list[%last] : memref<?x!elem>
    %promising = arith.cmpf ogt, %bound, %worst : !elem
    scf.if %promising {
      scf.for %v = %v0 to %stop step %c1 {
        %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
        %dz = arith.subf %z, %greatest : !elem
        %lpz = arith.subf %dz, %log : !elem
        %candidate = arith.addf %score, %lpz : !elem
        %now = memref.load %list[%last] : memref<?x!elem>
        %enters = arith.cmpf ogt, %candidate, %now : !elem
        scf.if %enters {
          %v32 = arith.index_cast %v : index to i32
          %is_end = func.call @search_is_end(%ends, %v32) : (memref<?xi32>, i32) -> i1
          scf.if %is_end {
          } else {
            %number = arith.addi %base, %v : index
            %number32 = arith.index_cast %number : index to i32
            func.call @beam_insert(%list, %numbers, %candidate, %number32)
                : (memref<?x!elem>, memref<?xi32>, !elem, i32) -> ()
          }
        }
      }
    }
  }
  scf.if %ends_allowed {
    %count = memref.dim %ends, %c0 : memref<?xi32>
    scf.for %e = %c0 to %count step %c1 {
      %token = memref.load %ends[%e] : memref<?xi32>
      %v = arith.index_cast %token : i32 to index
      %z = memref.load %logits[%lane, %v] : memref<?x?x!elem>
      %dz = arith.subf %z, %greatest : !elem
      %lpz = arith.subf %dz, %log : !elem
      %candidate = arith.addf %score, %lpz : !elem
      %number = arith.addi %base, %v : index
      %number32 = arith.index_cast %number : index to i32
      func.call @beam_insert(%end_list, %end_numbers, %candidate, %number32)
          : (memref<?x!elem>, memref<?xi32>, !elem, i32) -> ()
    }
  }
  %sound = func.call @search_sound(%greatest) : (!elem) -> i1
  return %sound : i1
}

// Walks over the first `width` candidates of both lists, in order: end tokens enter the pool, at the
// last step everything does.
func.func @beam_finish(%list: memref<?x!elem>, %numbers: memref<?xi32>, %end_list: memref<?x!elem>,
    %end_numbers: memref<?xi32>, %size: index, %begin: index, %row: index, %s: index, %norm: !elem,
    %is_last: i1, %pool_score: memref<?x?x!elem>, %pool_info: memref<?x?x3xi32>,
    %pool_size: memref<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant -1 : i32
  %true = arith.constant true
  %s32 = arith.index_cast %s : index to i32
  %begin32 = arith.index_cast %begin : index to i32
  %size32 = arith.index_cast %size : index to i32
  %width = memref.dim %list, %c0 : memref<?x!elem>
  %p:2 = scf.for %j = %c0 to %width step %c1 iter_args(%pt = %c0, %pe = %c0) -> (index, index) {
    %ts = memref.load %list[%pt] : memref<?x!elem>
    %tn = memref.load %numbers[%pt] : memref<?xi32>
    %es = memref.load %end_list[%pe] : memref<?x!elem>
    %en = memref.load %end_numbers[%pe] : memref<?xi32>
    %has_token = arith.cmpi sgt, %tn, %none : i32
    %has_end = arith.cmpi sgt, %en, %none : i32
    %above = arith.cmpf ogt, %es, %ts : !elem
    %equal = arith.cmpf oeq, %es, %ts : !elem
    %before = arith.cmpi slt, %en, %tn : i32
    %tie = arith.andi %equal, %before : i1
    %wins = arith.ori %above, %tie : i1
    %ends = arith.andi %has_end, %wins : i1
    %continues = arith.xori %ends, %true : i1
    %counts = arith.andi %has_token, %continues : i1
    %cut = arith.andi %counts, %is_last : i1
    %finished = arith.ori %ends, %cut : i1
    scf.if %finished {
      %score = arith.select %ends, %es, %ts : !elem
      %number = arith.select %ends, %en, %tn : i32
      %beam = arith.divsi %number, %size32 : i32
      %token = arith.remsi %number, %size32 : i32
      %lane = arith.addi %begin32, %beam : i32
      %normal = arith.divf %score, %norm : !elem
      func.call @search_pool_insert(%pool_score, %pool_info, %pool_size, %row, %normal, %s32, %lane,
          %token) : (memref<?x?x!elem>, memref<?x?x3xi32>, memref<?xindex>, index, !elem, i32, i32,
          i32) -> ()
    }
    %pt_1 = arith.addi %pt, %c1 : index
    %pe_1 = arith.addi %pe, %c1 : index
    %qt = arith.select %ends, %pt, %pt_1 : index
    %qe = arith.select %ends, %pe_1, %pe : index
    scf.yield %qt, %qe : index, index
  }
  return
}

// Whether a row with a full pool ends. %mode is 0 for heuristic, 1 for first, 2 for exact; %far is
// the most favourable length.
func.func @beam_stops(%pool_score: memref<?x?x!elem>, %pool_size: memref<?xindex>, %row: index,
    %best: !elem, %norms: memref<?x!elem>, %n: index, %mode: i32, %far: index) -> i1 {
  %c1 = arith.constant 1 : index
  %first = arith.constant 1 : i32
  %exact = arith.constant 2 : i32
  %false = arith.constant false
  %width = memref.dim %pool_score, %c1 : memref<?x?x!elem>
  %size = memref.load %pool_size[%row] : memref<?xindex>
  %full = arith.cmpi eq, %size, %width : index
  %stops = scf.if %full -> (i1) {
    %last = arith.subi %width, %c1 : index
    %worst = memref.load %pool_score[%row, %last] : memref<?x?x!elem>
    %is_exact = arith.cmpi eq, %mode, %exact : i32
    %length = arith.select %is_exact, %far, %n : index
    %norm = memref.load %norms[%length] : memref<?x!elem>
    %reach = arith.divf %best, %norm : !elem
    %settled = arith.cmpf ole, %reach, %worst : !elem
    %is_first = arith.cmpi eq, %mode, %first : i32
    %either = arith.ori %is_first, %settled : i1
    scf.yield %either : i1
  } else {
    scf.yield %false : i1
  }
  return %stops : i1
}

// Ends what ends of a row at one step. Returns how many of `list` stay alive, 0 if the row ends.
func.func @beam_settle(%begin: index, %row: index, %s: index, %n: index, %max_new: index,
    %size: index, %norms: memref<?x!elem>, %mode: i32, %penalised: i1,
    %pool_score: memref<?x?x!elem>, %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>,
    %list: memref<?x!elem>, %numbers: memref<?xi32>, %end_list: memref<?x!elem>,
    %end_numbers: memref<?xi32>) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant -1 : i32
  %width = memref.dim %list, %c0 : memref<?x!elem>
  %norm = memref.load %norms[%n] : memref<?x!elem>
  %is_last = arith.cmpi eq, %n, %max_new : index
  func.call @beam_finish(%list, %numbers, %end_list, %end_numbers, %size, %begin, %row, %s, %norm,
      %is_last, %pool_score, %pool_info, %pool_size) : (memref<?x!elem>, memref<?xi32>,
      memref<?x!elem>, memref<?xi32>, index, index, index, index, !elem, i1, memref<?x?x!elem>,
      memref<?x?x3xi32>, memref<?xindex>) -> ()
  %live = scf.for %j = %c0 to %width step %c1 iter_args(%c = %c0) -> (index) {
    %number = memref.load %numbers[%j] : memref<?xi32>
    %present = arith.cmpi sgt, %number, %none : i32
    %more = arith.addi %c, %c1 : index
    %next = arith.select %present, %more, %c : index
    scf.yield %next : index
  }
  %best = memref.load %list[%c0] : memref<?x!elem>
  %far = arith.select %penalised, %max_new, %n : index
  %stops = func.call @beam_stops(%pool_score, %pool_size, %row, %best, %norms, %n, %mode, %far)
      : (memref<?x?x!elem>, memref<?xindex>, index, !elem, memref<?x!elem>, index, i32, index) -> i1
  %over = arith.ori %is_last, %stops : i1
  %left = arith.select %over, %c0, %live : index
  return %left : index
}

// One row at one step. Returns how many of `list` stay alive, 0 if the row ends or fails.
func.func @beam_row(%logits: memref<?x?x!elem>, %scores: memref<?x!elem>, %begin: index,
    %end: index, %row: index, %s: index, %n: index, %max_new: index, %min_new: index,
    %ends: memref<?xi32>, %norms: memref<?x!elem>, %mode: i32, %penalised: i1,
    %pool_score: memref<?x?x!elem>, %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>,
    %list: memref<?x!elem>, %numbers: memref<?xi32>, %end_list: memref<?x!elem>,
    %end_numbers: memref<?xi32>) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %size = memref.dim %logits, %c1 : memref<?x?x!elem>
  func.call @beam_clear(%list, %numbers) : (memref<?x!elem>, memref<?xi32>) -> ()
  func.call @beam_clear(%end_list, %end_numbers) : (memref<?x!elem>, memref<?xi32>) -> ()
  %allowed = arith.cmpi ugt, %n, %min_new : index
  %true = arith.constant true
  %sound = scf.for %lane = %begin to %end step %c1 iter_args(%all = %true) -> (i1) {
    %beam = arith.subi %lane, %begin : index
    %score = memref.load %scores[%lane] : memref<?x!elem>
    %one = func.call @beam_lane(%logits, %lane, %beam, %score, %ends, %allowed, %list, %numbers,
        %end_list, %end_numbers) : (memref<?x?x!elem>, index, index, !elem, memref<?xi32>, i1,
        memref<?x!elem>, memref<?xi32>, memref<?x!elem>, memref<?xi32>) -> i1
    %both = arith.andi %all, %one : i1
    scf.yield %both : i1
  }
  %left = scf.if %sound -> (index) {
    %live = func.call @beam_settle(%begin, %row, %s, %n, %max_new, %size, %norms, %mode, %penalised,
        %pool_score, %pool_info, %pool_size, %list, %numbers, %end_list, %end_numbers) : (index,
        index, index, index, index, index, memref<?x!elem>, i32, i1, memref<?x?x!elem>,
        memref<?x?x3xi32>, memref<?xindex>, memref<?x!elem>, memref<?xi32>, memref<?x!elem>,
        memref<?xi32>) -> index
    scf.yield %live : index
  } else {
    func.call @search_fail(%pool_size, %row) : (memref<?xindex>, index) -> ()
    scf.yield %c0 : index
  }
  return %left : index
}

// One step of all rows: reads the logits of step %s, finishes hypotheses and rows, and lists the
// lanes of the next step. Returns the numbers of rows and lanes that go on.
func.func @beam_select(%logits: memref<?x?x!elem>, %tokens: memref<?x?xi32>,
    %parents: memref<?x?xi32>, %lane_rows: memref<?xi32>, %scores: memref<?x!elem>,
    %next_scores: memref<?x!elem>, %rows: memref<?xi32>, %begins: memref<?xindex>,
    %prefix: memref<?x?xi32>, %prefix_lengths: memref<?xindex>, %pool_score: memref<?x?x!elem>,
    %pool_info: memref<?x?x3xi32>, %pool_size: memref<?xindex>, %ends: memref<?xi32>,
    %norms: memref<?x!elem>, %s: index, %count: index, %max_new: index, %min_new: index,
    %mode: i32, %penalised: i1, %list: memref<?x!elem>, %numbers: memref<?xi32>,
    %end_list: memref<?x!elem>, %end_numbers: memref<?xi32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %next = arith.addi %s, %c1 : index
  %size = memref.dim %logits, %c1 : memref<?x?x!elem>
  %size32 = arith.index_cast %size : index to i32
  %begin_0 = memref.load %begins[%c0] : memref<?xindex>
  // The list of rows shrinks in place, so the end of a row's lanes is carried as the next begin.
  %kept:3 = scf.for %i = %c0 to %count step %c1
      iter_args(%w = %c0, %l = %c0, %begin = %begin_0) -> (index, index, index) {
    %i_1 = arith.addi %i, %c1 : index
    %end = memref.load %begins[%i_1] : memref<?xindex>
    %b32 = memref.load %rows[%i] : memref<?xi32>
    %b = arith.index_cast %b32 : i32 to index
    %first = memref.load %prefix_lengths[%b] : memref<?xindex>
    %forced = arith.cmpi ult, %s, %first : index
    %left = scf.if %forced -> (index) {
      func.call @search_force(%prefix, %b, %s, %begin, %l, %tokens, %parents, %lane_rows, %scores,
          %next_scores) : (memref<?x?xi32>, index, index, index, index, memref<?x?xi32>,
          memref<?x?xi32>, memref<?xi32>, memref<?x!elem>, memref<?x!elem>) -> ()
      scf.yield %c1 : index
    } else {
      %generated = arith.subi %s, %first : index
      %n = arith.addi %generated, %c1 : index
      %live = func.call @beam_row(%logits, %scores, %begin, %end, %b, %s, %n, %max_new, %min_new,
          %ends, %norms, %mode, %penalised, %pool_score, %pool_info, %pool_size, %list, %numbers,
          %end_list, %end_numbers) : (memref<?x?x!elem>, memref<?x!elem>, index, index, index, index,
          index, index, index, memref<?xi32>, memref<?x!elem>, i32, i1, memref<?x?x!elem>,
          memref<?x?x3xi32>, memref<?xindex>, memref<?x!elem>, memref<?xi32>, memref<?x!elem>,
          memref<?xi32>) -> index
      %begin32 = arith.index_cast %begin : index to i32
      scf.for %j = %c0 to %live step %c1 {
        %to = arith.addi %l, %j : index
        %score = memref.load %list[%j] : memref<?x!elem>
        %number = memref.load %numbers[%j] : memref<?xi32>
        %beam = arith.divsi %number, %size32 : i32
        %token = arith.remsi %number, %size32 : i32
        %lane = arith.addi %begin32, %beam : i32
        memref.store %token, %tokens[%next, %to] : memref<?x?xi32>
        memref.store %lane, %parents[%next, %to] : memref<?x?xi32>
        memref.store %b32, %lane_rows[%to] : memref<?xi32>
        memref.store %score, %next_scores[%to] : memref<?x!elem>
      }
      scf.yield %live : index
    }
    %l_1 = arith.addi %l, %left : index
    %goes_on = arith.cmpi ugt, %left, %c0 : index
    %w_1 = scf.if %goes_on -> (index) {
      memref.store %b32, %rows[%w] : memref<?xi32>
      %more = arith.addi %w, %c1 : index
      memref.store %l_1, %begins[%more] : memref<?xindex>
      scf.yield %more : index
    } else {
      scf.yield %w : index
    }
    scf.yield %w_1, %l_1, %end : index, index, index
  }
  func.call @search_keep_scores(%scores, %next_scores, %kept#1)
      : (memref<?x!elem>, memref<?x!elem>, index) -> ()
  return %kept#0, %kept#1 : index, index
}
