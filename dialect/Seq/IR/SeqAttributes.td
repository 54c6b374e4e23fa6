//===- SeqAttributes.td - Enums and attributes of seq -------*- tablegen -*-===//

#ifndef DIALECT_SEQ_IR_SEQATTRIBUTES_TD
#define DIALECT_SEQ_IR_SEQATTRIBUTES_TD

include "dialect/Seq/IR/SeqDialect.td"

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class Seq_EnumAttr<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::seqc::seq";
  let genSpecializedAttr = 0;
}

def Seq_Direction : Seq_EnumAttr<"Direction", "Order in which a layer reads its steps", [
  I32EnumAttrCase<"Forward", 0, "forward">,
  I32EnumAttrCase<"Reverse", 1, "reverse">,
  I32EnumAttrCase<"Bidirectional", 2, "bidirectional">
]>;
def Seq_DirectionAttr : EnumAttr<Seq_Dialect, Seq_Direction, "direction"> {
  let assemblyFormat = "`<` $value `>`";
}

def Seq_Score : Seq_EnumAttr<"Score", "How attention compares a query with a key", [
  I32EnumAttrCase<"Dot", 0, "dot">,
  I32EnumAttrCase<"Scaled", 1, "scaled">,
  I32EnumAttrCase<"Additive", 2, "additive">,
  I32EnumAttrCase<"General", 3, "general">,
  I32EnumAttrCase<"Region", 4, "region">,
  I32EnumAttrCase<"Distance", 5, "distance">
]>;
def Seq_ScoreAttr : EnumAttr<Seq_Dialect, Seq_Score, "score">;

def Seq_Normalizer : Seq_EnumAttr<"Normalizer", "How attention turns scores into weights", [
  I32EnumAttrCase<"Softmax", 0, "softmax">,
  I32EnumAttrCase<"NegatedSoftmax", 1, "negated_softmax">,
  I32EnumAttrCase<"Sigmoid", 2, "sigmoid">,
  I32EnumAttrCase<"None", 3, "none">
]>;
def Seq_NormalizerAttr : EnumAttr<Seq_Dialect, Seq_Normalizer, "normalizer"> {
  let assemblyFormat = "`<` $value `>`";
}

def Seq_NormKind : Seq_EnumAttr<"NormKind", "What a normalisation divides by", [
  I32EnumAttrCase<"Layer", 0, "layer">,
  I32EnumAttrCase<"Rms", 1, "rms">,
  I32EnumAttrCase<"Group", 2, "group">
]>;
def Seq_NormKindAttr : EnumAttr<Seq_Dialect, Seq_NormKind, "norm">;

def Seq_Activation : Seq_EnumAttr<"Activation", "Functions of one number that cells apply", [
  I32EnumAttrCase<"Relu", 0, "relu">,
  I32EnumAttrCase<"Tanh", 1, "tanh">,
  I32EnumAttrCase<"Sigmoid", 2, "sigmoid">,
  I32EnumAttrCase<"Affine", 3, "affine">,
  I32EnumAttrCase<"LeakyRelu", 4, "leaky_relu">,
  I32EnumAttrCase<"ThresholdedRelu", 5, "thresholded_relu">,
  I32EnumAttrCase<"ScaledTanh", 6, "scaled_tanh">,
  I32EnumAttrCase<"HardSigmoid", 7, "hard_sigmoid">,
  I32EnumAttrCase<"Elu", 8, "elu">,
  I32EnumAttrCase<"Softsign", 9, "softsign">,
  I32EnumAttrCase<"Softplus", 10, "softplus">
]>;
def Seq_ActivationAttr : EnumAttr<Seq_Dialect, Seq_Activation, "activation"> {
  let assemblyFormat = "`<` $value `>`";
}
def Seq_ActivationArrayAttr : TypedArrayAttrBase<Seq_ActivationAttr, "list of activations">;

def Seq_Semiring : Seq_EnumAttr<"Semiring", "What sums and products of a linear recurrence are", [
  I32EnumAttrCase<"Real", 0, "real">,
  I32EnumAttrCase<"Log", 1, "log">,
  I32EnumAttrCase<"MaxPlus", 2, "max_plus">
]>;
def Seq_SemiringAttr : EnumAttr<Seq_Dialect, Seq_Semiring, "semiring">;

