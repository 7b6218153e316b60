// What stands in a pid file, which anybody may have written.
#include "core/pid_text.h"
#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tsdaemon;
  const std::string_view text = fuzz::text_of(data, size);
  const int pid = parse_pid(text);
  fuzz::require(pid >= 0 && pid < 1'000'000'000, "a pid is small");
  if (pid == 0) return 0;
  const size_t digits = text.find_first_not_of("0123456789");
  fuzz::require(digits != 0, "a pid is the first that there is");
  fuzz::require(std::stol(std::string(text.substr(0, digits))) == pid, "a pid is its digits");
  fuzz::require(
      text.substr(std::min(digits, text.size())).find_first_not_of(white_space) == text.npos,
      "a pid is alone");
  return 0;
}
