//===- Compiler.cpp - C API of the seqc compiler --------------------------===//

#include "seqc/compiler.h"
#include "compiler/CodeGen/ModelMetadata.h"
#include "compiler/CodeGen/OutputFile.h"
#include "runtime/abi/ModelAbi.h"
#include "tools/session/Compilation.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <deque>
#include <dlfcn.h>
#include <new>
#include <set>

using namespace llvm;
using namespace seqc;

struct seqc_buffer_t {
  std::string bytes;
};

namespace {
/// Hands diagnostics to the caller of the API and keeps the first error.
class CallerObserver : public CompilationObserver {
public:
  void setHandler(seqc_diagnostic_fn function, void *value) {
    handler = function;
    user = value;
  }

  /// Before a function of the API does what may fail.
  void begin() { firstError.clear(); }

  /// The first error since begin(), as the API words it.
  const std::string &getMessage() const { return firstError; }

  /// Ends what failed and gives its code.
  seqc_exit_code_t fail(Error error) {
    std::string message;
    FailureKind kind = takeFailure(std::move(error), message);
    seqc_exit_code_t code =
        getExitCode(kind, message.empty() ? firstError : message);
    // An empty message: diagnostics said it already.
    if (!message.empty())
      say({SEQC_SEVERITY_ERROR, nullptr, 0, 0, message.c_str(), nullptr, 0});
    return code;
  }

  void report(mlir::Diagnostic &diagnostic, bool) override {
    std::deque<std::string> texts;
    std::vector<seqc_diagnostic_t> notes;
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      notes.push_back(describe(note, texts));
    seqc_diagnostic_t described = describe(diagnostic, texts);
    described.notes = notes.data();
    described.num_notes = notes.size();
    say(described);
  }

private:
  /// `diagnostic` without notes, its strings in `texts`.
  static seqc_diagnostic_t describe(mlir::Diagnostic &diagnostic,
                                    std::deque<std::string> &texts) {
    seqc_diagnostic_t result = {};
    mlir::DiagnosticSeverity severity = diagnostic.getSeverity();
    result.severity =
        severity == mlir::DiagnosticSeverity::Error     ? SEQC_SEVERITY_ERROR
        : severity == mlir::DiagnosticSeverity::Warning ? SEQC_SEVERITY_WARNING
                                                        : SEQC_SEVERITY_NOTE;
    FilePlace place = getPlace(diagnostic.getLocation());
    if (!place.file.empty())
      result.file = texts.emplace_back(place.file.str()).c_str();
    result.line = place.line;
    result.column = place.column;
    result.message = texts.emplace_back(::getMessage(diagnostic)).c_str();
    return result;
  }

  void say(const seqc_diagnostic_t &diagnostic) {
    if (diagnostic.severity == SEQC_SEVERITY_ERROR && firstError.empty()) {
      if (diagnostic.file)
        firstError = diagnostic.file;
      for (uint32_t number : {diagnostic.line, diagnostic.column})
        if (number)
          firstError += ":" + std::to_string(number);
      firstError += (firstError.empty() ? "" : ": ");
      firstError += diagnostic.message;
    }
    if (handler)
      handler(user, &diagnostic);
  }

  seqc_diagnostic_fn handler = nullptr;
  void *user = nullptr;
  std::string firstError;
};

/// Where an artefact goes: a file, or memory.
struct Destination {
  const char *path = nullptr;
  seqc_buffer_t **buffer = nullptr;
};
} // namespace

struct seqc_compiler_t {
  CompileOptions options;
  bool hasBackend = false;
  CallerObserver observer;
};

/// The folder that this library lies in, beside the runtime's archives.
static std::string getLibraryFolder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&seqc_compiler_version), &info) ||
      !info.dli_fname)
    return {};
  SmallString<256> path;
  if (sys::fs::real_path(info.dli_fname, path))
    path = info.dli_fname;
  return sys::path::parent_path(path).str();
}

/// Compiles with complete options.
static Error compile(const CompileOptions &options, EmitKind kind,
                     StringRef output, CompilationObserver &observer) {
  Compilation compilation(options, observer);
  if (Error error = compilation.importModel())
    return error;
  if (Error error = compilation.checkOutput(output))
    return error;
  if (Error error = compilation.runPhases())
    return error;
  return compilation.emit(kind, output);
}

/// Compiles into memory, by way of a file: linkers write files.
static Error compileToBuffer(const CompileOptions &options, EmitKind kind,
                             seqc_buffer_t **buffer,
                             CompilationObserver &observer) {
  SmallString<128> path;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  sys::path::append(path, "seqc-artefact");
  Expected<TemporaryFile> file = TemporaryFile::create(path, "tmp");
  if (!file)
    return file.takeError();
  if (Error error = compile(options, kind, file->getPath(), observer))
    return error;
  ErrorOr<std::unique_ptr<MemoryBuffer>> bytes =
      MemoryBuffer::getFile(file->getPath(), /*IsText=*/false,
                            /*RequiresNullTerminator=*/false);
  if (!bytes)
    return makeFileFailure("cannot read", file->getPath(), bytes.getError());
  *buffer = new seqc_buffer_t{(*bytes)->getBuffer().str()};
  return Error::success();
}

