#include "registers.h"

#include <cfenv>
#include <cstring>
#include <memory>

#include "harness.h"
#include "start.h"
#include "thread.h"

// What a thread has in its registers, and nowhere else, when the fork comes.
namespace tsdaemon::test {

namespace {

/// Spins with a pattern in the registers, and looks at it in the daemon.
void keep_in_registers(const RegisterFile& file) {
  constexpr int threads = 3;
  std::atomic<uint32_t> go = 0;
  std::atomic<int> right = 0;
  std::atomic<int> spinning = 0;
  std::vector<std::unique_ptr<Thread>> spinners;
  for (int i = 0; i < threads; ++i)
    spinners.push_back(std::make_unique<Thread>([&, i] {
      std::vector<unsigned char> before(file.bytes);
      std::vector<unsigned char> after(file.bytes);
      for (size_t at = 0; at < before.size(); ++at)
        before[at] = static_cast<unsigned char>((at * 31 + 7) ^ static_cast<size_t>(i) << 5);
      ++spinning;
      file.spin(before.data(), after.data(), &go);
      right += before == after ? 1 : 0;
    }));
  AWAIT(spinning == threads);
  for (int generation = 0; generation < 5; ++generation) become_daemon();
  go = 1;
  for (const auto& spinner : spinners) spinner->join();
  CHECK_EQ(right, threads);
}

const Registration registers([] {
  for (const RegisterFile& file : register_files())
    add_case(either_way, std::string(file.name) + " keep their values",
             [&file] { keep_in_registers(file); });
});

TEST(either_way, "each thread keeps its own rounding mode, and main as well") {
  std::atomic<bool> daemon = false;
  std::atomic<int> upward = 0;
  std::atomic<int> toward_zero = 0;
  std::atomic<int> set = 0;
  const auto rounds = [&](int mode, std::atomic<int>* seen) {
    fesetround(mode);
    ++set;
    while (!daemon) {
    }
    *seen = fegetround();
  };
  Thread first([&] { rounds(FE_UPWARD, &upward); });
  Thread second([&] { rounds(FE_TOWARDZERO, &toward_zero); });
  fesetround(FE_DOWNWARD);
  AWAIT(set == 2);
  become_daemon();
  daemon = true;
  first.join();
  second.join();
  CHECK_EQ(upward, FE_UPWARD);
  CHECK_EQ(toward_zero, FE_TOWARDZERO);
  CHECK_EQ(fegetround(), FE_DOWNWARD);
}

TEST(either_way, "spinning threads go on spinning") {
  constexpr int threads = 4;
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> turns[threads] = {};
  std::vector<std::unique_ptr<Thread>> spinners;
  for (auto& counter : turns)
    spinners.push_back(std::make_unique<Thread>([&] {
      while (!stop) ++counter;
    }));
  for (auto& counter : turns) AWAIT(counter > 0);
  become_daemon();
  for (auto& counter : turns) {
    const uint64_t before = counter;
    AWAIT(counter > before);
  }
  stop = true;
  for (const auto& spinner : spinners) spinner->join();
}

// A leaf function may use the 128 bytes below its stack pointer (System V ABI, the red zone).
TEST(either_way, "a thread that computes loses nothing of what is on its stack") {
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> rounds = 0;
  Thread computer([&] {
    while (!stop) {
      uint64_t sum = 0;
      double product = 1;
      for (uint64_t i = 1; i <= 1000; ++i) {
        sum += i * i;
        product = product * static_cast<double>(i % 7 + 1) / static_cast<double>(i % 5 + 1);
      }
      static const double expected = product;
      wrong += sum != 333'833'500 || product != expected ? 1 : 0;
      ++rounds;
    }
  });
  for (int generation = 0; generation < 20; ++generation) {
    become_daemon();
    const int before = rounds;
    AWAIT(rounds > before);
  }
  stop = true;
  computer.join();
  CHECK_EQ(wrong, 0);
}

}  // namespace

}  // namespace tsdaemon::test
