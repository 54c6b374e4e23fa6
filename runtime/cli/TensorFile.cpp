//===- TensorFile.cpp - Tensors in files ---------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/TensorFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

using namespace seqc::cli;
using namespace seqc::rt;

Result<std::string> seqc::cli::readFile(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto fail = [&](const char *what) {
    return Status(SEQC_IO, std::string(what) + " '" + path +
                               "': " + std::strerror(errno));
  };
  if (fd < 0)
    return fail("cannot open");
  std::string contents;
  struct stat info;
  if (fstat(fd, &info) != 0) {
    Status status = fail("cannot read");
    close(fd);
    return status;
  }
  // A device may never end; a terminal does, and so does nothing.
  bool isNull = S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
  if (S_ISBLK(info.st_mode) ||
      (S_ISCHR(info.st_mode) && !isNull && !isatty(fd))) {
    close(fd);
    return invalid("cannot read '" + path +
                   "': it is a device; required is a file");
  }
  if (S_ISREG(info.st_mode) && info.st_size > 0)
    contents.reserve(size_t(info.st_size));
  for (;;) {
    char buffer[1 << 16];
    ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      Status status = fail("cannot read");
      close(fd);
      return status;
    }
    if (count == 0)
      break;
    contents.append(buffer, size_t(count));
  }
  close(fd);
  return contents;
}

/// The suffix of a file name, with its dot.
static std::string_view suffixOf(std::string_view path) {
  size_t dot = path.rfind('.'), slash = path.rfind('/');
  if (dot == path.npos || (slash != path.npos && dot < slash))
    return {};
  return path.substr(dot);
}

bool seqc::cli::isTensorFile(std::string_view path) {
  std::string_view suffix = suffixOf(path);
  return suffix == ".npy" || suffix == ".npz" || suffix == ".pb" ||
         suffix == ".json" || suffix == ".txt";
}

/// Takes one array out of an archive.
static Result<TensorRef> chooseMember(std::vector<NamedTensor> &tensors,
                                      const std::string &member) {
  for (NamedTensor &tensor : tensors)
    if (tensor.first == member)
      return std::move(tensor.second);
  if (tensors.size() == 1)
    return std::move(tensors.front().second);
  std::string names;
  for (const NamedTensor &tensor : tensors)
    names += (names.empty() ? "'" : ", '") + tensor.first + "'";
  return invalid("no array '" + member + "' in it; there are " +
                 (names.empty() ? "none" : names));
}

Result<TensorRef> seqc::cli::readTensorFile(const std::string &path,
                                            const std::string &member,
                                            seqc_dtype_t dtype) {
  std::string_view suffix = suffixOf(path);
  if (!isTensorFile(path))
    return invalid("'" + path +
                   "' has an unknown suffix; required: .npy, "
                   ".npz, .pb, .json or .txt");
  Result<std::string> bytes = readFile(path);
  if (!bytes)
    return bytes.status();
  auto read = [&]() -> Result<TensorRef> {
    if (suffix == ".npy")
      return parseNpy(*bytes);
    if (suffix == ".json")
      return parseJson(*bytes, dtype);
    if (suffix == ".txt")
      return parseText(*bytes, dtype);
    if (suffix == ".pb") {
      Result<NamedTensor> tensor = parsePb(*bytes);
      if (!tensor)
        return tensor.status();
      return std::move(tensor->second);
    }
    Result<std::vector<NamedTensor>> tensors = parseNpz(*bytes);
    if (!tensors)
      return tensors.status();
    return chooseMember(*tensors, member);
  };
  Result<TensorRef> tensor = read();
  if (tensor)
    return tensor;
  Status status = tensor.status();
  return Status(status.code(), path + ": " + status.message());
}

Result<std::string> seqc::cli::formatTensorFile(const std::string &path,
                                                const seqc_tensor_t &tensor,
                                                const std::string &name) {
  std::string_view suffix = suffixOf(path);
  if (suffix == ".npy")
    return formatNpy(tensor);
  if (suffix == ".pb")
    return formatPb(tensor, name);
  if (suffix == ".json")
    return formatJson(tensor);
  if (suffix == ".txt")
    return formatText(tensor);
  return invalid("'" + path +
                 "' has an unknown suffix; required: .npy, .pb, "
                 ".json or .txt");
}

Result<TensorRef> seqc::cli::convertTensor(const TensorRef &tensor,
                                           seqc_dtype_t dtype) {
  if (tensor->dtype == dtype)
    return tensor;
  if (isFloat(tensor->dtype) && !isFloat(dtype))
    return invalid(std::string("found ") + seqc_dtype_name(tensor->dtype) +
                   "; required: " + seqc_dtype_name(dtype));
  Result<TensorRef> result = createTensor(dtype, tensor->rank, tensor->shape);
  if (!result)
    return result;
  int64_t count = seqc_tensor_num_elements(tensor.get());
  for (int64_t i = 0; i < count; ++i) {
    bool stored =
        isInteger(tensor->dtype) && isInteger(dtype)
            ? setInteger(*result->get(), i, integerAt(*tensor.get(), i))
            : setNumber(*result->get(), i, numberAt(*tensor.get(), i));
    if (!stored)
      return invalid("element " + std::to_string(i) + " is " +
                     formatElement(*tensor.get(), i) + ", which " +
                     seqc_dtype_name(dtype) + " cannot hold");
  }
  return result;
}
