//===- OutlineParallelLoops.cpp - Loops whose parts run on threads --------===//
//
// A loop marked `seq.parallel` becomes a function of a range of parts, which
// the service `parallel_for` calls on the threads of the team. A part is a
// rectangle of one loop or of two nested ones, and does for its iterations what
// the loops did: how many parts there are changes who computes an element, and
// never how.
//
// How many parts are worth their threads is decided at each call, by the work
// there is. Values from outside go into a record on the stack of the caller.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/ContextAccess.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "mlir/Transforms/RegionUtils.h"

#define DEBUG_TYPE "seq-outline-parallel-loops"

namespace seqc {
#define GEN_PASS_DEF_OUTLINEPARALLELLOOPSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

namespace {

/// Work that is not known at compile time counts at least this much per trip
/// of a loop whose length is decided inside of the parallel loop.
constexpr int64_t kGuessedTrips = 4;

/// More work than this is enough, whatever it is exactly.
constexpr int64_t kMuch = int64_t(1) << 40;

int64_t saturate(__int128 value) {
  return value > kMuch ? kMuch : static_cast<int64_t>(value);
}

/// Rough cost of one op without regions: about one for an operation on a
/// number, eight of which a vector does at once.
int64_t weigh(Operation *op) {
  if (isa_and_present<math::MathDialect>(op->getDialect()))
    return isa<math::FmaOp, math::AbsFOp, math::SqrtOp>(op) ? 1 : 16;
  int64_t lanes = 0;
  auto count = [&](Type type) {
    if (auto vector = dyn_cast<VectorType>(type))
      lanes = std::max(lanes, vector.getNumElements());
  };
  llvm::for_each(op->getResultTypes(), count);
  llvm::for_each(op->getOperandTypes(), count);
  if (lanes > 0)
    return llvm::divideCeil(lanes, 8);
  return isa<memref::LoadOp, memref::StoreOp>(op) ||
                 llvm::any_of(op->getResultTypes(), llvm::IsaPred<FloatType>)
             ? 1
             : 0;
}

/// Estimates the work of a loop from the lengths of loops.
class WorkEstimate {
public:
  /// `outer` is the loop whose work is wanted.
  explicit WorkEstimate(scf::ForOp outer) : outer(outer) {}

  /// What is certain without any length that is known only at run time.
  int64_t getLeast() { return least(*outer.getBody(), outer); }

  /// Computes the work in front of the loop. A number if that is known.
  OpFoldResult build(ImplicitLocOpBuilder &b) { return loopWork(b, outer); }

  static std::optional<int64_t> getTrips(scf::ForOp loop) {
    std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound()),
                           upper = getConstantIntValue(loop.getUpperBound()),
                           step = getConstantIntValue(loop.getStep());
    if (!lower || !upper || !step || *step <= 0)
      return std::nullopt;
    return *upper <= *lower ? 0 : llvm::divideCeil(*upper - *lower, *step);
  }

private:
  int64_t least(Block &block, scf::ForOp loop) {
    __int128 sum = 0;
    for (Operation &op : block)
      sum += leastOf(op);
    return saturate(sum * (loop ? getTrips(loop).value_or(1) : 1));
  }

  int64_t leastOf(Operation &op) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return least(*loop.getBody(), loop);
    __int128 sum = weigh(&op);
    for (Region &region : op.getRegions())
      for (Block &block : region)
        sum += least(block, nullptr);
    return saturate(sum);
  }

  bool isOutside(Value value) {
    return getConstantIntValue(value) || outer.isDefinedOutsideOfLoop(value);
  }

  static Value toValue(ImplicitLocOpBuilder &b, OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
  }

  OpFoldResult loopWork(ImplicitLocOpBuilder &b, scf::ForOp loop) {
    OpFoldResult body = blockWork(b, *loop.getBody());
    std::optional<int64_t> known = getTrips(loop);
    if (!known &&
        !(isOutside(loop.getLowerBound()) && isOutside(loop.getUpperBound()) &&
          isOutside(loop.getStep())))
      known = kGuessedTrips;
    std::optional<int64_t> inside = getConstantIntValue(body);
    if (known && inside)
      return b.getIndexAttr(saturate(__int128(*known) * *inside));
    if (inside == 0)
      return b.getIndexAttr(0);
    Value trips =
        known ? arith::ConstantIndexOp::create(b, *known) : buildTrips(b, loop);
    return arith::MulIOp::create(b, trips, toValue(b, body)).getResult();
  }

