//===- OnnxFile.h - Reader of ONNX files -------------------------*- C++-*-===//
//
// Reads the wire format and finds the bytes of tensors, in the file itself or
// in files beside it. The file is hostile input: sizes are checked before they
// are multiplied or allocated, and external data stays inside the model's
// folder.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_ONNXFILE_H
#define FRONTENDS_ONNX_ONNXFILE_H

#include "frontends/ONNX/Vocabulary.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>

namespace seqc::onnx {

namespace format {
class AttributeProto;
class GraphProto;
class ModelProto;
class NodeProto;
class SparseTensorProto;
class TensorProto;
class TensorShapeProto_Dimension;
} // namespace format

/// The elements of a tensor as little-endian bytes in row-major order; 2- and
/// 4-bit integers unpacked to one byte each.
struct TensorBytes {
  DataType type = DataType::Undefined;
  llvm::SmallVector<int64_t> shape;
  /// Where the bytes lie: a file relative to the model's folder and an offset.
  /// Without a name they are the tensor's own.
  std::string file;
  uint64_t offset = 0;
  /// Bytes of a file, or of the parsed message.
  llvm::StringRef lent;
  /// Bytes that were converted from a typed field.
  std::optional<std::string> own;

  llvm::StringRef getBytes() const {
    return own ? llvm::StringRef(*own) : lent;
  }
};

/// One model file, open.
class OnnxFile {
public:
  /// Reads and parses `path`. Fails with a message that says what was found.
  static llvm::Expected<std::unique_ptr<OnnxFile>> open(llvm::StringRef path);
  ~OnnxFile();

  const format::ModelProto &getModel() const { return *model; }
  /// For rewriting before the import; tensors stay where they are.
  format::ModelProto &getMutableModel() { return *model; }
  /// The file's name without its folder.
  llvm::StringRef getName() const { return name; }

  /// The elements of `tensor`, checked against its shape.
  llvm::Expected<TensorBytes> getBytes(const format::TensorProto &tensor);
  /// The same with the zeros that a sparse tensor leaves out.
  llvm::Expected<TensorBytes> getBytes(const format::SparseTensorProto &tensor);

private:
  OnnxFile();
  void indexGraph(const format::GraphProto &graph, llvm::StringRef bytes);
  void indexNode(const format::NodeProto &node, llvm::StringRef bytes);
  void indexAttribute(const format::AttributeProto &attribute,
                      llvm::StringRef bytes);
  void indexTensor(const format::TensorProto &tensor, llvm::StringRef bytes);
  llvm::Expected<llvm::StringRef> getExternalFile(llvm::StringRef location);
  llvm::Error readExternal(const format::TensorProto &tensor, int64_t size,
                           TensorBytes &result);

  std::string folder, name;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::unique_ptr<format::ModelProto> model;
  /// Where raw data lies in the file.
  llvm::DenseMap<const format::TensorProto *, uint64_t> rawOffsets;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> externals;
};

/// An extent that a graph's input of rank `rank` declares. One of a name
/// varies, and so does a number below 1, as some converters write for
/// "unknown"; but a list without elements has a meaning, such as no axes.
int64_t getDeclaredExtent(const format::TensorShapeProto_Dimension &dim,
                          int64_t rank);

/// The number of elements of `shape`; nothing if an extent is negative or the
/// product passes 2^62.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_ONNXFILE_H
