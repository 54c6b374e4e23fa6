//===- Linalg.cpp - Structured ops ----------------------------------------===//
//
// Named or generic, every op is its indexing maps and its body: the loops run
// over all points, and the body maps the elements there to those of the
// outputs. Maps are evaluated as strides where they are linear. A body that is
// a sum of products takes a faster way.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Contraction.h"
#include "dialect/Seq/Reference/Handlers.h"
#include "dialect/Seq/Reference/ScalarProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace seqc::reference {

namespace {

/// How the loop indices address one operand.
struct Access {
  AffineMap map;
  Shape shape;
  /// Whether the position is `base` plus a sum of loop indices times `strides`.
  bool isLinear = true;
  int64_t base = 0;
  Shape strides;
  /// Distances between neighbours of the operand.
  Shape elementStrides;
};

/// Adds `factor * expr` to a linear form; false if the expression is not linear
/// or its coefficients overflow.
bool addLinear(AffineExpr expr, int64_t factor, int64_t &base, Shape &strides) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    int64_t &stride = strides[dim.getPosition()];
    return !llvm::AddOverflow(stride, factor, stride);
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    int64_t term = 0;
    return !llvm::MulOverflow(factor, constant.getValue(), term) &&
           !llvm::AddOverflow(base, term, base);
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, base, strides) &&
           addLinear(binary.getRHS(), factor, base, strides);
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && constant &&
         !llvm::MulOverflow(factor, constant.getValue(), factor) &&
         addLinear(binary.getLHS(), factor, base, strides);
}

/// The value of an expression at a point; none if it has none. An expression is
/// as large as its text in the program, which the parser bounds.
std::optional<int64_t> evaluateExpr(AffineExpr expr,
                                    llvm::ArrayRef<int64_t> indices) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return indices[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> lhs = evaluateExpr(binary.getLHS(), indices);
  std::optional<int64_t> rhs = evaluateExpr(binary.getRHS(), indices);
  if (!lhs || !rhs)
    return std::nullopt;
  int64_t result = 0;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return llvm::AddOverflow(*lhs, *rhs, result) ? std::nullopt
                                                 : std::optional(result);
  case AffineExprKind::Mul:
    return llvm::MulOverflow(*lhs, *rhs, result) ? std::nullopt
                                                 : std::optional(result);
  case AffineExprKind::Mod:
    return *rhs > 0 ? std::optional(llvm::mod(*lhs, *rhs)) : std::nullopt;
  case AffineExprKind::FloorDiv:
    return *rhs > 0 ? std::optional(llvm::divideFloorSigned(*lhs, *rhs))
                    : std::nullopt;
  case AffineExprKind::CeilDiv:
    return *rhs > 0 ? std::optional(llvm::divideCeilSigned(*lhs, *rhs))
                    : std::nullopt;
  default:
    return std::nullopt;
  }
}

/// Evaluates one structured op.
class LinalgEvaluation {
public:
  LinalgEvaluation(Interpreter &interpreter, linalg::LinalgOp op,
                   llvm::MutableArrayRef<Tensor> operands)
      : interpreter(interpreter), op(op), operands(operands),
        body(op.getBlock()) {}

