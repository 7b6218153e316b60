#pragma once

#include <cstddef>

namespace tsdaemon {

/// A line for stderr, written at once and made without memory of the heap. What is too long for it
/// is cut off.
class Line {
 public:
  void add(char c) {
    if (length_ < sizeof(text_)) text_[length_++] = c;
  }
  void add(const char* text) {
    while (*text != '\0') add(*text++);
  }
  void add_number(int number);
  void write() const;

 private:
  char text_[1024];
  size_t length_ = 0;
};

/// Prints a line on stderr, `{pid}` and `{status}` filled in.
void print_message(const char* text, int pid, int status);

}  // namespace tsdaemon
