//===- SplitGenerate.cpp - A search as entries of its own -----------------===//
//
//   generate(source) -> tokens         what it was
//   encode(source)   -> start, states, context
//   step(id, row, position, states, context) -> logits, states, traces
//
// `encode` is a copy of the entry up to the search, `step` the region of the
// search with what it captures as arguments. Extents that are equal in every
// call of `encode` get the same name, so that the runtime refuses arguments of
// `step` that do not fit; what a position or a row could reach is checked.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Passes.h"
#include "compiler/Decompose/StepChecks.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "seq-split-generate"

namespace seqc {
#define GEN_PASS_DEF_SPLITGENERATEPASS
#include "compiler/Decompose/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

const StringRef kName = seq::getMarkName<seq::NameMark>();
const StringRef kSignature = seq::getMarkName<seq::SignatureMark>();
constexpr llvm::StringLiteral kLanes = "lanes";

/// A value that `encode` gives and `step` takes.
struct Passed {
  /// In the entry with the search.
  Value value;
  std::string name;
  /// The argument of the entry that it is, or -1.
  int64_t argument = -1;
  /// One row per lane.
  bool isState = false;
  /// Names of its dimensions; empty where they are static.
  SmallVector<std::string> dims;
};

class GenerateSplitter {
public:
  GenerateSplitter(func::FuncOp function, seq::GenerateOp op)
      : function(function), op(op), builder(function.getContext()),
        loc(op.getLoc()) {}

  /// Adds the entries, or says why not.
  LogicalResult run() {
    findConstants();
    collect();
    if (failed(nameExtents()))
      return failure();
    for (Value value : numbers)
      if (!isDerived(value))
        return op->emitRemark("no entries 'encode' and 'step': the step needs "
                              "a number of type ")
               << value.getType() << " that is no extent of what it reads";
    buildEncode();
    buildStep();
    return success();
  }

private:
  //===--------------------------------------------------------------------===//
  // What the step needs
  //===--------------------------------------------------------------------===//

  /// Whether a value is the same in every call.
  bool isConstant(Value value) const {
    Operation *producer = value.getDefiningOp();
    return producer && constants.contains(producer);
  }

  /// Finds the ops of the entry that give the same in every call, each behind
  /// those that it reads.
  void findConstants() {
    auto known = [&](Value value) { return isConstant(value); };
    for (Operation &producer : function.front()) {
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(producer.getRegions(), captured);
      if (isMemoryEffectFree(&producer) &&
          llvm::all_of(producer.getOperands(), known) &&
          llvm::all_of(captured, known))
        constants.insert(&producer);
    }
  }

  void collect() {
    for (auto [i, init] : llvm::enumerate(op.getInits()))
      passed.push_back({init, "state_" + std::to_string(i), -1, true, {}});
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getStep(), captured);
    unsigned count = 0;
    for (Value value : captured) {
      if (isConstant(value))
        continue;
      if (!isa<RankedTensorType>(value.getType())) {
        numbers.push_back(value);
        continue;
      }
      Passed one{value, "context_" + std::to_string(count++), -1, false, {}};
      if (auto argument = dyn_cast<BlockArgument>(value)) {
        one.argument = argument.getArgNumber();
        if (auto name =
                function.getArgAttrOfType<StringAttr>(one.argument, kName))
          one.name = name.str();
      }
      passed.push_back(one);
    }
  }

  //===--------------------------------------------------------------------===//
  // Extents
  //===--------------------------------------------------------------------===//

  /// What callers are told of an argument; null: nothing.
  seq::SignatureAttr getSignature(unsigned argument) {
    return function.getArgAttrOfType<seq::SignatureAttr>(argument, kSignature);
  }

  /// The name that the entry gives to an extent of an argument, or "".
  std::string findNamedExtent(unsigned argument, int64_t dim) {
    seq::SignatureAttr signature = getSignature(argument);
    return signature ? signature.getDim(dim).str() : "";
  }