  llvm::Expected<Results> run() {
    if (llvm::Error error = findExtents())
      return error;
    for (size_t number = 0; number < operands.size(); ++number)
      if (llvm::Error error = addAccess(number))
        return error;
    if (!llvm::is_contained(extents, 0)) {
      llvm::Expected<ScalarProgram *> program = interpreter.getProgram(*body);
      if (!program)
        return program.takeError();
      if (!tryContraction()) {
        llvm::scope_exit release([&] {
          if (*program)
            (*program)->release();
        });
        if (llvm::Error error = *program ? runProgram(**program) : runOpByOp())
          return error;
      }
    }
    Results results;
    for (int64_t number = 0;
         number < op.getNumDpsInits() && op->getNumResults() != 0; ++number)
      results.push_back(std::move(operands[op.getNumDpsInputs() + number]));
    return results;
  }

private:
  /// Finds the loop extents from the operands' shapes.
  llvm::Error findExtents() {
    extents.assign(op.getNumLoops(), -1);
    llvm::SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (maps.size() != operands.size())
      return makeError(
          *op, "the number of indexing maps differs from that of operands");
    for (auto [number, map] : llvm::enumerate(maps)) {
      if (static_cast<int64_t>(map.getNumResults()) !=
          operands[number].getRank())
        return makeError(*op, "operand " + llvm::Twine(number) +
                                  " and its map differ in rank");
      for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
        auto loop = dyn_cast<AffineDimExpr>(expr);
        if (!loop)
          continue;
        int64_t &extent = extents[loop.getPosition()];
        int64_t found = operands[number].getDim(static_cast<int64_t>(dim));
        if (extent >= 0 && extent != found)
          return makeError(*op, "operand " + llvm::Twine(number) +
                                    " has extent " + llvm::Twine(found) +
                                    " in dimension " + llvm::Twine(dim) +
                                    ", required " + llvm::Twine(extent));
        extent = found;
      }
    }
    for (auto [loop, extent] : llvm::enumerate(extents))
      if (extent < 0)
        return makeError(*op, "no operand gives the extent of loop " +
                                  llvm::Twine(loop));
    return llvm::Error::success();
  }

  /// Works out how one operand is addressed, and that it stays inside its
  /// shape.
  llvm::Error addAccess(size_t number) {
    Access access;
    access.map = op.getIndexingMapsArray()[number];
    access.shape = Shape(operands[number].getShape());
    access.strides.assign(extents.size(), 0);
    access.base = operands[number].getOffset();
    access.elementStrides = operands[number].getElementStrides();
    for (auto [dim, expr] : llvm::enumerate(access.map.getResults())) {
      int64_t base = 0;
      Shape strides(extents.size(), 0);
      if (!addLinear(expr, 1, base, strides)) {
        access.isLinear = false;
        continue;
      }
      // Whether every index stays inside, computed without overflow.
      int64_t low = base, high = base;
      bool fits = true;
      for (auto [loop, stride] : llvm::enumerate(strides)) {
        int64_t &bound = stride < 0 ? low : high;
        int64_t span = 0;
        fits &= !llvm::MulOverflow(
                    stride, std::max<int64_t>(extents[loop] - 1, 0), span) &&
                !llvm::AddOverflow(bound, span, bound);
      }
      if (llvm::is_contained(extents, 0))
        continue;
      if (!fits || low < 0 || high >= access.shape[dim])
        return makeError(*op, "operand " + llvm::Twine(number) +
                                  " is read outside extent " +
                                  llvm::Twine(access.shape[dim]) +
                                  " of dimension " + llvm::Twine(dim));
      // A loop of one step does not move.
      for (auto [loop, stride] : llvm::enumerate(strides))
        if (extents[loop] > 1)
          access.strides[loop] += stride * access.elementStrides[dim];
      access.base += base * access.elementStrides[dim];
    }
    accesses.push_back(std::move(access));
    return llvm::Error::success();
  }

  /// Position of an element under a map that is not linear.
  llvm::Expected<int64_t> getPosition(const Access &access, int64_t offset,
                                      llvm::ArrayRef<int64_t> indices) {
    int64_t position = offset;
    for (auto [dim, expr] : llvm::enumerate(access.map.getResults())) {
      std::optional<int64_t> index = evaluateExpr(expr, indices);
      if (!index || *index < 0 || *index >= access.shape[dim])
        return makeError(*op, "a map leaves extent " +
                                  llvm::Twine(access.shape[dim]) +
                                  " of dimension " + llvm::Twine(dim));
      position += *index * access.elementStrides[dim];
    }
    return position;
  }

  /// Calls `visit` at every point with the loop indices and the operands'
  /// positions.
  template <typename Visit> llvm::Error forEachPoint(Visit visit) {
    int64_t loops = static_cast<int64_t>(extents.size());
    Shape indices(loops, 0);
    llvm::SmallVector<int64_t, 6> positions;
    bool allLinear = true;
    for (const Access &access : accesses) {
      positions.push_back(access.base);
      allLinear &= access.isLinear;
    }
    while (true) {
      if (!allLinear)
        for (auto [number, access] : llvm::enumerate(accesses))
          if (!access.isLinear) {
            llvm::Expected<int64_t> position =
                getPosition(access, operands[number].getOffset(), indices);
            if (!position)
              return position.takeError();
            positions[number] = *position;
          }
      if (llvm::Error error = visit(indices, positions))
        return error;
      int64_t loop = loops - 1;
      for (; loop >= 0; --loop) {
        bool carries = ++indices[loop] == extents[loop];
        int64_t back = carries ? extents[loop] : 0;
        for (size_t number = 0; number < positions.size(); ++number)
          positions[number] += accesses[number].strides[loop] * (1 - back);
        if (!carries)
          break;
        indices[loop] = 0;
      }
      if (loop < 0)
        return llvm::Error::success();
    }
  }

  /// Runs a compiled body at every point.
  llvm::Error runProgram(ScalarProgram &program) {
    int64_t firstInit = op.getNumDpsInputs();
    size_t arguments = body->getNumArguments();
    llvm::SmallVector<const Scalar *, 6> sources;
    llvm::SmallVector<Scalar *, 2> targets;
    for (int64_t number = 0; number < op.getNumDpsInits(); ++number)
      targets.push_back(operands[firstInit + number].mutableData());
    for (Tensor &operand : operands)
      sources.push_back(operand.data());
    Scalar *registers = program.getRegisters();
    return forEachPoint([&](llvm::ArrayRef<int64_t> indices,
                            llvm::ArrayRef<int64_t> positions) -> llvm::Error {
      for (size_t number = 0; number < arguments; ++number)
        registers[number] = sources[number][positions[number]];
      if (!program.isEmpty())
        if (Operation *failing = program.run(indices))
          return makeError(*failing, program.getFault());
      for (auto [number, result] : llvm::enumerate(program.getYielded()))
        targets[number][positions[firstInit + number]] = registers[result];
      return llvm::Error::success();
    });
  }

  /// Runs a body that has no compiled form.
  llvm::Error runOpByOp() {
    int64_t firstInit = op.getNumDpsInputs();
    return forEachPoint([&](llvm::ArrayRef<int64_t> indices,
                            llvm::ArrayRef<int64_t> positions) -> llvm::Error {
      Results arguments;
      for (size_t number = 0; number < body->getNumArguments(); ++number) {
        Tensor cell(operands[number].getKind(), {});
        *cell.mutableData() = operands[number].data()[positions[number]];
        arguments.push_back(std::move(cell));
      }
      interpreter.getIndexStack().push_back(indices);
      llvm::Expected<Results> yielded =
          interpreter.runBlock(*body, std::move(arguments));
      interpreter.getIndexStack().pop_back();
      if (!yielded)
        return yielded.takeError();
      for (auto [number, value] : llvm::enumerate(*yielded))
        operands[firstInit + number]
            .mutableData()[positions[firstInit + number]] = value.scalar();
      return llvm::Error::success();
    });
  }

  /// Whether the body is `out + in0 * in1` on floats; such ops are run here.
  bool tryContraction() {
    if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
        !operands[2].isFloat() || operands[2].isBuffer() ||
        body->getNumArguments() != 3 ||
        !llvm::all_of(accesses,
                      [](const Access &access) { return access.isLinear; }))
      return false;
    Value yielded = body->getTerminator()->getOperand(0);
    auto sum = yielded.getDefiningOp<arith::AddFOp>();
    if (!sum || std::distance(body->begin(), body->end()) != 3)
      return false;
    Value out = body->getArgument(2);
    Value term = sum.getLhs() == out   ? sum.getRhs()
                 : sum.getRhs() == out ? sum.getLhs()
                                       : Value();
    auto product = term ? term.getDefiningOp<arith::MulFOp>() : nullptr;
    Value first = body->getArgument(0), second = body->getArgument(1);
    if (!product ||
        !((product.getLhs() == first && product.getRhs() == second) ||
          (product.getLhs() == second && product.getRhs() == first)))
      return false;
    Contraction nest;
    nest.extents = extents;
    for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
      bool sums = type == utils::IteratorType::reduction;
      if (sums != (accesses[2].strides[loop] == 0) && extents[loop] > 1)
        return false;
      nest.sums.push_back(sums);
    }
    nest.aStrides = accesses[0].strides;
    nest.bStrides = accesses[1].strides;
    nest.cStrides = accesses[2].strides;
    nest.c = reinterpret_cast<double *>(operands[2].mutableData()) +
             accesses[2].base;
    nest.a =
        reinterpret_cast<const double *>(operands[0].data()) + accesses[0].base;
    nest.b =
        reinterpret_cast<const double *>(operands[1].data()) + accesses[1].base;
    contract(std::move(nest));
    return true;
  }

  Interpreter &interpreter;
  linalg::LinalgOp op;
  llvm::MutableArrayRef<Tensor> operands;
  Block *body;
  Shape extents;
  llvm::SmallVector<Access, 4> accesses;
};

} // namespace

llvm::Expected<Results> evaluateLinalg(Interpreter &interpreter, Operation &op,
                                       llvm::MutableArrayRef<Tensor> operands) {
  return LinalgEvaluation(interpreter, cast<linalg::LinalgOp>(op), operands)
      .run();
}

llvm::Expected<Results> evaluateLinalgIndex(Interpreter &interpreter,
                                            Operation &op,
                                            llvm::MutableArrayRef<Tensor>) {
  auto index = cast<linalg::IndexOp>(op);
  if (interpreter.getIndexStack().empty() ||
      index.getDim() >= interpreter.getIndexStack().back().size())
    return makeError(op, "no loop has this index here");
  return Results{Tensor::ofIndex(
      interpreter.getIndexStack().back()[static_cast<size_t>(index.getDim())])};
}

} // namespace seqc::reference
