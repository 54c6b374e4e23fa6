//===- StepChains.cpp - Groups of ops that repeat each other --------------===//

#include "compiler/Normalize/StepChains.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

#include <map>

using namespace mlir;
using namespace seqc;

/// Steps from which on a chain is worth a loop.
static constexpr int kLeastSteps = 3;
/// Anchors that are tried, and how often ops are looked at for that.
static constexpr int64_t kMostAnchors = 200;
static constexpr int64_t kMostVisits = 1'000'000;
/// Kinds of ops of one hash that are told apart.
static constexpr size_t kMostKinds = 64;
/// How often the border between two steps is moved.
static constexpr int kMostRounds = 16;

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

int BlockOps::findKind(Operation *op) {
  // What has effects stays where it is.
  if (op->getNumResults() == 0 || !isMemoryEffectFree(op))
    return -1;
  size_t hash = OperationEquivalence::computeHash(
      op, OperationEquivalence::ignoreHashValue,
      OperationEquivalence::ignoreHashValue,
      OperationEquivalence::IgnoreLocations);
  auto &list = known[hash];
  for (auto [other, kind] : list)
    if (areAlike(other, op))
      return kind;
  if (list.size() == kMostKinds)
    return -1;
  list.emplace_back(op, numKinds);
  return numKinds++;
}

