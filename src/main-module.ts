/**
 * The moment at which the main module has finished, its top-level await included: CommonJS, ESM or
 * TypeScript, under whatever name it was started.
 */
import Module, { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

interface Runner {
  runMain(main?: string): unknown;
}

let isToCome = false;

/** Said by a preload: the main module has not begun. */
export function mainModuleIsToCome(): void {
  isToCome = true;
}

/** Never called if the main module throws: that ends the process. */
export function whenMainModuleLoaded(loaded: () => void): void {
  if (isToCome) afterRunMain(() => whenFinished(loaded));
  else whenFinished(loaded);
}

function afterRunMain(next: () => void): void {
  const runner = Module as unknown as Runner;
  const { runMain } = runner;
  runner.runMain = (...main) => {
    runner.runMain = runMain;
    const result = Reflect.apply(runMain, runner, main);
    next();
    return result;
  };
}

// A CommonJS main module has run when the stack has unwound. An ES module is awaited by importing it
// once more: that gives the promise of the one evaluation there is.
function whenFinished(loaded: () => void): void {
  if (require.main !== undefined) process.nextTick(loaded);
  else import(mainUrl()).then(loaded, () => {});
}

function mainUrl(): string {
  const main = process.argv[1] ?? '';
  if (/^(file|data):/.test(main)) return main;
  if (process.execArgv.includes('--preserve-symlinks-main')) return pathToFileURL(main).href;
  return pathToFileURL(createRequire(main).resolve(main)).href;
}
