# One wrapper per kind of target.
#
#   seqc_library(NAME SRCS … [LINK …] [DEPENDS …])          uses LLVM and MLIR
#   seqc_runtime_library(NAME SRCS … [LINK …] [DEPENDS …])  never sees LLVM
#   seqc_tool(NAME SRCS … [LINK …])                         a program in bin/
#   seqc_unit_test(NAME SRCS … [LINK …] [LABEL …])          a gtest program known to ctest
#   seqc_tablegen(TARGET FILE.td "OUT.inc -gen-…" …)        runs mlir-tblgen
#
# Include lines are repository paths; generated files lie under the same path in the build
# folder. Every target waits for every generated header, so nobody lists them.

# What both halves of the project share.
add_library(seqc_flags INTERFACE)
target_compile_options(seqc_flags INTERFACE -Wall -Wextra -Wno-unused-parameter
  # clang reports a call inside libstdc++'s own std::stable_sort.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  $<$<BOOL:${SEQC_WERROR}>:-Werror>)
target_include_directories(seqc_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>)
target_link_libraries(seqc_flags INTERFACE Threads::Threads)

# The half that uses LLVM and MLIR, through their shared libraries.
add_library(seqc_llvm INTERFACE)
separate_arguments(seqc_llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(seqc_llvm INTERFACE ${seqc_llvm_definitions}
  $<$<CXX_COMPILER_ID:Clang>:-fpch-validate-input-files-content>)
target_include_directories(seqc_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_link_libraries(seqc_llvm INTERFACE seqc_flags MLIR LLVM)
# LLVM's library is built with NDEBUG, and the layout of its statistics depends on it; the release
# build type defines it, the sanitizer presets bring their own flags.
if(SEQC_SANITIZE)
  target_compile_definitions(seqc_llvm INTERFACE NDEBUG)
endif()

include(SeqcPrecompiled)
# What most files of the compiler's half include, parsed once; that is most of their compile time.
# Upstream headers only, so that no change of the project spoils it. Sources still include what they
# use: the preset `asan` builds without this and finds out.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/cmake/Precompiled.cpp" CONTENT "")
add_library(seqc_precompiled OBJECT "${PROJECT_BINARY_DIR}/cmake/Precompiled.cpp")
target_link_libraries(seqc_precompiled PRIVATE seqc_llvm)
seqc_precompile(seqc_precompiled "${PROJECT_BINARY_DIR}/cmake"
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Bufferization/IR/Bufferization.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/PatternMatch.h>
  <mlir/Pass/PassManager.h>
  <llvm/ADT/STLExtras.h>)

# Stands for all generated headers.
add_custom_target(seqc-headers)

# Sets the things that libraries, tools and tests have in common.
function(_seqc_finish target base)
  cmake_parse_arguments(ARG "" "LABEL" "SRCS;LINK;DEPENDS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${target}: unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_SRCS)
    message(FATAL_ERROR "${target}: no sources (SRCS)")
  endif()
  target_sources(${target} PRIVATE ${ARG_SRCS})
  target_link_libraries(${target} PUBLIC ${ARG_LINK} ${base})
  add_dependencies(${target} seqc-headers ${ARG_DEPENDS})
  # The libraries of the compiler's half are called Seqc…, those of the runtime's seqc_….
  if(NOT "${base};${ARG_LINK}" MATCHES "seqc_llvm|Seqc")
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM seqc_precompiled)
  # Programs too take what was precompiled as position-independent code of a library.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

# A static library of the compiler's half. LINK names project libraries; MLIR and LLVM come
# along by themselves.
function(seqc_library name)
  add_library(${name} STATIC)
  _seqc_finish(${name} seqc_llvm ${ARGN})
endfunction()

# A static library of the runtime's half: no LLVM, hidden symbols (compiled models link it), and
# no vector instructions of its own, since arithmetic belongs to compiled code. The other half
# keeps default visibility: templates of LLVM's headers must stay one with libLLVM's instances.
function(seqc_runtime_library name)
  add_library(${name} STATIC)
  _seqc_finish(${name} seqc_flags ${ARGN})
  set_target_properties(${name} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden)
  # -ftrapping-math is GCC's default; clang then converts integers by scalar instructions too.
  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections
    -fno-tree-vectorize -fno-tree-slp-vectorize -ftrapping-math)
  set_property(GLOBAL APPEND PROPERTY SEQC_RUNTIME_LIBRARIES ${name})
endfunction()

# A program in bin/. It gets LLVM only if a library it links brings it.
function(seqc_tool name)
  add_executable(${name})
  _seqc_finish(${name} seqc_flags ${ARGN})
endfunction()

# A gtest program, known to ctest under its own name with its folder below tests/ as label.
# LLVM comes with the libraries that need it.
function(seqc_unit_test name)
  if(NOT SEQC_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "" ${ARGN})
  add_executable(${name})
  _seqc_finish(${name} seqc_flags ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  if(NOT ARG_LABEL)
    file(RELATIVE_PATH ARG_LABEL "${PROJECT_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_test(NAME ${name} COMMAND ${name}
    "--gtest_output=xml:${PROJECT_BINARY_DIR}/tests/results/${name}.xml")
  # What may take long starts first, so that nothing runs alone at the end.
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT}
    ENVIRONMENT "SEQC_SOURCE_DIR=${PROJECT_SOURCE_DIR};SEQC_BUILD_DIR=${PROJECT_BINARY_DIR}")
  set_property(GLOBAL APPEND PROPERTY SEQC_UNIT_TESTS ${name})
  if(ARG_LABEL STREQUAL "unit/runtime")
    set_property(GLOBAL APPEND PROPERTY SEQC_RUNTIME_TESTS ${name})
  endif()
endfunction()

# Runs mlir-tblgen on FILE once per "OUT flags…" and makes TARGET of the results, e.g.
#
#   seqc_tablegen(SeqOpsIncGen SeqOps.td
#     "SeqOps.h.inc -gen-op-decls" "SeqOps.cpp.inc -gen-op-defs")
#
# Include lines of the .td files are repository paths too.
function(seqc_tablegen target file)
  set(LLVM_TARGET_DEFINITIONS ${file})
  set(TABLEGEN_OUTPUT)
  foreach(rule ${ARGN})
    separate_arguments(words UNIX_COMMAND "${rule}")
    list(POP_FRONT words out)
    mlir_tablegen(${out} ${words}
      EXTRA_INCLUDES ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${MLIR_INCLUDE_DIRS})
  endforeach()
  add_custom_target(${target} DEPENDS ${TABLEGEN_OUTPUT})
  add_dependencies(seqc-headers ${target})
endfunction()
