//===- Decoder.cpp - A table as a decoder ---------------------------------===//

#include "Decoder.h"

#include <cmath>

namespace seqc::reference {

Program Decoder::build() const {
  std::string v = std::to_string(vocabulary), c = std::to_string(contexts);
  std::string n = std::to_string(numBest);
  std::string table = "tensor<?x" + c + "x" + v + "xf32>",
              logits = "tensor<?x" + v + "xf32>";
  std::string results = "tensor<?x" + n + "x?xi32>, tensor<?x" + n +
                        "xi32>, tensor<?x" + n + "xf32>, tensor<?x" + n +
                        "xi8>";
  std::string traces =
      "tensor<?x" + n + "x?xi32>, tensor<?x" + n + "x?x" + v + "xf32>";
  std::string prefixArguments, prefixClauses;
  if (hasPrefix) {
    prefixArguments = ", %p: tensor<?x?xi32>, %pl: tensor<?xi32>";
    prefixClauses =
        " prefix(%p : tensor<?x?xi32>) prefix_lengths(%pl : tensor<?xi32>)";
  }
  return Program(
      "func.func @main(%table: " + table +
      ", %start: tensor<?xi32>, %max: index, "
      "%c0s: tensor<?xi32>" +
      prefixArguments + ") -> (" + results + ", " + traces +
      ") {\n"
      "  %r:6 = seq.generate " +
      search + " start(%start : tensor<?xi32>) end " + ends +
      " pad -1 max_new(%max)" + prefixClauses + " init(%c0s : tensor<?xi32>)" +
      " attributes {min_new = " + std::to_string(minNew) +
      " : i64} {\n"
      "  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, "
      "%context: tensor<?xi32>):\n"
      "    %c0 = arith.constant 0 : index\n"
      "    %n = tensor.dim %id, %c0 : tensor<?xi32>\n"
      "    %v = arith.constant " +
      v +
      " : i32\n"
      "    %c = arith.constant " +
      c +
      " : i32\n"
      "    %vs = tensor.splat %v[%n] : tensor<?xi32>\n"
      "    %cs = tensor.splat %c[%n] : tensor<?xi32>\n"
      "    %shifted = arith.muli %context, %vs : tensor<?xi32>\n"
      "    %sum = arith.addi %shifted, %id : tensor<?xi32>\n"
      "    %next = arith.remsi %sum, %cs : tensor<?xi32>\n"
      "    %e = tensor.empty(%n) : " +
      logits +
      "\n"
      "    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>,\n"
      "        affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],\n"
      "        iterator_types = [\"parallel\", \"parallel\"]}\n"
      "        ins(%row, %next : tensor<?xi32>, tensor<?xi32>) outs(%e : " +
      logits +
      ") {\n"
      "      ^bb0(%r: i32, %k: i32, %o: f32):\n"
      "        %ri = arith.index_cast %r : i32 to index\n"
      "        %ki = arith.index_cast %k : i32 to index\n"
      "        %j = linalg.index 1 : index\n"
      "        %x = tensor.extract %table[%ri, %ki, %j] : " +
      table +
      "\n"
      "        linalg.yield %x : f32\n"
      "    } -> " +
      logits +
      "\n"
      "    %p32 = arith.index_cast %pos : index to i32\n"
      "    %where = tensor.splat %p32[%n] : tensor<?xi32>\n"
      "    seq.yield %z, %next, %where, %z : " +
      logits + ", tensor<?xi32>, tensor<?xi32>, " + logits +
      "\n"
      "  } -> " +
      results + " traces(" + traces +
      ")\n"
      "  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : " +
      results + ", " + traces + "\n}");
}

llvm::SmallVector<Tensor> Decoder::inputs() const {
  int64_t rows = static_cast<int64_t>(start.size());
  llvm::SmallVector<Tensor> tensors{table, i32({rows}, start),
                                    Tensor::ofIndex(maxNew),
                                    i32({rows}, std::vector<int64_t>(rows, 0))};
  if (hasPrefix) {
    tensors.push_back(prefix);
    tensors.push_back(prefixLengths);
  }
  return tensors;
}

Decoder Decoder::only(int64_t row) const {
  Decoder one = *this;
  int64_t size = contexts * vocabulary;
  one.table =
      f32({1, contexts, vocabulary}, table.floats().slice(row * size, size));
  one.start = {start[row]};
  if (hasPrefix) {
    int64_t width = prefix.getDim(1);
    one.prefix = i32({1, width}, prefix.ints().slice(row * width, width));
    one.prefixLengths = i32({1}, prefixLengths.ints()[row]);
  }
  return one;
}

std::vector<double> Decoder::getLogProbabilities(llvm::ArrayRef<int64_t> read,
                                                 int64_t row) const {
  int64_t context = 0;
  for (int64_t token : read)
    context = (context * vocabulary + token) % contexts;
  double total = 0;
  for (int64_t t = 0; t < vocabulary; ++t)
    total += std::exp(at(table, {row, context, t}));
  std::vector<double> result;
  for (int64_t t = 0; t < vocabulary; ++t)
    result.push_back(at(table, {row, context, t}) - std::log(total));
  return result;
}

std::vector<int64_t> getTokens(llvm::ArrayRef<Tensor> results, int64_t row,
                               int64_t best) {
  int64_t place = row * results[0].getDim(1) + best;
  llvm::ArrayRef<int64_t> all = results[0].ints().slice(
      place * results[0].getDim(2), results[0].getDim(2));
  all = all.take_front(results[1].ints()[place]);
  return {all.begin(), all.end()};
}

std::string beam(int64_t width, int64_t numBest, double penalty,
                 const std::string &stop) {
  return "#seq.beam<width = " + std::to_string(width) +
         ", n_best = " + std::to_string(numBest) +
         ", length_penalty = " + std::to_string(penalty) + ", stop = " + stop +
         ">";
}

} // namespace seqc::reference
