//===- WeightReader.cpp - Weights that layers ask for ---------------------===//

#include "frontends/YAML/WeightReader.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;

namespace seqc::yaml {

bool WeightReader::has(StringRef name) const {
  return !file || file->lookup(name);
}

std::optional<SmallVector<int64_t, 4>>
WeightReader::getShape(StringRef name, bool optional) const {
  if (isListing())
    note(name, "", optional);
  const TensorEntry *entry = file ? file->lookup(name) : nullptr;
  return entry ? std::optional(entry->shape) : std::nullopt;
}

void WeightReader::note(StringRef name, std::string shape,
                        bool optional) const {
  if (asked.insert(name).second)
    needed->push_back({name.str(), std::move(shape), optional});
}

const TensorEntry *WeightReader::check(StringRef name, ArrayRef<int64_t> shape,
                                       const WeightUser &user) {
  if (isListing())
    note(name, formatShape(shape));
  if (!file)
    return nullptr;
  asked.insert(name);
  auto fail = [&](const char *format, const auto &...args) {
    if (reported.insert(name).second)
      reporter.error(user.position, "{0}: weight '{1}' {2}", user.subject, name,
                     formatv(format, storedName, args...).str());
    return nullptr;
  };
  const TensorEntry *entry = file->lookup(name);
  if (!entry) {
    std::string hint;
    if (std::optional<StringRef> nearest = file->findNearest(name))
      hint = formatv("; the nearest name there is '{0}' of shape {1}", *nearest,
                     formatShape(file->lookup(*nearest)->shape));
    return fail("is not in '{0}'; required are floats of shape {1}{2}",
                formatShape(shape), hint);
  }
  if (ArrayRef<int64_t>(entry->shape) != shape)
    return fail("in '{0}' has shape {1}; required is {2}",
                formatShape(entry->shape), formatShape(shape));
  if (!frontend::isFloat(entry->dtype))
    return fail("in '{0}' is stored as {1}; required is F32, F16, BF16 or F64",
                getDTypeName(entry->dtype));
  return entry;
}

Tensor WeightReader::get(StringRef name, ArrayRef<int64_t> shape,
                         const WeightUser &user) {
  return getRows(name, shape, 0, shape.empty() ? 1 : shape.front(), user);
}

Tensor WeightReader::getRows(StringRef name, ArrayRef<int64_t> shape,
                             int64_t begin, int64_t rows,
                             const WeightUser &user) {
  bool whole = shape.empty() || rows == shape.front();
  std::string label =
      whole ? name.str()
            : formatv("{0}[{1}:{2}]", name, begin, begin + rows).str();
  const TensorEntry *entry = check(name, shape, user);
  std::string key = label + formatShape(shape);
  if (Value value = values.lookup(key))
    return {value, DataType::Float};

  OpBuilder builder(&reporter.getContext());
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(block);
  Location loc = reporter.getLocation(user.position);
  SmallVector<int64_t> part(shape);
  if (!part.empty())
    part.front() = rows;
  auto type = RankedTensorType::get(part, builder.getF32Type());
  Value value;
  if (entry) {
    int64_t rowBytes =
        shape.empty() || shape.front() == 0 ? 0 : entry->size / shape.front();
    std::string hash = hashBytes(file->getData(*entry).slice(
        begin * rowBytes, whole ? entry->size : rows * rowBytes));
    mlir::TypeAttr stored;
    if (entry->dtype != DataType::Float)
      stored = mlir::TypeAttr::get(
          frontend::getStorage(builder.getContext(), entry->dtype));
    value =
        seq::WeightOp::create(builder, loc, type, label, storedName,
                              entry->offset + begin * rowBytes, hash, stored);
  } else {
    // Nothing computes with it: an error was reported, or the weights are
    // only listed.
    value =
        mlir::tensor::EmptyOp::create(builder, loc, part, builder.getF32Type());
  }
  last = value.getDefiningOp();
  values[key] = value;
  return {value, DataType::Float};
}

void WeightReader::reportUnused(Position position) {
  if (!file)
    return;
  SmallVector<std::string> unused;
  for (const TensorEntry &entry : file->getEntries())
    if (!asked.contains(entry.name))
      unused.push_back("'" + entry.name + "'");
  if (unused.empty())
    return;
  size_t count = unused.size();
  if (count > 8) {
    unused.resize(8);
    unused.push_back("…");
  }
  reporter.warn(position, Twine(count) + " of the tensors in '" + storedName +
                              "' are used by no layer: " + join(unused, ", "));
}

} // namespace seqc::yaml
