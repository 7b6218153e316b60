#pragma once

// The facts of the CPU, one file an architecture: how to call the kernel, where the thread pointer
// is, and how a flow of control is recorded and taken up again.
#if defined(__x86_64__)
#include "x86_64.h"
#elif defined(__aarch64__)
#include "aarch64.h"
#else
#error "forkall has no port to this architecture"
#endif
