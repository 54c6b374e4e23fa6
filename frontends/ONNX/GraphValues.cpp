//===- GraphValues.cpp - Sequences and alternatives in the IR -------------===//

#include "frontends/ONNX/GraphValues.h"

#include "frontends/Common/Loops.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace seqc::onnx {

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

GraphValue makeSequence(std::vector<Tensor> elements, DataType type) {
  GraphValue value;
  value.kind = GraphValue::Kind::Sequence;
  value.elements = std::move(elements);
  value.elementType = type;
  return value;
}

GraphValue makeRolledSequence(Tensor data, Tensor shapes, int64_t rank) {
  GraphValue value;
  value.kind = GraphValue::Kind::Sequence;
  value.elementType = data.type;
  value.data = data;
  value.shapes = shapes;
  value.rank = rank;
  return value;
}

/// Row of `width` extents of a tensor.
static Tensor makeShapeRow(Emitter &e, Tensor tensor, int64_t width) {
  Scalars s = e.scalars();
  SmallVector<Value> row;
  for (OpFoldResult size : e.extents(tensor))
    row.push_back(s.fromIndex(DataType::Int64, e.toValue(size)));
  while (static_cast<int64_t>(row.size()) < width)
    row.push_back(s.constantInteger(DataType::Int64, -1));
  return e.fromElements(DataType::Int64, {1, width}, row);
}

GraphValue roll(Emitter &e, const GraphValue &sequence, int64_t width) {
  if (sequence.isRolled()) {
    int64_t now = sequence.shapes.getShape()[1];
    if (now >= width)
      return sequence;
    OpFoldResult length = e.extent(sequence.shapes, 0);
    Tensor filled = e.fill(DataType::Int64, {length, e.fixed(width - now)}, -1);
    GraphValue wider = sequence;
    wider.shapes = e.concat({sequence.shapes, filled}, 1);
    return wider;
  }
  DataType type = sequence.elementType;
  std::vector<Tensor> data, rows;
  int64_t rank =
      sequence.elements.empty() ? width : sequence.elements[0].getRank();
  for (Tensor element : sequence.elements) {
    width = std::max(width, element.getRank());
    rank = element.getRank() == rank ? rank : -1;
  }
  for (Tensor element : sequence.elements) {
    data.push_back(e.reshape(element, {e.product(e.extents(element))}));
    rows.push_back(makeShapeRow(e, element, width));
  }
  OpFoldResult none = e.fixed(0);
  Tensor all =
      data.empty() ? Tensor{e.empty({none}, type), type} : e.concat(data, 0);
  Tensor shapes = rows.empty()
                      ? Tensor{e.empty({none, e.fixed(width)}, DataType::Int64),
                               DataType::Int64}
                      : e.concat(rows, 0);
  GraphValue rolled = makeRolledSequence(all, shapes, rank);
  rolled.present = sequence.present;
  return rolled;
}

Value getLength(Emitter &e, const GraphValue &sequence) {
  return sequence.isRolled() ? e.extentValue(sequence.shapes, 0)
                             : e.scalars().index(sequence.elements.size());
}

/// Extent `dim` of a row of shapes; 1 where the tensor has a lower rank.
static Number loadExtent(Emitter &e, Tensor shapes, Number row, int64_t dim) {
  Number size = read(e, shapes, {row, dim}).toIndex();
  return select(size >= 0, size, 1);
}

Value countElementsBefore(Emitter &e, const GraphValue &sequence, Value count) {
  return fold(e, {OpFoldResult(count)}, Number(e, 0),
              [&](ArrayRef<Number> row, Number so) {
                Number size(e, 1);
                for (int64_t d = 0; d < sequence.shapes.getShape()[1]; ++d)
                  size = size * loadExtent(e, sequence.shapes, row[0], d);
                return so + size;
              });
}

Tensor sliceRows(Emitter &e, Tensor tensor, Value from, Value to) {
  return e.sliceDim(tensor, 0, Number(e, from), Number(e, to) - from);
}

Tensor getElement(Emitter &e, const GraphValue &sequence, Value position) {
  Number begin(e, countElementsBefore(e, sequence, position));
  Extents sizes;
  for (int64_t d = 0; d < sequence.rank; ++d)
    sizes.push_back(loadExtent(e, sequence.shapes, Number(e, position), d));
  Number end = begin + e.toValue(e.product(sizes));
  return e.reshape(sliceRows(e, sequence.data, begin, end), sizes);
}

