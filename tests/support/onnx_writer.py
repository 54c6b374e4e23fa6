"""Writes ONNX models for tests: nodes, graphs and tensors as nested calls become the wire format.
Field numbers are those of frontends/ONNX/onnx.proto.

    model(graph([node("Add", ["a", "b"], ["c"])],
                inputs=[value("a", FLOAT, ["n", 3]), value("b", FLOAT, [3])],
                outputs=[value("c", FLOAT, ["n", 3])]), opset=21)
"""

import struct

import numpy

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL = range(1, 10)
FLOAT16, DOUBLE, UINT32, UINT64 = 10, 11, 12, 13
BFLOAT16, UINT4, INT4 = 16, 21, 22

_TYPES = {"float32": FLOAT, "uint8": UINT8, "int8": INT8, "uint16": UINT16, "int16": INT16,
          "int32": INT32, "int64": INT64, "bool": BOOL, "float16": FLOAT16, "float64": DOUBLE,
          "uint32": UINT32, "uint64": UINT64}


def _varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number, content):
    """One field: an int as varint, a float as fixed32, text and bytes with their length."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(int(content))
    if isinstance(content, float):
        return _varint(number << 3 | 5) + struct.pack("<f", content)
    if isinstance(content, str):
        content = content.encode()
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def tensor(array, name="", dtype=None, external=None, raw=True):
    """A TensorProto. `dtype` overrides the number of the element type (the array then holds the
    bits, such as uint16 for BFLOAT16); `external` is (file, offset) of data written elsewhere."""
    array = numpy.asarray(array)
    number = dtype or _TYPES[array.dtype.name]
    out = b"".join(_field(1, int(extent)) for extent in array.shape)
    out += _field(2, number) + (_field(8, name) if name else b"")
    if external:
        file, offset = external
        entries = {"location": file, "offset": str(offset), "length": str(array.nbytes)}
        out += b"".join(_field(13, _field(1, key) + _field(2, text))
                        for key, text in entries.items())
        return out + _field(14, 1)
    if not raw and number == FLOAT:
        return out + _field(4, array.astype("<f4").tobytes())
    return out + _field(9, array.tobytes())


class Sparse:
    """A SparseTensorProto: values at indices, one number or a row of them for each."""

    def __init__(self, values, indices, dims, name=""):
        self.content = (_field(1, tensor(values, name))
                        + _field(2, tensor(numpy.asarray(indices, numpy.int64)))
                        + b"".join(_field(3, int(extent)) for extent in dims))


def attribute(name, content):
    """An AttributeProto by the type of `content`; a graph is wrapped in Graph, a tensor is a numpy
    array."""
    out = _field(1, name)
    if isinstance(content, Graph):
        return out + _field(6, content.content) + _field(20, 5)
    if isinstance(content, Sparse):
        return out + _field(22, content.content) + _field(20, 11)
    if isinstance(content, Reference):
        return out + _field(21, content.name) + _field(20, content.kind)
    if isinstance(content, numpy.ndarray):
        return out + _field(5, tensor(content)) + _field(20, 4)
    if isinstance(content, (str, bytes)):
        return out + _field(4, content) + _field(20, 3)
    if isinstance(content, float):
        return out + _field(2, content) + _field(20, 1)
    if isinstance(content, int):
        return out + _field(3, content) + _field(20, 2)
    content = list(content)
    if content and isinstance(content[0], float):
        return out + b"".join(_field(7, item) for item in content) + _field(20, 6)
    if content and isinstance(content[0], str):
        return out + b"".join(_field(9, item) for item in content) + _field(20, 8)
    return out + b"".join(_field(8, int(item)) for item in content) + _field(20, 7)


class Graph:
    """A graph as attribute."""

    def __init__(self, content):
        self.content = content


class Reference:
    """An attribute of a function's node that the caller binds; `kind` is its type's number."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind


def node(operator, inputs, outputs, name="", domain="", **attributes):
    """A NodeProto."""
    return (b"".join(_field(1, text) for text in inputs)
            + b"".join(_field(2, text) for text in outputs)
            + (_field(3, name) if name else b"") + _field(4, operator)
            + b"".join(_field(5, attribute(*item)) for item in attributes.items())
            + (_field(7, domain) if domain else b""))


def value(name, dtype, shape):
    """A ValueInfoProto; extents are ints, symbols (text or bytes), or None. Without `shape` of any rank."""
    dims = b""
    for extent in shape or ():
        dim = b""
        if isinstance(extent, (str, bytes)):
            dim = _field(2, extent)
        elif extent is not None:
            dim = _field(1, int(extent))
        dims += _field(1, dim)
    kind = _field(1, dtype) + (_field(2, dims) if shape is not None else b"")
    return _field(1, name) + _field(2, _field(1, kind))


def sequence_value(name, dtype, shape=None, optional=False):
    """A ValueInfoProto of a sequence of tensors, of any rank without `shape`."""
    kind = _field(1, dtype)
    if shape is not None:
        kind += _field(2, b"".join(_field(1, b"") for _ in shape))
    kind = _field(4, _field(1, _field(1, kind)))
    return _field(1, name) + _field(2, _field(9, _field(1, kind)) if optional else kind)


def optional_value(name, dtype, shape):
    """A ValueInfoProto of an optional tensor."""
    dims = b"".join(_field(1, _field(1, int(extent))) for extent in shape)
    kind = _field(1, _field(1, dtype) + _field(2, dims))
    return _field(1, name) + _field(2, _field(9, _field(1, kind)))


def graph(nodes, inputs, outputs, initializers=None, name="graph"):
    """A GraphProto; initializers map names to arrays, to bytes that tensor() made, or to Sparse."""
    out = b"".join(_field(1, item) for item in nodes) + _field(2, name)
    for key, array in (initializers or {}).items():
        if isinstance(array, Sparse):
            out += _field(15, array.content)
        else:
            out += _field(5, array if isinstance(array, bytes) else tensor(array, key))
    out += b"".join(_field(11, item) for item in inputs)
    return out + b"".join(_field(12, item) for item in outputs)


def function(name, domain, inputs, outputs, nodes, attributes=(), opset=21):
    """A FunctionProto."""
    return (_field(1, name) + b"".join(_field(4, text) for text in inputs)
            + b"".join(_field(5, text) for text in outputs)
            + b"".join(_field(6, text) for text in attributes)
            + b"".join(_field(7, item) for item in nodes)
            + _field(9, _field(2, opset)) + _field(10, domain))


def model(content, opset=21, ir=10, functions=(), domains=()):
    """The bytes of a ModelProto; `domains` are (domain, version) beside the default one."""
    out = _field(1, ir) + _field(7, content) + _field(8, _field(2, opset))
    for domain, version in domains:
        out += _field(8, _field(1, domain) + _field(2, version))
    return out + b"".join(_field(25, item) for item in functions)
