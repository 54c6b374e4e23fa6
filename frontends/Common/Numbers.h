//===- Numbers.h - Formulas of single elements -------------------*- C++-*-===//
//
// Elements and indices with operators, so that what happens to an element reads
// like its formula: select(x < 0, alpha * (exp(x) - 1), x). Each operator builds
// what the method of Scalars does for the type of its operands. A constant gets
// the type of the number that it meets. Extents are numbers too: what is computed
// from them folds, and becomes an extent again.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_NUMBERS_H
#define FRONTENDS_COMMON_NUMBERS_H

#include "frontends/Common/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace seqc::frontend {

/// An element of a tensor, an index, or a constant that may become either.
class Number {
  using Value = mlir::Value;

public:
  /// An element of `type`, or an index.
  Number(Scalars s, DataType type, Value value)
      : builder(&s.getBuilder()), loc(s.getLoc()), type(type), value(value) {}
  Number(Emitter &e, DataType type, Value value)
      : Number(e.scalars(), type, value) {}
  Number(Emitter &e, DataType type, double constant)
      : Number(e, type, e.scalars().constant(type, constant)) {}
  /// An index.
  Number(Scalars s, Value index) : Number(s, kIndex, index) {}
  Number(Emitter &e, mlir::OpFoldResult size)
      : Number(e.scalars(), e.toValue(size)) {}
  Number(Emitter &e, int64_t index)
      : Number(e.scalars(), e.scalars().index(index)) {}
  /// A constant, and a value of the type of the number that it meets.
  Number(double constant) : constant(constant) {}
  Number(Value value) : value(value) {}

  operator Value() const { return value; }
  /// An index as extent.
  operator mlir::OpFoldResult() const {
    if (std::optional<int64_t> number = mlir::getConstantIntValue(value))
      return builder->getIndexAttr(*number);
    return value;
  }
  DataType getType() const { return type; }
  Scalars scalars() const { return {*builder, mlir::Location(loc)}; }

  /// The number as operator Cast converts it; an index becomes an integer, and a
  /// constant stays one.
  Number as(DataType to) const {
    if (!builder)
      return *this;
    Scalars s = scalars();
    if (type == kIndex && to != kIndex)
      return Number(s, DataType::Int64, s.fromIndex(DataType::Int64, value))
          .as(to);
    return {s, to, s.convert(type, to, value)};
  }
  /// The value, which a constant gets in the type of `of`.
  Value in(const Number &of) const {
    return value ? value : of.scalars().constant(of.type, constant);
  }
  /// An integer as index.
  Number toIndex() const {
    Scalars s = scalars();
    return {s, s.toIndex(type, value)};
  }
  /// A constant of the same type.
  Number constantLike(double number) const {
    return {scalars(), type, Number(number).in(*this)};
  }
  /// The result of an op of one float, or of several.
  template <typename Op, typename... Args> Number apply(Args... args) const {
    return {scalars(), type, scalars().op<Op>(value, args...)};
  }

  friend Number operator+(Number a, Number b) {
    return meet(a, b, &Scalars::add);
  }
  friend Number operator-(Number a, Number b) {
    return meet(a, b, &Scalars::sub);
  }
  friend Number operator*(Number a, Number b) {
    return meet(a, b, &Scalars::mul);
  }
  friend Number operator/(Number a, Number b) {
    return meet(a, b, &Scalars::div);
  }
  friend Number min(Number a, Number b) { return meet(a, b, &Scalars::min); }
  friend Number max(Number a, Number b) { return meet(a, b, &Scalars::max); }
  /// Of indices.
  friend Number operator%(Number a, Number b) {
    return meet(a, b, [](Scalars &s, DataType, Value x, Value y) {
      return s.op<mlir::arith::RemUIOp>(x, y);
    });
  }

  friend Number operator==(Number a, Number b) {
    return compare(Compare::Equal, a, b);
  }
  friend Number operator!=(Number a, Number b) {
    return compare(Compare::NotEqual, a, b);
  }
  friend Number operator<(Number a, Number b) {
    return compare(Compare::Less, a, b);
  }
  friend Number operator<=(Number a, Number b) {
    return compare(Compare::LessOrEqual, a, b);
  }
  friend Number operator>(Number a, Number b) {
    return compare(Compare::Greater, a, b);
  }
  friend Number operator>=(Number a, Number b) {
    return compare(Compare::GreaterOrEqual, a, b);
  }
  friend Number compare(Compare predicate, Number a, Number b) {
    Number truth = meet(a, b, [&](Scalars &s, DataType type, Value x, Value y) {
      return s.compare(predicate, type, x, y);
    });
    truth.type = DataType::Bool;
    return truth;
  }
  friend Number operator&(Number a, Number b) {
    return meet(a, b, [](Scalars &s, DataType, Value x, Value y) {
      return s.logicalAnd(x, y);
    });
  }
  friend Number operator|(Number a, Number b) {
    return meet(a, b, [](Scalars &s, DataType, Value x, Value y) {
      return s.logicalOr(x, y);
    });
  }
  friend Number operator!(Number a) {
    Scalars s = a.scalars();
    return {s, DataType::Bool, s.logicalNot(a.value)};
  }
  /// `a` where `condition` holds, `b` elsewhere; one of them is no constant.
  friend Number select(Number condition, Number a, Number b) {
    const Number &of = a.builder ? a : b;
    Scalars s = of.builder ? of.scalars() : condition.scalars();
    return {s, of.type, s.select(condition.value, a.in(of), b.in(of))};
  }

