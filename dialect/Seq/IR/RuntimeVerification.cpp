//===- RuntimeVerification.cpp - What only a call can break ---------------===//
//
// generateRuntimeVerification() of every op whose document has a section
// "Checked at run time". The labels are those of the document.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

using arith::CmpIPredicate;

/// `name` with a number behind it.
static std::string number(StringRef name, size_t index) {
  return (name + " " + Twine(index)).str();
}

//===----------------------------------------------------------------------===//
// RecurrenceOp
//===----------------------------------------------------------------------===//

/// Extents in dimension `dim` of what has that dimension: scanned inputs,
/// then, as far as types tell, outputs.
static SmallVector<NamedExtent> seriesExtents(RuntimeChecks &checks,
                                              RecurrenceOp op, int64_t dim) {
  SmallVector<NamedExtent> extents;
  for (auto [index, input] : llvm::enumerate(op.getScanned()))
    if (dim < tensorType(input).getRank())
      extents.push_back(
          checks.named(number("scanned input", index), input, dim));
  for (auto [index, output] : llvm::enumerate(op.getOutputs()))
    if (dim < tensorType(output).getRank())
      extents.push_back(
          checks.namedResult(number("output", index), output, dim));
  return extents;
}

/// Extents of dimension 0 of the states.
static SmallVector<NamedExtent> stateExtents(RuntimeChecks &checks,
                                             RecurrenceOp op) {
  SmallVector<NamedExtent> extents;
  for (auto [index, state] : llvm::enumerate(op.getInits()))
    extents.push_back(checks.named(number("state", index), state, 0));
  return extents;
}

/// R3: counts fall from at most the batch extent to at least 0, and add up to
/// the rows that are stored.
static void checkCounts(RuntimeChecks &checks, RecurrenceOp op,
                        ArrayRef<NamedExtent> states,
                        ArrayRef<NamedExtent> series) {
  Value counts = op.getCounts();
  // Rows that no memory has: sums of counts below stay in 64 bits.
  OpFoldResult most = states.empty() ? OpFoldResult(checks.constant(1LL << 46))
                                     : states.front().size;
  checks.requireElements("counts", {counts, checks.constant(0), most, {}},
                         "R3");
  Value zero = checks.constant(0), one = checks.constant(1);
  Value rise = checks.reduceVector(
      counts, /*greatest=*/true, [&](OpBuilder &b, Value count) -> Value {
        Location loc = op.getLoc();
        Value step = linalg::IndexOp::create(b, loc, 0);
        Value before = arith::MaxSIOp::create(
            b, loc, arith::SubIOp::create(b, loc, step, one), zero);
        Value previous = tensor::ExtractOp::create(b, loc, counts, before);
        return arith::SubIOp::create(b, loc, count, previous);
      });
  checks.require(checks.compare(CmpIPredicate::sle, rise, zero),
                 "counts grow by {0} from one step to the next, but they may "
                 "not grow [R3]",
                 {rise});
  if (op.getScanned().empty())
    return;
  Value sum =
      checks.reduceVector(counts, /*greatest=*/false,
                          [](OpBuilder &, Value count) { return count; });
  Value rows = checks.toValue(series.front().size);
  checks.require(checks.compare(CmpIPredicate::eq, sum, rows),
                 "counts sum to {0}, but {1} living rows are stored [R3]",
                 {sum, rows});
}

void RecurrenceOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  SmallVector<NamedExtent> series = seriesExtents(checks, *this, 0),
                           states = stateExtents(checks, *this);
  if (isFlat()) {
    checks.requireShared(states, "batch rows", "C8");
    checks.requireShared(series, "living rows", "C9");
    checkCounts(checks, *this, states, series);
    return;
  }
  if (Value steps = getSteps()) {
    checks.requireAtLeast("steps", steps, 0, "R2");
    series.insert(series.begin(), {"steps", OpFoldResult(steps)});
  }
  checks.requireShared(series, "time steps", "C7");
  SmallVector<NamedExtent> rows = seriesExtents(checks, *this, 1);
  llvm::append_range(rows, states);
  if (Value lengths = getLengths())
    rows.push_back(checks.named("lengths", lengths, 0));
  checks.requireShared(rows, "batch rows", "C8");
  if (Value lengths = getLengths())
    checks.requireElements(
        "lengths", {lengths, builder.getIndexAttr(0), series.front().size, {}},
        "R1");
}

