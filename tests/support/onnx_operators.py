"""A sound node of every operator that the ONNX importer has, in one form or several.

Inputs are written as their type and extents: `f2x3` is a float tensor of two dimensions, `f.` a scalar,
`-` an input that is left out, `*f2` a sequence of two such tensors, `i[0,1]` a constant list and `i(1)`
a constant scalar.
"""

import re

import numpy

import onnx_writer as w

TYPES = {"f": (w.FLOAT, numpy.float32), "i": (w.INT64, numpy.int64), "j": (w.INT32, numpy.int32),
         "b": (w.BOOL, numpy.bool_), "u": (w.UINT8, numpy.uint8), "s": (w.INT8, numpy.int8)}


class Input:
    """One input of a form: a tensor, a constant, or a sequence of tensors."""

    def __init__(self, text):
        self.sequence = text.startswith("*")
        letter, rest = re.fullmatch(r"\*?([fijbus])(.*)", text).groups()
        self.type, self.dtype = TYPES[letter]
        self.value = None
        if rest[0] in "[(":
            numbers = [float(number) for number in rest[1:-1].split(",") if number]
            self.value = numpy.array(numbers if rest[0] == "[" else numbers[0]).astype(self.dtype)
        self.shape = (list(self.value.shape) if self.value is not None
                      else [] if rest == "." else [int(extent) for extent in rest.split("x")])


class Form:
    """An operator with its inputs (None where one is left out) and attributes."""

    def __init__(self, operator, inputs, attributes=None, outputs=1, opset=24):
        self.domain, _, self.name = operator.rpartition(".")
        self.inputs = [None if text == "-" else Input(text) for text in inputs.split()]
        self.attributes, self.outputs, self.opset = attributes or {}, outputs, opset


def _graph(inputs, outputs, *nodes):
    """A body; values have no declared type, so that they take any."""
    return w.Graph(w.graph([w.node(operator, names.split(), [result]) for operator, names, result in nodes],
                           [w._field(1, name) for name in inputs.split()],
                           [w._field(1, name) for name in outputs.split()]))


_BRANCHES = {"then_branch": w.Graph(w.graph([w.node("Constant", [], ["t"], value_float=1.0)], [], [w._field(1, "t")])),
             "else_branch": w.Graph(w.graph([w.node("Constant", [], ["e"], value_float=2.0)], [], [w._field(1, "e")]))}
_LOOP = {"body": _graph("n c s", "d t e", ("Identity", "c", "d"), ("Tanh", "s", "t"), ("Identity", "t", "e"))}
SCAN = {"body": _graph("s x", "t y", ("Add", "s x", "t"), ("Identity", "t", "y")), "num_scan_inputs": 1}
_MAP = {"body": _graph("a", "r", ("Tanh", "a", "r"))}
_SCORES = {"score_mod": _graph("a", "r", ("Tanh", "a", "r"))}
_GRAMS = {"mode": "TF", "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 1, "ngram_counts": [0, 2],
          "ngram_indexes": [0, 1, 2], "pool_int64s": [2, 3, 5, 4]}
_HEADS = {"num_heads": 2}
_GROUPS = {"num_heads": 2, "kv_num_heads": 1}
_LINEAR = {"q_num_heads": 2, "kv_num_heads": 2}
_BITS = {"K": 16, "N": 3, "bits": 4, "block_size": 16}

FORMS = [Form(name, "f2x3") for name in
         "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Dropout Elu Erf Exp Floor Gelu HardSigmoid "
         "HardSwish Hardmax Identity IsInf IsNaN LeakyRelu Log LogSoftmax LpNormalization Mish Neg NonZero Optional "
         "Reciprocal Relu Round Selu Shape Shrink Sigmoid Sign Sin Sinh Size Softmax Softplus Softsign Sqrt Swish "
         "Tan Tanh ThresholdedRelu Transpose com.microsoft.Gelu com.microsoft.QuickGelu com.microsoft.FastGelu "
         "OptionalGetElement OptionalHasElement EyeLike Trilu com.microsoft.Trilu Flatten ArgMax ArgMin "
         "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
         "ReduceSumSquare Max Min Sum Mean Clip Unique DynamicQuantizeLinear".split()]
