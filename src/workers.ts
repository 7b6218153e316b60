/**
 * A Worker loads the preloads of the process again, and looks for them from the working directory,
 * which is another one now: without this no Worker could start in a daemon that was made by
 * `--require tsdaemon/early`, or that has any relative preload.
 */
import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { type WorkerOptions } from 'node:worker_threads';

type WorkerArguments = [filename: string | URL, options?: WorkerOptions];

/** Workers that are not told their `execArgv` get the settled one. */
export function settleWorkers(): void {
  let execArgv: readonly string[] = [...process.execArgv];
  const withExecArgv = ([filename, options]: WorkerArguments): WorkerArguments => [
    filename,
    { execArgv: [...execArgv], ...options },
  ];

  workerThreads.Worker = new Proxy(workerThreads.Worker, {
    construct(Worker, given: WorkerArguments, newTarget) {
      try {
        return Reflect.construct(Worker, withExecArgv(given), newTarget);
      } catch (error) {
        if (given[1]?.execArgv !== undefined || !isInvalidExecArgv(error)) throw error;
        // Flags of the whole process, of V8 for instance, hold for Workers without being named.
        execArgv = execArgv.filter((word) => !error.message.includes(word));
        return Reflect.construct(Worker, withExecArgv(given), newTarget);
      }
    },
  });
  syncBuiltinESMExports();
}

function isInvalidExecArgv(error: unknown): error is Error {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_INVALID_EXEC_ARGV';
}