/// R4: what a cell yields has the extents of its arguments. Those of the dense
/// form are known in front of the loop, where the check can go then.
static void checkCell(RuntimeChecks &checks, RecurrenceOp op) {
  OpFoldResult rows;
  auto takeRows = [&](Value argument, Value outside, int64_t dim) {
    if (!rows && tensorType(argument).getRank() > 0)
      rows = op.isFlat() ? checks.extent(argument, 0)
                         : checks.extent(outside, dim);
  };
  for (auto [init, state] :
       llvm::zip_equal(op.getInits(), op.getStateArguments()))
    takeRows(state, init, 0);
  for (auto [input, slice] :
       llvm::zip_equal(op.getScanned(), op.getSliceArguments()))
    takeRows(slice, input, 1);
  for (auto [index, yielded, state, init] : llvm::enumerate(
           op.getYieldedStates(), op.getStateArguments(), op.getInits()))
    for (int64_t dim = 0; dim < tensorType(state).getRank(); ++dim)
      if (yielded != state)
        checks.requireExtent(number("yielded state", index), yielded, dim,
                             dim == 0 ? rows : checks.extent(init, dim), "R4");
  for (auto [index, yielded] : llvm::enumerate(op.getYieldedOutputs()))
    if (tensorType(yielded).getRank() > 0)
      checks.requireExtent(number("yielded output", index), yielded, 0, rows,
                           "R4");
}

//===----------------------------------------------------------------------===//
// RnnOp, GruOp, LstmOp
//===----------------------------------------------------------------------===//

namespace {
/// Builds what the three layers have in common.
template <typename OpTy> class LayerChecks {
public:
  LayerChecks(OpBuilder &builder, Location loc, OpTy op, DescribeFault describe)
      : checks(builder, loc, op, describe), builder(builder), op(op) {}

  /// Extents of operands and results, and lengths.
  void check(StringRef results) {
    bool batchFirst = op.getBatchFirst();
    int64_t timeDim = batchFirst ? 1 : 0, rowsDim = batchFirst ? 0 : 1;
    rows.push_back(checks.named("input", op.getInput(), rowsDim));
    SmallVector<NamedExtent> steps{
        checks.named("input", op.getInput(), timeDim),
        checks.namedResult("y", op.getY(), timeDim)};
    checks.requireShared(steps, "time steps", results);
    if (Value lengths = op.getLengths())
      rows.push_back(checks.named("lengths", lengths, 0));
    checks.requireShared(rows, "batch rows", "C4");
    if (Value bias = op.getBias())
      checkStatic(
          "bias", bias,
          {op.getNumDirections(), 2 * op.getNumGates() * op.getHiddenSize()},
          "C3");
    checkState("initial_h", op.getInitialH(), hiddenFeatures());
    if constexpr (std::is_same_v<OpTy, LstmOp>) {
      checkState("initial_c", op.getInitialC(), op.getHiddenSize());
      if (Value peephole = op.getPeephole())
        checkStatic("peephole", peephole,
                    {op.getNumDirections(), 3 * op.getHiddenSize()}, "C8");
      if (Value projection = op.getProjection())
        checkStatic(
            "projection", projection,
            {op.getNumDirections(), hiddenFeatures(), op.getHiddenSize()},
            "C9");
    }
    // What types say of the results is known beforehand.
    SmallVector<NamedExtent> given{rows.front()};
    given.push_back(checks.namedResult("y", op.getY(), batchFirst ? 0 : 2));
    given.push_back(checks.namedResult("y_h", op.getYH(), rowsDim));
    if constexpr (std::is_same_v<OpTy, LstmOp>)
      given.push_back(checks.namedResult("y_c", op.getYC(), rowsDim));
    checks.requireShared(given, "batch rows", results);
    if (Value lengths = op.getLengths())
      checks.requireElements(
          "lengths", {lengths, builder.getIndexAttr(0), steps.front().size, {}},
          "R1");
  }

private:
  /// Features of the hidden state.
  int64_t hiddenFeatures() { return extent(op.getRecurrent(), 2); }

  /// A tensor whose extents the weights tell.
  void checkStatic(StringRef name, Value tensor, ArrayRef<int64_t> shape,
                   StringRef label) {
    for (auto [dim, size] : llvm::enumerate(shape))
      checks.requireExtent(name, tensor, dim, builder.getIndexAttr(size),
                           label);
  }

  /// C5: an initial state, if it is given.
  void checkState(StringRef name, Value state, int64_t features) {
    if (!state)
      return;
    OpFoldResult directions = builder.getIndexAttr(op.getNumDirections()),
                 last = builder.getIndexAttr(features),
                 batch = rows.front().size;
    SmallVector<OpFoldResult> required{directions, batch, last};
    if (op.getBatchFirst())
      std::swap(required[0], required[1]);
    for (auto [dim, size] : llvm::enumerate(required))
      checks.requireExtent(name, state, dim, size, "C5");
  }

  RuntimeChecks checks;
  OpBuilder &builder;
  OpTy op;
  /// The extents of the batch, that of the input first.
  SmallVector<NamedExtent> rows;
};
} // namespace

void RnnOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  LayerChecks<RnnOp>(builder, loc, *this, describe).check("C8");
}

void GruOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  LayerChecks<GruOp>(builder, loc, *this, describe).check("C8");
}

void LstmOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  LayerChecks<LstmOp>(builder, loc, *this, describe).check("C10");
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

/// C1, C5 and C7: the extents that operands and results share. Returns the
/// shape of what belongs to the scores of the keys' rows.
static SmallVector<OpFoldResult> checkAttentionShapes(RuntimeChecks &checks,
                                                      AttentionOp op) {
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  Value output = op.getOutput(), probabilities = op.getProbabilities();
  int64_t rank = tensorType(query).getRank();
  bool hasHeads = rank == 4, hasRows = static_cast<bool>(op.getRows());
  auto ofResults = [&](SmallVectorImpl<NamedExtent> &list, int64_t dim) {
    list.push_back(checks.namedResult("output", output, dim));
    if (probabilities)
      list.push_back(checks.namedResult("probabilities", probabilities, dim));
  };
  SmallVector<NamedExtent> keyRows{checks.named("key", key, 0),
                                   checks.named("value", value, 0)};
  SmallVector<NamedExtent> queryRows{checks.named("query", query, 0)};
  ofResults(queryRows, 0);
  if (hasRows)
    queryRows.push_back(checks.named("rows", op.getRows(), 0));
  else
    llvm::append_range(keyRows, queryRows);
  if (Value lengths = op.getLengths())
    keyRows.push_back(checks.named("lengths", lengths, 0));
  if (Value starts = op.getStarts(); starts && extent(starts, 0) != 1)
    keyRows.push_back(checks.named("starts", starts, 0));
  checks.requireShared(keyRows, "batch rows",
                       op.getLengths() || op.getStarts() ? "C5" : "C1");
  if (hasRows)
    checks.requireShared(queryRows, "batch rows", "C5");

  SmallVector<OpFoldResult> scores{keyRows.front().size};
  if (hasHeads) {
    SmallVector<NamedExtent> heads{checks.named("query", query, 1)},
        groups{checks.named("key", key, 1), checks.named("value", value, 1)};
    ofResults(heads, 1);
    checks.requireShared(heads, "heads", "C7");
    checks.requireShared(groups, "heads", "C1");
    scores.push_back(heads.front().size);
  }
  SmallVector<NamedExtent> queries{checks.named("query", query, rank - 2)},
      keys{checks.named("key", key, rank - 2),
           checks.named("value", value, rank - 2)};
  ofResults(queries, rank - 2);
  if (probabilities)
    keys.push_back(
        checks.namedResult("probabilities", probabilities, rank - 1));
  checks.requireShared(queries, "positions", "C7");
  checks.requireShared(keys, "positions", "C1");
  scores.push_back(queries.front().size);
  scores.push_back(keys.front().size);
  return scores;
}

