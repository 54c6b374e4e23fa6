# The packages that the build uses. The Debian packages that bring them are listed in
# cmake/dependencies.txt.

list(APPEND CMAKE_PREFIX_PATH "${SEQC_LLVM_PREFIX}")
find_package(MLIR 22.1 REQUIRED CONFIG)
# Tools, tests and libraries share one libMLIR and one libLLVM.
set(MLIR_LINK_MLIR_DYLIB ON)
set(LLVM_LINK_LLVM_DYLIB ON)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(Threads REQUIRED)
# Reads the wire format of ONNX.
find_package(Protobuf 3.21 REQUIRED)
# The system's Python is the one that has Debian's packages.
if(NOT Python3_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python3_EXECUTABLE /usr/bin/python3)
endif()
find_package(Python3 COMPONENTS Interpreter REQUIRED)
if(SEQC_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

# oneDNN is used by the adapter alone; everything builds and passes without it. Debian's
# package file asks for OpenCL headers that nothing here needs, so it is not read.
if(SEQC_ENABLE_ONEDNN)
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
  find_library(DNNL_LIBRARY dnnl)
  mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)
  if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
    # Linked by whoever calls oneDNN: seqc_onednn_headers for the types alone, the library for both.
    add_library(seqc_onednn_headers INTERFACE IMPORTED)
    target_include_directories(seqc_onednn_headers SYSTEM INTERFACE "${DNNL_INCLUDE_DIR}")
    add_library(seqc_onednn_library INTERFACE IMPORTED)
    target_link_libraries(seqc_onednn_library INTERFACE seqc_onednn_headers "${DNNL_LIBRARY}")
    set(SEQC_HAVE_ONEDNN ON)
  endif()
endif()
if(NOT SEQC_HAVE_ONEDNN)
  set(SEQC_HAVE_ONEDNN OFF)
  message(STATUS "oneDNN: not used")
endif()
