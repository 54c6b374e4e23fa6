/* Failures end the programs of this folder, with what they were. */

#ifndef SEQC_TESTS_EMBED_CHECK_H
#define SEQC_TESTS_EMBED_CHECK_H

#include <seqc/runtime.h>

#include <stdio.h>
#include <stdlib.h>

static void check(seqc_status_t *status) {
  if (!status)
    return;
  fprintf(stderr, "%s: %s\n", seqc_status_code_name(seqc_status_code(status)),
          seqc_status_message(status));
  seqc_status_free(status);
  exit(1);
}

#endif /* SEQC_TESTS_EMBED_CHECK_H */
