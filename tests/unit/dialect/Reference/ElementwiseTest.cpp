//===- ElementwiseTest.cpp - arith, math and affine -----------------------===//

#include "Program.h"

#include <cmath>
#include <limits>

using namespace seqc::reference;

static constexpr double quietNan = std::numeric_limits<double>::quiet_NaN();

/// A function that applies one op with the given text to two scalars of a type.
static Program makeBinary(const std::string &op, const std::string &type,
                          const std::string &result) {
  return Program("func.func @main(%a: " + type + ", %b: " + type + ") -> " +
                 result + " {\n  %r = " + op + " %a, %b : " + type +
                 "\n  return %r : " + result + "\n}");
}

static int64_t applyInts(const std::string &op, int64_t a, int64_t b,
                         ElementKind kind = ElementKind::I32) {
  std::string type = getName(kind).str();
  std::string result = op.find("cmpi") == std::string::npos ? type : "i1";
  return makeBinary(op, type, result)
      .run({Tensor::ofInt(kind, a), Tensor::ofInt(kind, b)})[0]
      .scalar()
      .i;
}

static double applyFloats(const std::string &op, double a, double b) {
  return makeBinary(op, "f32", "f32")
      .run({Tensor::ofFloat(ElementKind::F32, a),
            Tensor::ofFloat(ElementKind::F32, b)})[0]
      .scalar()
      .f;
}

TEST(Arith, WrapsIntegersAtTheirWidth) {
  EXPECT_EQ(applyInts("arith.addi", INT32_MAX, 1), INT32_MIN);
  EXPECT_EQ(applyInts("arith.muli", 1 << 20, 1 << 12), 0);
  EXPECT_EQ(applyInts("arith.addi", 127, 1, ElementKind::I8), -128);
  EXPECT_EQ(applyInts("arith.addi", 1, 1, ElementKind::I1), 0);
  EXPECT_EQ(applyInts("arith.shli", 1, 31), INT32_MIN);
}

TEST(Arith, DividesTowardsTheNamedSide) {
  EXPECT_EQ(applyInts("arith.divsi", -7, 2), -3);
  EXPECT_EQ(applyInts("arith.floordivsi", -7, 2), -4);
  EXPECT_EQ(applyInts("arith.floordivsi", 7, 2), 3);
  EXPECT_EQ(applyInts("arith.ceildivsi", 7, 2), 4);
  EXPECT_EQ(applyInts("arith.ceildivsi", -7, 2), -3);
  EXPECT_EQ(applyInts("arith.remsi", -7, 2), -1);
  EXPECT_EQ(applyInts("arith.divui", -1, 2), INT32_MAX);
  EXPECT_EQ(applyInts("arith.shrui", -1, 28), 15);
  EXPECT_EQ(applyInts("arith.shrsi", -16, 2), -4);
}

TEST(Arith, ComparesSignedAndUnsigned) {
  EXPECT_EQ(applyInts("arith.cmpi slt,", -1, 0), 1);
  EXPECT_EQ(applyInts("arith.cmpi ult,", -1, 0), 0);
  EXPECT_EQ(applyInts("arith.cmpi slt,", 1, 0, ElementKind::I1),
            1); // 1 of i1 is -1.
  EXPECT_EQ(applyInts("arith.cmpi ugt,", 1, 0, ElementKind::I1), 1);
  EXPECT_EQ(applyInts("arith.maxsi", -1, 3), 3);
  EXPECT_EQ(applyInts("arith.maxui", -1, 3), -1);
}

TEST(Arith, FailsWhereNoResultIsDefined) {
  Tensor one = Tensor::ofInt(ElementKind::I32, 1),
         zero = Tensor::ofInt(ElementKind::I32, 0);
  EXPECT_THAT(makeBinary("arith.divsi", "i32", "i32").getError({one, zero}),
              testing::AllOf(testing::HasSubstr("'arith.divsi' at loc("),
                             testing::HasSubstr("division by zero")));
  EXPECT_THAT(makeBinary("arith.shli", "i32", "i32")
                  .getError({one, Tensor::ofInt(ElementKind::I32, 32)}),
              testing::HasSubstr("shift exceeds the width"));
  EXPECT_THAT(
      Program("func.func @main(%a: f32) -> i32 {\n"
              "  %r = arith.fptosi %a : f32 to i32\n  return %r : i32\n}")
          .getError({Tensor::ofFloat(ElementKind::F32, quietNan)}),
      testing::HasSubstr("does not fit"));
}

TEST(Arith, TreatsNanAsTheOpSays) {
  EXPECT_TRUE(std::isnan(applyFloats("arith.maximumf", quietNan, 1)));
  EXPECT_EQ(applyFloats("arith.maxnumf", quietNan, 1), 1);
  EXPECT_EQ(applyFloats("arith.minnumf", 2, quietNan), 2);
  EXPECT_FALSE(std::signbit(applyFloats("arith.maximumf", -0.0, 0.0)));
  EXPECT_TRUE(std::signbit(applyFloats("arith.minimumf", 0.0, -0.0)));
}

