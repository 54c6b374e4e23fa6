//===- Attention.cpp - Attention of every kind ----------------------------===//

#include "dialect/Seq/Reference/Contraction.h"
#include "dialect/Seq/Reference/Handlers.h"

#include "dialect/Seq/IR/Scores.h"
#include "dialect/Seq/IR/SeqOps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace mlir;

namespace seqc::reference {

namespace {

/// A tensor addressed as if it had rank 4 and extents of 1 repeated.
struct Broadcast {
  const Tensor *tensor = nullptr;
  std::array<int64_t, 4> strides{};

  /// Views a tensor of rank 3 or 4; rank 3 has no head dimension.
  Broadcast() = default;
  explicit Broadcast(const Tensor *tensor) : tensor(tensor) {
    if (!tensor)
      return;
    Shape elementStrides = getStrides(tensor->getShape());
    for (int64_t dim = 0; dim < tensor->getRank(); ++dim) {
      int64_t target = tensor->getRank() == 3 && dim > 0 ? dim + 1 : dim;
      strides[target] = tensor->getDim(dim) == 1 ? 0 : elementStrides[dim];
    }
  }

  /// Position of an element.
  int64_t at(int64_t b, int64_t h, int64_t i, int64_t j) const {
    return b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3];
  }
};

/// The extents of a tensor with or without heads.
struct Extents {
  int64_t batch, heads, length, features;

  explicit Extents(const Tensor &tensor) {
    bool hasHeads = tensor.getRank() == 4;
    batch = tensor.getDim(0);
    heads = hasHeads ? tensor.getDim(1) : 1;
    length = tensor.getDim(hasHeads ? 2 : 1);
    features = tensor.getDim(hasHeads ? 3 : 2);
  }

  /// The features of one position.
  const double *row(const Tensor &tensor, int64_t b, int64_t h,
                    int64_t i) const {
    return tensor.floats().data() + ((b * heads + h) * length + i) * features;
  }
};

/// Evaluates one attention.
class AttentionEvaluation {
public:
  AttentionEvaluation(Interpreter &interpreter, seq::AttentionOp op,
                      llvm::ArrayRef<Tensor> operands)
      : interpreter(interpreter), op(op), values(*op, operands),
        query(*values.get(op.getQuery())), key(*values.get(op.getKey())),
        value(*values.get(op.getValue())),
        weight(values.get(op.getScoreWeight())),
        lengths(values.get(op.getLengths())), rows(values.get(op.getRows())),
        starts(values.get(op.getStarts())), mask(values.get(op.getMask())),
        bias(values.get(op.getBias())), q(query), k(key), v(value) {}

  llvm::Expected<Results> run() {
    if (llvm::Error error = check())
      return error;
    std::optional<llvm::APFloat> given = op.getScale();
    scale = given ? given->convertToDouble()
                  : 1.0 / std::sqrt(static_cast<double>(q.features));
    Shape outputShape(query.getShape()), probabilityShape(query.getShape());
    outputShape.back() = v.features;
    probabilityShape.back() = k.length;
    llvm::Expected<Tensor> output =
        interpreter.allocate(*op, query.getKind(), outputShape);
    if (!output)
      return output.takeError();
    bool wantsProbabilities = static_cast<bool>(op.getProbabilities());
    Tensor probabilities;
    if (wantsProbabilities) {
      llvm::Expected<Tensor> made =
          interpreter.allocate(*op, query.getKind(), probabilityShape);
      if (!made)
        return made.takeError();
      probabilities = std::move(*made);
    }
    double *out = output->mutableFloats().data();
    double *p =
        wantsProbabilities ? probabilities.mutableFloats().data() : nullptr;
    std::vector<double> scores(k.length);
    std::vector<char> live(k.length);
    for (int64_t b = 0; b < q.batch; ++b) {
      int64_t row = rows ? rows->ints()[b] : b;
      for (int64_t h = 0; h < q.heads; ++h)
        for (int64_t i = 0; i < q.length; ++i) {
          int64_t group = h / (q.heads / k.heads);
          for (int64_t j = 0; j < k.length; ++j)
            live[j] = isLive(row, h, i, j);
          if (llvm::Error error = score(b, row, h, group, i, scores))
            return error;
          normalize(scores, live);
          for (int64_t j = 0; j < k.length; ++j) {
            if (!live[j])
              continue;
            const double *from = v.row(value, row, group, j);
            for (int64_t d = 0; d < v.features; ++d)
              out[d] += scores[j] * from[d];
          }
          out += v.features;
          if (p)
            p = std::copy(scores.begin(), scores.end(), p);
        }
    }
    Results results{std::move(*output)};
    if (wantsProbabilities)
      results.push_back(std::move(probabilities));
    return results;
  }

private:
  /// Fails unless the operands fit together.
  llvm::Error check() {
    if (llvm::Error error = checkShape(*op, key.getShape().drop_back(),
                                       value.getShape().drop_back(),
                                       "key without its features"))
      return error;
    if (k.heads == 0 || q.heads % k.heads != 0)
      return makeError(*op, llvm::Twine(q.heads) +
                                " query heads are no multiple of " +
                                llvm::Twine(k.heads) + " key heads");
    if (!rows && q.batch != k.batch)
      return makeError(*op, "query has " + llvm::Twine(q.batch) +
                                " rows and key " + llvm::Twine(k.batch));
    seq::Score kind = op.getScore();
    if (seq::hasEqualFeatures(kind) && q.features != k.features)
      return makeError(*op, "query has " + llvm::Twine(q.features) +
                                " features and key " + llvm::Twine(k.features));
    Shape weightShape;
    if (seq::hasFeatureWeight(kind))
      weightShape = {q.features};
    else if (kind == seq::Score::General)
      weightShape = {q.features, k.features};
    if (static_cast<bool>(weight) != !weightShape.empty())
      return makeError(
          *op,
          "score_weight is present exactly for additive and general scores");
    if (weight)
      if (llvm::Error error =
              checkShape(*op, weight->getShape(), weightShape, "score_weight"))
        return error;
    if ((kind == seq::Score::Region) != !op.getScoreRegion().empty())
      return makeError(*op,
                       "the score region is present exactly for region scores");
    return checkMasks();
  }