  /// Finds out, in a copy of the entry, which extents are one.
  LogicalResult nameExtents() {
    IRMapping map;
    func::FuncOp copy = function.clone(map);
    copy.setName("seqc_extents");
    copy.setPrivate();
    function->getBlock()->push_back(copy);
    Operation *ret = copy.front().getTerminator();
    builder.setInsertionPoint(ret);
    // Every extent that anything in the step may ask for.
    SmallVector<Value> asked;
    auto ask = [&](Value tensor) {
      auto type = cast<RankedTensorType>(tensor.getType());
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          asked.push_back(
              tensor::DimOp::create(builder, loc, map.lookup(tensor), dim));
    };
    for (const Passed &one : passed)
      ask(one.value);
    ask(op.getStart());
    for (BlockArgument argument : function.getArguments())
      ask(argument);
    for (Value number : numbers)
      asked.push_back(map.lookup(number));
    func::ReturnOp::create(builder, loc, asked);
    ret->erase();
    copy.setType(builder.getFunctionType(copy.getArgumentTypes(),
                                         ValueRange(asked).getTypes()));
    copy.setAllResultAttrs(ArrayAttr());
    cast<seq::GenerateOp>(map.lookup(op.getOperation())).erase();
    PassManager passes(builder.getContext(), func::FuncOp::getOperationName());
    passes.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    LogicalResult result = success();
    do
      result = passes.run(copy);
    while (succeeded(result) && lookThroughElementwise(copy));
    if (succeeded(result))
      readExtents(copy);
    copy.erase();
    return result;
  }

  /// Extents of elementwise results are those of operands, which upstream's
  /// pass does not see. Returns whether there were any.
  static bool lookThroughElementwise(func::FuncOp copy) {
    bool changed = false;
    copy.walk([&](tensor::DimOp dim) {
      Operation *producer = dim.getSource().getDefiningOp();
      while (producer && producer->hasTrait<OpTrait::Elementwise>() &&
             isa<RankedTensorType>(producer->getOperandTypes().front())) {
        dim.getSourceMutable().set(producer->getOperand(0));
        producer = dim.getSource().getDefiningOp();
        changed = true;
      }
    });
    return changed;
  }

  void readExtents(func::FuncOp copy) {
    OperandRange found = copy.front().getTerminator()->getOperands();
    DenseMap<Value, std::string> names;
    unsigned next = 0, fresh = 0;
    auto nameOf = [&](Value extent) {
      std::string &name = names[extent];
      if (!name.empty())
        return name;
      if (auto dim = extent.getDefiningOp<tensor::DimOp>())
        if (auto argument = dyn_cast<BlockArgument>(dim.getSource()))
          if (std::optional<int64_t> number = dim.getConstantIndex())
            name = findNamedExtent(argument.getArgNumber(), *number);
      if (name.empty())
        name = "extent_" + std::to_string(fresh++);
      return name;
    };
    auto read = [&](Value tensor) {
      SmallVector<std::string> dims;
      for (int64_t extent : cast<RankedTensorType>(tensor.getType()).getShape())
        dims.push_back(ShapedType::isDynamic(extent) ? nameOf(found[next++])
                                                     : std::string());
      return dims;
    };
    for (Passed &one : passed)
      one.dims = read(one.value);
    rows = read(op.getStart()).front();
    // By what a search takes.
    for (Passed &one : passed)
      if (one.isState)
        one.dims[0] = rows;
    for (BlockArgument argument : function.getArguments())
      arguments.push_back(read(argument));
    for (Value number : numbers) {
      Value extent = found[next++];
      if (names.contains(extent))
        numberNames[number] = names[extent];
    }
  }

  /// Where `step` finds an extent called `name`.
  std::optional<std::pair<size_t, int64_t>> findExtent(StringRef name) {
    for (auto [i, one] : llvm::enumerate(passed))
      for (auto [d, dim] : llvm::enumerate(one.dims))
        if (dim == name && !(one.isState && d == 0))
          return std::pair<size_t, int64_t>(i, d);
    return std::nullopt;
  }

  /// Whether `step` can compute a number from extents. Each value is looked at
  /// once.
  bool isDerived(Value number) {
    llvm::SmallDenseSet<Value, 16> seen{number};
    SmallVector<Value> pending{number};
    while (!pending.empty()) {
      Value value = pending.pop_back_val();
      auto name = numberNames.find(value);
      if ((name != numberNames.end() && findExtent(name->second)) ||
          isConstant(value))
        continue;
      Operation *producer = value.getDefiningOp();
      if (!producer || !isa<arith::ArithDialect>(producer->getDialect()))
        return false;
      for (Value operand : producer->getOperands())
        if (seen.insert(operand).second)
          pending.push_back(operand);
    }
    return true;
  }