void checkSequence(Emitter &e, const GraphValue &sequence,
                   const std::string &what) {
  Number yes(e, DataType::Bool, 1), no(e, DataType::Bool, 0);
  Number most(e, e.extent(sequence.data, 0));
  auto [sum, isGood] =
      fold(e, {e.extent(sequence.shapes, 0)}, std::tuple(Number(e, 0), yes),
           [&](ArrayRef<Number> row, Number so, Number good) {
             Number ended = no, size(e, 1);
             for (int64_t d = 0; d < sequence.shapes.getShape()[1]; ++d) {
               Number extent = read(e, sequence.shapes, {row[0], d}).toIndex();
               Number isEnd = sequence.rank >= 0 ? no : extent == -1;
               // size * extent <= most, without overflow.
               Number isExtent =
                   (extent >= 0) & !ended & (extent <= most / max(size, 1));
               good = good & (isEnd | isExtent);
               ended = ended | isEnd;
               size = select(isExtent, size * max(extent, 0), size);
             }
             Number next = so + size;
             return std::tuple(min(next, most), good & (next <= most));
           });
  // Braces would be placeholders.
  std::string safe = what;
  for (char &c : safe)
    c = c == '{' || c == '}' ? '_' : c;
  e.require(isGood & (sum == most),
            safe + ": its shapes do not describe its {0} elements", {most});
}

//===----------------------------------------------------------------------===//
// Tensors of unknown rank
//===----------------------------------------------------------------------===//

GraphValue makeUnranked(Tensor data, Tensor shape,
                        std::vector<SmallVector<int64_t>> forms) {
  GraphValue value;
  value.kind = GraphValue::Kind::Unranked;
  value.elementType = data.type;
  value.data = data;
  value.shapes = shape;
  value.forms = std::move(forms);
  return value;
}

GraphValue makeUnranked(Emitter &e, Tensor tensor) {
  Tensor data = e.reshape(tensor, {e.product(e.extents(tensor))});
  Tensor shape = e.reshape(makeShapeRow(e, tensor, kMostSequenceRank),
                           {e.fixed(kMostSequenceRank)});
  return makeUnranked(data, shape, {SmallVector<int64_t>(tensor.getShape())});
}

Value hasRank(Emitter &e, const GraphValue &value, int64_t rank) {
  Number result(e, DataType::Bool, 1);
  auto extent = [&](int64_t i) {
    return read(e, value.shapes, {Number(e, i)}).toIndex();
  };
  if (rank > 0)
    result = extent(rank - 1) >= 0;
  if (rank < kMostSequenceRank)
    result = result & (extent(rank) < 0);
  return result;
}

Tensor getRanked(Emitter &e, const GraphValue &value, size_t i) {
  Extents sizes;
  for (auto [d, size] : llvm::enumerate(value.forms[i]))
    sizes.push_back(ShapedType::isDynamic(size)
                        ? load(e, value.shapes, {Number(e, d)}).toIndex()
                        : Number(e, size));
  return e.reshape(value.data, sizes);
}

