#include "proc_field.h"

#include <charconv>

namespace tsdaemon {

std::string_view proc_field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > name.size() && line.substr(0, name.size()) == name &&
        line[name.size()] == ':') {
      const size_t value = line.find_first_not_of(" \t", name.size() + 1);
      return value == line.npos ? std::string_view() : line.substr(value);
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return {};
}

long proc_number(std::string_view text, std::string_view name, long absent, int base) {
  const std::string_view field = proc_field(text, name);
  long number = absent;
  std::from_chars(field.data(), field.data() + field.size(), number, base);
  return number;
}

}  // namespace tsdaemon
