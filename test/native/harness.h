#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// A case runs in a process of its own and makes a daemon of it; what it finds there goes back
// through a pipe that the daemon inherits.
namespace tsdaemon::test {

/// How a case makes its daemon: by forkall alone, or by the whole of `daemonize`.
enum Ways : unsigned { by_forkall = 1, by_daemonize = 2, either_way = by_forkall | by_daemonize };

struct Case {
  std::string title;
  Ways way;
  std::function<void()> body;
};

/// Every case of the program, once a way.
std::vector<Case>& cases();

void add_case(Ways ways, const std::string& title, const std::function<void()>& body);

/// Adds cases when the program starts: a static object for each case or table of cases.
struct Registration {
  template <typename Add>
  explicit Registration(Add add) {
    add();
  }
};

/// The end of the pipe that the keeper of a case listens to.
inline constexpr int report_fd = 3;

/// What is said through the pipe: a word, a space, a text, a line end, in one write.
enum class Word : char { failed = 'F', waits = 'W', done = 'D' };
void report(Word word, const std::string& text);

/// Runs one case, here and now: the process that gets to its end says so.
[[noreturn]] void run_case(const Case& one);

/// The end of a case, on whatever thread.
[[noreturn]] void finish_case();

/// The way of the case that runs in this process.
Ways way();

[[noreturn]] void give_up();
void fail(const char* file, int line, const std::string& what);

/// Fails with each line that only one of the texts has.
void check_same_lines(const std::string& actual, const std::string& expected, const char* file,
                      int line);

/// Polls until the condition holds. The keeper has the deadline, and shows where the threads stand.
void await(const std::function<bool()>& condition, const char* file, int line, const char* text);

template <typename T>
std::string text_of(const T& value) {
  if constexpr (std::is_convertible_v<T, std::string_view>)
    return '"' + std::string(std::string_view(value)) + '"';
  else
    return std::to_string(value);
}

template <typename Actual, typename Expected>
bool check_equal(const Actual& actual, const Expected& expected, const char* text, const char* file,
                 int line) {
  if (actual == expected) return true;
  fail(file, line, std::string(text) + ": " + text_of(actual) + " is not " + text_of(expected));
  return false;
}

}  // namespace tsdaemon::test

#define TEST_JOIN_AGAIN(a, b) a##b
#define TEST_JOIN(a, b) TEST_JOIN_AGAIN(a, b)

/// TEST(either_way, "what is so in the daemon") { … }
#define TEST(ways, title)                                                              \
  static void TEST_JOIN(test_body_, __LINE__)();                                       \
  static const tsdaemon::test::Registration TEST_JOIN(test_registration_, __LINE__)(   \
      [] { tsdaemon::test::add_case(ways, title, TEST_JOIN(test_body_, __LINE__)); }); \
  static void TEST_JOIN(test_body_, __LINE__)()

/// A false condition fails the case, which goes on.
#define CHECK(condition)                                                    \
  do                                                                        \
    if (!(condition)) tsdaemon::test::fail(__FILE__, __LINE__, #condition); \
  while (false)
#define CHECK_EQ(actual, expected) \
  tsdaemon::test::check_equal(actual, expected, #actual, __FILE__, __LINE__)

#define CHECK_SAME_LINES(actual, expected) \
  tsdaemon::test::check_same_lines(actual, expected, __FILE__, __LINE__)

/// A false condition ends the case.
#define REQUIRE(condition)                                  \
  do                                                        \
    if (!(condition)) {                                     \
      tsdaemon::test::fail(__FILE__, __LINE__, #condition); \
      tsdaemon::test::give_up();                            \
    }                                                       \
  while (false)
#define REQUIRE_EQ(actual, expected)                            \
  do                                                            \
    if (!CHECK_EQ(actual, expected)) tsdaemon::test::give_up(); \
  while (false)

#define AWAIT(condition)                                                                  \
  tsdaemon::test::await([&] { return static_cast<bool>(condition); }, __FILE__, __LINE__, \
                        #condition)
