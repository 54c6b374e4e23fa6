//===- Generate.cpp - Decoding loops --------------------------------------===//
//
// All unfinished rows share one run of the step region, which is what lanes are
// for; the search itself knows one row only.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Handlers.h"
#include "dialect/Seq/Reference/Search.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;

namespace seqc::reference {

namespace {

/// Evaluates one decoding loop.
class GenerateEvaluation {
public:
  GenerateEvaluation(Interpreter &interpreter, seq::GenerateOp op,
                     llvm::ArrayRef<Tensor> operands)
      : interpreter(interpreter), op(op), values(*op, operands),
        start(*values.get(op.getStart())), prefix(values.get(op.getPrefix())),
        prefixLengths(values.get(op.getPrefixLengths())),
        states(values.get(op.getInits())), numRows(start.getDim(0)),
        numBest(op.getNumBest()) {}

  llvm::Expected<Results> run() {
    if (llvm::Error error = readRules())
      return error;
    if (llvm::Error error = checkOperands())
      return error;
    if (llvm::Error error = makeResults())
      return error;
    for (int64_t row = 0; row < numRows; ++row)
      searches.emplace_back(rules, static_cast<int32_t>(start.ints()[row]),
                            row);
    if (llvm::Error error = readReplay())
      return error;
    for (int64_t step = 0; true; ++step) {
      llvm::Expected<bool> goesOn = runStep(step);
      if (!goesOn)
        return goesOn.takeError();
      if (!*goesOn)
        break;
    }
    return collect();
  }

private:
  /// Reads the search attribute and the bounds.
  llvm::Error readRules() {
    if (auto beam = dyn_cast<seq::BeamAttr>(op.getSearch())) {
      rules.kind = SearchKind::Beam;
      rules.width = beam.getWidth();
      rules.stop = beam.getStop() == seq::Stop::Exact   ? StopRule::Exact
                   : beam.getStop() == seq::Stop::First ? StopRule::First
                                                        : StopRule::Heuristic;
    }
    rules.lengthPenalty = op.getLengthPenalty();
    if (const Tensor *penalty = values.get(op.getPenalty()))
      rules.lengthPenalty = penalty->scalar().f;
    if (auto sample = dyn_cast<seq::SampleAttr>(op.getSearch()))
      if (llvm::Error error = readSampling(sample))
        return error;
    rules.maxNew = values.get(op.getMaxNew())->scalar().i;
    rules.minNew = static_cast<int64_t>(op.getMinNew());
    llvm::append_range(rules.ends, op.getEnd());
    if (rules.maxNew < 1)
      return makeError(*op, "max_new is " + llvm::Twine(rules.maxNew) +
                                ", required at least 1");
    if (rules.width < 1 || numBest < 1 || numBest > rules.width)
      return makeError(*op, "n_best is " + llvm::Twine(numBest) +
                                " for width " + llvm::Twine(rules.width));
    return llvm::Error::success();
  }

  /// Reads what only sampling has: from the operands, else from the attribute.
  llvm::Error readSampling(seq::SampleAttr sample) {
    rules.kind = SearchKind::Sample;
    rules.temperature = sample.getTemperature().convertToDouble();
    rules.topP = sample.getTopP().convertToDouble();
    rules.topK = sample.getTopK();
    rules.seed = sample.getSeed();
    if (const Tensor *value = values.get(op.getTemperature()))
      rules.temperature = value->scalar().f;
    if (const Tensor *value = values.get(op.getTopP()))
      rules.topP = value->scalar().f;
    if (const Tensor *value = values.get(op.getTopK()))
      rules.topK = value->scalar().i;
    if (const Tensor *value = values.get(op.getSeed()))
      rules.seed = static_cast<uint64_t>(value->scalar().i);
    if (const Tensor *value = values.get(op.getFirstRow()))
      rules.firstRow = static_cast<uint64_t>(value->scalar().i);
    rules.temperature = static_cast<float>(rules.temperature);
    rules.topP = static_cast<float>(rules.topP);
    if (!(rules.temperature >= 0.0) || !std::isfinite(rules.temperature))
      return makeError(*op, "temperature is " + toText(rules.temperature) +
                                ", required a finite number of at least 0");
    if (!(rules.topP > 0.0 && rules.topP <= 1.0))
      return makeError(*op, "top_p is " + toText(rules.topP) +
                                ", required above 0 and at most 1");
    if (rules.topK < 0)
      return makeError(*op, "top_k is " + llvm::Twine(rules.topK) +
                                ", required at least 0");
    // The library knows no temperatures below the least normal number.
    if (rules.temperature < std::numeric_limits<float>::min())
      rules.temperature = 0.0;
    return llvm::Error::success();
  }