/// C1: the heads of the queries share those of the keys evenly.
static void checkGroups(OpBuilder &builder, RuntimeChecks &checks,
                        AttentionOp op) {
  OpFoldResult heads = checks.extent(op.getQuery(), 1),
               groups = checks.extent(op.getKey(), 1);
  // Equal ones do, and static ones the verifier compared.
  if ((getConstantIntValue(heads) && getConstantIntValue(groups)) ||
      getConstantIntValue(groups) == 1)
    return;
  Location loc = op.getLoc();
  Value found = checks.toValue(heads), each = checks.toValue(groups),
        one = checks.constant(1);
  Value rest = arith::RemUIOp::create(
      builder, loc, found, arith::MaxSIOp::create(builder, loc, each, one));
  Value divides = arith::AndIOp::create(
      builder, loc, checks.compare(CmpIPredicate::sge, each, one),
      checks.compare(CmpIPredicate::eq, rest, checks.constant(0)));
  Value fits = arith::OrIOp::create(
      builder, loc, checks.compare(CmpIPredicate::eq, found, each), divides);
  checks.require(fits,
                 "query has {0} heads, but a multiple of the {1} heads of the "
                 "key is required [C1]",
                 {found, each});
}

void AttentionOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  SmallVector<OpFoldResult> scores = checkAttentionShapes(checks, *this);
  if (tensorType(getQuery()).getRank() == 4)
    checkGroups(builder, checks, *this);
  // C2
  if (Value weight = getScoreWeight()) {
    Value sides[] = {getQuery(), getKey()};
    for (int64_t dim = 0; dim < tensorType(weight).getRank(); ++dim)
      checks.requireExtent(
          "score_weight", weight, dim,
          builder.getIndexAttr(tensorType(sides[dim]).getShape().back()), "C2");
  }
  // C4
  for (auto [name, side] : {std::pair<StringRef, Value>{"mask", getMask()},
                            std::pair<StringRef, Value>{"bias", getBias()}})
    if (side)
      checks.requireBroadcast(name, side, scores, "C4");
  if (Value lengths = getLengths())
    checks.requireElements(
        "lengths", {lengths, builder.getIndexAttr(0), scores.back(), {}}, "R1");
  if (Value rows = getRows()) {
    Value last = arith::SubIOp::create(
        builder, loc, checks.toValue(scores.front()), checks.constant(1));
    checks.requireElements(
        "rows", {rows, builder.getIndexAttr(0), OpFoldResult(last), {}}, "R2");
  }
}

/// R3: a score region yields one score for each pair.
static void checkScores(RuntimeChecks &checks, AttentionOp op,
                        ValueRange yielded) {
  checks.requireExtent("yielded score", yielded.front(), 0,
                       checks.extent(op.getScoreRegion().getArgument(0), 0),
                       "R3");
}

//===----------------------------------------------------------------------===//
// GenerateOp
//===----------------------------------------------------------------------===//

