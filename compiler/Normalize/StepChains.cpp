//===- StepChains.cpp - Ops that repeat each other ------------------------===//

#include "compiler/Normalize/StepChains.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OperationSupport.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

#include <map>

using namespace mlir;
using namespace seqc;

/// Anchors that are tried, and how often ops are looked at for that.
static constexpr int64_t kMostAnchors = 200;
static constexpr int64_t kMostVisits = 1'000'000;
/// Kinds of ops of one hash that are told apart.
static constexpr size_t kMostKinds = 64;

//===----------------------------------------------------------------------===//
// Equal ops
//===----------------------------------------------------------------------===//

void seqc::forEachInput(Operation *op,
                        llvm::function_ref<void(OpOperand &)> visit) {
  for (OpOperand &operand : op->getOpOperands())
    visit(operand);
  for (Region &region : op->getRegions())
    region.walk([&](Operation *nested) {
      for (OpOperand &operand : nested->getOpOperands())
        if (!op->isAncestor(operand.get().getParentRegion()->getParentOp()))
          visit(operand);
    });
}

/// Whether ops differ in nothing but what they read.
static bool areAlike(Operation *left, Operation *right) {
  llvm::DenseMap<Value, Value> inside;
  auto isInside = [](Operation *op, Value value) {
    return op->isAncestor(value.getParentRegion()->getParentOp());
  };
  auto check = [&](Value a, Value b) {
    bool inLeft = isInside(left, a), inRight = isInside(right, b);
    return success(inLeft == inRight && (inLeft ? inside.lookup(a) == b
                                                : a.getType() == b.getType()));
  };
  return OperationEquivalence::isEquivalentTo(
      left, right, check, [&](Value a, Value b) { inside[a] = b; },
      OperationEquivalence::IgnoreLocations);
}

int BlockOps::findKind(int op) {
  // What has effects stays where it is.
  if (ops[op]->getNumResults() == 0 || !isMemoryEffectFree(ops[op]))
    return -1;
  size_t hash = OperationEquivalence::computeHash(
      ops[op], OperationEquivalence::ignoreHashValue,
      OperationEquivalence::ignoreHashValue,
      OperationEquivalence::IgnoreLocations);
  SmallVector<int> &list = known[hash];
  auto *kind = llvm::find_if(list, [&](int other) {
    return areAlike(ops[alike[other].front()], ops[op]);
  });
  if (kind != list.end()) {
    alike[*kind].push_back(op);
    return *kind;
  }
  if (list.size() == kMostKinds)
    return -1;
  list.push_back(alike.size());
  alike.push_back({op});
  return list.back();
}

BlockOps::BlockOps(Block &block) {
  for (Operation &op : block) {
    places[&op] = ops.size();
    ops.push_back(&op);
    kinds.push_back(findKind(size() - 1));
    auto &list = inputs.emplace_back();
    forEachInput(&op,
                 [&](OpOperand &operand) { list.push_back(operand.get()); });
    bool isConstant = matchPattern(&op, m_Constant()) || isa<seq::WeightOp>(op);
    isConstant |= kinds.back() >= 0 && !list.empty() &&
                  llvm::all_of(list, [&](Value input) {
                    return this->isConstant(input);
                  });
    constants.push_back(isConstant);
  }
}

int BlockOps::getSource(Value value) const {
  Operation *op = value.getDefiningOp();
  auto found = op ? places.find(op) : places.end();
  return found == places.end() ? -1 : found->second;
}

bool BlockOps::isConstant(Value value) const {
  if (int from = getSource(value); from >= 0)
    return constants[from];
  Operation *op = value.getDefiningOp();
  return op && (matchPattern(op, m_Constant()) || isa<seq::WeightOp>(op));
}

//===----------------------------------------------------------------------===//
// Anchors
//===----------------------------------------------------------------------===//

std::vector<int> seqc::countAnchors(const BlockOps &ops,
                                    ArrayRef<int> anchors) {
  llvm::DenseSet<int> marks(anchors.begin(), anchors.end());
  std::vector<int> steps(ops.size(), 0);
  for (int i = 0; i < ops.size(); ++i) {
    for (Value input : ops.getInputs(i))
      if (int from = ops.getSource(input); from >= 0)
        steps[i] = std::max(steps[i], steps[from]);
    steps[i] += marks.contains(i);
  }
  return steps;
}

/// One of the longest chains among `group`.
static SmallVector<int> pickChain(const BlockOps &ops, ArrayRef<int> group) {
  std::vector<int> steps = countAnchors(ops, group);
  llvm::DenseSet<int> members(group.begin(), group.end());
  int at = *llvm::max_element(
      group, [&](int a, int b) { return steps[a] < steps[b]; });
  // Back to the nearest anchor of each step before, among what the last one that
  // was found depends on.
  SmallVector<int> chain;
  std::vector<int> reached(ops.size(), -1);
  int wanted = reached[at] = steps[at];
  for (; at >= 0 && wanted > 0; --at) {
    if (reached[at] != wanted)
      continue;
    if (steps[at] == wanted && members.contains(at)) {
      chain.push_back(at);
      --wanted;
    }
    for (Value input : ops.getInputs(at))
      if (int from = ops.getSource(input); from >= 0)
        reached[from] = wanted;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

std::vector<SmallVector<int>> seqc::findAnchors(const BlockOps &ops) {
  struct Group {
    /// Products by weights first, then what has a constant.
    int rank = 2;
    SmallVector<int> members;
  };
  std::map<std::pair<int, std::vector<const void *>>, Group> groups;
  for (int i = 0; i < ops.size(); ++i) {
    if (ops.getKind(i) < 0)
      continue;
    std::vector<const void *> constants;
    bool shares = false, varies = false;
    for (Value input : ops.getInputs(i)) {
      bool isConstant = ops.isConstant(input);
      shares |= isConstant;
      varies |= !isConstant;
      constants.push_back(isConstant ? input.getAsOpaquePointer() : nullptr);
    }
    if (!varies)
      continue;
    Group &group = groups[{ops.getKind(i), constants}];
    group.members.push_back(i);
    if (shares)
      group.rank = isa<linalg::ContractionOpInterface>(ops[i]) ? 0 : 1;
  }
  std::vector<Group> list;
  for (auto &entry : groups)
    if (entry.second.members.size() >= kLeastSteps)
      list.push_back(std::move(entry.second));
  llvm::sort(list, [](const Group &a, const Group &b) {
    return std::pair(a.rank, a.members.front()) <
           std::pair(b.rank, b.members.front());
  });
  int64_t most = std::clamp<int64_t>(kMostVisits / std::max(ops.size(), 1), 2,
                                     kMostAnchors);
  if (static_cast<int64_t>(list.size()) > most)
    list.resize(most);
  std::vector<SmallVector<int>> result;
  for (const Group &group : list) {
    SmallVector<int> chain = pickChain(ops, group.members);
    if (chain.size() >= kLeastSteps)
      result.push_back(chain);
  }
  return result;
}