TEST(Arith, RoundsWhereTheProgramSays) {
  Program program(R"(func.func @main(%a: f64) -> (f32, f64, f64) {
    %s = arith.truncf %a : f64 to f32
    %b = arith.truncf %a : f64 to bf16
    %h = arith.truncf %a : f64 to f16
    %bw = arith.extf %b : bf16 to f64
    %hw = arith.extf %h : f16 to f64
    return %s, %bw, %hw : f32, f64, f64
  })");
  auto results = program.run({Tensor::ofFloat(ElementKind::F64, 1.0 / 3.0)});
  EXPECT_EQ(results[0].scalar().f, 1.0F / 3.0F);
  EXPECT_EQ(results[1].scalar().f, 0.333984375);
  EXPECT_EQ(results[2].scalar().f, 0.333251953125);
}

TEST(Arith, WorksOnTensorsAndSelectsByScalarOrElement) {
  Program program(
      R"(func.func @main(%a: tensor<?xf32>, %b: tensor<?xf32>, %c: i1)
      -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
    %m = arith.cmpf olt, %a, %b : tensor<?xf32>
    %s = arith.select %m, %a, %b : tensor<?xi1>, tensor<?xf32>
    %t = arith.select %c, %a, %b : tensor<?xf32>
    %d = arith.subf %a, %b : tensor<?xf32>
    return %s, %t, %d : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
  })");
  Tensor a = f32({3}, {1, 5, quietNan}), b = f32({3}, {2, 3, 4});
  auto results = program.run({a, b, Tensor::ofInt(ElementKind::I1, 1)});
  expectFloats(results[0], {3}, {1, 3, 4});
  expectFloats(results[1], {3}, {1, 5, quietNan});
  expectFloats(results[2], {3}, {-1, 2, quietNan});
  // The inputs are the caller's and must not be written.
  expectFloats(a, {3}, {1, 5, quietNan});
  EXPECT_THAT(program.getError(
                  {a, f32({2}, {1, 2}), Tensor::ofInt(ElementKind::I1, 1)}),
              testing::HasSubstr("operand 1 has shape 2, required 3"));
}

TEST(Arith, ReadsConstants) {
  Program program(
      R"(func.func @main() -> (tensor<2x2xf32>, tensor<3xi64>, tensor<2xi1>, f16, i1) {
    %a = arith.constant dense<[[1.0, -2.0], [0.5, 0.1]]> : tensor<2x2xf32>
    %b = arith.constant dense<-7> : tensor<3xi64>
    %c = arith.constant dense<[true, false]> : tensor<2xi1>
    %d = arith.constant 0.5 : f16
    %e = arith.constant true
    return %a, %b, %c, %d, %e : tensor<2x2xf32>, tensor<3xi64>, tensor<2xi1>, f16, i1
  })");
  for (int round = 0; round < 2; ++round) {
    auto results = program.run({});
    expectFloats(results[0], {2, 2}, {1, -2, 0.5, 0.1f});
    expectInts(results[1], {3}, {-7, -7, -7});
    expectInts(results[2], {2}, {1, 0});
    EXPECT_EQ(results[3].scalar().f, 0.5);
    EXPECT_EQ(results[4].scalar().i, 1);
  }
}

TEST(Math, ComputesInDoublePrecision) {
  Program program(R"(func.func @main(%x: tensor<?xf32>, %n: tensor<?xi32>) -> (
      tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xi32>) {
    %e = math.exp %x : tensor<?xf32>
    %t = math.tanh %x : tensor<?xf32>
    %r = math.erf %x : tensor<?xf32>
    %l = math.log1p %x : tensor<?xf32>
    %f = math.fma %x, %x, %e : tensor<?xf32>
    %z = math.ctlz %n : tensor<?xi32>
    return %e, %t, %r, %l, %f, %z : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>,
        tensor<?xf32>, tensor<?xf32>, tensor<?xi32>
  })");
  double x = 0.7;
  auto results = program.run({f32({1}, {x}), i32({2}, {1, -1})});
  expectFloats(results[0], {1}, {std::exp(x)});
  expectFloats(results[1], {1}, {std::tanh(x)});
  expectFloats(results[2], {1}, {std::erf(x)});
  expectFloats(results[3], {1}, {std::log1p(x)});
  expectFloats(results[4], {1}, {x * x + std::exp(x)});
  expectInts(results[5], {2}, {31, 0});
}

TEST(Affine, EvaluatesMapsOfIndices) {
  Program program(
      R"(func.func @main(%i: index, %n: index) -> (index, index, index) {
    %a = affine.apply affine_map<(d0)[s0] -> ((d0 * 3) floordiv 2 + s0 mod 4)>(%i)[%n]
    %b = affine.min affine_map<(d0, d1) -> (d0, d1 - 2)>(%i, %n)
    %c = affine.max affine_map<(d0, d1) -> (d0, d1 - 2)>(%i, %n)
    return %a, %b, %c : index, index, index
  })");
  auto results = program.run({Tensor::ofIndex(5), Tensor::ofIndex(10)});
  EXPECT_EQ(results[0].scalar().i, 7 + 2);
  EXPECT_EQ(results[1].scalar().i, 5);
  EXPECT_EQ(results[2].scalar().i, 8);
}
