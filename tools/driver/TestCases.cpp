//===- TestCases.cpp - Folders of test cases ------------------------------===//
//
// A case names files for inputs and expected outputs. A `single` case is one
// run; a `sequence` runs once per step, feeds slices in, carries outputs back
// and compares what every step, or the last one, gave.
//
//===----------------------------------------------------------------------===//

#include "tools/driver/TestCases.h"
#include "dialect/Support/BoundedJson.h"
#include "dialect/Support/RegularFile.h"
#include "runtime/cli/Compare.h"
#include "runtime/cli/RunModel.h"
#include "runtime/cli/TensorFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"

#include <map>
#include <set>

using namespace llvm;

namespace seqc {

/// Adds the folders of tests at and below `folder` to `found`. Each folder is
/// entered once, whatever links lead to it: links may make circles.
static std::error_code collectFolders(const std::string &root,
                                      std::set<sys::fs::UniqueID> &entered,
                                      std::set<std::string> &found) {
  std::vector<std::string> waiting{root};
  while (!waiting.empty()) {
    std::string folder = std::move(waiting.back());
    waiting.pop_back();
    sys::fs::UniqueID id;
    if (std::error_code code = sys::fs::getUniqueID(folder, id))
      return code;
    if (!entered.insert(id).second)
      continue;
    // Real folders are entered before links, so that a test has the name of
    // where it lies.
    std::vector<std::string> real, linked;
    std::error_code code;
    for (sys::fs::directory_iterator
             it(folder, code, /*follow_symlinks=*/false),
         end;
         it != end && !code; it.increment(code)) {
      StringRef name = sys::path::filename(it->path());
      if (name == "cases.json" || name == "model.onnx")
        found.insert(sys::path::parent_path(it->path()).str());
      if (it->type() == sys::fs::file_type::directory_file)
        real.push_back(it->path());
      else if (sys::fs::is_directory(it->path()))
        linked.push_back(it->path());
    }
    if (code)
      return code;
    llvm::sort(real, std::greater<>());
    llvm::sort(linked, std::greater<>());
    waiting.insert(waiting.begin(), linked.begin(), linked.end());
    llvm::append_range(waiting, real);
  }
  return {};
}

Expected<std::vector<std::string>>
findTestFolders(ArrayRef<std::string> roots) {
  std::set<sys::fs::UniqueID> entered;
  std::set<std::string> found;
  for (const std::string &root : roots) {
    if (!sys::fs::is_directory(root))
      return makeFailure(FailureKind::BadInput, "'" + root + "' is no folder");
    if (std::error_code code = collectFolders(root, entered, found))
      return makeFailure(FailureKind::BadInput,
                         "'" + root + "': " + code.message());
  }
  return std::vector<std::string>(found.begin(), found.end());
}

namespace {
/// A failure that ends a test.
TestOutcome fail(const Twine &reason) {
  return {TestResult::Fail, reason.str()};
}

using TensorMap = std::map<std::string, rt::TensorRef>;

/// One case of a folder.
class Case {
public:
  /// `onnxRule` compares by the rule of ONNX-style folders.
  Case(const json::Object &object, StringRef folder, cli::Executor &executor,
       bool onnxRule)
      : object(object), folder(folder), executor(executor), onnxRule(onnxRule) {
  }

  /// Nothing if it passes, else why not.
  std::optional<std::string> run(const cli::RunOptions &options);

private:
  bool readFiles(StringRef key, bool results, TensorMap &tensors);
  bool readCarries(std::map<int, int> &carries);
  std::vector<rt::TensorRef> placeInputs(const TensorMap &inputs) const;
  bool compare(ArrayRef<rt::TensorRef> got, const TensorMap &want,
               const Twine &where);
  bool runSingle();
  bool runSequence();
  bool stop(const Twine &why) {
    reason = why.str();
    return false;
  }