FORMS += [Form(name, "f2x3 f3") for name in
          "Add Sub Mul Div Pow Equal Less LessOrEqual Greater GreaterOrEqual Mod Max Min Sum Mean PRelu CastLike "
          "com.microsoft.BiasGelu com.microsoft.FastGelu".split()]
FORMS += [Form(name, "f2x3x4 f3", {"broadcast": 1, "axis": 1}, opset=6) for name in
          "Add Sub Mul Div Pow Equal Less Greater".split()]
FORMS += [Form(name, "b2x3 b3") for name in "And Or Xor".split()]
FORMS += [Form(name, "b2x3 b3", {"broadcast": 1, "axis": 1}, opset=6) for name in "And Or Xor".split()]
FORMS += [Form(name, "i2x3 i3") for name in "BitwiseAnd BitwiseOr BitwiseXor".split()]
FORMS += [Form(name, "f2x3 i[1]") for name in
          "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
          "ReduceSumSquare".split()]
FORMS += [Form("ReduceSum", "f2x3 i1", {"keepdims": keep}) for keep in (0, 1)]
FORMS += [Form(name, f"f1x2x{extents}", {"kernel_shape": kernel}, outputs)
          for extents, kernel in (("6", [3]), ("5x6", [2, 3]))
          for name, outputs in (("MaxPool", 2), ("AveragePool", 1), ("LpPool", 1))]
FORMS += [Form(name, "f1x2x5x6") for name in
          "GlobalAveragePool GlobalLpPool GlobalMaxPool MeanVarianceNormalization".split()]
