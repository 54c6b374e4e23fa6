//===- compiler.h - C API of the seqc compiler ----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles models: what `seqc compile` does, inside of a program.
//
//   compiler  options and a handler of diagnostics, for any number of
//             compilations. One thread at a time.
//   buffer    bytes that a compilation made. Immutable.
//
// Conventions. Objects have one owner: `create` and out-parameters give them,
// `free` takes them and accepts NULL. Functions that can fail return the exit
// code that `seqc compile` would end with (seqc/exit_code.h), SEQC_EXIT_DONE on
// success; why is said to the handler of diagnostics and kept in the compiler.
// Out-parameters come last and are NULL (or zero) after a failure. A NULL handle
// or name where one is needed is SEQC_EXIT_BAD_INPUT. Text is UTF-8 and ends in
// a zero. "Any thread" means: safe from any thread at any time; "one thread"
// means: not while another thread uses the same object. Different compilers
// never share state: any number may compile at the same time, and equal inputs
// and options give equal bytes whatever else the process does.
//
// Process. The library changes nothing of its process: no signal handlers, no
// switches of LLVM, no environment variables, nothing on standard output or
// error. It reads SEQC_LIB_DIR and SEQC_LINKER, where the runtime's archives and
// the linker lie, and starts the linker as a child process and waits for it.
// Two things end the process as they do in every program that uses LLVM: memory
// that runs out, and text of IR that MLIR's parser does not survive. Whoever
// compiles IR of strangers does so in a process of its own.
//
// A minimal use:
//
//   seqc_compiler_t *compiler;
//   seqc_compiler_create(&compiler);
//   seqc_compiler_set_option(compiler, "target-cpu", "x86-64-v3");
//   if (seqc_compiler_compile_file(compiler, "model.onnx", "model.so"))
//     puts(seqc_compiler_message(compiler));
//   seqc_compiler_free(compiler);
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_COMPILER_H
#define SEQC_COMPILER_H

#include <seqc/exit_code.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SEQC_API
#if defined(__GNUC__)
#define SEQC_API __attribute__((visibility("default")))
#else
#define SEQC_API
#endif
#endif

/// Version of this API. Grows when functions are added.
#define SEQC_COMPILER_API_VERSION 1

typedef struct seqc_compiler_t seqc_compiler_t;
typedef struct seqc_buffer_t seqc_buffer_t;

//===----------------------------------------------------------------------===//
// Versions
//===----------------------------------------------------------------------===//

/// The version of the compiler, for example "0.1.0".
/// Ownership: static. Thread safety: any thread. Errors: none.
SEQC_API const char *seqc_compiler_version(void);

/// The version of this API that the library has: at least the
/// SEQC_COMPILER_API_VERSION that the program was compiled with, or functions
/// are missing.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API uint32_t seqc_compiler_api_version(void);

/// The version of the model ABI of what is compiled; the runtime that loads it
/// has the same in seqc_runtime_abi_version().
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API uint32_t seqc_compiler_abi_version(void);

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

/// How grave a diagnostic is.
typedef enum seqc_severity_t {
  /// The compilation fails.
  SEQC_SEVERITY_ERROR = 0,
  /// The model compiles, but not to what was perhaps meant.
  SEQC_SEVERITY_WARNING = 1,
  /// More about the diagnostic that it belongs to.
  SEQC_SEVERITY_NOTE = 2
} seqc_severity_t;

/// Something that is said about a model or a compilation.
typedef struct seqc_diagnostic_t {
  seqc_severity_t severity;
  /// The file that it is about, as the caller or the model named it; NULL where
  /// it is about none.
  const char *file;
  /// From 1; 0 where unknown.
  uint32_t line;
  /// In bytes, from 1; 0 where unknown.
  uint32_t column;
  /// Lower case, no final period: what was found and what is required.
  const char *message;
  /// Notes, `num_notes` of them, without notes of their own.
  const struct seqc_diagnostic_t *notes;
  size_t num_notes;
} seqc_diagnostic_t;

/// Takes a diagnostic. `diagnostic` and all it points to live until the handler
/// returns. It is called on the thread that compiles, must not call the same
/// compiler, and must not leave by an exception or longjmp.
typedef void (*seqc_diagnostic_fn)(void *user,
                                   const seqc_diagnostic_t *diagnostic);

//===----------------------------------------------------------------------===//
// Compilers
//===----------------------------------------------------------------------===//

/// Makes a compiler with all options at their defaults and no handler.
///
/// Ownership: `*out_compiler` is the caller's, for seqc_compiler_free().
/// Thread safety: any thread.
/// Errors: BAD_INPUT (NULL), ENVIRONMENT (no memory).
SEQC_API seqc_exit_code_t seqc_compiler_create(seqc_compiler_t **out_compiler);

/// Frees `compiler`; NULL is allowed. Buffers that it made live on.
/// Ownership: takes `compiler`. Thread safety: one thread. Errors: none.
SEQC_API void seqc_compiler_free(seqc_compiler_t *compiler);

