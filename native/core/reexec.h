#pragma once

#include <string>
#include <vector>

#include "plan.h"

namespace tsdaemon {

/// The program started a second time, as the daemon: execve(2) of the same Node with the same
/// arguments, and a token in its environment that tells it what it is and which descriptors it was
/// handed. Everything is laid out before the fork; then nothing allocates.
class Reexec {
 public:
  /// What the new program is handed, open across the exec.
  struct Handed {
    int status, final_stderr, pid_file, pid_directory;

    bool holds(int fd) const {
      return fd == status || fd == final_stderr || fd == pid_file || fd == pid_directory;
    }
  };

  /// `user` and `home` are of whom the daemon becomes; empty: it stays who it is.
  void prepare(const Plan& plan, const std::string& user, const std::string& home);

  /// In the daemon: never returns but with an errno, which `reserved` is needed to report. Raw
  /// system calls.
  int execute(Handed handed, int reserved);

  /// In the new program: closed at its own execs from now on, as are those of the `kept` that were
  /// so before, and unlike the standard streams.
  static void take(const Handed& handed, const std::vector<int>& kept);

 private:
  static int move_down(Handed* handed, int reserved);
  void write_token(const Handed& handed);

  std::string path_, token_;
  std::vector<std::string> arguments_, environment_;
  std::vector<char*> argv_, envp_;
  std::vector<int> kept_, kept_closing_;  // all, and those that are closed on exec
  size_t numbers_at_ = 0;
};

}  // namespace tsdaemon
