//===- Interpreter.cpp - Reference evaluation of seq IR -------------------===//
//
// Blocks are planned once: the handler of every op, and the values whose last
// use it is. A value is dropped at its last use, so that an op which replaces a
// tensor can write into it.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Interpreter.h"

#include "dialect/Seq/IR/Limits.h"
#include "dialect/Seq/Reference/Handlers.h"
#include "dialect/Seq/Reference/ScalarOps.h"
#include "dialect/Seq/Reference/ScalarProgram.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace seqc::reference {

//===----------------------------------------------------------------------===//
// Errors and checks
//===----------------------------------------------------------------------===//

llvm::Error makeError(Operation &op, const llvm::Twine &message) {
  std::string text;
  llvm::raw_string_ostream(text)
      << "'" << op.getName() << "' at " << op.getLoc() << ": " << message;
  return llvm::createStringError(text);
}

llvm::Error makeMemoryError(Operation &op, const llvm::Twine &message) {
  std::string place = seq::getPlaceName(op.getLoc()).str();
  if (place.empty())
    place = ("'" + op.getName().getStringRef() + "'").str();
  return llvm::createStringError(
      std::make_error_code(std::errc::not_enough_memory),
      llvm::Twine(place) + ": " + message);
}

llvm::Error wrapError(Operation &op, llvm::Error error) {
  return makeError(op, llvm::toString(std::move(error)));
}

llvm::Error checkType(Operation &op, const Tensor &value, Type type,
                      const llvm::Twine &what) {
  std::optional<ElementKind> kind =
      isLibraryPrimitive(type) ? ElementKind::I1 : getElementKind(type);
  auto shaped = dyn_cast<ShapedType>(type);
  if (!kind || (shaped && (!isa<RankedTensorType, MemRefType>(type) ||
                           isa<MemRefType>(type) != value.isBuffer())))
    return makeError(op,
                     what + " has a type that the interpreter does not know");
  if (value.getKind() != *kind)
    return makeError(op, what + " has elements of type " +
                             getName(value.getKind()) + ", required " +
                             getName(*kind));
  llvm::ArrayRef<int64_t> required;
  if (shaped)
    required = shaped.getShape();
  bool fits = value.getRank() == static_cast<int64_t>(required.size());
  for (size_t dim = 0; fits && dim < required.size(); ++dim)
    fits = ShapedType::isDynamic(required[dim]) ||
           required[dim] == value.getDim(dim);
  if (fits)
    return llvm::Error::success();
  std::string shape;
  for (int64_t extent : required)
    shape += (shape.empty() ? "" : "x") + (ShapedType::isDynamic(extent)
                                               ? std::string("?")
                                               : std::to_string(extent));
  return makeError(op, what + " has shape " + toString(value.getShape()) +
                           ", required " +
                           (required.empty() ? "scalar" : shape));
}

llvm::Error checkShape(Operation &op, llvm::ArrayRef<int64_t> found,
                       llvm::ArrayRef<int64_t> required,
                       const llvm::Twine &what) {
  if (found == required)
    return llvm::Error::success();
  return makeError(op, what + " has shape " + toString(found) + ", required " +
                           toString(required));
}

Shape resolveShape(Type type, llvm::ArrayRef<int64_t> fallback) {
  llvm::ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  Shape result(shape.begin(), shape.end());
  for (size_t dim = 0; dim < result.size(); ++dim)
    if (ShapedType::isDynamic(result[dim]))
      result[dim] = dim < fallback.size() ? fallback[dim] : 0;
  return result;
}

const Tensor *OperandValues::get(Value value) const {
  if (!value)
    return nullptr;
  for (auto [index, operand] : llvm::enumerate(op.getOperands()))
    if (operand == value)
      return &values[index];
  return nullptr;
}

llvm::SmallVector<Tensor> OperandValues::get(ValueRange group) const {
  llvm::SmallVector<Tensor> result;
  for (Value value : group)
    result.push_back(*get(value));
  return result;
}

const HandlerTable &getHandlerTable() {
  static const HandlerTable table = [] {
    HandlerTable result;
    addElementwiseHandlers(result);
    addAffineHandlers(result);
    addTensorHandlers(result);
    addTensorShapeHandlers(result);
    addControlHandlers(result);
    addFuncHandlers(result);
    addBufferHandlers(result);
    addLibraryHandlers(result);
    addWeightHandlers(result);
    addLinearRecurrenceHandlers(result);
    addNormHandlers(result);
    addEmbeddingHandlers(result);
    addQuantizationHandlers(result);
    addCacheHandlers(result);
    addRotaryHandlers(result);
    addRecurrenceHandlers(result);
    addCellHandlers(result);
    addAttentionHandlers(result);
    addGenerateHandlers(result);
    result["linalg.index"] = evaluateLinalgIndex;
    return result;
  }();
  return table;
}

