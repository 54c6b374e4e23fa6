//===- RollSteps.cpp - Chains of equal steps become loops -----------------===//
//
// In all steps of a chain an operand is the same value, or what the same op of
// the step gives, or what the same op of the step before gives (a state), or a
// slice of one tensor at places that follow each other. What only prepares such
// slices, the same way in each step, joins the step.
//
// Leaves behind: an scf.for that reads slices, carries states, and stacks what
// other ops use of more than the last step.
//
//===----------------------------------------------------------------------===//

#include "compiler/Normalize/Passes.h"
#include "compiler/Normalize/Roller.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace seqc {
#define GEN_PASS_DEF_ROLLSTEPSPASS
#include "compiler/Normalize/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// Chains of one block, and parts of one that are tried.
static constexpr int kMostChains = 64;
static constexpr int kMostParts = 4;
/// Ops of a step behind each other.
static constexpr int kMostDepth = 1000;
/// Ops through which the sizes of a stacked value are followed.
static constexpr int kMostSources = 16;

//===----------------------------------------------------------------------===//
// What a step reads
//===----------------------------------------------------------------------===//

std::optional<Walk>
seqc::findWalk(ArrayRef<SmallVector<OpFoldResult>> offsets) {
  std::optional<Walk> walk;
  for (auto [axis, from, to] : llvm::enumerate(offsets[0], offsets[1])) {
    std::optional<int64_t> first = getConstantIntValue(from),
                           second = getConstantIntValue(to);
    if (from == to)
      continue;
    if (walk || !first || !second || std::abs(*second - *first) != 1)
      return std::nullopt;
    walk = {static_cast<int64_t>(axis), *second - *first, *first};
  }
  if (!walk)
    return std::nullopt;
  for (auto [i, at] : llvm::enumerate(offsets))
    for (auto [d, from, to] : llvm::enumerate(offsets[0], at))
      if (static_cast<int64_t>(d) == walk->axis
              ? getConstantIntValue(to) !=
                    walk->low + walk->step * static_cast<int64_t>(i)
              : from != to)
        return std::nullopt;
  if (walk->step < 0)
    walk->low -= static_cast<int64_t>(offsets.size()) - 1;
  return walk;
}

static std::vector<const void *> getKey(const Roller::Row &row) {
  std::vector<const void *> key;
  for (Value value : row)
    key.push_back(value.getAsOpaquePointer());
  return key;
}

void Roller::enter(const Row &row, Value value) {
  if (auto [entry, isNew] = known.try_emplace(getKey(row), value); isNew)
    entered.push_back(entry);
}

Roller::Mark Roller::mark() {
  return {states.size(),  scanned.size(),         rows.size(),
          entered.size(), body.getNumArguments(), direction};
}

void Roller::returnTo(const Mark &mark) {
  while (rows.size() > mark.rows) {
    Operation *copy = rows.pop_back_val().copy;
    copy->dropAllUses();
    copy->erase();
  }
  while (entered.size() > mark.known)
    known.erase(entered.pop_back_val());
  states.truncate(mark.states);
  scanned.truncate(mark.scanned);
  body.eraseArguments(mark.arguments, body.getNumArguments() - mark.arguments);
  direction = mark.direction;
}

/// The argument of the body that holds these slices; null if they are none of
/// one tensor, one after the other.
Value Roller::readSlices(const Row &row) {
  auto first = row[0].getDefiningOp<tensor::ExtractSliceOp>();
  if (!first)
    return {};
  SmallVector<SmallVector<OpFoldResult>> offsets;
  for (Value value : row) {
    auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || slice.getSource() != first.getSource() ||
        slice.getType() != first.getType() ||
        slice.getMixedSizes() != first.getMixedSizes() ||
        !llvm::all_of(slice.getMixedStrides(), isOneInteger))
      return {};
    offsets.push_back(slice.getMixedOffsets());
  }
  std::optional<Walk> walk = findWalk(offsets);
  if (!walk || (direction != 0 && direction != walk->step) ||
      !isOneInteger(first.getMixedSizes()[walk->axis]))
    return {};
  direction = walk->step;
  scanned.push_back({first, walk->axis, walk->low,
                     body.addArgument(first.getType(), first.getLoc())});
  enter(row, scanned.back().argument);
  return scanned.back().argument;
}