  const json::Object &object;
  StringRef folder;
  cli::Executor &executor;
  bool onnxRule;
  const rt::EntrySignature *entry = nullptr;
  cli::Tolerance tolerance;
  std::string reason;
};
} // namespace

/// A file of a test folder. Links and `..` are fine here: what the test names
/// is read as a tensor or compiled, and what a model names is confined by it.
static std::string inFolder(StringRef folder, StringRef file) {
  SmallString<128> path(folder);
  sys::path::append(path, file);
  return path.str().str();
}

/// The part of a sequence, an optional or a tensor of unknown rank that `value`, one of `values`, stands
/// for.
static rt::Result<rt::TensorRef>
readPart(const std::string &path, const rt::ValueSignature &value,
         const std::vector<rt::ValueSignature> &values) {
  cli::PbList list;
  for (const rt::ValueSignature &other : values) {
    if (other.of != value.of)
      continue;
    list.isOptional |= other.part == "present";
    list.isSequence |= other.part == "shapes";
  }
  rt::Result<std::string> bytes = cli::readFile(path);
  if (!bytes)
    return bytes.status();
  if (rt::Status status = cli::parsePbList(*bytes, list); !status.ok())
    return status;
  std::vector<int64_t> shape;
  for (const rt::Dimension &dimension : value.shape)
    shape.push_back(dimension.extent);
  return cli::makePart(list, value.part, value.dtype, shape);
}

bool Case::readFiles(StringRef key, bool results, TensorMap &tensors) {
  const json::Value *given = object.get(key);
  if (!given || given->kind() == json::Value::Null)
    return true;
  const json::Object *files = given->getAsObject();
  if (!files)
    return stop("'" + key +
                "' is no object; required is one from names to "
                "files");
  for (const auto &[nameKey, value] : *files) {
    std::string name = StringRef(nameKey).str();
    int index = results ? entry->findOutput(name) : entry->findInput(name);
    if (index < 0)
      return stop("no " + Twine(results ? "output" : "input") + " '" + name +
                  "' in the model");
    // Sequences and optionals of ONNX-style folders are a file and the part.
    const json::Array *whole = value.getAsArray();
    std::optional<StringRef> file = whole && !whole->empty()
                                        ? whole->front().getAsString()
                                        : value.getAsString();
    if (!file)
      return stop("'" + key + "' of '" + name + "' is no file name");
    std::string path = inFolder(folder, *file);
    if (std::error_code code = checkRegularFile(path))
      return stop(*file + ": " + code.message());
    const rt::ValueSignature &signature =
        results ? entry->outputs[index] : entry->inputs[index];
    rt::Result<rt::TensorRef> tensor =
        whole ? readPart(path, signature,
                         results ? entry->outputs : entry->inputs)
              : cli::readTensorFile(path, "", signature.dtype);
    if (!tensor)
      return stop(*file + ": " + tensor.status().message());
    // Text formats carry no type; what a binary file says is what was meant.
    if (!results && (*tensor)->dtype != signature.dtype) {
      tensor = cli::convertTensor(*tensor, signature.dtype);
      if (!tensor)
        return stop(*file + ": " + tensor.status().message());
    }
    tensors[name] = std::move(*tensor);
  }
  return true;
}

bool Case::readCarries(std::map<int, int> &carries) {
  const json::Value *given = object.get("carry_output_to_input");
  if (!given || given->kind() == json::Value::Null)
    return true;
  const json::Object *map = given->getAsObject();
  if (!map)
    return stop("'carry_output_to_input' is no object; required is one from "
                "outputs to inputs");
  for (const auto &[key, value] : *map) {
    std::string output = StringRef(key).str();
    std::string input = value.getAsString().value_or("").str();
    int from = entry->findOutput(output), to = entry->findInput(input);
    if (from < 0 || to < 0)
      return stop("cannot carry '" + output + "' to '" + input +
                  "': the model has no such names");
    if (!carries.emplace(to, from).second)
      return stop("two outputs are carried to '" + input + "'");
  }
  return true;
}

std::vector<rt::TensorRef> Case::placeInputs(const TensorMap &inputs) const {
  std::vector<rt::TensorRef> placed(entry->inputs.size());
  for (const auto &[name, tensor] : inputs)
    placed[entry->findInput(name)] = tensor;
  return placed;
}

/// What ONNX-style folders allow where the command line says nothing.
static cli::Tolerance getOnnxTolerance(cli::Tolerance given,
                                       seqc_dtype_t dtype) {
  double rtol = 1e-3, atol = 1e-6;
  if (dtype == SEQC_F16)
    rtol = 1e-2, atol = 1e-3;
  else if (dtype == SEQC_BF16)
    rtol = 2e-2, atol = 1e-2;
  return {given.rtol.value_or(rtol), given.atol.value_or(atol)};
}

bool Case::compare(ArrayRef<rt::TensorRef> got, const TensorMap &want,
                   const Twine &where) {
  for (const auto &[name, expected] : want) {
    size_t index = entry->findOutput(name);
    if (index >= got.size() || !got[index])
      return stop("output '" + name + "' was not made" + where);
    cli::Comparison comparison = cli::compareTensors(
        *got[index].get(), *expected.get(),
        onnxRule ? getOnnxTolerance(tolerance, expected->dtype) : tolerance);
    if (!comparison.passed)
      return stop("output '" + name + "'" + where + ": " +
                  (comparison.mismatch.empty()
                       ? cli::describeComparison(comparison)
                       : comparison.mismatch));
  }
  return true;
}

bool Case::runSingle() {
  TensorMap inputs, expected;
  if (!readFiles("inputs", false, inputs) ||
      !readFiles("expected", true, expected))
    return false;
  if (expected.empty())
    return stop(onnxRule ? "there is no output_*.pb; required is at least one "
                           "expected output"
                         : "'expected' is missing or empty; required is at "
                           "least one output");
  cli::RunRequest request;
  request.entry = entry;
  request.inputs = placeInputs(inputs);
  std::vector<rt::TensorRef> outputs;
  if (rt::Status status = executor.run(request, outputs); !status.ok())
    return stop(status.message());
  return compare(outputs, expected, "");
}

bool Case::runSequence() {
  TensorMap constant, perStep, wantedSteps, wantedFinal;
  int64_t steps = object.getInteger("steps").value_or(0);
  if (steps < 1)
    return stop("'steps' is missing or no whole number of 1 or more");
  cli::StepPlan plan;
  plan.steps = steps;
  seqc_generation_options_init(&plan.generation);
  if (!readFiles("constant_or_initial_inputs", false, constant) ||
      !readFiles("per_step_inputs", false, perStep) ||
      !readCarries(plan.carries) ||
      !readFiles("expected_per_step", true, wantedSteps) ||
      !readFiles("expected_final", true, wantedFinal))
    return false;
  for (const TensorMap *map : {&perStep, &wantedSteps})
    for (const auto &[name, tensor] : *map)
      if (tensor->rank < 1 || tensor->shape[0] != steps)
        return stop("'" + name + "' needs " + Twine(steps) +
                    " steps on its first axis");
  plan.inputs = placeInputs(constant);
  plan.perStep = placeInputs(perStep);
  for (const auto &[input, output] : plan.carries)
    if (plan.perStep[input])
      return stop("'" + entry->inputs[input].name +
                  "' is carried, and given per step");
  if (wantedSteps.empty() && wantedFinal.empty())
    return stop("'expected_per_step' and 'expected_final' are missing or "
                "empty; required is at least one output");
  cli::StepResult result;
  if (rt::Status status = cli::runSteps(executor, *entry, plan, result);
      !status.ok())
    return stop(status.message());
  return compare(result.stacked, wantedSteps, " over the steps") &&
         compare(result.last, wantedFinal, " after the last step");
}

std::optional<std::string> Case::run(const cli::RunOptions &options) {
  rt::Result<const rt::EntrySignature *> found = cli::chooseEntry(
      executor, object.getString("entry").value_or("").str(), nullptr);
  if (!found)
    return std::string(found.status().message());
  entry = *found;
  tolerance = options.tolerance;
  for (auto [key, target] :
       {std::pair("rtol", &tolerance.rtol), std::pair("atol", &tolerance.atol)})
    if (const json::Value *given = object.get(key)) {
      *target = given->getAsNumber();
      if (!*target || !(**target >= 0))
        return std::string("'") + key + "' is no number of 0 or more";
    }
  if (rt::Status status = executor.reset(); !status.ok())
    return std::string(status.message());
  StringRef kind = object.getString("kind").value_or("single");
  bool good = false;
  if (kind == "single") {
    good = runSingle();
  } else if (kind == "sequence") {
    good = runSequence();
  } else {
    return "'kind' is '" + kind.str() + "'; required is single or sequence";
  }
  return good ? std::nullopt : std::optional<std::string>(reason);
}

/// What cases.json would say of the folders `test_data_set_*`: input_N.pb and
/// output_N.pb belong to the N-th input and output.
static Expected<json::Array> listDataSets(StringRef folder,
                                          cli::Executor &executor) {
  rt::Result<const rt::EntrySignature *> entry =
      cli::chooseEntry(executor, "", nullptr);
  if (!entry)
    return toError(entry.status());
  std::set<std::string> sets;
  std::error_code code;
  for (sys::fs::directory_iterator it(folder, code), end; it != end && !code;
       it.increment(code))
    if (sys::path::filename(it->path()).starts_with("test_data_set_"))
      sets.insert(sys::path::filename(it->path()).str());
  std::string stray;
  auto list = [&](const std::string &set, StringRef prefix,
                  ArrayRef<rt::ValueSignature> values) {
    json::Object files;
    int number = -1;
    std::string last;
    for (const rt::ValueSignature &value : values) {
      // All parts of a sequence or optional are in one file.
      if (value.of.empty() || value.of != last)
        ++number;
      last = value.of;
      std::string name =
          (set + "/" + prefix + "_" + Twine(number) + ".pb").str();
      SmallString<128> path(folder);
      sys::path::append(path, name);
      if (!sys::fs::exists(path))
        continue;
      if (value.of.empty())
        files[value.name] = name;
      else
        files[value.name] = json::Array{name, value.part};
    }
    // A file that belongs to nothing would be ignored in silence.
    SmallString<128> path(folder);
    sys::path::append(path, set);
    std::error_code code;
    for (sys::fs::directory_iterator it(path, code), end; it != end && !code;
         it.increment(code)) {
      StringRef name = sys::path::filename(it->path());
      int at = 0;
      if (stray.empty() && name.consume_front(prefix) &&
          name.consume_front("_") && name.consume_back(".pb") &&
          !name.getAsInteger(10, at) && at > number)
        stray =
            (set + "/" + prefix + "_" + Twine(at) + ".pb: the model has only " +
             Twine(number + 1) + " " + prefix + (number ? "s" : ""))
                .str();
    }
    return files;
  };
  json::Array cases;
  for (const std::string &set : sets)
    cases.push_back(
        json::Object{{"kind", "single"},
                     {"inputs", list(set, "input", (*entry)->inputs)},
                     {"expected", list(set, "output", (*entry)->outputs)}});
  if (!stray.empty())
    return makeFailure(FailureKind::BadInput, stray);
  if (cases.empty())
    return makeFailure(FailureKind::BadInput,
                       "the folder has a model.onnx but no test_data_set_*");
  return cases;
}

/// Compiles `model` for a test; why it cannot be is an outcome.
static Expected<Execution> prepareTest(StringRef model,
                                       const Arguments &arguments,
                                       const cli::RunOptions &options,
                                       Reporter &reporter,
                                       TestOutcome &outcome) {
  ExecutionOptions execution;
  execution.interpret = arguments.has("--interpret");
  execution.threads = options.threads;
  Expected<Execution> prepared =
      prepareExecution(model, arguments, execution, reporter);
  if (prepared)
    return prepared;
  std::string message;
  FailureKind kind = takeFailure(prepared.takeError(), message);
  // `operator opset` first where a node is to blame: its description has them.
  StringRef first = reporter.getFirstError();
  SmallVector<StringRef> parts;
  if (kind == FailureKind::Unsupported &&
      Regex("\\(([^ (]+), opset ([0-9]+)\\)").match(first, &parts))
    message = (parts[1] + " " + parts[2] + ": " + first).str();
  else
    message += (message.empty() || first.empty() ? "" : ": ") + first.str();
  outcome = {kind == FailureKind::Unsupported ? TestResult::Unsupported
                                              : TestResult::Fail,
             message};
  return makeFailure(kind, "");
}

TestOutcome runTestFolder(StringRef folder, const Arguments &arguments,
                          const cli::RunOptions &options, Reporter &reporter) {
  SmallString<128> path(folder);
  sys::path::append(path, "cases.json");
  bool onnxStyle = !sys::fs::exists(path);
  json::Value value = nullptr;
  std::string modelPath;
  if (onnxStyle) {
    path = folder;
    sys::path::append(path, "model.onnx");
    modelPath = path.str().str();
  } else {
    ErrorOr<std::unique_ptr<MemoryBuffer>> file = readRegularFile(path);
    if (!file)
      return fail("cases.json: " + file.getError().message());
    Expected<json::Value> parsed = parseBoundedJson((*file)->getBuffer());
    if (!parsed)
      return fail("cases.json: " + toString(parsed.takeError()));
    value = std::move(*parsed);
    const json::Object *object = value.getAsObject();
    std::optional<StringRef> model =
        object ? object->getString("model") : std::nullopt;
    if (!model || !object->getArray("cases"))
      return fail("cases.json: required are 'model' and 'cases'");
    if (object->getArray("cases")->empty())
      return fail("cases.json: 'cases' is empty; required is at least one");
    modelPath = inFolder(folder, *model);
  }
  TestOutcome outcome;
  Expected<Execution> prepared =
      prepareTest(modelPath, arguments, options, reporter, outcome);
  if (!prepared) {
    consumeError(prepared.takeError());
    return outcome;
  }
  if (onnxStyle) {
    Expected<json::Array> cases = listDataSets(folder, *prepared->executor);
    if (!cases)
      return fail(toString(cases.takeError()));
    value = json::Object{{"cases", std::move(*cases)}};
  }
  for (auto [index, element] :
       enumerate(*value.getAsObject()->getArray("cases"))) {
    const json::Object *one = element.getAsObject();
    if (!one)
      return fail("case " + Twine(index) + " is no object");
    if (std::optional<std::string> reason =
            Case(*one, folder, *prepared->executor, onnxStyle).run(options))
      return fail("case " + Twine(index) + ": " + *reason);
  }
  return {};
}

} // namespace seqc
