/**
 * The file that an `import` of a package leads to: by its `exports` and `imports` this may be another
 * one than `require` finds. Node tells it to ES modules alone.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { mapValues, splitNodeOptions } from './node-options.js';

interface Package {
  name?: string;
  exports?: unknown;
  imports?: unknown;
}

interface Found {
  home: string;
  manifest: Package;
}

const relative = /^(\.{0,2}\/|\.{1,2}$|[a-z]+:)/;

/**
 * Of a package's name, what is within it, or an alias of `#`, from within `directory`; `undefined`
 * where the package does not say, so that `require` finds the same.
 *
 * @throws Error where the package has nothing for an import of it.
 */
export function fileOfPackageImport(specifier: string, directory: string): string | undefined {
  if (relative.test(specifier)) return undefined;
  const [name = ''] = /^(@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
  const isAlias = specifier.startsWith('#');
  const found = isAlias
    ? scopeOf(directory)
    : (itself(name, directory) ?? installed(name, directory));
  if (found === undefined || (isAlias ? found.manifest.imports : found.manifest.exports) == null)
    return undefined;
  // Loaded by whom needs it alone.
  const { resolve } = require('resolve.exports') as typeof import('resolve.exports');
  const entry = isAlias ? specifier : `.${specifier.slice(name.length)}`;
  const [target] = resolve(found.manifest, entry, { conditions: conditions() }) ?? [];
  if (target === undefined || target.startsWith('./')) return target && join(found.home, target);
  return fileOfPackageImport(target, found.home);
}

/** A package may name itself. */
function itself(name: string, directory: string): Found | undefined {
  const scope = scopeOf(directory);
  return scope?.manifest.name === name && scope.manifest.exports != null ? scope : undefined;
}

function scopeOf(directory: string): Found | undefined {
  return firstAbove(directory, '.');
}

function installed(name: string, directory: string): Found | undefined {
  return firstAbove(directory, join('node_modules', name));
}

/** The nearest package at `place` in `directory` or above it. */
function firstAbove(directory: string, place: string): Found | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const home = join(at, place);
    const manifest = readManifest(home);
    if (manifest !== undefined) return { home, manifest };
    if (at === dirname(at)) return undefined;
  }
}

function readManifest(home: string): Package | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Package;
  } catch {
    return undefined;
  }
}

/** Beside `node` and `import`: Node's own, and those that its user has named. */
function conditions(): string[] {
  const words = [...process.execArgv, ...splitNodeOptions(process.env['NODE_OPTIONS'] ?? '')];
  const named: string[] = [];
  mapValues(words, ['-C', '--conditions'], (condition) => {
    named.push(condition);
    return condition;
  });
  const { require_module: hasRequireModule } = process.features as { require_module?: boolean };
  if (hasRequireModule) named.push('module-sync');
  return ['node-addons', ...named];
}
