// Puts the modules that src/ makes into one file, dist/modules.js: to find and read the many small ones took half of
// the time that `--require tsdaemon/early` needs. Each is still evaluated when it is first required, and once. What
// users name, index.js and early.js, stays, and so does the command, which is loaded by nobody else.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const entries = ['index.js', 'early.js', 'cli.js'];

/** @param {string} folder */
function scripts(folder) {
  return readdirSync(join(dist, folder))
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name));
}

/** Of these there is no file any more. */
const bundled = scripts('.').filter((name) => !entries.includes(name));

/** Replaces what requires a bundled module, in tsc's words or in ours. @param {string} file @param {string} require */
function rewrite(file, require) {
  const text = readFileSync(join(dist, file), 'utf8');
  return text.replace(/\brequire\((["'])\.{1,2}\/([\w-]+\.js)\1\)/g, (found, _, name) =>
    bundled.includes(name) && found.includes(file.includes('/') ? '../' : './')
      ? `${require}('${basename(name, '.js')}')`
      : found,
  );
}

const modules = bundled.map(
  (file) =>
    `'${basename(file, '.js')}'(exports) {\n${rewrite(file, '$load').replace(/^"use strict";\n/, '')}},\n`,
);
writeFileSync(
  join(dist, 'modules.js'),
  `'use strict';
const $loaded = Object.create(null);
function $load(name) {
  const known = $loaded[name];
  if (known !== undefined) return known;
  const exports = {};
  $loaded[name] = exports;
  $modules[name](exports);
  return exports;
}
module.exports = $load;
const $modules = {
${modules.join('')}};
`,
);
for (const file of entries)
  writeFileSync(join(dist, file), rewrite(file, "require('./modules.js')"));
for (const file of scripts('cli'))
  writeFileSync(join(dist, file), rewrite(file, "require('../modules.js')"));
for (const file of bundled) rmSync(join(dist, file));
