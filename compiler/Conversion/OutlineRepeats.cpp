//===- OutlineRepeats.cpp - Compile equal loop nests once -----------------===//
//
// The layers of a deep model differ in their buffers only. Each nest that occurs
// several times at the top of functions becomes one private function of the
// buffers and numbers that it uses from outside, so that everything behind this
// pass, above all LLVM, sees it once. What is unique there may repeat itself
// inside, as the loop of a search repeats the layers of a decoder: then the same
// is done for the nests in its body, if they are large and many enough for a
// call in each iteration.
//
// Two nests are equal if they are the same ops over the same constants and what
// they use from outside corresponds one to one. Buffers may begin at different
// places of larger ones.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/DenseMap.h"

#define DEBUG_TYPE "seq-outline-repeats"

namespace seqc {
#define GEN_PASS_DEF_OUTLINEREPEATSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// A top-level op with everything in it.
struct Nest {
  Operation *root;
  /// Rough number of operations that it has once it is loops.
  int64_t weight;
  /// What it uses from outside, in the order of its uses, without constants.
  SmallVector<Value> captures = {};
  /// The types under which captures are handed on.
  SmallVector<Type> types = {};
  /// Of each operand in it: a constant from outside, or the number of a capture
  /// or, from -1 downwards, of a value that is defined inside.
  SmallVector<std::pair<Attribute, int64_t>> uses = {};
};

/// The constant that `value` is, or nothing.
Attribute getConstant(Value value) {
  Attribute constant;
  matchPattern(value, m_Constant(&constant));
  return constant;
}

/// Whether `value` is an argument or result of an op in the nest `root`.
bool isInside(Operation *root, Value value) {
  if (isa<BlockArgument>(value))
    return root->isAncestor(value.getParentBlock()->getParentOp());
  return root->isProperAncestor(value.getDefiningOp());
}

/// The type of a captured buffer without the place at which it begins, where
/// nothing in the nest depends on that: types of views do.
Type generalize(Operation *root, Value capture) {
  auto type = dyn_cast<MemRefType>(capture.getType());
  auto layout = type ? dyn_cast<StridedLayoutAttr>(type.getLayout())
                     : StridedLayoutAttr();
  if (!layout)
    return capture.getType();
  for (Operation *user : capture.getUsers())
    if (root->isAncestor(user) &&
        (isa<func::CallOp>(user) || user->hasTrait<OpTrait::IsTerminator>() ||
         llvm::any_of(user->getResultTypes(), llvm::IsaPred<MemRefType>)))
      return type;
  return MemRefType::get(type.getShape(), type.getElementType(),
                         StridedLayoutAttr::get(type.getContext(),
                                                ShapedType::kDynamic,
                                                layout.getStrides()),
                         type.getMemorySpace());
}

void findUses(Nest &nest) {
  DenseMap<Value, int64_t> numbers, inside;
  auto define = [&](ValueRange values) {
    for (Value value : values)
      inside[value] = -1 - static_cast<int64_t>(inside.size());
  };
  // Regions of nests that can be equal have one block: a definition comes before
  // its uses.
  nest.root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Value operand : op->getOperands()) {
      if (auto found = inside.find(operand); found != inside.end()) {
        nest.uses.push_back({nullptr, found->second});
      } else if (Attribute constant = getConstant(operand)) {
        nest.uses.push_back({constant, 0});
      } else {
        auto [entry, isNew] =
            numbers.try_emplace(operand, nest.captures.size());
        if (isNew) {
          nest.captures.push_back(operand);
          nest.types.push_back(generalize(nest.root, operand));
        }
        nest.uses.push_back({nullptr, entry->second});
      }
    }
    define(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        define(block.getArguments());
  });
}

/// Weighs a nest; nothing for one that has to stay where it is.
std::optional<int64_t> weigh(Operation *root) {
  // Copies become loops, except those of whole buffers.
  if (auto copy = dyn_cast<memref::CopyOp>(root)) {
    auto type = cast<MemRefType>(copy.getTarget().getType());
    if (type.getLayout().isIdentity() &&
        cast<MemRefType>(copy.getSource().getType()).getLayout().isIdentity())
      return std::nullopt;
    return 8 * type.getRank();
  }
  if (root->getNumRegions() == 0 || root->getNumResults() != 0 ||
      root->hasTrait<OpTrait::IsTerminator>())
    return std::nullopt;
  int64_t weight = 0;
  bool movable = true;
  root->walk([&](Operation *op) {
    // Calls of the library need the context of the entry.
    movable &= op->getName().getDialectNamespace() != "dnn";
    ++weight;
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      weight += 8 * structured.getNumLoops();
  });
  return movable ? std::optional(weight) : std::nullopt;
}

/// Whether two ops are equal but for their operands. Recursion is as deep as
/// regions are nested, and enters each op once.
bool haveEqualBodies(Operation *left, Operation *right) {
  auto areEqualBlocks = [](Block &a, Block &b) {
    return a.getArgumentTypes() == b.getArgumentTypes() &&
           llvm::equal(a, b, [](Operation &x, Operation &y) {
             return haveEqualBodies(&x, &y);
           });
  };
  return left->getName() == right->getName() &&
         left->getNumOperands() == right->getNumOperands() &&
         left->getNumSuccessors() + right->getNumSuccessors() == 0 &&
         left->getResultTypes() == right->getResultTypes() &&
         left->getDiscardableAttrDictionary() ==
             right->getDiscardableAttrDictionary() &&
         left->getName().compareOpProperties(left->getPropertiesStorage(),
                                             right->getPropertiesStorage()) &&
         llvm::equal(left->getRegions(), right->getRegions(),
                     [&](Region &a, Region &b) {
                       return llvm::equal(a, b, areEqualBlocks);
                     });
}

