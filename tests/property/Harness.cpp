//===- Harness.cpp - Compile a module and call its entries ----------------===//
//
// The phases, the translation and LLVM's pipeline are those of the driver;
// instead of linking a file, the code is loaded into this process. The services
// are the smallest that do: every piece of memory they hand out is a mapping of
// its own between forbidden pages.
//
//===----------------------------------------------------------------------===//

#include "tests/property/Harness.h"

#include "compiler/CodeGen/ObjectEmitter.h"
#include "compiler/Pipelines/Phases.h"
#include "compiler/Pipelines/Registration.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "runtime/abi/ModelAbi.h"
#include "runtime/core/NestParts.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Target/TargetMachine.h"

#include <csetjmp>
#include <cstring>
#include <map>
#include <stdexcept>
#include <thread>

using namespace mlir;
using namespace seqc::rt;
using namespace seqc;
using namespace seqc::test;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

template <typename T>
static HostTensor makeTensor(std::vector<int64_t> shape,
                             const std::vector<T> &values) {
  HostTensor tensor;
  tensor.shape = std::move(shape);
  tensor.bytes.resize(values.size() * sizeof(T));
  if (!values.empty())
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

HostTensor HostTensor::floats(std::vector<int64_t> shape,
                              const std::vector<float> &values) {
  return makeTensor(std::move(shape), values);
}
HostTensor HostTensor::ints(std::vector<int64_t> shape,
                            const std::vector<int32_t> &values) {
  return makeTensor(std::move(shape), values);
}
HostTensor HostTensor::bools(std::vector<int64_t> shape,
                             const std::vector<uint8_t> &values) {
  return makeTensor(std::move(shape), values);
}

std::vector<float> HostTensor::asFloats() const {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty())
    std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

//===----------------------------------------------------------------------===//
// Services
//===----------------------------------------------------------------------===//

namespace {

/// One call: what its services hand out. Freed when the call is over.
struct Call {
  Guard guard;
  /// Memory that outputs are to be written to, or null.
  std::vector<void *> targets;
  std::vector<GuardedBuffer> arena;
  std::vector<GuardedBuffer> outputs;
  std::vector<std::vector<int64_t>> shapes;
  /// Where a call that fails goes on, and why it fails.
  std::jmp_buf failed;
  std::string message;
  int64_t allocations = 0, bytes = 0;
  int64_t parallelRuns = 0;
  int64_t parallelGrain = kParallelGrain;
};

Call &callOf(seqc_abi_context *context) {
  return *static_cast<Call *>(context->session);
}

void *allocate(seqc_abi_context *context, int64_t bytes) {
  Call &call = callOf(context);
  ++call.allocations;
  call.bytes += llvm::alignTo(bytes, SEQC_ABI_ALIGNMENT);
  call.arena.emplace_back(bytes, call.guard);
  // Whatever is read before it is written should show.
  std::memset(call.arena.back().data(), 0xff, bytes);
  return call.arena.back().data();
}

/// Ends the call with a message; {0}, {1}, ... stand for values.
void failCheck(seqc_abi_context *context, const char *message, int32_t count,
               const int64_t *values) {
  Call &call = callOf(context);
  call.message = message;
  for (int32_t i = 0; i < count; ++i) {
    std::string hole = "{" + std::to_string(i) + "}";
    if (size_t at = call.message.find(hole); at != std::string::npos)
      call.message.replace(at, hole.size(), std::to_string(values[i]));
  }
  std::longjmp(call.failed, 1);
}

void fail(seqc_abi_context *context, int32_t, const char *message) {
  failCheck(context, message, 0, nullptr);
}

int64_t mark(seqc_abi_context *context) { return callOf(context).arena.size(); }

void release(seqc_abi_context *context, int64_t position) {
  std::vector<GuardedBuffer> &arena = callOf(context).arena;
  while (static_cast<int64_t>(arena.size()) > position)
    arena.pop_back();
}

void *output(seqc_abi_context *context, int32_t index, int32_t rank,
             const int64_t *shape, int64_t bytes) {
  Call &call = callOf(context);
  while (static_cast<int32_t>(call.outputs.size()) <= index) {
    call.outputs.emplace_back(0, call.guard);
    call.shapes.emplace_back();
  }
  call.outputs[index] = GuardedBuffer(bytes, call.guard);
  call.shapes[index].assign(shape, shape + rank);
  if (index < static_cast<int32_t>(call.targets.size()) && call.targets[index])
    return call.targets[index];
  std::memset(call.outputs[index].data(), 0xff, bytes);
  return call.outputs[index].data();
}

/// As the runtime does it, but on threads that begin and end here.
void parallelNest(seqc_abi_context *context, int64_t work, int64_t outer,
                  int64_t inner, seqc_abi_nest_body body, void *closure) {
  if (outer <= 0 || inner <= 0)
    return;
  Call &call = callOf(context);
  NestParts parts =
      cutNest(work, outer, inner, context->num_threads, call.parallelGrain);
  if (parts.count() == 1)
    return body(closure, 0, outer, 0, inner);
  ++call.parallelRuns;
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < parts.outer; ++i)
    for (int64_t j = 0; j < parts.inner; ++j)
      threads.emplace_back(
          body, closure, outer * i / parts.outer, outer * (i + 1) / parts.outer,
          inner * j / parts.inner, inner * (j + 1) / parts.inner);
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace

//===----------------------------------------------------------------------===//
// Compiled modules
//===----------------------------------------------------------------------===//

struct CompiledModule::Impl {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  int64_t allocations = 0, bytes = 0;
  int64_t parallelRuns = 0;
  int64_t parallelGrain = kParallelGrain;
  /// By entry.
  std::map<std::string, std::vector<InputType>> inputTypes;
  /// By entry and output.
  std::map<std::pair<std::string, int>, std::vector<int>> inPlace;
};

template <typename T> static T check(llvm::Expected<T> value) {
  if (!value)
    throw std::runtime_error(llvm::toString(value.takeError()));
  return std::move(*value);
}

static void check(llvm::Error error) {
  if (error)
    throw std::runtime_error(llvm::toString(std::move(error)));
}

CompiledModule::CompiledModule(const std::string &text,
                               const HarnessOptions &options)
    : impl(new Impl) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  std::string problems;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    problems += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    throw std::runtime_error("cannot parse: " + problems);
  for (auto function : module->getOps<func::FuncOp>())
    for (Type type : function.getArgumentTypes()) {
      auto tensor = cast<RankedTensorType>(type);
      InputType input;
      for (int64_t size : tensor.getShape())
        input.shape.push_back(ShapedType::isDynamic(size) ? -1 : size);
      input.width =
          llvm::divideCeil(tensor.getElementType().getIntOrFloatBitWidth(), 8);
      input.isInteger = tensor.getElementType().isInteger(32);
      impl->inputTypes[function.getName().str()].push_back(std::move(input));
    }
  initializeTargets();
  Target target = check(resolveTarget("native"));
  PhaseOptions phaseOptions;
  phaseOptions.optLevel = options.optLevel;
  phaseOptions.planMemory = options.planMemory;
  phaseOptions.leastParallelInLoop = options.parallelGrain;
  if (options.parallelGrain > 0)
    impl->parallelGrain = options.parallelGrain;
  phaseOptions.vectorBits =
      options.vectorBits ? options.vectorBits : target.vectorBits;
  phaseOptions.features = target.kernelFeatures;
  for (Phase phase : allPhases()) {
    PassManager passes(&context);
    buildPhase(phase, passes, phaseOptions);
    if (failed(passes.run(*module)))
      throw std::runtime_error("phase " + phaseName(phase).str() +
                               " failed: " + problems);
  }
  module->walk([&](Operation *function) {
    ArrayAttr rows = seq::getMark<seq::InPlaceMark>(function);
    auto symbol = dyn_cast<SymbolOpInterface>(function);
    if (!rows || !symbol)
      return;
    StringRef name = symbol.getName();
    name.consume_front(SEQC_ABI_FUNCTION_PREFIX);
    for (auto row : rows.getAsRange<seq::InPlaceAttr>())
      append_range(impl->inPlace[{name.str(), row.getOutput()}],
                   row.getInputs());
  });
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> code =
      check(translateToLLVM(*module, *llvmContext, target));
  std::unique_ptr<llvm::TargetMachine> machine =
      check(createTargetMachine(target, options.codeLevel));
  check(optimizeModule(*code, *machine, options.codeLevel));
  auto builder = check(llvm::orc::JITTargetMachineBuilder::detectHost());
  builder.setCodeGenOptLevel(machine->getOptLevel());
  impl->jit = check(
      llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(builder).create());
  check(impl->jit->addIRModule(
      llvm::orc::ThreadSafeModule(std::move(code), std::move(llvmContext))));
}

CompiledModule::~CompiledModule() = default;

int64_t CompiledModule::getAllocations() const { return impl->allocations; }

int64_t CompiledModule::getAllocatedBytes() const { return impl->bytes; }

int64_t CompiledModule::getParallelRuns() const { return impl->parallelRuns; }

const std::vector<InputType> &
CompiledModule::getInputTypes(const std::string &name) const {
  return impl->inputTypes.at(name);
}

std::vector<int> CompiledModule::getInPlace(const std::string &name,
                                            int output) const {
  auto found = impl->inPlace.find({name, output});
  return found == impl->inPlace.end() ? std::vector<int>() : found->second;
}

std::vector<HostTensor>
CompiledModule::run(const std::string &name,
                    const std::vector<HostTensor> &inputs, Guard guard,
                    int threads, const std::vector<int> &places) {
  auto address = check(impl->jit->lookup(SEQC_ABI_FUNCTION_PREFIX + name));
  auto *function = address.toPtr<int32_t (*)(seqc_abi_context *)>();
  std::vector<GuardedBuffer> memory;
  std::vector<seqc_abi_tensor> tensors;
  for (const HostTensor &input : inputs) {
    memory.emplace_back(input.bytes.size(), guard);
    if (!input.bytes.empty())
      std::memcpy(memory.back().data(), input.bytes.data(), input.bytes.size());
    tensors.push_back({memory.back().data(), input.shape.data()});
  }
  Call call{};
  call.guard = guard;
  call.parallelGrain = impl->parallelGrain;
  for (int place : places)
    call.targets.push_back(place < 0 ? nullptr : memory[place].data());
  seqc_abi_services services = {};
  services.version = SEQC_ABI_VERSION;
  services.size = sizeof(services);
  services.alloc = allocate;
  services.mark = mark;
  services.release = release;
  services.output = output;
  services.parallel_nest = parallelNest;
  services.fail = fail;
  services.fail_check = failCheck;
  seqc_abi_context context = {};
  context.services = &services;
  context.inputs = tensors.data();
  context.session = &call;
  context.wanted_outputs = ~uint64_t(0);
  context.max_new = -1;
  context.num_threads = threads;
  // Generated code has nothing to unwind.
  if (setjmp(call.failed))
    throw CallRefused(call.message);
  if (int32_t code = function(&context))
    throw std::runtime_error(name + " returned " + std::to_string(code));
  impl->allocations = call.allocations;
  impl->bytes = call.bytes;
  impl->parallelRuns = call.parallelRuns;
  std::vector<HostTensor> results;
  call.targets.resize(call.outputs.size());
  for (auto [buffer, shape, target] :
       llvm::zip(call.outputs, call.shapes, call.targets)) {
    HostTensor result;
    result.shape = shape;
    auto *begin = static_cast<const char *>(target ? target : buffer.data());
    result.bytes.assign(begin, begin + buffer.size());
    results.push_back(std::move(result));
  }
  return results;
}
