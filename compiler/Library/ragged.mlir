// Index computations for ragged batches, on tensors. A row with lengths[b] = n takes part in steps
// 0 .. n-1. Everything is linear in the number of rows, steps and living rows.

// Rows by falling length (stable), the position of every row in that order, and for every step the
// number of rows that take part and the position of its first row among all living rows; the last
// result is the number of living rows of all steps.
func.func @ragged_order(%lengths: tensor<?xindex>, %steps: index)
    -> (tensor<?xindex>, tensor<?xindex>, tensor<?xindex>, tensor<?xindex>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %lengths, %c0 : tensor<?xindex>
  %steps_1 = arith.addi %steps, %c1 : index

  // ends[n] = rows of length n.
  %ends_e = tensor.empty(%steps_1) : tensor<?xindex>
  %ends_0 = linalg.fill ins(%c0 : index) outs(%ends_e : tensor<?xindex>) -> tensor<?xindex>
  %ends = scf.for %b = %c0 to %rows step %c1 iter_args(%e = %ends_0) -> (tensor<?xindex>) {
    %n = tensor.extract %lengths[%b] : tensor<?xindex>
    %old = tensor.extract %e[%n] : tensor<?xindex>
    %new = arith.addi %old, %c1 : index
    %e1 = tensor.insert %new into %e[%n] : tensor<?xindex>
    scf.yield %e1 : tensor<?xindex>
  }

  // counts[t] = rows longer than t, from the last step backwards; next[n] = first place in the
  // order for a row of length n, which is the number of longer rows.
  %counts_e = tensor.empty(%steps) : tensor<?xindex>
  %next_e = tensor.empty(%steps_1) : tensor<?xindex>
  %next_0 = tensor.insert %c0 into %next_e[%steps] : tensor<?xindex>
  %counts, %next, %all = scf.for %u = %c0 to %steps step %c1
      iter_args(%c = %counts_e, %x = %next_0, %longer = %c0)
      -> (tensor<?xindex>, tensor<?xindex>, index) {
    %n = arith.subi %steps, %u : index
    %t = arith.subi %n, %c1 : index
    %here = tensor.extract %ends[%n] : tensor<?xindex>
    %count = arith.addi %longer, %here : index
    %c_1 = tensor.insert %count into %c[%t] : tensor<?xindex>
    %x_1 = tensor.insert %count into %x[%t] : tensor<?xindex>
    scf.yield %c_1, %x_1, %count : tensor<?xindex>, tensor<?xindex>, index
  }

  %offsets_e = tensor.empty(%steps) : tensor<?xindex>
  %offsets, %total = scf.for %t = %c0 to %steps step %c1
      iter_args(%o = %offsets_e, %sum = %c0) -> (tensor<?xindex>, index) {
    %o_1 = tensor.insert %sum into %o[%t] : tensor<?xindex>
    %count = tensor.extract %counts[%t] : tensor<?xindex>
    %sum_1 = arith.addi %sum, %count : index
    scf.yield %o_1, %sum_1 : tensor<?xindex>, index
  }

  %order_e = tensor.empty(%rows) : tensor<?xindex>
  %place_e = tensor.empty(%rows) : tensor<?xindex>
  %order, %place, %used = scf.for %b = %c0 to %rows step %c1
      iter_args(%r = %order_e, %p = %place_e, %x = %next)
      -> (tensor<?xindex>, tensor<?xindex>, tensor<?xindex>) {
    %n = tensor.extract %lengths[%b] : tensor<?xindex>
    %at = tensor.extract %x[%n] : tensor<?xindex>
    %r_1 = tensor.insert %b into %r[%at] : tensor<?xindex>
    %p_1 = tensor.insert %at into %p[%b] : tensor<?xindex>
    %at_1 = arith.addi %at, %c1 : index
    %x_1 = tensor.insert %at_1 into %x[%n] : tensor<?xindex>
    scf.yield %r_1, %p_1, %x_1 : tensor<?xindex>, tensor<?xindex>, tensor<?xindex>
  }
  return %order, %place, %counts, %offsets, %total
      : tensor<?xindex>, tensor<?xindex>, tensor<?xindex>, tensor<?xindex>, index
}

// Time and row of every living row, step by step in sorted order.
func.func @ragged_sources_forward(%lengths: tensor<?xindex>, %order: tensor<?xindex>,
    %counts: tensor<?xindex>, %offsets: tensor<?xindex>, %total: index)
    -> (tensor<?xindex>, tensor<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = tensor.dim %counts, %c0 : tensor<?xindex>
  %times_e = tensor.empty(%total) : tensor<?xindex>
  %rows_e = tensor.empty(%total) : tensor<?xindex>
  %times, %rows = scf.for %t = %c0 to %steps step %c1
      iter_args(%ti = %times_e, %ri = %rows_e) -> (tensor<?xindex>, tensor<?xindex>) {
    %count = tensor.extract %counts[%t] : tensor<?xindex>
    %offset = tensor.extract %offsets[%t] : tensor<?xindex>
    %ti_1, %ri_1 = scf.for %j = %c0 to %count step %c1
        iter_args(%tj = %ti, %rj = %ri) -> (tensor<?xindex>, tensor<?xindex>) {
      %p = arith.addi %offset, %j : index
      %row = tensor.extract %order[%j] : tensor<?xindex>
      %tj_1 = tensor.insert %t into %tj[%p] : tensor<?xindex>
      %rj_1 = tensor.insert %row into %rj[%p] : tensor<?xindex>
      scf.yield %tj_1, %rj_1 : tensor<?xindex>, tensor<?xindex>
    }
    scf.yield %ti_1, %ri_1 : tensor<?xindex>, tensor<?xindex>
  }
  return %times, %rows : tensor<?xindex>, tensor<?xindex>
}

// The same for a loop that reads every row from its own last step.
func.func @ragged_sources_reverse(%lengths: tensor<?xindex>, %order: tensor<?xindex>,
    %counts: tensor<?xindex>, %offsets: tensor<?xindex>, %total: index)
    -> (tensor<?xindex>, tensor<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = tensor.dim %counts, %c0 : tensor<?xindex>
  %times_e = tensor.empty(%total) : tensor<?xindex>
  %rows_e = tensor.empty(%total) : tensor<?xindex>
  %times, %rows = scf.for %t = %c0 to %steps step %c1
      iter_args(%ti = %times_e, %ri = %rows_e) -> (tensor<?xindex>, tensor<?xindex>) {
    %count = tensor.extract %counts[%t] : tensor<?xindex>
    %offset = tensor.extract %offsets[%t] : tensor<?xindex>
    %ti_1, %ri_1 = scf.for %j = %c0 to %count step %c1
        iter_args(%tj = %ti, %rj = %ri) -> (tensor<?xindex>, tensor<?xindex>) {
      %p = arith.addi %offset, %j : index
      %row = tensor.extract %order[%j] : tensor<?xindex>
      %n = tensor.extract %lengths[%row] : tensor<?xindex>
      %last = arith.subi %n, %c1 : index
      %time = arith.subi %last, %t : index
      %tj_1 = tensor.insert %time into %tj[%p] : tensor<?xindex>
      %rj_1 = tensor.insert %row into %rj[%p] : tensor<?xindex>
      scf.yield %tj_1, %rj_1 : tensor<?xindex>, tensor<?xindex>
    }
    scf.yield %ti_1, %ri_1 : tensor<?xindex>, tensor<?xindex>
  }
  return %times, %rows : tensor<?xindex>, tensor<?xindex>
}