  static std::string toText(double number) {
    return llvm::formatv("{0}", number).str();
  }

  /// Fails unless the operands agree on the number of rows and the prefix is
  /// inside its tensor.
  llvm::Error checkOperands() {
    for (auto [number, state] : llvm::enumerate(states))
      if (state.getRank() == 0 || state.getDim(0) != numRows)
        return makeError(*op, "init " + llvm::Twine(number) + " has shape " +
                                  toString(state.getShape()) + " for " +
                                  llvm::Twine(numRows) + " rows");
    if (!prefix != !prefixLengths)
      return makeError(*op, "prefix and prefix_lengths come together");
    if (!prefix)
      return llvm::Error::success();
    if (prefix->getDim(0) != numRows || prefixLengths->getDim(0) != numRows)
      return makeError(*op, "the prefix has " + llvm::Twine(prefix->getDim(0)) +
                                " rows and " +
                                llvm::Twine(prefixLengths->getDim(0)) +
                                " lengths, required " + llvm::Twine(numRows));
    for (int64_t length : prefixLengths->ints())
      if (length < 0 || length > prefix->getDim(1))
        return makeError(*op, "prefix length " + llvm::Twine(length) +
                                  " is outside [0, " +
                                  llvm::Twine(prefix->getDim(1)) + "]");
    return llvm::Error::success();
  }

  /// Makes the results as they are for missing hypotheses.
  llvm::Error makeResults() {
    auto make = [&](Tensor &target, ElementKind kind,
                    llvm::ArrayRef<int64_t> shape,
                    Scalar value) -> llvm::Error {
      llvm::Expected<Tensor> made = interpreter.allocate(*op, kind, shape);
      if (!made)
        return made.takeError();
      target = std::move(*made);
      std::fill_n(target.mutableData(), target.getNumElements(), value);
      return llvm::Error::success();
    };
    Scalar pad, zero, lowest, dead;
    pad.i = static_cast<int32_t>(op.getPad());
    zero.i = 0;
    dead.i = static_cast<int64_t>(Why::Dead);
    lowest.f = -std::numeric_limits<double>::infinity();
    std::optional<ElementKind> scoreKind =
        getElementKind(op.getScores().getType());
    if (!scoreKind || !isFloat(*scoreKind))
      return makeError(*op, "the scores are not floats");
    if (llvm::Error error = make(tokens, ElementKind::I32,
                                 {numRows, numBest, rules.maxNew}, pad))
      return error;
    if (llvm::Error error =
            make(lengths, ElementKind::I32, {numRows, numBest}, zero))
      return error;
    if (llvm::Error error =
            make(scores, *scoreKind, {numRows, numBest}, lowest))
      return error;
    return make(why, ElementKind::I8, {numRows, numBest}, dead);
  }

