//===- Schema.h - Checked reading of a description --------------*- C++ -*-===//
//
// Errors are collected, not thrown: a reader reports what is wrong and answers
// with nothing, so that the import goes on and finds the next fault.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_SCHEMA_H
#define FRONTENDS_YAML_SCHEMA_H

#include "frontends/YAML/YamlTree.h"

#include "dialect/Support/NearestName.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SaveAndRestore.h"

#include <limits>
#include <type_traits>

namespace seqc::yaml {

/// "; did you mean 'NAME'?" with the name of `known` that is nearest to `word`,
/// or `otherwise` if none is near.
template <typename Range>
std::string suggest(llvm::StringRef word, const Range &known,
                    const llvm::Twine &otherwise = "") {
  if (std::optional<llvm::StringRef> nearest = findNearestName(word, known))
    return ("; did you mean '" + *nearest + "'?").str();
  return otherwise.str();
}

/// The same, or else the known names behind `listed`, such as "known are".
template <typename Range>
std::string suggestOf(llvm::StringRef word, const Range &known,
                      llvm::StringRef listed) {
  return suggest(word, known, "; " + listed + " " + llvm::join(known, ", "));
}

/// The one of `items` with this name, or null.
template <typename Range>
auto findNamed(const Range &items, llvm::StringRef name) {
  auto it =
      llvm::find_if(items, [&](const auto &item) { return item.name == name; });
  return it == items.end() ? nullptr : &*it;
}

/// What a report gives back: nothing, in whatever type can hold that, so that a
/// function may end with `return reporter.error(...)`.
struct Nothing {
  template <typename T>
    requires(std::is_same_v<T, bool> ||
             (!std::is_arithmetic_v<T> && std::is_constructible_v<bool, T>) ||
             requires(const T &value) { value.isValid(); })
  operator T() const {
    return T();
  }
};

/// Collects errors of one file as MLIR diagnostics.
class Reporter {
public:
  Reporter(mlir::MLIRContext &context, llvm::StringRef path)
      : context(context), path(path.str()) {}

  /// The MLIR location of a place in the file.
  mlir::Location getLocation(Position position) const;

  /// Reports an error. Beyond a cap further ones are only counted.
  Nothing error(Position position, const llvm::Twine &message);
  /// The same in a format of formatv().
  template <typename... Args>
    requires(sizeof...(Args) > 0)
  Nothing error(Position position, const char *format, const Args &...args) {
    return error(position, llvm::formatv(format, args...).str());
  }

  /// Reports that `subject` is what `found` is.
  Nothing reject(const Node &found, const llvm::Twine &subject,
                 const llvm::Twine &required) {
    return error(found.position, subject + " is " + found.describe() +
                                     "; required is " + required);
  }

  /// The entries of a mapping; none without `node`. Reports it if it is
  /// something else.
  llvm::ArrayRef<Entry> readEntries(const Node *node,
                                    const llvm::Twine &subject,
                                    const llvm::Twine &required) {
    if (node && !node->isMapping())
      reject(*node, subject, required);
    return node ? llvm::ArrayRef(node->entries) : llvm::ArrayRef<Entry>();
  }

  /// Reports a warning.
  void warn(Position position, const llvm::Twine &message);

  /// Says what may be unexpected, though nothing is wrong with it.
  void note(Position position, const llvm::Twine &message);

  /// Reports how many errors were not shown, if any.
  void finish();

  /// Passes over errors for as long as the result lives: what is wrong is
  /// reported by another reading.
  [[nodiscard]] auto mute() { return llvm::SaveAndRestore(isMuted, true); }

