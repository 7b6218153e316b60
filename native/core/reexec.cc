#include "reexec.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "forkall/numbers.h"
#include "forkall/syscalls.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

// pid, and the four descriptors handed over
constexpr size_t numbers = 5;

constexpr int first_free = 3;

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

void set_close_on_exec(int fd, bool closes) {
  if (fd >= 0) raw::syscall(SYS_fcntl, fd, F_SETFD, closes ? FD_CLOEXEC : 0);
}

// Returns 0 or an errno. A standard stream need not be open.
int keep_over_exec(int fd) {
  if (fd < 0) return 0;
  const long result = raw::syscall(SYS_fcntl, fd, F_SETFD, 0);
  return result == -EBADF ? 0 : static_cast<int>(-result);
}

bool closes_on_exec(int fd) {
  const long flags = raw::syscall(SYS_fcntl, fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) != 0;
}

// Not open, or not once the program is executed.
bool will_be_free(int fd) { return closes_on_exec(fd) || raw::syscall(SYS_fcntl, fd, F_GETFD) < 0; }

}  // namespace

// "TSDAEMON_REBORN=" and what JavaScript has to say, the user and its home, which passwd(5) parts
// by colons as well, then room for the numbers.
void Reexec::prepare(const Plan& plan, const std::string& user, const std::string& home) {
  path_ = plan.exec_path;
  arguments_ = plan.arguments;
  environment_ = plan.environment;
  kept_ = plan.kept;
  for (const int fd : kept_)
    if (closes_on_exec(fd)) kept_closing_.push_back(fd);
  environment_.push_back(plan.token + ':' + user + ':' + home);
  numbers_at_ = environment_.back().size();
  environment_.back().append((numbers + kept_closing_.size()) * (forkall::decimal_size + 1) + 1,
                             '\0');
  argv_ = pointers_to(arguments_);
  envp_ = pointers_to(environment_);
}

// A descriptor that there is not is 0, which never is one that is handed over.
void Reexec::write_token(const Handed& handed) {
  char* out = environment_.back().data() + numbers_at_;
  char separator = ':';
  const auto write = [&](int number) {
    *out++ = std::exchange(separator, ',');
    out = forkall::write_decimal(out, number < 0 ? 0 : static_cast<unsigned>(number));
  };
  for (const int number :
       {raw::getpid(), handed.status, handed.final_stderr, handed.pid_file, handed.pid_directory})
    write(number);
  for (const int fd : kept_closing_) write(fd);
  *out = '\0';
}

// To the lowest numbers that there will be: at its start Node closes on exec what is open up to 15,
// and from there to the first gap (libuv's `uv_disable_stdio_inheritance`). So a child that is
// started before our own code runs does not inherit them.
int Reexec::move_down(Handed* handed, int reserved) {
  int target = first_free;
  for (int* fd :
       {&handed->status, &handed->final_stderr, &handed->pid_file, &handed->pid_directory}) {
    if (*fd < 0) continue;
    while (target == reserved || handed->holds(target) || !will_be_free(target)) ++target;
    if (target > *fd) continue;
    const long moved = raw::syscall(SYS_dup3, *fd, target, O_CLOEXEC);
    if (moved < 0) return static_cast<int>(-moved);
    *fd = target;
  }
  return 0;
}

// Node has closed on exec the standard streams as well.
int Reexec::execute(Handed handed, int reserved) {
  for (const int fd : kept_)
    if (const int error = keep_over_exec(fd)) return error;
  if (const int error = move_down(&handed, reserved)) return error;
  write_token(handed);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, handed.status,
                       handed.final_stderr, handed.pid_file, handed.pid_directory})
    if (const int error = keep_over_exec(fd)) return error;
  const uint64_t no_signals = 0;
  raw::sigprocmask(SIG_SETMASK, &no_signals, nullptr);
  return static_cast<int>(-raw::syscall(SYS_execve, raw::pointer(path_.c_str()),
                                        raw::pointer(argv_.data()), raw::pointer(envp_.data())));
}

void Reexec::take(const Handed& handed, const std::vector<int>& kept) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) set_close_on_exec(fd, false);
  for (const int fd : {handed.status, handed.final_stderr, handed.pid_file, handed.pid_directory})
    set_close_on_exec(fd, true);
  for (const int fd : kept) set_close_on_exec(fd, true);
}

}  // namespace tsdaemon