  /// Hands out the hypotheses to be scored instead of searched for.
  llvm::Error readReplay() {
    const std::optional<Replay> &replay = interpreter.getReplay();
    if (!replay)
      return llvm::Error::success();
    interpreter.getMutableReplayGaps().clear();
    const Tensor &given = replay->tokens;
    if (given.getRank() != 3 || given.isFloat() || replay->lengths.isFloat() ||
        given.getDim(0) != numRows || given.getDim(1) != numBest ||
        replay->lengths.getShape() != given.getShape().drop_back())
      return makeError(*op, "the replay has tokens of shape " +
                                toString(given.getShape()) +
                                " and lengths of shape " +
                                toString(replay->lengths.getShape()) + " for " +
                                llvm::Twine(numRows) + " rows and n_best " +
                                llvm::Twine(numBest));
    for (int64_t row = 0; row < numRows; ++row) {
      std::vector<std::vector<int32_t>> sequences;
      for (int64_t best = 0; best < numBest; ++best) {
        int64_t place = row * numBest + best,
                length = replay->lengths.ints()[place];
        if (length < 0 || length > std::min(given.getDim(2), rules.maxNew))
          return makeError(*op, "the replay has length " + llvm::Twine(length) +
                                    " where at most " +
                                    llvm::Twine(rules.maxNew) +
                                    " tokens are generated");
        llvm::ArrayRef<int64_t> ids =
            given.ints().slice(place * given.getDim(2), length);
        sequences.emplace_back(ids.begin(), ids.end());
      }
      searches[row].setReplay(std::move(sequences));
    }
    return llvm::Error::success();
  }

  /// Number of prefix tokens of a row.
  int64_t getPrefixLength(int64_t row) const {
    return prefix ? prefixLengths->ints()[row] : 0;
  }

  /// Entries of dimension 0 in the order of `lanes`.
  llvm::Expected<Tensor> gather(const Tensor &source,
                                llvm::ArrayRef<int64_t> lanes) {
    Shape shape(source.getShape());
    int64_t size = countElements(source.getShape().drop_front()).value_or(0);
    shape[0] = static_cast<int64_t>(lanes.size());
    llvm::Expected<Tensor> result =
        interpreter.allocate(*op, source.getKind(), shape);
    if (!result)
      return result;
    Scalar *target = result->mutableData();
    for (int64_t lane : lanes)
      target = std::copy_n(source.data() + lane * size, size, target);
    return result;
  }

  /// Runs the region on all live hypotheses and advances their rows; false when
  /// none is left.
  llvm::Expected<bool> runStep(int64_t step) {
    llvm::SmallVector<int64_t> ids, laneRows, parents;
    for (int64_t row = 0; row < numRows; ++row)
      for (const Hypothesis &hypothesis : searches[row].getLive()) {
        ids.push_back(hypothesis.last);
        laneRows.push_back(row);
        parents.push_back(hypothesis.lane);
      }
    int64_t lanes = static_cast<int64_t>(ids.size());
    if (lanes == 0)
      return false;
    Results arguments{Tensor::ofInts(ElementKind::I32, {lanes}, ids),
                      Tensor::ofInts(ElementKind::I32, {lanes}, laneRows),
                      Tensor::ofIndex(step)};
    for (const Tensor &state : states) {
      llvm::Expected<Tensor> gathered = gather(state, parents);
      if (!gathered)
        return gathered.takeError();
      arguments.push_back(std::move(*gathered));
    }
    llvm::Expected<Results> yielded =
        interpreter.runBlock(op.getStep().front(), std::move(arguments));
    if (!yielded)
      return yielded.takeError();
    if (llvm::Error error = checkYielded(*yielded, lanes))
      return error;
    const Tensor &logits = yielded->front();
    for (auto [number, state] : llvm::enumerate(states))
      state = (*yielded)[1 + number];
    traces.emplace_back(yielded->begin() + 1 +
                            static_cast<int64_t>(states.size()),
                        yielded->end());
    if (llvm::Error error = advanceRows(step, logits))
      return error;
    return true;
  }

