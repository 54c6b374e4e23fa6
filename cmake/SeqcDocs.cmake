# Target seqc-doc writes the op and pass references to docs/reference/generated/ in the build
# folder, and the table of ONNX operators to docs/reference/onnx.md. tools/scripts/update-docs copies them into the repository, and a lint compares the two.

set(seqc_doc_folder "${PROJECT_BINARY_DIR}/docs/reference/generated")
set(seqc_doc_files)

# seqc_doc(NAME FILE.td flags…) makes NAME.md of FILE.td, if that exists.
function(seqc_doc name file)
  if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${file}")
    return()
  endif()
  set(out "${seqc_doc_folder}/${name}.md")
  add_custom_command(OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${seqc_doc_folder}"
    COMMAND "${MLIR_TABLEGEN_EXE}" ${ARGN} "${PROJECT_SOURCE_DIR}/${file}"
      "-I${PROJECT_SOURCE_DIR}" "-I${PROJECT_BINARY_DIR}" "-I${LLVM_INCLUDE_DIRS}"
      -o "${out}" -d "${out}.d"
    DEPENDS "${MLIR_TABLEGEN_EXE}" "${PROJECT_SOURCE_DIR}/${file}" DEPFILE "${out}.d" VERBATIM
    COMMENT "Generating ${name}.md")
  set(seqc_doc_files ${seqc_doc_files} "${out}" PARENT_SCOPE)
endfunction()

seqc_doc(SeqDialect dialect/Seq/IR/SeqOps.td -gen-dialect-doc -dialect=seq)
seqc_doc(DnnDialect dialect/DNN/IR/DNNOps.td -gen-dialect-doc -dialect=dnn)
seqc_doc(RtDialect dialect/RT/IR/RTOps.td -gen-dialect-doc -dialect=rt)
seqc_doc(TransformPasses compiler/Transforms/Passes.td -gen-pass-doc)
seqc_doc(NormalizePasses compiler/Normalize/Passes.td -gen-pass-doc)
seqc_doc(DecomposePasses compiler/Decompose/Passes.td -gen-pass-doc)
seqc_doc(ConversionPasses compiler/Conversion/Passes.td -gen-pass-doc)
seqc_doc(PipelinePasses compiler/Pipelines/Passes.td -gen-pass-doc)

# The table of ONNX operators, which seqc itself prints.
set(onnx_doc "${PROJECT_BINARY_DIR}/docs/reference/onnx.md")
add_custom_command(OUTPUT "${onnx_doc}"
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${seqc_doc_folder}"
  COMMAND seqc doctor --onnx-operators > "${onnx_doc}"
  DEPENDS seqc VERBATIM COMMENT "Generating onnx.md")

add_custom_target(seqc-doc DEPENDS ${seqc_doc_files} "${onnx_doc}")