/// R4: operands that stand for attributes of the search are as C8 asks.
static void checkSampling(OpBuilder &builder, Location loc,
                          RuntimeChecks &checks, GenerateOp op) {
  auto real = [&](double number) -> Value {
    return arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(number)));
  };
  auto compare = [&](arith::CmpFPredicate predicate, Value left,
                     Value right) -> Value {
    return arith::CmpFOp::create(builder, loc, predicate, left, right);
  };
  // Ordered comparisons are false of NaN.
  if (Value degrees = op.getTemperature())
    checks.require(
        arith::AndIOp::create(
            builder, loc, compare(arith::CmpFPredicate::OGE, degrees, real(0)),
            compare(arith::CmpFPredicate::OLT, degrees,
                    real(std::numeric_limits<float>::infinity()))),
        "temperature is not a finite number of at least 0, as is required "
        "[R4]");
  if (Value mass = op.getTopP())
    checks.require(
        arith::AndIOp::create(
            builder, loc, compare(arith::CmpFPredicate::OGT, mass, real(0)),
            compare(arith::CmpFPredicate::OLE, mass, real(1))),
        "top_p is not a number above 0 and at most 1, as is required [R4]");
  if (Value topK = op.getTopK())
    checks.requireAtLeast("top_k", topK, 0, "R4");
}

void GenerateOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  checks.requireAtLeast("max_new", getMaxNew(), 1, "R1");
  // C5, C6 and C9
  SmallVector<NamedExtent> rows{checks.named("start", getStart(), 0)};
  for (auto [name, result] :
       {std::pair<StringRef, Value>{"tokens", getTokens()},
        std::pair<StringRef, Value>{"lengths", getLengths()},
        std::pair<StringRef, Value>{"scores", getScores()},
        std::pair<StringRef, Value>{"why", getWhy()}})
    rows.push_back(checks.namedResult(name, result, 0));
  for (auto [index, trace] : llvm::enumerate(getTraces()))
    rows.push_back(checks.namedResult(number("trace", index), trace, 0));
  checks.requireShared(rows, "rows", "C6");
  rows.truncate(1);
  if (Value prefix = getPrefix()) {
    rows.push_back(checks.named("prefix", prefix, 0));
    rows.push_back(checks.named("prefix_lengths", getPrefixLengths(), 0));
    checks.requireShared(rows, "rows", "C5");
  }
  rows.truncate(1);
  for (auto [index, state] : llvm::enumerate(getInits()))
    rows.push_back(checks.named(number("state", index), state, 0));
  checks.requireShared(rows, "rows", "C9");
  if (Value prefix = getPrefix()) {
    checks.requireElements("prefix_lengths",
                           {getPrefixLengths(), builder.getIndexAttr(0),
                            checks.extent(prefix, 1), Value()},
                           "R2");
    Value logits = getStep().front().getTerminator()->getOperand(0);
    int64_t vocabulary = extent(logits, 1);
    checks.requireElements("prefix",
                           {prefix, builder.getIndexAttr(0),
                            builder.getIndexAttr(vocabulary - 1),
                            getPrefixLengths()},
                           "R3");
  }
  checkSampling(builder, loc, checks, *this);
}

/// R5: what a step yields has one row for each lane, and states keep their
/// extents.
static void checkStep(RuntimeChecks &checks, GenerateOp op) {
  Block &step = op.getStep().front();
  OperandRange yielded = step.getTerminator()->getOperands();
  OpFoldResult lanes = checks.extent(step.getArgument(0), 0);
  checks.requireExtent("yielded logits", yielded[0], 0, lanes, "R5");
  size_t numStates = op.getInits().size();
  for (auto [index, value, state] :
       llvm::enumerate(yielded.slice(1, numStates), op.getStateArguments()))
    if (value != state)
      for (int64_t dim = 0; dim < tensorType(state).getRank(); ++dim)
        checks.requireExtent(number("yielded state", index), value, dim,
                             checks.extent(state, dim), "R5");
  for (auto [index, value, result] :
       llvm::enumerate(yielded.drop_front(1 + numStates), op.getTraces())) {
    checks.requireExtent(number("yielded trace", index), value, 0, lanes, "R5");
    // A result has the trace's extents behind rows, hypotheses and tokens.
    for (int64_t dim = 1; dim < tensorType(value).getRank(); ++dim)
      checks.requireExtent(number("yielded trace", index), value, dim,
                           checks.resultExtent(result, dim + 2), "R5");
  }
}

