//===- Checks.cpp - What must hold at run time ----------------------------===//

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace seqc::seq;

/// The number of the placeholder `{N}` that `text` begins with.
static std::optional<unsigned> getPlaceholder(StringRef text) {
  if (text.size() < 3 || text[0] != '{' || !llvm::isDigit(text[1]) ||
      text[2] != '}')
    return std::nullopt;
  return text[1] - '0';
}

void RequireOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult RequireOp::verify() {
  if (getValues().size() > kMostValues)
    return emitOpError("has ") << getValues().size() << " values, but at most "
                               << kMostValues << " are possible [C2]";
  StringRef text = getMessage();
  for (size_t i = 0; i < text.size(); ++i)
    if (std::optional<unsigned> number = getPlaceholder(text.drop_front(i));
        number && *number >= getValues().size())
      return emitOpError("message names value ")
             << *number << " of " << getValues().size() << " [C1]";
  return success();
}

LogicalResult RequireOp::canonicalize(RequireOp op, PatternRewriter &rewriter) {
  // Always true, or checked before.
  bool known = matchPattern(op.getCondition(), m_One()) ||
               llvm::any_of(op.getCondition().getUsers(), [&](Operation *user) {
                 return user != op && isa<RequireOp>(user) &&
                        user->getBlock() == op->getBlock() &&
                        user->isBeforeInBlock(op);
               });
  if (!known)
    return failure();
  rewriter.eraseOp(op);
  return success();
}

std::string RequireOp::format(ArrayRef<int64_t> numbers) {
  std::string result;
  StringRef text = getMessage();
  while (!text.empty()) {
    std::optional<unsigned> number = getPlaceholder(text);
    if (number && *number < numbers.size()) {
      result += std::to_string(numbers[*number]);
      text = text.drop_front(3);
    } else {
      result += text.front();
      text = text.drop_front();
    }
  }
  return result;
}
