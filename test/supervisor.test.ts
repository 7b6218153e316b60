import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { starts } from './helpers/lines.ts';
import { test } from './helpers/test.ts';

interface Up {
  cwd: string;
}

const handOver = fileURLToPath(new URL('helpers/hand-over.py', import.meta.url));
const sh = (line: string) => ['sh', '-c', line, 'sh'];

/** Pid 1 of a namespace of its own. */
const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const inPidNamespace =
  process.getuid?.() === 0 ? unshare : [...unshare, '--user', '--map-root-user'];

const supervised = [
  { by: 'NOTIFY_SOCKET', through: sh('NOTIFY_SOCKET=$TEST_DIR/none exec "$@"') },
  { by: 'its pid in SYSTEMD_EXEC_PID', through: sh('SYSTEMD_EXEC_PID=$$ exec "$@"') },
  { by: 'its pid in LISTEN_PID', through: sh('LISTEN_PID=$$ exec "$@"') },
  { by: 'being pid 1', through: inPidNamespace },
  { by: 'a connection of TCP as stdin', through: ['python3', handOver, 'stdin', 'inet'] },
  {
    by: 'a connection of a named socket as stdin',
    through: ['python3', handOver, 'stdin', 'unix'],
  },
];

const unsupervised = [
  { by: 'INVOCATION_ID', through: sh('INVOCATION_ID=4f792debc1c9 exec "$@"') },
  { by: 'an empty NOTIFY_SOCKET', through: sh('NOTIFY_SOCKET= exec "$@"') },
  { by: "another's pid in SYSTEMD_EXEC_PID", through: sh('SYSTEMD_EXEC_PID=$PPID exec "$@"') },
  { by: "another's pid in LISTEN_PID", through: sh('LISTEN_PID=$PPID exec "$@"') },
  { by: 'a parent that is pid 1', through: [...inPidNamespace, ...sh('"$@"; wait; sleep 1000')] },
  { by: 'a socketpair as stdin', through: ['python3', handOver, 'stdin', 'pair'] },
  { by: 'stdin closed', through: sh('exec "$@" <&-') },
];

for (const { line, entry, name } of starts) {
  describe(`a program that stays in the foreground under a supervisor alone, ${name},`, () => {
    const program = { line, entry, program: 'supervised.cjs' } as const;
    const daemon = entry === 'early' ? {} : { detach: 'auto' as const };

    for (const { by, through } of supervised) {
      test(`knows one by ${by}`, async ({ scene }) => {
        scene.launch({ ...program, daemon, through });
        const { cwd } = await scene.report<Up>('up');
        expect(cwd).toBe(scene.root);
      });
    }

    for (const { by, through } of unsupervised) {
      test(`takes ${by} for none`, async ({ scene }) => {
        scene.launch({ ...program, daemon, through });
        const { cwd } = await scene.report<Up>('up');
        expect(cwd).toBe('/');
      });
    }
  });
}
