/**
 * The moment at which the main module has finished, its top-level await included: CommonJS, ESM or
 * TypeScript, under whatever name it was started.
 */
import { realpathSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { hasImportedPreloads, importedPreloads } from './preload.js';

interface Runner {
  runMain(...main: unknown[]): unknown;
}

// Programs change process.argv.
const [, main] = process.argv;

type Callback = () => void;

/** What is to be done when the main module begins; none: it had when this package was loaded. */
let whenBegun: Callback[] | undefined = isPreloading() ? [] : undefined;
let beforeBegun: Callback[] = [];
if (whenBegun !== undefined) noticeRunMain();

/**
 * Calls `loaded` once the main module has finished, wherever in its life this is called: from a
 * preload, from the module itself, or later. Never, if the main module throws: that ends the process.
 *
 * @param directory where the process was started
 * @param path of the main module, if it is not the one that the process was started with
 */
export function whenMainModuleLoaded(directory: string, loaded: Callback, path = main): void {
  const wait = (): void => whenFinished(directory, loaded, path);
  if (whenBegun === undefined) wait();
  else whenBegun.push(wait);
}

/**
 * Calls `callback` when the preloads are done, before the first line of the main module; at once, if
 * that has begun. Preloads by `--import` are resolved when this is called, and run after it.
 */
export function beforeMainModule(callback: Callback): void {
  if (whenBegun === undefined) callback();
  else beforeBegun.push(callback);
}

/** Whether this package is being required by a preload. */
function isPreloading(): boolean {
  let ancestor: NodeModule = module;
  while (ancestor.parent != null) ancestor = ancestor.parent;
  return ancestor.id === 'internal/preload';
}

function noticeRunMain(): void {
  const runner = Module as unknown as Runner;
  const { runMain } = runner;
  runner.runMain = (...given) => {
    runner.runMain = runMain;
    const [before, begun] = [beforeBegun, whenBegun ?? []];
    [beforeBegun, whenBegun] = [[], undefined];
    const imports = hasImportedPreloads();
    if (!imports) callAll(before);
    const result = Reflect.apply(runMain, runner, given);
    // Their paths are resolved by now, and none of them has run.
    if (imports) callAll(before);
    callAll(begun);
    return result;
  };
}

function callAll(callbacks: readonly Callback[]): void {
  for (const callback of callbacks) callback();
}

/**
 * A CommonJS main module has finished when the stack has unwound. An ES module is awaited by
 * importing it once more, which gives the promise of its one evaluation; but never before Node has
 * begun that, or the program would not be the main module. By the next turn Node has ended a program of
 * which a promise was rejected that nobody holds, as that of `main()`.
 */
function whenFinished(directory: string, loaded: Callback, path: string | undefined): void {
  const inNextTurn = (): unknown => setImmediate(loaded);
  if (process.mainModule !== undefined || path === undefined) inNextTurn();
  else importMain(directory, path).then(inNextTurn, () => {});
}

async function importMain(directory: string, path: string): Promise<void> {
  await nextTurn();
  // Node loads the main module after these, one after the other.
  for (const file of importedPreloads(directory)) {
    await import(pathToFileURL(file).href);
    await nextTurn();
  }
  if (!process.mainModule?.loaded && !isUnderAnotherName(path)) await import(urlOf(path));
}

/** Whatever Node had begun to import is on its way. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** By --preserve-symlinks-main, which no import() obeys: it would evaluate the file again. */
function isUnderAnotherName(path: string): boolean {
  return process.execArgv.includes('--preserve-symlinks-main') && realpathSync(path) !== path;
}

function urlOf(path: string): string {
  if (/^(file|data):/.test(path)) return path;
  return pathToFileURL(createRequire(path).resolve(path)).href;
}
