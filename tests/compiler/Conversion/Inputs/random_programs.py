"""Writes programs of tensors whose buffers come and go in every way a memory plan has to follow.

usage: random_programs.py FOLDER FIRST END

A program applies random ops to values of a few classes of shapes, inside of loops that carry several
values, exchange them or do not run, of branches and of loops that end by a condition. Values are
taken from everywhere that is visible, so that some live long and some are used once, through views,
in a loop or behind it. Magnitudes stay around one.
"""

import os
import random
import sys

# Class: type, and the extents that are dynamic.
CLASSES = {
    "V": ("tensor<?xf32>", ["%n"]),
    "M": ("tensor<?x?xf32>", ["%n", "%m"]),
    "T": ("tensor<?x?xf32>", ["%m", "%n"]),
    "W": ("tensor<?x16xf32>", ["%n"]),
    "F": ("tensor<40xf32>", []),
}


class Program:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.count, self.indent = [], 0, 1

    def fresh(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, line):
        self.lines.append("  " * self.indent + line)

    def empty(self, kind):
        name, (type_, extents) = self.fresh(), CLASSES[kind]
        self.emit(f"{name} = tensor.empty({', '.join(extents)}) : {type_}")
        return name

    def pick(self, scope, kind):
        """A visible value; younger ones more often."""
        names = [name for name, other in scope if other == kind]
        return names[-1 - min(int(self.random.expovariate(0.4)), len(names) - 1)]

    def generic(self, ins, kind, maps, iterators, body, start=None):
        rank = CLASSES[kind][0].count("x")
        out = start or self.empty(kind)
        name = self.fresh()
        space = ", ".join(f"d{i}" for i in range(len(iterators)))
        maps = ", ".join(f"affine_map<({space}) -> ({m})>" for m in maps)
        kinds = ", ".join(f'"{i}"' for i in iterators)
        given = ", ".join(n for n, _ in ins)
        types = ", ".join(CLASSES[k][0] for _, k in ins)
        inputs = f"ins({given} : {types}) " if ins else ""
        arguments = "".join(f"%p{i}: f32, " for i in range(len(ins)))
        self.emit(f"{name} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
                  f"{inputs}outs({out} : {CLASSES[kind][0]}) {{")
        self.emit(f"^bb0({arguments}%o: f32):")
        for line in body:
            self.emit("  " + line)
        self.emit(f"}} -> {CLASSES[kind][0]}")
        assert rank >= 1
        return name

    def space(self, kind):
        rank = 1 if kind in "VF" else 2
        return ", ".join(f"d{i}" for i in range(rank)), ["parallel"] * rank

    def mix(self, scope, kind):
        space, iterators = self.space(kind)
        return self.generic(
            [(self.pick(scope, kind), kind), (self.pick(scope, kind), kind)], kind, [space] * 3,
            iterators, ["%a = arith.mulf %p0, %half : f32", "%b = arith.mulf %p1, %third : f32",
                        "%c = arith.subf %a, %b : f32", "%d = arith.addf %c, %tenth : f32",
                        "linalg.yield %d : f32"])

    def reverse(self, scope, kind):
        """Reads another element than it writes."""
        source, (type_, _) = self.pick(scope, kind), CLASSES[kind]
        space, iterators = self.space(kind)
        extent = {"V": "%n", "M": "%n", "T": "%m", "W": "%n", "F": "%c40"}[kind]
        at = "%back" if kind in "VF" else "%back, %j"
        lines = ["%i = linalg.index 0 : index", f"%e = arith.subi {extent}, %i : index",
                 "%back = arith.subi %e, %c1 : index"]
        if kind not in "VF":
            lines.append("%j = linalg.index 1 : index")
        return self.generic([], kind, [space], iterators, lines + [
            f"%z = tensor.extract {source}[{at}] : {type_}", "linalg.yield %z : f32"])

    def transpose(self, scope, kind):
        other = {"M": "T", "T": "M"}[kind]
        return self.generic([(self.pick(scope, other), other)], kind, ["d1, d0", "d0, d1"],
                            ["parallel"] * 2, ["%a = arith.mulf %p0, %most : f32",
                                               "linalg.yield %a : f32"])

    def reduce(self, scope):
        kind = self.random.choice("MW")
        empty, start = self.empty("V"), self.fresh()
        self.emit(f"{start} = linalg.fill ins(%tenth : f32) outs({empty} : tensor<?xf32>) "
                  "-> tensor<?xf32>")
        return self.generic([(self.pick(scope, kind), kind)], "V", ["d0, d1", "d0"],
                            ["parallel", "reduction"],
                            ["%a = arith.mulf %p0, %tenth : f32", "%b = arith.addf %o, %a : f32",
                             "linalg.yield %b : f32"], start)

    def broadcast(self, scope, kind):
        return self.generic([(self.pick(scope, "V"), "V"), (self.pick(scope, kind), kind)], kind,
                            ["d0", "d0, d1", "d0, d1"], ["parallel"] * 2,
                            ["%a = arith.mulf %p0, %third : f32", "%b = arith.mulf %p1, %half : f32",
                             "%c = arith.addf %a, %b : f32", "linalg.yield %c : f32"])

    def part(self, scope, kind):
        """A piece of one value in the place of another piece of a second one."""
        type_ = CLASSES[kind][0]
        source, target = self.pick(scope, kind), self.pick(scope, kind)
        piece, name = self.fresh(), self.fresh()
        a, b = self.random.randrange(8), self.random.randrange(8)
        if kind == "F":
            small, sizes, first, second = "tensor<24xf32>", "[24]", f"[{a}]", f"[{b}]"
            strides = "[1]"
        else:
            small, sizes, first, second = "tensor<?x8xf32>", "[%n, 8]", f"[0, {a}]", f"[0, {b}]"
            strides = "[1, 1]"
        self.emit(f"{piece} = tensor.extract_slice {source}{first} {sizes} {strides} "
                  f": {type_} to {small}")
        self.emit(f"{name} = tensor.insert_slice {piece} into {target}{second} {sizes} {strides} "
                  f": {small} into {type_}")
        return name

    def block(self, scope, depth, length):
        scope = list(scope)
        for _ in range(length):
            kind = self.random.choice("VMTWF")
            what = self.random.random()
            # Most values are used soon or never, and their memory is free again.
            old = self.random.choice(scope)
            if sum(other == old[1] for _, other in scope) > 1 and self.random.random() < 0.7:
                scope.remove(old)
            if depth < 2 and what < 0.22:
                scope += self.random.choice([self.loop, self.loop, self.branch, self.search])(
                    scope, depth)
                continue
            choices = [lambda: self.mix(scope, kind), lambda: self.reverse(scope, kind)]
            if kind in "MT":
                choices += [lambda: self.transpose(scope, kind)]
            if kind in "MW":
                choices += [lambda: self.broadcast(scope, kind)]
            if kind in "FW":
                choices += [lambda: self.part(scope, kind)] * 2
            if kind == "V":
                choices += [lambda: self.reduce(scope)] * 2
            scope.append((self.random.choice(choices)(), kind))
        return scope

    def carried(self, scope):
        kinds = [self.random.choice("VMTWF") for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.5:
            kinds += kinds[:1]  # two that may exchange their places
        return kinds, [self.pick(scope, kind) for kind in kinds]

    def close(self, scope, kinds):
        values = [self.pick(scope, kind) for kind in kinds]
        types = ", ".join(CLASSES[kind][0] for kind in kinds)
        return ", ".join(values), types

    def results(self, name, kinds):
        return [(f"{name}#{i}" if len(kinds) > 1 else name, kind) for i, kind in enumerate(kinds)]

    def loop(self, scope, depth):
        kinds, inits = self.carried(scope)
        name, states = self.fresh(), [self.fresh() for _ in kinds]
        types = ", ".join(CLASSES[kind][0] for kind in kinds)
        trips = self.random.choice(["%c0", "%c1", "%c2", "%c3", "%t", "%t"])
        pairs = ", ".join(f"{s} = {v}" for s, v in zip(states, inits))
        self.emit(f"{name}{':' + str(len(kinds)) if len(kinds) > 1 else ''} = scf.for {self.fresh()} "
                  f"= %c0 to {trips} step %c1 iter_args({pairs}) -> ({types}) {{")
        self.indent += 1
        inner = self.block(scope + list(zip(states, kinds)), depth + 1, self.random.randint(1, 5))
        values, types = self.close(inner, kinds)
        self.emit(f"scf.yield {values} : {types}")
        self.indent -= 1
        self.emit("}")
        return self.results(name, kinds)

    def branch(self, scope, depth):
        kinds, _ = self.carried(scope)
        types = ", ".join(CLASSES[kind][0] for kind in kinds)
        read, test, name = self.fresh(), self.fresh(), self.fresh()
        self.emit(f"{read} = tensor.extract {self.pick(scope, 'F')}[%c3] : tensor<40xf32>")
        self.emit(f"{test} = arith.cmpf ogt, {read}, %tenth : f32")
        self.emit(f"{name}{':' + str(len(kinds)) if len(kinds) > 1 else ''} = scf.if {test} "
                  f"-> ({types}) {{")
        for side in range(2):
            self.indent += 1
            inner = self.block(scope, depth + 1, self.random.randint(0, 4))
            values, types = self.close(inner, kinds)
            self.emit(f"scf.yield {values} : {types}")
            self.indent -= 1
            self.emit("} else {" if side == 0 else "}")
        return self.results(name, kinds)

    def search(self, scope, depth):
        """A loop that ends by a condition."""
        kinds, inits = self.carried(scope)
        types = ", ".join(CLASSES[kind][0] for kind in kinds)
        name, count = self.fresh(), self.fresh()
        states, again = [self.fresh() for _ in kinds], [self.fresh() for _ in kinds]
        pairs = ", ".join(f"{s} = {v}" for s, v in zip(states, inits))
        self.emit(f"{name}:{len(kinds) + 1} = scf.while ({count} = %c0, {pairs}) "
                  f": (index, {types}) -> (index, {types}) {{")
        self.indent += 1
        more, number = self.fresh(), self.fresh()
        self.emit(f"{more} = arith.cmpi slt, {count}, %t : index")
        self.emit(f"scf.condition({more}) {count}, {', '.join(states)} : index, {types}")
        self.indent -= 1
        self.emit("} do {")
        arguments = ", ".join(f"{s}: {CLASSES[k][0]}" for s, k in zip(again, kinds))
        self.emit(f"^bb0({number}: index, {arguments}):")
        self.indent += 1
        inner = self.block(scope + list(zip(again, kinds)), depth + 1, self.random.randint(1, 5))
        values, types = self.close(inner, kinds)
        following = self.fresh()
        self.emit(f"{following} = arith.addi {number}, %c1 : index")
        self.emit(f"scf.yield {following}, {values} : index, {types}")
        self.indent -= 1
        self.emit("}")
        return [(f"{name}#{i + 1}", kind) for i, kind in enumerate(kinds)]

    def write(self):
        for i in (0, 1, 2, 3, 4, 40):
            self.emit(f"%c{i} = arith.constant {i} : index")
        for name, value in (("half", 0.5), ("third", 0.375), ("tenth", 0.125), ("most", 0.875)):
            self.emit(f"%{name} = arith.constant {value} : f32")
        self.emit("%n = tensor.dim %x, %c0 : tensor<?x?xf32>")
        self.emit("%m = tensor.dim %x, %c1 : tensor<?x?xf32>")
        self.emit("%t = arith.remsi %m, %c4 : index")
        scope = [("%x", "M"), ("%w", "W"), ("%f", "F")]
        scope.append((self.reduce(scope), "V"))
        scope.append((self.transpose(scope, "T"), "T"))
        scope = self.block(scope, 0, self.random.randint(8, 20))
        kinds = ["V", "M", "T", "W", "F"]
        # What is left meets in the results.
        for kind in kinds:
            scope.append((self.mix(scope, kind), kind))
        values, types = self.close(scope, kinds)
        self.emit(f"return {values} : {types}")
        results = ", ".join(CLASSES[kind][0] for kind in kinds)
        head = ("func.func @forward(%x: tensor<?x?xf32>, %w: tensor<?x16xf32>, %f: tensor<40xf32>) "
                f"-> ({results}) {{")
        return "\n".join([head, *self.lines, "}"]) + "\n"


folder, first, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.makedirs(folder, exist_ok=True)
for seed in range(first, end):
    with open(os.path.join(folder, f"{seed}.mlir"), "w", encoding="utf-8") as file:
        file.write(Program(seed).write())