/// The handler of an op; null if the interpreter does not know the op.
static Handler getHandler(Operation &op) {
  auto found = getHandlerTable().find(op.getName().getStringRef());
  if (found != getHandlerTable().end())
    return found->second;
  return isa<linalg::LinalgOp>(op) ? evaluateLinalg : nullptr;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// How to run a block.
struct Interpreter::BlockPlan {
  /// One op with what dies at it.
  struct Entry {
    Operation *op;
    Handler handler;
    /// Values nothing reads after this op takes its operands.
    llvm::SmallVector<Value, 2> dyingOperands;
    /// Values that only this op's regions still read.
    llvm::SmallVector<Value, 2> dyingCaptures;
  };
  std::vector<Entry> entries;
  Operation *terminator = nullptr;
  /// Values of the block that its terminator reads last.
  llvm::SmallVector<Value, 4> dyingAtEnd;
  /// Arguments and results that are never read.
  llvm::DenseSet<Value> unused;
};

llvm::Expected<Interpreter::BlockPlan *> Interpreter::getPlan(Block &block) {
  std::unique_ptr<BlockPlan> &slot = plans[&block];
  if (slot)
    return slot.get();
  auto plan = std::make_unique<BlockPlan>();
  llvm::DenseMap<Operation *, size_t> positions;
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      plan->terminator = &op;
      continue;
    }
    Handler handler = getHandler(op);
    if (!handler)
      return makeError(op, "the interpreter does not know this op");
    positions[&op] = plan->entries.size();
    plan->entries.push_back({&op, handler, {}, {}});
  }
  if (!plan->terminator)
    return llvm::createStringError("a block has no terminator");
  if (plan->terminator->getNumSuccessors() != 0)
    return makeError(*plan->terminator,
                     "branches between blocks are not evaluated");

  auto planDeath = [&](Value value) {
    Operation *last = nullptr;
    bool captured = false;
    for (Operation *user : value.getUsers()) {
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      if (!ancestor)
        continue;
      if (!last || last->isBeforeInBlock(ancestor)) {
        last = ancestor;
        captured = false;
      }
      if (last == ancestor && ancestor != user)
        captured = true;
    }
    if (!last)
      plan->unused.insert(value);
    else if (auto found = positions.find(last); found != positions.end())
      (captured ? plan->entries[found->second].dyingCaptures
                : plan->entries[found->second].dyingOperands)
          .push_back(value);
    else if (!captured)
      plan->dyingAtEnd.push_back(value);
  };
  llvm::for_each(block.getArguments(), planDeath);
  for (BlockPlan::Entry &entry : plan->entries)
    llvm::for_each(entry.op->getResults(), planDeath);
  slot = std::move(plan);
  return slot.get();
}

//===----------------------------------------------------------------------===//
// Interpreter
//===----------------------------------------------------------------------===//

Interpreter::Interpreter(ModuleOp module, WeightSource &weights,
                         InterpreterOptions options)
    : module(module), weights(weights), options(options) {}

Interpreter::~Interpreter() = default;

llvm::Error Interpreter::step(BlockPlan &plan, size_t index) {
  BlockPlan::Entry &entry = plan.entries[index];
  Operation &op = *entry.op;
  if (options.maxOperations != 0 && ++operations > options.maxOperations)
    return makeError(op, "the run exceeds " +
                             llvm::Twine(options.maxOperations) + " steps");
  llvm::SmallVector<Tensor, 4> operands;
  for (Value operand : op.getOperands()) {
    auto found = frame->find(operand);
    if (found == frame->end())
      return makeError(op, "an operand has no value here");
    operands.push_back(found->second);
  }
  for (Value value : entry.dyingOperands)
    frame->erase(value);
  llvm::Expected<Results> results = entry.handler(*this, op, operands);
  if (!results)
    return results.takeError();
  if (results->size() != op.getNumResults())
    return makeError(op, "found " + llvm::Twine(results->size()) +
                             " results, required " +
                             llvm::Twine(op.getNumResults()));
  for (auto [number, value] : llvm::enumerate(*results))
    if (llvm::Error error = checkType(op, value, op.getResult(number).getType(),
                                      "result " + llvm::Twine(number)))
      return error;
  if (probe)
    probe(op, *results);
  for (Value value : entry.dyingCaptures)
    frame->erase(value);
  for (auto [result, value] : llvm::zip(op.getResults(), *results))
    if (!plan.unused.contains(result))
      (*frame)[result] = std::move(value);
  return llvm::Error::success();
}