def Seq_Causal : Seq_EnumAttr<"Causal", "Alignment of a causal mask", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"TopLeft", 1, "top_left">,
  I32EnumAttrCase<"BottomRight", 2, "bottom_right">
]>;
def Seq_CausalAttr : EnumAttr<Seq_Dialect, Seq_Causal, "causal"> {
  let assemblyFormat = "`<` $value `>`";
}

def Seq_Stop : Seq_EnumAttr<"Stop", "When a beam search ends a row", [
  I32EnumAttrCase<"Heuristic", 0, "heuristic">,
  I32EnumAttrCase<"First", 1, "first">,
  I32EnumAttrCase<"Exact", 2, "exact">
]>;

def Seq_CallOption : Seq_EnumAttr<"CallOption", "What the caller of an entry may choose", [
  I32EnumAttrCase<"MaxNew", 0, "max_new">,
  I32EnumAttrCase<"LengthPenalty", 1, "length_penalty">,
  I32EnumAttrCase<"Temperature", 2, "temperature">,
  I32EnumAttrCase<"TopP", 3, "top_p">,
  I32EnumAttrCase<"TopK", 4, "top_k">,
  I32EnumAttrCase<"Seed", 5, "seed">,
  I32EnumAttrCase<"FirstRow", 6, "first_row">
]>;
def Seq_CallOptionAttr : EnumAttr<Seq_Dialect, Seq_CallOption, "call_option"> {
  let assemblyFormat = "$value";
}

//===----------------------------------------------------------------------===//
// The CPU
//===----------------------------------------------------------------------===//

def Seq_CpuFeature : I32BitEnumAttr<"CpuFeature", "Instruction sets that kernels are written for", [
  I32BitEnumAttrCaseNone<"None", "none">,
  I32BitEnumAttrCaseBit<"Avx2", 0, "avx2">,
  I32BitEnumAttrCaseBit<"Avx512", 1, "avx512">,
  I32BitEnumAttrCaseBit<"Vnni", 2, "vnni">,
  I32BitEnumAttrCaseBit<"AvxVnni", 3, "avxvnni">,
  I32BitEnumAttrCaseBit<"Bf16", 4, "bf16">,
  I32BitEnumAttrCaseBit<"Amx", 5, "amx">
]> {
  let cppNamespace = "::seqc::seq";
  let genSpecializedAttr = 0;
  let separator = "|";
}

def Seq_TargetAttr : Seq_Attr<"Target", "target"> {
  let summary = "The CPU that a module is compiled for";
  let description = [{
    Stands as `seq.target` on the module of one CPU level and decides which kernels products
    get. `vector_bits` is the widest vector worth using: 128, 256 or 512. `avx512` stands for
    the sets F, BW, DQ and VL together, `vnni` for AVX512_VNNI.
  }];
  let parameters = (ins "unsigned":$vector_bits,
                        EnumParameter<Seq_CpuFeature>:$features);
  let assemblyFormat = "`<` $vector_bits `,` $features `>`";
}

//===----------------------------------------------------------------------===//
// Search attributes
//===----------------------------------------------------------------------===//

/// A double, kept as APFloat, which unlike double has a hash.
class Seq_DoubleParameter<string default> : AttrParameter<"::llvm::APFloat", "a double"> {
  let parser = "::seqc::seq::detail::parseDoubleParameter($_parser)";
  let printer = "$_printer << $_self.convertToDouble()";
  let defaultValue = "::llvm::APFloat(" # default # ")";
}

def Seq_GreedyAttr : Seq_Attr<"Greedy", "greedy"> {
  let summary = "Take the most probable token at every step";
  let description = [{
    The lowest id wins a tie. A row ends at its first end token.
    The score of a row is the sum of the log-probabilities of its tokens divided by
    `n ** length_penalty`, `n` counting the end token.
  }];
  let parameters = (ins Seq_DoubleParameter<"1.0">:$length_penalty);
  let assemblyFormat = "(`<` `length_penalty` `=` $length_penalty^ `>`)?";
}

