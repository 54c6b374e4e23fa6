//===- WeightReader.h - Weights that layers ask for -------------*- C++ -*-===//
//
// Looks weights up in the model's safetensors file, checks their shape and type
// against what a layer needs, and gives `seq.weight` ops. A weight that is
// missing or wrong is reported and stood in for, so that the import goes on to
// the next fault.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_WEIGHTREADER_H
#define FRONTENDS_YAML_WEIGHTREADER_H

#include "frontends/Common/Emitter.h"
#include "frontends/SafeTensors/SafeTensorsFile.h"
#include "frontends/YAML/ImportYAML.h"
#include "frontends/YAML/Schema.h"

namespace seqc::yaml {

// The vocabulary of frontends, and what of MLIR it is made of.
using frontend::DataType;
using frontend::Emitter;
using frontend::Extents;
using frontend::Scalars;
using frontend::Tensor;
using mlir::Block;
using mlir::Location;
using mlir::OpBuilder;
using mlir::Operation;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::Value;
using mlir::ValueRange;

/// Who needs a weight: for messages and locations.
struct WeightUser {
  /// The layer in words, such as "layer 'encoder' (lstm)".
  std::string subject;
  Position position;
};

/// Gives `seq.weight` ops at the beginning of a function.
class WeightReader {
public:
  /// `file` is null if the file could not be read (which was reported): every
  /// weight is then stood in for silently. `storedName` is the file's name in
  /// the IR. What is asked for is noted in `needed` where that is given.
  WeightReader(Reporter &reporter, std::optional<SafeTensorsFile> file,
               std::string storedName,
               std::vector<NeededWeight> *needed = nullptr)
      : reporter(reporter), file(std::move(file)),
        storedName(std::move(storedName)), needed(needed) {}

  /// Whether weights are noted in place of being read.
  bool isListing() const { return needed && !file; }

  /// Where the ops go.
  void setInsertionBlock(Block *newBlock) { block = newBlock; }

  /// Whether the file holds `name`. True if there is no readable file.
  bool has(llvm::StringRef name) const;

  /// The shape of `name`, if the file holds it. An `optional` weight is one
  /// that its user does without.
  std::optional<llvm::SmallVector<int64_t, 4>>
  getShape(llvm::StringRef name, bool optional = false) const;

  /// The weight `name`, which must have `shape`.
  Tensor get(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
             const WeightUser &user);

  /// Rows [begin, begin + rows) of the weight `name`, which must have `shape`.
  Tensor getRows(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                 int64_t begin, int64_t rows, const WeightUser &user);

  /// Warns of tensors in the file that nothing asked for.
  void reportUnused(Position position);

private:
  /// Notes that `name` is needed, or may be there.
  void note(llvm::StringRef name, std::string shape,
            bool optional = false) const;

  /// The entry `name` if it is as required; reports otherwise, once for each
  /// name.
  const TensorEntry *check(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                           const WeightUser &user);

  Reporter &reporter;
  std::optional<SafeTensorsFile> file;
  std::string storedName;
  std::vector<NeededWeight> *needed;
  Block *block = nullptr;
  Operation *last = nullptr;
  llvm::StringMap<Value> values;
  /// Mutable, since a question for a shape is one as well.
  mutable llvm::StringSet<> asked;
  llvm::StringSet<> reported;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_WEIGHTREADER_H
