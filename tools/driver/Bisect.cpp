//===- Bisect.cpp - Where compiled code begins to differ ------------------===//
//
//   phases  the interpreter runs the module after each phase on tensors; the
//           first that gives another result is named
//   ops     the entry is cut after one of its ops, whose results become the
//           outputs; what is left is compiled and interpreted. A binary search
//           finds the first op whose results differ
//
//===----------------------------------------------------------------------===//

#include "tools/driver/Bisect.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "tools/driver/Execution.h"
#include "tools/driver/InterpreterExecutor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

Expected<std::vector<rt::TensorRef>> runEntry(cli::Executor &executor,
                                              const rt::EntrySignature &entry,
                                              ArrayRef<rt::TensorRef> inputs) {
  cli::RunRequest request;
  request.entry = &entry;
  request.inputs.assign(inputs.begin(), inputs.end());
  std::vector<rt::TensorRef> outputs;
  if (Error error = toError(executor.run(request, outputs)))
    return error;
  return outputs;
}

Expected<std::vector<cli::Comparison>>
runAndCompare(cli::Executor &executor, const rt::EntrySignature &entry,
              ArrayRef<rt::TensorRef> inputs, ArrayRef<rt::TensorRef> want,
              const cli::Tolerance &tolerance) {
  Expected<std::vector<rt::TensorRef>> got = runEntry(executor, entry, inputs);
  if (!got)
    return got.takeError();
  std::vector<cli::Comparison> comparisons;
  for (auto [mine, theirs] : zip(*got, want))
    comparisons.push_back(
        cli::compareTensors(*mine.get(), *theirs.get(), tolerance));
  return comparisons;
}

static bool allPassed(ArrayRef<cli::Comparison> comparisons) {
  return llvm::all_of(comparisons,
                      [](const cli::Comparison &c) { return c.passed; });
}

/// The entry of `executor` that is called like `entry`.
static const rt::EntrySignature *findSame(cli::Executor &executor,
                                          const rt::EntrySignature &entry) {
  for (const rt::EntrySignature &candidate : executor.entries())
    if (candidate.name == entry.name)
      return &candidate;
  return &executor.entries().front();
}

/// The first phase after which the interpreter differs from `want`.
static Expected<std::string>
findPhase(const CompileOptions &options, const rt::EntrySignature &entry,
          ArrayRef<rt::TensorRef> inputs, ArrayRef<rt::TensorRef> want,
          const cli::Tolerance &tolerance, Reporter &reporter) {
  for (Phase phase : allPhases()) {
    if (!isPipelinePhase(phase) || phase > Phase::Offload)
      continue;
    Compilation compilation(options, reporter);
    if (Error error = compilation.importModel())
      return error;
    if (Error error = compilation.runPhases(phase))
      return error;
    Expected<std::unique_ptr<cli::Executor>> executor =
        createInterpreterExecutor(compilation.getModule(),
                                  compilation.getFolder());
    if (!executor)
      return executor.takeError();
    Expected<std::vector<cli::Comparison>> comparisons = runAndCompare(
        **executor, *findSame(**executor, entry), inputs, want, tolerance);
    if (!comparisons) {
      // Calls of the library have no meaning on tensors.
      reporter.note(
          "after phase " + phaseName(phase) +
          " the interpreter stops: " + toString(comparisons.takeError()));
      return std::string();
    }
    if (!allPassed(*comparisons))
      return phaseName(phase).str();
  }
  return std::string();
}

/// Whether the results of `op` can be outputs of an entry.
static bool isObservable(Operation &op) {
  StringRef name = op.getName().getStringRef();
  if (op.getNumResults() == 0 || name == "seq.weight" ||
      name == "tensor.empty" || name == "arith.constant")
    return false;
  return llvm::all_of(op.getResultTypes(), [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getElementType().isIntOrFloat() &&
           tensor.getRank() <= 8;
  });
}

/// A copy of `module` whose entry ends after its op number `index`.
static OwningOpRef<ModuleOp> cutAfter(ModuleOp module, StringRef entry,
                                      size_t index) {
  OwningOpRef<ModuleOp> copy(module.clone());
  auto function = copy->lookupSymbol<func::FuncOp>(entry);
  Block &body = function.getBody().front();
  auto ret = cast<func::ReturnOp>(body.getTerminator());
  Operation &last = *std::next(body.begin(), index);
  ret->setOperands(last.getResults());
  function.setType(FunctionType::get(
      copy->getContext(), function.getArgumentTypes(), last.getResultTypes()));
  function.setResAttrsAttr(nullptr);
  // Metadata of the whole model speaks of outputs that are gone.
  json::Object metadata = getMetadata(*copy);
  metadata.erase("text");
  metadata.erase("entries");
  setMetadata(*copy, std::move(metadata));
  for (auto other : llvm::make_early_inc_range(copy->getOps<func::FuncOp>()))
    if (other != function && other.isPublic())
      other.setPrivate();
  if (failed(completeMetadata(*copy, "piece")))
    return nullptr;
  return copy;
}

