"""Programs in IR that verify, and calls whose inputs do not fit them.

Each program takes tensors of open extents. A call breaks one thing that an op relies on: extents that
differ, lengths beyond the time, rows and ids that do not exist. It ends with exit code 2, compiled and
interpreted; the same program with right inputs ends with 0.
"""

import numpy

from case import BAD, DONE, Case, kind, npy

FAMILIES = []


def family(function):
    """Registers a family: from a random generator to a program, inputs that are right, and faults:
    functions that change a copy of the inputs."""
    FAMILIES.append(function)
    return function


def _floats(random, *shape):
    return numpy.array([random.uniform(-1, 1) for _ in range(int(numpy.prod(shape, dtype=int)))],
                       numpy.float32).reshape(shape)


def _ints(random, count, low, high):
    return numpy.array([random.randint(low, high) for _ in range(count)], numpy.int32)


def _resized(name, axis, change):
    """A fault: an input gets another extent."""
    def apply(random, inputs):
        array = inputs[name]
        size = max(0, array.shape[axis] + change(random))
        if size == array.shape[axis]:
            size += 1
        shape = list(array.shape)
        shape[axis] = size
        inputs[name] = numpy.resize(array if array.size else numpy.zeros(1, array.dtype), shape)
    return apply


def _other_size(random):
    return random.choice([-1, 1, 2, 5, 50, 200, 1000])


def _misfits(*places):
    """Faults: an input with another extent in an axis."""
    return [_resized(name, axis, _other_size) for name, axis in places]


def _outside(name, low, high, allowed=lambda inputs: None):
    """A fault: an integer below `low` or above `high`, a function of the inputs. A place is chosen
    that counts."""
    def apply(random, inputs):
        array = inputs[name]
        places = allowed(inputs)
        if places is None:
            places = list(numpy.ndindex(array.shape))
        top = high(inputs)
        value = random.choice([low - 1, low - 1000, -(1 << 31), top + 1, top + 7, top + 4096, (1 << 31) - 1])
        array[random.choice(places)] = value
    return apply


def _set(name, *values):
    def apply(random, inputs):
        inputs[name][...] = random.choice(values)
    return apply


def _program(arguments, result, body):
    listed = ", ".join(f'%{name}: {type_} {{seq.name = "{name}"}}' for name, type_ in arguments)
    return f'func.func @main({listed}) -> ({result} {{seq.name = "result"}}) {{\n{body}\n}}\n'


#===- seq.recurrence -------------------------------------------------------===#

@family
def recurrence(random):
    """Two scanned inputs, a state, and perhaps lengths."""
    t, b = random.randint(1, 5), random.randint(1, 4)
    has_lengths = random.random() < 0.6
    reverse = random.choice(["", " reverse"])
    lengths = "lengths(%n : tensor<?xi32>)" if has_lengths else ""
    arguments = [("x", "tensor<?x?x4xf32>"), ("z", "tensor<?x?x4xf32>"), ("h", "tensor<?x4xf32>"),
                 ("n", "tensor<?xi32>")]
    text = _program(arguments, "tensor<?x?x4xf32>", f"""
  %y, %last = seq.recurrence scan(%x, %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>)
      init(%h : tensor<?x4xf32>) {lengths}{reverse} {{
  ^bb0(%xt: tensor<?x4xf32>, %zt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %a = arith.addf %xt, %zt : tensor<?x4xf32>
    %c = arith.addf %a, %s : tensor<?x4xf32>
    seq.yield %c, %c : tensor<?x4xf32>, tensor<?x4xf32>
  }} outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>""")
    inputs = {"x": _floats(random, t, b, 4), "z": _floats(random, t, b, 4), "h": _floats(random, b, 4),
              "n": _ints(random, b, 0, t)}
    faults = _misfits(("z", 0), ("x", 0), ("z", 1), ("x", 1), ("h", 0))
    if has_lengths:
        faults += [_outside("n", 0, lambda i: t)] * 3 + _misfits(("n", 0))
    return text, inputs, faults