/// Compiles `model`, or `text` of that name, to `destination`.
static Error compileTo(const seqc_compiler_t &compiler, StringRef model,
                       std::optional<StringRef> text, Destination destination,
                       CompilationObserver &observer) {
  CompileOptions options = compiler.options;
  options.model = model.str();
  options.text = text;
  if (options.libraryFolder.empty())
    options.libraryFolder = getLibraryFolder();
  if (Error error = checkSettings(options, ""))
    return error;
  StringRef output = destination.path ? destination.path : "artefact.so";
  Expected<EmitKind> kind = chooseEmitKind(options, output, "");
  if (!kind)
    return kind.takeError();
  if (*kind == EmitKind::SharedObject && !compiler.hasBackend)
    options.backend = Backend::Auto;
  kind = adjustEmitKind(options, *kind);
  if (Error error = checkEmission(options, *kind, output, ""))
    return error;
  if (destination.path)
    return compile(options, *kind, output, observer);
  if (!options.symbolPrefix.empty())
    return makeFailure(FailureKind::BadInput,
                       "option 'prefix-symbols' writes a header beside the "
                       "output; required is an output that is a file");
  return compileToBuffer(options, *kind, destination.buffer, observer);
}

/// Runs `function`, which gives an Error, for a caller in C.
template <typename Function>
static seqc_exit_code_t guard(seqc_compiler_t *compiler, Function function) {
  CallerObserver &observer = compiler->observer;
  try {
    observer.begin();
    if (Error error = function())
      return observer.fail(std::move(error));
    return SEQC_EXIT_DONE;
  } catch (const std::bad_alloc &) {
    return SEQC_EXIT_ENVIRONMENT;
  } catch (const std::exception &exception) {
    return observer.fail(
        makeFailure(FailureKind::Internal,
                    Twine("a fault in seqc itself: ") + exception.what()));
  }
}

/// compileTo() for a caller in C.
static seqc_exit_code_t compileGuarded(seqc_compiler_t *compiler,
                                       const char *model,
                                       std::optional<StringRef> text,
                                       Destination destination) {
  if (destination.buffer)
    *destination.buffer = nullptr;
  if (!compiler)
    return SEQC_EXIT_BAD_INPUT;
  return guard(compiler, [&]() -> Error {
    if (!model || (!destination.path && !destination.buffer) ||
        (text && !text->data() && !text->empty()))
      return makeFailure(FailureKind::BadInput,
                         "found NULL; required are a model and an output");
    return compileTo(*compiler, model, text, destination, compiler->observer);
  });
}

const char *seqc_compiler_version(void) {
  // Ends in a zero: a literal.
  return getCompilerVersion().data();
}

uint32_t seqc_compiler_api_version(void) { return SEQC_COMPILER_API_VERSION; }

uint32_t seqc_compiler_abi_version(void) { return SEQC_ABI_VERSION; }

seqc_exit_code_t seqc_compiler_create(seqc_compiler_t **out_compiler) {
  if (!out_compiler)
    return SEQC_EXIT_BAD_INPUT;
  *out_compiler = new (std::nothrow) seqc_compiler_t();
  return *out_compiler ? SEQC_EXIT_DONE : SEQC_EXIT_ENVIRONMENT;
}

void seqc_compiler_free(seqc_compiler_t *compiler) { delete compiler; }

seqc_exit_code_t
seqc_compiler_set_diagnostic_handler(seqc_compiler_t *compiler,
                                     seqc_diagnostic_fn handler, void *user) {
  if (!compiler)
    return SEQC_EXIT_BAD_INPUT;
  compiler->observer.setHandler(handler, user);
  return SEQC_EXIT_DONE;
}

seqc_exit_code_t seqc_compiler_set_option(seqc_compiler_t *compiler,
                                          const char *name, const char *value) {
  if (!compiler)
    return SEQC_EXIT_BAD_INPUT;
  return guard(compiler, [&]() -> Error {
    if (!name || !value)
      return makeFailure(FailureKind::BadInput,
                         "found NULL; required are an option and its value");
    if (Error error = setSetting(compiler->options, name, value, name))
      return error;
    compiler->hasBackend |= StringRef(name) == "backend";
    return Error::success();
  });
}

const char *seqc_compiler_message(const seqc_compiler_t *compiler) {
  return compiler ? compiler->observer.getMessage().c_str() : "";
}

seqc_exit_code_t seqc_compiler_compile_file(seqc_compiler_t *compiler,
                                            const char *model,
                                            const char *output) {
  return compileGuarded(compiler, model, std::nullopt, {output, nullptr});
}

seqc_exit_code_t seqc_compiler_compile_file_to_buffer(
    seqc_compiler_t *compiler, const char *model, seqc_buffer_t **out_buffer) {
  return compileGuarded(compiler, model, std::nullopt, {nullptr, out_buffer});
}

seqc_exit_code_t seqc_compiler_compile_text(seqc_compiler_t *compiler,
                                            const char *text, size_t size,
                                            const char *name,
                                            const char *output) {
  return compileGuarded(compiler, name, StringRef(text, size),
                        {output, nullptr});
}

seqc_exit_code_t seqc_compiler_compile_text_to_buffer(
    seqc_compiler_t *compiler, const char *text, size_t size, const char *name,
    seqc_buffer_t **out_buffer) {
  return compileGuarded(compiler, name, StringRef(text, size),
                        {nullptr, out_buffer});
}

const char *seqc_buffer_data(const seqc_buffer_t *buffer) {
  return buffer ? buffer->bytes.c_str() : nullptr;
}

size_t seqc_buffer_size(const seqc_buffer_t *buffer) {
  return buffer ? buffer->bytes.size() : 0;
}

void seqc_buffer_free(seqc_buffer_t *buffer) { delete buffer; }
