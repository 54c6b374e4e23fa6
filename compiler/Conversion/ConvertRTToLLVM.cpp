//===- ConvertRTToLLVM.cpp - The context and its services -----------------===//
//
// Ops of rt become loads of the call's context and calls of its services, as
// runtime/abi/ModelAbi.h lays them out. Contexts stay `!rt.context` until
// everything becomes LLVM, so that passes still know which functions have one.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/BufferBytes.h"
#include "compiler/Conversion/ContextAccess.h"
#include "compiler/Conversion/Passes.h"
#include "dialect/RT/IR/RTOps.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "convert-rt-to-llvm"

namespace seqc {
#define GEN_PASS_DEF_CONVERTRTTOLLVMPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Lowers the ops of one function.
class Lowering {
public:
  explicit Lowering(func::FuncOp function)
      : function(function), builder(function.getContext()),
        loc(function.getLoc()),
        pointer(LLVM::LLVMPointerType::get(function.getContext())) {}

  void run() {
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) {
      if (isa<rt::RTDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      builder.setInsertionPoint(op);
      loc = op->getLoc();
      TypeSwitch<Operation *>(op)
          .Case<rt::InputOp, rt::ExtentOp, rt::WeightsOp, rt::OutputOp,
                rt::AllocateOp, rt::MarkOp, rt::ReleaseOp, rt::OptionOp,
                rt::RequireOp>([&](auto op) { lower(op); })
          .DefaultUnreachable("unknown op");
      op->erase();
    }
  }

private:
  Value i32(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(),
                                    builder.getI32IntegerAttr(value));
  }

  /// A field of the context.
  Value loadField(Value context, Type type, int64_t offset) {
    return loadAt(builder, loc, type, contextPointer(builder, loc, context),
                  offset);
  }

  /// A field of the descriptor of an input.
  Value loadOfInput(Value context, int64_t index, int64_t offset) {
    Value inputs =
        loadField(context, pointer, offsetof(seqc_abi_context, inputs));
    return loadAt(builder, loc, pointer, inputs,
                  index * sizeof(seqc_abi_tensor) + offset);
  }

