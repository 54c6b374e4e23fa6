#!/usr/bin/python3
# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the test folders of the models here: generate.py OUT [NAME ...]

OUT/NAME gets NAME.yaml, seeded random weights, inputs, and the outputs that an
independent float64 evaluation gives; `seqc test OUT` runs them.
"""

import os
import shutil
import sys

import numpy as np

import models
import reference

HERE = os.path.dirname(os.path.abspath(__file__))
SEEDS = {}


def main():
    out, names = sys.argv[1], sys.argv[2:] or list(models.MODELS)
    for name in names:
        folder = reference.Folder(os.path.join(out, name), f"{name}.yaml")
        weights = reference.Weights(SEEDS.get(name, 1))
        models.MODELS[name](folder, weights, np.random.RandomState(2))
        shutil.copy(os.path.join(HERE, f"{name}.yaml"), folder.path)
        reference.write_safetensors(os.path.join(folder.path, f"{name}.safetensors"),
                                    weights.tensors)
        folder.finish()


if __name__ == "__main__":
    main()
