//===- PlanMemory.cpp - One workspace in place of many buffers ------------===//
//
// Buffers whose sizes are known at the same point become views of one
// workspace that is taken there; those that are never in use at the same time
// share its bytes. A size is a number of bytes times a product of extents.
// Buffers of equal products are packed together, in units of the product, so
// that the plan is made here and only a few products are left for run time.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/BufferLifetimes.h"
#include "compiler/Conversion/PackIntervals.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Conversion/SizeExpressions.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/RT/IR/RTOps.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "seq-plan-memory"

namespace seqc {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

constexpr int64_t kAlignment = SEQC_ABI_ALIGNMENT;

/// More bytes than any workspace may have; a sum of such numbers still is one.
constexpr int64_t kTooMany = int64_t(1) << 46;

/// The greatest number that bounds an extent known later for a plan.
constexpr int64_t kFewRows = 1024;

/// A buffer that has a place in a plan.
struct Buffer {
  memref::AllocOp op;
  Monomial size;
  Positions lifetime;
  /// The block whose workspace it is part of.
  Block *home;
  /// The size is known behind the first position of `home` and the buffer is
  /// needed at the second.
  int64_t known, needed;
};

/// The position behind which a value can be computed, and its block.
struct Root {
  Block *block = nullptr;
  int64_t position = -1;

  void include(Root other) {
    if (other.position > position)
      *this = other;
  }
};

/// Buffers whose sizes are multiples of the same product of extents, and how
/// they lie: in units of the product, or one beside the other in slots, each
/// rounded up at run time.
struct Family {
  SmallVector<Value> symbols;
  SmallVector<Buffer *> scaled, slotted;
};

/// A plan for the buffers whose workspace is taken at one point.
class Workspace {
public:
  Workspace(ArrayRef<Buffer *> buffers, Operation *point)
      : buffers(buffers), b(point->getLoc(), point), sizes(b) {}

  /// Makes the workspace and puts views of it in the place of the buffers.
  void emit() {
    for (Buffer *buffer : buffers) {
      Family &family = findFamily(buffer->size.symbols);
      // Extents of a multiple of the alignment stay aligned when scaled.
      int64_t bytes = buffer->size.coefficient;
      int64_t rounded = llvm::alignTo(bytes, kAlignment);
      bool isExact = rounded - bytes <= bytes / 8;
      (isExact || buffer->size.symbols.empty() ? family.scaled : family.slotted)
          .push_back(buffer);
      unshared.add(bytes, buffer->size.symbols);
    }
    for (Family &family : families)
      place(family.symbols, family);
    replace();
  }

  /// The plan in words.
  seq::WorkspaceAttr describe(StringRef where) {
    return seq::WorkspaceAttr::get(b.getContext(), where, buffers.size(),
                                   shared.print(), unshared.print());
  }

private:
  Family &findFamily(ArrayRef<Value> symbols) {
    auto family = llvm::find_if(families, [&](const Family &known) {
      return ArrayRef<Value>(known.symbols) == symbols;
    });
    if (family != families.end())
      return *family;
    families.push_back({SmallVector<Value>(symbols), {}, {}});
    return families.back();
  }

  static SmallVector<Lifetime> lifetimes(ArrayRef<Buffer *> buffers,
                                         int64_t unit) {
    return llvm::map_to_vector(buffers, [&](Buffer *buffer) {
      int64_t size = llvm::alignTo(buffer->size.coefficient, unit);
      return Lifetime{size, buffer->lifetime.begin, buffer->lifetime.end};
    });
  }

  void place(ArrayRef<Value> symbols, const Family &family) {
    if (!family.scaled.empty()) {
      SmallVector<Lifetime> things = lifetimes(family.scaled, kAlignment);
      Packing packing = packByOffset(things);
      for (auto [buffer, offset] : llvm::zip(family.scaled, packing.offsets))
        offsets[buffer] = b.createOrFold<arith::AddIOp>(
            end(), sizes.multiply(offset, symbols));
      advance(packing.extent, symbols);
    }
    if (family.slotted.empty())
      return;
    SmallVector<Lifetime> things = lifetimes(family.slotted, 1);
    Packing packing = packBySlot(things);
    SmallVector<int64_t> largest(packing.extent, 0);
    for (auto [thing, slot] : llvm::zip(things, packing.offsets))
      largest[slot] = std::max(largest[slot], thing.size);
    for (auto [slot, bytes] : llvm::enumerate(largest)) {
      for (auto [buffer, other] : llvm::zip(family.slotted, packing.offsets))
        if (other == static_cast<int64_t>(slot))
          offsets[buffer] = end();
      advance(bytes, symbols);
    }
  }