  OpFoldResult blockWork(ImplicitLocOpBuilder &b, Block &block) {
    __int128 known = 0;
    Value sum;
    for (Operation &op : block) {
      auto loop = dyn_cast<scf::ForOp>(op);
      OpFoldResult work =
          loop ? loopWork(b, loop) : OpFoldResult(b.getIndexAttr(leastOf(op)));
      if (std::optional<int64_t> number = getConstantIntValue(work))
        known += *number;
      else
        sum = sum ? arith::AddIOp::create(b, sum, toValue(b, work)).getResult()
                  : toValue(b, work);
    }
    OpFoldResult rest = b.getIndexAttr(saturate(known));
    if (!sum)
      return rest;
    return arith::AddIOp::create(b, sum, toValue(b, rest)).getResult();
  }

public:
  /// Trips of a loop, 0 or more.
  static Value buildTrips(ImplicitLocOpBuilder &b, scf::ForOp loop) {
    if (std::optional<int64_t> known = getTrips(loop))
      return arith::ConstantIndexOp::create(b, *known);
    Value length =
        arith::SubIOp::create(b, loop.getUpperBound(), loop.getLowerBound());
    Value zero = arith::ConstantIndexOp::create(b, 0);
    length = arith::MaxSIOp::create(b, length, zero);
    return arith::CeilDivUIOp::create(b, length, loop.getStep());
  }

private:
  scf::ForOp outer;
};

//===----------------------------------------------------------------------===//
// Outlining
//===----------------------------------------------------------------------===//

/// One or two nested loops that are cut into rectangles.
struct Band {
  scf::ForOp outer;
  scf::ForOp inner; // may be null
};

bool isKnownSingle(scf::ForOp loop) {
  return WorkEstimate::getTrips(loop) == 1;
}

/// Whether an op in a part of its own does no harm when several parts do it.
bool mayRepeat(Operation &op) {
  return isMemoryEffectFree(&op) || isa<memref::LoadOp>(op);
}

/// The marked loop right inside of `outer`, if everything beside it may be done
/// by each part again.
scf::ForOp findInner(scf::ForOp outer) {
  scf::ForOp inner;
  for (Operation &op : outer.getBody()->without_terminator()) {
    auto loop = dyn_cast<scf::ForOp>(op);
    if (loop && !inner && loop->hasAttr(kParallelAttr)) {
      inner = loop;
      continue;
    }
    if (!mayRepeat(op))
      return nullptr;
  }
  if (!inner || inner->getNumResults() != 0)
    return nullptr;
  for (Value bound :
       {inner.getLowerBound(), inner.getUpperBound(), inner.getStep()})
    if (!outer.isDefinedOutsideOfLoop(bound))
      return nullptr;
  return inner;
}

/// Whether a value can be part of the record. Wide vectors want more alignment
/// than a stack with dynamic parts has.
bool isStorable(Type type) {
  if (auto memref = dyn_cast<MemRefType>(type)) {
    int64_t offset;
    SmallVector<int64_t> strides;
    return succeeded(memref.getStridesAndOffset(strides, offset));
  }
  return type.isIntOrIndexOrFloat() || isa<LLVM::LLVMPointerType>(type);
}

/// Makes the function of one band and its call.
class Outliner {
public:
  Outliner(Band band, func::FuncOp parent, SymbolTable &symbols)
      : band(band), parent(parent), symbols(symbols),
        converter(parent.getContext()) {}

