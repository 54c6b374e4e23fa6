//===- Norms.cpp - Softmax and normalisation ------------------------------===//

#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/SeqOps.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace seqc::reference {

/// For each element of a tensor the number of the set that it is normalised
/// with: elements that differ in the dimensions of `isShared` alone are one
/// set. Sets are numbered like the elements of a tensor whose shared dimensions
/// have extent 1.
static std::vector<int64_t>
numberSets(ArrayRef<int64_t> shape,
           llvm::function_ref<bool(int64_t)> isShared) {
  Shape kept(shape);
  for (int64_t dim = 0; dim < static_cast<int64_t>(shape.size()); ++dim)
    if (isShared(dim))
      kept[dim] = 1;
  Shape strides = getStrides(shape), keptStrides = getStrides(kept);
  std::vector<int64_t> sets(static_cast<size_t>(*countElements(shape)));
  for (auto [place, set] : llvm::enumerate(sets)) {
    int64_t rest = static_cast<int64_t>(place);
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      if (kept[dim] != 1)
        set += rest / strides[dim] * keptStrides[dim];
      rest %= strides[dim];
    }
  }
  return sets;
}

static llvm::Expected<Results>
evaluateSoftmax(Interpreter &interpreter, Operation &op,
                llvm::MutableArrayRef<Tensor> operands) {
  auto softmax = cast<seq::SoftmaxOp>(op);
  const Tensor &x = operands[0];
  std::vector<int64_t> sets = numberSets(x.getShape(), [&](int64_t dim) {
    return llvm::is_contained(softmax.getDims(), dim);
  });
  constexpr double inf = std::numeric_limits<double>::infinity();
  std::vector<double> most(sets.size(), -inf), sums(sets.size(), 0);
  for (auto [value, set] : llvm::zip_equal(x.floats(), sets))
    if (!(value <= most[set]))
      most[set] = std::isnan(most[set]) ? most[set] : value;
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, x.getKind(), x.getShape());
  if (!result)
    return result.takeError();
  llvm::MutableArrayRef<double> to = result->mutableFloats();
  for (auto [place, value] : llvm::enumerate(x.floats())) {
    to[place] = std::exp(value - most[sets[place]]);
    sums[sets[place]] += to[place];
  }
  for (auto [place, value] : llvm::enumerate(x.floats())) {
    int64_t set = sets[place];
    to[place] = softmax.getLog() ? value - most[set] - std::log(sums[set])
                                 : to[place] / sums[set];
  }
  return Results{std::move(*result)};
}

static llvm::Expected<Results>
evaluateNorm(Interpreter &interpreter, Operation &op,
             llvm::MutableArrayRef<Tensor> operands) {
  auto norm = cast<seq::NormOp>(op);
  bool isGroup = norm.getKind() == seq::NormKind::Group,
       isCentred = norm.getKind() != seq::NormKind::Rms;
  int64_t axis = static_cast<int64_t>(norm.getAxis()),
          groups = static_cast<int64_t>(norm.getGroups());
  OperandValues values(op, operands);
  const Tensor &x = operands[0];
  const Tensor *scale = values.get(norm.getScale()),
               *bias = values.get(norm.getBias());
  llvm::ArrayRef<int64_t> shape = x.getShape();
  int64_t channels = shape[axis];
  if (groups < 1 || channels % groups != 0)
    return makeError(op, llvm::Twine(channels) +
                             " channels are no multiple of " +
                             llvm::Twine(groups) + " groups");
  llvm::ArrayRef<int64_t> affine =
      isGroup ? shape.slice(axis, 1) : shape.drop_front(axis);
  for (auto [name, value] : {std::pair("scale", scale), {"bias", bias}})
    if (value)
      if (llvm::Error error = checkShape(op, value->getShape(), affine, name))
        return error;
  // Groups are a dimension in front of their channels.
  Shape split(shape);
  split[axis] /= groups;
  split.insert(split.begin() + axis, groups);
  std::vector<int64_t> sets =
      numberSets(split, [&](int64_t dim) { return dim > axis; });
  std::vector<double> counts(sets.size(), 0), means(sets.size(), 0),
      squares(sets.size(), 0);
  for (auto [value, set] : llvm::zip_equal(x.floats(), sets)) {
    counts[set] += 1;
    means[set] += value;
  }
  for (auto [mean, count] : llvm::zip_equal(means, counts))
    mean = isCentred ? mean / count : 0;
  for (auto [value, set] : llvm::zip_equal(x.floats(), sets))
    squares[set] += (value - means[set]) * (value - means[set]);
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  llvm::Expected<Tensor> result =
      interpreter.allocate(op, *getElementKind(type), shape);
  if (!result)
    return result.takeError();
  llvm::MutableArrayRef<double> to = result->mutableFloats();
  int64_t inner = *countElements(shape.drop_front(axis + 1)),
          period = inner * channels;
  double epsilon = norm.getEpsilon().convertToDouble();
  for (auto [place, value] : llvm::enumerate(x.floats())) {
    int64_t set = sets[place];
    int64_t at = static_cast<int64_t>(place) % period / (isGroup ? inner : 1);
    double y =
        (value - means[set]) / std::sqrt(squares[set] / counts[set] + epsilon);
    if (scale)
      y *= scale->floats()[at];
    if (bias)
      y += bias->floats()[at];
    to[place] = y;
  }
  return Results{std::move(*result)};
}

void addNormHandlers(HandlerTable &table) {
  table["seq.softmax"] = evaluateSoftmax;
  table["seq.norm"] = evaluateNorm;
}

} // namespace seqc::reference
