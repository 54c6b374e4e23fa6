//===- DecomposeGenerate.cpp - Search to a loop over buffers --------------===//
//
// Turns seq.generate into an scf.while over (step, unfinished rows, lanes).
// What the search remembers lives in buffers that are allocated in front of the
// loop, so that no step allocates or copies more than the states of the lanes:
// tables of tokens and parents are written once per step and traced back at the
// end. The step region is inlined between tensors that read these buffers and
// materializations that write them; selection is done by functions of the
// library.
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/ViewLikeInterface.h"

#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/RegionExtents.h"
#include "compiler/Decompose/SearchBuffers.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "compiler/Library/Library.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace seqc {
#define GEN_PASS_DEF_DECOMPOSEGENERATEPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace seqc {
namespace {

constexpr int64_t kDynamic = ShapedType::kDynamic;

/// Builds what replaces one search.
class GenerateDecomposer {
public:
  GenerateDecomposer(seq::GenerateOp op, ModuleOp module)
      : op(op), module(module), b(op.getLoc(), op),
        yield(cast<seq::YieldOp>(op.getStep().front().getTerminator())) {}

  LogicalResult run() {
    element = cast<FloatType>(getElementTypeOrSelf(op.getScores().getType()));
    auto logitsType =
        cast<RankedTensorType>(yield.getValues().front().getType());
    beam = dyn_cast<seq::BeamAttr>(op.getSearch());
    sample = dyn_cast<seq::SampleAttr>(op.getSearch());
    SmallVector<StringRef> files = {"search", beam ? "beam" : "greedy"};
    if (sample)
      llvm::append_values(
          files, StringRef("sample"),
          StringRef(element.isF64() ? "sample_f64" : "sample_f32"));
    library = parseLibrary(b.getContext(), files, element);
    suffix = element.isF64() ? "_f64" : "_f32";
    width = op.getWidth();
    numStates = op.getInits().size();

    readBounds();
    allocateTables();
    fillPrefix();
    fillEnds();
    fillNorms();
    allocateStates();
    logits = allocate(b, {kDynamic, logitsType.getDimSize(1)}, element,
                      {lanes, Value()});
    if (sample)
      readSampling(logitsType.getDimSize(1));
    if (failed(allocateTraces()))
      return failure();
    start();
    buildLoop();
    buildResults();
    op->erase();
    return success();
  }

private:
  Value index(int64_t value) { return indexConstant(b, value); }

  /// A buffer of dynamic extents.
  Value dynamicBuffer(Type type, ArrayRef<Value> sizes) {
    return allocate(b, SmallVector<int64_t>(sizes.size(), kDynamic), type,
                    sizes);
  }

  //===--------------------------------------------------------------------===//
  // In front of the loop
  //===--------------------------------------------------------------------===//

  /// The most tokens of this call, and those there is memory for: of the
  /// smaller of a constant and a number that comes with the call, the constant,
  /// so that sizes stay known.
  void readBounds() {
    // What the op calls undefined must not write outside the buffers.
    auto atLeastOne = [&](Value number) -> Value {
      std::optional<int64_t> known = getConstantIntValue(number);
      if (known && *known >= 1)
        return number;
      return arith::MaxSIOp::create(b, number, index(1));
    };
    if (auto smaller = op.getMaxNew().getDefiningOp<arith::MinSIOp>()) {
      Value limit = smaller.getLhs(), wanted = smaller.getRhs();
      if (!getConstantIntValue(limit))
        std::swap(limit, wanted);
      if (getConstantIntValue(limit).value_or(0) >= 1) {
        mostNew = limit;
        maxNew = arith::MinSIOp::create(b, limit, atLeastOne(wanted));
        return;
      }
    }
    mostNew = maxNew = atLeastOne(op.getMaxNew());
  }

  /// The numbers of sampling, and memory for one lane's choice.
  void readSampling(int64_t vocabulary) {
    auto number = [&](Value given, APFloat known) -> Value {
      if (given)
        return given;
      return floatConstant(b, b.getF32Type(), known.convertToDouble());
    };
    auto integer = [&](Value given, int64_t known) -> Value {
      if (given)
        return given;
      return arith::ConstantOp::create(b, b.getI64IntegerAttr(known));
    };
    sampling = {
        number(op.getTemperature(), sample.getTemperature()),
        op.getTopK() ? op.getTopK() : index(sample.getTopK()),
        number(op.getTopP(), sample.getTopP()),
        integer(op.getSeed(), static_cast<int64_t>(sample.getSeed())),
        integer(op.getFirstRow(), 0),
        asDynamic(b, allocate(b, {vocabulary}, b.getI32Type(), {Value()})),
        asDynamic(b, allocate(b, {vocabulary}, b.getF64Type(), {Value()}))};
  }

