# A precompiled header that survives the upgrade of a package.
#
# Packages keep the time stamps of their files: after an upgrade a header differs and is no newer
# than what was made of it, so ninja sees nothing, and the compiler refuses the precompiled header
# ("has been modified since the precompiled header was built"). Two things help:
#
#   - headers that differ in their time stamp alone are compared by content
#   - each build first lets the compiler load the header; if it refuses, the header is built anew
#
#   seqc_precompile(TARGET FOLDER HEADERS…)   gives TARGET, an object library with one source, a
#                                             precompiled header; FOLDER is for files of its own

get_filename_component(seqc_refresh_precompiled
  "${CMAKE_CURRENT_LIST_DIR}/../tools/scripts/refresh-precompiled" ABSOLUTE)

function(seqc_precompile target folder)
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_precompile_headers(${target} PRIVATE ${ARGN})
    return()
  endif()
  # The script touches this header, which is one of those precompiled.
  set(trigger "${folder}/PrecompiledAgain.h")
  set(ran "${folder}/precompiled-was-checked")
  get_target_property(binary_dir ${target} BINARY_DIR)
  add_custom_command(OUTPUT "${ran}" BYPRODUCTS "${trigger}"
    COMMAND "${Python3_EXECUTABLE}" "${seqc_refresh_precompiled}" "${CMAKE_BINARY_DIR}"
      "${binary_dir}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch" "${trigger}"
    VERBATIM COMMENT "Checking the precompiled header")
  # Never there, so the command runs each time.
  set_source_files_properties("${ran}" PROPERTIES SYMBOLIC TRUE)
  add_custom_target(${target}-check DEPENDS "${ran}")
  add_dependencies(${target} ${target}-check)
  target_precompile_headers(${target} PRIVATE "${trigger}" ${ARGN})
endfunction()
