//===- NamedCells.h - Cells that need no definition -------------*- C++ -*-===//
//
// Recurrent cells that a description may name as the kind of a layer, each
// given by its equations, as a description would define it. Another cell is
// another row of the table.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_NAMEDCELLS_H
#define FRONTENDS_YAML_NAMEDCELLS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace seqc::yaml {

/// One cell. It reads `x`, and its output is its first state.
struct NamedCell {
  llvm::StringLiteral kind;
  llvm::ArrayRef<llvm::StringLiteral> states;
  llvm::ArrayRef<llvm::StringLiteral> equations;
};

/// Every named cell.
llvm::ArrayRef<NamedCell> getNamedCells();

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_NAMEDCELLS_H
