// proc_pid_maps(5) and proc_pid_smaps(5), however a read(2) cuts them.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "core/forkall/area.h"
#include "input.h"

namespace tsdaemon::fuzz {

namespace {

using forkall::Area;

char text[forkall::area_text_size];

// One packet for each read(2).
std::vector<Area> areas_of(std::string_view input, size_t cut, bool brief) {
  int pipe[2];
  require(pipe2(pipe, O_CLOEXEC | O_DIRECT | O_NONBLOCK) == 0, "there is a pipe");
  for (size_t at = 0; at < input.size(); at += cut) {
    const std::string_view part = input.substr(at, cut);
    require(write(pipe[1], part.data(), part.size()) == static_cast<ssize_t>(part.size()),
            "a packet fits");
  }
  close(pipe[1]);
  std::vector<Area> areas;
  forkall::each_area(pipe[0], brief, text, [&areas](const Area& area) {
    areas.push_back(area);
    return 0;
  });
  close(pipe[0]);
  return areas;
}

bool is_same(const Area& a, const Area& b) {
  return a.range.start == b.range.start && a.range.end == b.range.end &&
         a.range.swapped == b.range.swapped && a.written == b.written &&
         a.readable_writable_private == b.readable_writable_private && a.anonymous == b.anonymous &&
         a.has_key == b.has_key && a.unforkable == b.unforkable;
}

constexpr size_t packet = 4096, packets = 12;

}  // namespace

}  // namespace tsdaemon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tsdaemon::fuzz;
  if (size < 2) return 0;
  const bool brief = (data[0] & 1) != 0;
  const std::string_view input = text_of(data + 2, std::min(size - 2, packet * packets));
  const size_t smallest = input.size() / packets + 1;
  const size_t cut = std::min(packet, smallest + data[1] * 16);
  const auto whole = areas_of(input, packet, brief);
  const auto pieces = areas_of(input, cut, brief);
  require(std::equal(whole.begin(), whole.end(), pieces.begin(), pieces.end(), is_same),
          "where the text is cut changes nothing");
  return 0;
}
