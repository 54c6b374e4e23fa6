#!/usr/bin/env bash
# The softmax in ONNX Runtime's com.microsoft.AttnLSTM takes exp() of scores as they are.
#
# Package:  onnxruntime-node 1.30.0 (npm), CPU, Linux x86-64.
# Expected: the softmax of its additive attention subtracts the greatest score first, as any
#           stable softmax does. A number added to all scores then changes nothing.
# Seen:     nothing is subtracted. Scores above 88 overflow exp(), and the output is not even NaN:
#           it is tanh(1), that of an LSTM whose gates and candidate are all 1, for other memories
#           too. Scores below -104 all become 0, and the two weights are one half each.
# Output:   scores   15.23   19.28: 0.605729, softmax gives 0.605729
#           scores   75.23   79.28: 0.605729, softmax gives 0.605729
#           scores  115.23  119.28: 0.761594, softmax gives 0.605729
#           scores -134.77 -130.72: 0.514386, softmax gives 0.605729
#
# Two rows of memory, 1 and 2, get the scores 20 * tanh(row) + shift; the shift is a second column
# of attention, where every key is so great that its tanh is 1. The LSTM has one cell, reads only
# the context of the step before (0 in the first one), and ends after two steps.
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

const sigmoid = x => 1 / (1 + Math.exp(-x)), tanh = Math.tanh;
(async () => {
  let changed = false;
  for (const [shift, seen] of [[0, 0.605729], [60, 0.605729], [100, 0.761594], [-150, 0.514386]]) {
    const none = ['', null], zeros = (...dims) => floats(dims, Array(dims.reduce((a, b) => a * b)).fill(0));
    const y = (await run('AttnLSTM', {hidden_size: 1}, [
      ['X', zeros(2, 1, 1)], ['W', floats([1, 4, 2], [0, 1, 0, 1, 0, 1, 0, 1])],
      ['R', zeros(1, 4, 1)], ['B', zeros(1, 8)], none, none, none, none,
      ['QW', zeros(1, 1, 2)], ['MW', floats([1, 1, 2], [1, 100])],
      ['V', floats([1, 2], [20, shift])], ['M', floats([1, 2, 1], [1, 2])],
      ['memory_seq_lens', new ort.Tensor('int32', [2], [1])]], [2, 1, 1, 1]))[1];
    const scores = [1, 2].map(row => 20 * tanh(row) + shift);
    const [a, b] = scores.map(s => Math.exp(s - Math.max(...scores)));
    const context = (1 * a + 2 * b) / (a + b);
    const expected = sigmoid(context) * tanh(sigmoid(context) * tanh(context));
    console.log(`scores ${scores.map(s => s.toFixed(2).padStart(7)).join(' ')}: ${y.toFixed(6)}, ` +
      `softmax gives ${expected.toFixed(6)}`);
    changed ||= !(Math.abs(y - seen) < 1e-4);
  }
  console.log(changed ? 'changed' : 'as before: no maximum is subtracted');
  process.exitCode = changed ? 1 : 0;
})();
EOF
node run.js
