/**
 * The flags that this process was started with, for whoever starts it again in another directory.
 */
import { isBuiltin } from 'node:module';
import { isAbsolute, resolve } from 'node:path';

import { DaemonError } from './error.js';
import { joinNodeOptions, mapValues, splitNodeOptions } from './node-options.js';
import { fileOfModule, type Inherited, preloadFlags } from './preload.js';

const moduleFlags = [...preloadFlags, '--loader', '--experimental-loader'];

/** Those that name a file or a directory, in any of the tested lines of Node, or of V8. */
const pathFlags = [
  '--allow-fs-read',
  '--allow-fs-write',
  '--cpu-prof-dir',
  '--diagnostic-dir',
  '--env-file',
  '--env-file-if-exists',
  '--experimental-config-file',
  '--experimental-policy',
  '--heap-prof-dir',
  '--icu-data-dir',
  '--localstorage-file',
  '--logfile',
  '--openssl-config',
  '--redirect-warnings',
  '--report-dir',
  '--report-directory',
  '--snapshot-blob',
  '--tls-keylog',
  '--trace-event-file-pattern',
];

/**
 * Every path of them absolute.
 *
 * @throws DaemonError `ERR_DAEMON_EXEC` for a module that could not be found from elsewhere.
 */
export function absoluteFlags(directory: string): Inherited {
  const settle = (words: readonly string[]): string[] =>
    mapValues(
      mapValues(words, moduleFlags, (specifier, flag) =>
        absoluteModule(specifier, flag, directory),
      ),
      pathFlags,
      (path, flag) => absolutePath(path, flag, directory),
    );
  return {
    execArgv: settle(process.execArgv),
    nodeOptions: joinNodeOptions(settle(splitNodeOptions(process.env['NODE_OPTIONS'] ?? ''))),
  };
}

function absoluteModule(specifier: string, flag: string, directory: string): string {
  const file = fileOfModule(specifier, flag, directory);
  if (file !== undefined) return file;
  if (isBuiltin(specifier) || /^[a-z]+:/.test(specifier)) return specifier;
  throw new DaemonError('ERR_DAEMON_EXEC', {
    step: 'exec',
    path: process.execPath,
    what: `: ${flag} ${specifier} would not be found from another directory`,
  });
}

/** Node 20 takes several, parted by commas, for what may be read or written. */
function absolutePath(value: string, flag: string, directory: string): string {
  const paths = flag.startsWith('--allow-fs') ? value.split(',') : [value];
  return paths
    .map((path) =>
      path === '*' || path === '' || isAbsolute(path) ? path : resolve(directory, path),
    )
    .join(',');
}