  bool hasErrors() const { return numErrors != 0; }
  mlir::MLIRContext &getContext() const { return context; }

private:
  mlir::MLIRContext &context;
  std::string path;
  unsigned numErrors = 0;
  bool isMuted = false;
};

/// Reads the keys of one mapping and checks them.
class MappingReader {
public:
  /// `subject` names the mapping in messages, e.g. "layer 'encoder' (lstm)".
  MappingReader(Reporter &reporter, const Node &node, std::string subject)
      : reporter(reporter), node(node), subject(std::move(subject)) {}
  /// The same, and checkKeys().
  MappingReader(Reporter &reporter, const Node &node, std::string subject,
                llvm::ArrayRef<llvm::StringRef> keys,
                llvm::ArrayRef<llvm::StringRef> moreKeys = {})
      : MappingReader(reporter, node, std::move(subject)) {
    checkKeys(
        llvm::to_vector(llvm::concat<const llvm::StringRef>(keys, moreKeys)));
  }

  /// Reports every key that is not in `keys`, and a node that is no mapping.
  void checkKeys(llvm::ArrayRef<llvm::StringRef> keys) const;

  llvm::StringRef getSubject() const { return subject; }
  Position getPosition() const { return node.position; }

  /// The value of `key`, or null.
  const Node *find(llvm::StringRef key) const { return node.find(key); }
  bool has(llvm::StringRef key) const { return node.find(key) != nullptr; }

  /// The value of `key`; reports an error that says what is `required` if it is
  /// absent.
  const Node *require(llvm::StringRef key, const llvm::Twine &required) const;

  /// A whole number in [min, max]; nothing if absent or wrong.
  std::optional<int64_t>
  getInteger(llvm::StringRef key, int64_t min,
             int64_t max = std::numeric_limits<int32_t>::max()) const;
  std::optional<double> getNumber(llvm::StringRef key) const;
  /// The same for a number that `isGood`, which is what `required` says.
  std::optional<double> getNumber(llvm::StringRef key,
                                  llvm::function_ref<bool(double)> isGood,
                                  llvm::StringRef required) const;
  bool getBool(llvm::StringRef key, bool otherwise) const;
  std::optional<std::string> getText(llvm::StringRef key) const;

  /// One of `words`; nothing if absent or wrong.
  std::optional<std::string>
  getWord(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> words) const;
  /// The same for a key that has to be there.
  std::optional<std::string>
  requireWord(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> words) const;

  /// A list of words, or one word; every one in `words` unless that is empty.
  std::vector<std::string>
  getWords(llvm::StringRef key,
           llvm::ArrayRef<llvm::StringRef> words = {}) const;

  /// A list of numbers, or one number.
  std::vector<double> getNumbers(llvm::StringRef key) const;

  /// Reports an error at `position`, in a format of formatv().
  template <typename... Args>
  Nothing error(Position position, const char *format,
                const Args &...args) const {
    return reporter.error(position, subject + ": " +
                                        llvm::formatv(format, args...).str());
  }
  /// The same at the value of `key`.
  template <typename... Args>
  Nothing errorAt(llvm::StringRef key, const char *format,
                  const Args &...args) const {
    const Node *value = find(key);
    return error(value ? value->position : node.position, format, args...);
  }

  /// Reports that `key`, which is there, holds something else than `required`.
  Nothing reject(llvm::StringRef key, const llvm::Twine &required) const {
    return reject(key, *find(key), required);
  }

private:
  /// The same of an item of `key`.
  Nothing reject(llvm::StringRef key, const Node &found,
                 const llvm::Twine &required) const {
    return reporter.reject(found, llvm::Twine(subject) + ": '" + key + "'",
                           required);
  }
  /// One of `words`, checked.
  bool checkWord(llvm::StringRef key, const Node &word,
                 llvm::ArrayRef<llvm::StringRef> words) const;
  /// The value of `key` as `read` gives it; reports that it is not what is
  /// `required` where `read` gives nothing.
  template <typename T>
  std::optional<T> get(llvm::StringRef key,
                       std::optional<T> (Node::*read)() const,
                       llvm::StringRef required) const {
    const Node *value = find(key);
    std::optional<T> result = value ? (value->*read)() : std::nullopt;
    if (value && !result)
      reject(key, required);
    return result;
  }

  Reporter &reporter;
  const Node &node;
  std::string subject;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_SCHEMA_H
