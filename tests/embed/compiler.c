/* The compiler's C API: what it makes is what `seqc compile` makes, on several
 * threads at the same time; errors, diagnostics, and a process left alone.
 *
 * usage: compiler FOLDER, which holds add.mlir, dates.yaml, bad.mlir, warn.mlir
 *        and what the command line made of them: add.so, add.mlir.out, dates.so
 */

#include <seqc/compiler.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void require(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "compiler: %s\n", what);
  exit(1);
}

/* The bytes of a file; the caller frees them. */
static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *bytes = malloc(1 << 26);
  require(file && bytes, path);
  *size = fread(bytes, 1, 1 << 26, file);
  fclose(file);
  return bytes;
}

static int is_equal(const char *path, const char *bytes, size_t size) {
  size_t other_size;
  char *other = read_file(path, &other_size);
  int equal = size == other_size && memcmp(bytes, other, size) == 0;
  free(other);
  return equal;
}

static int are_equal(const char *path, const char *other) {
  size_t size;
  char *bytes = read_file(path, &size);
  int equal = is_equal(other, bytes, size);
  free(bytes);
  return equal;
}

static seqc_compiler_t *make(const char *option, const char *value) {
  seqc_compiler_t *compiler;
  require(seqc_compiler_create(&compiler) == SEQC_EXIT_DONE, "no compiler");
  if (option)
    require(seqc_compiler_set_option(compiler, option, value) == SEQC_EXIT_DONE,
            seqc_compiler_message(compiler));
  return compiler;
}

/* What the handler was told. */
typedef struct {
  int errors, warnings, notes;
  unsigned line, column;
  char file[64], message[512], note[512];
} told_t;

static void tell(void *user, const seqc_diagnostic_t *diagnostic) {
  told_t *told = user;
  told->errors += diagnostic->severity == SEQC_SEVERITY_ERROR;
  told->warnings += diagnostic->severity == SEQC_SEVERITY_WARNING;
  told->notes += (int)diagnostic->num_notes;
  told->line = diagnostic->line;
  told->column = diagnostic->column;
  snprintf(told->file, sizeof told->file, "%s",
           diagnostic->file ? diagnostic->file : "");
  snprintf(told->message, sizeof told->message, "%s", diagnostic->message);
  if (diagnostic->num_notes)
    snprintf(told->note, sizeof told->note, "%s", diagnostic->notes[0].message);
}

static void check_outputs(void) {
  size_t size;
  char *text = read_file("add.mlir", &size);
  seqc_compiler_t *compiler = make(NULL, NULL);
  seqc_buffer_t *buffer;
  struct stat status;
  /* Files. */
  require(!seqc_compiler_compile_file(compiler, "add.mlir", "a.so") &&
              are_equal("a.so", "add.so"),
          "a shared object differs from the command line's");
  require(!seqc_compiler_compile_file(compiler, "dates.yaml", "d.so") &&
              are_equal("d.so", "dates.so"),
          "a description compiles to something else");
  require(
      !seqc_compiler_compile_text(compiler, text, size, "add.mlir", "t.so") &&
          are_equal("t.so", "add.so"),
      "text compiles to something else than its file");
  require(!seqc_compiler_compile_file(compiler, "add.mlir", "program") &&
              stat("program", &status) == 0 && (status.st_mode & 0111) == 0110,
          "an executable has not the permissions that the mask gives");
  require(stat("a.so", &status) == 0 && (status.st_mode & 0777) == 0640,
          "a file has not the permissions that the mask gives");
  /* Memory. */
  require(
      !seqc_compiler_compile_file_to_buffer(compiler, "dates.yaml", &buffer) &&
          is_equal("dates.so", seqc_buffer_data(buffer),
                   seqc_buffer_size(buffer)),
      "a buffer differs from the file");
  seqc_buffer_free(buffer);
  seqc_compiler_free(compiler);
  compiler = make("emit", "mlir");
  require(!seqc_compiler_set_option(compiler, "stop-after", "normalize"),
          "no option stop-after");
  require(!seqc_compiler_compile_text_to_buffer(compiler, text, size,
                                                "add.mlir", &buffer),
          seqc_compiler_message(compiler));
  require(is_equal("add.mlir.out", seqc_buffer_data(buffer),
                   seqc_buffer_size(buffer)),
          "IR differs from the command line's");
  require(seqc_buffer_data(buffer)[seqc_buffer_size(buffer)] == '\0',
          "no zero after the text");
  seqc_compiler_free(compiler);
  seqc_buffer_free(buffer);
  free(text);
}