llvm::Expected<Results> Interpreter::runBlock(Block &block, Results arguments) {
  Operation *parent = block.getParentOp();
  llvm::Expected<BlockPlan *> plan = getPlan(block);
  if (!plan)
    return plan.takeError();
  if (arguments.size() != block.getNumArguments())
    return makeError(*parent, "found " + llvm::Twine(arguments.size()) +
                                  " values for a block with " +
                                  llvm::Twine(block.getNumArguments()) +
                                  " arguments");
  if (depth >= options.maxDepth)
    return makeError(*parent, "calls and regions nest deeper than " +
                                  llvm::Twine(options.maxDepth));
  if (options.maxOperations != 0 && ++operations > options.maxOperations)
    return makeError(*parent, "the run exceeds " +
                                  llvm::Twine(options.maxOperations) +
                                  " steps");
  ++depth;
  llvm::scope_exit leave([this] { --depth; });
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments)) {
    if (llvm::Error error =
            checkType(*parent, value, argument.getType(),
                      "argument " + llvm::Twine(argument.getArgNumber())))
      return error;
    if (!(*plan)->unused.contains(argument))
      (*frame)[argument] = std::move(value);
  }
  for (size_t index = 0; index < (*plan)->entries.size(); ++index)
    if (llvm::Error error = step(**plan, index))
      return error;
  Results results;
  for (Value operand : (*plan)->terminator->getOperands()) {
    llvm::Expected<Tensor> value = lookup(*(*plan)->terminator, operand);
    if (!value)
      return value.takeError();
    results.push_back(std::move(*value));
  }
  for (Value value : (*plan)->dyingAtEnd)
    frame->erase(value);
  return results;
}

llvm::Expected<Results>
Interpreter::call(Operation &caller, func::FuncOp function, Results arguments) {
  if (function.isExternal())
    return makeError(caller, "'" + function.getName() + "' has no body");
  if (!function.getBody().hasOneBlock())
    return makeError(caller,
                     "'" + function.getName() + "' has more than one block");
  Frame local;
  Frame *outer = std::exchange(frame, &local);
  llvm::scope_exit leave([this, outer] { frame = outer; });
  return runBlock(function.getBody().front(), std::move(arguments));
}

llvm::Expected<llvm::SmallVector<Tensor>>
Interpreter::run(llvm::StringRef function, llvm::ArrayRef<Tensor> inputs) {
  auto callee = module.lookupSymbol<func::FuncOp>(function);
  if (!callee)
    return llvm::createStringError("the module has no function '" +
                                   function.str() + "'");
  depth = 0;
  operations = 0;
  indexStack.clear();
  llvm::Expected<Results> results =
      call(*callee, callee, Results(inputs.begin(), inputs.end()));
  if (!results)
    return results.takeError();
  return llvm::SmallVector<Tensor>(results->begin(), results->end());
}

llvm::Expected<Tensor> Interpreter::lookup(Operation &user, Value value) const {
  auto found = frame->find(value);
  if (found == frame->end())
    return makeError(user, "an operand has no value here");
  return found->second;
}

llvm::Expected<Tensor>
Interpreter::allocate(Operation &op, ElementKind kind,
                      llvm::ArrayRef<int64_t> shape) const {
  std::optional<int64_t> count = countElements(shape);
  if (llvm::any_of(shape, [](int64_t extent) { return extent < 0; }))
    return makeError(op, "shape " + toString(shape) + " has a negative extent");
  if (!count || *count > options.maxElements)
    return makeMemoryError(op, "a tensor of shape " + toString(shape) +
                                   " exceeds the " +
                                   llvm::Twine(options.maxElements) +
                                   " elements of the interpreter's memory");
  return Tensor(kind, shape);
}

llvm::Expected<Tensor>
Interpreter::getCached(Operation &op,
                       llvm::function_ref<llvm::Expected<Tensor>()> make) {
  auto found = cache.find(&op);
  if (found != cache.end())
    return found->second;
  llvm::Expected<Tensor> value = make();
  if (value)
    cache[&op] = *value;
  return value;
}

llvm::Expected<ScalarProgram *> Interpreter::getProgram(Block &block) {
  auto [slot, isNew] = programs.try_emplace(&block);
  if (isNew)
    slot->second = ScalarProgram::compile(block);
  ScalarProgram *program = slot->second.get();
  if (program)
    if (llvm::Error error = program->bind(*this))
      return error;
  return program;
}

} // namespace seqc::reference