//===----------------------------------------------------------------------===//
// YieldOp
//===----------------------------------------------------------------------===//

void YieldOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  Operation *parent = getOperation()->getParentOp();
  RuntimeChecks checks(builder, loc, parent, describe);
  if (auto recurrence = dyn_cast<RecurrenceOp>(parent))
    checkCell(checks, recurrence);
  else if (auto attention = dyn_cast<AttentionOp>(parent))
    checkScores(checks, attention, getValues());
  else
    checkStep(checks, cast<GenerateOp>(parent));
}

//===----------------------------------------------------------------------===//
// PackedMatmulOp
//===----------------------------------------------------------------------===//

void PackedMatmulOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  // C1, C2
  SmallVector<NamedExtent> rows{checks.named("lhs", getLhs(), 0)}, columns;
  for (auto [index, init] : llvm::enumerate(getInits())) {
    rows.push_back(checks.named(number("init", index), init, 0));
    columns.push_back(checks.named(number("init", index), init, 1));
  }
  checks.requireShared(rows, "rows", "C2");
  checks.requireShared(columns, "columns", "C2");
  int64_t unit = getDepthUnit();
  OpFoldResult depth = checks.extent(getPanels(), 1);
  if (std::optional<int64_t> groups = getConstantIntValue(depth))
    depth = builder.getIndexAttr(*groups * unit);
  else if (unit > 1)
    depth = arith::MulIOp::create(builder, loc, checks.toValue(depth),
                                  checks.constant(unit))
                .getResult();
  SmallVector<NamedExtent> depths{checks.named("lhs", getLhs(), 1),
                                  {"panels", depth}};
  checks.requireShared(depths, "columns", "C1");
  OpFoldResult panels = checks.extent(getPanels(), 0),
               width = columns.front().size;
  if (getConstantIntValue(panels) && getConstantIntValue(width))
    return;
  Value each = checks.constant(getPanelWidth());
  Value count =
      arith::CeilDivUIOp::create(builder, loc, checks.toValue(width), each);
  Value found = checks.toValue(panels);
  checks.require(checks.compare(CmpIPredicate::eq, found, count),
                 "panels has {0} panels, but {1} are required for the columns "
                 "[C1]",
                 {found, count});
}

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

void MatmulOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  // C1, C2
  SmallVector<NamedExtent> rows{checks.named("lhs", getLhs(), 0)};
  for (auto [index, init] : llvm::enumerate(getInits())) {
    rows.push_back(checks.named(number("init", index), init, 0));
    checks.requireExtent(number("init", index), init, 1,
                         builder.getIndexAttr(getNumColumns()), "C2");
  }
  checks.requireShared(rows, "rows", "C2");
  checks.requireExtent("lhs", getLhs(), 1, builder.getIndexAttr(getDepth()),
                       "C1");
}

//===----------------------------------------------------------------------===//
// QuantizedMatmulOp
//===----------------------------------------------------------------------===//

void QuantizedMatmulOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  // C1
  unsigned depth = getTransposed() ? 0 : 1;
  SmallVector<NamedExtent> depths{checks.named("lhs", getLhs(), 1),
                                  checks.named("rhs", getRhs(), depth)};
  checks.requireShared(depths, "depth", "C1");
  // C2, C3: one element, or one per row or column.
  if (Value zero = getLhsZero(); zero && tensorType(zero).getRank() == 1)
    checks.requireBroadcast("lhs_zero", zero, checks.extent(getLhs(), 0), "C2");
  if (Value zero = getRhsZero(); zero && tensorType(zero).getRank() == 1)
    checks.requireBroadcast("rhs_zero", zero,
                            checks.extent(getRhs(), 1 - depth), "C3");
}
