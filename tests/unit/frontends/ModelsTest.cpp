//===- ModelsTest.cpp - tests/models against the interpreter --------------===//
//
// Each folder holds a description, weights, inputs, and outputs that a script
// computed in float64. Importing the description and evaluating the IR must
// give the same.
//
//===----------------------------------------------------------------------===//

#include "dialect/Seq/Reference/Interpreter.h"
#include "frontends/YAML/ImportYAML.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace llvm;
using namespace seqc;
using reference::ElementKind;
using reference::Tensor;

namespace {

using Tensors = std::map<std::string, Tensor>;

/// Folder the models' data is in.
std::string dataFolder() {
  const char *build = std::getenv("SEQC_BUILD_DIR");
  return std::string(build ? build : ".") + "/tests/models";
}

std::string readFile(const std::string &path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path);
  if (!buffer) {
    ADD_FAILURE() << path << ": " << buffer.getError().message();
    return "";
  }
  return (*buffer)->getBuffer().str();
}

/// An array that numpy.save wrote: version 1, little-endian f4 or i4,
/// row-major.
Tensor readNpy(const std::string &path) {
  std::string text = readFile(path);
  StringRef bytes = text;
  if (bytes.size() < 10)
    return {};
  size_t headerSize = support::endian::read16le(bytes.data() + 8);
  StringRef header = bytes.substr(10, headerSize);
  StringRef data = bytes.substr(10 + headerSize);
  ElementKind kind =
      header.contains("<f4") ? ElementKind::F32 : ElementKind::I32;
  StringRef list = header.split("'shape': (").second.split(")").first;
  SmallVector<int64_t> shape;
  SmallVector<StringRef> parts;
  list.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts)
    if (int64_t extent; !part.trim().getAsInteger(10, extent))
      shape.push_back(extent);
  Expected<Tensor> tensor =
      Tensor::ofBytes(kind, shape, arrayRefFromStringRef(data));
  if (!tensor) {
    ADD_FAILURE() << path << ": " << toString(tensor.takeError());
    return {};
  }
  return *tensor;
}

/// The arrays that a case names, by input or output.
Tensors readArrays(const std::string &folder, const json::Object *files) {
  Tensors tensors;
  if (files)
    for (const auto &[name, file] : *files)
      tensors[StringRef(name).str()] =
          readNpy(folder + "/" + file.getAsString()->str());
  return tensors;
}

/// Names of arguments or results of a function.
std::vector<std::string> portNames(mlir::func::FuncOp function, bool inputs) {
  std::vector<std::string> names;
  unsigned count =
      inputs ? function.getNumArguments() : function.getNumResults();
  for (unsigned i = 0; i < count; ++i) {
    auto name =
        inputs ? function.getArgAttrOfType<mlir::StringAttr>(i, "seq.name")
               : function.getResultAttrOfType<mlir::StringAttr>(i, "seq.name");
    names.push_back(name.str());
  }
  return names;
}

void expectEqual(const std::string &what, const Tensor &got,
                 const Tensor &want) {
  ASSERT_EQ(reference::toString(got.getShape()),
            reference::toString(want.getShape()))
      << what;
  if (!want.isFloat()) {
    for (int64_t i = 0; i < want.getNumElements(); ++i)
      ASSERT_EQ(got.ints()[i], want.ints()[i]) << what << " at " << i;
    return;
  }
  double bound = 1;
  for (double x : want.floats())
    bound = std::max(bound, std::fabs(x));
  // Both sides are float64; the stored values were rounded to float32.
  for (int64_t i = 0; i < want.getNumElements(); ++i)
    ASSERT_NEAR(got.floats()[i], want.floats()[i], 1e-6 * bound)
        << what << " at " << i;
}

/// A slice of the first dimension.
Tensor takeStep(const Tensor &stacked, int64_t step) {
  SmallVector<int64_t> shape(drop_begin(stacked.getShape()));
  Tensor slice(stacked.getKind(), shape);
  int64_t size = slice.getNumElements();
  for (int64_t i = 0; i < size; ++i)
    slice.mutableData()[i] = stacked.data()[step * size + i];
  return slice;
}

/// A model that can be run.
class Model {
public:
  explicit Model(const std::string &name)
      : folder(dataFolder() + "/" + name), weights(folder),
        module(importYAML(folder + "/" + name + ".yaml", context)) {}

  Tensors run(const Tensors &inputs) {
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    SmallVector<Tensor> operands;
    for (const std::string &name : portNames(function, true))
      operands.push_back(inputs.at(name));
    reference::Interpreter interpreter(*module, weights);
    Expected<SmallVector<Tensor>> results =
        interpreter.run(function.getName(), operands);
    Tensors outputs;
    if (!results) {
      ADD_FAILURE() << toString(results.takeError());
      return outputs;
    }
    for (auto [name, result] : zip(portNames(function, false), *results))
      outputs[name] = result;
    return outputs;
  }

  void check(const json::Object &testCase);

  mlir::MLIRContext context;
  std::string folder;
  reference::FolderWeightSource weights;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

void Model::check(const json::Object &testCase) {
  if (testCase.getString("kind") == "single") {
    Tensors got = run(readArrays(folder, testCase.getObject("inputs")));
    for (auto &[name, want] :
         readArrays(folder, testCase.getObject("expected")))
      expectEqual(name, got[name], want);
    return;
  }
  Tensors state =
      readArrays(folder, testCase.getObject("constant_or_initial_inputs"));
  Tensors perStep = readArrays(folder, testCase.getObject("per_step_inputs"));
  Tensors want = readArrays(folder, testCase.getObject("expected_per_step"));
  Tensors got;
  for (int64_t step = 0; step < *testCase.getInteger("steps"); ++step) {
    Tensors inputs = state;
    for (auto &[name, stacked] : perStep)
      inputs[name] = takeStep(stacked, step);
    got = run(inputs);
    for (auto &[name, stacked] : want)
      expectEqual(name, got[name], takeStep(stacked, step));
    for (const auto &[output, input] :
         *testCase.getObject("carry_output_to_input"))
      state[input.getAsString()->str()] = got[StringRef(output).str()];
  }
  for (auto &[name, last] :
       readArrays(folder, testCase.getObject("expected_final")))
    expectEqual(name, got[name], last);
}

class Models : public testing::TestWithParam<const char *> {};

} // namespace

TEST_P(Models, AgreesWithAnIndependentEvaluation) {
  Model model(GetParam());
  ASSERT_TRUE(model.module);
  Expected<json::Value> cases =
      json::parse(readFile(model.folder + "/cases.json"));
  ASSERT_TRUE(static_cast<bool>(cases)) << toString(cases.takeError());
  const json::Array *list = cases->getAsObject()->getArray("cases");
  ASSERT_TRUE(list && !list->empty());
  for (const json::Value &testCase : *list)
    model.check(*testCase.getAsObject());
}

INSTANTIATE_TEST_SUITE_P(
    All, Models,
    testing::Values("lstm_additive", "lstm_general", "concat_score",
                    "gru_self_attention", "lstm_language", "mlp_score",
                    "minimal_gated", "two_states", "many_heads", "cell_decoder",
                    "projected"),
    [](const auto &info) { return std::string(info.param); });
