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

/// Chains of one block, and ops between a slice and its use.
static constexpr int kMostChains = 64;
static constexpr int kMostPreparation = 32;
/// Ops through which the sizes of a stacked value are followed.
static constexpr int kMostSources = 16;

//===----------------------------------------------------------------------===//
// What a step reads
//===----------------------------------------------------------------------===//

/// Finds the ops that know something of a step. Those between the steps will
/// stand behind the loop; one with effects cannot.
bool Roller::findBehind() {
  behind.assign(ops.size(), false);
  for (int i = 0; i < ops.size(); ++i) {
    bool isInside = inside.contains(i);
    behind[i] = isInside || llvm::any_of(ops.getInputs(i), [&](Value input) {
                  return !isOutside(input);
                });
    if (isInside)
      members.insert(ops[i]);
    else if (behind[i] && i < last && !isMemoryEffectFree(ops[i]))
      return false;
  }
  return true;
}

Operation *Roller::addToBody(Operation *op, ArrayRef<Value> inputs) {
  Operation *copy = op->clone();
  body.push_back(copy);
  SmallVector<OpOperand *> slots;
  forEachInput(copy, [&](OpOperand &slot) { slots.push_back(&slot); });
  for (auto [slot, input] : llvm::zip_equal(slots, inputs))
    slot->set(input);
  return copy;
}

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

/// The argument of the body that holds these slices; null if they are none of
/// one tensor, one after the other.
Value Roller::readSlices(const Row &row) {
  auto first = row[0].getDefiningOp<tensor::ExtractSliceOp>();
  if (!first || !isOutside(first.getSource()))
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
  return scanned.back().argument;
}

/// What is made in front of the chain, the same way for each step. Each row is
/// prepared once and then known; one that cannot be ends the whole walk, up to
/// readStep(). So nothing is tried twice, in kMostPreparation levels.
Value Roller::readOutside(const Row &row, int depth) {
  if (llvm::all_equal(row))
    return isOutside(row[0]) ? row[0] : Value();
  std::vector<int> key;
  for (Value value : row)
    key.push_back(ops.getNumber(value));
  if (auto found = prepared.find(key); found != prepared.end())
    return found->second;
  if (Value slices = readSlices(row))
    return prepared[key] = slices;
  if (depth > kMostPreparation)
    return {};
  SmallVector<int> makers;
  for (Value value : row) {
    int from = ops.getSource(value);
    if (from < 0 || inside.contains(from) || ops.getKind(from) < 0 ||
        (!makers.empty() && (ops.getKind(from) != ops.getKind(makers[0]) ||
                             cast<OpResult>(value).getResultNumber() !=
                                 cast<OpResult>(row[0]).getResultNumber())))
      return {};
    makers.push_back(from);
  }
  SmallVector<Value> inputs;
  for (size_t slot = 0; slot < ops.getInputs(makers[0]).size(); ++slot) {
    inputs.push_back(readOutside(getRow(makers, slot), depth + 1));
    if (!inputs.back())
      return {};
  }
  Operation *copy = addToBody(ops[makers[0]], inputs);
  return prepared[key] =
             copy->getResult(cast<OpResult>(row[0]).getResultNumber());
}

/// The value in the body of what all steps read here; null if they differ.
Value Roller::readInput(const Row &row) {
  if (llvm::all_equal(row) && isOutside(row[0]))
    return row[0];
  auto found = inside.find(ops.getSource(row.back()));
  if (found == inside.end())
    return llvm::all_of(row, [&](Value value) { return isOutside(value); })
               ? readOutside(row, 0)
               : Value();
  // The same step, or the one before.
  auto [type, step] = found->second;
  int back = count - 1 - step;
  Part part{type,
            static_cast<int>(cast<OpResult>(row.back()).getResultNumber())};
  if (back > 1 || (back == 1 && !isOutside(row[0])))
    return {};
  for (int i = back; i < count; ++i)
    if (row[i] != valueOf(part, i - back))
      return {};
  if (back == 0)
    return bodyValues.lookup(part);
  for (const State &state : states)
    if (state.source == part)
      return state.init == row[0] ? state.argument : Value();
  if (row[0].getType() != row.back().getType())
    return {};
  states.push_back(
      {part, row[0], body.addArgument(row[0].getType(), row[0].getLoc())});
  return states.back().argument;
}

bool Roller::readStep() {
  for (auto [type, list] : llvm::enumerate(chain.classes)) {
    SmallVector<Value> inputs;
    for (size_t slot = 0; slot < ops.getInputs(list[0]).size(); ++slot) {
      inputs.push_back(readInput(getRow(list, slot)));
      if (!inputs.back())
        return false;
    }
    Operation *copy = addToBody(ops[list[0]], inputs);
    for (OpResult result : copy->getResults())
      bodyValues[{static_cast<int>(type),
                  static_cast<int>(result.getResultNumber())}] = result;
  }
  return !states.empty() && !scanned.empty();
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
  auto isState = [&](Part part) {
    return llvm::any_of(
        states, [&](const State &state) { return state.source == part; });
  };
  for (auto [type, list] : llvm::enumerate(chain.classes))
    for (auto [step, member] : llvm::enumerate(list))
      for (OpResult result : ops[member]->getResults()) {
        Part part{static_cast<int>(type),
                  static_cast<int>(result.getResultNumber())};
        if (stacks.count(part) || (step + 1 == list.size() && isState(part)) ||
            llvm::all_of(result.getUsers(),
                         [&](Operation *user) { return isMember(user); }))
          continue;
        std::optional<SmallVector<OpFoldResult>> sizes = findSizes(result);
        if (!sizes)
          return false;
        stacks[part].sizes = *sizes;
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
         llvm::all_of(stacks, [&](const auto &entry) {
           return fits(valueOf(entry.first, 0).getType(), -1);
         });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Makes chains of one block loops; gives how many.
static int rollBlock(Block &block) {
  int rolled = 0;
  for (bool changed = true; changed && rolled < kMostChains;) {
    changed = false;
    BlockOps ops(block);
    for (ArrayRef<int> anchors : findAnchors(ops))
      if (std::optional<StepChain> chain = findChain(ops, anchors);
          chain && Roller(ops, *chain).run()) {
        changed = true;
        ++rolled;
        break;
      }
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