@family
def recurrence_of_steps(random):
    """Nothing is scanned; the number of steps is an input."""
    fixed = random.choice([None, 3])
    steps, b = fixed or random.randint(0, 4), random.randint(1, 4)
    extent = fixed or "?"
    text = _program([("h", "tensor<?x4xf32>"), ("n", "tensor<1xi64>")], f"tensor<{extent}x?x4xf32>", f"""
  %c0 = arith.constant 0 : index
  %e = tensor.extract %n[%c0] : tensor<1xi64>
  %steps = arith.index_cast %e : i64 to index
  %y, %last = seq.recurrence init(%h : tensor<?x4xf32>) steps(%steps) {{
  ^bb0(%s: tensor<?x4xf32>):
    %c = arith.addf %s, %s : tensor<?x4xf32>
    seq.yield %c, %c : tensor<?x4xf32>, tensor<?x4xf32>
  }} outputs(tensor<{extent}x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<{extent}x?x4xf32>""")
    faults = [_set("n", -1, -1000, -(1 << 62))]
    if fixed:
        faults.append(_set("n", 0, 2, 4, 1000, 1 << 40))
    return text, {"h": _floats(random, b, 4), "n": numpy.array([steps], numpy.int64)}, faults


@family
def recurrence_of_living_rows(random):
    """The flat form, its counts computed from an input."""
    b = random.randint(1, 4)
    counts = sorted((random.randint(1, b) for _ in range(random.randint(1, 4))), reverse=True)
    text = _program([("x", "tensor<?x4xf32>"), ("h", "tensor<?x4xf32>"), ("n", "tensor<?xi32>")],
                    "tensor<?x4xf32>", """
  %counts = arith.index_cast %n : tensor<?xi32> to tensor<?xindex>
  %y, %last = seq.recurrence scan(%x : tensor<?x4xf32>) init(%h : tensor<?x4xf32>)
      counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %c = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %c, %c : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x4xf32>""")
    inputs = {"x": _floats(random, sum(counts), 4), "h": _floats(random, b, 4),
              "n": numpy.array(counts, numpy.int32)}

    def rising(random, inputs):
        inputs["n"] = numpy.concatenate([inputs["n"][-1:] - 1, inputs["n"]]).astype(numpy.int32)
        inputs["x"] = numpy.resize(inputs["x"], (int(inputs["n"].sum()), 4))
        if inputs["n"][0] >= inputs["n"][1]:
            inputs["n"][0] = inputs["n"][1] - 1

    return text, inputs, _misfits(("x", 0)) + [rising, _outside("n", 0, lambda i: b)]


@family
def recurrence_whose_cell_errs(random):
    """The cell yields a tensor from outside, with rows of its own."""
    t, b = random.randint(1, 4), random.randint(1, 4)
    which = random.choice(["%o, %c", "%c, %o"])
    text = _program([("x", "tensor<?x?x4xf32>"), ("h", "tensor<?x4xf32>"), ("o", "tensor<?x4xf32>")],
                    "tensor<?x?x4xf32>", f"""
  %y, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h : tensor<?x4xf32>) {{
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %c = math.tanh %s : tensor<?x4xf32>
    seq.yield {which} : tensor<?x4xf32>, tensor<?x4xf32>
  }} outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>""")
    inputs = {"x": _floats(random, t, b, 4), "h": _floats(random, b, 4), "o": _floats(random, b, 4)}
    return text, inputs, _misfits(("o", 0), ("h", 0))


#===- seq.rnn, seq.gru, seq.lstm -------------------------------------------===#

