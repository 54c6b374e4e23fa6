//===- InPlacePropertyTest.cpp - Outputs in the memory of inputs ----------===//
//
// Random programs over states of one shape: elementwise ops, products, sums,
// transpositions, shifts, updates of rows, and loops. Wherever the compiler
// says that an output may be an input, results in that memory have the bits of
// results in memory of their own; one output at a time, and as many as there
// are at once. Where it does not say so, some results do differ, so that the
// analysis is not just lucky.
//
//===----------------------------------------------------------------------===//

#include "tests/property/Harness.h"

#include "gtest/gtest.h"

#include <random>

using namespace seqc::test;

namespace {

constexpr int kInputs = 4, kOutputs = 3, kSize = 8;

/// Prints programs.
class ProgramWriter {
public:
  explicit ProgramWriter(unsigned seed) : random(seed) {}

  std::string write(const std::string &name, bool isDynamic) {
    type = isDynamic ? "tensor<?x8xf32>" : "tensor<8x8xf32>";
    dynamic = isDynamic;
    text.clear();
    values.clear();
    for (int i = 0; i < kInputs; ++i)
      values.push_back("%x" + std::to_string(i));
    int ops = 2 + static_cast<int>(random() % 7);
    for (int i = 0; i < ops; ++i)
      addOp("%v" + std::to_string(i));
    std::string arguments, results, types;
    for (int i = 0; i < kInputs; ++i)
      arguments += (i ? ", %x" : "%x") + std::to_string(i) + ": " + type;
    for (int i = 0; i < kOutputs; ++i) {
      // Mostly what was computed, at times an input.
      results += (i ? ", " : "") +
                 (random() % 8 ? recent() : values[random() % values.size()]);
      types += (i ? ", " : "") + type;
    }
    return "func.func @" + name + "(" + arguments + ") -> (" + types +
           ") {\n"
           "  %c0 = arith.constant 0 : index\n"
           "  %c1 = arith.constant 1 : index\n"
           "  %c5 = arith.constant 5 : index\n"
           "  %zero = arith.constant 0.0 : f32\n"
           "  %half = arith.constant 0.5 : f32\n"
           "  %rows = tensor.dim %x0, %c0 : " +
           type + "\n" + text + "  return " + results + " : " + types + "\n}\n";
  }

private:
  std::string any() { return values[random() % values.size()]; }
  std::string recent() {
    size_t back = random() % std::min<size_t>(4, values.size());
    return values[values.size() - 1 - back];
  }

  std::string empty(const std::string &name) {
    text += "  " + name + " = tensor.empty(" + (dynamic ? "%rows" : "") +
            ") : " + type + "\n";
    return name;
  }

  /// A generic over rows and columns.
  void generic(const std::string &name, const std::string &left,
               const std::string &leftMap, const std::string &right) {
    std::string target = empty(name + "e");
    text += "  " + name +
            " = linalg.generic {indexing_maps = [affine_map<(i, j) -> (" +
            leftMap +
            ")>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], "
            "iterator_types = [\"parallel\", \"parallel\"]} ins(" +
            left + ", " + right + " : " + type + ", " + type + ") outs(" +
            target + " : " + type +
            ") {\n  ^bb0(%a: f32, %b: f32, %o: f32):\n"
            "    %m = arith.mulf %a, %half : f32\n"
            "    %s = arith.subf %m, %b : f32\n"
            "    linalg.yield %s : f32\n  } -> " +
            type + "\n";
  }

  void addOp(const std::string &name) {
    std::string a = any(), b = recent();
    switch (random() % 8) {
    case 0:
    case 1:
      generic(name, a, "i, j", b);
      break;
    case 2:
      if (dynamic)
        generic(name, a, "i, 0", b);
      else
        generic(name, a, "j, i", b);
      break;
    case 3: // A product; of unknown rows with one row of the other, repeated.
      if (dynamic) {
        text += "  " + name + "w = tensor.extract_slice " + b +
                "[0, 0] [1, 8] [1, 1] : " + type + " to tensor<1x8xf32>\n  " +
                name + "c = tensor.collapse_shape " + name +
                "w [[0, 1]] : tensor<1x8xf32> into tensor<8xf32>\n  " + name +
                "v = tensor.empty() : tensor<8x8xf32>\n  " + name +
                "b = linalg.broadcast ins(" + name +
                "c : tensor<8xf32>) outs(" + name +
                "v : tensor<8x8xf32>) dimensions = [0]\n";
        product(name, a, name + "b", "tensor<8x8xf32>");
      } else {
        product(name, a, b, type);
      }
      break;
    case 4: // A shift by one column.
      text += "  " + name + "s = tensor.extract_slice " + a + "[0, 1] [" +
              rows() + ", 7] [1, 1] : " + type + " to " + narrow(7) + "\n  " +
              name + "t = tensor.extract_slice " + b + "[0, 0] [" + rows() +
              ", 1] [1, 1] : " + type + " to " + narrow(1) + "\n";
      empty(name + "e");
      text += "  " + name + "f = tensor.insert_slice " + name + "s into " +
              name + "e[0, 0] [" + rows() + ", 7] [1, 1] : " + narrow(7) +
              " into " + type + "\n  " + name + " = tensor.insert_slice " +
              name + "t into " + name + "f[0, 7] [" + rows() +
              ", 1] [1, 1] : " + narrow(1) + " into " + type + "\n";
      break;
    case 5: // One row of another state in this one, as a cache has it.
      text += "  " + name + "r = tensor.extract_slice " + b +
              "[0, 0] [1, 8] [1, 1] : " + type + " to tensor<1x8xf32>\n  " +
              name + " = tensor.insert_slice " + name + "r into " + a +
              "[0, 0] [1, 8] [1, 1] : tensor<1x8xf32> into " + type + "\n";
      break;
    case 6: // Some steps of a state that also reads another one.
      text += "  " + name +
              " = scf.for %t = %c0 to %c5 step %c1 iter_args(%h = " + a +
              ") -> (" + type + ") {\n";
      generic(name + "n", "%h", "i, j", b);
      text += "  scf.yield " + name + "n : " + type + "\n  }\n";
      break;
    case 7: // Elements one by one.
      text += "  " + name +
              " = scf.for %t = %c0 to %rows step %c1 iter_args(%h = " + a +
              ") -> (" + type + ") {\n    %p = tensor.extract " + b +
              "[%t, %c1] : " + type +
              "\n    %q = tensor.insert %p into %h[%t, %c0] : " + type +
              "\n    scf.yield %q : " + type + "\n  }\n";
      break;
    }
    values.push_back(name);
  }

