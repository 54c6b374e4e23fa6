#!/usr/bin/env bash
# Installs the runtime into a folder, moves the folder, and builds examples/embed against it: by
# pkg-config with a loaded and with a linked model, by CMake, and the C++ header with -Werror. States
# that a program passes back in place, and results of run-time size.
#
# usage: embed_test.sh SOURCE BUILD CC CXX CMAKE PYTHON
set -euo pipefail

source=$1 build=$2 cc=$3 cxx=$4 cmake=$5 python=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "embed_test: $*" >&2
  exit 1
}

# What the program must print about the dates model.
check_output() {
  local out
  out=$("$@") || fail "'$*' failed"
  grep -q '^entry generate$' <<<"$out" || fail "'$*' names no entry: $out"
  grep -q '^input ids: i32 \[2, 2\]$' <<<"$out" || fail "'$*' names no input: $out"
  grep -q '^output tokens: i32 \[2, 1, [0-9]*\]' <<<"$out" || fail "'$*' has no tokens: $out"
  grep -q '^heap allocations in 10 more runs: 0$' <<<"$out" || fail "'$*' allocates: $out"
}

"$cmake" --install "$build" --prefix "$work/first" >install.log || fail "$(tail -5 install.log)"
mv first moved
pc=$(dirname "$(find moved -name seqc-runtime.pc)")
export PKG_CONFIG_PATH="$work/$pc"
read -ra flags <<<"$(pkg-config --cflags --libs seqc-runtime)"

"$build/bin/seqc" compile "$source/examples/dates/dates.yaml" --backend=llvm --quiet -o dates.so
"$build/bin/seqc" compile "$source/examples/dates/dates.yaml" --backend=llvm --quiet -o dates.o

"$cc" -std=c99 -Wall -Wextra -pedantic -Werror "$source/examples/embed/embed.c" -o embed "${flags[@]}"
check_output ./embed dates.so
ldd embed | grep -q dnnl && fail "the embedding program needs oneDNN"

"$cc" -DEMBED_LINKED "$source/examples/embed/embed.c" dates.o -o linked "${flags[@]}"
check_output ./linked

"$cmake" -S "$source/examples/embed" -B by-cmake -DCMAKE_PREFIX_PATH="$work/moved" \
  -DCMAKE_C_COMPILER="$cc" >cmake.log || fail "$(tail -5 cmake.log)"
"$cmake" --build by-cmake >>cmake.log || fail "$(tail -5 cmake.log)"
check_output by-cmake/embed dates.so

# Two models whose entries have one name, linked into one program as objects and as shared objects.
"$python" "$source/tests/tools/Inputs/make_small.py" first
sed 's/\[1.0, 2.0, 3.0\]/[11.0, 2.0, 3.0]/' "$source/tests/tools/Inputs/make_small.py" >other.py
"$python" other.py second
two=("$cc" -std=c99 -Wall -Wextra -pedantic -Werror "-I$source/tests/embed" -I. "$source/tests/embed/two.c")
for kind in o so; do
  for cpu in native portable; do
    for name in first second; do
      rm -f $name.h
      "$build/bin/seqc" compile $name/small.yaml --backend=llvm --quiet --target-cpu=$cpu \
        --prefix-symbols=$name -o $name.$kind
    done
    "${two[@]}" first.$kind second.$kind -o two "${flags[@]}" || fail "two models ($kind, $cpu) do not link"
    out=$(LD_LIBRARY_PATH=. ./two) || fail "two models ($kind, $cpu) in one program"
    [ "$out" = "3.5 13.5" ] || fail "two models ($kind, $cpu) in one program: $out"
  done
done
"$cxx" -std=c++11 -Wall -Wextra -Werror -fsyntax-only -x c++ first.h || fail "the header is no C++"
"$build/bin/seqc" run first.so --input x=1,2,3,4 --quiet >/dev/null || fail "a prefixed model does not run"

# States of ONNX models in place, step by step from the command line, and results of any size.
"$python" "$source/tests/embed/make_models.py" . || fail "no ONNX models"
for model in step swap cache sizes wide; do
  "$build/bin/seqc" compile $model.onnx --backend=llvm --quiet -o $model.so
done
"$cc" -std=c99 -Wall -Wextra -pedantic -Werror "$source/tests/embed/states.c" -o states "${flags[@]}"
./states step.so swap.so cache.so sizes.so >/dev/null || fail "states in place or results of run-time size"
"$cc" -std=c99 -Wall -Wextra -pedantic -Werror "$source/tests/embed/threads.c" -o threads "${flags[@]}" -pthread
./threads wide.so >/dev/null || fail "sessions on several threads"
"$build/bin/seqc" run step.so --quiet --step x=x.npy --input h=h.npy --input c=c.npy \
  --carry hn=h --carry cn=c --output y=ys.npy --final hn=hs.npy --final cn=cs.npy
"$build/bin/seqc" run whole.onnx --backend=llvm --quiet --input x=x.npy --input h=h.npy \
  --input c=c.npy --output y=y.npy --output hn=hn.npy --output cn=cn.npy
"$python" "$source/tests/embed/check_steps.py" . || fail "steps differ from the whole sequence"

# A host that searches by itself: the dates, two and one at a time, and ONNX graphs with the prefix, with
# caches, and with a state.
"$cc" -std=c99 -Wall -Wextra -pedantic -Werror "$source/tests/embed/search.c" -o search "${flags[@]}"
"$build/bin/seqc" compile "$source/examples/dates/dates.yaml" --backend=llvm --quiet --entries=all \
  -o steps.so
./search steps.so 2 11,9,1,31,34,37,24,28,21,24,33,1,11,9,11,15 11,9,11,15,7,10,10,7,11,9 >/dev/null ||
  fail "a host's search over dates"
./search steps.so 2 11,9,11,15,9,14,10,10 >/dev/null || fail "a host's search over one date"
"$python" -B "$source/tests/frontends/Inputs/onnx_search.py" graphs models || fail "no ONNX graphs"
for graphs in prefix past empty recurrent; do
  "$build/bin/seqc" compile graphs/${graphs}_greedy.yaml --backend=llvm --quiet --entries=all -o $graphs.so
  for row in 1 6,5,4 1,2,3,1,2,3 4,5,1,4,2,5,5,6; do
    ./search $graphs.so 1 $row >/dev/null || fail "a host's search over $graphs.yaml, $row"
  done
done

# A damaged model is a status, not a signal.
head -c 5000 dates.so >cut.so
code=0
./embed cut.so 2>message || code=$?
[ "$code" = 1 ] || fail "a damaged model ends with $code"
grep -q '^INVALID_ARGUMENT: .*damaged' message || fail "$(cat message)"

echo '#include <seqc/runtime.hpp>
int main(int argc, char **argv) {
  return seqc::runtime::Model::load(argv[argc - 1]).entries().size() == 1 ? 0 : 1;
}' >cpp.cpp
"$cxx" -std=c++20 -Wall -Wextra -Werror cpp.cpp -o cpp "${flags[@]}"
./cpp dates.so || fail "the C++ header does not work"

echo "embed_test: passed"
