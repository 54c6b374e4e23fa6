// Two inputs and their sum, from the command line's point of view.
func.func @main(%a: tensor<?x4xf32> {seq.name = "a"}, %b: tensor<?x4xf32> {seq.name = "b"})
    -> (tensor<?x4xf32> {seq.name = "sum"}) {
  %0 = arith.addf %a, %b : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