  /// Fails unless the region gave what the search needs.
  llvm::Error checkYielded(llvm::ArrayRef<Tensor> yielded, int64_t lanes) {
    if (yielded.size() != 1 + states.size() + op.getTraces().size())
      return makeError(
          *op, "the step yields " + llvm::Twine(yielded.size()) +
                   " values, required " +
                   llvm::Twine(1 + states.size() + op.getTraces().size()));
    if (yielded.front().getRank() != 2 || !yielded.front().isFloat())
      return makeError(*op, "the logits have shape " +
                                toString(yielded.front().getShape()) +
                                ", required rank 2");
    for (const Tensor &value : yielded)
      if (value.getRank() == 0 || value.getDim(0) != lanes)
        return makeError(*op, "the step yields shape " +
                                  toString(value.getShape()) + " for " +
                                  llvm::Twine(lanes) + " lanes");
    return llvm::Error::success();
  }

  /// Tells every row what its lanes gave.
  llvm::Error advanceRows(int64_t step, const Tensor &logits) {
    int64_t vocabulary = logits.getDim(1), lane = 0;
    for (int64_t row = 0; row < numRows; ++row) {
      RowSearch &search = searches[row];
      llvm::SmallVector<StepLogits> steps;
      for (size_t beam = 0; beam < search.getLive().size(); ++beam, ++lane)
        steps.push_back(
            {logits.floats().slice(lane * vocabulary, vocabulary), step, lane});
      if (steps.empty())
        continue;
      if (step < getPrefixLength(row)) {
        int64_t token = prefix->ints()[row * prefix->getDim(1) + step];
        if (llvm::Error error = checkToken(token, vocabulary))
          return error;
        search.force(static_cast<int32_t>(token), steps.front().lane);
        continue;
      }
      if (const std::optional<Replay> &replay = interpreter.getReplay()) {
        int64_t width = replay->tokens.getDim(2),
                number = step - getPrefixLength(row);
        for (int64_t best = 0; best < numBest; ++best) {
          int64_t place = row * numBest + best;
          if (number < replay->lengths.ints()[place])
            if (llvm::Error error = checkToken(
                    replay->tokens.ints()[place * width + number], vocabulary))
              return error;
        }
      }
      search.advance(steps);
    }
    return llvm::Error::success();
  }

  /// Fails unless a token is in the vocabulary.
  llvm::Error checkToken(int64_t token, int64_t vocabulary) {
    if (token >= 0 && token < vocabulary)
      return llvm::Error::success();
    return makeError(*op, "token " + llvm::Twine(token) + " is outside [0, " +
                              llvm::Twine(vocabulary) + ")");
  }

  /// The results of all rows.
  llvm::Expected<Results> collect() {
    int64_t *toTokens = tokens.mutableInts().data(),
            *toLengths = lengths.mutableInts().data();
    int64_t *toWhy = why.mutableInts().data();
    double *toScores = scores.mutableFloats().data();
    for (int64_t row = 0; row < numRows; ++row) {
      if (searches[row].hasFailed()) {
        std::fill_n(toScores + row * numBest, numBest,
                    std::numeric_limits<double>::quiet_NaN());
        std::fill_n(toWhy + row * numBest, numBest,
                    static_cast<int64_t>(Why::Failed));
        continue;
      }
      llvm::ArrayRef<Hypothesis> pool = searches[row].getPool();
      for (auto [best, hypothesis] :
           llvm::enumerate(pool.take_front(numBest))) {
        if (hypothesis.tokens.empty())
          continue;
        int64_t place = row * numBest + static_cast<int64_t>(best);
        llvm::copy(hypothesis.tokens, toTokens + place * rules.maxNew);
        toLengths[place] = static_cast<int64_t>(hypothesis.tokens.size());
        toScores[place] = hypothesis.score;
        toWhy[place] = static_cast<int64_t>(hypothesis.why);
        if (interpreter.getReplay())
          interpreter.getMutableReplayGaps().push_back(
              {row, static_cast<int64_t>(best), searches[row].getGaps()[best]});
      }
    }
    Results results{std::move(tokens), std::move(lengths), std::move(scores),
                    std::move(why)};
    for (size_t number = 0; number < op.getTraces().size(); ++number) {
      llvm::Expected<Tensor> trace = collectTrace(number);
      if (!trace)
        return trace.takeError();
      results.push_back(std::move(*trace));
    }
    return results;
  }

