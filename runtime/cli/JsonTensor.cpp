//===- JsonTensor.cpp - Numbers as text ----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

using namespace seqc::cli;
using namespace seqc::rt;
using nlohmann::json;

namespace {

/// A number that keeps whether it is an integer.
struct Number {
  bool integral;
  int64_t integer;
  double real;
};

/// Values in row-major order, with their shape.
struct NumberArray {
  std::vector<int64_t> shape;
  std::vector<Number> numbers;
};

Number makeInteger(int64_t value) { return {true, value, double(value)}; }
Number makeReal(double value) { return {false, 0, value}; }

/// Collects nested arrays. All of one level must have one length.
Status flatten(const json &value, size_t depth, NumberArray &out) {
  if (value.is_array()) {
    if (depth >= SEQC_MAX_RANK)
      return invalid("arrays nested deeper than " +
                     std::to_string(SEQC_MAX_RANK) + " levels");
    auto extent = int64_t(value.size());
    if (out.shape.size() == depth) {
      if (!out.numbers.empty())
        return invalid("numbers and arrays are mixed");
      out.shape.push_back(extent);
    } else if (out.shape[depth] != extent) {
      return invalid("arrays of one level have " +
                     std::to_string(out.shape[depth]) + " and " +
                     std::to_string(extent) + " elements");
    }
    for (const json &element : value)
      if (Status status = flatten(element, depth + 1, out); !status.ok())
        return status;
    return {};
  }
  if (depth != out.shape.size())
    return invalid("numbers and arrays are mixed");
  if (value.is_boolean())
    out.numbers.push_back(makeInteger(value.get<bool>()));
  else if (value.is_number_unsigned() &&
           value.get<uint64_t>() > uint64_t(INT64_MAX))
    out.numbers.push_back(makeReal(value.get<double>()));
  else if (value.is_number_integer())
    out.numbers.push_back(makeInteger(value.get<int64_t>()));
  else if (value.is_number())
    out.numbers.push_back(makeReal(value.get<double>()));
  else if (value == "nan" || value == "inf" || value == "-inf")
    out.numbers.push_back(makeReal(value == "nan"   ? NAN
                                   : value == "inf" ? INFINITY
                                                    : -INFINITY));
  else
    return invalid("found " + std::string(value.type_name()) +
                   " where a number is required");
  return {};
}

/// Makes a tensor of the numbers.
Result<TensorRef> makeTensor(const NumberArray &array, seqc_dtype_t dtype) {
  if (dtype == SEQC_DTYPE_NONE) {
    bool integral = std::all_of(array.numbers.begin(), array.numbers.end(),
                                [](const Number &n) { return n.integral; });
    dtype = integral && !array.numbers.empty() ? SEQC_I64 : SEQC_F32;
  }
  Result<TensorRef> tensor =
      createTensor(dtype, int32_t(array.shape.size()), array.shape.data());
  if (!tensor)
    return tensor;
  for (size_t i = 0; i < array.numbers.size(); ++i) {
    const Number &number = array.numbers[i];
    bool stored = number.integral
                      ? setInteger(*tensor->get(), int64_t(i), number.integer)
                      : setNumber(*tensor->get(), int64_t(i), number.real);
    if (!stored) {
      char text[40];
      auto end = number.integral
                     ? std::to_chars(text, text + sizeof text, number.integer)
                     : std::to_chars(text, text + sizeof text, number.real);
      return invalid("element " + std::to_string(i) + " is " +
                     std::string(text, end.ptr) + ", which " +
                     seqc_dtype_name(dtype) + " cannot hold");
    }
  }
  return tensor;
}

/// Parses one number, also `nan`, `inf`, `true`.
bool parseNumber(std::string_view word, Number &number) {
  if (word == "true" || word == "false") {
    number = makeInteger(word == "true");
    return true;
  }
  if (!word.empty() && word.front() == '+')
    word.remove_prefix(1);
  const char *end = word.data() + word.size();
  int64_t integer;
  auto whole = std::from_chars(word.data(), end, integer);
  if (whole.ec == std::errc() && whole.ptr == end) {
    number = makeInteger(integer);
    return true;
  }
  double real;
  auto part = std::from_chars(word.data(), end, real);
  if (part.ptr != end || part.ec == std::errc::invalid_argument)
    return false;
  if (part.ec == std::errc::result_out_of_range)
    real = word.find("e-") == word.npos ? INFINITY : 0;
  number = makeReal(real);
  return true;
}

/// Where `text` stops being JSON.
std::string describeProblem(std::string_view text) {
  try {
    json parsed = json::parse(text.begin(), text.end());
  } catch (const json::parse_error &error) {
    size_t at = std::min(error.byte, text.size() + 1);
    if (at > text.size())
      return "it ends too early";
    return "unexpected '" + std::string(1, text[at ? at - 1 : 0]) +
           "' at byte " + std::to_string(at);
  } catch (const json::exception &) {
    return "a number is out of range";
  }
  return "it cannot be read";
}

bool isSeparator(char c) {
  return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '\r';
}

} // namespace

