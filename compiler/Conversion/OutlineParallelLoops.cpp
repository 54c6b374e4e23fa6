//===- OutlineParallelLoops.cpp - Loops whose parts run on threads --------===//
//
// A loop marked `seq.parallel`, or two nested ones, becomes a function of a
// rectangle of trips, which the service `parallel_nest` calls on the threads of
// the team. It does for its iterations what the loops did: how they are cut
// changes who computes an element, and never how.
//
// The service decides how many threads the work of a call is worth, also where
// all lengths are static: so the code for a short sequence is the code for a
// long one. Values from outside go into a record on the stack of the caller.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/ContextAccess.h"
#include "compiler/Conversion/ContextType.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/RT/IR/RTOps.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"
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
  // What follows enters each block once from the op around it.
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
    if (loop && !inner && seq::isMarked<seq::ParallelMark>(loop)) {
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

/// Whether a value can be part of the record.
bool isStorable(Type type) {
  if (auto memref = dyn_cast<MemRefType>(type)) {
    int64_t offset;
    SmallVector<int64_t> strides;
    return succeeded(memref.getStridesAndOffset(strides, offset));
  }
  return type.isIntOrIndexOrFloat() ||
         isa<rt::ContextType, LLVM::LLVMPointerType, VectorType>(type);
}

/// Makes the function of one band and its call.
class Outliner {
public:
  Outliner(Band band, func::FuncOp parent, SymbolTable &symbols)
      : band(band), parent(parent), symbols(symbols),
        converter(parent.getContext()) {
    addContextConversion(converter);
  }

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

  void run(OpFoldResult work) {
    ImplicitLocOpBuilder b(band.outer.getLoc(), band.outer);
    func::FuncOp function = makeFunction();
    call(b, function, work);
    band.outer.erase();
  }

private:
  Value number(ImplicitLocOpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
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
                             i64, i64, i64, i64},
                            {}));
    function.setPrivate();
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
    auto outer = cast<scf::ForOp>(b.clone(*band.outer.getOperation(), map));
    restrict(outer, function.getArgument(1), function.getArgument(2));
    if (band.inner) {
      Value index = map.lookup(band.inner.getInductionVar());
      restrict(cast<scf::ForOp>(index.getParentBlock()->getParentOp()),
               function.getArgument(3), function.getArgument(4));
    }
    func::ReturnOp::create(b);
    return function;
  }

  /// Leaves a loop the trips [begin, end).
  void restrict(scf::ForOp loop, Value begin, Value end) {
    seq::unmark<seq::ParallelMark>(loop);
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    Value lower = loop.getLowerBound(), upper = loop.getUpperBound();
    auto position = [&](Value trip) -> Value {
      Value index = arith::IndexCastOp::create(b, b.getIndexType(), trip);
      return arith::AddIOp::create(
          b, lower, arith::MulIOp::create(b, index, loop.getStep()));
    };
    loop.setLowerBound(position(begin));
    loop.setUpperBound(arith::MinSIOp::create(b, upper, position(end)));
  }

  void call(ImplicitLocOpBuilder &b, func::FuncOp function, OpFoldResult work) {
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
    Value constant = func::ConstantOp::create(b, function.getFunctionType(),
                                              SymbolRefAttr::get(function));
    Value address =
        UnrealizedConversionCastOp::create(b, TypeRange{pointer}, constant)
            .getResult(0);
    Value outer = WorkEstimate::buildTrips(b, band.outer);
    Value inner =
        band.inner ? WorkEstimate::buildTrips(b, band.inner) : number(b, 1);
    auto i64 = [&](Value index) { return indexToI64(b, b.getLoc(), index); };
    callService(b, b.getLoc(), parent.getArgument(0),
                offsetof(seqc_abi_services, parallel_nest), Type(),
                {i64(getValueOrCreateConstantIndexOp(b, b.getLoc(), work)),
                 i64(outer), i64(inner), address, record});
  }

  Band band;
  func::FuncOp parent;
  SymbolTable &symbols;
  LLVMTypeConverter converter;
  SmallVector<Operation *> constants;
  SmallVector<Value> captures;
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
        if (!seq::isMarked<seq::ParallelMark>(loop))
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
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      hoistStackBuffers(function);
    getOperation().walk([](Operation *op) {
      seq::unmark<seq::ParallelMark>(op);
      seq::unmark<seq::InLoopMark>(op);
      if (auto opaque = dyn_cast<seq::OpaqueIndexOp>(op)) {
        opaque.getResult().replaceAllUsesWith(opaque.getValue());
        opaque.erase();
      }
    });
  }

  /// Moves buffers on the stack out of loops, which would take new ones in each
  /// iteration.
  static void hoistStackBuffers(func::FuncOp function) {
    if (function.isExternal())
      return;
    Block &entry = function.front();
    function.walk([&](memref::AllocaOp op) {
      if (op->getBlock() != &entry && op->getNumOperands() == 0)
        op->moveBefore(&entry, entry.begin());
    });
  }

  void outline(scf::ForOp loop, func::FuncOp function, SymbolTable &symbols) {
    moveLoopInvariantCode(loop);
    WorkEstimate estimate(loop);
    // Inside of a loop the decision itself has to be cheap.
    if ((loop->getParentOfType<LoopLikeOpInterface>() ||
         seq::isMarked<seq::InLoopMark>(function)) &&
        estimate.getLeast() < leastInLoop)
      return;
    Outliner outliner({loop, findInner(loop)}, function, symbols);
    if (!outliner.findCaptures())
      return;
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    outliner.run(estimate.build(b));
    ++numOutlined;
  }
};

} // namespace