  /// `i` held between two bounds, of which the greater one wins.
  friend Number clamp(Number i, Number low, Number high) {
    return max(min(i, high), low);
  }
  /// An index, or index + extent where it is negative.
  friend Number wrap(Number i, Number extent) {
    return select(i < 0, i + extent, i);
  }

  friend Number operator-(Number a) { return a.unary(&Scalars::neg); }
  friend Number abs(Number a) { return a.unary(&Scalars::abs); }
  friend Number isNaN(Number a) { return a != a; }
  friend Number exp(Number a) { return a.apply<mlir::math::ExpOp>(); }
  friend Number log(Number a) { return a.apply<mlir::math::LogOp>(); }
  friend Number sqrt(Number a) { return a.apply<mlir::math::SqrtOp>(); }
  friend Number tanh(Number a) { return a.apply<mlir::math::TanhOp>(); }
  friend Number sigmoid(Number a) { return 1 / (1 + exp(-a)); }

private:
  /// What `method` of Scalars makes of both numbers in the type of one.
  template <typename Method>
  static Number meet(const Number &a, const Number &b, Method method) {
    const Number &of = a.builder ? a : b;
    Scalars s = of.scalars();
    Value x = a.in(of), y = b.in(of);
    return {s, of.type, std::invoke(method, s, of.type, x, y)};
  }
  Number unary(Value (Scalars::*method)(DataType, Value)) const {
    Scalars s = scalars();
    return {s, type, (s.*method)(type, value)};
  }
  mlir::OpBuilder *builder = nullptr;
  mlir::LocationAttr loc;
  DataType type = kIndex;
  double constant = 0;
  Value value;
};

/// Numbers of one kind: an element per value.
inline llvm::SmallVector<Number> toNumbers(Emitter &e, DataType type,
                                           mlir::ValueRange values) {
  return llvm::map_to_vector(
      values, [&](mlir::Value value) { return Number(e, type, value); });
}

/// Extents as indices.
inline llvm::SmallVector<Number>
toNumbers(Emitter &e, llvm::ArrayRef<mlir::OpFoldResult> sizes) {
  return llvm::map_to_vector(
      sizes, [&](mlir::OpFoldResult size) { return Number(e, size); });
}

/// One element of the result from one Number of every input, all broadcast
/// together; `formula` takes as many Numbers as there are inputs, or a list of
/// them. Its result is rounded to `type`.
template <typename Formula>
Tensor map(Emitter &e, DataType type, llvm::ArrayRef<Tensor> inputs,
           Formula formula) {
  return e.elementwise(
      type, inputs, [&](Scalars &s, mlir::ValueRange values) -> mlir::Value {
        llvm::SmallVector<Number> x;
        for (auto [input, value] : llvm::zip(inputs, values))
          x.emplace_back(s, getComputeType(input.type), value);
        auto apply = [&]() -> Number {
          // A list can be made of one Number, so that lists come first.
          if constexpr (std::is_invocable_v<Formula, llvm::ArrayRef<Number>>)
            return formula(llvm::ArrayRef<Number>(x));
          else if constexpr (std::is_invocable_v<Formula, Number>)
            return formula(x[0]);
          else if constexpr (std::is_invocable_v<Formula, Number, Number>)
            return formula(x[0], x[1]);
          else
            return formula(x[0], x[1], x[2]);
        };
        return apply().as(getComputeType(type));
      });
}

/// Each element of the result from its indices; it is rounded to `type`.
template <typename Formula>
Tensor define(Emitter &e, DataType type,
              llvm::ArrayRef<mlir::OpFoldResult> sizes, Formula formula) {
  return e.generate(type, sizes,
                    [&](Scalars &, mlir::ValueRange values) -> mlir::Value {
                      auto at = toNumbers(e, kIndex, values);
                      return formula(llvm::ArrayRef<Number>(at)).as(type);
                    });
}

/// `x` plus `more`, which may be null, as `x`.
inline Tensor add(Emitter &e, Tensor x, Tensor more) {
  return more ? map(e, x.type, {x, more},
                    [](Number a, Number b) { return a + b; })
              : x;
}

/// An element of a tensor as it is stored.
inline Number load(Emitter &e, Tensor tensor, llvm::ArrayRef<Number> at) {
  Number index(e.scalars(), mlir::Value());
  return {e, tensor.type,
          e.load(tensor, llvm::map_to_vector(at, [&](const Number &i) {
                   return i.in(index);
                 }))};
}

/// The same, of the type that the tensor is computed in.
inline Number read(Emitter &e, Tensor tensor, llvm::ArrayRef<Number> at) {
  return load(e, tensor, at).as(getComputeType(tensor.type));
}

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_NUMBERS_H