  /// The result of one trace.
  llvm::Expected<Tensor> collectTrace(size_t number) {
    Type type = op.getTraces()[number].getType();
    std::optional<ElementKind> kind = getElementKind(type);
    if (!kind)
      return makeError(*op, "unsupported element type");
    Shape shape = resolveShape(type, {numRows, numBest, rules.maxNew});
    Shape entry;
    if (!traces.empty()) {
      entry = Shape(traces.front()[number].getShape().drop_front());
      shape = {numRows, numBest, rules.maxNew};
      llvm::append_range(shape, entry);
    }
    for (const auto &step : traces)
      if (llvm::Error error =
              checkShape(*op, step[number].getShape().drop_front(), entry,
                         "an entry of trace " + llvm::Twine(number)))
        return error;
    llvm::Expected<Tensor> result = interpreter.allocate(*op, *kind, shape);
    if (!result)
      return result;
    int64_t size = countElements(entry).value_or(0);
    Scalar *target = result->mutableData();
    for (int64_t row = 0; row < numRows; ++row)
      for (auto [best, hypothesis] :
           llvm::enumerate(searches[row].getPool().take_front(numBest))) {
        int64_t place =
            (row * numBest + static_cast<int64_t>(best)) * rules.maxNew;
        for (auto [index, origin] : llvm::enumerate(hypothesis.origins))
          std::copy_n(traces[origin.step][number].data() + origin.lane * size,
                      size,
                      target + (place + static_cast<int64_t>(index)) * size);
      }
    return result;
  }

  Interpreter &interpreter;
  seq::GenerateOp op;
  OperandValues values;
  const Tensor &start;
  const Tensor *prefix, *prefixLengths;
  llvm::SmallVector<Tensor> states;
  int64_t numRows, numBest;
  SearchRules rules;
  std::vector<RowSearch> searches;
  /// What every step yielded for every trace.
  std::vector<std::vector<Tensor>> traces;
  Tensor tokens, lengths, scores, why;
};

} // namespace

static llvm::Expected<Results>
evaluateGenerate(Interpreter &interpreter, Operation &op,
                 llvm::MutableArrayRef<Tensor> operands) {
  return GenerateEvaluation(interpreter, cast<seq::GenerateOp>(op), operands)
      .run();
}

/// `seq.option`: what the caller chose.
static llvm::Expected<Results>
evaluateOption(Interpreter &interpreter, Operation &op,
               llvm::MutableArrayRef<Tensor> operands) {
  const CallOptions &options = interpreter.getCallOptions();
  auto real = [&](const std::optional<double> &chosen, ElementKind kind) {
    return Results{chosen ? Tensor::ofFloat(kind, *chosen) : operands[0]};
  };
  auto integer = [&](std::optional<int64_t> chosen, ElementKind kind) {
    return Results{chosen ? Tensor::ofInt(kind, *chosen) : operands[0]};
  };
  switch (cast<seq::OptionOp>(op).getName()) {
  case seq::CallOption::MaxNew:
    return integer(options.maxNew, ElementKind::Index);
  case seq::CallOption::LengthPenalty:
    return real(options.lengthPenalty, ElementKind::F64);
  case seq::CallOption::Temperature:
    return real(options.temperature, ElementKind::F32);
  case seq::CallOption::TopP:
    return real(options.topP, ElementKind::F32);
  case seq::CallOption::TopK:
    return integer(options.topK, ElementKind::Index);
  case seq::CallOption::Seed:
    return integer(options.seed, ElementKind::I64);
  case seq::CallOption::FirstRow:
    return integer(options.firstRow, ElementKind::I64);
  }
  return makeError(op, "unknown option");
}

void addGenerateHandlers(HandlerTable &table) {
  table["seq.option"] = evaluateOption;
  table["seq.generate"] = evaluateGenerate;
}

} // namespace seqc::reference
