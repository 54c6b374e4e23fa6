//===- ModelTable.cpp - The table through which a model is used -----------===//

#include "compiler/CodeGen/ModelTable.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;

namespace seqc {

/// A private constant of `module`.
static GlobalVariable *addConstant(llvm::Module &module, Constant *value,
                                   const Twine &name) {
  auto *global =
      new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                         GlobalValue::InternalLinkage, value, name);
  global->setDSOLocal(true);
  return global;
}

/// A zero-terminated string.
static Constant *addString(llvm::Module &module, StringRef text,
                           const Twine &name) {
  GlobalVariable *global = addConstant(
      module,
      ConstantDataArray::getString(module.getContext(), text, /*AddNull=*/true),
      name);
  global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  return global;
}

/// The functions as an array of seqc_abi_function.
static Constant *addFunctions(llvm::Module &module,
                              ArrayRef<FunctionRow> rows) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  auto *rowType = StructType::get(context, {pointer, pointer, pointer});
  auto *runType =
      FunctionType::get(Type::getInt32Ty(context), {pointer}, false);
  SmallVector<Constant *> constants;
  for (auto [i, row] : enumerate(rows)) {
    FunctionCallee run = module.getOrInsertFunction(row.symbol, runType);
    auto *function = cast<GlobalValue>(run.getCallee());
    if (function->isDeclaration())
      function->setVisibility(GlobalValue::HiddenVisibility);
    constants.push_back(ConstantStruct::get(
        rowType,
        {addString(module, row.name, "seqc.entry." + Twine(i)), function,
         addString(module, row.features, "seqc.features." + Twine(i))}));
  }
  auto *type = ArrayType::get(rowType, constants.size());
  return addConstant(module, ConstantArray::get(type, constants),
                     "seqc.functions");
}

void addModelTable(llvm::Module &module, const ModelTable &table) {
  LLVMContext &context = module.getContext();
  Type *i32 = Type::getInt32Ty(context);
  Type *i64 = Type::getInt64Ty(context);
  auto *pointer = PointerType::getUnqual(context);

  // The text of the section has no terminating zero.
  GlobalVariable *metadata = addConstant(
      module,
      ConstantDataArray::getString(context, table.metadata, /*AddNull=*/false),
      "seqc.metadata");
  metadata->setSection(SEQC_ABI_METADATA_SECTION);
  metadata->setAlignment(Align(1));

  Constant *weights = ConstantPointerNull::get(pointer);
  if (table.weightsSize) {
    auto *global = new GlobalVariable(module, Type::getInt8Ty(context), true,
                                      GlobalValue::ExternalLinkage, nullptr,
                                      kWeightsSymbol);
    global->setVisibility(GlobalValue::HiddenVisibility);
    weights = global;
  }

  Constant *fields[] = {
      ConstantInt::get(i32, SEQC_ABI_MAGIC),
      ConstantInt::get(i32, SEQC_ABI_VERSION),
      ConstantInt::get(i32, sizeof(seqc_abi_model)),
      ConstantInt::get(i32, table.functions.size()),
      addFunctions(module, table.functions),
      metadata,
      ConstantInt::get(i64, table.metadata.size()),
      weights,
      ConstantInt::get(i64, table.weightsSize),
      ConstantInt::get(i64, table.requirements),
      addString(module, ("seqc " + getCompilerVersion()).str(),
                "seqc.producer"),
      ConstantInt::get(i64, table.weightsDigest),
  };
  GlobalVariable *model = addConstant(
      module, ConstantStruct::getAnon(context, fields), "seqc.model");

  auto *getter = Function::Create(FunctionType::get(pointer, false),
                                  GlobalValue::ExternalLinkage,
                                  SEQC_ABI_MODEL_SYMBOL, module);
  getter->addFnAttr(Attribute::NoUnwind);
  // It runs before the CPU is looked at.
  getter->addFnAttr("target-cpu", "x86-64");
  getter->addFnAttr("target-features", "");
  IRBuilder<> builder(BasicBlock::Create(context, "entry", getter));
  builder.CreateRet(model);
}

std::string getPrefixedSymbol(StringRef symbol, StringRef prefix) {
  if (!symbol.consume_front(SEQC_ABI_SYMBOL_PREFIX "_"))
    return symbol.str();
  return (prefix + "_" + symbol).str();
}

void renameSymbols(llvm::Module &module, StringRef prefix) {
  for (GlobalValue &global : module.global_values()) {
    if (global.hasLocalLinkage() ||
        !global.getName().starts_with(SEQC_ABI_SYMBOL_PREFIX "_"))
      continue;
    std::string name = getPrefixedSymbol(global.getName(), prefix);
    // A local of that name makes room.
    GlobalValue *other = module.getNamedValue(name);
    if (other && other != &global)
      other->setName(name + ".local");
    global.setName(name);
  }
}

} // namespace seqc
