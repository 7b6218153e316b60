#include "progress.h"

#include "forkall/syscalls.h"
#include "message.h"
#include "stderr_output.h"

namespace tsdaemon {

namespace raw = forkall::raw;

namespace {

constexpr uint64_t second = 1'000'000'000;

// A start that is quicker than this shows nothing.
constexpr uint64_t patience = second / 10;

constexpr char frames[] = {'|', '/', '-', '\\'};
constexpr char clear_line[] = "\r\x1b[K";

}  // namespace

Progress::Progress(const std::string& what) : what_(what), begin_(raw::now_ns()) {}

void Progress::show() {
  const uint64_t waited = raw::now_ns() - begin_;
  if (!shows() || waited < patience) return;
  Line line;
  line.add(clear_line);
  line.add(frames[frame_++ % sizeof(frames)]);
  line.add(' ');
  line.add(what_.c_str());
  if (waited >= second) {
    line.add(", ");
    line.add_number(static_cast<int>(waited / second));
    line.add(" s");
  }
  line.write();
  visible_ = true;
}

void Progress::clear() {
  if (!visible_) return;
  visible_ = false;
  write_to_stderr(clear_line, sizeof(clear_line) - 1);
}

}  // namespace tsdaemon
