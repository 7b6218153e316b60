// A field of proc_pid_status(5), of proc_pid_fdinfo(5): whatever else stands there.
#include "core/proc_field.h"

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tsdaemon;
  const std::string text = fuzz::c_string_of(data, size);
  for (const char* name : {"TracerPid", "Umask", "SqThread"}) {
    const std::string_view field = proc_field(text, name);
    fuzz::require(field.find('\n') == field.npos, "a field is of one line");
    const std::string line = std::string(name) + ":\t17\n";
    fuzz::require(proc_number(line + text, name) == 17, "the first line counts");
    fuzz::require(proc_number("Name:\t" + line + line, name) == 17, "a name is no field");
    proc_number(text, name, 0, 8);
  }
  return 0;
}
