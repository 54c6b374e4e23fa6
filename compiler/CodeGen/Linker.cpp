//===- Linker.cpp - Objects to artefacts ----------------------------------===//

#include "compiler/CodeGen/Linker.h"
#include "compiler/CodeGen/CompileError.h"
#include "compiler/CodeGen/OutputFile.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace seqc {

/// Lets one symbol leave a shared object.
static std::string makeVersionScript(StringRef symbol) {
  return ("{ global: " + symbol + "; local: *; };\n").str();
}

/// The pieces that `request` needs.
static std::vector<const ToolchainPiece *> getNeeds(const LinkRequest &request,
                                                    const Toolchain &tools) {
  std::vector<const ToolchainPiece *> needs = {&tools.linker};
  if (request.kind == LinkKind::SharedObject)
    needs.insert(needs.end(),
                 {&tools.cLibrary, &tools.mathLibrary, &tools.gccLibrary});
  if (request.kind == LinkKind::Executable) {
    for (const ToolchainPiece *piece : tools.getPieces())
      if (piece != &tools.linker && piece != &tools.adapter &&
          piece != &tools.dnn)
        needs.push_back(piece);
    if (request.onednn)
      needs.insert(needs.end(), {&tools.adapter, &tools.dnn});
  }
  return needs;
}

std::vector<std::string> makeLinkArguments(const LinkRequest &request,
                                           const Toolchain &tools,
                                           StringRef output,
                                           StringRef versionScript) {
  std::vector<std::string> args = {"-m", "elf_x86_64", "--build-id=none", "-o",
                                   output.str()};
  auto add = [&](std::initializer_list<std::string> list) {
    args.insert(args.end(), list);
  };
  if (request.kind == LinkKind::Object) {
    add({"-r"});
    args.insert(args.end(), request.objects.begin(), request.objects.end());
    return args;
  }
  // --eh-frame-hdr: without it the first exception of the runtime ends the
  // program.
  add({"--eh-frame-hdr", "--hash-style=gnu", "-z", "relro", "-z", "now", "-z",
       "noexecstack", "--gc-sections", "--strip-debug", "--discard-all",
       "--threads=1", "--fatal-warnings"});
  if (request.kind == LinkKind::SharedObject) {
    add({"-shared"});
    if (!request.soname.empty())
      add({"-soname", request.soname});
    add({"--version-script", versionScript.str(), "-z", "defs", "--as-needed"});
    args.insert(args.end(), request.objects.begin(), request.objects.end());
    add({tools.mathLibrary.path, tools.cLibrary.path, tools.gccLibrary.path});
    return args;
  }
  add({"-pie", "-dynamic-linker", tools.dynamicLinker.path,
       tools.startFile.path, tools.initBegin.path, tools.gccBegin.path});
  args.insert(args.end(), request.objects.begin(), request.objects.end());
  add({"--start-group", tools.main.path, tools.cli.path, tools.runtime.path});
  if (request.onednn)
    add({"--whole-archive", tools.adapter.path, "--no-whole-archive"});
  add({"--end-group"});
  if (request.onednn)
    add({tools.dnn.path});
  add({"--as-needed", "--start-group", tools.cxxLibrary.path,
       tools.gccLibrary.path, tools.gccUnwindLibrary.path,
       tools.mathLibrary.path, tools.cLibrary.path, "--end-group",
       tools.gccEnd.path, tools.initEnd.path});
  return args;
}

/// Appends the digest that a loader checks before it maps the file.
static Error appendTrailer(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> image = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!image)
    return makeFileFailure("cannot read", path, image.getError());
  seqc_abi_trailer trailer = {};
  std::memcpy(trailer.magic, SEQC_ABI_TRAILER_MAGIC, sizeof(trailer.magic));
  trailer.digest =
      seqc_abi_digest((*image)->getBufferStart(), (*image)->getBufferSize());
  image->reset();
  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::OF_Append);
  if (!code) {
    os.write(reinterpret_cast<const char *>(&trailer), sizeof(trailer));
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (code)
    return makeFileFailure("cannot write", path, code);
  return Error::success();
}

Error link(const LinkRequest &request, const Toolchain &tools) {
  std::string missing;
  for (const ToolchainPiece *piece : getNeeds(request, tools))
    if (piece->path.empty())
      missing += "\n  " + piece->name + ": " + piece->remedy;
  if (!missing.empty())
    return makeFailure(FailureKind::Environment,
                       "cannot link, these are missing:" + missing);

  Expected<TemporaryFile> output =
      TemporaryFile::create(request.output, "link");
  if (!output)
    return output.takeError();
  std::optional<TemporaryFile> script;
  if (request.kind == LinkKind::SharedObject) {
    Expected<TemporaryFile> file = TemporaryFile::create(request.output, "map");
    if (!file)
      return file.takeError();
    if (Error error = file->write(makeVersionScript(request.symbol)))
      return error;
    script.emplace(std::move(*file));
  }
  std::string messages;
  int status = runProgram(tools.linker.path,
                          makeLinkArguments(request, tools, output->getPath(),
                                            script ? script->getPath() : ""),
                          messages);
  if (status != 0) {
    // Undefined symbols and the like are our own fault, all else is the
    // machine's.
    bool own = StringRef(messages).contains("undefined symbol") ||
               StringRef(messages).contains("duplicate symbol");
    return makeFailure(own ? FailureKind::Internal : FailureKind::Environment,
                       "linking '" + request.output +
                           "' failed: " + StringRef(messages).rtrim());
  }
  if (request.kind != LinkKind::Object)
    if (Error error = appendTrailer(output->getPath()))
      return error;
  return output->keep(request.output, request.kind == LinkKind::Executable);
}

} // namespace seqc