void addForm(std::vector<SmallVector<int64_t>> &forms,
             const SmallVector<int64_t> &form) {
  auto at = llvm::lower_bound(forms, form.size(),
                              [](const SmallVector<int64_t> &other,
                                 size_t rank) { return other.size() < rank; });
  if (at == forms.end() || at->size() != form.size()) {
    forms.insert(at, form);
    return;
  }
  for (auto [mine, other] : llvm::zip(*at, form))
    mine = mine == other ? mine : ShapedType::kDynamic;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

SmallVector<Value> getParts(const GraphValue &value) {
  SmallVector<Value> parts;
  if (value.isTensor())
    parts.push_back(value.tensor.value);
  for (const Tensor &element : value.elements)
    parts.push_back(element.value);
  if (value.isRolled())
    parts.append({value.data.value, value.shapes.value});
  if (value.present)
    parts.push_back(value.present);
  return parts;
}

GraphValue withParts(const GraphValue &like, ValueRange parts) {
  GraphValue value = like;
  size_t at = 0;
  if (value.isTensor())
    value.tensor.value = parts[at++];
  for (Tensor &element : value.elements)
    element.value = parts[at++];
  if (value.isRolled()) {
    value.data.value = parts[at++];
    value.shapes.value = parts[at++];
  }
  if (value.present)
    value.present = parts[at++];
  return value;
}

Value isPresent(Emitter &e, const GraphValue &value) {
  return value.present
             ? value.present
             : e.scalars().boolean(value.kind != GraphValue::Kind::Absent);
}

//===----------------------------------------------------------------------===//
// Alternatives
//===----------------------------------------------------------------------===//

/// Something of the structure of `like` in the place of nothing. Extents that
/// are not static are 0.
static GraphValue makeNothing(Emitter &e, const GraphValue &like) {
  GraphValue value = like;
  auto blank = [&](Tensor tensor) {
    Extents sizes;
    for (int64_t size : tensor.getShape())
      sizes.push_back(e.fixed(ShapedType::isDynamic(size) ? 0 : size));
    return e.castShape(e.fill(tensor.type, sizes, 0), tensor.getShape());
  };
  if (value.isTensor())
    value.tensor = blank(value.tensor);
  for (Tensor &element : value.elements)
    element = blank(element);
  if (value.isRolled()) {
    value.data = blank(value.data);
    value.shapes = blank(value.shapes);
  }
  value.present = e.scalars().boolean(false);
  return value;
}

/// Whether two lists have tensors of the same ranks and types.
static bool isAlike(const GraphValue &a, const GraphValue &b) {
  if (a.isRolled() || b.isRolled() || a.elements.size() != b.elements.size())
    return false;
  for (auto [x, y] : llvm::zip(a.elements, b.elements))
    if (x.type != y.type || x.getRank() != y.getRank())
      return false;
  return true;
}

/// Gives two values one structure.
static bool unify(Emitter &e, std::array<Block *, 2> blocks,
                  std::array<GraphValue *, 2> values, bool joinsRanks) {
  OpBuilder &builder = e.getBuilder();
  OpBuilder::InsertionGuard guard(builder);
  auto enter = [&](int i) { builder.setInsertionPointToEnd(blocks[i]); };
  bool presence = false;
  for (int i = 0; i < 2; ++i) {
    GraphValue &value = *values[i], &other = *values[1 - i];
    presence |= static_cast<bool>(value.present);
    if (value.kind != GraphValue::Kind::Absent ||
        other.kind == GraphValue::Kind::Absent)
      continue;
    enter(i);
    value = makeNothing(e, other);
    presence = true;
  }
  GraphValue &a = *values[0], &b = *values[1];
  auto typeOf = [](const GraphValue &value) {
    return value.isTensor() ? value.tensor.type : value.elementType;
  };
  bool tensors = (a.isTensor() || a.isUnranked()) &&
                 (b.isTensor() || b.isUnranked()) && typeOf(a) == typeOf(b);
  bool differ =
      a.isTensor() && b.isTensor() && a.tensor.getRank() != b.tensor.getRank();
  if (tensors && (a.isUnranked() || b.isUnranked() || (joinsRanks && differ))) {
    for (int i = 0; i < 2; ++i) {
      enter(i);
      if (!values[i]->isTensor())
        continue;
      if (values[i]->tensor.getRank() > kMostSequenceRank)
        return false;
      Value present = values[i]->present;
      *values[i] = makeUnranked(e, values[i]->tensor);
      values[i]->present = present;
    }
    for (const SmallVector<int64_t> &form : b.forms)
      addForm(a.forms, form);
    b.forms = a.forms;
  }
  if (a.kind != b.kind)
    return false;
  if (a.isTensor() && (a.tensor.type != b.tensor.type ||
                       a.tensor.getRank() != b.tensor.getRank()))
    return false;
  if (a.isSequence() && !isAlike(a, b)) {
    if (a.elementType != b.elementType)
      return false;
    for (int i = 0; i < 2; ++i) {
      enter(i);
      *values[i] = roll(e, *values[i]);
    }
    for (int i = 0; i < 2; ++i) {
      enter(i);
      *values[i] = roll(e, *values[i], values[1 - i]->shapes.getShape()[1]);
    }
    bool empty[] = {a.shapes.getShape()[0] == 0, b.shapes.getShape()[0] == 0};
    int64_t rank = empty[0]                       ? b.rank
                   : empty[1] || a.rank == b.rank ? a.rank
                                                  : -1;
    a.rank = b.rank = rank;
  }
  for (int i = 0; i < 2; ++i) {
    enter(i);
    if (presence && a.kind != GraphValue::Kind::Absent && !values[i]->present)
      values[i]->present = e.scalars().boolean(true);
  }
  return true;
}

/// Makes an scf.if of what two blocks hold, which give `values`.
static std::optional<std::vector<GraphValue>>
joinBlocks(Emitter &e, Value condition, std::array<Block *, 2> blocks,
           std::array<std::vector<GraphValue>, 2> values, bool joinsRanks) {
  OpBuilder &builder = e.getBuilder();
  if (values[0].size() != values[1].size())
    return std::nullopt;
  SmallVector<Value> yielded[2];
  for (auto [a, b] : llvm::zip(values[0], values[1])) {
    if (!unify(e, blocks, {&a, &b}, joinsRanks))
      return std::nullopt;
    llvm::append_range(yielded[0], getParts(a));
    llvm::append_range(yielded[1], getParts(b));
  }
  SmallVector<Type> types;
  for (auto [a, b] : llvm::zip(yielded[0], yielded[1])) {
    auto type = dyn_cast<RankedTensorType>(a.getType());
    if (!type) {
      types.push_back(a.getType());
      continue;
    }
    SmallVector<int64_t> shape(type.getShape());
    auto other = cast<RankedTensorType>(b.getType());
    for (auto [extent, given] : llvm::zip(shape, other.getShape()))
      extent = extent == given ? extent : ShapedType::kDynamic;
    types.push_back(type.clone(shape));
  }
  for (int i = 0; i < 2; ++i) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(blocks[i]);
    for (auto [value, type] : llvm::zip(yielded[i], types))
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        value =
            e.castShape({value, DataType::Undefined}, tensor.getShape()).value;
    scf::YieldOp::create(builder, e.getLoc(), yielded[i]);
  }
  auto op = scf::IfOp::create(builder, e.getLoc(), types, condition,
                              /*addThenBlock=*/true, /*addElseBlock=*/true);
  Block *homes[] = {op.thenBlock(), op.elseBlock()};
  for (int i = 0; i < 2; ++i) {
    homes[i]->clear();
    homes[i]->getOperations().splice(homes[i]->end(),
                                     blocks[i]->getOperations());
  }
  std::vector<GraphValue> results;
  ValueRange left = op.getResults();
  for (const GraphValue &value : values[0]) {
    size_t count = getParts(value).size();
    results.push_back(withParts(value, left.take_front(count)));
    left = left.drop_front(count);
  }
  return results;
}

