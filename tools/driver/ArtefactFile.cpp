//===- ArtefactFile.cpp - Looking into artefacts --------------------------===//

#include "tools/driver/ArtefactFile.h"
#include "compiler/CodeGen/CompileError.h"
#include "dialect/Support/BoundedJson.h"
#include "dialect/Support/RegularFile.h"
#include "runtime/abi/ModelAbi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace seqc {

Expected<TargetKind> classifyTarget(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "': " + code.message());
  if (status.type() == sys::fs::file_type::directory_file)
    return TargetKind::Model;
  if (std::error_code code = checkRegularFile(path))
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "': " + code.message());
  file_magic magic;
  if (std::error_code code = identify_magic(path, magic))
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "': " + code.message());
  switch (magic) {
  case file_magic::elf_relocatable:
    return TargetKind::Object;
  case file_magic::elf_executable:
    return TargetKind::Executable;
  case file_magic::elf_shared_object: {
    // Executables are position independent: only shared objects lack an
    // interpreter.
    Expected<ArtefactFile> artefact = readArtefact(path);
    if (!artefact)
      return artefact.takeError();
    return artefact->kind;
  }
  case file_magic::elf:
    return TargetKind::Object;
  default:
    break;
  }
  StringRef suffix = sys::path::extension(path);
  if (suffix == ".so" || suffix == ".o" || suffix.empty())
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "' is no artefact: no ELF header found");
  return TargetKind::Model;
}

/// Reports why `path` cannot be read as an artefact.
static Error makeDamaged(StringRef path, const Twine &why) {
  return makeFailure(FailureKind::BadInput,
                     "artefact '" + path + "' is damaged: " + why);
}

/// Checks the digest at the end of `content`. One that has been stripped has
/// none: `found` is false then.
static Error checkTrailer(StringRef path, StringRef content, bool &found) {
  seqc_abi_trailer trailer;
  if (content.size() < sizeof(trailer))
    return makeDamaged(path, "it has " + Twine(content.size()) + " bytes");
  std::memcpy(&trailer, content.end() - sizeof(trailer), sizeof(trailer));
  found = std::memcmp(trailer.magic, SEQC_ABI_TRAILER_MAGIC,
                      sizeof(trailer.magic)) == 0;
  if (found &&
      trailer.digest !=
          seqc_abi_digest(content.data(), content.size() - sizeof(trailer)))
    return makeDamaged(path, "its content does not match its digest");
  return Error::success();
}

/// Checks the weights of a file without a digest of the whole against their own,
/// which the metadata has.
static Error checkWeights(StringRef path, StringRef weights,
                          const json::Object &metadata) {
  // Older versions used another digest.
  if (metadata.getInteger("abi") != SEQC_ABI_VERSION)
    return Error::success();
  const json::Object *hashes = metadata.getObject("hashes");
  StringRef wanted = hashes ? hashes->getString("weights").value_or("") : "";
  if (weights.empty() && wanted.empty())
    return Error::success();
  std::string found = utohexstr(seqc_abi_digest(weights.data(), weights.size()),
                                /*LowerCase=*/true, /*Width=*/16);
  if (found != wanted)
    return makeDamaged(path, "its weights do not match their digest");
  return Error::success();
}

/// Checks that all that is loaded of `elf` lies inside of the file.
static Error checkSegments(StringRef path,
                           const object::ELFFile<object::ELF64LE> &elf) {
  Expected<ArrayRef<object::ELF64LE::Phdr>> headers = elf.program_headers();
  if (!headers)
    return makeDamaged(path, llvm::toString(headers.takeError()));
  for (auto [i, header] : enumerate(*headers))
    if (header.p_offset > elf.getBufSize() ||
        header.p_filesz > elf.getBufSize() - header.p_offset)
      return makeDamaged(path, "segment " + Twine(i) + " ends beyond it");
  return Error::success();
}

Expected<ArtefactFile> readArtefact(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      readRegularFile(path, /*isText=*/false, /*requiresNullTerminator=*/false);
  if (!buffer)
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "': " + buffer.getError().message());
  StringRef content = (*buffer)->getBuffer();
  Expected<std::unique_ptr<object::ObjectFile>> file =
      object::ObjectFile::createELFObjectFile((*buffer)->getMemBufferRef());
  if (!file)
    return makeDamaged(path, llvm::toString(file.takeError()));
  auto *elf = dyn_cast<object::ELF64LEObjectFile>(file->get());
  if (!elf || elf->getELFFile().getHeader().e_machine != ELF::EM_X86_64)
    return makeFailure(FailureKind::BadInput,
                       "'" + path +
                           "' is no artefact: required is a 64-bit x86 file");
  ArtefactFile artefact;
  artefact.fileSize = content.size();
  StringRef metadata, weights;
  for (const object::SectionRef &section : elf->sections()) {
    Expected<StringRef> name = section.getName();
    if (!name)
      return makeDamaged(path, llvm::toString(name.takeError()));
    if (*name == SEQC_ABI_METADATA_SECTION) {
      Expected<StringRef> text = section.getContents();
      if (!text)
        return makeDamaged(path, llvm::toString(text.takeError()));
      metadata = text->rtrim('\0');
    } else if (*name == SEQC_ABI_WEIGHTS_SECTION) {
      Expected<StringRef> bytes = section.getContents();
      if (!bytes)
        return makeDamaged(path, llvm::toString(bytes.takeError()));
      weights = *bytes;
      artefact.weightsSize = section.getSize();
    } else if (section.isText()) {
      artefact.codeSize += section.getSize();
    }
  }
  if (metadata.empty())
    return makeFailure(FailureKind::BadInput,
                       "'" + path + "' is no artefact of seqc: section '" +
                           SEQC_ABI_METADATA_SECTION + "' is missing");
  artefact.metadataSize = metadata.size();
  artefact.kind = TargetKind::Object;
  if (elf->getELFFile().getHeader().e_type == ELF::ET_EXEC)
    artefact.kind = TargetKind::Executable;
  if (elf->getELFFile().getHeader().e_type == ELF::ET_DYN) {
    artefact.kind = TargetKind::SharedObject;
    Expected<ArrayRef<object::ELF64LE::Phdr>> headers =
        elf->getELFFile().program_headers();
    if (!headers)
      return makeDamaged(path, llvm::toString(headers.takeError()));
    for (const auto &header : *headers)
      if (header.p_type == ELF::PT_INTERP)
        artefact.kind = TargetKind::Executable;
  }
  bool verified = false;
  if (artefact.kind != TargetKind::Object)
    if (Error error = checkTrailer(path, content, verified))
      return error;
  Expected<json::Value> value = parseBoundedJson(metadata);
  if (!value)
    return makeDamaged(path, "metadata: " + llvm::toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return makeDamaged(path, "metadata is no JSON object");
  if (!verified) {
    if (Error error = checkSegments(path, elf->getELFFile()))
      return error;
    if (Error error = checkWeights(path, weights, *object))
      return error;
  }
  artefact.metadata = std::move(*object);
  return artefact;
}

} // namespace seqc
