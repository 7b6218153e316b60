#include "reexec.h"

#include <fcntl.h>

#include <cstring>

#include "forkall/numbers.h"
#include "forkall/syscalls.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

// pid, and the four descriptors handed over, each with its separator
constexpr size_t numbers = 5;

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

void set_close_on_exec(int fd, bool closes) {
  if (fd >= 0) raw::syscall(SYS_fcntl, fd, F_SETFD, closes ? FD_CLOEXEC : 0);
}

}  // namespace

// "TSDAEMON_REBORN=" and what JavaScript has to say, then room for the numbers.
void Reexec::prepare(const Plan& plan) {
  path_ = plan.exec_path;
  arguments_ = plan.arguments;
  environment_ = plan.environment;
  environment_.push_back(plan.token);
  numbers_at_ = plan.token.size();
  environment_.back().append(numbers * (forkall::decimal_size + 1), '\0');
  argv_ = pointers_to(arguments_);
  envp_ = pointers_to(environment_);
}

// A descriptor that there is not is 0, which never is one that is handed over.
void Reexec::write_token(const Handed& handed) {
  char* out = environment_.back().data() + numbers_at_;
  for (const int number :
       {raw::getpid(), handed.status, handed.final_stderr, handed.pid_file, handed.pid_directory}) {
    *out++ = ',';
    out = forkall::write_decimal(out, number < 0 ? 0 : static_cast<unsigned>(number));
  }
  *out = '\0';
}

int Reexec::execute(const Handed& handed, const std::vector<int>& kept) {
  write_token(handed);
  for (const int fd : {handed.status, handed.final_stderr, handed.pid_file, handed.pid_directory})
    set_close_on_exec(fd, false);
  for (const int fd : kept) set_close_on_exec(fd, false);
  const uint64_t no_signals = 0;
  raw::sigprocmask(SIG_SETMASK, &no_signals, nullptr);
  return static_cast<int>(-raw::syscall(SYS_execve, raw::pointer(path_.c_str()),
                                        raw::pointer(argv_.data()), raw::pointer(envp_.data())));
}

void Reexec::take(const Handed& handed) {
  for (const int fd : {handed.status, handed.final_stderr, handed.pid_file, handed.pid_directory})
    set_close_on_exec(fd, true);
}

}  // namespace tsdaemon