@family
def layer(random):
    """One of the three layers, with open batch and time."""
    name, gates = random.choice([("rnn", 1), ("gru", 3), ("lstm", 4)])
    directions = random.choice([1, 2])
    batch_first = random.random() < 0.5
    t, b, size, hidden = random.randint(1, 5), random.randint(1, 4), 3, 2
    d, rows = directions, gates * hidden
    state = f"tensor<?x{d}x{hidden}xf32>" if batch_first else f"tensor<{d}x?x{hidden}xf32>"
    output = f"tensor<?x?x{d}x{hidden}xf32>" if batch_first else f"tensor<?x{d}x?x{hidden}xf32>"
    arguments = [("x", f"tensor<?x?x{size}xf32>"), ("n", "tensor<?xi32>"), ("h", state),
                 ("bias", "tensor<?x?xf32>"), ("c", state)]
    operands = ["bias(%bias)", "lengths(%n)", "initial_h(%h)"]
    types = [f"tensor<?x?x{size}xf32>", f"tensor<{d}x{rows}x{size}xf32>", f"tensor<{d}x{rows}x{hidden}xf32>",
             "tensor<?x?xf32>", "tensor<?xi32>", state]
    results, values = [output, state], "%y, %yh"
    if name == "lstm":
        operands.append("initial_c(%c)")
        types.append(state)
        results.append(state)
        values += ", %yc"
    attributes = [] if d == 1 else ["direction = #seq.direction<bidirectional>"]
    if batch_first:
        attributes.append("batch_first")
    text = _program(arguments, output, f"""
  %w = arith.constant dense<0.25> : {types[1]}
  %r = arith.constant dense<0.5> : {types[2]}
  {values} = seq.{name} %x, %w, %r {" ".join(operands)} {{{", ".join(attributes)}}}
      : ({", ".join(types)}) -> ({", ".join(results)})
  return %y : {output}""")

    def ordered(*shape):
        return (shape[1], shape[0], *shape[2:]) if batch_first else shape

    inputs = {"x": _floats(random, *ordered(t, b, size)), "n": _ints(random, b, 0, t),
              "h": _floats(random, *ordered(d, b, hidden)), "bias": _floats(random, d, 2 * rows),
              "c": _floats(random, *ordered(d, b, hidden))}
    batch_of_state, batch_of_input = (0, 0) if batch_first else (1, 1)
    faults = [_outside("n", 0, lambda i: t)] * 3
    faults += _misfits(("n", 0), ("h", batch_of_state), ("x", batch_of_input), ("bias", 1), ("bias", 0))
    if name == "lstm":
        faults += _misfits(("c", batch_of_state))
    return text, inputs, faults


#===- seq.attention --------------------------------------------------------===#

