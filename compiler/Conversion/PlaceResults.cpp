//===- PlaceResults.cpp - Results in the memory of the caller -------------===//
//
// Entries end with copies of their results to the storage that the runtime
// hands out. Where a result has a buffer of its own, the storage takes its
// place, as soon as the buffer is needed.
//
// A caller may bind an output to the memory of an input, as a state that every
// step reads and writes. Then it matters when the storage is written for the
// first time; so this pass also finds out which outputs may be which inputs,
// and does without the above where a state would become unfit for it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/EntryBuffers.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Conversion/SharedMemory.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "seq-place-results"

namespace seqc {
#define GEN_PASS_DEF_PLACERESULTSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// An output whose storage may take the place of a buffer.
struct Candidate {
  EntryBuffer output;
  memref::CopyOp copy;
  memref::AllocOp buffer;
};

/// The buffer that `value` is the whole of, row-major under every name; null if
/// there is none.
memref::AllocOp findWhole(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!cast<MemRefType>(value.getType()).getLayout().isIdentity())
      return nullptr;
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return alloc;
    if (!isa<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp>(
            op) ||
        !isa<MemRefType>(op->getOperand(0).getType()))
      return nullptr;
    value = op->getOperand(0);
  }
  return nullptr;
}

/// Whether an op gives a buffer another name and nothing else.
bool isName(Operation *op) {
  return isa<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp,
             memref::SubViewOp, memref::ReinterpretCastOp>(op);
}

/// Whether a result and an input could have one type and one shape.
bool couldBeOne(MemRefType output, MemRefType input) {
  return output.getElementType() == input.getElementType() &&
         succeeded(verifyCompatibleShape(output.getShape(), input.getShape()));
}

/// Whether an op sums up, so that one more copy of what it gives is little.
bool sumsUp(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        auto structured = dyn_cast<linalg::LinalgOp>(inner);
        bool found = isa<vector::ContractionOp>(inner) ||
                     inner->getName().getDialectNamespace() == "dnn" ||
                     (structured && structured.getNumReductionLoops() > 0);
        return found ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether a result is known to be so small that to copy it is no matter.
bool isSmall(MemRefType type) {
  constexpr int64_t kMostElements = 16384;
  return type.hasStaticShape() && type.getNumElements() <= kMostElements;
}

struct PlaceResults : seqc::impl::PlaceResultsPassBase<PlaceResults> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!hasContext(function) || !function.getBody().hasOneBlock())
      return;
    body = &function.getBody().front();
    resolveExtents(*body);
    inputs = findInputs(function);
    SmallVector<Candidate> chosen;
    {
      SharedMemory memory(function);
      DenseSet<Operation *> taken;
      for (const EntryBuffer &output : findOutputs(function))
        if (std::optional<Candidate> candidate = consider(output, memory))
          if (taken.insert(candidate->buffer).second)
            chosen.push_back(*candidate);
    }
    for (Candidate &candidate : chosen)
      if (succeeded(place(candidate)))
        ++numPlaced;
    record(function);
  }