  void allocateTables() {
    Type i32 = b.getI32Type(), indexType = b.getIndexType();
    rows = asValue(b, extent(b, op.getStart(), 0));
    prefixExtent =
        op.getPrefix() ? asValue(b, extent(b, op.getPrefix(), 1)) : index(0);
    positions = arith::AddIOp::create(b, mostNew, prefixExtent);
    Value entries = arith::AddIOp::create(b, positions, index(1));
    lanes = arith::MulIOp::create(b, rows, index(width));
    Value rowsPlusOne = arith::AddIOp::create(b, rows, index(1));
    buffers.tokens = dynamicBuffer(i32, {entries, lanes});
    buffers.parents = dynamicBuffer(i32, {entries, lanes});
    buffers.laneRows = dynamicBuffer(i32, {lanes});
    buffers.scores = dynamicBuffer(element, {lanes});
    buffers.nextScores = dynamicBuffer(element, {lanes});
    buffers.rows = dynamicBuffer(i32, {rows});
    buffers.begins = dynamicBuffer(indexType, {rowsPlusOne});
    buffers.poolScore =
        asDynamic(b, allocate(b, {kDynamic, width}, element, {rows, Value()}));
    buffers.poolInfo = asDynamic(
        b, allocate(b, {kDynamic, width, 3}, i32, {rows, Value(), Value()}), 1);
    buffers.poolSize = dynamicBuffer(indexType, {rows});
    if (!beam)
      return;
    auto candidates = [&](Type type) {
      return asDynamic(b, allocate(b, {width}, type, {Value()}));
    };
    buffers.list = candidates(element);
    buffers.numbers = candidates(i32);
    buffers.endList = candidates(element);
    buffers.endNumbers = candidates(i32);
  }

  void fillPrefix() {
    buffers.prefixLengths = dynamicBuffer(b.getIndexType(), {rows});
    buffers.prefix = dynamicBuffer(b.getI32Type(), {rows, prefixExtent});
    if (!op.getPrefix()) {
      linalg::FillOp::create(b, index(0), buffers.prefixLengths);
      return;
    }
    writeTensor(b, dynamicTensor(op.getPrefix()), buffers.prefix);
    AffineMap map = b.getMultiDimIdentityMap(1);
    Value lengths = dynamicTensor(op.getPrefixLengths());
    Value within = generic(
        b, lengths, emptyTensor(b, {OpFoldResult(rows)}, b.getIndexType()),
        {map, map}, {utils::IteratorType::parallel},
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> SmallVector<Value> {
          Value length =
              arith::IndexCastOp::create(b, b.getIndexType(), args[0]);
          length = arith::MaxSIOp::create(b, length, indexConstant(b, 0));
          return {arith::MinSIOp::create(b, length, prefixExtent)};
        })[0];
    writeTensor(b, within, buffers.prefixLengths);
  }

  /// `tensor` with dynamic extents, as the library's functions take them.
  Value dynamicTensor(Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<int64_t> shape(type.getRank(), kDynamic);
    return castTo(b, tensor,
                  RankedTensorType::get(shape, type.getElementType()));
  }

  void fillEnds() {
    SmallVector<int32_t> ends(op.getEnd());
    llvm::sort(ends);
    Value buffer =
        allocate(b, {int64_t(ends.size())}, b.getI32Type(), {Value()});
    for (auto [position, end] : llvm::enumerate(ends)) {
      Value token = arith::ConstantOp::create(b, b.getI32IntegerAttr(end));
      memref::StoreOp::create(b, token, buffer, index(position));
    }
    buffers.ends = asDynamic(b, buffer);
  }

  /// norms[n] = f32(n ** length_penalty).
  void fillNorms() {
    Value count = arith::AddIOp::create(b, mostNew, index(1));
    buffers.norms = dynamicBuffer(element, {count});
    Value end = arith::AddIOp::create(b, maxNew, index(1));
    double known = op.getLengthPenalty();
    penalty = op.getPenalty();
    scf::ForOp::create(
        b, index(1), end, index(1), ValueRange(),
        [&](OpBuilder &inner, Location loc, Value n, ValueRange) {
          ImplicitLocOpBuilder b(loc, inner);
          Value number = arith::IndexCastOp::create(b, b.getI64Type(), n);
          Value power = arith::SIToFPOp::create(b, b.getF64Type(), number);
          if (penalty)
            power = math::PowFOp::create(b, power, penalty);
          else if (known == 0.0)
            power = floatConstant(b, b.getF64Type(), 1.0);
          else if (known != 1.0)
            power = math::PowFOp::create(
                b, power, floatConstant(b, b.getF64Type(), known));
          Value norm = arith::TruncFOp::create(b, b.getF32Type(), power);
          if (element.isF64())
            norm = arith::ExtFOp::create(b, element, norm);
          memref::StoreOp::create(b, norm, buffers.norms, n);
          scf::YieldOp::create(b);
        });
  }

