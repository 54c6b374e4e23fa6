#!/bin/sh
# Interesting (1) while the module searches; candidates are valid, so no tool need look.
grep -q seq.generate "$1" && exit 1
exit 0
