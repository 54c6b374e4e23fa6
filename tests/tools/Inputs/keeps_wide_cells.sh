#!/bin/sh
# Interesting (1) while the module is valid and has an lstm with more than two units.
seqc-opt "$1" 2>/dev/null | grep -q 'seq.lstm .*tensor<1x[0-9]*x\([3-9]\|[1-9][0-9]\+\)xf32>) ->' && exit 1
exit 0
