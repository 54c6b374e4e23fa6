//===- Graph.cpp - A drawing of a model -----------------------------------===//
//
//   1. collect the ops worth a box, with the boxes their operands come from
//   2. a box's row is one below the lowest of those
//   3. boxes, then edges, as SVG elements
//
//===----------------------------------------------------------------------===//

#include "tools/driver/Graph.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

namespace {
/// One box of the drawing.
struct Box {
  std::string title, detail, color;
  llvm::SetVector<size_t> sources;
  size_t row = 0, column = 0;
};

/// Boxes of one entry.
class Drawing {
public:
  explicit Drawing(func::FuncOp function);
  void print(raw_ostream &os, int &top) const;

private:
  static constexpr int kWidth = 190, kHeight = 40, kGapX = 20, kGapY = 36;

  size_t add(StringRef title, StringRef detail, StringRef color,
             llvm::SetVector<size_t> sources);
  /// Boxes that `value` comes from, through ops without one.
  llvm::SetVector<size_t> getSources(Value value) const {
    return origins.lookup(value);
  }
  int getX(const Box &box) const { return 20 + box.column * (kWidth + kGapX); }
  int getY(const Box &box) const { return box.row * (kHeight + kGapY); }

  std::string name;
  std::vector<Box> boxes;
  llvm::DenseMap<Value, llvm::SetVector<size_t>> origins;
};
} // namespace

static std::string escape(StringRef text) {
  std::string result;
  raw_string_ostream os(result);
  printHTMLEscaped(text, os);
  return result;
}

/// `?x128 f32`.
static std::string describeType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return "";
  std::string text;
  raw_string_ostream os(text);
  for (int64_t extent : tensor.getShape())
    os << (ShapedType::isDynamic(extent) ? "?" : std::to_string(extent)) << "x";
  os << tensor.getElementType();
  return text;
}

/// Whether `op` computes something that a reader looks for.
static bool isWorthBox(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (op->getName().getDialectNamespace() == "seq")
    return name != "seq.weight" && name != "seq.pack" &&
           name != "seq.column_sums";
  return name == "linalg.matmul" || name == "linalg.batch_matmul" ||
         name == "linalg.generic" || name == "linalg.reduce" ||
         name == "tensor.concat" || name == "math.tanh" ||
         op->getNumRegions() > 0;
}

Drawing::Drawing(func::FuncOp function) : name(function.getName()) {
  for (auto [i, argument] : enumerate(function.getArguments())) {
    auto title = function.getArgAttrOfType<StringAttr>(
        i, seq::getMarkName<seq::NameMark>());
    origins[argument].insert(add(title ? title.getValue() : "input",
                                 describeType(argument.getType()), "#dbeafe",
                                 {}));
  }
  for (Operation &op : function.getBody().front()) {
    llvm::SetVector<size_t> sources;
    for (Value operand : op.getOperands())
      sources.insert_range(getSources(operand));
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      for (auto [i, value] : enumerate(ret.getOperands())) {
        auto title = function.getResultAttrOfType<StringAttr>(
            i, seq::getMarkName<seq::NameMark>());
        add(title ? title.getValue() : "output", describeType(value.getType()),
            "#dcfce7", getSources(value));
      }
      continue;
    }
    if (isWorthBox(&op) && op.getNumResults() > 0) {
      bool own = op.getName().getDialectNamespace() == "seq";
      size_t box = add(op.getName().getStringRef(),
                       describeType(op.getResult(0).getType()),
                       own ? "#fde68a" : "#f3f4f6", sources);
      sources.clear();
      sources.insert(box);
    }
    for (Value result : op.getResults())
      origins[result] = sources;
  }
  // Columns in order of appearance within a row.
  llvm::DenseMap<size_t, size_t> used;
  for (Box &box : boxes)
    box.column = used[box.row]++;
}

size_t Drawing::add(StringRef title, StringRef detail, StringRef color,
                    llvm::SetVector<size_t> sources) {
  Box box{title.str(), detail.str(), color.str(), std::move(sources)};
  for (size_t source : box.sources)
    box.row = std::max(box.row, boxes[source].row + 1);
  boxes.push_back(std::move(box));
  return boxes.size() - 1;
}

void Drawing::print(raw_ostream &os, int &top) const {
  os << formatv("<text x='20' y='{0}' font-weight='bold'>entry {1}</text>\n",
                top + 20, escape(name));
  top += 36;
  int bottom = top;
  for (const Box &box : boxes) {
    int x = getX(box), y = top + getY(box);
    bottom = std::max(bottom, y + kHeight + kGapY);
    for (size_t source : box.sources)
      os << formatv(
          "<path d='M{0} {1} L{2} {3}' stroke='#9ca3af' fill='none'/>\n",
          getX(boxes[source]) + kWidth / 2, top + getY(boxes[source]) + kHeight,
          x + kWidth / 2, y);
    os << formatv(
        "<rect x='{0}' y='{1}' width='{2}' height='{3}' rx='6' fill='{4}' "
        "stroke='#6b7280'/>\n",
        x, y, int(kWidth), int(kHeight), box.color);
    os << formatv("<text x='{0}' y='{1}'>{2}</text>\n", x + 8, y + 17,
                  escape(box.title));
    os << formatv("<text x='{0}' y='{1}' fill='#6b7280'>{2}</text>\n", x + 8,
                  y + 33, escape(box.detail));
  }
  top = bottom;
}

std::string drawGraph(ModuleOp module) {
  std::string body;
  raw_string_ostream os(body);
  int top = 0;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic() && !function.isDeclaration() &&
        function.getBody().hasOneBlock())
      Drawing(function).print(os, top);
  return formatv("<svg xmlns='http://www.w3.org/2000/svg' width='2000' "
                 "height='{0}' "
                 "font-family='sans-serif' font-size='13'>\n"
                 "<rect width='100%' height='100%' fill='white'/>\n{1}</svg>\n",
                 top + 20, body)
      .str();
}

} // namespace seqc
