import { realpathSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

import type { Command } from 'commander';

import { optionsFromEnvironment } from '../environment.js';
import type { DaemonizeOptions } from '../options.js';
import { resolveOptions, type Settings } from '../settings.js';
import { addDaemonOptions, daemonOptions, wordsOf } from './daemon-options.js';
import { findScript } from './main-script.js';

// Between the daemon's own deadline and systemd's, which kills.
const stopMargin = 5_000;

export function addUnit(program: Command): void {
  const command = program
    .command('unit')
    .description('print a systemd unit for what "start" would be given')
    .argument('<script>', 'what would be given to node')
    .argument('[args...]', 'its own arguments')
    .passThroughOptions();
  addDaemonOptions(command)
    .action((script: string, args: string[], given: Record<string, unknown>) => {
      const options = { ...optionsFromEnvironment(process.env), ...daemonOptions(given) };
      console.log(unit(findScript(script), args, options));
    })
    .addHelpText(
      'after',
      `
For root it is a unit of the system, for others one of the user (systemctl --user). Without --name and --log what it
writes goes to the journal.

Example:
  $ tsdaemon unit --name api /srv/api/server.js > /etc/systemd/system/api.service && systemctl enable --now api`,
    );
}

function unit(script: string, args: readonly string[], given: DaemonizeOptions): string {
  const settings = resolveOptions(given);
  const ofSystem = process.geteuid?.() === 0;
  // There is nothing to keep under systemd but what it is told.
  const kept = given.cwd === 'keep' ? process.cwd() : undefined;
  const words = [
    ...[process.execPath, join(realpathSync(__dirname), '..', 'cli.js'), 'start'],
    ...[...wordsOf(given), '--', script, ...args],
  ];
  return `[Unit]
Description=${settings.name ?? basename(script, extname(script))}
After=network.target

[Service]
Type=notify
ExecStart=${words.map(quote).join(' ')}
${kept === undefined ? '' : `WorkingDirectory=${kept.replaceAll('%', '%%')}\n`}ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
TimeoutStartSec=${settings.readyTimeout === 0 ? 'infinity' : seconds(settings.readyTimeout)}
TimeoutStopSec=${seconds(settings.shutdownTimeout + stopMargin)}
KillMode=mixed

# Not MemoryDenyWriteExecute: V8 writes the code that it runs.
${[...userHardening, ...(ofSystem ? hardening(script, { ...settings, cwd: kept ?? settings.cwd }) : [])].join('\n')}

[Install]
WantedBy=${ofSystem ? 'multi-user.target' : 'default.target'}`;
}

const userHardening = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'SystemCallArchitectures=native',
];

// These need the rights of the system's own manager.
const systemHardening = [
  'PrivateTmp=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHome=read-only',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectSystem=full',
  'RestrictNamespaces=yes',
];

/** Not what would hide a file that the daemon was given, or forbid it to write one. */
function hardening(script: string, settings: Settings): string[] {
  const { cwd, log, pidFile, stdin, stdout, stderr } = settings;
  const written = [log, pidFile, stdout, stderr];
  const isBelow =
    (...directories: string[]) =>
    (path: unknown): boolean =>
      typeof path === 'string' && directories.some((directory) => path.startsWith(`${directory}/`));
  const inTmp = [script, cwd, stdin, ...written].some(isBelow('/tmp', '/var/tmp'));
  const inHome = written.some(isBelow('/home', '/root', '/run/user'));
  const inSystem = written.some(isBelow('/usr', '/boot', '/efi', '/etc'));
  const left = [inTmp && 'PrivateTmp', inHome && 'ProtectHome', inSystem && 'ProtectSystem'];
  return systemHardening.filter((line) => !left.includes(line.slice(0, line.indexOf('='))));
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}

/** systemd.service(5): a word of a command line, in which `%` and `$` stand for themselves. */
function quote(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(plain)) return plain;
  return `"${plain.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