def Seq_SampleAttr : Seq_Attr<"Sample", "sample"> {
  let summary = "Draw the token of every step at random";
  let description = [{
    Filters stand in this order: `temperature` divides the logits, `top_k` keeps the best
    tokens (0: all), `top_p` those of them that make up this much of the probability.
    `seq.generate` says how a token is drawn from what is left. `temperature` and `top_p`
    count as rounded to f32; a temperature below 2^-126 is 0, which means the most probable
    token, as `#seq.greedy` takes it. The score is that of `#seq.greedy`.
  }];
  let parameters = (ins
    Seq_DoubleParameter<"1.0">:$temperature,
    DefaultValuedParameter<"int64_t", "50">:$top_k,
    Seq_DoubleParameter<"1.0">:$top_p,
    DefaultValuedParameter<"uint64_t", "0">:$seed,
    Seq_DoubleParameter<"1.0">:$length_penalty);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}

def Seq_BeamAttr : Seq_Attr<"Beam", "beam"> {
  let summary = "Keep the `width` best unfinished hypotheses at every step";
  let description = [{
    Finished hypotheses enter a pool of `width` entries ordered by
    `score / n ** length_penalty`; `n_best` of them are returned.
    `stop` says when a row with a full pool ends: `heuristic` compares the best
    live score at its present length with the worst of the pool, `first` ends at
    once, `exact` compares at the most favourable length, which gives the n-best list
    of a search that runs to the end.
  }];
  let parameters = (ins
    "int64_t":$width,
    DefaultValuedParameter<"int64_t", "1">:$n_best,
    Seq_DoubleParameter<"1.0">:$length_penalty,
    DefaultValuedParameter<"::seqc::seq::Stop", "::seqc::seq::Stop::Heuristic">:$stop);
  let assemblyFormat = [{
    `<` struct(params) `>`
  }];
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// What callers are told
//===----------------------------------------------------------------------===//

def Seq_SignatureAttr : Seq_Attr<"Signature", "signature"> {
  let summary = "What callers of an entry are told of an argument or a result beside its type";
  let description = [{
    The value of `seq.signature` on an argument or a result of a public function. The runtime
    checks it before compiled code runs, so that passes may rely on it:

    - `dims` names extents, one name per dimension, `""` where there is none. Extents of one name
      are equal in every call.
    - `min` and `max` bound every integer, both included: an `i64`, or the name of an extent.
    - `fallback` is what fills an input that is left out: a number (`i64` or `f64`), the name of
      an extent, or `unit` for what the model file gives it.
    - `of` and `part`: it is that part of a sequence, an optional, or a tensor of unknown rank.
    - `isUnsigned`: its integers have no sign.

    Example:

    ```mlir
    func.func private @f(tensor<?xi32> {seq.signature = #seq.signature<
      dims = ["batch"], min = 1 : i64, max = "time", fallback = "time">})
    ```
  }];
  let parameters = (ins
    OptionalParameter<"::mlir::ArrayAttr">:$dims,
    OptionalParameter<"::mlir::Attribute">:$min,
    OptionalParameter<"::mlir::Attribute">:$max,
    OptionalParameter<"::mlir::Attribute">:$fallback,
    OptionalParameter<"::mlir::StringAttr">:$of,
    OptionalParameter<"::mlir::StringAttr">:$part,
    DefaultValuedParameter<"bool", "false">:$isUnsigned);
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<std::string>":$dims,
                                   CArg<"::mlir::Attribute", "{}">:$min,
                                   CArg<"::mlir::Attribute", "{}">:$max)>];
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The name of extent `dim`, or "".
    ::llvm::StringRef getDim(int64_t dim) const;
    /// The same without a value for inputs that are left out.
    SignatureAttr dropFallback() const;
    /// The same with another one.
    SignatureAttr withFallback(::mlir::Attribute fallback) const;
  }];
}

//===----------------------------------------------------------------------===//
// What passes say of what they did
//===----------------------------------------------------------------------===//

def Seq_InPlaceAttr : Seq_Attr<"InPlace", "in_place"> {
  let summary = "The inputs of an entry that may lie in the memory of an output";
  let description = [{
    An element of `seq.in_place` on a function: whoever calls it may give output number `output`
    the memory of any one of `inputs`.
  }];
  let parameters = (ins "int64_t":$output, ArrayRefParameter<"int64_t">:$inputs);
  let assemblyFormat = "`<` `output` `=` $output `,` `inputs` `=` `[` $inputs `]` `>`";
}