static void check_errors(void) {
  seqc_compiler_t *compiler = make(NULL, NULL), *none = NULL;
  seqc_buffer_t *buffer = (seqc_buffer_t *)compiler;
  told_t told;
  memset(&told, 0, sizeof told);
  seqc_compiler_set_diagnostic_handler(compiler, tell, &told);

  require(seqc_compiler_set_option(compiler, "traget-cpu", "native") ==
                  SEQC_EXIT_BAD_INPUT &&
              strcmp(seqc_compiler_message(compiler),
                     "unknown option 'traget-cpu'; did you mean "
                     "'target-cpu'?") == 0,
          "a misspelt option has no suggestion");
  require(strcmp(told.message, seqc_compiler_message(compiler)) == 0 &&
              told.errors == 1 && told.file[0] == '\0',
          "an error without a place was not told");
  require(seqc_compiler_set_option(compiler, "opt-level", "4") ==
              SEQC_EXIT_BAD_INPUT,
          "-O4 is no error");
  require(seqc_compiler_set_option(compiler, "save-temps", "yes") ==
              SEQC_EXIT_BAD_INPUT,
          "a flag takes anything");
  require(seqc_compiler_set_option(compiler, "precision", "bf16") ==
              SEQC_EXIT_UNSUPPORTED,
          "what will exist is not unsupported");

  memset(&told, 0, sizeof told);
  require(seqc_compiler_compile_file(compiler, "bad.mlir", "x.so") ==
              SEQC_EXIT_BAD_INPUT,
          "a wrong op is no bad input");
  require(told.errors == 1 && strcmp(told.file, "bad.mlir") == 0 &&
              told.line == 3 && told.column > 0 &&
              strstr(told.message, "'seq."),
          "an error has no place");
  require(strncmp(seqc_compiler_message(compiler), "bad.mlir:3:", 11) == 0,
          "the message has no place");
  require(access("x.so", F_OK) != 0, "a failure leaves a file");

  require(seqc_compiler_compile_file(compiler, "none.onnx", "x.so") ==
                  SEQC_EXIT_BAD_INPUT &&
              seqc_compiler_compile_file(compiler, "add.mlir", "x.dll") ==
                  SEQC_EXIT_BAD_INPUT &&
              seqc_compiler_compile_file(compiler, "add.mlir", "add.mlir") ==
                  SEQC_EXIT_BAD_INPUT,
          "wrong files are no bad input");
  require(
      seqc_compiler_compile_file(compiler, "add.mlir", "no/such/folder/x.so") ==
          SEQC_EXIT_ENVIRONMENT,
      "an output that cannot be written is not the environment's");
  require(seqc_compiler_compile_text_to_buffer(
              compiler, "x", 1, "x.onnx", &buffer) == SEQC_EXIT_UNSUPPORTED &&
              buffer == NULL,
          "an ONNX model in memory is not unsupported");
  require(seqc_compiler_compile_file(compiler, NULL, "x.so") ==
                  SEQC_EXIT_BAD_INPUT &&
              seqc_compiler_compile_file(none, "add.mlir", "x.so") ==
                  SEQC_EXIT_BAD_INPUT &&
              seqc_compiler_create(NULL) == SEQC_EXIT_BAD_INPUT &&
              strcmp(seqc_compiler_message(NULL), "") == 0,
          "NULL is no bad input");
  seqc_compiler_set_option(compiler, "prefix-symbols", "mine");
  require(seqc_compiler_compile_file_to_buffer(compiler, "add.mlir", &buffer) ==
              SEQC_EXIT_BAD_INPUT,
          "a header beside memory is no error");
  seqc_compiler_free(compiler);

  /* The compiler is as good as new after a failure. */
  compiler = make(NULL, NULL);
  seqc_compiler_compile_file(compiler, "bad.mlir", "x.so");
  require(!seqc_compiler_compile_file(compiler, "add.mlir", "x.so") &&
              are_equal("x.so", "add.so") &&
              strcmp(seqc_compiler_message(compiler), "") == 0,
          "a failure spoils what follows");
  seqc_compiler_free(compiler);
  seqc_compiler_free(NULL);
  seqc_buffer_free(NULL);
}

static void *compile_dates(void *argument) {
  const char *cpu = argument;
  char expected[64];
  seqc_compiler_t *compiler = make("target-cpu", cpu);
  seqc_buffer_t *buffer;
  int i;
  snprintf(expected, sizeof expected, "dates-%s.so", cpu);
  for (i = 0; i < 2; ++i) {
    require(
        !seqc_compiler_compile_file_to_buffer(compiler, "dates.yaml", &buffer),
        seqc_compiler_message(compiler));
    require(
        is_equal(expected, seqc_buffer_data(buffer), seqc_buffer_size(buffer)),
        "threads that compile disturb each other");
    seqc_buffer_free(buffer);
  }
  seqc_compiler_free(compiler);
  return NULL;
}

static void check_threads(void) {
  static char cpus[2][16] = {"x86-64-v3", "x86-64-v4"};
  pthread_t threads[4];
  int i;
  for (i = 0; i < 4; ++i)
    require(!pthread_create(&threads[i], NULL, compile_dates, cpus[i % 2]),
            "no thread");
  for (i = 0; i < 4; ++i)
    pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
  static const int signals[] = {SIGHUP,  SIGINT,  SIGTERM, SIGSEGV,
                                SIGABRT, SIGPIPE, SIGCHLD, SIGXFSZ};
  size_t i;
  if (argc != 2 || chdir(argv[1]) != 0)
    return 2;
  umask(027);
  require(seqc_compiler_api_version() >= SEQC_COMPILER_API_VERSION &&
              seqc_compiler_abi_version() > 0 &&
              strchr(seqc_compiler_version(), '.'),
          "no versions");
  check_outputs();
  check_errors();
  check_threads();
  for (i = 0; i < sizeof signals / sizeof signals[0]; ++i) {
    struct sigaction action;
    sigaction(signals[i], NULL, &action);
    require(action.sa_handler == SIG_DFL, "the library handles signals");
  }
  printf("compiler: passed\n");
  return 0;
}
