#!/usr/bin/env bash
# ONNX Runtime's com.microsoft.RotaryEmbedding reads wide caches at the wrong row.
#
# Package:  onnxruntime-node 1.30.0 (npm), CPU, Linux x86-64.
# Expected: the operator's text allows caches of head_size / 2 columns as well as of
#           rotary_embedding_dim / 2. Position p reads row p of either; of a wide row it needs the
#           first rotary_embedding_dim / 2 columns.
# Seen:     a wide cache is walked in rows of rotary_embedding_dim / 2 as well, so that position p
#           starts p * rotary_embedding_dim / 2 elements into it. Only position 0 is right.
#           Nothing is reported.
# Output:   1 column:  positions 0..3 read cosines 10 20 30 40, their rows say 10 20 30 40
#           2 columns: positions 0..3 read cosines 10 11 20 21, their rows say 10 20 30 40
#
# One head of size 4, of which 2 features rotate. Input is 1 and sines are 0, so that the output
# is the cosine that was read; cosines are named by row and column rather than being ones.
# Exits 0 while this is so, 1 when it changes.
set -euo pipefail
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
cd "$temp"
# The package brings its CPU libraries; its install script would look for CUDA ones elsewhere.
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent onnxruntime-node@1.30.0

cat >run.js <<'EOF'
// A model of one com.microsoft node, written as the bytes of ONNX's protobuf.
const ort = require('onnxruntime-node');
const varint = n => n < 128 ? [n] : [n % 128 + 128, ...varint(n >> 7)];
const int = (field, n) => [...varint(field * 8), ...varint(n)];
const bytes = (field, b) => [...varint(field * 8 + 2), ...varint(b.length), ...b];
const text = (field, s) => bytes(field, Buffer.from(s));
const opset = (domain, version) => bytes(8, [...text(1, domain), ...int(2, version)]);
const ELEMENT = {float32: 1, int32: 6, int64: 7};
const value = (field, name, type, dims) => bytes(field, [...text(1, name), ...bytes(2, bytes(1,
  [...int(1, ELEMENT[type]), ...bytes(2, dims.flatMap(d => bytes(1, int(1, d))))]))]);

/// Runs `op` on `inputs`, [name, tensor] each; one without a name is left out. Returns output `y`.
async function run(op, attributes, inputs, dims) {
  const given = inputs.filter(([name]) => name);
  const node = [...inputs.flatMap(([name]) => text(1, name)), ...text(2, 'y'), ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, n]) =>
      bytes(5, [...text(1, name), ...int(3, n), ...int(20, 2)])),
    ...text(7, 'com.microsoft')];
  const graph = [...bytes(1, node), ...text(2, 'graph'),
    ...given.flatMap(([name, t]) => value(11, name, t.type, t.dims)),
    ...value(12, 'y', 'float32', dims)];
  const model = [...int(1, 8), ...bytes(7, graph), ...opset('', 17), ...opset('com.microsoft', 1)];
  const session = await ort.InferenceSession.create(Uint8Array.from(model),
    {intraOpNumThreads: 1, interOpNumThreads: 1});
  return [...(await session.run(Object.fromEntries(given))).y.data];
}
const floats = (dims, data) => new ort.Tensor('float32', Float32Array.from(data), dims);

const ROWS = [0, 1, 2, 3];
const cosine = (row, column) => 10 * (row + 1) + column;
(async () => {
  let changed = false;
  for (const [columns, seen] of [[1, '10 20 30 40'], [2, '10 11 20 21']]) {
    const cache = ROWS.flatMap(row => [0, 1].slice(0, columns).map(column => cosine(row, column)));
    const y = await run('RotaryEmbedding', {num_heads: 1, rotary_embedding_dim: 2}, [
      ['x', floats([1, 4, 4], Array(16).fill(1))],
      ['position_ids', new ort.Tensor('int64', ROWS.map(BigInt), [1, 4])],
      ['cos_cache', floats([4, columns], cache)],
      ['sin_cache', floats([4, columns], cache.map(() => 0))]], [1, 4, 4]);
    const read = ROWS.map(row => y[4 * row]).join(' ');
    const label = columns === 1 ? '1 column: ' : `${columns} columns:`;
    console.log(`${label} positions 0..3 read cosines ${read}, ` +
      `their rows say ${ROWS.map(row => cosine(row, 0)).join(' ')}`);
    changed ||= read !== seen;
  }
  console.log(changed ? 'changed' : 'as before: rows of a wide cache are not its rows');
  process.exitCode = changed ? 1 : 0;
})();
EOF
node run.js
