//===- RecognizeGelu.cpp - GELU and its approximation ---------------------===//
//
// x / 2 * (1 + erf(x / sqrt(2))), and the same with tanh of a polynomial. What
// is around erf or tanh and what is in it are read as polynomials in x, however
// they are factored.
//
//===----------------------------------------------------------------------===//

#include "compiler/Normalize/Recognition.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace seqc;

namespace {

/// Ops behind each other that are read: 127 with two operands each at most.
constexpr int kMostDepth = 6;
/// Elements that may be x.
constexpr size_t kMostCandidates = 24;

/// Coefficients by the powers of x and of the function.
using Polynomial = std::map<std::pair<int, int>, double>;

std::optional<Polynomial> multiply(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (auto &[p, c] : a)
    for (auto &[q, d] : b) {
      std::pair<int, int> powers(p.first + q.first, p.second + q.second);
      if (powers.first > 3 || powers.second > 1)
        return std::nullopt;
      result[powers] += c * d;
    }
  return result;
}

/// The polynomial that an element is in `x` and in `function`, which may be
/// missing. Each call asks about two operands, down to kMostDepth.
std::optional<Polynomial> read(const Element &element, const Element &x,
                               const Element *function, int depth = 0) {
  if (isSame(element, x))
    return Polynomial{{{1, 0}, 1.0}};
  if (function && isSame(element, *function))
    return Polynomial{{{0, 1}, 1.0}};
  if (std::optional<double> number = getNumber(element))
    return Polynomial{{{0, 0}, *number}};
  Operation *op = follow(element).value.getDefiningOp();
  if (depth > kMostDepth ||
      !isa_and_present<arith::MulFOp, arith::DivFOp, arith::AddFOp,
                       arith::SubFOp, math::PowFOp>(op))
    return std::nullopt;
  SmallVector<Element, 3> operands = getOperands(element);
  auto a = read(operands[0], x, function, depth + 1);
  auto b = a ? read(operands[1], x, function, depth + 1) : std::nullopt;
  if (!b)
    return std::nullopt;
  if (isa<arith::MulFOp>(op))
    return multiply(*a, *b);
  if (isa<arith::AddFOp, arith::SubFOp>(op)) {
    for (auto &[powers, c] : *b)
      (*a)[powers] += isa<arith::AddFOp>(op) ? c : -c;
    return a;
  }
  double number = b->begin()->second;
  if (b->size() != 1 || b->begin()->first != std::pair(0, 0))
    return std::nullopt;
  if (isa<arith::DivFOp>(op))
    return number == 0 ? std::nullopt : multiply(*a, {{{0, 0}, 1 / number}});
  auto square = multiply(*a, *a);
  return number == 2             ? square
         : number == 3 && square ? multiply(*square, *a)
                                 : std::nullopt;
}

/// Whether the coefficients are those of `wanted`, as far as constants of the
/// element type hold them.
bool isClose(const std::optional<Polynomial> &found, const Polynomial &wanted,
             Type type) {
  unsigned digits = cast<FloatType>(type).getFPMantissaWidth();
  double tolerance = digits <= 11   ? std::ldexp(1, 1 - int(digits))
                     : digits <= 24 ? 2e-6
                                    : 1e-8;
  return found &&
         llvm::all_of(*found,
                      [&](auto &term) {
                        return term.second == 0 || wanted.count(term.first);
                      }) &&
         llvm::all_of(wanted, [&](auto &term) {
           auto it = found->find(term.first);
           return it != found->end() && std::abs(it->second - term.second) <=
                                            tolerance * std::abs(term.second);
         });
}

/// erf or tanh, the nearest one in the factors and summands of an element.
std::optional<Element> findFunction(const Element &root) {
  SmallVector<Element> queue{root};
  for (size_t i = 0; i < queue.size() && i < kMostCandidates; ++i) {
    Operation *op = follow(queue[i]).value.getDefiningOp();
    if (isa_and_present<math::ErfOp, math::TanhOp>(op))
      return queue[i];
    if (isa_and_present<arith::MulFOp, arith::AddFOp>(op))
      llvm::append_range(queue, getOperands(queue[i]));
  }
  return std::nullopt;
}

/// GELU of `x`, or its approximation.
Value makeGelu(ImplicitLocOpBuilder &b, Value x, bool isTanh) {
  Type type = x.getType(), wide = type;
  if (type.getIntOrFloatBitWidth() < 32) {
    wide = b.getF32Type();
    x = arith::ExtFOp::create(b, wide, x);
  }
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(b, b.getFloatAttr(wide, value));
  };
  auto times = [&](Value left, Value right) -> Value {
    return arith::MulFOp::create(b, left, right);
  };
  Value inner;
  if (isTanh) {
    Value cube = times(times(times(x, x), x), number(0.044715));
    inner = math::TanhOp::create(b, times(arith::AddFOp::create(b, x, cube),
                                          number(std::sqrt(2 / M_PI))));
  } else {
    inner = math::ErfOp::create(b, times(x, number(std::sqrt(0.5))));
  }
  Value result =
      times(times(x, number(0.5)), arith::AddFOp::create(b, inner, number(1)));
  return wide == type ? result : arith::TruncFOp::create(b, type, result);
}

struct RecognizeGelu : RecognitionPattern<linalg::GenericOp> {
  using RecognitionPattern::RecognitionPattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 ||
        !match<arith::MulFOp>(getRoot(op->getResult(0))))
      return failure();
    Element root = getRoot(op->getResult(0));
    std::optional<Element> function = findFunction(root);
    if (!function)
      return failure();
    bool isTanh = match<math::TanhOp>(*function).has_value();
    Type type = getElementTypeOrSelf(root.value.getType());
    double factor = std::sqrt(2 / M_PI);
    Polynomial wanted{{{1, 0}, std::sqrt(0.5)}};
    if (isTanh)
      wanted = {{{1, 0}, factor}, {{3, 0}, factor * 0.044715}};
    StringRef name = isTanh ? "gelu_tanh" : "gelu";
    // Which element is x: the nearest one that the argument is right for.
    SmallVector<Element> candidates = getOperands(*function);
    Element argument = candidates[0];
    for (size_t i = 0; i < candidates.size() && i < kMostCandidates; ++i) {
      Element x = candidates[i];
      Value tensor = getTensor(x, root);
      if (tensor && getElementTypeOrSelf(tensor.getType()) == type &&
          isClose(read(argument, x, nullptr), wanted, type)) {
        if (!isClose(read(root, x, &*function), {{{1, 0}, 0.5}, {{1, 1}, 0.5}},
                     type) ||
            !recognition.isWanted(name))
          return failure();
        rewriter.replaceOp(
            op, mapElements(rewriter, op.getLoc(), tensor, type,
                            [&](OpBuilder &inner, Location loc, Value element) {
                              ImplicitLocOpBuilder b(loc, inner);
                              return makeGelu(b, element, isTanh);
                            }));
        ++recognition.counts[name];
        return success();
      }
      Operation *producer = follow(x).value.getDefiningOp();
      if (isa_and_present<arith::MulFOp, arith::DivFOp, arith::AddFOp,
                          math::PowFOp>(producer))
        llvm::append_range(candidates, getOperands(x));
    }
    return failure();
  }
};

} // namespace

void seqc::addGeluPatterns(RewritePatternSet &patterns,
                           Recognition &recognition) {
  patterns.add<RecognizeGelu>(patterns.getContext(), recognition);
}