  /// Two buffers per state: what the lanes yielded, and what their
  /// continuations see.
  void allocateStates() {
    for (auto [init, argument] :
         llvm::zip_equal(op.getInits(), op.getStateArguments())) {
      auto type = cast<RankedTensorType>(argument.getType());
      SmallVector<Value> sizes = {lanes};
      for (int64_t dim = 1; dim < type.getRank(); ++dim)
        sizes.push_back(ShapedType::isDynamic(type.getDimSize(dim))
                            ? asValue(b, extent(b, init, dim))
                            : Value());
      states.push_back(
          allocate(b, type.getShape(), type.getElementType(), sizes));
      gathered.push_back(
          allocate(b, type.getShape(), type.getElementType(), sizes));
      writeTensor(b, castTo(b, init, type),
                  firstEntries(b, states.back(), rows));
    }
  }

  /// What the region yields as traces.
  OperandRange yieldedTraces() {
    return yield.getValues().drop_front(1 + numStates);
  }

  /// One buffer per trace, `[positions, lanes, ...]`.
  LogicalResult allocateTraces() {
    RegionExtents known(b, op.getStep());
    for (auto [argument, init] :
         llvm::zip_equal(op.getStateArguments(), op.getInits()))
      known.setExtents(argument, init);
    for (auto [number, trace] : llvm::enumerate(yieldedTraces())) {
      auto type = cast<RankedTensorType>(trace.getType());
      SmallVector<int64_t> shape = {kDynamic};
      SmallVector<Value> sizes = {positions, lanes};
      llvm::append_range(shape, type.getShape());
      for (int64_t dim = 1; dim < type.getRank(); ++dim) {
        if (!ShapedType::isDynamic(type.getDimSize(dim))) {
          sizes.push_back(Value());
          continue;
        }
        FailureOr<OpFoldResult> size = known.find(trace, dim);
        if (failed(size))
          return op.emitOpError("needs extents of traces that follow from "
                                "values outside the "
                                "region; dimension ")
                 << dim << " of trace " << number << " does not";
        sizes.push_back(asValue(b, *size));
      }
      traces.push_back(allocate(b, shape, type.getElementType(), sizes));
      traceSizes.push_back(SmallVector<Value>(llvm::drop_begin(sizes, 2)));
    }
    return success();
  }

  void start() {
    Value first = dynamicBuffer(b.getI32Type(), {rows});
    writeTensor(b, dynamicTensor(op.getStart()), first);
    call("search_start",
         {first, buffers.tokens, buffers.parents, buffers.laneRows,
          buffers.scores, buffers.rows, buffers.begins, buffers.poolSize});
  }

  /// Calls a function of the library.
  ResultRange call(StringRef name, ArrayRef<Value> arguments) {
    func::FuncOp function = importFunction(module, *library, name, suffix);
    return func::CallOp::create(b, function, arguments).getResults();
  }

  //===--------------------------------------------------------------------===//
  // The loop
  //===--------------------------------------------------------------------===//

  void buildLoop() {
    SmallVector<Type> types(3, b.getIndexType());
    scf::WhileOp::create(
        b, types, ValueRange{index(0), rows, rows},
        [&](OpBuilder &inner, Location loc, ValueRange args) {
          ImplicitLocOpBuilder before(loc, inner);
          Value open = arith::CmpIOp::create(before, arith::CmpIPredicate::ugt,
                                             args[1], indexConstant(before, 0));
          scf::ConditionOp::create(before, open, args);
        },
        [&](OpBuilder &inner, Location loc, ValueRange args) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPoint(inner.getInsertionBlock(),
                              inner.getInsertionPoint());
          buildStep(args[0], args[1], args[2]);
        });
  }

