//===- Ceilings.h - What this machine can do at most ------------*- C++ -*-===//

#ifndef TOOLS_DRIVER_CEILINGS_H
#define TOOLS_DRIVER_CEILINGS_H

namespace seqc {

/// Measured limits of one core.
struct Ceilings {
  /// f32 multiply-adds on registers, two operations each, in 10^9 per second.
  double gigaflops = 0;
  /// Reading memory that lies in no cache, in 10^9 bytes per second.
  double memoryBandwidth = 0;
  /// Reading memory that lies in the second-level cache.
  double cacheBandwidth = 0;
};

/// Measures for about a tenth of a second.
Ceilings measureCeilings();

} // namespace seqc

#endif // TOOLS_DRIVER_CEILINGS_H
