# What `cmake --install` says about targets that are not built. ./quickstart builds what is needed to
# compile models and to embed them; the rest, the compiler's library among it, is installed if it is there.

set(seqc_install_needed seqc seqc_runtime seqc_cli seqc_cli_main)
if(SEQC_HAVE_ONEDNN)
  list(APPEND seqc_install_needed seqc_runtime_onednn)
endif()
list(TRANSFORM seqc_install_needed REPLACE "(.+)" "$<TARGET_FILE:\\1>")
set(seqc_install_tools seqc-opt seqc-reduce seqc-lsp-server seqc_compiler)
list(TRANSFORM seqc_install_tools REPLACE "(.+)" "$<TARGET_FILE:\\1>")

install(CODE "
  set(missing)
  foreach(file ${seqc_install_needed})
    if(NOT EXISTS \"\${file}\")
      list(APPEND missing \"\${file}\")
    endif()
  endforeach()
  if(missing)
    # Lines that begin with a space stay whole.
    list(JOIN missing \"\\n  \" missing)
    message(FATAL_ERROR \"Not built yet:\\n  \${missing}\\nBuild them first, or everything:\\n\"
      \"  cmake --build ${PROJECT_BINARY_DIR} --target seqc-essentials\\n\"
      \"  cmake --build ${PROJECT_BINARY_DIR}\")
  endif()
  foreach(file ${seqc_install_tools})
    if(NOT EXISTS \"\${file}\")
      message(STATUS \"Not built, not installed: \${file} (cmake --build ${PROJECT_BINARY_DIR} builds it)\")
    endif()
  endforeach()
")