/// Whether compiled code of `piece` differs from the interpreter.
static Expected<bool> differs(OwningOpRef<ModuleOp> piece, Compilation &whole,
                              const rt::EntrySignature &entry,
                              ArrayRef<rt::TensorRef> inputs,
                              const cli::Tolerance &tolerance,
                              Reporter &reporter) {
  // Contexts differ: the piece travels as text.
  std::string text;
  raw_string_ostream os(text);
  piece->print(os, OpPrintingFlags().enableDebugInfo());
  SmallString<128> path;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  sys::path::append(path, "seqc-piece");
  Expected<std::unique_ptr<cli::Executor>> interpreter =
      createInterpreterExecutor(*piece, whole.getFolder());
  if (!interpreter)
    return interpreter.takeError();
  Expected<std::vector<rt::TensorRef>> want =
      runEntry(**interpreter, *findSame(**interpreter, entry), inputs);
  if (!want)
    return want.takeError();

  Compilation compilation(whole.getOptions(), reporter);
  if (Error error = compilation.parsePiece(text, whole.getTargets()))
    return error;
  Expected<TemporaryFile> file = TemporaryFile::create(path, "so");
  if (!file)
    return file.takeError();
  if (Error error = compilation.runPhases())
    return error;
  if (Error error = compilation.emit(EmitKind::SharedObject, file->getPath()))
    return error;
  Expected<ModelRef> model = loadModel(file->getPath());
  if (!model)
    return model.takeError();
  rt::Result<std::unique_ptr<cli::Executor>> compiled =
      cli::createModelExecutor(model->get(), 1);
  if (!compiled)
    return toError(compiled.status());
  Expected<std::vector<cli::Comparison>> comparisons = runAndCompare(
      **compiled, *findSame(**compiled, entry), inputs, *want, tolerance);
  if (!comparisons)
    return comparisons.takeError();
  return !allPassed(*comparisons);
}

Expected<BisectResult> bisect(const CompileOptions &options,
                              const rt::EntrySignature &entry,
                              ArrayRef<rt::TensorRef> inputs,
                              const cli::Tolerance &tolerance,
                              Reporter &reporter) {
  Compilation whole(options, reporter);
  if (Error error = whole.importModel())
    return error;
  Expected<std::unique_ptr<cli::Executor>> interpreter =
      createInterpreterExecutor(whole.getModule(), whole.getFolder());
  if (!interpreter)
    return interpreter.takeError();
  Expected<std::vector<rt::TensorRef>> want =
      runEntry(**interpreter, entry, inputs);
  if (!want)
    return want.takeError();
  BisectResult result;
  Expected<std::string> phase =
      findPhase(options, entry, inputs, *want, tolerance, reporter);
  if (!phase)
    return phase.takeError();
  result.phase = *phase;

  auto function = whole.getModule().lookupSymbol<func::FuncOp>(entry.name);
  std::vector<size_t> candidates;
  for (auto [index, op] :
       enumerate(function.getBody().front().without_terminator()))
    if (isObservable(op))
      candidates.push_back(index);
  size_t low = 0, high = candidates.size();
  while (low < high) {
    size_t middle = (low + high) / 2;
    reporter.beginStep("bisect", middle, candidates.size());
    OwningOpRef<ModuleOp> piece =
        cutAfter(whole.getModule(), entry.name, candidates[middle]);
    if (!piece)
      return makeFailure(FailureKind::Internal, "");
    Expected<bool> different =
        differs(std::move(piece), whole, entry, inputs, tolerance, reporter);
    if (!different)
      return different.takeError();
    if (*different)
      high = middle;
    else
      low = middle + 1;
  }
  if (low < candidates.size()) {
    Operation &op =
        *std::next(function.getBody().front().begin(), candidates[low]);
    result.op = op.getName().getStringRef().str();
    result.location = printLocation(op.getLoc());
  }
  return result;
}

} // namespace seqc
