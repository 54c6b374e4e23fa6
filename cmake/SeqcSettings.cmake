# Language, output folders, compiler cache, linker and sanitizers: what holds for every target.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Kind of build" FORCE)
endif()
# -O3 costs a fifth more compile time here and gains nothing: hot code is what seqc emits.
if(NOT SEQC_SANITIZE)
  set(CMAKE_C_FLAGS_RELEASE "-O2 -g0 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g0 -DNDEBUG")
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

include(GNUInstallDirs)
# Installed tools find libMLIR where the build found it.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

find_program(SEQC_CCACHE ccache)
if(SEQC_CCACHE)
  foreach(language C CXX)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      # Or it keeps nothing that uses a precompiled header.
      set(CMAKE_${language}_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros "${SEQC_CCACHE}")
    endif()
  endforeach()
endif()

# `ld.lld` on the path may be an older release: name the folder of the right one.
if(EXISTS "${SEQC_LLVM_PREFIX}/bin/ld.lld")
  add_link_options("-B${SEQC_LLVM_PREFIX}/bin" -fuse-ld=lld)
endif()

if(SEQC_SANITIZE STREQUAL "address")
  # The checks of dynamic types need type information of LLVM's classes that the shared
  # library does not export. Enumerations of the C API hold whatever a caller passes; their
  # functions answer to that.
  set(sanitizer_flags -fsanitize=address,undefined -fno-sanitize=vptr,enum
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(SEQC_SANITIZE STREQUAL "thread")
  set(sanitizer_flags -fsanitize=thread -fno-omit-frame-pointer)
elseif(SEQC_SANITIZE)
  message(FATAL_ERROR
    "SEQC_SANITIZE is '${SEQC_SANITIZE}'; it must be empty, 'address' or 'thread'")
endif()
if(SEQC_FUZZ)
  list(APPEND sanitizer_flags -fsanitize=fuzzer-no-link)
endif()
if(SEQC_SANITIZE)
  add_compile_options(${sanitizer_flags})
  add_link_options(${sanitizer_flags})
endif()