/// Lets `handler` take the diagnostics of what follows; NULL for nobody.
/// Ownership: `user` is handed on, never looked at. Thread safety: one thread.
/// Errors: BAD_INPUT (NULL compiler).
SEQC_API seqc_exit_code_t seqc_compiler_set_diagnostic_handler(
    seqc_compiler_t *compiler, seqc_diagnostic_fn handler, void *user);

/// Gives option `name` the value `value`. Options are those of `seqc compile`
/// without dashes (docs/reference/compiler-api.md lists them):
///
///   target-cpu      native (default), portable, x86-64-v2, -v3, -v4, a CPU
///   opt-level       0 to 3; default 2
///   backend         llvm, onednn or auto; default: auto for shared objects,
///                   else llvm
///   precision       f32
///   emit            exe, so, obj, ll, asm or mlir; default: by the output's
///                   suffix, and so for buffers
///   entries         described (default), or all: beside a search, encode and
///                   step for a host that searches by itself
///   prefix-symbols  what symbols of an object or shared object begin with
///
/// Flags take true or false. A later value replaces an earlier one, except that
/// those of `no-recognize` add up.
///
/// Ownership: strings are copied. Thread safety: one thread.
/// Errors: BAD_INPUT (NULL, a name or a value that does not exist; the message
/// suggests the nearest), UNSUPPORTED (a value that will exist).
SEQC_API seqc_exit_code_t seqc_compiler_set_option(seqc_compiler_t *compiler,
                                                   const char *name,
                                                   const char *value);

/// The first error of the last function that failed on `compiler`, as
/// "FILE:LINE:COLUMN: MESSAGE" without what is unknown; "" if none failed yet.
/// Ownership: lives until the next call with `compiler`. Thread safety: one
/// thread. Errors: none; NULL gives "".
SEQC_API const char *seqc_compiler_message(const seqc_compiler_t *compiler);

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// Compiles the model at `model` (.onnx, .yaml, .yml or .mlir; files that it
/// names lie in its folder) and writes the artefact to `output`, whole or not at
/// all. With `prefix-symbols`, PREFIX.h is written beside it.
///
/// Ownership: strings are not kept. Thread safety: one thread.
/// Errors: BAD_INPUT (model, options, output), UNSUPPORTED (what the model asks
/// for does not exist), FAULT (in seqc), ENVIRONMENT (disk, memory, linker).
SEQC_API seqc_exit_code_t seqc_compiler_compile_file(seqc_compiler_t *compiler,
                                                     const char *model,
                                                     const char *output);

/// As seqc_compiler_compile_file(), with the artefact in memory. Option
/// `prefix-symbols` is not allowed: there is no place for its header.
///
/// Ownership: `*out_buffer` is the caller's, for seqc_buffer_free().
/// Thread safety: one thread.
/// Errors: as seqc_compiler_compile_file().
SEQC_API seqc_exit_code_t seqc_compiler_compile_file_to_buffer(
    seqc_compiler_t *compiler, const char *model, seqc_buffer_t **out_buffer);

/// Compiles `size` bytes of IR at `text` and writes the artefact to `output`.
/// `name` is what messages call the text; it ends with .mlir, and files with
/// weights lie in its folder. It need not exist.
///
/// Ownership: `text` and strings are not kept. Thread safety: one thread.
/// Errors: as seqc_compiler_compile_file(); UNSUPPORTED for kinds of models that
/// are read from files only.
SEQC_API seqc_exit_code_t seqc_compiler_compile_text(seqc_compiler_t *compiler,
                                                     const char *text,
                                                     size_t size,
                                                     const char *name,
                                                     const char *output);

/// As seqc_compiler_compile_text(), with the artefact in memory.
///
/// Ownership: `*out_buffer` is the caller's, for seqc_buffer_free(); `text` and
/// strings are not kept. Thread safety: one thread.
/// Errors: as seqc_compiler_compile_text().
SEQC_API seqc_exit_code_t seqc_compiler_compile_text_to_buffer(
    seqc_compiler_t *compiler, const char *text, size_t size, const char *name,
    seqc_buffer_t **out_buffer);

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// The bytes of `buffer`; a zero follows the last one. NULL for NULL.
/// Ownership: lives as long as `buffer`. Thread safety: any thread.
/// Errors: none.
SEQC_API const char *seqc_buffer_data(const seqc_buffer_t *buffer);

/// Number of bytes, without the zero; 0 for NULL.
/// Ownership: none. Thread safety: any thread. Errors: none.
SEQC_API size_t seqc_buffer_size(const seqc_buffer_t *buffer);

/// Frees `buffer`; NULL is allowed.
/// Ownership: takes `buffer`. Thread safety: any thread, once. Errors: none.
SEQC_API void seqc_buffer_free(seqc_buffer_t *buffer);

#ifdef __cplusplus
}
#endif

#endif // SEQC_COMPILER_H
