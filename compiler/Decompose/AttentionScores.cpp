//===- AttentionScores.cpp - Scores that are sums over features -----------===//

#include "compiler/Decompose/AttentionScores.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace seqc {

Value scoreTerm(ImplicitLocOpBuilder &b, seq::Score score, Value query,
                Value key, Value weight, arith::FastMathFlags flags) {
  switch (score) {
  case seq::Score::Dot:
  case seq::Score::Scaled:
  // The weight is in the query.
  case seq::Score::General:
    return arith::MulFOp::create(b, query, key, flags);
  case seq::Score::Additive: {
    Value sum =
        arith::AddFOp::create(b, query, key, arith::FastMathFlags::contract);
    return arith::MulFOp::create(b, weight, math::TanhOp::create(b, sum),
                                 flags);
  }
  case seq::Score::Distance: {
    Value difference =
        arith::SubFOp::create(b, query, key, arith::FastMathFlags::contract);
    Value square = arith::MulFOp::create(b, difference, difference, flags);
    return arith::NegFOp::create(b, square, flags);
  }
  case seq::Score::Region:
    break;
  }
  llvm_unreachable("a region is no sum over features");
}

} // namespace seqc