std::optional<std::vector<GraphValue>> joinBranches(
    Emitter &e, Value condition,
    llvm::function_ref<FailureOr<std::vector<GraphValue>>(int side)> emit,
    bool joinsRanks) {
  OpBuilder &builder = e.getBuilder();
  Location loc = e.getLoc();
  // The types of the results are known when both sides are there.
  auto draft = scf::IfOp::create(builder, loc, TypeRange{}, condition,
                                 /*addThenBlock=*/true, /*addElseBlock=*/true);
  std::array<Block *, 2> blocks = {draft.thenBlock(), draft.elseBlock()};
  std::array<std::vector<GraphValue>, 2> values;
  size_t mark = e.markExtents();
  bool isValid = true;
  for (int side = 0; side < 2; ++side) {
    OpBuilder::InsertionGuard guard(builder);
    blocks[side]->clear();
    builder.setInsertionPointToEnd(blocks[side]);
    FailureOr<std::vector<GraphValue>> made = emit(side);
    e.setLoc(loc);
    isValid &= succeeded(made);
    if (succeeded(made))
      values[side] = std::move(*made);
  }
  std::optional<std::vector<GraphValue>> joined;
  if (isValid)
    joined = joinBlocks(e, condition, blocks, std::move(values), joinsRanks);
  if (!joined)
    e.forgetExtents(mark);
  draft.erase();
  return joined;
}

} // namespace seqc::onnx
