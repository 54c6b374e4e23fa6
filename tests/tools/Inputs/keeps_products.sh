#!/bin/sh
# Interesting (1) while the module is valid and multiplies twice in a row.
seqc-opt "$1" --canonicalize 2>/dev/null | grep -c 'linalg.matmul' | grep -q '^2$' && exit 1
exit 0
