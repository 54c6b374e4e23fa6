//===- YamlTree.cpp - A YAML file as a tree with positions ----------------===//
//
// Anchors and aliases are refused: a description gains little from them, and
// they are how a small file becomes a huge tree. Nesting is bounded.
//
//===----------------------------------------------------------------------===//

#include "frontends/YAML/YamlTree.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

#include <cmath>

using namespace llvm;

namespace seqc::yaml {

/// Deeper than any description needs.
static constexpr int kMaxDepth = 32;

//===----------------------------------------------------------------------===//
// Node
//===----------------------------------------------------------------------===//

Node Node::scalar(std::string text, Position position) {
  Node node;
  node.kind = Kind::Scalar;
  node.position = position;
  node.text = std::move(text);
  return node;
}

const Entry *Node::findEntry(StringRef key) const {
  for (const Entry &entry : entries)
    if (entry.key == key)
      return &entry;
  return nullptr;
}

const Node *Node::find(StringRef key) const {
  const Entry *entry = findEntry(key);
  return entry ? &entry->value : nullptr;
}

std::string Node::describe() const {
  switch (kind) {
  case Kind::Null:
    return "nothing";
  case Kind::Scalar:
    return (quoted ? "the text '" : "'") + text + "'";
  case Kind::Sequence:
    return "a list";
  case Kind::Mapping:
    return "a mapping";
  }
  return "";
}

std::optional<std::string> Node::asText() const {
  return isScalar() ? std::optional(text) : std::nullopt;
}

std::optional<int64_t> Node::asInteger() const {
  int64_t value;
  if (!isScalar() || quoted || StringRef(text).getAsInteger(10, value))
    return std::nullopt;
  return value;
}

std::optional<double> Node::asNumber() const {
  double value;
  if (!isScalar() || quoted ||
      StringRef(text).getAsDouble(value, /*AllowInexact=*/true) ||
      !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<bool> Node::asBool() const {
  return StringSwitch<std::optional<bool>>(isScalar() && !quoted ? text : "")
      .Case("true", true)
      .Case("false", false)
      .Default(std::nullopt);
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {
/// Copies LLVM's streamed nodes into a tree.
class TreeBuilder {
public:
  TreeBuilder(StringRef text, const SourceMgr &sources,
              const ErrorHandler &onError)
      : text(text), sources(sources), onError(onError) {}

  /// Copies `source`, up to an error that makes further reading pointless.
  Node build(llvm::yaml::Node *source, int depth);
  bool hasFailed() const { return failed; }

private:
  void fail(Position position, const Twine &message) {
    onError(position, message.str());
    failed = true;
  }
  Position getPosition(const llvm::yaml::Node *node) const {
    SMLoc start = node->getSourceRange().Start;
    if (!start.isValid())
      return {};
    // A collection in brackets is placed behind its bracket by the parser.
    if (isa<llvm::yaml::SequenceNode, llvm::yaml::MappingNode>(node)) {
      StringRef before(text.data(), start.getPointer() - text.data());
      before = before.rtrim();
      if (before.ends_with("[") || before.ends_with("{"))
        start = SMLoc::getFromPointer(before.end() - 1);
    }
    auto [line, column] = sources.getLineAndColumn(start);
    return {line, column};
  }

  void buildMapping(llvm::yaml::MappingNode *source, Node &node, int depth);

  StringRef text;
  const SourceMgr &sources;
  const ErrorHandler &onError;
  bool failed = false;
};
} // namespace

void TreeBuilder::buildMapping(llvm::yaml::MappingNode *source, Node &node,
                               int depth) {
  for (llvm::yaml::KeyValueNode &pair : *source) {
    llvm::yaml::Node *given = pair.getKey();
    auto *key = dyn_cast_or_null<llvm::yaml::ScalarNode>(given);
    if (!key)
      return fail(given ? getPosition(given) : node.position,
                  "the key of an entry is not a word");
    SmallString<32> storage;
    Entry entry{key->getValue(storage).str(), getPosition(key), {}};
    llvm::yaml::Node *value = pair.getValue();
    failed |= !value;
    if (!failed)
      entry.value = build(value, depth + 1);
    if (failed)
      return;
    if (entry.value.isNull())
      entry.value.position = entry.keyPosition;
    if (const Entry *first = node.findEntry(entry.key))
      onError(entry.keyPosition, formatv("key '{0}' is given twice; first on "
                                         "line {1}",
                                         entry.key, first->keyPosition.line)
                                     .str());
    else
      node.entries.push_back(std::move(entry));
  }
}

Node TreeBuilder::build(llvm::yaml::Node *source, int depth) {
  Node node;
  node.position = getPosition(source);
  if (depth > kMaxDepth) {
    fail(node.position, "nested deeper than " + Twine(kMaxDepth) + " levels");
  } else if (!source->getAnchor().empty() ||
             isa<llvm::yaml::AliasNode>(source)) {
    fail(node.position,
         "anchors and aliases are not supported; write the value out");
  } else if (auto *scalar = dyn_cast<llvm::yaml::ScalarNode>(source)) {
    SmallString<64> storage;
    StringRef raw = scalar->getRawValue();
    node.text = scalar->getValue(storage).str();
    node.quoted = raw.starts_with("\"") || raw.starts_with("'");
    if (!raw.empty() && raw != "~" && raw != "null")
      node.kind = Node::Kind::Scalar;
  } else if (auto *block = dyn_cast<llvm::yaml::BlockScalarNode>(source)) {
    node.kind = Node::Kind::Scalar;
    node.text = block->getValue().str();
    node.quoted = true;
  } else if (auto *sequence = dyn_cast<llvm::yaml::SequenceNode>(source)) {
    node.kind = Node::Kind::Sequence;
    for (llvm::yaml::Node &item : *sequence) {
      node.items.push_back(build(&item, depth + 1));
      if (failed)
        break;
    }
  } else if (auto *mapping = dyn_cast<llvm::yaml::MappingNode>(source)) {
    node.kind = Node::Kind::Mapping;
    buildMapping(mapping, node, depth);
  } else if (!isa<llvm::yaml::NullNode>(source)) {
    fail(node.position, "this kind of YAML node is not supported");
  }
  return node;
}

/// The position of the byte `offset`.
static Position positionOf(StringRef text, size_t offset) {
  StringRef before = text.take_front(offset);
  size_t lineBegin = before.rfind('\n');
  lineBegin = lineBegin == StringRef::npos ? 0 : lineBegin + 1;
  return {static_cast<unsigned>(before.count('\n') + 1),
          static_cast<unsigned>(offset - lineBegin + 1)};
}

std::optional<Node> parseTree(StringRef text, const ErrorHandler &onError) {
  size_t badByte;
  if (!json::isUTF8(text, &badByte)) {
    onError(positionOf(text, badByte), "the file is not valid UTF-8");
    return std::nullopt;
  }
  auto isControl = [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' &&
            c != '\r') ||
           c == '\x7f';
  };
  if (auto bad = llvm::find_if(text, isControl); bad != text.end()) {
    onError(positionOf(text, bad - text.begin()),
            "found the control character U+00" + toHex(StringRef(bad, 1)) +
                "; required is text");
    return std::nullopt;
  }

  SourceMgr sources;
  struct HandlerState {
    const ErrorHandler &onError;
    bool failed = false;
  } state{onError};
  sources.setDiagHandler(
      [](const SMDiagnostic &diag, void *opaque) {
        auto &state = *static_cast<HandlerState *>(opaque);
        if (diag.getKind() != SourceMgr::DK_Error || state.failed)
          return;
        state.failed = true;
        std::string message = diag.getMessage().str();
        if (!message.empty())
          message[0] = toLower(message[0]);
        state.onError(
            {static_cast<unsigned>(std::max(diag.getLineNo(), 1)),
             static_cast<unsigned>(std::max(diag.getColumnNo() + 1, 1))},
            StringRef(message).rtrim(".!"));
      },
      &state);
  llvm::yaml::Stream stream(MemoryBufferRef(text, "model"), sources,
                            /*ShowColors=*/false);
  llvm::yaml::document_iterator document = stream.begin();
  if (document == stream.end())
    return Node();
  llvm::yaml::Node *root = document->getRoot();
  TreeBuilder builder(text, sources, onError);
  Node tree;
  if (root)
    tree = builder.build(root, 0);
  if (stream.failed() || builder.hasFailed())
    return std::nullopt;
  if (root && ++document != stream.end() && !stream.failed()) {
    onError({}, "the file holds several documents; one is required");
    return std::nullopt;
  }
  return stream.failed() ? std::nullopt : std::optional(std::move(tree));
}

} // namespace seqc::yaml
