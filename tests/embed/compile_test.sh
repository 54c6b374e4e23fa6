#!/usr/bin/env bash
# Installs the compiler's library into a folder, moves the folder, and builds examples/compile against
# it by pkg-config and by CMake; a program that compiles and runs in one process; the C API's contract.
#
# usage: compile_test.sh SOURCE BUILD CC CXX CMAKE
set -euo pipefail

source=$1 build=$2 cc=$3 cxx=$4 cmake=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "compile_test: $*" >&2
  exit 1
}

"$cmake" --install "$build" --prefix "$work/first" >install.log || fail "$(tail -5 install.log)"
mv first moved
export PKG_CONFIG_PATH="$work/$(dirname "$(find moved -name seqc-compiler.pc)")"
export LD_LIBRARY_PATH="$work/$(dirname "$(find moved -name libseqc_compiler.so)")"
read -ra flags <<<"$(pkg-config --cflags --libs seqc-compiler)"
strict=(-std=c99 -Wall -Wextra -pedantic -Werror)

"$cc" "${strict[@]}" "$source/examples/compile/compile.c" -o compile "${flags[@]}"
"$cmake" -S "$source/examples/compile" -B by-cmake -DCMAKE_PREFIX_PATH="$work/moved" \
  -DCMAKE_C_COMPILER="$cc" >cmake.log || fail "$(tail -5 cmake.log)"
"$cmake" --build by-cmake >>cmake.log || fail "$(tail -5 cmake.log)"
echo '#include <seqc/compiler.h>
#include <seqc/runtime.hpp>
int main() { return seqc_compiler_api_version() == 0; }' >both.cpp
"$cxx" -std=c++20 -Wall -Wextra -Werror both.cpp -o both "${flags[@]}" \
  $(pkg-config --cflags --libs seqc-runtime) || fail "the two headers do not go together"
./both || fail "a program with compiler and runtime does not start"

# The driver's own artefacts are what the library's are compared with.
cp "$source/tests/tools/Inputs/add.mlir" "$source/examples/dates/"dates.{yaml,safetensors} .
printf 'func.func @main(%%a: tensor<2xf32>) -> tensor<2xf32> {\n  // A name that no weight has.\n  %%0 = seq.weight "w" {file = "none", offset = -1 : i64} : tensor<2xf32>\n  return %%0 : tensor<2xf32>\n}\n' >bad.mlir
seqc=("$build/bin/seqc" compile --quiet)
"${seqc[@]}" add.mlir -o add.so
"${seqc[@]}" add.mlir --stop-after=normalize -o add.mlir.out
"${seqc[@]}" dates.yaml -o dates.so
for cpu in x86-64-v3 x86-64-v4; do
  "${seqc[@]}" dates.yaml --target-cpu=$cpu -o dates-$cpu.so
done

for program in ./compile by-cmake/compile; do
  $program dates.yaml out.so || fail "'$program' failed"
  cmp dates.so out.so || fail "'$program' makes something else than seqc"
  $program - out.so <add.mlir || fail "'$program' does not compile standard input"
  "$build/bin/seqc" run out.so --quiet --input a=1,2,3,4 --input b=5,6,7,8 --output sum=sum.json
  grep -q '6.*8.*10.*12' sum.json || fail "what '$program' made does not add: $(cat sum.json)"
  code=0
  $program bad.mlir out.so 2>message || code=$?
  [ "$code" = 2 ] || fail "a wrong model ends with $code"
  grep -q '^bad.mlir:3:[0-9]*: error: ' message || fail "$(cat message)"
  code=0
  $program dates.yaml out.so target-cpu=x86-64-v9 2>message || code=$?
  [ "$code" = 2 ] || fail "an unknown CPU ends with $code"
  grep -q "^error: unknown CPU 'x86-64-v9'" message || fail "$(cat message)"
done

"$cc" "${strict[@]}" -D_POSIX_C_SOURCE=200809L "$source/tests/embed/compiler.c" -o compiler "${flags[@]}" -pthread
./compiler . >out || fail "the C API breaks its contract"
[ "$(cat out)" = "compiler: passed" ] || fail "the library writes to standard output: $(cat out)"

# Nothing of the project leaves the library but its C functions.
nm -D --defined-only "$LD_LIBRARY_PATH/libseqc_compiler.so" | grep -q ' _ZN4seqc' &&
  fail "C++ symbols of the project leave the library"
echo "compile_test: passed"