/// The argument that holds what each step got from the one before; null if no
/// step hands that on. What the last step hands on is in no row yet: it is an
/// op with which all steps read the same.
Value Roller::readState(const Row &row, int depth) {
  int before = ops.getSource(row.back());
  if (!isOutside(row[0]) || before < 0 || ops.getKind(before) < 0 ||
      row[0].getType() != row.back().getType())
    return {};
  Row next(llvm::drop_begin(row));
  next.emplace_back();
  for (int candidate : ops.getAlike(ops.getKind(before))) {
    if (steps[candidate] != steps[before] + 1)
      continue;
    next.back() =
        ops[candidate]->getResult(cast<OpResult>(row.back()).getResultNumber());
    Mark begin = mark();
    Value argument = body.addArgument(row[0].getType(), row[0].getLoc());
    states.push_back({next, row[0], argument, {}});
    enter(row, argument);
    if (Value given = read(next, depth + 1)) {
      states[begin.states].next = given;
      return argument;
    }
    returnTo(begin);
  }
  return {};
}

/// What the same op of each step gives.
Value Roller::readOps(const Row &row, int depth) {
  OpRow made;
  for (auto [step, value] : llvm::enumerate(row)) {
    int from = ops.getSource(value);
    if (from < 0 || ops.getKind(from) < 0)
      return {};
    if (step > 0 && (ops.getKind(from) != ops.getKind(made.makers[0]) ||
                     cast<OpResult>(value).getResultNumber() !=
                         cast<OpResult>(row[0]).getResultNumber())) {
      border = step;
      return {};
    }
    made.makers.push_back(from);
  }
  // Known from here on: a state may be what the row gives.
  Mark begin = mark();
  made.copy = ops[made.makers[0]]->clone();
  body.push_back(made.copy);
  for (OpResult result : made.copy->getResults())
    enter(getResults(made.makers, result.getResultNumber()), result);
  rows.push_back(made);
  SmallVector<OpOperand *> slots;
  forEachInput(made.copy, [&](OpOperand &slot) { slots.push_back(&slot); });
  for (auto [number, slot] : llvm::enumerate(slots)) {
    Row inputs;
    for (int maker : made.makers)
      inputs.push_back(ops.getInputs(maker)[number]);
    Value input = read(inputs, depth + 1);
    if (!input) {
      returnTo(begin);
      return {};
    }
    slot->set(input);
  }
  return made.copy->getResult(cast<OpResult>(row[0]).getResultNumber());
}

/// The value in the body of what all steps read; null if they differ.
Value Roller::read(const Row &row, int depth) {
  if (llvm::all_equal(row))
    return isOutside(row[0]) ? row[0] : Value();
  if (auto found = known.find(getKey(row)); found != known.end())
    return found->second;
  left -= count;
  if (left < 0 || depth > kMostDepth)
    return {};
  bool isBefore =
      llvm::all_of(row, [&](Value value) { return isOutside(value); });
  Value value = isBefore ? readSlices(row) : readState(row, depth);
  return value ? value : readOps(row, depth);
}

/// Ops that know something of a step, and are none of the chain, will stand
/// behind the loop: neither may they have effects, nor may it need them.
bool Roller::checkOrder() {
  // The body is in the order of the first step.
  llvm::sort(rows, [](const OpRow &a, const OpRow &b) {
    return a.makers.front() < b.makers.front();
  });
  for (const OpRow &row : rows) {
    row.copy->moveBefore(&body, body.end());
    if (llvm::any_of(row.makers, [&](int maker) { return steps[maker] > 0; }))
      for (int maker : row.makers) {
        members.insert(ops[maker]);
        last = std::max(last, maker);
      }
  }
  steps.assign(ops.size(), 0);
  for (int i = 0; i < ops.size(); ++i) {
    bool isInside = members.contains(ops[i]);
    steps[i] = isInside || !llvm::all_of(ops.getInputs(i), [&](Value input) {
                 return isOutside(input);
               });
    if (steps[i] && !isInside && i < last && !isMemoryEffectFree(ops[i]))
      return false;
  }
  bool needsNone = true;
  for (Operation &op : body)
    forEachInput(&op, [&](OpOperand &operand) {
      needsNone &= isOutside(operand.get());
    });
  for (const State &state : states)
    needsNone &= isOutside(state.init);
  for (Scanned &input : scanned)
    needsNone &= isOutside(input.first.getSource());
  return needsNone;
}

//===----------------------------------------------------------------------===//
// What reads a step
//===----------------------------------------------------------------------===//