BlockOps::BlockOps(Block &block) {
  for (Operation &op : block) {
    places[&op] = ops.size();
    ops.push_back(&op);
    kinds.push_back(findKind(&op));
    auto &list = inputs.emplace_back();
    bool isConstant = matchPattern(&op, m_Constant()) || isa<seq::WeightOp>(op);
    forEachInput(&op, [&](OpOperand &operand) {
      list.push_back(operand.get());
      numbers.try_emplace(operand.get(), numbers.size());
    });
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

/// The step of each op: how many anchors it depends on at most, itself
/// included.
static std::vector<int> countAnchors(const BlockOps &ops,
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
  SmallVector<int> chain{at};
  // The anchor that an op was last reached from.
  std::vector<int> reached(ops.size(), -1);
  while (steps[at] > 1) {
    // Back to the nearest anchors of the step before.
    SmallVector<int> stack{at};
    int next = -1;
    while (!stack.empty() && next < 0) {
      for (Value input : ops.getInputs(stack.pop_back_val())) {
        int from = ops.getSource(input);
        // What comes before the anchor that is looked for leads to none.
        if (from < 0 || steps[from] < steps[at] - 1 ||
            std::exchange(reached[from], at) == at)
          continue;
        if (steps[from] == steps[at] - 1 && members.contains(from))
          next = from;
        stack.push_back(from);
      }
    }
    if (next < 0)
      break;
    at = next;
    chain.push_back(at);
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
  std::map<std::vector<int>, Group> groups;
  for (int i = 0; i < ops.size(); ++i) {
    if (ops.getKind(i) < 0)
      continue;
    std::vector<int> key{ops.getKind(i)};
    bool shares = false, varies = false;
    for (Value input : ops.getInputs(i)) {
      bool isConstant = ops.isConstant(input);
      shares |= isConstant;
      varies |= !isConstant;
      key.push_back(isConstant ? ops.getNumber(input) : -1);
    }
    if (!varies)
      continue;
    Group &group = groups[key];
    group.members.push_back(i);
    if (shares)
      group.rank = isa<linalg::ContractionOpInterface>(ops[i]) ? 0 : 1;
  }
  std::vector<Group> list;
  for (auto &entry : groups)
    if (static_cast<int>(entry.second.members.size()) >= kLeastSteps)
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
    if (static_cast<int>(chain.size()) >= kLeastSteps)
      result.push_back(chain);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

namespace {
/// Groups the ops of all steps into classes.
class StepClasses {
public:
  StepClasses(const BlockOps &ops, ArrayRef<int> anchors)
      : ops(ops), anchors(anchors), steps(countAnchors(ops, anchors)),
        last(anchors.size()), users(ops.size()) {
    for (int i = 0; i < ops.size(); ++i)
      for (auto [slot, input] : llvm::enumerate(ops.getInputs(i)))
        if (int from = ops.getSource(input); from >= 0)
          users[from].emplace_back(i, slot);
  }

  std::optional<StepChain> find();

private:
  void classify();
  /// Whether the anchors are what the steps are aligned by.
  bool areAligned() const;
  /// The classes that the anchors' class needs from step to step.
  std::optional<SmallVector<int>> collect() const;
  /// Moves a class that the last step lacks to the start of the next step.
  bool pull(ArrayRef<int> needed);
  int member(int type, int step) const {
    auto found = members.find({type, step});
    return found == members.end() ? -1 : found->second;
  }

  const BlockOps &ops;
  ArrayRef<int> anchors;
  std::vector<int> steps;
  int last;
  /// Ops that read an op, and at which input.
  std::vector<SmallVector<std::pair<int, int>, 2>> users;
  std::vector<int> types;
  llvm::DenseMap<std::pair<int, int>, int> members;
};
} // namespace

void StepClasses::classify() {
  // What several steps use from outside is told apart by its value.
  llvm::DenseMap<int, int> firstUse;
  llvm::DenseSet<int> shared;
  for (int i = 0; i < ops.size(); ++i)
    if (steps[i] > 0)
      for (Value input : ops.getInputs(i)) {
        int from = ops.getSource(input), value = ops.getNumber(input);
        if (from >= 0 && steps[from] > 0)
          continue;
        auto [entry, isNew] = firstUse.try_emplace(value, steps[i]);
        if (!isNew && entry->second != steps[i])
          shared.insert(value);
      }
  using Key = std::vector<int>;
  std::map<Key, int> keys;
  std::map<std::pair<Key, int>, int> occurrences;
  types.assign(ops.size(), -1);
  members.clear();
  for (int i = 0; i < ops.size(); ++i) {
    if (steps[i] == 0 || ops.getKind(i) < 0)
      continue;
    Key key{ops.getKind(i)};
    for (Value input : ops.getInputs(i)) {
      int from = ops.getSource(input), value = ops.getNumber(input);
      if (from >= 0 && steps[from] == steps[i])
        key.insert(key.end(),
                   {1, types[from],
                    static_cast<int>(cast<OpResult>(input).getResultNumber())});
      else if ((from < 0 || steps[from] == 0) && shared.contains(value))
        key.insert(key.end(), {2, value, 0});
      else
        key.insert(key.end(), {3, 0, 0});
    }
    // Ops that look alike are told apart by their order.
    key.push_back(occurrences[{key, steps[i]}]++);
    int type = keys.try_emplace(std::move(key), keys.size()).first->second;
    types[i] = type;
    members[{type, steps[i]}] = i;
  }
}

bool StepClasses::areAligned() const {
  for (auto [i, anchor] : llvm::enumerate(anchors)) {
    if (types[anchor] < 0 || steps[anchor] != static_cast<int>(i) + 1)
      return false;
    if (i > 0 && i + 1 < anchors.size() && types[anchor] != types[anchors[1]])
      return false;
  }
  return true;
}

std::optional<SmallVector<int>> StepClasses::collect() const {
  int middle = std::max(2, (last + 1) / 2);
  SmallVector<int> needed, stack{types[anchors[middle - 1]]};
  llvm::DenseSet<int> seen{stack.front()};
  while (!stack.empty()) {
    int type = stack.pop_back_val();
    needed.push_back(type);
    int op = member(type, middle);
    if (op < 0)
      return std::nullopt;
    for (Value input : ops.getInputs(op)) {
      int from = ops.getSource(input);
      if (from < 0 || steps[from] == 0)
        continue;
      // A step knows the one before it.
      if (steps[from] < middle - 1 || types[from] < 0)
        return std::nullopt;
      if (seen.insert(types[from]).second)
        stack.push_back(types[from]);
    }
  }
  return needed;
}

bool StepClasses::pull(ArrayRef<int> needed) {
  llvm::DenseSet<int> wanted(needed.begin(), needed.end());
  for (int type : needed) {
    int op = member(type, 1);
    if (op < 0 || member(type, last) >= 0 || member(type, last - 1) < 0)
      continue;
    // Its users in the second step, and what they use in the first.
    int partner = -1;
    bool fits = true;
    for (auto [user, slot] : users[op]) {
      if (steps[user] == 0 || !wanted.contains(types[user]))
        continue;
      int twin = member(types[user], 1);
      int other = steps[user] == 2 && twin >= 0
                      ? ops.getSource(ops.getInputs(twin)[slot])
                      : -1;
      fits = fits && other >= 0 && steps[other] == 0 &&
             ops.getKind(other) == ops.getKind(op) &&
             (partner < 0 || partner == other);
      partner = other;
    }
    if (!fits || partner < 0)
      continue;
    for (int step = 1; step < last; ++step)
      if (int moved = member(type, step); moved >= 0)
        steps[moved] = step + 1;
    steps[partner] = 1;
    return true;
  }
  return false;
}

std::optional<StepChain> StepClasses::find() {
  std::optional<SmallVector<int>> needed;
  for (int round = 0; round < kMostRounds; ++round) {
    classify();
    if (!areAligned())
      return std::nullopt;
    needed = collect();
    if (!needed)
      return std::nullopt;
    if (!pull(*needed))
      break;
  }
  // The longest run of steps that have every class.
  StepChain chain;
  int first = 0;
  for (int step = 1, begin = 1; step <= last; ++step) {
    if (llvm::any_of(*needed,
                     [&](int type) { return member(type, step) < 0; })) {
      begin = step + 1;
      continue;
    }
    if (step - begin + 1 > chain.count) {
      first = begin;
      chain.count = step - begin + 1;
    }
  }
  if (chain.count < kLeastSteps)
    return std::nullopt;
  for (int type : *needed) {
    SmallVector<int> &list = chain.classes.emplace_back();
    for (int i = 0; i < chain.count; ++i)
      list.push_back(member(type, first + i));
  }
  llvm::sort(chain.classes, [](const auto &a, const auto &b) {
    return a.front() < b.front();
  });
  return chain;
}

std::optional<StepChain> seqc::findChain(const BlockOps &ops,
                                         ArrayRef<int> anchors) {
  return StepClasses(ops, anchors).find();
}
