"""Sound nodes of every operator, with inputs of another rank."""

import copy

import numpy

import onnx_operators
from case import BAD, DONE, UNSUPPORTED, Case, kind


def _spoil(random, given):
    """An input with another rank, which keeps some of its extents, or with all of its dimensions open."""
    given = copy.copy(given)
    rank = random.choice([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 9])
    pool = given.shape or [1]
    shape = list(pool[:rank] if random.random() < 0.5 else pool[len(pool) - min(rank, len(pool)):])
    while len(shape) < rank:
        shape.insert(random.randint(0, len(shape)), random.choice([1, 1, 2, 3, *pool]))
    given.shape = shape
    if given.value is None and not given.sequence and random.random() < 0.3:
        given.value = numpy.ones(shape, given.dtype)
    elif given.value is not None:
        # A constant keeps its numbers as far as they go, or is given at run time.
        given.value = (numpy.resize(given.value, shape) if random.random() < 0.6 and given.value.size else
                       None if random.random() < 0.7 else numpy.zeros(shape, given.dtype))
    return given


@kind
def ranks_that_do_not_fit(random):
    """A sound node but for the ranks of one, two or all inputs, with extents that are known or not."""
    form = random.choice(onnx_operators.FORMS)
    inputs, places = list(form.inputs), [i for i, given in enumerate(form.inputs) if given]
    chosen = random.sample(places, min(len(places), random.choice([1, 1, 1, 2, 2, len(places)])))
    for i in chosen:
        inputs[i] = _spoil(random, inputs[i])
    if random.random() < 0.1 and chosen:
        inputs[random.choice(chosen)] = None
    openness = random.choice([0, 0, 0.5, 1])

    def declare(given):
        return [None if random.random() < openness else extent for extent in given.shape]

    content = onnx_operators.write(form, inputs, declare)
    # Most of what can go wrong does so while the model is read.
    command = ["compile", "m.onnx"] + random.choice(
        [["-o", "m.so"]] + 7 * [["--stop-after=import", "-o", "m.mlir"]])
    return Case({"m.onnx": content}, command, {DONE, BAD, UNSUPPORTED})