/// The sizes of a value of a step, by what is there before the first one.
std::optional<SmallVector<OpFoldResult>> Roller::findSizes(Value value) const {
  auto areOutside = [&](ArrayRef<OpFoldResult> sizes) {
    return llvm::all_of(sizes, [&](OpFoldResult size) {
      auto index = dyn_cast<Value>(size);
      return !index || isOutside(index);
    });
  };
  SmallVector<OpFoldResult> sizes;
  for (int i = 0; i < kMostSources && value; ++i) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      break;
    if (type.hasStaticShape())
      return getAsIndexOpFoldResult(value.getContext(), type.getShape());
    Operation *op = value.getDefiningOp();
    if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(op))
      sizes = empty.getMixedSizes();
    else if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op))
      sizes = expand.getMixedOutputShape();
    if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op)) {
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      for (auto [d, size] : llvm::enumerate(slice.getMixedSizes()))
        if (!dropped.test(d))
          sizes.push_back(size);
    }
    if (!sizes.empty())
      return areOutside(sizes) ? std::optional(sizes) : std::nullopt;
    auto destination = dyn_cast_or_null<DestinationStyleOpInterface>(op);
    if (!destination)
      break;
    value = destination.getTiedOpOperand(cast<OpResult>(value))->get();
  }
  return std::nullopt;
}

/// What other ops use of the steps, but for the final states.
bool Roller::findUses() {
  for (const OpRow &row : rows)
    for (OpResult element : row.copy->getResults()) {
      Row values = getResults(row.makers, element.getResultNumber());
      bool isState = llvm::any_of(
          states, [&](const State &state) { return state.values == values; });
      auto isUsed = [&](Value value) {
        return !llvm::all_of(value.getUsers(),
                             [&](Operation *user) { return isMember(user); });
      };
      if (!members.contains(ops[row.makers[0]]) ||
          llvm::none_of(ArrayRef(values).drop_back(isState), isUsed))
        continue;
      std::optional<SmallVector<OpFoldResult>> sizes = findSizes(values[0]);
      if (!sizes)
        return false;
      stacks.push_back({values, element, *sizes, {}});
    }
  return true;
}

/// Whether only rows are an open extent, those of all parts or of none.
bool Roller::checkShapes() const {
  std::optional<bool> isOpen;
  auto fits = [&](Type type, int64_t axis) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return false;
    SmallVector<int64_t> shape(tensor.getShape());
    if (axis >= 0)
      shape.erase(shape.begin() + axis);
    bool open = !shape.empty() && ShapedType::isDynamic(shape.front());
    if (isOpen.value_or(open) != open)
      return false;
    isOpen = open;
    return shape.empty() ||
           llvm::none_of(ArrayRef(shape).drop_front(), ShapedType::isDynamic);
  };
  return llvm::all_of(states,
                      [&](const State &state) {
                        return fits(state.init.getType(), -1);
                      }) &&
         llvm::all_of(scanned,
                      [&](const Scanned &input) {
                        auto slice = input.first;
                        int64_t kept = slice.getType().getRank() ==
                                       slice.getSourceType().getRank();
                        return fits(slice.getType(), kept ? input.axis : -1);
                      }) &&
         llvm::all_of(stacks, [&](const Stack &stack) {
           return fits(stack.element.getType(), -1);
         });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether the steps of a chain, or those of a part, became a loop.
static bool rollChain(const BlockOps &ops, ArrayRef<int> anchors) {
  for (int part = 0; part < kMostParts && anchors.size() >= kLeastSteps;
       ++part) {
    Roller roller(ops, anchors);
    if (roller.run())
      return true;
    // The longer one of two parts, if a step differs from those before.
    size_t border = roller.getBorder(), count = anchors.size();
    if (border == 0)
      return false;
    anchors = border > count - border ? anchors.take_front(border)
                                      : anchors.drop_front(border);
  }
  return false;
}

/// Makes chains of one block loops; gives how many.
static int rollBlock(Block &block) {
  int rolled = 0;
  for (bool changed = true; changed && rolled < kMostChains;) {
    BlockOps ops(block);
    changed = llvm::any_of(findAnchors(ops), [&](ArrayRef<int> anchors) {
      return rollChain(ops, anchors);
    });
    rolled += changed;
  }
  return rolled;
}

namespace {

struct RollSteps : seqc::impl::RollStepsPassBase<RollSteps> {
  void runOnOperation() override {
    // Inner blocks first: an outer chain may hold and erase them.
    SmallVector<Block *> blocks;
    getOperation()->walk<WalkOrder::PostOrder>([&](Operation *op) {
      if (!isa<linalg::LinalgOp>(op))
        for (Region &region : op->getRegions())
          for (Block &block : region)
            blocks.push_back(&block);
    });
    for (Block *block : blocks)
      numRolled += rollBlock(*block);
  }
};

} // namespace
