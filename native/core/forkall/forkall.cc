#include "forkall.h"

#include "lock_operations.h"

namespace tsdaemon::forkall {

int Forkall::prepare(bool stays) {
  int error = threads_.prepare();
  if (error == 0) error = mappings_.prepare();
  if (error == 0) error = owners_.prepare();
  if (error == 0) error = session_.prepare(stays);
  return error;
}

int Forkall::survey() {
  int error = mappings_.read();
  if (error == 0) error = owners_.find(mappings_, threads_);
  return error;
}

int Forkall::fork(Side* side, int* daemon) {
  forkable_ = true;
  int error = mappings_.make_forkable();
  if (error == 0) error = session_.fork(threads_.main().state.clear_on_exit, side, daemon);
  if (error == 0 && *side == Side::daemon) threads_.restore_main();
  return error;
}

int Forkall::revive() {
  const int error = threads_.revive(revive_timeout_ns);
  if (error != 0) return error;
  owners_.mend(threads_);
  mend_lock_waiters(threads_);
  return 0;
}

void Forkall::thaw() {
  if (forkable_) mappings_.make_unforkable();
  forkable_ = false;
  threads_.thaw();
}

}  // namespace tsdaemon::forkall