  /// The memory at `address` as a memref of bytes. Its extent is not known; it is
  /// given as one that no index reaches.
  Value bytesAt(Value address) {
    Type i64 = builder.getI64Type(), array = LLVM::LLVMArrayType::get(i64, 1);
    auto number = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(builder, loc, i64,
                                      builder.getI64IntegerAttr(value));
    };
    Type type = LLVM::LLVMStructType::getLiteral(
        builder.getContext(), {pointer, pointer, i64, array, array});
    Value descriptor = LLVM::PoisonOp::create(builder, loc, type);
    auto insert = [&](Value value, ArrayRef<int64_t> position) {
      descriptor = LLVM::InsertValueOp::create(builder, loc, descriptor, value,
                                               position);
    };
    insert(address, {0});
    insert(address, {1});
    insert(number(0), {2});
    insert(number(int64_t(1) << 62), {3, 0});
    insert(number(1), {4, 0});
    Type bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
    return UnrealizedConversionCastOp::create(builder, loc, bytes, descriptor)
        .getResult(0);
  }

  /// Room for `count` numbers that calls of services read, taken once where the
  /// function begins.
  Value makeRoom(int64_t count) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Location at = function.getLoc();
    Value number = LLVM::ConstantOp::create(builder, at, builder.getI64Type(),
                                            builder.getI64IntegerAttr(count));
    return LLVM::AllocaOp::create(builder, at, pointer, builder.getI64Type(),
                                  number);
  }

  void store(Value number, Value room, int64_t position) {
    Value slot = LLVM::GEPOp::create(
        builder, loc, pointer, builder.getI64Type(), room,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(position)});
    LLVM::StoreOp::create(builder, loc, indexToI64(builder, loc, number), slot);
  }

  void lower(rt::InputOp op) {
    Value data = loadOfInput(op.getCtx(), op.getIndex(),
                             offsetof(seqc_abi_tensor, data));
    op.getBytes().replaceAllUsesWith(bytesAt(data));
  }

  void lower(rt::ExtentOp op) {
    Value shape = loadOfInput(op.getCtx(), op.getIndex(),
                              offsetof(seqc_abi_tensor, shape));
    Value address = LLVM::GEPOp::create(
        builder, loc, pointer, builder.getI64Type(), shape,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(op.getDim())});
    Value extent =
        LLVM::LoadOp::create(builder, loc, builder.getI64Type(), address);
    op.getExtent().replaceAllUsesWith(arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(), extent));
  }

  void lower(rt::WeightsOp op) {
    Value data =
        loadField(op.getCtx(), pointer, offsetof(seqc_abi_context, weights));
    op.getBytes().replaceAllUsesWith(bytesAt(data));
  }

  void lower(rt::OutputOp op) {
    auto type = cast<RankedTensorType>(op.getTensor());
    Value bytes = saturatedBytes(
        builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
        op.getSizes());
    if (!shape)
      shape = makeRoom(mostRank());
    unsigned dynamic = 0;
    for (auto [d, known] : llvm::enumerate(type.getShape()))
      store(ShapedType::isDynamic(known)
                ? op.getSizes()[dynamic++]
                : arith::ConstantIndexOp::create(builder, loc, known),
            shape, d);
    Value data = callService(builder, loc, op.getCtx(),
                             offsetof(seqc_abi_services, output), pointer,
                             {i32(op.getIndex()), i32(type.getRank()), shape,
                              indexToI64(builder, loc, bytes)});
    op.getBytes().replaceAllUsesWith(bytesAt(data));
  }

  /// The greatest rank of an output, at least 1.
  int64_t mostRank() {
    int64_t most = 1;
    function.walk([&](rt::OutputOp op) {
      most = std::max(most, cast<RankedTensorType>(op.getTensor()).getRank());
    });
    return most;
  }

  void lower(rt::AllocateOp op) {
    Value data = callService(builder, loc, op.getCtx(),
                             offsetof(seqc_abi_services, alloc), pointer,
                             indexToI64(builder, loc, op.getSize()));
    op.getBytes().replaceAllUsesWith(bytesAt(data));
  }

  void lower(rt::MarkOp op) {
    op.getMark().replaceAllUsesWith(callService(
        builder, loc, op.getCtx(), offsetof(seqc_abi_services, mark),
        builder.getI64Type(), {}));
  }

  void lower(rt::ReleaseOp op) {
    callService(builder, loc, op.getCtx(), offsetof(seqc_abi_services, release),
                Type(), op.getMark());
  }

  /// Replaces an option whose field has a value that says that it is not chosen:
  /// a negative number.
  void replaceNumber(rt::OptionOp op, Type type, int64_t offset) {
    Value field = loadField(op.getCtx(), type, offset);
    Value none =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    op.getChosen().replaceAllUsesWith(arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::sge, field, none));
    op.getValue().replaceAllUsesWith(arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(), field));
  }

  /// The same for a field that is not a number unless it is chosen.
  void replaceReal(rt::OptionOp op, int64_t offset) {
    Value field = loadField(op.getCtx(), op.getValue().getType(), offset);
    op.getChosen().replaceAllUsesWith(arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::ORD, field, field));
    op.getValue().replaceAllUsesWith(field);
  }

  void lower(rt::OptionOp op) {
    Type type32 = builder.getI32Type(), type64 = builder.getI64Type();
    switch (op.getName()) {
    case seq::CallOption::MaxNew:
      return replaceNumber(op, type64, offsetof(seqc_abi_context, max_new));
    case seq::CallOption::TopK:
      return replaceNumber(op, type32, offsetof(seqc_abi_context, top_k));
    case seq::CallOption::LengthPenalty:
      return replaceReal(op, offsetof(seqc_abi_context, length_penalty));
    case seq::CallOption::Temperature:
      return replaceReal(op, offsetof(seqc_abi_context, temperature));
    case seq::CallOption::TopP:
      return replaceReal(op, offsetof(seqc_abi_context, top_p));
    case seq::CallOption::Seed: {
      Value flags =
          loadField(op.getCtx(), type32, offsetof(seqc_abi_context, flags));
      Value bit = arith::ConstantOp::create(
          builder, loc, builder.getI32IntegerAttr(SEQC_ABI_FLAG_SEED));
      Value none =
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type32));
      op.getChosen().replaceAllUsesWith(arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::ne,
          arith::AndIOp::create(builder, loc, flags, bit), none));
      op.getValue().replaceAllUsesWith(
          loadField(op.getCtx(), type64, offsetof(seqc_abi_context, seed)));
      return;
    }
    case seq::CallOption::FirstRow: {
      Value field =
          loadField(op.getCtx(), type32, offsetof(seqc_abi_context, first_row));
      op.getValue().replaceAllUsesWith(
          arith::ExtUIOp::create(builder, loc, type64, field));
      op.getChosen().replaceAllUsesWith(
          arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
      return;
    }
    }
    llvm_unreachable("unknown option");
  }

  /// A call of the runtime where the condition is false.
  void lower(rt::RequireOp op) {
    if (!op.getValues().empty() && !values)
      values = makeRoom(seq::RequireOp::kMostValues);
    Value wrong = arith::XOrIOp::create(
        builder, loc, op.getCondition(),
        arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
    auto branch = scf::IfOp::create(builder, loc, wrong,
                                    /*withElseRegion=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value text =
        LLVM::AddressOfOp::create(builder, loc, getText(op.getMessage()));
    if (op.getExhausts()) {
      callService(builder, loc, op.getCtx(), offsetof(seqc_abi_services, fail),
                  Type(), {i32(SEQC_ABI_RESOURCE_EXHAUSTED), text});
      return;
    }
    for (auto [i, value] : llvm::enumerate(op.getValues()))
      store(value, values, i);
    Value numbers =
        op.getValues().empty()
            ? LLVM::ZeroOp::create(builder, loc, pointer).getResult()
            : values;
    callService(
        builder, loc, op.getCtx(), offsetof(seqc_abi_services, fail_check),
        Type(),
        {text, i32(static_cast<int64_t>(op.getValues().size())), numbers});
  }

  /// A text of the module, ended by zero.
  LLVM::GlobalOp getText(StringRef text) {
    auto module = function->getParentOfType<ModuleOp>();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    std::string content = text.str();
    content.push_back(0);
    std::string name;
    do
      name =
          ("seqc_text_" + function.getName() + "_" + Twine(numTexts++)).str();
    while (module.lookupSymbol(name));
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), content.size());
    return LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                  LLVM::Linkage::Private, name,
                                  builder.getStringAttr(content));
  }

  func::FuncOp function;
  OpBuilder builder;
  Location loc;
  Type pointer;
  /// Rooms, once there is use for them.
  Value shape, values;
  unsigned numTexts = 0;
};

struct ConvertRTToLLVM : seqc::impl::ConvertRTToLLVMPassBase<ConvertRTToLLVM> {
  void runOnOperation() override {
    for (func::FuncOp function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal())
        Lowering(function).run();
  }
};

} // namespace