FORMS += [Form(name, "i.") for name in "BlackmanWindow HammingWindow HannWindow".split()]
FORMS += [Form(*row) for row in [
    ("Attention", "f1x2x3x4 f1x2x5x4 f1x2x5x4 f3x5 f1x2x0x4 f1x2x0x4", {"is_causal": 1}, 4),
    ("Attention", "f1x3x8 f1x5x8 f1x5x8 b1x1x3x5 - - i1", {"q_num_heads": 2, "kv_num_heads": 2}),
    ("BatchNormalization", "f1x2x5 f2 f2 f2 f2"),
    ("BatchNormalization", "f1x2x5 f2 f2 f2 f2", {"training_mode": 1}, 3),
    ("BitShift", "u2x3 u3", {"direction": "LEFT"}),
    ("BitwiseNot", "i2x3"),
    ("Cast", "f2x3", {"to": w.INT64}),
    ("CausalConvWithState", "f1x2x5 f2x1x3 f2 f1x2x2", {}, 2, 27),
    ("Clip", "f2x3 f. f."),
    ("Col2Im", "f1x8x4 i[4,4] i[2,2]", {"strides": [2, 2]}),
    ("Compress", "f4x3 b4", {"axis": 0}),
    ("Compress", "f4x3 b12"),
    ("Concat", "f2x3 f2x4", {"axis": 1}),
    ("ConcatFromSequence", "*f2x3", {"axis": 0}),
    ("ConcatFromSequence", "*f2x3", {"axis": 0, "new_axis": 1}),
    ("Constant", "", {"value_float": 1.0}),
    ("ConstantOfShape", "i[2,3]"),
    ("ConstantOfShape", "i2"),
    ("Conv", "f1x2x6 f3x2x3 f3"),
    ("Conv", "f1x4x5x6 f2x2x3x3 f2", {"group": 2, "pads": [1, 1, 1, 1]}),
    ("ConvInteger", "u1x2x6 s3x2x3 u. s."),
    ("ConvTranspose", "f1x2x5 f2x3x3 f3", {"strides": [2]}),
    ("CumProd", "f2x3 i.", {}, 1, 26),
    ("CumSum", "f2x3 i(1)"),
    ("DFT", "f1x4x1 i. i(1)"),
    ("DFT", "f1x4x2 - i."),
    ("DeformConv", "f1x2x4x4 f2x2x2x2 f1x8x3x3 f2 f1x4x3x3"),
    ("DepthToSpace", "f1x4x2x3", {"blocksize": 2}),
    ("SpaceToDepth", "f1x1x4x6", {"blocksize": 2}),
    ("DequantizeLinear", "u2x3 f. u."),
    ("DequantizeLinear", "u2x3 f3 u3", {"axis": 1}),
    ("QuantizeLinear", "f2x3 f2 u2", {"axis": 0}),
    ("QuantizeLinear", "f2x4 f2x2 u2x2", {"axis": 1, "block_size": 2}),
    ("com.microsoft.QuantizeLinear", "f2x3 f. u."),
    ("com.microsoft.DequantizeLinear", "u2x3 f. u."),
    ("Det", "f2x3x3"),
    ("DynamicQuantizeLinear", "f2x3", {}, 3),
    ("Einsum", "f2x3 f3x4", {"equation": "ij,jk->ik"}),
    ("Einsum", "f2x3x3 f2x3", {"equation": "...ii,...i"}),
    ("Expand", "f2x1 i[2,3]"),
    ("Expand", "f2x1 i3"),
    ("GRU", "f4x2x3 f1x6x3 f1x6x2 f1x12 j2 f1x2x2", {"hidden_size": 2}, 2),
    ("LSTM", "f4x2x3 f1x8x3 f1x8x2 f1x16 j2 f1x2x2 f1x2x2 f1x6", {"hidden_size": 2}, 3),
    ("LSTM", "f2x4x3 f2x8x3 f2x8x2 f2x16 - f2x2x2 f2x2x2",
     {"hidden_size": 2, "layout": 1, "direction": "bidirectional"}, 3),
    ("RNN", "f4x2x3 f1x2x3 f1x2x2 f1x4 j2 f1x2x2", {}, 2),
    ("Gather", "f4x3 i2x2", {"axis": 1}),
    ("Gather", "i[3,4,5] i(1)"),
    ("GatherElements", "f4x3 i2x3"),
    ("GatherND", "f4x3 i2x1"),
    ("GatherND", "f4x3x2 i4x1", {"batch_dims": 1}),
    ("com.microsoft.GatherND", "f4x3 i5x2"),
    ("Gemm", "f2x3 f3x4 f4"),
    ("Gemm", "f3x2 f4x3 f2x4", {"transA": 1, "transB": 1, "alpha": 0.5}),
    ("GridSample", "f1x2x3x4 f1x5x6x2"),
    ("GroupNormalization", "f1x4x3 f4 f4", {"num_groups": 2}),
    ("GroupNormalization", "f1x4x3 f2 f2", {"num_groups": 2}, 1, 18),
    ("If", "b.", _BRANCHES),
    ("InstanceNormalization", "f1x2x3 f2 f2"),
    ("LRN", "f1x4x3", {"size": 3}),
    ("LayerNormalization", "f2x3 f3 f3", {}, 3),
    ("RMSNormalization", "f2x3 f3"),
    ("LinearAttention", "f1x3x4 f1x3x4 f1x3x4 f1x2x2x2 f1x3x4 f1x3x2", _LINEAR, 2, 27),
    ("Loop", "i. b. f2", _LOOP, 2),
    ("Loop", "i(3) b(1) f2", _LOOP, 2),
    ("MatMul", "f2x3 f3x4"),
    ("MatMul", "f5x2x3 f3x4"),
    ("MatMul", "f2x1x2x3 f2x3x4"),
    ("MatMul", "f3 f3"),
    ("MatMulInteger", "u2x3 s3x4 u. s."),
    ("MatMulInteger", "u2x2x3 s2x3x4 u. s."),
    ("MatMulInteger", "u2x3 s3x4 u2 s4"),
    ("MaxUnpool", "f1x1x2 i1x1x2 i3", {"kernel_shape": [2], "strides": [2]}),
    ("MelWeightMatrix", "i. i. i. f. f."),
    ("NegativeLogLikelihoodLoss", "f2x3x4 i2x4 f3"),
    ("SoftmaxCrossEntropyLoss", "f2x3 i2 f3", {}, 2),
    ("NonMaxSuppression", "f1x4x4 f1x2x4 i. f. f."),
    ("Not", "b2x3"),
    ("OneHot", "i4 i. f2"),
    ("Pad", "f2x3 i[1,0,0,1] f."),
    ("Pad", "f2x3 i2 f. i[1]", {"mode": "edge"}),
    ("QLinearConv", "u1x2x6 f. u. s3x2x3 f3 s3 f. u. j3"),
    ("QLinearMatMul", "u2x3 f. u. s3x4 f4 s4 f. u."),
    ("QLinearMatMul", "u2x2x3 f. u. s2x3x4 f. s. f. u."),
    ("Range", "i. i. i."),
    ("Reshape", "f2x3 i[3,2]"),
    ("Reshape", "f2x3 i2"),
    ("Resize", "f1x1x2x3 - f[1,1,2,2]", {"mode": "linear"}),
    ("Resize", "f1x2x3 f6 - i3", {"mode": "cubic", "coordinate_transformation_mode": "tf_crop_and_resize"}),
    ("Upsample", "f1x1x2x3 f4", {}, 1, 9),
    ("ReverseSequence", "f4x2x3 i2"),
    ("RoiAlign", "f1x2x4x4 f3x4 i3", {"output_height": 2, "output_width": 2}),
    ("RotaryEmbedding", "f1x2x3x4 f5x2 f5x2 i1x3"),
    ("RotaryEmbedding", "f1x3x8 f1x3x2 f1x3x2", {"num_heads": 2}),
    ("STFT", "f1x8x1 i. f4 i."),
    ("Scan", "f2 f3x2", SCAN, 2),
    ("Scan", "f2x2 f3x5", {**SCAN, "body": _graph("s x", "t y", ("MatMul", "s s", "t"), ("Tanh", "x", "y"))}, 2),
    ("Scan", "i2 f2x4 f2x3x4", SCAN, 2, 8),
    ("Scatter", "f4x3 i2x3 f2x3", {}, 1, 10),
    ("ScatterElements", "f4x3 i2x3 f2x3", {"axis": 1, "reduction": "add"}),
    ("ScatterND", "f4x3 i2x1 f2x3"),
    ("SequenceAt", "*f2x3 i."),
    ("SequenceAt", "*f2x3 i(0)"),
    ("SequenceConstruct", "f2x3 f4"),
    ("SequenceEmpty", ""),
    ("SequenceErase", "*f2x3 i."),
    ("SequenceInsert", "*f2x3 f2x3 i."),
    ("SequenceInsert", "*f2x3 f2x3"),
    ("SequenceLength", "*f2x3"),
    ("SequenceMap", "*f2x3", _MAP),
    ("SimplifiedLayerNormalization", "f2x3 f3", {}, 2),
    ("com.microsoft.SimplifiedLayerNormalization", "f2x3 f3", {}, 2),
    ("com.microsoft.SkipLayerNormalization", "f1x2x3 f1x2x3 f3 f3 f3", {}, 4),
    ("com.microsoft.SkipSimplifiedLayerNormalization", "f1x2x3 f1x2x3 f3 f3"),
    ("Slice", "f4x3 i[0,1] i[2,3]"),
    ("Slice", "f4x3 i1 i1 i1 i1"),
    ("Slice", "f4x3 i[3] i[0] i[0] i[-1]"),
    ("Split", "f5 i[2,3]", {}, 2),
    ("Split", "f5x2 i2", {"axis": 0}, 2),
    ("Split", "f4x6", {"axis": 1}, 3),
    ("SplitToSequence", "f5x2 i."),
    ("SplitToSequence", "f5x2 i2"),
    ("SplitToSequence", "f5x2", {"keepdims": 0}),
    ("Squeeze", "f1x3 i[0]"),
    ("Squeeze", "f1x3x1 i2"),
    ("Squeeze", "f1x3"),
    ("Unsqueeze", "f3 i[0,2]"),
    ("Unsqueeze", "f3 i1"),
    ("SwiGLU", "f2x3 f2x3", {}, 1, 28),
    ("TensorScatter", "f2x4x3 f2x1x3 i2", {}, 1, 24),
    ("TfIdfVectorizer", "i2x4", _GRAMS),
    ("Tile", "f2x3 i[2,1]"),
    ("Tile", "f2x3 i2"),
    ("TopK", "f4x5 i(2)", {}, 2),
    ("TopK", "f4x5 i1", {"axis": 0}, 2),
    ("Trilu", "f3x3 i."),
    ("Unique", "f4x3", {"axis": 0}, 4),
    ("Where", "b2x3 f2x3 f3"),
    ("ai.onnx.preview.FlexAttention", "f1x2x3x4 f1x2x5x4 f1x2x5x4", _SCORES),
    ("ai.onnx.preview.FlexAttention", "f1x2x3x4 f1x1x5x4 f1x1x5x4"),
    ("com.microsoft.Attention", "f2x3x8 f8x24 f24 j2 f2x2x2x0x4 f2x2x3x3", _HEADS, 2),
    ("com.microsoft.Attention", "f2x3x8 f8x24 f24 j2x7 f2x2x2x7x4 - j1", {**_HEADS, "past_present_share_buffer": 1}, 2),
    ("com.microsoft.QAttention", "u2x3x8 s8x24 f24 f. f. j2x3 u. s.", _HEADS),
    ("com.microsoft.MultiHeadAttention", "f2x3x8 f2x4x8 f2x4x8 f24 j2x4 f2x2x3x4", _HEADS, 3),
    ("com.microsoft.MultiHeadAttention", "f2x3x8 f2x2x4x4 f2x2x4x4 - - - f2x2x1x4 f2x2x1x4", _HEADS, 4),
    ("com.microsoft.MultiHeadAttention", "f2x3x2x3x4 - - f24", _HEADS),
    ("com.microsoft.DecoderMaskedMultiHeadAttention",
     "f2x1x8 f2x1x8 f2x1x8 - - f2x2x6x4 f2x2x6x4 j1 - - f24", {**_HEADS, "past_present_share_buffer": 1}, 3),
    ("com.microsoft.GroupQueryAttention", "f2x1x8 f2x1x4 f2x1x4 f2x1x3x4 f2x1x3x4 j2 j. - - - f2x2x1x3 f2", _GROUPS, 3),
    ("com.microsoft.GroupQueryAttention", "f2x4x16 - - - - j2 j. f5x2 f5x2 i2x4", {**_GROUPS, "do_rotary": 1}, 3),
    ("com.microsoft.RotaryEmbedding", "f1x3x8 i1x3 f6x2 f6x2", {}),
    ("com.microsoft.RotaryEmbedding", "f1x2x3x4 i1 f6x2 f6x2", {}),
    ("com.microsoft.LinearAttention", "f1x3x4 f1x3x4 f1x3x4 f1x2x2x2 f1x3x4 f1x3x2", _LINEAR, 2),
    ("com.microsoft.LinearAttention", "f1x3x4 f1x3x4 f1x3x4 f2x1x2x2x2",
     {**_LINEAR, "update_rule": "linear", "state_window": 2}, 2),
    ("com.microsoft.CausalConvWithState", "f1x2x5 f2x1x3 f2 f1x2x2", {}, 2),
    ("com.microsoft.CausalConvWithState", "f1x5x2x3 f6x1x3 f6 f2x1x2x2x3", {"channels_last": 1, "state_window": 2}, 2),
    ("com.microsoft.AttnLSTM",
     "f4x2x3 f1x8x8 f1x8x2 f1x16 j2 f1x2x2 f1x2x2 f1x6 f1x2x3 f1x5x3 f1x3 f2x4x5 j2", {"hidden_size": 2}, 3),
    ("com.microsoft.AttnLSTM",
     "f4x2x3 f1x8x9 f1x8x2 - - - - - f1x2x3 f1x5x3 f1x3 f2x4x5 - f1x7x6", {"hidden_size": 2}, 3),
    ("com.microsoft.DynamicQuantizeLSTM",
     "f4x2x3 s1x3x8 s1x2x8 f1x16 j2 f1x2x2 f1x2x2 f1x6 f1 s1 f1x8 s1x8", {"hidden_size": 2}, 3),
    ("com.microsoft.DynamicQuantizeMatMul", "f2x3 s3x4 f4 s4 f4"),
    ("com.microsoft.DynamicQuantizeMatMul", "f2x2x3 s3x4 f. s. f4"),
    ("com.microsoft.MatMulIntegerToFloat", "u2x3 s3x4 f. f4 u. s4 f4"),
    ("com.microsoft.MatMulNBits", "f2x16 u3x1x8 f3 u3 j16 f3", _BITS),
    ("com.microsoft.GatherBlockQuantized", "u6x8 i2x2 f6x1 u6x1", {"block_size": 16}),
    ("com.microsoft.GatherBlockQuantized", "s6x32 i2 f6x2 s6x2", {"bits": 8, "block_size": 16}),
    ("com.microsoft.EmbedLayerNormalization", "j2x3 j2x3 f5x4 f6x4 f2x4 f4 f4 j2x3 j1x3", {}, 3),
    ("com.microsoft.FusedMatMul", "f2x3 f3x4", {"alpha": 0.5}),
    ("com.microsoft.FusedMatMul", "f5x2x3 f5x3x4"),
    ("com.microsoft.FusedMatMul", "f3x5x2 f5x2x4", {"transBatchA": 1}),
    ("com.microsoft.TransposeMatMul", "f3x2 f4x3", {"transA": 1, "transB": 1}),
    ("com.microsoft.FusedGemm", "f2x3 f3x4 f4", {"activation": "LeakyRelu", "activation_alpha": 0.1}),
    ("com.microsoft.FusedConv", "f1x2x6 f3x2x3 f3 f1x3x4", {"activation": "Relu"}),
    ("com.microsoft.QGemm", "u2x3 f. u. s3x4 f4 s4 j4 f. u."),
    ("com.microsoft.QGemm", "u3x2 f. u. s4x3 f. s. j2x4", {"transA": 1, "transB": 1}),
    ("com.microsoft.QLinearAdd", "u2x3 f. u. u3 f. u. f. u."),
    ("com.microsoft.QLinearMul", "u2x3 f. u. u3 f. u. f. u."),
    ("com.microsoft.QLinearConcat", "f. u. u2x3 f. u. u2x4 f. u.", {"axis": 1}),
    ("com.microsoft.QLinearLeakyRelu", "u2x3 f. u. f. u."),
    ("com.microsoft.QLinearSigmoid", "u2x3 f. u. f. u."),
    ("com.microsoft.QLinearSoftmax", "u2x3 f. u. f. u."),
]]


