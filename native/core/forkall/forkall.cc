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

int Forkall::freeze() {
  const int error = threads_.freeze(freeze_timeout_ns);
  timeline_.end(Part::freeze);
  return error;
}

int Forkall::survey() {
  int error = mappings_.read();
  timeline_.end(Part::survey);
  if (error == 0) error = owners_.find(mappings_, threads_);
  timeline_.end(Part::search);
  return error;
}

int Forkall::fork(Side* side, int* daemon) {
  forkable_ = true;
  int error = mappings_.make_forkable();
  timeline_.end(Part::forkable);
  if (error == 0) error = session_.fork(threads_.main().state.clear_on_exit, side, daemon);
  if (error == 0 && *side == Side::daemon) threads_.restore_main();
  timeline_.end(Part::fork);
  return error;
}

int Forkall::revive() {
  const int error = threads_.revive(revive_timeout_ns);
  timeline_.end(Part::revive);
  if (error != 0) return error;
  owners_.mend(threads_);
  mend_lock_waiters(threads_);
  timeline_.end(Part::mend);
  keep_out_of_forks();
  timeline_.end(Part::unforkable);
  return 0;
}

// While the launcher still waits: that it ends, and takes a large heap apart, slows this down.
void Forkall::keep_out_of_forks() {
  if (forkable_) mappings_.make_unforkable();
  forkable_ = false;
}

void Forkall::thaw() {
  keep_out_of_forks();
  threads_.thaw();
  timeline_.end(Part::thaw);
}

}  // namespace tsdaemon::forkall