  /// Whether the values from outside can be handed on; finds them.
  bool findCaptures() {
    SetVector<Value> used;
    getUsedValuesDefinedAbove(band.outer.getRegion(), used);
    for (scf::ForOp loop : {band.outer, band.inner})
      if (loop)
        used.insert_range(SmallVector<Value>{
            loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
    for (Value value : used) {
      Operation *op = value.getDefiningOp();
      if (op && op->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(op);
      else if (isStorable(value.getType()))
        captures.push_back(value);
      else
        return false;
    }
    return true;
  }

  void run(OpFoldResult work, int64_t grain) {
    ImplicitLocOpBuilder b(band.outer.getLoc(), band.outer);
    cut(b, work, grain);
    for (Value count : counts) {
      if (matchPattern(count, m_Constant()))
        constants.push_back(count.getDefiningOp());
      else
        captures.push_back(count);
    }
    func::FuncOp function = makeFunction();
    call(b, function);
    band.outer.erase();
  }

private:
  Value number(ImplicitLocOpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }

  /// Decides how many parts there are along each loop: `counts` becomes trips
  /// and parts of the outer loop, then of the inner one.
  void cut(ImplicitLocOpBuilder &b, OpFoldResult work, int64_t grain) {
    Type pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value address =
        LLVM::GEPOp::create(b, pointer, b.getI8Type(), parent.getArgument(0),
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(
                                offsetof(seqc_abi_context, num_threads))});
    Value most = arith::IndexCastOp::create(
        b, b.getIndexType(), LLVM::LoadOp::create(b, b.getI32Type(), address));
    Value one = number(b, 1);
    Value wanted = arith::DivUIOp::create(
        b, getValueOrCreateConstantIndexOp(b, b.getLoc(), work),
        number(b, grain));
    Value threads =
        arith::MaxSIOp::create(b, arith::MinSIOp::create(b, wanted, most), one);
    auto limit = [&](Value trips, Value bound) -> Value {
      return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, trips, bound),
                                    one);
    };
    Value outer = WorkEstimate::buildTrips(b, band.outer);
    if (!band.inner) {
      counts = {outer, limit(outer, threads)};
      parts = counts[1];
      return;
    }
    // The outer loop, unless its parts would be uneven and the inner one has
    // more to offer.
    using Predicate = arith::CmpIPredicate;
    Value inner = WorkEstimate::buildTrips(b, band.inner);
    Value even = arith::CmpIOp::create(
        b, Predicate::eq, arith::RemUIOp::create(b, outer, threads),
        number(b, 0));
    Value many =
        arith::CmpIOp::create(b, Predicate::uge, outer,
                              arith::MulIOp::create(b, threads, number(b, 8)));
    Value longer = arith::CmpIOp::create(b, Predicate::uge, outer, inner);
    Value cutOuter =
        arith::OrIOp::create(b, arith::OrIOp::create(b, even, many), longer);
    Value outerParts =
        arith::SelectOp::create(b, cutOuter, limit(outer, threads), one);
    Value innerParts =
        limit(inner, arith::DivUIOp::create(b, threads, outerParts));
    counts = {outer, outerParts, inner, innerParts};
    parts = arith::MulIOp::create(b, outerParts, innerParts);
  }

  LLVM::LLVMStructType getRecordType() {
    SmallVector<Type> fields;
    for (Value capture : captures)
      fields.push_back(converter.convertType(capture.getType()));
    return LLVM::LLVMStructType::getLiteral(parent.getContext(), fields);
  }