  /// The present end of the workspace.
  Value end() {
    return total ? total : arith::ConstantIndexOp::create(b, 0).getResult();
  }

  /// Appends `coefficient` times the product of `symbols`, rounded up.
  void advance(int64_t coefficient, ArrayRef<Value> symbols) {
    shared.add(coefficient, symbols);
    Value size = sizes.multiply(coefficient, symbols);
    sizes.require(coefficient, symbols, kTooMany);
    if (coefficient % kAlignment != 0) {
      auto number = [&](int64_t value) -> Value {
        return arith::ConstantIndexOp::create(b, value);
      };
      size = b.createOrFold<arith::AddIOp>(size, number(kAlignment - 1));
      size = b.createOrFold<arith::AndIOp>(size, number(-kAlignment));
    }
    total = b.createOrFold<arith::AddIOp>(end(), size);
  }

  void replace() {
    Type bytes = b.getI8Type();
    Value workspace;
    IntegerAttr alignment = b.getI64IntegerAttr(kAlignment);
    if (std::optional<int64_t> fixed = getConstantIntValue(end()))
      workspace = memref::AllocOp::create(b, MemRefType::get({*fixed}, bytes),
                                          ValueRange(), alignment);
    else
      workspace = memref::AllocOp::create(
          b, MemRefType::get({ShapedType::kDynamic}, bytes),
          ValueRange{sizes.guard(end())}, alignment);
    for (Buffer *buffer : buffers) {
      OpBuilder at(buffer->op);
      Value view = memref::ViewOp::create(
          at, buffer->op.getLoc(), buffer->op.getType(), workspace,
          offsets.lookup(buffer), buffer->op.getDynamicSizes());
      // Nothing is given back but the whole.
      for (Operation *user : llvm::make_early_inc_range(buffer->op->getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      buffer->op.replaceAllUsesWith(view);
      buffer->op.erase();
    }
  }

  ArrayRef<Buffer *> buffers;
  ImplicitLocOpBuilder b;
  SizeBuilder sizes;
  SmallVector<Family> families;
  Value total;
  DenseMap<Buffer *, Value> offsets;
  SizeText shared, unshared;
};

struct PlanMemory : seqc::impl::PlanMemoryPassBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    resolveExtents(function);
    BufferLifetimes times(function);
    checks.clear();
    function.walk([&](rt::RequireOp op) { checks.push_back(op); });
    SmallVector<Buffer> buffers;
    function.walk([&](memref::AllocOp op) {
      if (std::optional<Buffer> buffer = consider(op, times))
        buffers.push_back(*buffer);
    });
    llvm::MapVector<Block *, SmallVector<Buffer *>> homes;
    for (Buffer &buffer : buffers)
      homes[buffer.home].push_back(&buffer);
    SmallVector<Attribute> plans;
    for (auto &[home, members] : homes)
      planBlock(members, times, plans);
    if (!plans.empty())
      seq::mark<seq::MemoryPlanMark>(function,
                                     ArrayAttr::get(&getContext(), plans));
  }

private:
  /// What may end the call.
  SmallVector<Operation *> checks;