  //===--------------------------------------------------------------------===//
  // Entries
  //===--------------------------------------------------------------------===//

  func::FuncOp addEntry(StringRef name, TypeRange inputs, TypeRange results) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(function->getBlock());
    return func::FuncOp::create(builder, loc, name,
                                builder.getFunctionType(inputs, results));
  }

  /// What the entry tells of its argument, for another entry that takes it.
  seq::SignatureAttr describeArgument(unsigned i, bool keepsFallback) {
    seq::SignatureAttr signature = getSignature(i);
    if (!signature)
      return describe(arguments[i]);
    return keepsFallback ? signature : signature.dropFallback();
  }

  seq::SignatureAttr describe(ArrayRef<std::string> dims, Attribute min = {},
                              Attribute max = {}) {
    return seq::SignatureAttr::get(builder.getContext(), dims, min, max);
  }

  std::string nameArgument(unsigned i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, kName);
    return name ? name.str() : "input" + std::to_string(i);
  }

  static void setArgument(func::FuncOp entry, unsigned i, StringRef name,
                          seq::SignatureAttr signature) {
    entry.setArgAttr(i, kName, StringAttr::get(entry.getContext(), name));
    entry.setArgAttr(i, kSignature, signature);
  }

  static void setResult(func::FuncOp entry, unsigned i, StringRef name,
                        seq::SignatureAttr signature) {
    entry.setResultAttr(i, kName, StringAttr::get(entry.getContext(), name));
    entry.setResultAttr(i, kSignature, signature);
  }

  void buildEncode() {
    IRMapping map;
    SmallVector<Value> results{op.getStart()};
    for (const Passed &one : passed)
      results.push_back(one.value);
    func::FuncOp encode = addEntry("encode", function.getArgumentTypes(),
                                   ValueRange(results).getTypes());
    Block *body = encode.addEntryBlock();
    map.map(function.getArguments(), body->getArguments());
    builder.setInsertionPointToStart(body);
    // The whole, up to the search; what it does not need goes.
    for (Operation &inner : function.front()) {
      if (&inner == op)
        break;
      builder.clone(inner, map);
    }
    SmallVector<Value> returned;
    for (Value result : results)
      returned.push_back(map.lookupOrDefault(result));
    func::ReturnOp::create(builder, loc, returned);
    for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(*body)))
      if (isOpTriviallyDead(&inner))
        inner.erase();
    llvm::BitVector unused(body->getNumArguments());
    for (BlockArgument argument : body->getArguments()) {
      unsigned i = argument.getArgNumber();
      if (argument.use_empty())
        unused.set(i);
      else
        setArgument(encode, i, nameArgument(i),
                    describeArgument(i, /*keepsFallback=*/true));
    }
    if (failed(encode.eraseArguments(unused)))
      llvm_unreachable("arguments of a function can be erased");
    setResult(encode, 0, "start", describe({rows}));
    for (auto [i, one] : llvm::enumerate(passed))
      setResult(encode, i + 1, one.name, describe(one.dims));
  }

  /// Makes `value` known in the body of `step`. Each op is copied once, behind
  /// those that it reads.
  void bring(Value value, IRMapping &map, ArrayRef<Value> given) {
    SmallVector<Value> open{value};
    while (!open.empty()) {
      Value next = open.back();
      if (map.contains(next)) {
        open.pop_back();
        continue;
      }
      if (auto name = numberNames.find(next); name != numberNames.end())
        if (auto place = findExtent(name->second)) {
          map.map(next, tensor::DimOp::create(builder, loc, given[place->first],
                                              place->second)
                            .getResult());
          continue;
        }
      Operation *producer = next.getDefiningOp();
      llvm::SetVector<Value> captured(producer->operand_begin(),
                                      producer->operand_end());
      getUsedValuesDefinedAbove(producer->getRegions(), captured);
      size_t before = open.size();
      llvm::copy_if(captured, std::back_inserter(open),
                    [&](Value operand) { return !map.contains(operand); });
      if (open.size() == before)
        builder.clone(*producer, map);
    }
  }

  void buildStep() {
    Block &region = op.getStep().front();
    auto yield = cast<seq::YieldOp>(region.getTerminator());
    Type ids =
        RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
    SmallVector<Type> types{ids, ids,
                            RankedTensorType::get({}, builder.getI64Type())};
    for (const Passed &one : passed)
      types.push_back(one.isState
                          ? op.getStateArguments()[&one - &passed[0]].getType()
                          : one.value.getType());
    func::FuncOp step = addEntry("step", types, yield.getValues().getTypes());
    Block *body = step.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping map;
    SmallVector<Value> given(body->getArguments().drop_front(3));
    map.map(region.getArgument(0), body->getArgument(0));
    map.map(region.getArgument(1), body->getArgument(1));
    Value position =
        tensor::ExtractOp::create(builder, loc, body->getArgument(2));
    position = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                          position);
    map.map(region.getArgument(2), position);
    Value batch;
    for (auto [i, one] : llvm::enumerate(passed)) {
      if (one.isState)
        map.map(op.getStateArguments()[i], given[i]);
      else
        map.map(one.value, given[i]);
    }
    if (auto place = findExtent(rows))
      batch = tensor::DimOp::create(builder, loc, given[place->first],
                                    place->second);
    checkPosition(builder, loc, position);
    if (batch)
      checkRows(builder, loc, body->getArgument(1), batch);
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getStep(), captured);
    for (Value value : captured)
      bring(value, map, given);
    for (Operation &inner : region.without_terminator())
      builder.clone(inner, map);
    SmallVector<Value> returned;
    for (Value value : yield.getValues())
      returned.push_back(map.lookupOrDefault(value));
    func::ReturnOp::create(builder, loc, returned);
    checkAccesses(step);
    describeStep(step, yield);
  }

  void describeStep(func::FuncOp step, seq::YieldOp yield) {
    std::string lanes(kLanes);
    int64_t vocabulary =
        cast<RankedTensorType>(yield.getValues().front().getType())
            .getDimSize(1);
    Attribute zero = builder.getI64IntegerAttr(0);
    setArgument(
        step, 0, "id",
        describe({lanes}, zero, builder.getI64IntegerAttr(vocabulary - 1)));
    setArgument(step, 1, "row", describe({lanes}, zero));
    setArgument(step, 2, "position", describe({}));
    for (auto [i, one] : llvm::enumerate(passed))
      // Of a single row, the initial state has a static extent; lanes have not.
      setArgument(step, 3 + i, one.name,
                  one.argument >= 0
                      ? describeArgument(one.argument, /*keepsFallback=*/false)
                      : describe(laneDims(one)));
    setResult(step, 0, "logits", describe({lanes, ""}));
    unsigned numStates = op.getInits().size();
    for (unsigned i = 0; i < numStates; ++i)
      setResult(step, 1 + i, passed[i].name, describe(laneDims(passed[i])));
    for (unsigned i = 1 + numStates; i < step.getNumResults(); ++i) {
      SmallVector<std::string> dims(
          cast<RankedTensorType>(step.getResultTypes()[i]).getRank());
      dims[0] = lanes;
      setResult(step, i, "trace_" + std::to_string(i - 1 - numStates),
                describe(dims));
    }
  }

  static SmallVector<std::string> laneDims(const Passed &one) {
    SmallVector<std::string> dims(one.dims);
    if (one.isState)
      dims[0] = kLanes;
    return dims;
  }

  func::FuncOp function;
  seq::GenerateOp op;
  OpBuilder builder;
  Location loc;
  llvm::DenseSet<Operation *> constants;
  SmallVector<Passed> passed;
  /// Captured numbers, and the extents that they are.
  SmallVector<Value> numbers;
  DenseMap<Value, std::string> numberNames;
  /// The extent of `start`, and those of the entry's arguments.
  std::string rows;
  SmallVector<SmallVector<std::string>> arguments;
};

struct SplitGenerate : seqc::impl::SplitGeneratePassBase<SplitGenerate> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<std::pair<func::FuncOp, seq::GenerateOp>> found;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function.isPublic() || function.isExternal() ||
          !function.getBody().hasOneBlock())
        continue;
      for (auto op : function.front().getOps<seq::GenerateOp>())
        found.push_back({function, op});
    }
    if (found.size() != 1 || module.lookupSymbol("encode") ||
        module.lookupSymbol("step"))
      return;
    auto [function, op] = found.front();
    if (succeeded(GenerateSplitter(function, op).run()))
      ++numSplit;
  }
};

} // namespace
