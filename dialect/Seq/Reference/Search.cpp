//===- Search.cpp - The search of one row ---------------------------------===//

#include "dialect/Seq/Reference/Search.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace seqc::reference {

static constexpr double lowest = -std::numeric_limits<double>::infinity();

double SearchRules::getNorm(int64_t count) const {
  return static_cast<float>(
      std::pow(static_cast<double>(count), lengthPenalty));
}

bool SearchRules::isEnd(int64_t token) const {
  return llvm::is_contained(ends, static_cast<int32_t>(token));
}

std::array<uint32_t, 4> getPhilox(std::array<uint32_t, 4> counter,
                                  std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t(0xD2511F53) * counter[0],
             second = uint64_t(0xCD9E8D57) * counter[2];
    counter = {uint32_t(second >> 32) ^ counter[1] ^ key[0], uint32_t(second),
               uint32_t(first >> 32) ^ counter[3] ^ key[1], uint32_t(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

double getUniform(uint64_t seed, uint64_t row, int64_t index) {
  std::array<uint32_t, 4> words =
      getPhilox({uint32_t(index), uint32_t(row), uint32_t(row >> 32), 0},
                {uint32_t(seed), uint32_t(seed >> 32)});
  return std::ldexp(static_cast<double>(words[0] >> 8), -24);
}

std::vector<double> getLogProbabilities(llvm::ArrayRef<double> logits) {
  double greatest = lowest, total = 0.0;
  for (double logit : logits)
    greatest = logit > greatest ? logit : greatest;
  for (double logit : logits)
    total += std::exp(logit - greatest);
  std::vector<double> result;
  result.reserve(logits.size());
  for (double logit : logits)
    result.push_back((logit - greatest) - std::log(total));
  return result;
}

RowSearch::RowSearch(const SearchRules &rules, int32_t start, int64_t row)
    : rules(rules), row(row) {
  Hypothesis empty;
  empty.last = start;
  empty.lane = row;
  live.push_back(std::move(empty));
}

void RowSearch::setReplay(std::vector<std::vector<int32_t>> sequences) {
  replay = std::move(sequences);
  gaps.assign(replay.size(), 0.0);
  pool.assign(replay.size(), Hypothesis());
  isReplay = true;
  if (llvm::all_of(replay, [](const auto &tokens) { return tokens.empty(); }))
    live.clear();
}

void RowSearch::force(int32_t token, int64_t lane) {
  live.front().last = token;
  live.front().lane = lane;
}

Hypothesis RowSearch::extend(const Candidate &candidate,
                             llvm::ArrayRef<StepLogits> steps) const {
  Hypothesis next = live[candidate.beam];
  const StepLogits &step = steps[candidate.beam];
  next.score = candidate.score;
  next.tokens.push_back(candidate.token);
  next.origins.push_back({step.step, step.lane});
  next.last = candidate.token;
  next.lane = step.lane;
  return next;
}

void RowSearch::advance(llvm::ArrayRef<StepLogits> steps) {
  ++count;
  for (const StepLogits &step : steps)
    for (double logit : step.logits)
      failed |= std::isnan(logit) || logit == -lowest;
  if (failed) {
    live.clear();
    pool.clear();
    return;
  }
  if (isReplay)
    advanceReplay(steps);
  else if (rules.kind == SearchKind::Beam)
    advanceBeam(steps);
  else
    advanceSingle(steps);
}

void RowSearch::finish(Hypothesis hypothesis, Why why) {
  hypothesis.score /= rules.getNorm(count);
  hypothesis.why = why;
  bool isFull = static_cast<int64_t>(pool.size()) == rules.width;
  if (isFull && !(hypothesis.score > pool.back().score))
    return;
  auto place = llvm::find_if(pool, [&](const Hypothesis &entry) {
    return entry.score < hypothesis.score;
  });
  pool.insert(place, std::move(hypothesis));
  if (isFull)
    pool.pop_back();
}

int64_t RowSearch::chooseGreedily(llvm::ArrayRef<double> logits) const {
  int64_t best = -1;
  for (int64_t token = 0; token < static_cast<int64_t>(logits.size());
       ++token) {
    if (rules.isEnd(token) && count <= rules.minNew)
      continue;
    if (best < 0 ? logits[token] > lowest : logits[token] > logits[best])
      best = token;
  }
  return best;
}

int64_t RowSearch::draw(llvm::ArrayRef<double> logits) const {
  std::vector<int64_t> ranked;
  for (int64_t token = 0; token < static_cast<int64_t>(logits.size()); ++token)
    if (logits[token] > lowest && (count > rules.minNew || !rules.isEnd(token)))
      ranked.push_back(token);
  if (ranked.empty())
    return -1;
  llvm::sort(ranked, [&](int64_t a, int64_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  double greatest = logits[ranked.front()];
  if (rules.topK > 0 && rules.topK < static_cast<int64_t>(ranked.size()))
    ranked.resize(rules.topK);
  auto weigh = [&](int64_t token) {
    return std::exp((logits[token] - greatest) / rules.temperature);
  };
  auto sum = [&](llvm::ArrayRef<int64_t> tokens) {
    double total = 0.0;
    for (int64_t token : tokens)
      total += weigh(token);
    return total;
  };
  auto rise = [](std::vector<int64_t> tokens) {
    llvm::sort(tokens);
    return tokens;
  };
  if (rules.topP < 1.0) {
    double bar = rules.topP * sum(rise(ranked)), before = 0.0;
    size_t kept = 0;
    do
      before += weigh(ranked[kept++]);
    while (kept < ranked.size() && before < bar);
    ranked.resize(kept);
  }
  std::vector<int64_t> kept = rise(ranked);
  double bar =
             getUniform(rules.seed, rules.firstRow + static_cast<uint64_t>(row),
                        count - 1) *
             sum(kept),
         upTo = 0.0;
  for (int64_t token : kept) {
    upTo += weigh(token);
    if (upTo > bar)
      return token;
  }
  return -1;
}

void RowSearch::advanceSingle(llvm::ArrayRef<StepLogits> steps) {
  llvm::ArrayRef<double> logits = steps.front().logits;
  bool isGreedy = rules.kind == SearchKind::Greedy || rules.temperature == 0.0;
  int64_t best = isGreedy ? chooseGreedily(logits) : draw(logits);
  double gain = best < 0 ? lowest : getLogProbabilities(logits)[best];
  if (!(gain > lowest)) {
    live.clear();
    return;
  }
  Hypothesis next =
      extend({live.front().score + gain, 0, static_cast<int32_t>(best)}, steps);
  live.clear();
  if (rules.isEnd(best))
    finish(std::move(next), Why::End);
  else if (count == rules.maxNew)
    finish(std::move(next), Why::Length);
  else
    live.push_back(std::move(next));
}

void RowSearch::advanceBeam(llvm::ArrayRef<StepLogits> steps) {
  std::vector<Candidate> candidates;
  for (auto [beam, step] : llvm::enumerate(steps)) {
    std::vector<double> gains = getLogProbabilities(step.logits);
    for (int64_t token = 0; token < static_cast<int64_t>(gains.size());
         ++token) {
      double score = live[beam].score + gains[token];
      if (score > lowest && (count > rules.minNew || !rules.isEnd(token)))
        candidates.push_back(
            {score, static_cast<int64_t>(beam), static_cast<int32_t>(token)});
    }
  }
  // Enough of the order to find the best `width` of all and of those that do
  // not end.
  size_t needed = std::min(candidates.size(),
                           rules.width + steps.size() * rules.ends.size());
  std::partial_sort(
      candidates.begin(), candidates.begin() + needed, candidates.end(),
      [](const Candidate &a, const Candidate &b) {
        if (a.score != b.score)
          return a.score > b.score;
        return std::tie(a.beam, a.token) < std::tie(b.beam, b.token);
      });
  candidates.resize(needed);
  std::vector<Hypothesis> next;
  for (auto [rank, candidate] : llvm::enumerate(candidates)) {
    bool ends = rules.isEnd(candidate.token);
    if (static_cast<int64_t>(rank) < rules.width &&
        (ends || count == rules.maxNew))
      finish(extend(candidate, steps), ends ? Why::End : Why::Length);
    if (!ends && static_cast<int64_t>(next.size()) < rules.width)
      next.push_back(extend(candidate, steps));
  }
  live = std::move(next);
  if (count == rules.maxNew || (!live.empty() && shouldStop()))
    live.clear();
}

bool RowSearch::shouldStop() const {
  if (static_cast<int64_t>(pool.size()) < rules.width)
    return false;
  if (rules.stop == StopRule::First)
    return true;
  bool looksAhead = rules.stop == StopRule::Exact && rules.lengthPenalty > 0.0;
  double best =
      live.front().score / rules.getNorm(looksAhead ? rules.maxNew : count);
  return best <= pool.back().score;
}

void RowSearch::advanceReplay(llvm::ArrayRef<StepLogits> steps) {
  std::vector<std::vector<double>> gains;
  for (const StepLogits &step : steps)
    gains.push_back(getLogProbabilities(step.logits));
  std::vector<Hypothesis> next;
  // The first token of all sequences continues the one empty hypothesis.
  bool isFirst = count == 1;
  for (size_t entry = 0; entry < (isFirst ? replay.size() : live.size());
       ++entry) {
    int64_t beam = isFirst ? 0 : static_cast<int64_t>(entry);
    int64_t number = isFirst ? static_cast<int64_t>(entry) : live[entry].number;
    if (replay[number].empty())
      continue;
    int32_t token = replay[number][count - 1];
    double best = lowest;
    for (int64_t other = 0; other < static_cast<int64_t>(gains[beam].size());
         ++other)
      if ((count > rules.minNew || !rules.isEnd(other)) &&
          gains[beam][other] > best)
        best = gains[beam][other];
    double gain = gains[beam][token];
    gaps[number] = std::max(gaps[number], best - gain);
    Hypothesis extended = extend({live[beam].score + gain, beam, token}, steps);
    extended.number = number;
    if (count == static_cast<int64_t>(replay[number].size())) {
      extended.score /= rules.getNorm(count);
      extended.why = rules.isEnd(token) ? Why::End : Why::Length;
      pool[number] = std::move(extended);
    } else {
      next.push_back(std::move(extended));
    }
  }
  live = std::move(next);
}

} // namespace seqc::reference
