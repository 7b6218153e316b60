#pragma once

namespace tsdaemon::forkall {

/// A child that a plain fork makes, to be looked at: it has what a fork carries, and nothing else.
/// It does nothing, and ends with us.
class Probe {
 public:
  Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() { end(); }

  /// Makes the child, and returns its /proc/PID/smaps; or a negated errno.
  int open_smaps();

  /// Whether it is still there, so that what was read of it is the whole.
  bool stands();

  void end();

 private:
  int pid_ = 0;
  int smaps_ = -1;
};

}  // namespace tsdaemon::forkall