@family
def attention(random):
    """Scores of every kind, with rows, lengths, mask and bias or without."""
    heads, groups = random.choice([(0, 0), (2, 2), (4, 2)])
    b, keys_b = random.randint(1, 3), random.randint(1, 3)
    tq, tk, d, e = random.randint(1, 4), random.randint(1, 5), 4, 3
    has = {name: random.random() < 0.5 for name in ("rows", "n", "mask", "bias", "weight", "p")}
    if not has["rows"]:
        keys_b = b
    score = random.choice(["dot", "scaled", "additive", "general", "region"])
    # Numbers of heads are static in compiled code; those of masks need not be.
    tensor = f"tensor<?x{heads}x" if heads else "tensor<?x"
    keys = f"tensor<?x{groups}x" if heads else "tensor<?x"
    side = "tensor<?x?x?x?x" if heads else "tensor<?x?x?x"
    types = {"q": f"{tensor}?x{d}xf32>", "k": f"{keys}?x{d}xf32>", "v": f"{keys}?x{e}xf32>",
             "rows": "tensor<?xi32>", "n": "tensor<?xi32>", "mask": f"{side}i1>",
             "bias": f"{side}f32>", "weight": "tensor<?xf32>" if score == "additive" else "tensor<?x?xf32>"}
    has["weight"] = score in ("additive", "general")
    clauses = []
    for clause, name in (("score_weight", "weight"), ("mask", "mask"), ("bias", "bias"), ("lengths", "n"),
                         ("rows", "rows")):
        if has[name]:
            clauses.append(f"{clause}(%{name} : {types[name]})")
    region = "" if score != "region" else f"""{{
  ^bb0(%qs: tensor<?x{d}xf32>, %ks: tensor<?x{d}xf32>):
    %c0 = arith.constant 0 : index
    %pairs = tensor.dim %qs, %c0 : tensor<?x{d}xf32>
    %zero = arith.constant 0.0 : f32
    %none = tensor.empty(%pairs) : tensor<?xf32>
    %start = linalg.fill ins(%zero : f32) outs(%none : tensor<?xf32>) -> tensor<?xf32>
    %m = arith.mulf %qs, %ks : tensor<?x{d}xf32>
    %sum = linalg.reduce ins(%m : tensor<?x{d}xf32>) outs(%start : tensor<?xf32>) dimensions = [1]
      (%in: f32, %acc: f32) {{
        %s = arith.addf %in, %acc : f32
        linalg.yield %s : f32
      }}
    seq.yield %sum : tensor<?xf32>
  }}"""
    probabilities = f", {tensor}?x?xf32>" if has["p"] else ""
    values = "%y, %p" if has["p"] else "%y"
    output = f"{tensor}?x{e}xf32>"
    text = _program(list(types.items()), output, f"""
  {values} = seq.attention {score} %q, %k, %v {" ".join(clauses)}
      : ({types["q"]}, {types["k"]}, {types["v"]}) -> {output}{probabilities} {region}
  return %y : {output}""")

    def shape(rows, heads, *rest):
        return (rows, heads, *rest) if heads else (rows, *rest)

    def sizes_of_side():
        full = shape(keys_b, heads, tq, tk)
        return tuple(random.choice([1, size]) for size in full)

    inputs = {"q": _floats(random, *shape(b, heads, tq, d)), "k": _floats(random, *shape(keys_b, groups, tk, d)),
              "v": _floats(random, *shape(keys_b, groups, tk, e)), "rows": _ints(random, b, 0, keys_b - 1),
              "n": _ints(random, keys_b, 0, tk), "mask": numpy.ones(sizes_of_side(), bool),
              "bias": _floats(random, *sizes_of_side()),
              "weight": _floats(random, *((d,) if score == "additive" else (d, d)))}
    last = len(inputs["q"].shape) - 2
    faults = _misfits(("v", last), ("k", last), ("v", 0), ("k", 0))
    if not has["rows"]:
        faults += _misfits(("q", 0))
    if has["rows"]:
        faults += [_outside("rows", 0, lambda i: keys_b - 1)] * 3 + _misfits(("rows", 0))
    if has["n"]:
        faults += [_outside("n", 0, lambda i: tk)] * 3 + _misfits(("n", 0))
    if has["weight"]:
        faults += _misfits(("weight", 0))
    for name, sizes in (("mask", shape(keys_b, heads, tq, tk)), ("bias", shape(keys_b, heads, tq, tk))):
        if has[name]:
            axis = random.randrange(len(sizes))
            faults.append(_resized(name, axis, lambda random, size=sizes[axis], name=name, axis=axis:
                                   size + random.choice([1, 2, 50]) - inputs[name].shape[axis]
                                   + (size == 0)))
    return text, inputs, faults


#===- seq.generate ---------------------------------------------------------===#

