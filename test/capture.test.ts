import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { sleeps } from './helpers/daemons.ts';
import { isEarly, starts } from './helpers/lines.ts';
import { descriptors, isAlive } from './helpers/proc.mjs';
import { ShellLaunch } from './helpers/shell.ts';
import { test } from './helpers/test.ts';

const lines = [
  { title: '$(…)', line: 'out=$("$@"); echo "[$out] $?"', stdout: '[] 0\n' },
  { title: '$(… 2>&1)', line: 'out=$("$@" 2>&1); echo "[$out] $?"', stdout: '[] 0\n' },
  { title: 'a pipe', line: '{ "$@"; echo $?; } 2>&1 | cat', stdout: '0\n' },
  {
    title: 'a pipe that is read to its end',
    line: '"$@" 2>&1 | { cat; echo end; }',
    stdout: 'end\n',
  },
  {
    title: '$(…) by a descriptor of its own',
    line: 'out=$("$@" 3>&1); echo "[$out] $?"',
    stdout: '[] 0\n',
  },
  { title: 'timeout', line: 'timeout 100 "$@"; echo $?', stdout: '0\n' },
  { title: 'a shell in the background', line: '"$@" & wait $!; echo $?', stdout: '0\n' },
];

for (const { line, entry, name } of starts) {
  describe.concurrent(`a daemon ${name}`, () => {
    for (const { title, line: shellLine, stdout } of lines) {
      test(`is waited for until it is ready, and no longer, by ${title}`, async ({ scene }) => {
        // The preload closes by itself what the launcher has inherited.
        const closing = isEarly(entry) ? {} : { closeFds: true };
        const daemon = { ready: 'loaded', log: scene.path('log'), ...closing };
        const options = { line, entry, program: 'main/commonjs.cjs', daemon };
        const shell = new ShellLaunch(scene, options, shellLine);
        const { pid } = await scene.report<{ pid: number }>('up');
        await sleeps(scene, await shell.launcher());
        expect(shell.launch.stdout).toBe('');
        writeFileSync(scene.path('go'), '');
        expect(await shell.seen()).toEqual({ status: 0, stdout, stderr: '' });
        expect(isAlive(pid)).toBe(true);
        const targets = Object.values(descriptors(pid));
        expect(targets.slice(0, 3)).toEqual(['/dev/null', daemon.log, daemon.log]);
      });
    }
  });
}