Result<TensorRef> seqc::cli::parseJson(std::string_view text,
                                       seqc_dtype_t dtype) {
  bool tooDeep = false;
  auto limitDepth = [&](int depth, json::parse_event_t, json &) {
    tooDeep |= depth > SEQC_MAX_RANK + 1;
    return !tooDeep;
  };
  json value = json::parse(text.begin(), text.end(), limitDepth, false);
  if (tooDeep)
    return invalid("JSON is nested too deeply for a tensor");
  if (value.is_discarded())
    return invalid("not valid JSON: " + describeProblem(text));
  NumberArray array;
  if (Status status = flatten(value, 0, array); !status.ok())
    return status;
  return makeTensor(array, dtype);
}

Result<TensorRef> seqc::cli::parseText(std::string_view text,
                                       seqc_dtype_t dtype) {
  NumberArray array;
  int64_t rows = 0, columns = -1;
  size_t line = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    int64_t found = 0;
    bool wanted = true;
    while (!row.empty()) {
      if (isSeparator(row.front())) {
        if (row.front() == ',' || row.front() == ';') {
          if (wanted)
            return invalid("line " + std::to_string(line) +
                           ": there is no number before '" + row.front() + "'");
          wanted = true;
        }
        row.remove_prefix(1);
        continue;
      }
      wanted = false;
      size_t length = size_t(std::find_if(row.begin(), row.end(), isSeparator) -
                             row.begin());
      Number number;
      if (!parseNumber(row.substr(0, length), number))
        return invalid(
            "line " + std::to_string(line) + ": '" +
            std::string(row.substr(0, std::min<size_t>(length, 40))) +
            "' is no number");
      array.numbers.push_back(number);
      row.remove_prefix(length);
      ++found;
    }
    if (found == 0)
      continue;
    if (columns >= 0 && found != columns)
      return invalid(
          "line " + std::to_string(line) + " has " + std::to_string(found) +
          " numbers; the lines before have " + std::to_string(columns));
    columns = found;
    ++rows;
  }
  if (rows == 0)
    return invalid("no numbers found");
  if (rows == 1)
    array.shape = {columns};
  else if (columns == 1)
    array.shape = {rows};
  else
    array.shape = {rows, columns};
  return makeTensor(array, dtype);
}

std::string seqc::cli::formatElement(const seqc_tensor_t &tensor,
                                     int64_t index) {
  char text[64];
  std::to_chars_result end{};
  if (tensor.dtype == SEQC_I1)
    return integerAt(tensor, index) ? "true" : "false";
  if (tensor.dtype == SEQC_U64) {
    uint64_t value;
    std::memcpy(&value, static_cast<const char *>(tensor.data) + 8 * index, 8);
    end = std::to_chars(text, text + sizeof text, value);
  } else if (isInteger(tensor.dtype)) {
    end = std::to_chars(text, text + sizeof text, integerAt(tensor, index));
  } else {
    double value = numberAt(tensor, index);
    if (std::isnan(value))
      return "nan";
    if (std::isinf(value))
      return value > 0 ? "inf" : "-inf";
    end = tensor.dtype == SEQC_F64
              ? std::to_chars(text, text + sizeof text, value)
              : std::to_chars(text, text + sizeof text, float(value));
  }
  return std::string(text, end.ptr);
}

/// Appends dimension `axis` from element `index` on, as nested arrays.
static void appendJson(const seqc_tensor_t &tensor, int32_t axis,
                       int64_t &index, std::string &out) {
  if (axis == tensor.rank) {
    std::string element = formatElement(tensor, index);
    bool quoted =
        isFloat(tensor.dtype) && !std::isfinite(numberAt(tensor, index));
    out += quoted ? "\"" + element + "\"" : element;
    ++index;
    return;
  }
  out += '[';
  for (int64_t i = 0; i < tensor.shape[axis]; ++i) {
    if (i)
      out += axis + 1 == tensor.rank ? "," : ",\n";
    appendJson(tensor, axis + 1, index, out);
  }
  out += ']';
}

std::string seqc::cli::formatJson(const seqc_tensor_t &tensor) {
  std::string out;
  int64_t index = 0;
  appendJson(tensor, 0, index, out);
  return out + "\n";
}

std::string seqc::cli::formatText(const seqc_tensor_t &tensor) {
  std::string out;
  int64_t columns = tensor.rank == 0 ? 1 : tensor.shape[tensor.rank - 1];
  int64_t count = seqc_tensor_num_elements(&tensor);
  for (int64_t i = 0; i < count; ++i)
    out += formatElement(tensor, i) + ((i + 1) % columns ? " " : "\n");
  return out;
}
