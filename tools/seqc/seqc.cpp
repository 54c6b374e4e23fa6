//===- seqc.cpp - The compiler for sequence models ------------------------===//
//
// Everything lives in tools/driver; `seqc --help` lists the commands.
//
//===----------------------------------------------------------------------===//

#include "tools/driver/Commands.h"

int main(int argc, char **argv) { return seqc::runDriver(argc, argv); }
