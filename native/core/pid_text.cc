#include "pid_text.h"

#include <algorithm>

namespace tsdaemon {

int parse_pid(std::string_view text) {
  constexpr size_t max_digits = 9;
  const size_t digits = std::min(text.find_first_of(white_space), text.size());
  if (digits == 0 || digits > max_digits) return 0;
  if (text.find_first_not_of(white_space, digits) != std::string_view::npos) return 0;
  int pid = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return 0;
    pid = pid * 10 + (c - '0');
  }
  return pid;
}

bool may_be_pid_text(std::string_view text) {
  return text.size() <= max_pid_text && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || c == '-' || white_space.find(c) != white_space.npos ||
                  c == '\0';
         });
}

}  // namespace tsdaemon