@family
def search(random):
    """A search of each kind, with a prefix or without."""
    vocabulary, rows, prefix = 5, random.randint(1, 3), random.randint(1, 4)
    kind_of = random.choice(["greedy", "beam", "sample"])
    has_prefix = random.random() < 0.6
    # Logits of a tensor from outside fit one step, as long as no row has ended.
    errs = random.random() < 0.2
    if errs:
        kind_of, has_prefix = "greedy", False
    best = 2 if kind_of == "beam" else 1
    search_attribute = {"greedy": "#seq.greedy", "beam": "#seq.beam<width = 2, n_best = 2>",
                        "sample": "#seq.sample"}[kind_of]
    clauses = "prefix(%p : tensor<?x?xi32>) prefix_lengths(%n : tensor<?xi32>) " if has_prefix else ""
    if kind_of == "sample":
        clauses += "temperature(%heat) top_k(%k) top_p(%mass) "
    arguments = [("s", "tensor<?xi32>"), ("m", "tensor<1xi64>"), ("h", f"tensor<?x{vocabulary}xf32>"),
                 ("p", "tensor<?x?xi32>"), ("n", "tensor<?xi32>"), ("t", "tensor<2xf32>"),
                 ("o", f"tensor<?x{vocabulary}xf32>")]
    logits = "%o" if errs else "%z"
    text = _program(arguments, f"tensor<?x{best}x?xi32>", f"""
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.extract %m[%c0] : tensor<1xi64>
  %max = arith.index_cast %e : i64 to index
  %heat = tensor.extract %t[%c0] : tensor<2xf32>
  %mass = tensor.extract %t[%c1] : tensor<2xf32>
  %k = arith.subi %max, %c1 : index
  %tok, %len, %score, %why = seq.generate {search_attribute}
      start(%s : tensor<?xi32>) end [2] pad 0 max_new(%max) {clauses}init(%h : tensor<?x{vocabulary}xf32>) {{
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %st: tensor<?x{vocabulary}xf32>):
    %z = math.tanh %st : tensor<?x{vocabulary}xf32>
    seq.yield {logits}, %z : tensor<?x{vocabulary}xf32>, tensor<?x{vocabulary}xf32>
  }} -> tensor<?x{best}x?xi32>, tensor<?x{best}xi32>, tensor<?x{best}xf32>, tensor<?x{best}xi8>
  return %tok : tensor<?x{best}x?xi32>""")
    inputs = {"s": _ints(random, rows, 0, vocabulary - 1), "m": numpy.array([1 if errs else random.randint(1, 4)], numpy.int64),
              "h": _floats(random, rows, vocabulary),
              "p": _ints(random, rows * prefix, 0, vocabulary - 1).reshape(rows, prefix),
              "n": _ints(random, rows, 0, prefix), "t": numpy.array([0.5, 0.75], numpy.float32),
              "o": _floats(random, rows, vocabulary)}
    faults = [_set("m", 0, -1, -(1 << 62))] + _misfits(("h", 0), ("s", 0))
    if errs:
        faults += [_resized("o", 0, lambda random: random.choice([50, 200, 1000]))] * 3
    if has_prefix:
        inputs["n"][0] = prefix

        def spoil(random, inputs):
            inputs["p"][0, random.randrange(prefix)] = random.choice([-1, vocabulary, 1 << 20, -(1 << 31)])
        faults += [_outside("n", 0, lambda i: prefix)] * 2 + [spoil] * 2 + _misfits(("n", 0), ("p", 0))
    if kind_of == "sample":
        def heat(random, inputs):
            inputs["t"][0] = random.choice([-1, float("nan"), float("inf")])

        def mass(random, inputs):
            inputs["t"][1] = random.choice([0, -1, 1.5, float("nan")])
        faults += [heat, mass]
    return text, inputs, faults


#===- seq.packed_matmul ----------------------------------------------------===#

@family
def product(random):
    """Rows, columns and panels of open extents."""
    m, n, width = random.randint(1, 5), random.randint(1, 9), 4
    panels = -(-n // width)
    text = _program([("x", "tensor<?x3xf32>"), ("p", f"tensor<?x3x1x{width}xf32>"), ("a", "tensor<?x?xf32>")],
                    "tensor<?x?xf32>", f"""
  %y = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x3xf32>, tensor<?x3x1x{width}xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>""")
    inputs = {"x": _floats(random, m, 3), "p": _floats(random, panels, 3, 1, width), "a": _floats(random, m, n)}
    return text, inputs, _misfits(("x", 0), ("a", 0), ("p", 0)) + [
        _resized("a", 1, lambda random: random.choice([width, 2 * width, 100]))]


def _case(random, fault):
    text, inputs, faults = random.choice(FAMILIES)(random)
    if fault:
        inputs = {name: array.copy() for name, array in inputs.items()}
        random.choice(faults)(random, inputs)
    files = {"m.mlir": text.encode()}
    command = ["run", "m.mlir", "--quiet"]
    if random.random() < 0.25:
        command.append("--interpret")
    for name, array in inputs.items():
        files[f"{name}.npy"] = npy(array)
        command += ["--input", f"{name}={name}.npy"]
    return Case(files, command, {BAD} if fault else {DONE})


@kind
def calls_that_do_not_fit(random):
    """A right program, and inputs that break what one of its ops relies on."""
    return _case(random, fault=True)


@kind
def calls_that_fit(random):
    """The same programs, and inputs that are right."""
    return _case(random, fault=False)
