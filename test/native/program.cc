#include "program.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "core/forkall/syscalls.h"
#include "core/forkall/thread_block.h"
#include "harness.h"
#include "proc.h"

namespace tsdaemon::test {

namespace raw = forkall::raw;

Program::Program()
    : memory_(static_cast<unsigned char*>(
          mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
      spinning_([this] {
        while (!stop_) ++turns_;
      }),
      napping_([this] {
        constexpr timespec nap{0, 1'000'000};
        for (; !stop_; ++naps_) nanosleep(&nap, nullptr);
      }),
      answering_([this] { answer(); }) {
  memset(memory_, 0x5a, memory_size);
  REQUIRE_EQ(madvise(memory_, memory_size, MADV_DONTFORK), 0);
  goes_on();
}

Program::Pipe::Pipe() {
  int ends[2];
  REQUIRE_EQ(pipe(ends), 0);
  reader = ends[0];
  writer = ends[1];
}

Program::~Program() {
  stop_ = true;
  close(requests_.writer);
}

void Program::answer() {
  char request = 0;
  while (read(requests_.reader, &request, 1) == 1) {
    ++request;
    CHECK_EQ(write(answers_.writer, &request, 1), 1);
  }
}

void Program::goes_on() {
  const uint64_t turns = turns_;
  const uint64_t naps = naps_;
  AWAIT(turns_ > turns && naps_ > naps);
  char byte = 'a';
  CHECK_EQ(write(requests_.writer, &byte, 1), 1);
  CHECK_EQ(read(answers_.reader, &byte, 1), 1);
  CHECK_EQ(byte, 'b');
  bool ran = false;
  resting_.run([&] { ran = true; });
  CHECK(ran);
  for (size_t i = 0; i < memory_size; i += 4096) CHECK_EQ(int{memory_[i]}, 0x5a);
  CHECK(is_flagged(memory_, "dc"));
}

namespace {

std::string link_of(const std::string& path) {
  char target[256];
  const ssize_t length = readlink(path.c_str(), target, sizeof(target));
  return std::string(target, length < 0 ? 0 : static_cast<size_t>(length));
}

std::string parking_action() {
  raw::SignalAction action{};
  raw::sigaction(forkall::parking_signal, nullptr, &action);
  char text[128];
  snprintf(text, sizeof(text), "parking signal: handler %p, flags %lx, mask %" PRIx64 "\n",
           reinterpret_cast<void*>(action.handler), action.flags, action.mask);
  return text;
}

}  // namespace

std::string Program::scene() {
  std::string scene;
  for (const int fd : numbers_in("/proc/self/fd")) {
    const std::string number = std::to_string(fd);
    const std::string target = link_of("/proc/self/fd/" + number);
    // The descriptor of the reading itself is gone by now.
    if (!target.empty()) scene += "descriptor " + number + ": " + target + '\n';
  }
  for (const int id : thread_ids())
    scene += "thread " + std::to_string(id) + ": blocked " + thread_status(id, "SigBlk") +
             ", pending " + thread_status(id, "SigPnd") + '\n';
  const std::string status = read_file("/proc/self/status");
  for (const char* field : {"Umask", "Pid", "PPid", "Uid", "SigIgn", "SigCgt", "ShdPnd"})
    scene += std::string(field) + ": " + status_field(status, field) + '\n';
  int is_subreaper = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
  scene += "subreaper: " + std::to_string(is_subreaper) + '\n';
  scene += "session: " + std::to_string(getsid(0)) + '\n';
  scene += "directory: " + link_of("/proc/self/cwd") + '\n';
  scene += "no children: " + std::to_string(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD);
  scene += '\n' + parking_action();
  scene += "kept out of a fork:\n" + ranges_flagged("dc");
  return scene;
}

}  // namespace tsdaemon::test
