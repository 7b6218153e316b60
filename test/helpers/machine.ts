import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { deadlines } from './deadlines.mjs';
import type { Exchange } from './document.ts';
import { project } from './install.mjs';
import type { Line } from './lines.ts';
import type { Scene } from './scene.ts';
import { Systemd } from './systemd.ts';

const run = promisify(execFile);

const separator = '\x1e';

/** Where the reader of a document is when it begins. */
const directory = '/home/ada/app';

const user = 1000;

/**
 * What the reader of a document has: a booted system with a user, ada, and with tsdaemon installed. Its
 * processes, its ports and what is changed of its files are its own, and go with it: all in it is ended by
 * the end of its first process.
 */
export class Machine {
  readonly #scene: Scene;
  readonly #systemd: Systemd;
  #scripts = 0;

  private constructor(scene: Scene, systemd: Systemd) {
    this.#scene = scene;
    this.#systemd = systemd;
  }

  static async boot(scene: Scene, line: Line): Promise<Machine> {
    const systemd = await Systemd.boot(scene, { network: 'own' });
    const machine = new Machine(scene, systemd);
    // What systemd takes for granted of the units that it knows.
    for (const name of ['sysinit', 'basic', 'shutdown', 'sockets', 'network', 'multi-user'])
      systemd.unit(`${name}.target`, { Unit: { DefaultDependencies: 'no' } });
    await machine.#inside(
      'sh',
      '-euc',
      furnish,
      'sh',
      scene.root,
      project,
      line.execPath,
      scene.dir,
    );
    return machine;
  }

  /** Ends it, and everything that runs in it. */
  halt(): Promise<void> {
    return this.#systemd.halt();
  }

  /** A file that the reader has written. */
  async write(name: string, text: string): Promise<void> {
    const path = resolve(directory, name);
    const own = path.startsWith(`${directory}/`) ? `--owner=${user}` : '--owner=root';
    const copy = this.#scene.path('file');
    writeFileSync(copy, text);
    await this.#inside('install', '-D', '--mode=644', own, copy, path);
    if (path.startsWith('/etc/systemd/')) await this.#systemd.systemctl('daemon-reload');
  }

  /** Types the commands at a terminal, and gives what was shown after each. */
  async type(exchanges: readonly Exchange[]): Promise<string[]> {
    const isRoot = exchanges[0]?.prompt === '#';
    const script = this.#scene.path(`script-${++this.#scripts}`);
    const commands = exchanges.map(({ command }) => `${command}printf '\\036'\n`);
    writeFileSync(script, `cd ${directory}\n${commands.join('')}`, { mode: 0o755 });
    const { stdout } = await this.#inside(
      ...(isRoot ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups']),
      ...['env', '--ignore-environment', ...environmentOf(isRoot)],
      ...Object.entries(this.#scene.environment()).map((pair) => pair.join('=')),
      ...['script', '--quiet', '--command', `bash ${script}`, '/dev/null'],
    );
    return stdout.split(separator).slice(0, -1);
  }

  #inside(...command: string[]): Promise<{ stdout: string }> {
    const [program = '', ...words] = this.#systemd.inside(command);
    return run(program, words, { encoding: 'utf8', timeout: deadlines.test / 2 });
  }
}

function environmentOf(isRoot: boolean): string[] {
  const own = isRoot
    ? ['HOME=/root', 'USER=root']
    : ['HOME=/home/ada', 'USER=ada', `XDG_RUNTIME_DIR=/run/user/${user}`];
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return [...own, path, 'TERM=xterm', 'PAGER=cat', 'LANG=C.UTF-8', 'SHELL=/bin/bash', 'TZ=UTC'];
}

// $1 where install() was, $2 the project, $3 node, $4 the scene. The lower directories are only read.
const furnish = `
for place in /home /root /srv /var/log /etc/logrotate.d; do mount -t tmpfs -o mode=755 none "$place"; done
mkdir "$4/over" && mount -t tmpfs none "$4/over"

overlay() { # WHERE NAME LOWER
  mkdir -p "$1" "$4/over/$2/upper" "$4/over/$2/work"
  mount -t overlay -o "lowerdir=$3,upperdir=$4/over/$2/upper,workdir=$4/over/$2/work" none "$1"
}
overlay /usr/bin bin /usr/bin "$4"
touch /usr/bin/node && mount --bind "$3" /usr/bin/node
overlay /srv/node_modules modules "$2/node_modules" "$4"
rm -rf /srv/node_modules/tsdaemon && cp -RL "$1/node_modules/tsdaemon" /srv/node_modules/
ln -s /srv/node_modules/tsdaemon/dist/cli.js /usr/bin/tsdaemon && chmod +x /srv/node_modules/tsdaemon/dist/cli.js

sed '$ a ada:x:${user}:${user}::/home/ada:/bin/bash' /etc/passwd >"$4/passwd" && mount --bind "$4/passwd" /etc/passwd
sed '$ a ada:x:${user}:' /etc/group >"$4/group" && mount --bind "$4/group" /etc/group
install -d -o ${user} -g ${user} /home/ada ${directory} /run/user/${user}
mkdir /home/node_modules && mount --bind /srv/node_modules /home/node_modules
cp -R "$1/examples" ${directory}/examples && chown -R ${user}:${user} ${directory}
mkdir -p /etc/systemd/system && mount --bind "$4/units" /etc/systemd/system
`;
