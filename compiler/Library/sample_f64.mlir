// A logit in double precision, which it has.
func.func @sample_widen(%z: !elem) -> f64 {
  return %z : f64
}