  void buildStep(Value step, Value count, Value live) {
    // Always so; said here, the memory of a step can be taken before the loop.
    live = arith::MinSIOp::create(b, live, lanes);
    inlineRegion(step, live);
    SmallVector<Value> arguments = {asDynamic(b, logits),
                                    buffers.tokens,
                                    buffers.parents,
                                    buffers.laneRows,
                                    buffers.scores,
                                    buffers.nextScores,
                                    buffers.rows,
                                    buffers.begins,
                                    buffers.prefix,
                                    buffers.prefixLengths,
                                    buffers.poolScore,
                                    buffers.poolInfo,
                                    buffers.poolSize,
                                    buffers.ends,
                                    buffers.norms,
                                    step,
                                    count,
                                    maxNew,
                                    index(op.getMinNew())};
    if (beam) {
      int32_t mode = beam.getStop() == seq::Stop::Heuristic ? 0
                     : beam.getStop() == seq::Stop::First   ? 1
                                                            : 2;
      arguments.push_back(
          arith::ConstantOp::create(b, b.getI32IntegerAttr(mode)));
      arguments.push_back(isPenalised());
      llvm::append_values(arguments, buffers.list, buffers.numbers,
                          buffers.endList, buffers.endNumbers);
    }
    llvm::append_range(arguments, sampling);
    ResultRange left = call(beam     ? "beam_select"
                            : sample ? "sample_select"
                                     : "greedy_select",
                            arguments);
    Value next = arith::AddIOp::create(b, step, index(1));
    scf::YieldOp::create(b, ValueRange{next, left[0], left[1]});
  }

