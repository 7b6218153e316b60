/**
 * Loaders of modules (`module.register`) run in a thread that Node starts with the first of them. Like a Worker it
 * loads the `--require` preloads of the process again, and looks for them from the working directory, which is another
 * one now; unlike a Worker it cannot be told others.
 */
import module, { createRequire, syncBuiltinESMExports } from 'node:module';
import { delimiter, join } from 'node:path';

type Register = (...given: unknown[]) => unknown;

/** The first loader of the daemon finds the preloads, and those of `--loader` are found, from where they were named. */
export function settleLoaders(
  launchDirectory: string,
  preloads: readonly string[],
  loaders: readonly string[],
): void {
  const holder = module as unknown as { register?: Register };
  const { register } = holder;
  if (register === undefined) return;
  const named = [...preloads, ...loaders];
  let started = false;
  // It returns when the thread has loaded all.
  holder.register = function (this: unknown, ...given) {
    if (started) return register.apply(this, given);
    started = true;
    return lookingFrom(launchDirectory, named, () => register.apply(this, given));
  };
  syncBuiltinESMExports();
  // Else Node starts the thread by itself, for the first module. This loader does nothing.
  if (loaders.length > 0) withoutDeprecation(() => holder.register?.('data:text/javascript,'));
}

/** Whoever named a loader was told; since Node 26 the function is deprecated, and what is said would be the daemon's. */
function withoutDeprecation(act: () => void): void {
  const { noDeprecation } = process;
  // With --no-deprecation it cannot be written.
  if (noDeprecation !== true) Object.assign(process, { noDeprecation: true });
  try {
    act();
  } finally {
    if (noDeprecation !== true) Object.assign(process, { noDeprecation });
  }
}

/** Packages by NODE_PATH, which the thread takes from the environment as it is now; files by the working directory. */
function lookingFrom<T>(directory: string, named: readonly string[], act: () => T): T {
  const path = process.env['NODE_PATH'];
  const chain = createRequire(join(directory, 'preload')).resolve.paths('tsdaemon') ?? [];
  process.env['NODE_PATH'] = [...chain, path].filter(Boolean).join(delimiter);
  const back = named.some(isRelative) ? enter(directory) : undefined;
  try {
    return act();
  } finally {
    if (back !== undefined) process.chdir(back);
    if (path === undefined) delete process.env['NODE_PATH'];
    else process.env['NODE_PATH'] = path;
  }
}

/** @returns where we were, `undefined` if we are not allowed to leave it. */
function enter(directory: string): string | undefined {
  const before = process.cwd();
  try {
    process.chdir(directory);
    return before;
  } catch {
    return undefined;
  }
}

function isRelative(specifier: string): boolean {
  return /^\.\.?(\/|$)/.test(specifier);
}