  Value fieldAddress(ImplicitLocOpBuilder &b, Value record, size_t field) {
    return LLVM::GEPOp::create(
        b, record.getType(), getRecordType(), record,
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(field)});
  }

  func::FuncOp makeFunction() {
    OpBuilder top(parent.getContext());
    Type i64 = top.getI64Type();
    StringRef name = parent.getName();
    name.consume_front(SEQC_ABI_FUNCTION_PREFIX);
    auto function = func::FuncOp::create(
        top, band.outer.getLoc(), ("part_of_" + name).str(),
        top.getFunctionType({LLVM::LLVMPointerType::get(parent.getContext()),
                             i64, i64, top.getI32Type()},
                            {}));
    function.setPrivate();
    // Also called directly; once is enough.
    function->setAttr("passthrough", top.getStrArrayAttr({"noinline"}));
    symbols.insert(function, std::next(Block::iterator(parent)));
    auto b = ImplicitLocOpBuilder::atBlockBegin(band.outer.getLoc(),
                                                function.addEntryBlock());
    IRMapping map;
    for (Operation *op : constants)
      b.clone(*op, map);
    for (auto [field, capture] : llvm::enumerate(captures)) {
      Type stored = converter.convertType(capture.getType());
      Value value = LLVM::LoadOp::create(
          b, stored, fieldAddress(b, function.getArgument(0), field));
      if (stored != capture.getType())
        value = UnrealizedConversionCastOp::create(
                    b, TypeRange{capture.getType()}, value)
                    .getResult(0);
      map.map(capture, value);
    }
    Value begin = arith::IndexCastOp::create(b, b.getIndexType(),
                                             function.getArgument(1));
    Value end = arith::IndexCastOp::create(b, b.getIndexType(),
                                           function.getArgument(2));
    auto loop = scf::ForOp::create(b, begin, end, number(b, 1));
    b.setInsertionPointToStart(loop.getBody());
    makePart(b, loop.getInductionVar(), map);
    b.setInsertionPointAfter(loop);
    func::ReturnOp::create(b);
    return function;
  }

  /// The loops of part `part`.
  void makePart(ImplicitLocOpBuilder &b, Value part, IRMapping &map) {
    auto count = [&](unsigned i) { return map.lookup(counts[i]); };
    Value first = part, second;
    if (band.inner) {
      first = arith::DivUIOp::create(b, part, count(3));
      second = arith::RemUIOp::create(b, part, count(3));
    }
    auto outer = cast<scf::ForOp>(b.clone(*band.outer.getOperation(), map));
    outer->removeAttr(kParallelAttr);
    b.setInsertionPoint(outer);
    restrict(b, outer, count(0), count(1), first);
    if (!band.inner)
      return;
    auto inner = cast<scf::ForOp>(map.lookup(band.inner.getInductionVar())
                                      .getParentBlock()
                                      ->getParentOp());
    inner->removeAttr(kParallelAttr);
    restrict(b, inner, count(2), count(3), second);
  }

  /// Leaves a loop the trips of part `index` of `numParts`.
  void restrict(ImplicitLocOpBuilder &b, scf::ForOp loop, Value trips,
                Value numParts, Value index) {
    Value whole = arith::DivUIOp::create(b, trips, numParts);
    Value rest = arith::RemUIOp::create(b, trips, numParts);
    Value lower = loop.getLowerBound(), upper = loop.getUpperBound();
    auto position = [&](Value i) -> Value {
      Value trip = arith::AddIOp::create(b, arith::MulIOp::create(b, whole, i),
                                         arith::MinUIOp::create(b, rest, i));
      return arith::AddIOp::create(
          b, lower, arith::MulIOp::create(b, trip, loop.getStep()));
    };
    Value end = position(arith::AddIOp::create(b, index, number(b, 1)));
    loop.setLowerBound(position(index));
    loop.setUpperBound(arith::MinSIOp::create(b, upper, end));
  }

  void call(ImplicitLocOpBuilder &b, func::FuncOp function) {
    auto entry =
        ImplicitLocOpBuilder::atBlockBegin(b.getLoc(), &parent.front());
    Type pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value record = LLVM::AllocaOp::create(
        entry, pointer, getRecordType(),
        LLVM::ConstantOp::create(entry, entry.getI64Type(),
                                 entry.getI64IntegerAttr(1)));
    for (auto [field, capture] : llvm::enumerate(captures)) {
      Type stored = converter.convertType(capture.getType());
      Value value = capture;
      if (stored != value.getType())
        value = UnrealizedConversionCastOp::create(b, TypeRange{stored}, value)
                    .getResult(0);
      LLVM::StoreOp::create(b, value, fieldAddress(b, record, field));
    }
    auto i64 = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
    };
    Value several = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, parts,
                                          number(b, 1));
    auto branch = scf::IfOp::create(b, several, /*withElseRegion=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    Value constant = func::ConstantOp::create(b, function.getFunctionType(),
                                              SymbolRefAttr::get(function));
    Value address =
        UnrealizedConversionCastOp::create(b, TypeRange{pointer}, constant)
            .getResult(0);
    callService(b, b.getLoc(), parent.getArgument(0),
                offsetof(seqc_abi_services, parallel_for), Type(),
                {indexToI64(b, b.getLoc(), parts), address, record});
    b.setInsertionPointToStart(branch.elseBlock());
    func::CallOp::create(
        b, function,
        ValueRange{record, i64(0), i64(1),
                   arith::ConstantOp::create(b, b.getI32IntegerAttr(0))});
  }

  Band band;
  func::FuncOp parent;
  SymbolTable &symbols;
  LLVMTypeConverter converter;
  SmallVector<Operation *> constants;
  SmallVector<Value> captures, counts;
  Value parts;
};

struct OutlineParallelLoops
    : seqc::impl::OutlineParallelLoopsPassBase<OutlineParallelLoops> {
  using OutlineParallelLoopsPassBase::OutlineParallelLoopsPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!hasContext(function))
        continue;
      SmallVector<scf::ForOp> loops;
      function.walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
        if (!loop->hasAttr(kParallelAttr))
          return WalkResult::advance();
        // A single trip leaves the choice to the loops inside.
        if (isKnownSingle(loop) || !isParallelizable(loop))
          return WalkResult::advance();
        loops.push_back(loop);
        return WalkResult::skip();
      });
      for (scf::ForOp loop : loops)
        outline(loop, function, symbols);
    }
    getOperation().walk([](Operation *op) { op->removeAttr(kParallelAttr); });
  }

  void outline(scf::ForOp loop, func::FuncOp function, SymbolTable &symbols) {
    moveLoopInvariantCode(loop);
    WorkEstimate estimate(loop);
    // Inside of a loop the decision itself has to be cheap.
    if (loop->getParentOfType<LoopLikeOpInterface>() &&
        estimate.getLeast() < leastInLoop)
      return;
    Outliner outliner({loop, findInner(loop)}, function, symbols);
    if (!outliner.findCaptures())
      return;
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    OpFoldResult work = estimate.build(b);
    if (std::optional<int64_t> known = getConstantIntValue(work);
        known && *known < 2 * grain)
      return;
    outliner.run(work, grain);
    ++numOutlined;
  }
};

} // namespace
