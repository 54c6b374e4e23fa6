// A logit in double precision.
func.func @sample_widen(%z: !elem) -> f64 {
  %wide = arith.extf %z : !elem to f64
  return %wide : f64
}