def Seq_WorkspaceAttr : Seq_Attr<"Workspace", "workspace"> {
  let summary = "A piece of memory that buffers share";
  let description = [{
    An element of `seq.memory_plan` on a function. `at` is where it is taken: `entry`, `later` or
    `body`. `bytes` is its size, `unshared` that of its `buffers` without sharing: numbers, or
    sums and products of extents, where `{I,D}` stands for dimension D of input I.
  }];
  let parameters = (ins StringRefParameter<>:$at, "int64_t":$buffers, StringRefParameter<>:$bytes,
                        StringRefParameter<>:$unshared);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Seq_ChoiceAttr : Seq_Attr<"Choice", "choice"> {
  let summary = "Which code computes a product, and why";
  let description = [{
    An element of `seq.explain` on a module: a product of `m` rows (-1: any number), `n` columns,
    depth `k` and `gates` matrices of right sides, with the names of their `weights`. `backend`
    computes it by `op`, for `reason`; `in_loop` says whether more than once in a call.
  }];
  let parameters = (ins StringRefParameter<>:$backend, StringRefParameter<>:$op, "int64_t":$m,
                        "int64_t":$n, "int64_t":$k, "int64_t":$gates, "::mlir::BoolAttr":$in_loop,
                        StringRefParameter<>:$weights, StringRefParameter<>:$reason);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Weights of an artefact
//===----------------------------------------------------------------------===//

def Seq_WeightForm : Seq_EnumAttr<"WeightForm", "What is made of weights for the artefact", [
  I32EnumAttrCase<"Raw", 0, "raw">,
  I32EnumAttrCase<"Pack", 1, "pack">,
  I32EnumAttrCase<"Sums", 2, "sums">
]>;

def Seq_WeightRunAttr : Seq_Attr<"WeightRun", "weight_run"> {
  let summary = "A stretch of bytes in a file of weights";
  let description = [{
    `size` bytes from byte `offset` of `file` on, which is relative to the model's folder and has
    the hash `hash`. `stored` is the type of the elements (f16, bf16, f64) if they become f32.
  }];
  let parameters = (ins StringRefParameter<>:$file, "int64_t":$offset, "int64_t":$size,
                        StringRefParameter<"", [{""}]>:$hash, OptionalParameter<"::mlir::FloatType">:$stored);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Seq_WeightSourceAttr : Seq_Attr<"WeightSource", "weight_source"> {
  let summary = "A tensor in row-major order, made of runs";
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$shape,
                        ArrayRefParameter<"::seqc::seq::WeightRunAttr">:$runs);
  let assemblyFormat = "`<` `shape` `=` $shape `,` `runs` `=` `[` $runs `]` `>`";
}

def Seq_WeightItemAttr : Seq_Attr<"WeightItem", "weight_item"> {
  let summary = "What lies at one place of the weights section";
  let description = [{
    An element of `seq.weight_layout` on a module: a tensor of `shape` and `element` that takes
    `size` bytes from byte `offset` of the section on. `raw` is the only source as it is, `pack` are
    the panels that `seq.pack` describes, over all sources (`width` columns, `unit` elements along
    the depth), `sums` is what `seq.column_sums` describes. `transposed` and `excess` mean what they
    mean on those ops.

    ```mlir
    module attributes {seq.weight_layout = [
      #seq.weight_item<raw of [<shape = [2, 3], runs = [<file = "w.bin", offset = 8, size = 24>]>],
                       element = f32, shape = [2, 3], offset = 0, size = 24>]} {
    }
    ```
  }];
  let parameters = (ins
    EnumParameter<Seq_WeightForm>:$form,
    ArrayRefParameter<"::seqc::seq::WeightSourceAttr">:$sources,
    "::mlir::Type":$element, "::mlir::DenseI64ArrayAttr":$shape, "int64_t":$offset, "int64_t":$size,
    DefaultValuedParameter<"int64_t", "0">:$width, DefaultValuedParameter<"int64_t", "1">:$unit,
    DefaultValuedParameter<"::mlir::BoolAttr", "::mlir::BoolAttr::get($_ctxt, false)">:$transposed,
    DefaultValuedParameter<"::mlir::BoolAttr", "::mlir::BoolAttr::get($_ctxt, false)">:$excess);
  let assemblyFormat = [{
    `<` $form `of` ` ` `[` $sources `]` `,` struct($element, $shape, $offset, $size, $width, $unit, $transposed, $excess) `>`
  }];
}

#endif // DIALECT_SEQ_IR_SEQATTRIBUTES_TD
