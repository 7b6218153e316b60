/**
 * Every deadline of the tests and of the stress run, in milliseconds. They are there to end what hangs, and wide
 * enough for a machine with many more busy processes than cores: nothing waits for one when all is well.
 */
export const deadlines = {
  /** From the start of a launcher to its end. */
  launch: 40_000,
  /** For a daemon to report, answer or end. */
  daemon: 40_000,
  /** For what was sent SIGKILL to be gone. */
  kill: 20_000,
  /** A whole test, its hooks included: more than it can spend in the ones above. */
  test: 150_000,
  /** A package manager and all that it fetches. */
  installation: 300_000,
  /** One run of the stress program, from the launcher's start to the daemon's end. */
  stressRun: 120_000,
};