  /// The buffer of an allocation, or nothing if it cannot be planned.
  std::optional<Buffer> consider(memref::AllocOp op,
                                 const BufferLifetimes &times) {
    MemRefType type = op.getType();
    if (!type.getLayout().isIdentity() || type.getMemorySpace() ||
        !op.getSymbolOperands().empty() ||
        !type.getElementType().isIntOrIndexOrFloat() ||
        op.getAlignment().value_or(1) > kAlignment)
      return std::nullopt;
    std::optional<Monomial> size =
        Monomial::of(op, [&](Value value) { return findBound(value, times); });
    std::optional<Positions> lifetime = times.find(op);
    if (!size || !lifetime)
      return std::nullopt;
    Block *home = &getOperation().getBody().front();
    Root root{home};
    for (Value extent : size->symbols)
      root.include(findRoot(extent, times));
    bool isNatural = llvm::all_of(size->symbols, isNeverNegative);
    bool isGiven = llvm::all_of(size->symbols, followsFromInputs);
    // What a check may be about must not be refused before the check.
    for (Operation *check : checks)
      if (!(isNatural && isGiven) &&
          check->getBlock()->findAncestorOpInBlock(*op) &&
          times.getPositions(check).end < times.getPositions(op).begin)
        root.include({check->getBlock(), times.getPositions(check).end});
    home = root.block;
    int64_t known = root.position;
    // What may not run asks for nothing that could be refused. Iterations that
    // run at the same time need memory of their own.
    Block *block = op->getBlock();
    for (Block *at = block; at != home; at = at->getParentOp()->getBlock()) {
      Operation *parent = at->getParentOp();
      bool isSerialLoop = isa<scf::ForOp, scf::WhileOp>(parent) &&
                          !seq::isMarked<seq::ParallelMark>(parent);
      bool isBranch = !BufferLifetimes::mayRepeat(parent);
      if ((isSerialLoop || isBranch) && isNatural)
        continue;
      home = at;
      known = times.getPositions(parent).begin;
      break;
    }
    Operation *inHome = home->findAncestorOpInBlock(*op);
    int64_t needed = times.getPositions(inHome).begin;
    return Buffer{op, *size, *lifetime, home, known, needed};
  }

  /// Where the last value that `value` is computed from appears.
  static Root findRoot(Value value, const BufferLifetimes &times) {
    Root root;
    llvm::SmallPtrSet<Operation *, 8> seen;
    SmallVector<Value> open{value};
    while (!open.empty()) {
      Value next = open.pop_back_val();
      Operation *op = next.getDefiningOp();
      if (!op) {
        Block *block = cast<BlockArgument>(next).getOwner();
        Operation *parent = block->getParentOp();
        root.include({block, times.getPositions(parent).begin});
      } else if (!isMovable(op)) {
        root.include({op->getBlock(), times.getPositions(op).end});
      } else if (seen.insert(op).second) {
        llvm::append_range(open, op->getOperands());
      }
    }
    return root;
  }

  /// An extent that is not smaller and known earlier, if `value` is the smaller
  /// of two.
  static Value findBound(Value value, const BufferLifetimes &times) {
    auto smaller = value.getDefiningOp<arith::MinSIOp>();
    if (!smaller)
      return value;
    Root left = findRoot(smaller.getLhs(), times),
         right = findRoot(smaller.getRhs(), times);
    if (left.position == right.position)
      return value;
    Value earlier =
        left.position < right.position ? smaller.getLhs() : smaller.getRhs();
    // Only an extent is near what it bounds: other numbers may be anything,
    // such as a large one for "to the end". Few rows may be a static batch.
    std::optional<int64_t> number = getConstantIntValue(earlier);
    bool isNear = number ? *number <= kFewRows && !followsFromInputs(value)
                         : followsFromInputs(earlier);
    return isNear && isNeverNegative(earlier) ? earlier : value;
  }

  /// As few workspaces as there can be: each is taken where the first buffer
  /// without one is needed, and holds all whose size is known there.
  void planBlock(SmallVector<Buffer *> &members, const BufferLifetimes &times,
                 SmallVector<Attribute> &plans) {
    llvm::stable_sort(
        members, [](Buffer *a, Buffer *b) { return a->needed < b->needed; });
    bool isFirst = true;
    while (!members.empty()) {
      int64_t now = members.front()->needed;
      SmallVector<Buffer *> chosen, later;
      for (Buffer *buffer : members)
        (buffer->known < now ? chosen : later).push_back(buffer);
      Block *home = chosen.front()->home;
      Workspace workspace(chosen,
                          home->findAncestorOpInBlock(*chosen.front()->op));
      workspace.emit();
      ++numWorkspaces;
      numPlanned += chosen.size();
      bool isTop = isa<func::FuncOp>(home->getParentOp());
      plans.push_back(workspace.describe(!isTop    ? "body"
                                         : isFirst ? "entry"
                                                   : "later"));
      members = std::move(later);
      isFirst = false;
    }
  }
};

} // namespace