private:
  /// The output as a candidate if all is well when it is written earlier.
  std::optional<Candidate> consider(const EntryBuffer &output,
                                    const SharedMemory &memory) {
    memref::ViewOp view = output.view;
    if (!view->hasOneUse() || !output.bytes.hasOneUse())
      return std::nullopt;
    auto copy = dyn_cast<memref::CopyOp>(*view->getUsers().begin());
    if (!copy || copy->getBlock() != body)
      return std::nullopt;
    memref::AllocOp buffer = findWhole(copy.getSource());
    if (!buffer || buffer->getBlock() != body)
      return std::nullopt;
    Accesses now = memory.find(output.bytes), then = memory.find(buffer);
    for (const EntryBuffer &input : inputs) {
      if (!couldBeOne(output.getType(), input.getType()))
        continue;
      Accesses reads = memory.find(input.bytes);
      auto [reader, writer] = memory.findConflict(reads, then);
      // The two could be one as it is. A product that reads a state and writes
      // the next one costs more than a copy.
      if (reader &&
          (isSmall(output.getType()) || sumsUp(reader) || sumsUp(writer)) &&
          !memory.findConflict(reads, now).first)
        return std::nullopt;
    }
    return Candidate{output, copy, buffer};
  }

  /// What a dimension of a buffer is, in front of the op that asks for it.
  static void resolveExtents(Block &body) {
    for (auto dim : llvm::make_early_inc_range(body.getOps<memref::DimOp>())) {
      std::optional<int64_t> number = dim.getConstantIndex();
      OpFoldResult extent;
      if (auto expand = dim.getSource().getDefiningOp<memref::ExpandShapeOp>();
          expand && number)
        extent = expand.getMixedOutputShape()[*number];
      else if (auto alloc = dim.getSource().getDefiningOp<memref::AllocOp>();
               alloc && number)
        extent = alloc.getMixedSizes()[*number];
      if (auto value = dyn_cast_if_present<Value>(extent)) {
        dim.getResult().replaceAllUsesWith(value);
        dim.erase();
      }
    }
  }

  /// Collects `value`'s producers that have to move for it to be known at
  /// `point`, operands first. Fails if one cannot. Each is visited once; extents
  /// of long chains share what they are computed from.
  LogicalResult collect(Value value, Operation *point,
                        llvm::SetVector<Operation *> &moved) {
    // Ops on the way, and whether their operands have been visited.
    SmallVector<std::pair<Operation *, bool>> open;
    auto visit = [&](Value operand) {
      Operation *op = operand.getDefiningOp();
      if (op && op->getBlock() == body && !op->isBeforeInBlock(point) &&
          !moved.contains(op))
        open.push_back({op, false});
    };
    visit(value);
    while (!open.empty()) {
      auto [op, ready] = open.back();
      if (ready || moved.contains(op)) {
        open.pop_back();
        moved.insert(op);
        continue;
      }
      if (!isMemoryEffectFree(op) || op->getNumRegions() != 0 ||
          llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>))
        return failure();
      open.back().second = true;
      for (Value operand : op->getOperands())
        visit(operand);
    }
    return success();
  }

  LogicalResult place(Candidate &candidate) {
    auto [output, copy, buffer] = candidate;
    // Behind all checks that what is written relies on: at the first use. Names
    // that are given to the buffer before go with it.
    SmallVector<Operation *> names;
    Operation *point = copy;
    llvm::SmallPtrSet<Operation *, 8> seen;
    SmallVector<Operation *> open{buffer};
    while (!open.empty())
      for (Operation *user : open.pop_back_val()->getUsers()) {
        Operation *top = body->findAncestorOpInBlock(*user);
        if (top == user && isName(user)) {
          if (seen.insert(user).second) {
            names.push_back(user);
            open.push_back(user);
          }
        } else if (top->isBeforeInBlock(point)) {
          point = top;
        }
      }
    MemRefType type = output.getType();
    // The same shape is known with the buffer. Equal types alone may have
    // extents in another order.
    bool isSame = copy.getSource() == buffer.getResult();
    SmallVector<Value> sizes(isSame ? ValueRange(buffer.getDynamicSizes())
                                    : ValueRange(output.view.getSizes()));
    llvm::SetVector<Operation *> moved;
    for (Value size : sizes)
      if (failed(collect(size, point, moved)))
        return failure();
    for (Operation *op : moved)
      op->moveBefore(point);
    llvm::sort(names, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    OpBuilder builder(point);
    Location loc = output.bytes.getLoc();
    Value storage = createOutput(builder, loc, body->getArgument(0),
                                 output.index, type, sizes);
    if (!isSame)
      storage = reshape(builder, loc, storage, buffer);
    // Each move makes the block forget the order of its ops.
    llvm::erase_if(
        names, [&](Operation *name) { return point->isBeforeInBlock(name); });
    for (Operation *name : names)
      name->moveBefore(point);
    buffer.replaceAllUsesWith(storage);
    buffer.erase();
    copy.erase();
    eraseOutput(output);
    return success();
  }

  /// `storage` with the type and sizes of `buffer`.
  static Value reshape(OpBuilder &builder, Location loc, Value storage,
                       memref::AllocOp buffer) {
    MemRefType type = buffer.getType();
    SmallVector<OpFoldResult> sizes = buffer.getMixedSizes();
    SmallVector<OpFoldResult> strides(type.getRank());
    OpFoldResult stride = builder.getIndexAttr(1);
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      strides[d] = stride;
      std::optional<int64_t> known = getConstantIntValue(stride);
      if (known && !type.isDynamicDim(d)) {
        stride = builder.getIndexAttr(*known * type.getDimSize(d));
        continue;
      }
      auto asValue = [&](OpFoldResult number) -> Value {
        if (auto value = dyn_cast<Value>(number))
          return value;
        return arith::ConstantIndexOp::create(builder, loc,
                                              *getConstantIntValue(number));
      };
      if (known == 1)
        stride = sizes[d];
      else if (d > 0)
        stride = arith::MulIOp::create(builder, loc, asValue(stride),
                                       asValue(sizes[d]))
                     .getResult();
    }
    return memref::ReinterpretCastOp::create(
        builder, loc, type, storage, builder.getIndexAttr(0), sizes, strides);
  }

  /// Removes the later request for storage.
  static void eraseOutput(const EntryBuffer &output) {
    SmallVector<Operation *> open{output.view};
    while (!open.empty()) {
      Operation *op = open.pop_back_val();
      if (!op->use_empty() ||
          (op != output.bytes.getDefiningOp() && !isOpTriviallyDead(op)))
        continue;
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          if (!llvm::is_contained(open, producer))
            open.push_back(producer);
      llvm::erase(open, op);
      op->erase();
    }
  }

  /// Leaves what the emitter tells the runtime: per output, the inputs that may
  /// be the same memory.
  void record(func::FuncOp function) {
    SharedMemory memory(function);
    SmallVector<Accesses> reads;
    for (const EntryBuffer &input : inputs)
      reads.push_back(memory.find(input.bytes));
    Builder builder(function.getContext());
    SmallVector<Attribute> shared;
    for (const EntryBuffer &output : findOutputs(function)) {
      Accesses written = memory.find(output.bytes);
      SmallVector<int64_t> safe;
      for (auto [input, read] : llvm::zip(inputs, reads)) {
        if (!couldBeOne(output.getType(), input.getType()))
          continue;
        if (memory.findConflict(read, written).first)
          continue;
        safe.push_back(input.index);
        // What is there already needs no copy.
        for (const Access &access : read.reads)
          if (isa<memref::CopyOp>(access.op) &&
              llvm::any_of(written.writes, [&](const Access &other) {
                return other.op == access.op;
              }))
            seq::mark<seq::MaybeSameMark>(access.op);
      }
      if (safe.empty())
        continue;
      numShared += safe.size();
      shared.push_back(
          seq::InPlaceAttr::get(function.getContext(), output.index, safe));
    }
    if (!shared.empty())
      seq::mark<seq::InPlaceMark>(function, builder.getArrayAttr(shared));
  }

  Block *body = nullptr;
  SmallVector<EntryBuffer> inputs;
};

} // namespace
