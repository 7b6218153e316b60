import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { installPackages } from './place.mjs';

/**
 * A way to start a server in the background, as it is typed into a shell.
 * @typedef {object} Candidate
 * @property {string} name
 * @property {string} command `APP` is the program, `NEW` a path that there is not yet
 * @property {string} [before] what is not timed
 * @property {'ours' | 'spawn'} [kind] `spawn`: a package that starts Node a second time
 * @property {string} [missing] a word on why it is left out
 */

const node = process.execPath;
const pm2 = `PM2_HOME=NEW ${node} peers/node_modules/pm2/bin/pm2`;

/** @type {readonly Candidate[]} */
const everywhere = [
  { name: 'node app.js &', command: `${node} APP &` },
  { name: 'setsid', command: `setsid ${node} APP &` },
  { name: 'nohup', command: `nohup ${node} APP &` },
  { name: 'spawn({detached})', command: `${node} spawn.cjs APP` },
  { name: 'npm daemon', kind: 'spawn', command: `${node} peer-daemon.cjs APP` },
  {
    name: 'npm daemonize-process',
    kind: 'spawn',
    command: `${node} peer-daemonize-process.mjs APP`,
  },
  { name: 'npm daemonize2', kind: 'spawn', command: `${node} peer-daemonize2.cjs APP NEW` },
  { name: 'npm pm2, cold', kind: 'spawn', command: `${pm2} start APP` },
  { name: 'npm pm2, warm', kind: 'spawn', before: `${pm2} ping`, command: `${pm2} start APP` },
  { name: 'early', kind: 'ours', command: `${node} --require tsdaemon/early APP` },
  { name: 'daemonize()', kind: 'ours', command: `${node} call.cjs APP` },
  {
    name: 'tsdaemon start',
    kind: 'ours',
    command: `${node} node_modules/tsdaemon/dist/cli.js start APP`,
  },
  {
    name: 'early, exec strategy',
    kind: 'ours',
    command: `TSDAEMON_STRATEGY=exec ${node} --require tsdaemon/early APP`,
  },
];

const debian = [
  {
    file: '/usr/sbin/start-stop-daemon',
    package: 'dpkg',
    name: 'start-stop-daemon --background',
    command: `/usr/sbin/start-stop-daemon -S -q -b -m -p NEW -d . -a ${node} -- APP`,
  },
  {
    file: '/usr/bin/daemonize',
    package: 'daemonize',
    name: 'daemonize (Debian)',
    command: `/usr/bin/daemonize -c . ${node} APP`,
  },
];

/** @returns {readonly Candidate[]} */
export function candidates() {
  const isMissing = (/** @type {{file: string}} */ { file }) => !existsSync(file);
  installPackages(debian.filter(isMissing).map((one) => one.package));
  const packaged = debian.map((one) => ({
    ...one,
    ...(isMissing(one) && { missing: `${one.file} is not installed` }),
  }));
  const ours = everywhere.findIndex(({ kind }) => kind === 'ours');
  return [...everywhere.slice(0, ours), ...packaged, ...everywhere.slice(ours)];
}

/** @param {string} command @param {string} root @param {string} program @param {string} fresh */
export function typed(command, root, program, fresh) {
  return command.replaceAll('APP', join(root, program)).replaceAll('NEW', fresh);
}
