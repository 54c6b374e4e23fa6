"""Writes an ONNX model without nodes: its outputs are its input and an initializer."""

import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import onnx_writer as ox

with open(sys.argv[1], "wb") as file:
    file.write(ox.model(ox.graph(
        [], [ox.value("x", ox.FLOAT, [3])],
        [ox.value("x", ox.FLOAT, [3]), ox.value("c", ox.FLOAT, [2])],
        {"c": numpy.array([4, 5], numpy.float32)})))
