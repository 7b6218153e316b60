// proc_tid_stat(5) and proc_tid_status(5).
#include "core/forkall/task_text.h"
#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tsdaemon;
  const std::string text = fuzz::c_string_of(data, size);
  // On the heap, and as long as its text: what is read beyond is an error.
  forkall::may_run_again(text.c_str());
  const forkall::TaskStatus once = forkall::read_task_status(text.c_str());
  const forkall::TaskStatus again = forkall::read_task_status((text + "\nNew:\t1\n").c_str());
  const bool has_groups = text.find("\nGroups:") != std::string::npos;
  const bool is_ended = !text.empty() && text.back() == '\n';
  if (has_groups && is_ended)
    fuzz::require(once.credentials == again.credentials, "credentials end with the groups");
  return 0;
}
