#include "message.h"

#include <cstring>

#include "forkall/numbers.h"
#include "stderr_output.h"

namespace tsdaemon {

void Line::add_number(int number) {
  char digits[forkall::decimal_size];
  const char* end = forkall::write_decimal(digits, static_cast<unsigned>(number));
  for (const char* digit = digits; digit < end; ++digit) add(*digit);
}

void Line::write() const { write_to_stderr(text_, length_); }

void print_message(const char* text, int pid, int status) {
  constexpr const char *pid_mark = "{pid}", *status_mark = "{status}";
  Line line;
  while (*text != '\0') {
    if (strncmp(text, pid_mark, strlen(pid_mark)) == 0) {
      line.add_number(pid);
      text += strlen(pid_mark);
    } else if (strncmp(text, status_mark, strlen(status_mark)) == 0) {
      line.add_number(status);
      text += strlen(status_mark);
    } else {
      line.add(*text++);
    }
  }
  line.add('\n');
  line.write();
}

}  // namespace tsdaemon