/// The context of the entry that an op is in; null outside of entries.
Value findContext(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  return hasContext(function) ? function.getArgument(0) : Value();
}

/// Upstream's comparison wants operands of one type, which buffers that begin
/// at different places of larger ones do not have. Either all calls of a
/// function hand the context on, or none does.
bool areEqual(const Nest &left, const Nest &right) {
  return left.uses == right.uses && left.types == right.types &&
         !findContext(left.root) == !findContext(right.root) &&
         haveEqualBodies(left.root, right.root);
}

llvm::hash_code hashNest(Operation *root) {
  llvm::hash_code hash(0);
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    hash =
        llvm::hash_combine(hash, OperationEquivalence::computeHash(
                                     op, OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

struct OutlineRepeats : seqc::impl::OutlineRepeatsPassBase<OutlineRepeats> {
  using OutlineRepeatsPassBase::OutlineRepeatsPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<Block *> level;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (Block &block : function.getBody())
        level.push_back(&block);
    for (bool inner = false; !level.empty(); inner = true) {
      for (ArrayRef<Nest> group : findGroups(level))
        if (isWorthwhile(group, inner))
          outline(group, inner, symbols);
      SmallVector<Block *> next;
      for (Block *block : level)
        for (Operation &op : *block)
          if (!isa<linalg::LinalgOp>(op) &&
              !seq::isMarked<seq::ParallelMark>(&op))
            for (Region &region : op.getRegions())
              for (Block &below : region)
                next.push_back(&below);
      level = std::move(next);
    }
  }

  bool isWorthwhile(ArrayRef<Nest> group, bool inner) {
    // Calls in an iteration are for what takes long beside them, or what would
    // take long to compile.
    constexpr size_t kLeastInner = 4, kMany = 32;
    int64_t weight = group.front().weight;
    return static_cast<int64_t>(group.size() - 1) * weight >= leastSaved &&
           (!inner || group.size() >= kMany ||
            (group.size() >= kLeastInner && weight >= leastInner));
  }

  /// Equal nests among the ops of some blocks.
  static SmallVector<SmallVector<Nest>> findGroups(ArrayRef<Block *> blocks) {
    SmallVector<SmallVector<Nest>> groups;
    // Several groups of one hash are compared one by one.
    DenseMap<llvm::hash_code, SmallVector<size_t>> byHash;
    for (Block *block : blocks)
      for (Operation &op : *block) {
        std::optional<int64_t> weight = weigh(&op);
        if (!weight)
          continue;
        Nest nest{&op, *weight};
        findUses(nest);
        // How functions pass vectors depends on the CPU, and wide ones want
        // more alignment than a stack with dynamic parts has.
        if (llvm::any_of(nest.captures, [](Value value) {
              return isa<VectorType>(value.getType());
            }))
          continue;
        SmallVector<size_t> &bucket = byHash[hashNest(&op)];
        auto *same = llvm::find_if(bucket, [&](size_t group) {
          return areEqual(groups[group].front(), nest);
        });
        if (same != bucket.end()) {
          groups[*same].push_back(std::move(nest));
        } else {
          bucket.push_back(groups.size());
          groups.push_back({std::move(nest)});
        }
      }
    return groups;
  }

  void outline(ArrayRef<Nest> group, bool inner, SymbolTable &symbols) {
    Operation *first = group.front().root;
    ArrayRef<Value> captures = group.front().captures;
    OpBuilder builder(&getContext());
    Location loc = first->getLoc();
    SmallVector<Type> types(group.front().types);
    // With the context first, what becomes parallel can ask for threads.
    Value context = findContext(first);
    if (context)
      types.insert(types.begin(), context.getType());
    auto type = builder.getFunctionType(types, TypeRange());
    auto function = func::FuncOp::create(builder, loc, "shared", type);
    function.setPrivate();
    // Inlined again, nothing would be saved.
    function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
    if (inner)
      seq::mark<seq::InLoopMark>(function);
    symbols.insert(function);
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping map;
    if (context)
      map.map(context, body->getArgument(0));
    map.map(captures, body->getArguments().take_back(captures.size()));
    // What is no capture is a constant.
    first->walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (!map.contains(operand) && !isInside(first, operand))
          map.map(operand,
                  builder.clone(*operand.getDefiningOp())->getResult(0));
    });
    builder.clone(*first, map);
    func::ReturnOp::create(builder, loc);
    for (const Nest &nest : group) {
      builder.setInsertionPoint(nest.root);
      SmallVector<Value> arguments;
      for (auto [capture, general] : llvm::zip(nest.captures, nest.types))
        arguments.push_back(capture.getType() == general
                                ? capture
                                : memref::CastOp::create(builder,
                                                         nest.root->getLoc(),
                                                         general, capture));
      if (context)
        arguments.insert(arguments.begin(), findContext(nest.root));
      func::CallOp::create(builder, nest.root->getLoc(), function, arguments);
      nest.root->erase();
      ++numReplaced;
    }
    ++numShared;
  }
};

} // namespace