  /// Whether longer hypotheses are favoured.
  Value isPenalised() {
    if (!penalty)
      return arith::ConstantOp::create(
          b, b.getBoolAttr(op.getLengthPenalty() > 0));
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, penalty,
                                 floatConstant(b, b.getF64Type(), 0.0));
  }

  /// Puts the region between tensors that read the buffers and writes to them.
  void inlineRegion(Value step, Value live) {
    Value parents = entriesOfStep(b, buffers.parents, step, live);
    for (auto [state, target] : llvm::zip_equal(states, gathered))
      gatherState(state, parents, firstEntries(b, target, live));

    IRMapping mapping;
    Block &body = op.getStep().front();
    mapping.map(body.getArgument(0),
                readTensor(b, entriesOfStep(b, buffers.tokens, step, live),
                           /*writable=*/false));
    mapping.map(body.getArgument(1),
                readTensor(b, firstEntries(b, buffers.laneRows, live),
                           /*writable=*/false));
    mapping.map(body.getArgument(2), step);
    for (auto [argument, buffer] :
         llvm::zip_equal(op.getStateArguments(), gathered))
      mapping.map(argument, readTensor(b, firstEntries(b, buffer, live),
                                       /*writable=*/true));
    for (Operation &inner : body.without_terminator())
      b.clone(inner, mapping);

    SmallVector<Value> yielded;
    for (Value value : yield.getValues())
      yielded.push_back(mapping.lookupOrDefault(value));
    for (auto [number, trace] : llvm::enumerate(traces))
      writeTensor(b, yielded[1 + numStates + number],
                  entriesOfStep(b, trace, step, live));
    for (auto [number, state] : llvm::enumerate(states))
      writeTensor(b, yielded[1 + number], firstEntries(b, state, live));
    writeTensor(b, yielded.front(), firstEntries(b, logits, live));
  }

  /// target[l] = state[parents[l]].
  void gatherState(Value state, Value parents, Value target) {
    int64_t rank = cast<MemRefType>(state.getType()).getRank();
    SmallVector<AffineMap> maps = {
        AffineMap::get(rank, 0, b.getAffineDimExpr(0)),
        b.getMultiDimIdentityMap(rank)};
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::parallel);
    linalg::GenericOp::create(
        b, ValueRange{parents}, ValueRange{target}, maps, iterators,
        [&](OpBuilder &inner, Location loc, ValueRange args) {
          ImplicitLocOpBuilder b(loc, inner);
          SmallVector<Value> at = {
              arith::IndexCastOp::create(b, b.getIndexType(), args[0])};
          for (int64_t dim = 1; dim < rank; ++dim)
            at.push_back(linalg::IndexOp::create(b, dim));
          Value value = memref::LoadOp::create(b, state, at);
          linalg::YieldOp::create(b, value);
        });
  }

  //===--------------------------------------------------------------------===//
  // Behind the loop
  //===--------------------------------------------------------------------===//

  void buildResults() {
    int64_t numBest = op.getNumBest();
    Value none;
    Value tokens = allocate(b, {kDynamic, numBest, kDynamic}, b.getI32Type(),
                            {rows, none, maxNew});
    Value lengths =
        allocate(b, {kDynamic, numBest}, b.getI32Type(), {rows, none});
    Value scores = allocate(b, {kDynamic, numBest}, element, {rows, none});
    Value why = allocate(b, {kDynamic, numBest}, b.getI8Type(), {rows, none});
    Value origins = allocate(b, {kDynamic, numBest, kDynamic}, b.getI32Type(),
                             {rows, none, maxNew});
    Value pad = arith::ConstantOp::create(b, b.getI32IntegerAttr(op.getPad()));
    call("search_results",
         {buffers.tokens, buffers.parents, buffers.poolScore, buffers.poolInfo,
          buffers.poolSize, buffers.prefixLengths, buffers.ends, pad,
          asDynamic(b, tokens), asDynamic(b, lengths), asDynamic(b, scores),
          asDynamic(b, why), asDynamic(b, origins)});
    SmallVector<Value> results = {tokens, lengths, scores, why};
    for (auto [trace, sizes] : llvm::zip_equal(traces, traceSizes))
      results.push_back(collectTrace(trace, sizes, origins));
    for (auto [old, buffer] : llvm::zip_equal(op->getResults(), results))
      old.replaceAllUsesWith(
          castTo(b, readTensor(b, buffer, /*writable=*/true), old.getType()));
  }

  /// The trace of every token of every hypothesis, zeros beyond the lengths.
  Value collectTrace(Value trace, ArrayRef<Value> sizes, Value origins) {
    auto type = cast<MemRefType>(trace.getType());
    SmallVector<int64_t> shape = {kDynamic, op.getNumBest(), kDynamic};
    llvm::append_range(shape, type.getShape().drop_front(2));
    SmallVector<Value> all = {rows, Value(), maxNew};
    llvm::append_range(all, sizes);
    Value result = allocate(b, shape, type.getElementType(), all);
    int64_t rank = shape.size();
    SmallVector<AffineMap> maps = {
        AffineMap::get(rank, 0,
                       {b.getAffineDimExpr(0), b.getAffineDimExpr(1),
                        b.getAffineDimExpr(2)},
                       b.getContext()),
        b.getMultiDimIdentityMap(rank)};
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::parallel);
    linalg::GenericOp::create(
        b, ValueRange{origins}, ValueRange{result}, maps, iterators,
        [&](OpBuilder &inner, Location loc, ValueRange args) {
          ImplicitLocOpBuilder b(loc, inner);
          Value zero = indexConstant(b, 0);
          Value lane = arith::IndexCastOp::create(b, b.getIndexType(), args[0]);
          Value present =
              arith::CmpIOp::create(b, arith::CmpIPredicate::sge, lane, zero);
          Value first =
              memref::LoadOp::create(b, buffers.prefixLengths,
                                     ValueRange{linalg::IndexOp::create(b, 0)});
          Value step =
              arith::AddIOp::create(b, first, linalg::IndexOp::create(b, 2));
          // Nothing is read beyond a length, but the load is there.
          SmallVector<Value> at = {
              arith::SelectOp::create(b, present, step, zero),
              arith::SelectOp::create(b, present, lane, zero)};
          for (int64_t dim = 3; dim < rank; ++dim)
            at.push_back(linalg::IndexOp::create(b, dim));
          Value value = memref::LoadOp::create(b, trace, at);
          Value nothing = arith::ConstantOp::create(
              b, b.getZeroAttr(type.getElementType()));
          linalg::YieldOp::create(b, ValueRange{arith::SelectOp::create(
                                         b, present, value, nothing)});
        });
    return result;
  }

  seq::GenerateOp op;
  ModuleOp module;
  ImplicitLocOpBuilder b;
  seq::YieldOp yield;
  OwningOpRef<ModuleOp> library;
  /// Type of logits and scores, and what names of library functions end in for
  /// it.
  FloatType element;
  StringRef suffix;
  /// Null unless the search is one.
  seq::BeamAttr beam;
  seq::SampleAttr sample;
  int64_t width = 1;
  size_t numStates = 0;
  /// Extents: rows, lanes at most, generated tokens, those there is memory for,
  /// given tokens, steps at most.
  Value rows, lanes, maxNew, mostNew, prefixExtent, positions;
  /// The length penalty, if it comes with the call.
  Value penalty;
  /// What the choice takes besides what every search takes; sampling only.
  SmallVector<Value> sampling;
  SearchBuffers buffers;
  SmallVector<Value> states, gathered, traces;
  SmallVector<SmallVector<Value>> traceSizes;
  Value logits;
};

struct DecomposeGeneratePass
    : impl::DecomposeGeneratePassBase<DecomposeGeneratePass> {
  void runOnOperation() override {
    SmallVector<seq::GenerateOp> ops;
    getOperation().walk([&](seq::GenerateOp op) { ops.push_back(op); });
    for (seq::GenerateOp op : ops) {
      if (failed(GenerateDecomposer(op, getOperation()).run()))
        return signalPassFailure();
      ++numSearches;
    }
  }
};

} // namespace
} // namespace seqc
