//===- LooseSymbols.cpp - Names of extents that do not hold ---------------===//
//
// Equal symbols stand for equal extents, and much relies on that. Exporters
// though give the lengths of a cache and of what is appended to it one name, and
// the sum of both the same again. An output whose declared symbol is provably
// another extent than the input's of that name tells so; extents of inputs with
// such a name are then taken as independent of each other.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

namespace {
/// What extents are in one call with made up extents of the inputs.
class ExtentSample {
public:
  explicit ExtentSample(int64_t first) : next(first) {}

  /// The extent, if it follows from extents of inputs by arithmetic.
  mlir::IntegerAttr get(Value value) {
    // Operands first; the stack holds what is on its way.
    SmallVector<Value> stack = {value};
    while (!stack.empty()) {
      Value top = stack.back();
      if (known.contains(top)) {
        stack.pop_back();
        continue;
      }
      mlir::Operation *op = top.getDefiningOp();
      bool isArith = op && op->getNumResults() == 1 &&
                     op->getName().getDialectNamespace() == "arith";
      bool waits = false;
      if (isArith)
        for (Value operand : op->getOperands())
          if (!known.contains(operand)) {
            stack.push_back(operand);
            waits = true;
          }
      if (waits)
        continue;
      known[top] = compute(top, isArith ? op : nullptr);
      stack.pop_back();
    }
    return known.lookup(value);
  }

private:
  /// Of extents and sizes only, whose arithmetic folds.
  mlir::IntegerAttr compute(Value value, mlir::Operation *op) {
    mlir::IntegerAttr number;
    if (value.getType().isInteger(1) ||
        matchPattern(value, mlir::m_Constant(&number)))
      return number;
    if (auto dim = value.getDefiningOp<mlir::tensor::DimOp>();
        dim && isa<mlir::BlockArgument>(dim.getSource()))
      return mlir::Builder(value.getContext()).getIndexAttr(next += 41);
    if (!op)
      return {};
    SmallVector<mlir::Attribute> operands;
    for (Value operand : op->getOperands())
      operands.push_back(known.lookup(operand));
    SmallVector<mlir::OpFoldResult> results;
    if (llvm::is_contained(operands, mlir::Attribute()) ||
        failed(op->fold(operands, results)) || results.empty())
      return {};
    return dyn_cast_or_null<mlir::IntegerAttr>(
        dyn_cast<mlir::Attribute>(results.front()));
  }

  int64_t next;
  DenseMap<Value, mlir::IntegerAttr> known;
};
} // namespace

void GraphImporter::findLooseSymbols() {
  if (sharedSymbols.empty())
    return;
  // Two calls, so that what is equal in most of them passes.
  ExtentSample samples[] = {ExtentSample(1000), ExtentSample(7013)};
  for (const format::ValueInfoProto &output :
       file.getModel().graph().output()) {
    bool broken = false;
    const GraphValue *value = lookup(output.name(), broken);
    const auto &dims = output.type().tensor_type().shape().dim();
    if (!value || !value->isTensor() || dims.size() != value->tensor.getRank())
      continue;
    for (auto [d, dim] : enumerate(dims)) {
      const std::string &name = dim.dim_param();
      auto found = find_if(
          symbols, [&](const auto &symbol) { return symbol.first == name; });
      mlir::OpFoldResult size = emitter.extent(value->tensor, d);
      if (!sharedSymbols.contains(name) || found == symbols.end() ||
          !isa<Value>(size))
        continue;
      bool differs = all_of(samples, [&](ExtentSample &sample) {
        mlir::IntegerAttr declared = sample.get(found->second),
                          computed = sample.get(cast<Value>(size));
        return declared && computed && declared != computed;
      });
      if (differs && looseSymbols.insert(name).second)
        note("output '" + output.name() + "' has '" + name +
             "' for another extent than the inputs; the extents of that name "
             "are read as independent of each other");
    }
  }
}

} // namespace seqc::onnx
