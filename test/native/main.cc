#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness.h"
#include "keeper.h"

// native_test [--deadline SECONDS] [--jobs N] [--shard K/N] [--list] [PART OF A TITLE]
// Runs every case, or those whose title contains the words, each in processes of its own; of them
// the K-th of N parts.
namespace tsdaemon::test {

namespace {

volatile sig_atomic_t interrupted = 0;

struct Options {
  int deadline_seconds = 40;
  // Most cases wait most of the time.
  long jobs = sysconf(_SC_NPROCESSORS_ONLN) + 2;
  bool list = false;
  const char* wanted = "";
  size_t shard = 1, shards = 1;
};

std::vector<const Case*> chosen(const Options& options) {
  std::vector<const Case*> all;
  for (const Case& one : cases())
    if (one.title.find(options.wanted) != std::string::npos) all.push_back(&one);
  const auto end_of = [&](size_t shard) {
    return all.begin() + static_cast<std::ptrdiff_t>(all.size() * shard / options.shards);
  };
  return {end_of(options.shard - 1), end_of(options.shard)};
}

class Runner {
 public:
  explicit Runner(const Options& options) : options_(options) {}

  int run() {
    for (const Case* one : chosen(options_)) {
      if (interrupted != 0) break;
      while (static_cast<long>(keepers_.size()) >= options_.jobs) reap();
      start(*one);
    }
    while (!keepers_.empty()) reap();
    printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 && interrupted == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }

 private:
  void start(const Case& one) {
    const pid_t keeper = fork();
    if (keeper == 0) _exit(keep(one, options_.deadline_seconds) ? EXIT_SUCCESS : EXIT_FAILURE);
    keepers_.push_back(keeper);
  }

  void reap() {
    int status = 0;
    const pid_t keeper = waitpid(-1, &status, 0);
    if (keeper > 0) {
      keepers_.erase(std::find(keepers_.begin(), keepers_.end(), keeper));
      ++(status == 0 ? passed_ : failed_);
    } else if (interrupted != 0) {
      for (const pid_t pid : keepers_) kill(pid, SIGTERM);
    }
  }

  const Options& options_;
  std::vector<pid_t> keepers_;
  int passed_ = 0;
  int failed_ = 0;
};

[[noreturn]] void run_titled(const char* title) {
  for (const Case& one : cases())
    if (one.title == title) run_case(one);
  fprintf(stderr, "no case has the title \"%s\"\n", title);
  _exit(EXIT_FAILURE);
}

int list(const Options& options) {
  for (const Case* one : chosen(options)) printf("%s\n", one->title.c_str());
  return EXIT_SUCCESS;
}

bool read_shard(const char* text, Options* options) {
  return sscanf(text, "%zu/%zu", &options->shard, &options->shards) == 2 && options->shard > 0 &&
         options->shard <= options->shards;
}

int run(char** arguments) {
  Options options;
  for (; *arguments != nullptr; ++arguments) {
    const std::string_view name = *arguments;
    const char* value = arguments[1];
    if (name == "--list") {
      options.list = true;
    } else if (name.substr(0, 2) != "--") {
      options.wanted = *arguments;
    } else if (value == nullptr) {
      return EXIT_FAILURE;
    } else {
      if (name == "--case") run_titled(value);
      if (name == "--deadline") options.deadline_seconds = atoi(value);
      if (name == "--jobs") options.jobs = std::max(1, atoi(value));
      if (name == "--shard" && !read_shard(value, &options)) return EXIT_FAILURE;
      ++arguments;
    }
  }
  if (options.list) return list(options);

  struct sigaction interrupt {};
  interrupt.sa_handler = [](int) { interrupted = 1; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &interrupt, nullptr);
  return Runner(options).run();
}

}  // namespace

}  // namespace tsdaemon::test

int main(int, char** arguments) { return tsdaemon::test::run(arguments + 1); }
