// What the libstdc++ of a glibc system asks of the C library, and musl does not have.
#include <pthread.h>
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

extern "C" {

// It may be false though there is one thread.
__attribute__((visibility("default"))) char __libc_single_threaded = 0;

// "Not found": the unwinder then walks the loaded objects.
int _dl_find_object(void*, void*) { return -1; }

uint32_t arc4random() {
  uint32_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) abort();
  return number;
}

struct Destructor {
  void (*function)(void*);
  void* object;
  Destructor* next;
};

static pthread_key_t destructors;

static void run_destructors(void* list) {
  for (auto* one = static_cast<Destructor*>(list); one != nullptr;) {
    one->function(one->object);
    Destructor* const next = one->next;
    free(one);
    one = next;
  }
}

__attribute__((constructor)) static void make_key() {
  pthread_key_create(&destructors, run_destructors);
}

int __cxa_thread_atexit_impl(void (*function)(void*), void* object, void*) {
  auto* one = static_cast<Destructor*>(malloc(sizeof(Destructor)));
  if (one == nullptr) return -1;
  *one = {function, object, static_cast<Destructor*>(pthread_getspecific(destructors))};
  return pthread_setspecific(destructors, one);
}
}
