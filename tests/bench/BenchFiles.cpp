//===- BenchFiles.cpp - Model files and artefacts -------------------------===//

#include "tests/bench/BenchFiles.h"

#include "nlohmann/json.hpp"

#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

using namespace seqc::bench;

TemporaryFolder::TemporaryFolder() {
  std::string pattern =
      std::filesystem::temp_directory_path() / "seqc-bench-XXXXXX";
  if (!mkdtemp(pattern.data()))
    throw std::runtime_error("cannot make " + pattern);
  path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// Header of the weights file, padded, without its length.
static std::string makeHeader(const LstmWeights &weights) {
  nlohmann::ordered_json header;
  uint64_t offset = 0;
  auto add = [&](const char *name, std::vector<int64_t> shape,
                 size_t elements) {
    uint64_t end = offset + elements * sizeof(float);
    header[name] = {
        {"dtype", "F32"}, {"shape", shape}, {"data_offsets", {offset, end}}};
    offset = end;
  };
  int64_t gates = 4 * weights.hiddenSize;
  add("w", {1, gates, weights.inputSize}, weights.w.size());
  add("r", {1, gates, weights.hiddenSize}, weights.r.size());
  add("b", {1, 2 * gates}, weights.b.size());
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

void seqc::bench::writeWeights(const TemporaryFolder &folder,
                               const LstmWeights &weights) {
  std::string header = makeHeader(weights);
  uint64_t size = header.size();
  std::ofstream file(folder.file("lstm.safetensors"), std::ios::binary);
  file.write(reinterpret_cast<const char *>(&size), sizeof size)
      .write(header.data(), header.size());
  for (const std::vector<float> *part : {&weights.w, &weights.r, &weights.b})
    file.write(reinterpret_cast<const char *>(part->data()),
               part->size() * sizeof(float));
  if (!file.flush())
    throw std::runtime_error("cannot write the weights");
}

std::string seqc::bench::writeModel(const TemporaryFolder &folder,
                                    const std::string &name,
                                    const LstmWeights &weights,
                                    const LstmModel &model) {
  auto extent = [](std::optional<int64_t> value) {
    return value ? std::to_string(*value) : "?";
  };
  std::string t = extent(model.steps), b = extent(model.batch),
              i = std::to_string(weights.inputSize),
              h = std::to_string(weights.hiddenSize);
  std::string gates = std::to_string(4 * weights.hiddenSize),
              biases = std::to_string(8 * weights.hiddenSize);
  std::string x = "tensor<" + t + "x" + b + "x" + i + "xf32>",
              y = "tensor<" + t + "x1x" + b + "x" + h + "xf32>";
  std::string state = "tensor<1x" + b + "x" + h + "xf32>",
              lengths = "tensor<" + b + "xi32>";
  std::string w = "tensor<1x" + gates + "x" + i + "xf32>",
              r = "tensor<1x" + gates + "x" + h + "xf32>",
              bias = "tensor<1x" + biases + "xf32>";
  size_t offset = sizeof(uint64_t) + makeHeader(weights).size();
  auto weight = [&](const char *value, const std::string &type,
                    const std::vector<float> &elements) {
    std::string text = std::string("  %") + value + " = seq.weight \"" + value +
                       "\" in \"lstm.safetensors\" at " +
                       std::to_string(offset) + " : " + type + "\n";
    offset += elements.size() * sizeof(float);
    return text;
  };
  std::ostringstream os;
  os << "func.func @forward(%x: " << x << " {seq.name = \"x\"}";
  if (model.hasLengths)
    os << ", %l: " << lengths << " {seq.name = \"lengths\"}";
  os << ") -> (" << y << " {seq.name = \"y\"}) {\n";
  os << weight("w", w, weights.w);
  os << weight("r", r, weights.r);
  os << weight("b", bias, weights.b);
  os << "  %y:3 = seq.lstm %x, %w, %r bias(%b)"
     << (model.hasLengths ? " lengths(%l)" : "") << " : (" << x << ", " << w
     << ", " << r << ", " << bias << (model.hasLengths ? ", " + lengths : "")
     << ") -> (" << y << ", " << state << ", " << state
     << ")\n  return %y#0 : " << y << "\n}\n";
  std::string path = folder.file(name + ".mlir");
  std::ofstream file(path);
  file << os.str();
  if (!file.flush())
    throw std::runtime_error("cannot write " + path);
  return path;
}

void seqc::bench::compileModel(const std::string &seqc,
                               const std::string &model,
                               const std::string &artefact) {
  std::string command = "'" + seqc + "' compile '" + model + "' -o '" +
                        artefact + "' --backend=llvm --quiet";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("failed: " + command);
}

//===----------------------------------------------------------------------===//
// Artefacts
//===----------------------------------------------------------------------===//

int64_t seqc::bench::readCodeSize(const std::string &artefact) {
  std::ifstream file(artefact, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  auto read = [&](uint64_t offset, auto &record) {
    if (offset + sizeof record > bytes.size())
      throw std::runtime_error(artefact + " is truncated");
    std::memcpy(&record, bytes.data() + offset, sizeof record);
  };
  Elf64_Ehdr header;
  read(0, header);
  int64_t size = 0;
  for (int i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    read(header.e_shoff + uint64_t(i) * header.e_shentsize, section);
    if (section.sh_flags & SHF_EXECINSTR)
      size += section.sh_size;
  }
  if (size == 0)
    throw std::runtime_error(artefact + " has no code");
  return size;
}
