"""Programs in IR with tokens changed: refused with a place, or compiled."""

import re

from case import BAD, DONE, ENVIRONMENT, EXTREMES, UNSUPPORTED, Case, kind, spoil

PROGRAMS = ["""
func.func @main(%x: tensor<?x?x4xf32> {seq.name = "x"}) -> (tensor<?x?x3xf32> {seq.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<4x3xf32>
  %r = arith.constant dense<0.25> : tensor<3x3xf32>
  %zero = arith.constant 0.0 : f32
  %c1 = arith.constant 1 : index
  %batch = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %empty = tensor.empty(%batch) : tensor<?x3xf32>
  %h0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x3xf32>) -> tensor<?x3xf32>
  %y, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x3xf32>) {
  ^bb0(%x_t: tensor<?x4xf32>, %h: tensor<?x3xf32>):
    %a = linalg.matmul ins(%x_t, %w : tensor<?x4xf32>, tensor<4x3xf32>)
        outs(%h : tensor<?x3xf32>) -> tensor<?x3xf32>
    %b = linalg.matmul ins(%h, %r : tensor<?x3xf32>, tensor<3x3xf32>)
        outs(%a : tensor<?x3xf32>) -> tensor<?x3xf32>
    seq.yield %b, %b : tensor<?x3xf32>, tensor<?x3xf32>
  } outputs(tensor<?x?x3xf32>) states(tensor<?x3xf32>)
  return %y : tensor<?x?x3xf32>
}
""", """
func.func @main(%q: tensor<2x5x4xf32> {seq.name = "q"}, %k: tensor<2x7x4xf32> {seq.name = "k"},
                %v: tensor<2x7x3xf32> {seq.name = "v"}, %n: tensor<2xi32> {seq.name = "n"})
    -> (tensor<2x5x3xf32> {seq.name = "y"}) {
  %y = seq.attention dot %q, %k, %v lengths(%n : tensor<2xi32>) {causal = #seq.causal<top_left>}
      : (tensor<2x5x4xf32>, tensor<2x7x4xf32>, tensor<2x7x3xf32>) -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}
""", """
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%a: tensor<?x4xf32> {seq.name = "a"}, %b: tensor<?x4xf32> {seq.name = "b"})
    -> (tensor<?x4xf32> {seq.name = "y"}) {
  %0 = arith.addf %a, %b : tensor<?x4xf32>
  %c0 = arith.constant 0 : index
  %d = tensor.dim %a, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%d) : tensor<?x4xf32>
  %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %2 = math.tanh %in : f32
    linalg.yield %2 : f32
  } -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
"""]

TYPES = ["f32", "f64", "f16", "bf16", "i1", "i8", "i32", "i64", "index", "i7", "tensor<4xf32>",
         "vector<4xf32>", "memref<4xf32>", "none", "complex<f32>"]
TOKEN = re.compile(r"[%@#^]?[\w.]+|->|\S")


def _change(random, text):
    tokens = list(TOKEN.finditer(text))
    if not tokens:
        return text
    token = random.choice(tokens)
    begin, end = token.span()
    action = random.randrange(6)
    if action == 0:
        # A number becomes another.
        numbers = [t for t in tokens if t.group().isdigit()] or tokens
        begin, end = random.choice(numbers).span()
        return text[:begin] + str(random.choice(EXTREMES)) + text[end:]
    if action == 1:
        extents = list(re.finditer(r"(?<=[<x])(\d+|\?)(?=x)", text))
        if not extents:
            return text
        begin, end = random.choice(extents).span()
        return text[:begin] + random.choice(["?", "0", "1", "4096", str(1 << 40), str(1 << 62)]) + \
            text[end:]
    if action == 2:
        types = list(re.finditer(r"\bf32\b|\bi32\b|\bindex\b", text))
        if not types:
            return text
        begin, end = random.choice(types).span()
        return text[:begin] + random.choice(TYPES) + text[end:]
    if action == 3:
        return text[:begin] + text[end:]
    if action == 4:
        other = random.choice(tokens).group()
        return text[:begin] + other + text[end:]
    lines = text.split("\n")
    at = random.randrange(len(lines))
    lines[at:at + 1] = random.choice([[], [lines[at]] * 2, [lines[at], random.choice(lines)]])
    return "\n".join(lines)


@kind
def programs_changed(random):
    """Numbers, extents, types, names, tokens and lines of a program changed."""
    text = random.choice(PROGRAMS)
    for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
        text = _change(random, text)
    command = random.choice([["compile", "m.mlir", "-o", "m.so"], ["inspect", "m.mlir"],
                             ["compile", "m.mlir", "--stop-after=tile", "-o", "t.mlir"]])
    return Case({"m.mlir": text.encode()}, command, {DONE, BAD, UNSUPPORTED, ENVIRONMENT})


@kind
def programs_of_bytes(random):
    """Programs with bytes changed, nested, cut, or no text at all."""
    content = random.choice(PROGRAMS).encode()
    form = random.randrange(4)
    if form == 0:
        content = spoil(random, content)
    elif form == 1:
        content = content[:random.randrange(len(content))]
    elif form == 2:
        content = bytes(random.randrange(256) for _ in range(random.choice([1, 10, 1000])))
    else:
        opening = random.choice(["(", "[", "{", "<", "tensor<1x", "!a<", "module {"])
        content = (opening * random.choice([10, 199, 1000, 20000])).encode()
    return Case({"m.mlir": content}, [random.choice(["inspect", "compile", "run", "check"]), "m.mlir"],
                {DONE, BAD, UNSUPPORTED, ENVIRONMENT})