def write(form, inputs, declared=None):
    """A model of the node `n` of a form over these inputs (of Input's kind); `declared` gives the extents of
    an input as the graph declares them."""
    declared = declared or (lambda given: given.shape)
    names, nodes, given, constants = [], [], [], {}
    for i, one in enumerate(inputs):
        names.append("" if one is None else f"x{i}")
        if one is None:
            continue
        if one.sequence:
            elements = [f"x{i}_{k}" for k in range(2)]
            nodes.append(w.node("SequenceConstruct", elements, [names[-1]]))
            given += [w.value(name, one.type, declared(one)) for name in elements]
        elif one.value is not None:
            constants[names[-1]] = one.value
        else:
            given.append(w.value(names[-1], one.type, declared(one)))
    outputs = [f"y{k}" for k in range(form.outputs)]
    nodes.append(w.node(form.name, names, outputs, name="n", domain=form.domain, **form.attributes))
    # What has no type to declare is not shown.
    shown = {"Optional", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceMap",
             "SplitToSequence"}
    if form.name in shown:
        nodes.append(w.node("SequenceLength" if form.name != "Optional" else "OptionalHasElement", ["y0"], ["z"]))
        outputs = ["z"]
    content = w.graph(nodes, given, [w._field(1, name) for name in outputs], constants)
    return w.model(content, opset=form.opset, ir=3 if form.opset < 7 else 10,
                   domains=[(form.domain, 1)] if form.domain else [])