  void product(const std::string &name, const std::string &left,
               const std::string &right, const std::string &rightType) {
    std::string target = empty(name + "e");
    text += "  " + name + "z = linalg.fill ins(%zero : f32) outs(" + target +
            " : " + type + ") -> " + type + "\n  " + name +
            " = linalg.matmul ins(" + left + ", " + right + " : " + type +
            ", " + rightType + ") outs(" + name + "z : " + type + ") -> " +
            type + "\n";
  }

  std::string rows() const { return dynamic ? "%rows" : "8"; }
  std::string narrow(int columns) const {
    return "tensor<" + std::string(dynamic ? "?" : "8") + "x" +
           std::to_string(columns) + "xf32>";
  }

  std::mt19937 random;
  std::string text, type;
  bool dynamic = false;
  std::vector<std::string> values;
};

struct Counts {
  int safe = 0, unsafe = 0, different = 0;
};

void checkProgram(CompiledModule &module, const std::string &name, int64_t rows,
                  const std::string &text, Counts &counts) {
  std::mt19937 random(static_cast<unsigned>(rows));
  std::normal_distribution<float> normal(0, 0.5F);
  std::vector<HostTensor> inputs;
  for (int i = 0; i < kInputs; ++i) {
    std::vector<float> values(rows * kSize);
    for (float &value : values)
      value = normal(random);
    inputs.push_back(HostTensor::floats({rows, kSize}, values));
  }
  std::vector<HostTensor> apart = module.run(name, inputs, Guard::Back);
  ASSERT_EQ(apart.size(), size_t(kOutputs));
  std::vector<int> together(kOutputs, -1);
  for (int output = 0; output < kOutputs; ++output) {
    std::vector<int> safe = module.getInPlace(name, output);
    for (int input = 0; input < kInputs; ++input) {
      std::vector<int> places(kOutputs, -1);
      places[output] = input;
      std::vector<HostTensor> got =
          module.run(name, inputs, Guard::Back, 1, places);
      bool isSame = true;
      for (int i = 0; i < kOutputs; ++i)
        isSame &= got[i].bytes == apart[i].bytes;
      if (std::find(safe.begin(), safe.end(), input) == safe.end()) {
        ++counts.unsafe;
        counts.different += !isSame;
        continue;
      }
      ++counts.safe;
      EXPECT_TRUE(isSame) << "output " << output << " in the place of input "
                          << input << " of\n"
                          << text;
      if (std::find(together.begin(), together.end(), input) == together.end())
        together[output] = input;
    }
  }
  std::vector<HostTensor> got =
      module.run(name, inputs, Guard::Front, 2, together);
  for (int i = 0; i < kOutputs; ++i)
    EXPECT_EQ(got[i].bytes, apart[i].bytes)
        << "output " << i << ", all in place, of\n"
        << text;
}

TEST(InPlaceProperty, RandomPrograms) {
  constexpr int kModules = 4, kPrograms = 30;
  Counts counts;
  for (int m = 0; m < kModules; ++m) {
    ProgramWriter writer(1301 + m);
    std::string text;
    std::vector<std::string> programs;
    for (int i = 0; i < kPrograms; ++i) {
      programs.push_back(writer.write("p" + std::to_string(i), m % 2));
      text += programs.back();
    }
    HarnessOptions options;
    options.planMemory = m != 0;
    options.parallelGrain = m > 1 ? 1 : 0;
    CompiledModule module(text, options);
    for (int i = 0; i < kPrograms; ++i)
      checkProgram(module, "p" + std::to_string(i), m % 2 ? 3 + i % 9 : 8,
                   programs[i], counts);
  }
  EXPECT_GT(counts.safe, 300);
  EXPECT_GT(counts.different, 80);
  RecordProperty("safe", counts.safe);
  RecordProperty("unsafe", counts.unsafe);
  RecordProperty("different", counts.different);
}

} // namespace
