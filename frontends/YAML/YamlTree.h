//===- YamlTree.h - A YAML file as a tree with positions --------*- C++ -*-===//
//
// LLVM's YAML parser streams a document once. This keeps all of it, with the
// line and column of every node, so that checks can come in any order and point
// at their cause.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_YAMLTREE_H
#define FRONTENDS_YAML_YAMLTREE_H

#include "llvm/ADT/StringRef.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace seqc::yaml {

/// A place in a file; line and column count from 1, columns in bytes.
struct Position {
  unsigned line = 1;
  unsigned column = 1;
};

struct Entry;

/// One node of the document.
struct Node {
  enum class Kind { Null, Scalar, Sequence, Mapping };

  Kind kind = Kind::Null;
  Position position;
  /// Text of a scalar, with quotes and escapes resolved.
  std::string text;
  /// Whether the scalar was written in quotes: `"1"` is no number.
  bool quoted = false;
  /// Items of a sequence.
  std::vector<Node> items;
  /// Entries of a mapping, in the order of the file; keys are unique.
  std::vector<Entry> entries;

  /// A scalar that no file holds.
  static Node scalar(std::string text, Position position);

  bool isNull() const { return kind == Kind::Null; }
  bool isScalar() const { return kind == Kind::Scalar; }
  bool isSequence() const { return kind == Kind::Sequence; }
  bool isMapping() const { return kind == Kind::Mapping; }

  /// The value of `key` in a mapping, or null.
  const Node *find(llvm::StringRef key) const;
  /// The entry of `key` in a mapping, or null.
  const Entry *findEntry(llvm::StringRef key) const;

  /// Where the text of a scalar begins: behind its quote. `offset` is counted
  /// from there.
  Position getTextPosition(size_t offset = 0) const {
    return {position.line,
            static_cast<unsigned>(position.column + quoted + offset)};
  }

  /// What the node is, in words for a message: "a list", "the text 'abc'".
  std::string describe() const;

  /// The scalar as a text, an integer, a number or a truth value; nothing if it
  /// is none.
  std::optional<std::string> asText() const;
  std::optional<int64_t> asInteger() const;
  std::optional<double> asNumber() const;
  std::optional<bool> asBool() const;
};

/// One `key: value` of a mapping.
struct Entry {
  std::string key;
  Position keyPosition;
  Node value;
};

/// Receives an error of the parser.
using ErrorHandler = std::function<void(Position, llvm::StringRef message)>;

/// Parses `text`, which holds one document. Errors go to `onError`; nothing is
/// returned after a syntax error. Faults that do not hinder reading, such as a
/// key given twice, are reported and the tree is returned all the same.
std::optional<Node> parseTree(llvm::StringRef text,
                              const ErrorHandler &onError);

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_YAMLTREE_H
