#include "task_text.h"

#include <cstring>

#include "numbers.h"

namespace tsdaemon::forkall {

namespace {

// "id (name) state ppid pgrp session tty tpgid flags …"; a name may hold a ")".
const char* state_in(const char* stat) {
  const char* end_of_name = strrchr(stat, ')');
  return end_of_name == nullptr || end_of_name[1] != ' ' ? nullptr : end_of_name + 2;
}

bool is_worker_of_kernel(const char* state) {
  constexpr unsigned pf_io_worker = 0x10;
  const char* field = state;
  for (int skipped = 0; skipped < 6; ++skipped) {
    field = strchr(field, ' ');
    if (field == nullptr) return false;
    ++field;
  }
  return (read_decimal(field) & pf_io_worker) != 0;
}

uint64_t read_signals(const char* text, const char* name) {
  const char* field = strstr(text, name);
  if (field == nullptr) return 0;
  field += strlen(name);
  return read_hexadecimal(&field);
}

}  // namespace

bool may_run_again(const char* stat) {
  const char* state = state_in(stat);
  if (state == nullptr) return true;
  return *state != 'Z' && *state != 'X' && !is_worker_of_kernel(state);
}

// A list of groups may be long, and "SigPnd:" is behind it.
TaskStatus read_task_status(const char* text) {
  constexpr char first[] = "\nUid:", groups[] = "\nGroups:";
  TaskStatus status{};
  const char* at = strstr(text, first);
  const char* last = strstr(text, groups);
  const char* end = last == nullptr ? nullptr : strchr(last + 1, '\n');
  for (; at != nullptr && at < end; ++at)
    status.credentials = (status.credentials ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
  status.pending_signals = read_signals(text, "\nSigPnd:\t");
  status.blocked_signals = read_signals(text, "\nSigBlk:\t");
  return status;
}

}  // namespace tsdaemon::forkall