  /// The part of `check` about rows, lengths, mask and bias.
  llvm::Error checkMasks() {
    if (rows) {
      if (rows->getDim(0) != q.batch)
        return makeError(*op, "rows has " + llvm::Twine(rows->getDim(0)) +
                                  " entries for " + llvm::Twine(q.batch) +
                                  " queries");
      for (int64_t row : rows->ints())
        if (row < 0 || row >= k.batch)
          return makeError(*op, "row " + llvm::Twine(row) + " is outside [0, " +
                                    llvm::Twine(k.batch) + ")");
    }
    if (lengths) {
      if (lengths->getDim(0) != k.batch)
        return makeError(*op, "lengths has " + llvm::Twine(lengths->getDim(0)) +
                                  " entries for " + llvm::Twine(k.batch) +
                                  " rows");
      for (int64_t length : lengths->ints())
        if (length < 0 || length > k.length)
          return makeError(*op, "length " + llvm::Twine(length) +
                                    " is outside [0, " + llvm::Twine(k.length) +
                                    "]");
    }
    if (starts && starts->getDim(0) != 1 && starts->getDim(0) != k.batch)
      return makeError(*op, "starts has " + llvm::Twine(starts->getDim(0)) +
                                " entries for " + llvm::Twine(k.batch) +
                                " rows");
    Shape scores(query.getShape());
    scores.front() = k.batch;
    scores.back() = k.length;
    for (const Tensor *part : {mask, bias}) {
      if (!part)
        continue;
      bool fits = part->getRank() == static_cast<int64_t>(scores.size());
      for (size_t dim = 0; fits && dim < scores.size(); ++dim)
        fits = part->getDim(static_cast<int64_t>(dim)) == 1 ||
               part->getDim(static_cast<int64_t>(dim)) == scores[dim];
      if (!fits)
        return makeError(*op, "shape " + toString(part->getShape()) +
                                  " does not broadcast to scores " +
                                  toString(scores));
    }
    maskView = Broadcast(mask);
    biasView = Broadcast(bias);
    if (op.getWindow() && op.getWindow()->size() != 2)
      return makeError(*op, "the window is not two numbers");
    return llvm::Error::success();
  }

  /// Whether query `i` may see key `j`.
  bool isLive(int64_t row, int64_t h, int64_t i, int64_t j) {
    if (lengths && j >= lengths->ints()[row])
      return false;
    if (mask && !op.getMaskedScore() &&
        mask->ints()[maskView.at(row, h, i, j)] == 0)
      return false;
    seq::Causal causal = op.getCausal();
    // How far the key lies behind a query that stands at its own number; a
    // start may be any number and is only compared.
    __int128 ahead = j - i, start = 0;
    if (causal == seq::Causal::BottomRight)
      start = k.length - q.length;
    else if (starts)
      start = starts->ints()[starts->getDim(0) == 1 ? 0 : row];
    if (causal != seq::Causal::None && ahead > start)
      return false;
    if (std::optional<llvm::ArrayRef<int64_t>> window = op.getWindow()) {
      int64_t left = (*window)[0], right = (*window)[1];
      if (left >= 0 && ahead + left < start)
        return false;
      if (right >= 0 && ahead - right > start)
        return false;
    }
    return true;
  }

  /// The scores of one query with every key, softcap, masked score and bias
  /// included.
  llvm::Error score(int64_t b, int64_t row, int64_t h, int64_t group, int64_t i,
                    std::vector<double> &scores) {
    const double *queryRow = q.row(query, b, h, i);
    if (op.getScore() == seq::Score::Region) {
      if (llvm::Error error = scoreByRegion(queryRow, row, group, scores))
        return error;
    } else {
      for (int64_t j = 0; j < k.length; ++j)
        scores[j] = scorePair(queryRow, k.row(key, row, group, j));
    }
    std::optional<llvm::APFloat> softcap = op.getSoftcap();
    double cap = softcap ? softcap->convertToDouble() : 0.0;
    std::optional<llvm::APFloat> masked = op.getMaskedScore();
    for (int64_t j = 0; j < k.length; ++j) {
      if (softcap)
        scores[j] = cap * std::tanh(scores[j] / cap);
      if (masked && mask->ints()[maskView.at(row, h, i, j)] == 0)
        scores[j] = masked->convertToDouble();
      if (bias)
        scores[j] += bias->floats()[biasView.at(row, h, i, j)];
    }
    return llvm::Error::success();
  }

