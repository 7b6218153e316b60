import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { anyLine, cli, tsdaemon } from './helpers/cli.ts';
import { cleanEnvironment } from './helpers/environment.mjs';
import { lines } from './helpers/lines.ts';
import { test } from './helpers/test.ts';
import { asOrdinaryUser, openToAll } from './helpers/user.ts';

for (const line of lines) {
  describe(`completion on Node ${line.major}`, () => {
    test('knows the commands, the options, their choices and the names of daemons', async ({
      scene,
    }) => {
      mkdirSync(scene.path('run'));
      for (const name of ['api', 'worker']) writeFileSync(scene.path(`run/${name}.pid`), '');
      /** The words that could follow, and what else the shell is told: 4 is that it could be no file. */
      const suggestions = async (...typed: string[]) => {
        const { code, stdout } = await tsdaemon(
          scene,
          openToAll(scene, line),
          ['complete', '--', ...typed],
          {
            env: { XDG_RUNTIME_DIR: scene.path('run') },
            through: asOrdinaryUser,
          },
        );
        expect(code).toBe(0);
        return stdout
          .trim()
          .split('\n')
          .map((text) => text.split('\t')[0] ?? '');
      };
      expect(await suggestions('st')).toEqual(['start', 'stop', 'status', ':4']);
      expect(await suggestions('start', '--pid')).toEqual(['--pid-file', ':4']);
      expect(await suggestions('start', '--ready', '')).toEqual([
        'loaded',
        'listening',
        'detached',
        ':4',
      ]);
      expect(await suggestions('stop', '--name', '')).toEqual(['api', 'worker', ':4']);
      expect(await suggestions('status', 'a')).toEqual(['api', ':4']);
      expect(await suggestions('completion', 'z')).toEqual(['zsh', ':4']);
      expect(await suggestions('start', 'app')).toEqual([':0']);
      expect(await suggestions('start', '--log', '')).toEqual([':0']);
    });
  });
}

const line = anyLine;

describe('a completion script', () => {
  test('completes in bash', async ({ scene }) => {
    const { code, stdout, stderr } = await tsdaemon(scene, line, ['completion', 'bash']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The package bash-completion, as far as it is asked for here.
    const parser = `_get_comp_words_by_ref() {
      words=("\${COMP_WORDS[@]}")
      cur=\${words[-1]}
    }`;
    const use = `
      tsdaemon() { "$TEST_NODE" "$TEST_CLI" "$@"; }
      compopt() { :; }
      COMP_WORDS=(tsdaemon st)
      __tsdaemon_complete
      echo "$(complete -p tsdaemon): \${COMPREPLY[*]}"`;
    const shell = spawnSync('bash', ['-c', [parser, stdout, use].join('\n')], {
      encoding: 'utf8',
      env: { ...cleanEnvironment(), TEST_NODE: line.execPath, TEST_CLI: cli(scene) },
    });
    expect(shell.stdout).toBe(
      'complete -o default -F __tsdaemon_complete tsdaemon: start stop status\n',
    );
  });

  for (const shell of ['zsh', 'fish']) {
    test(`is printed for ${shell}`, async ({ scene }) => {
      const { code, stdout, stderr } = await tsdaemon(scene, line, ['completion', shell]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('tsdaemon complete --');
    });
  }

  test('is not there for other shells', async ({ scene }) => {
    const { code, stderr } = await tsdaemon(scene, line, ['completion', 'cmd']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^tsdaemon: ERR_DAEMON_OPTION: .*'cmd' is invalid .* Allowed choices are bash, zsh, fish;/,
    );
  });
});
