//===- ScalarProgram.cpp - Bodies of linalg ops, compiled -----------------===//

#include "dialect/Seq/Reference/ScalarProgram.h"

#include "dialect/Seq/Reference/Handlers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc::reference {

/// Translates one block.
class ScalarProgram::Builder {
public:
  explicit Builder(Block &block)
      : block(block), program(std::make_unique<ScalarProgram>()) {}

  /// The program; null if an op has no translation.
  std::unique_ptr<ScalarProgram> build() {
    program->owner = block.getParentOp();
    for (BlockArgument argument : block.getArguments())
      if (!defineRegister(argument))
        return nullptr;
    for (Operation &op : block) {
      if (op.hasTrait<OpTrait::IsTerminator>()) {
        if (op.getNumSuccessors() != 0 || op.getNumRegions() != 0)
          return nullptr;
        for (Value value : op.getOperands())
          program->yielded.push_back(getRegister(value));
      } else if (!translate(op)) {
        return nullptr;
      }
    }
    program->tensors.resize(program->tensorCaptures.size());
    program->tensorStrides.resize(program->tensorCaptures.size());
    return failed ? nullptr : std::move(program);
  }

private:
  /// Gives a scalar value a new register.
  bool defineRegister(Value value) {
    if (isa<ShapedType>(value.getType()) || !getElementKind(value.getType()))
      return false;
    numbers[value] = static_cast<unsigned>(program->registers.size());
    program->registers.push_back({});
    return true;
  }

  /// The register of a value; values from outside become captures.
  unsigned getRegister(Value value) {
    if (!numbers.contains(value)) {
      if (value.getParentBlock() == &block || !defineRegister(value)) {
        failed = true;
        return 0;
      }
      program->scalarCaptures.push_back({value, numbers[value]});
    }
    return numbers[value];
  }

  /// The number of a captured tensor.
  unsigned getTensor(Value value) {
    for (const Capture &capture : program->tensorCaptures)
      if (capture.value == value)
        return capture.number;
    unsigned number = static_cast<unsigned>(program->tensorCaptures.size());
    program->tensorCaptures.push_back({value, number});
    return number;
  }

  /// Appends the instruction of an op.
  bool translate(Operation &op) {
    if (op.getNumResults() != 1 || op.getNumRegions() != 0)
      return false;
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      if (!defineRegister(op.getResult(0)))
        return false;
      Scalar &cell = program->registers.back();
      if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
        cell.f = number.getValueAsDouble();
      else if (auto integer = dyn_cast<IntegerAttr>(constant.getValue()))
        cell.i = wrapInteger(integer.getValue().getSExtValue(),
                             getBitWidth(*getElementKind(constant.getType())));
      else
        return false;
      return true;
    }
    Instruction instruction;
    instruction.op = &op;
    ValueRange arguments = op.getOperands();
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      instruction.code = Code::Index;
      instruction.number = static_cast<unsigned>(index.getDim());
    } else if (isa<tensor::ExtractOp, memref::LoadOp>(op)) {
      // The operands are the tensor or buffer, then the indices.
      if (op.getOperand(0).getParentBlock() == &block)
        return false;
      instruction.code = Code::Extract;
      instruction.number = getTensor(op.getOperand(0));
      arguments = arguments.drop_front();
    } else if (std::optional<ScalarOp> scalar = getScalarOp(op)) {
      instruction.code = Code::Apply;
      instruction.scalar = *scalar;
    } else {
      return false;
    }
    for (Value argument : arguments)
      instruction.arguments.push_back(getRegister(argument));
    if (!defineRegister(op.getResult(0)))
      return false;
    instruction.result = numbers[op.getResult(0)];
    program->instructions.push_back(std::move(instruction));
    return true;
  }

  Block &block;
  std::unique_ptr<ScalarProgram> program;
  llvm::DenseMap<Value, unsigned> numbers;
  bool failed = false;
};

std::unique_ptr<ScalarProgram> ScalarProgram::compile(Block &block) {
  return Builder(block).build();
}

llvm::Error ScalarProgram::bind(Interpreter &interpreter) {
  for (const Capture &capture : scalarCaptures) {
    llvm::Expected<Tensor> value = interpreter.lookup(*owner, capture.value);
    if (!value)
      return value.takeError();
    registers[capture.number] = value->scalar();
  }
  for (const Capture &capture : tensorCaptures) {
    llvm::Expected<Tensor> value = interpreter.lookup(*owner, capture.value);
    if (!value)
      return value.takeError();
    tensors[capture.number] = std::move(*value);
    tensorStrides[capture.number] = tensors[capture.number].getElementStrides();
  }
  return llvm::Error::success();
}

void ScalarProgram::release() { llvm::fill(tensors, Tensor()); }

Operation *ScalarProgram::run(llvm::ArrayRef<int64_t> indices) {
  Scalar *cells = registers.data();
  fault = nullptr;
  for (const Instruction &instruction : instructions) {
    switch (instruction.code) {
    case Code::Apply: {
      Scalar arguments[maxScalarOperands];
      unsigned count = 0;
      for (unsigned number : instruction.arguments)
        arguments[count++] = cells[number];
      cells[instruction.result] = instruction.scalar.function(
          arguments, instruction.scalar.traits, fault);
      if (fault)
        return instruction.op;
      break;
    }
    case Code::Index:
      if (instruction.number >= indices.size()) {
        fault = "no such loop";
        return instruction.op;
      }
      cells[instruction.result].i = indices[instruction.number];
      break;
    case Code::Extract: {
      const Tensor &source = tensors[instruction.number];
      llvm::ArrayRef<int64_t> strides = tensorStrides[instruction.number];
      int64_t position = source.getOffset();
      for (auto [dim, number] : llvm::enumerate(instruction.arguments)) {
        int64_t index = cells[number].i,
                extent = source.getDim(static_cast<int64_t>(dim));
        if (index < 0 || index >= extent) {
          fault = "index out of range";
          return instruction.op;
        }
        position += index * strides[dim];
      }
      cells[instruction.result] = source.data()[position];
      break;
    }
    }
  }
  return nullptr;
}

} // namespace seqc::reference
