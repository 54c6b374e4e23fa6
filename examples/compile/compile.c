/* A C program that compiles models.
 *
 *   compile MODEL OUT [OPTION=VALUE...]
 *
 * MODEL is a file, or - for IR on standard input; the suffix of OUT chooses the
 * kind of artefact. See README.md beside this file for the commands.
 */

#include <seqc/compiler.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(seqc_severity_t severity) {
  return severity == SEQC_SEVERITY_ERROR     ? "error"
         : severity == SEQC_SEVERITY_WARNING ? "warning"
                                             : "note";
}

static void print(const seqc_diagnostic_t *diagnostic) {
  if (diagnostic->file)
    fprintf(stderr, "%s:%u:%u: ", diagnostic->file, (unsigned)diagnostic->line,
            (unsigned)diagnostic->column);
  fprintf(stderr, "%s: %s\n", name_of(diagnostic->severity),
          diagnostic->message);
}

/* Prints a diagnostic and the notes that belong to it. */
static void handle(void *user, const seqc_diagnostic_t *diagnostic) {
  size_t i;
  (void)user;
  print(diagnostic);
  for (i = 0; i < diagnostic->num_notes; ++i)
    print(&diagnostic->notes[i]);
}

/* Reads standard input to its end; the caller frees the text. */
static char *read_input(size_t *size) {
  size_t capacity = 1 << 16, count;
  char *text = malloc(capacity);
  *size = 0;
  while (text && (count = fread(text + *size, 1, capacity - *size, stdin))) {
    *size += count;
    if (*size == capacity)
      text = realloc(text, capacity *= 2);
  }
  return text;
}

/* Compiles IR from standard input to memory, and writes that to `output`. */
static seqc_exit_code_t compile_input(seqc_compiler_t *compiler,
                                      const char *output) {
  size_t size;
  char *text = read_input(&size);
  seqc_buffer_t *artefact;
  FILE *file;
  seqc_exit_code_t code;
  if (!text)
    return SEQC_EXIT_ENVIRONMENT;
  code = seqc_compiler_compile_text_to_buffer(compiler, text, size,
                                              "stdin.mlir", &artefact);
  free(text);
  if (code)
    return code;
  file = fopen(output, "wb");
  if (!file || fwrite(seqc_buffer_data(artefact), 1, seqc_buffer_size(artefact),
                      file) != seqc_buffer_size(artefact))
    code = SEQC_EXIT_ENVIRONMENT;
  if (file && fclose(file))
    code = SEQC_EXIT_ENVIRONMENT;
  if (code)
    perror(output);
  seqc_buffer_free(artefact);
  return code;
}

int main(int argc, char **argv) {
  seqc_compiler_t *compiler;
  seqc_exit_code_t code = SEQC_EXIT_DONE;
  int i;

  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL OUT [OPTION=VALUE...]\n", argv[0]);
    return SEQC_EXIT_BAD_INPUT;
  }
  code = seqc_compiler_create(&compiler);
  if (code)
    return code;
  seqc_compiler_set_diagnostic_handler(compiler, handle, NULL);
  for (i = 3; i < argc && !code; ++i) {
    char *value = strchr(argv[i], '=');
    if (value)
      *value++ = '\0';
    code = seqc_compiler_set_option(compiler, argv[i], value ? value : "true");
  }
  if (!code)
    code = strcmp(argv[1], "-") == 0
               ? compile_input(compiler, argv[2])
               : seqc_compiler_compile_file(compiler, argv[1], argv[2]);
  seqc_compiler_free(compiler);
  return code;
}
