//===- TensorTest.cpp - Values of the interpreter -------------------------===//

#include "Program.h"

using namespace seqc::reference;

TEST(Tensor, CopiesOnWrite) {
  Tensor first = i32({2}, {1, 2});
  Tensor second = first;
  EXPECT_FALSE(first.isUnique());
  second.mutableInts()[0] = 7;
  expectInts(first, {2}, {1, 2});
  expectInts(second, {2}, {7, 2});
  EXPECT_TRUE(first.isUnique());
}

TEST(Tensor, CountsElements) {
  EXPECT_EQ(countElements({}), 1);
  EXPECT_EQ(countElements({3, 0, 5}), 0);
  EXPECT_EQ(countElements({3, -1}), std::nullopt);
  EXPECT_EQ(countElements({int64_t(1) << 40, int64_t(1) << 40}), std::nullopt);
}

TEST(Tensor, ReadsEveryKindOfElement) {
  struct Case {
    ElementKind kind;
    std::vector<uint8_t> bytes;
    double value;
  };
  for (const Case &test :
       {Case{ElementKind::F16, {0x00, 0xc1}, -2.5},
        Case{ElementKind::BF16, {0x20, 0xc0}, -2.5},
        Case{ElementKind::F32, {0x00, 0x00, 0x20, 0xc0}, -2.5},
        Case{ElementKind::F64, {0, 0, 0, 0, 0, 0, 0x04, 0xc0}, -2.5},
        Case{ElementKind::I1, {0x01}, 1}, Case{ElementKind::I8, {0xfe}, -2},
        Case{ElementKind::I16, {0xfe, 0xff}, -2},
        Case{ElementKind::I32, {0x01, 0x02, 0x00, 0x00}, 513},
        Case{ElementKind::I64,
             {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
             -1}}) {
    llvm::Expected<Tensor> tensor = Tensor::ofBytes(test.kind, {1}, test.bytes);
    ASSERT_TRUE(static_cast<bool>(tensor));
    Scalar cell = tensor->data()[0];
    EXPECT_EQ(tensor->isFloat() ? cell.f : static_cast<double>(cell.i),
              test.value);
    EXPECT_EQ(tensor->toBytes(), test.bytes) << getName(test.kind).str();
  }
}

TEST(Tensor, RefusesBytesOfAnotherSize) {
  std::vector<uint8_t> bytes(7);
  llvm::Expected<Tensor> tensor = Tensor::ofBytes(ElementKind::F32, {2}, bytes);
  ASSERT_FALSE(static_cast<bool>(tensor));
  EXPECT_EQ(llvm::toString(tensor.takeError()),
            "found 7 bytes for 2 elements of type f32");
}

TEST(Tensor, RoundsFloatsOnlyWhenStored) {
  Tensor tensor = f32({1}, {0.1});
  EXPECT_EQ(tensor.floats()[0], 0.1);
  llvm::Expected<Tensor> stored =
      Tensor::ofBytes(ElementKind::F32, {1}, tensor.toBytes());
  ASSERT_TRUE(static_cast<bool>(stored));
  EXPECT_EQ(stored->floats()[0], static_cast<double>(0.1f));
}
