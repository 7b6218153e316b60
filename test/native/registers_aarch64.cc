#include <sys/auxv.h>
#include <sys/prctl.h>

#include "registers.h"

namespace tsdaemon::test {

asm(R"(
  .text
  .arch_extension sve

// Global: what ld finds through the GOT for a local symbol is the beginning of its section.
// All but the stack pointer, x0 with the address of the flag and x1 with the flag.
  .globl tsdaemon_test_spin_general
  .hidden tsdaemon_test_spin_general
  .type tsdaemon_test_spin_general, @function
tsdaemon_test_spin_general:
  stp x29, x30, [sp, -112]!
  stp x19, x20, [sp, 16]
  stp x21, x22, [sp, 32]
  stp x23, x24, [sp, 48]
  stp x25, x26, [sp, 64]
  stp x27, x28, [sp, 80]
  str x1, [sp, 96]
  mov x1, x0
  mov x0, x2
  ldp x2, x3, [x1, 0]
  ldp x4, x5, [x1, 16]
  ldp x6, x7, [x1, 32]
  ldp x8, x9, [x1, 48]
  ldp x10, x11, [x1, 64]
  ldp x12, x13, [x1, 80]
  ldp x14, x15, [x1, 96]
  ldp x16, x17, [x1, 112]
  ldp x18, x19, [x1, 128]
  ldp x20, x21, [x1, 144]
  ldp x22, x23, [x1, 160]
  ldp x24, x25, [x1, 176]
  ldp x26, x27, [x1, 192]
  ldp x28, x29, [x1, 208]
  ldr x30, [x1, 224]
1:
  ldar w1, [x0]
  cbz w1, 1b
  ldr x1, [sp, 96]
  stp x2, x3, [x1, 0]
  stp x4, x5, [x1, 16]
  stp x6, x7, [x1, 32]
  stp x8, x9, [x1, 48]
  stp x10, x11, [x1, 64]
  stp x12, x13, [x1, 80]
  stp x14, x15, [x1, 96]
  stp x16, x17, [x1, 112]
  stp x18, x19, [x1, 128]
  stp x20, x21, [x1, 144]
  stp x22, x23, [x1, 160]
  stp x24, x25, [x1, 176]
  stp x26, x27, [x1, 192]
  stp x28, x29, [x1, 208]
  str x30, [x1, 224]
  ldp x19, x20, [sp, 16]
  ldp x21, x22, [sp, 32]
  ldp x23, x24, [sp, 48]
  ldp x25, x26, [sp, 64]
  ldp x27, x28, [sp, 80]
  ldp x29, x30, [sp], 112
  ret
  .size tsdaemon_test_spin_general, . - tsdaemon_test_spin_general

  .macro tsdaemon_test_load register, number, offset, multiple
    ldr \register\number, [x0, \offset \multiple]
  .endm
  .macro tsdaemon_test_store register, number, offset, multiple
    str \register\number, [x1, \offset \multiple]
  .endm

// d8 to d15 belong to the caller.
  .macro tsdaemon_test_vector name, register, size, predicates
  .globl tsdaemon_test_spin_\name
  .hidden tsdaemon_test_spin_\name
  .type tsdaemon_test_spin_\name, @function
tsdaemon_test_spin_\name:
  stp d8, d9, [sp, -64]!
  stp d10, d11, [sp, 16]
  stp d12, d13, [sp, 32]
  stp d14, d15, [sp, 48]
  .altmacro
  .set n, 0
  .rept 32
    .if \predicates
      tsdaemon_test_load \register, %n, %n, <, mul vl>
    .else
      tsdaemon_test_load \register, %n, %(n * \size)
    .endif
    .set n, n + 1
  .endr
  .if \predicates
    addvl x0, x0, 31
    addvl x0, x0, 1
    .set n, 0
    .rept 16
      tsdaemon_test_load p, %n, %n, <, mul vl>
      .set n, n + 1
    .endr
  .endif
1:
  ldar w3, [x2]
  cbz w3, 1b
  .set n, 0
  .rept 32
    .if \predicates
      tsdaemon_test_store \register, %n, %n, <, mul vl>
    .else
      tsdaemon_test_store \register, %n, %(n * \size)
    .endif
    .set n, n + 1
  .endr
  .if \predicates
    addvl x1, x1, 31
    addvl x1, x1, 1
    .set n, 0
    .rept 16
      tsdaemon_test_store p, %n, %n, <, mul vl>
      .set n, n + 1
    .endr
  .endif
  .noaltmacro
  ldp d10, d11, [sp, 16]
  ldp d12, d13, [sp, 32]
  ldp d14, d15, [sp, 48]
  ldp d8, d9, [sp], 64
  ret
  .size tsdaemon_test_spin_\name, . - tsdaemon_test_spin_\name
  .endm

  tsdaemon_test_vector simd, q, 16, 0
  tsdaemon_test_vector sve, z, 0, 1
)");

extern "C" {
void tsdaemon_test_spin_general(const void*, void*, const std::atomic<uint32_t>*);
void tsdaemon_test_spin_simd(const void*, void*, const std::atomic<uint32_t>*);
void tsdaemon_test_spin_sve(const void*, void*, const std::atomic<uint32_t>*);
}

const std::vector<RegisterFile>& register_files() {
  static const std::vector<RegisterFile> files = [] {
    std::vector<RegisterFile> has{
        {"general registers", 29 * 8, tsdaemon_test_spin_general},
        {"SIMD registers", 32 * 16, tsdaemon_test_spin_simd},
    };
    if ((getauxval(AT_HWCAP) & HWCAP_SVE) != 0) {
      // 32 vectors, and 16 predicates with a bit for each of their bytes.
      const auto length = static_cast<size_t>(prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK);
      has.push_back({"SVE registers", 32 * length + 16 * length / 8, tsdaemon_test_spin_sve});
    }
    return has;
  }();
  return files;
}

}  // namespace tsdaemon::test