  /// The score of one pair by the named formulas.
  double scorePair(const double *queryRow, const double *keyRow) {
    switch (op.getScore()) {
    case seq::Score::Dot:
      return dot(queryRow, keyRow, q.features);
    case seq::Score::Scaled:
      return scale * dot(queryRow, keyRow, q.features);
    case seq::Score::Additive: {
      double sum = 0.0;
      for (int64_t d = 0; d < q.features; ++d)
        sum += weight->floats()[d] * std::tanh(queryRow[d] + keyRow[d]);
      return sum;
    }
    case seq::Score::General: {
      double sum = 0.0;
      for (int64_t d = 0; d < q.features; ++d)
        sum += queryRow[d] * dot(weight->floats().data() + d * k.features,
                                 keyRow, k.features);
      return sum;
    }
    case seq::Score::Distance: {
      double sum = 0.0;
      for (int64_t d = 0; d < q.features; ++d)
        sum -= (queryRow[d] - keyRow[d]) * (queryRow[d] - keyRow[d]);
      return sum;
    }
    case seq::Score::Region:
      break;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  /// The scores of one query with every key by the region.
  llvm::Error scoreByRegion(const double *queryRow, int64_t row, int64_t group,
                            std::vector<double> &scores) {
    llvm::Expected<Tensor> queries =
        interpreter.allocate(*op, query.getKind(), {k.length, q.features});
    if (!queries)
      return queries.takeError();
    Tensor keys(key.getKind(), {k.length, k.features});
    double *toQuery = queries->mutableFloats().data();
    for (int64_t j = 0; j < k.length; ++j)
      toQuery = std::copy_n(queryRow, q.features, toQuery);
    std::copy_n(k.row(key, row, group, 0), k.length * k.features,
                keys.mutableFloats().data());
    llvm::Expected<Results> yielded =
        interpreter.runBlock(op.getScoreRegion().front(),
                             Results{std::move(*queries), std::move(keys)});
    if (!yielded)
      return yielded.takeError();
    if (yielded->size() != 1 || !yielded->front().isFloat())
      return makeError(*op, "the score region does not yield one float tensor");
    if (llvm::Error error =
            checkShape(*op, yielded->front().getShape(), {k.length},
                       "what the score region yields"))
      return error;
    llvm::copy(yielded->front().floats(), scores.begin());
    return llvm::Error::success();
  }

  /// Turns the scores of one query into weights, 0 where a key is not live.
  void normalize(std::vector<double> &scores, llvm::ArrayRef<char> live) {
    seq::Normalizer normalizer = op.getNormalizer();
    bool isSoftmax = normalizer == seq::Normalizer::Softmax ||
                     normalizer == seq::Normalizer::NegatedSoftmax;
    double greatest = -std::numeric_limits<double>::infinity(), total = 0.0;
    for (size_t j = 0; j < scores.size(); ++j) {
      if (!live[j])
        continue;
      if (normalizer == seq::Normalizer::NegatedSoftmax)
        scores[j] = -scores[j];
      greatest = scores[j] > greatest ? scores[j] : greatest;
    }
    for (size_t j = 0; j < scores.size(); ++j) {
      if (!live[j])
        scores[j] = 0.0;
      else if (isSoftmax)
        total += scores[j] = std::exp(scores[j] - greatest);
      else if (normalizer == seq::Normalizer::Sigmoid)
        scores[j] = 1.0 / (1.0 + std::exp(-scores[j]));
    }
    for (size_t j = 0; isSoftmax && j < scores.size(); ++j)
      if (live[j])
        scores[j] /= total;
  }

  Interpreter &interpreter;
  seq::AttentionOp op;
  OperandValues values;
  const Tensor &query, &key, &value;
  const Tensor *weight, *lengths, *rows, *starts, *mask, *bias;
  Extents q, k, v;
  Broadcast maskView, biasView;
  double scale = 1.0;
};

} // namespace

static llvm::Expected<Results>
evaluateAttention(Interpreter &interpreter, Operation &op,
                  llvm::MutableArrayRef<Tensor> operands) {
  int64_t rank = operands[0].getRank();
  if ((rank != 3 && rank != 4) || operands[1].getRank() != rank ||
      operands[2].getRank() != rank)
    return makeError(op, "query, key and value have ranks " +
                             llvm::Twine(rank) + ", " +
                             llvm::Twine(operands[1].getRank()) + " and " +
                             llvm::Twine(operands[2].getRank()));
  return AttentionEvaluation(interpreter, cast<seq::AttentionOp>(op), operands)
      .run();
}

void addAttentionHandlers(HandlerTable &table) {
  table["seq.attention"] = evaluateAttention;
}

} // namespace seqc::reference
