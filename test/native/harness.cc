#include "harness.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "sanitizers.h"

namespace tsdaemon::test {

namespace {

Ways current_way = by_forkall;

const char* base_name(const char* file) {
  const char* slash = strrchr(file, '/');
  return slash == nullptr ? file : slash + 1;
}

std::string place(const char* file, int line) {
  return std::string(base_name(file)) + ':' + std::to_string(line) + ' ';
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

void add_case(Ways ways, const std::string& title, const std::function<void()>& body) {
  if ((ways & by_forkall) != 0) cases().push_back({"by forkall: " + title, by_forkall, body});
  if ((ways & by_daemonize) != 0) cases().push_back({"by daemonize: " + title, by_daemonize, body});
}

void report(Word word, const std::string& text) {
  const std::string line = std::string{static_cast<char>(word), ' '} + text + '\n';
  if (write(report_fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) abort();
}

void run_case(const Case& one) {
  current_way = one.way;
  // A daemon that writes into a pipe whose reader is gone is to see it, not to die of it.
  signal(SIGPIPE, SIG_IGN);
  keep_shadow_out_of_forks();
  skip_ids_like_addresses();
  one.body();
  finish_case();
}

void finish_case() {
  report(Word::done, std::to_string(getpid()));
  _exit(EXIT_SUCCESS);
}

Ways way() { return current_way; }

void give_up() { _exit(EXIT_SUCCESS); }

void fail(const char* file, int line, const std::string& what) {
  report(Word::failed, place(file, line) + what);
}

void check_same_lines(const std::string& actual, const std::string& expected, const char* file,
                      int line) {
  const std::vector<std::string> is = sorted_lines(actual);
  const std::vector<std::string> was = sorted_lines(expected);
  std::vector<std::string> lines;
  std::set_difference(was.begin(), was.end(), is.begin(), is.end(), std::back_inserter(lines));
  for (const std::string& gone : lines) fail(file, line, "gone: " + gone);
  lines.clear();
  std::set_difference(is.begin(), is.end(), was.begin(), was.end(), std::back_inserter(lines));
  for (const std::string& added : lines) fail(file, line, "new: " + added);
}

void await(const std::function<bool()>& condition, const char* file, int line, const char* text) {
  constexpr int first_turns = 100;
  constexpr int told_turn = first_turns + 1000;
  for (int turn = 0; !condition(); ++turn) {
    if (turn == told_turn) report(Word::waits, place(file, line) + text);
    constexpr timespec pause{0, 1'000'000};
    if (turn < first_turns)
      sched_yield();
    else
      nanosleep(&pause, nullptr);
  }
}

}  // namespace tsdaemon::test
