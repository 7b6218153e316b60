#include "area.h"

#include "numbers.h"

namespace tsdaemon::forkall {

namespace {

bool starts_with(const char* line, const char* prefix) {
  return strncmp(line, prefix, strlen(prefix)) == 0;
}

// "Anonymous:            12 kB"
bool is_positive(const char* line) { return strpbrk(line, "123456789") != nullptr; }

bool has_flag(const char* flags, const char* flag) {
  for (const char* at = flags; (at = strchr(at, ' ')) != nullptr && at[1] != '\0'; ++at)
    if (at[1] == flag[0] && at[2] == flag[1]) return true;
  return false;
}

// "7f1c2e5d1000-7f1c2e5d2000 rw-p 00000000 00:00 0": the device and the inode are the fourth word
// and the fifth.
bool is_of_no_file(const char* line) {
  for (int word = 0; word < 2 && line != nullptr; ++word) {
    line = strchr(line, ' ');
    if (line != nullptr) ++line;
  }
  return line != nullptr && starts_with(line, "00:00 0");
}

}  // namespace

void Area::take_header(const char* line) {
  *this = Area{};
  complete = true;
  range.start = read_hexadecimal(&line);
  if (*line != '-') return;
  ++line;
  range.end = read_hexadecimal(&line);
  readable_writable_private = starts_with(line, " rw") && line[3] != '\0' && line[4] == 'p';
  anonymous = *line == ' ' && is_of_no_file(line + 1);
}

void Area::take_line(const char* line) {
  if ((*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f')) {
    take_header(line);
    complete = false;
  } else if (starts_with(line, "Anonymous:")) {
    written = written || is_positive(line);
  } else if (starts_with(line, "Swap:")) {
    range.swapped = is_positive(line);
    written = written || range.swapped;
  } else if (starts_with(line, "ProtectionKey:")) {
    has_key = is_positive(line);
  } else if (starts_with(line, "VmFlags:")) {
    unforkable = has_flag(line, "dc");
    complete = true;
  }
}

}  // namespace tsdaemon::forkall
