/**
 * The tables of the documents, and what they are of: nothing is missing in them, and nothing is in them that
 * there is not.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { DaemonError, type DaemonErrorCode } from '../src/error.ts';
import { exitStatusOf } from '../src/exit-status.ts';
import { rules } from '../src/option-rules.ts';
import { resolveOptions } from '../src/settings.ts';
import { documents, read } from './helpers/document.ts';
import { project } from './helpers/install.mjs';

const api = read('docs/api.md');
const errors = read('docs/errors.md');

const source = (path: string): string => readFileSync(join(project, 'src', path), 'utf8');

/** The words in backticks in the first cell of each row of the table that begins with `head`. */
function rowsOf(document: string, head: string): string[] {
  const table = document.split(`${head}\n`)[1]?.split('\n\n')[0] ?? '';
  const rows = table.split('\n').slice(1);
  return rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
  );
}

const found = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].map(([word]) => word))].sort();

const escaped = (text: string): string => text.replaceAll(/[^\w]/g, '\\$&');

describe('docs/api.md', () => {
  test('has every option, and no other', () => {
    const documented = rowsOf(api, '| option | value | variable | default |');
    expect(documented.sort()).toEqual(Object.keys(rules).sort());
  });

  test('has every variable of the environment, and no other', () => {
    const pattern = /TSDAEMON_[A-Z_]+[A-Z]/g;
    expect(found(api, pattern)).toEqual(found(source('environment.ts'), pattern));
  });

  test('has every member of the handle, and every event', () => {
    const report = readFileSync(join(project, 'test/types/tsdaemon.api.md'), 'utf8');
    const [, members = ''] = /class Daemon extends .*\n([\s\S]*?)^}/m.exec(report) ?? [];
    const names = [...members.matchAll(/^ {4}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
    const documented = rowsOf(api, '| member | |').map((name) => name.replace(/\(.*/, ''));
    expect(documented.sort()).toEqual(names.filter((name) => name !== 'constructor').sort());

    const [, events = ''] = /interface DaemonEvents {\n([\s\S]*?)^}/m.exec(report) ?? [];
    expect(rowsOf(api, '| event | when |').sort()).toEqual(
      [...events.matchAll(/(\w+):/g)]
        .map(([, name]) => `'${name}'`)
        .filter((name) => name !== "'signal'")
        .sort(),
    );
  });

  test('has every exported name', () => {
    const report = readFileSync(join(project, 'test/types/tsdaemon.api.md'), 'utf8');
    for (const [, name] of report.matchAll(/^export \w+ (\w+)/gm))
      expect(api).toMatch(new RegExp(`\`${name}\\b`));
    for (const [, name] of report.matchAll(/^export function (\w+)/gm))
      expect(api).toMatch(new RegExp(`^(?:## |- |\\| )\`${name}\\(`, 'm'));
  });

  test('has the defaults', () => {
    const {
      umask,
      limits,
      stdout: _,
      stderr: __,
      ...defaults
    } = resolveOptions({}, { directory: '/', isRoot: false });
    const shown = { ...defaults, umask: `0o0${umask.toString(8)}` };
    for (const [name, value] of Object.entries(shown)) {
      const row = api.split('\n').find((line) => line.startsWith(`| \`${name}\` `)) ?? '';
      const text = name === 'umask' ? String(value) : inspect(value);
      expect(/[^|]*(?= \|$)/.exec(row)?.[0].trim(), name).toMatch(
        new RegExp(`^\`?${escaped(text)}\`?(?:;|$)`),
      );
    }
    expect(limits).toEqual({});
    expect(resolveOptions({}, { directory: '/', isRoot: true }).limits).toEqual({ core: 0 });
  });

  test('has every command, and no other, and every flag', () => {
    const helpOf = (...command: string[]) =>
      execFileSync(process.execPath, [join(project, 'dist/cli.js'), ...command, '--help'], {
        encoding: 'utf8',
      });
    const help = helpOf();
    const flagOf = (option: string) =>
      `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const options = new Set(Object.keys(rules).map(flagOf));
    for (const command of [
      'start',
      'stop',
      'restart',
      'status',
      'list',
      'logs',
      'reload',
      'signal',
      'unit',
    ])
      for (const flag of found(helpOf(command), /(?<=^ {2}(?:-\w, )?)--[a-z][a-z-]+/gm))
        if (!options.has(flag) && flag !== '--help') expect(api, command).toContain(`\`${flag}`);

    const [, commands = ''] = /Commands:\n([\s\S]*)/.exec(help) ?? [];
    const names = [...commands.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
    const documented = rowsOf(api, '| command | |').map((words) => words.split(' ')[0]);
    expect(documented.filter((word) => /^[a-z]/.test(word ?? '')).sort()).toEqual(
      names.filter((name) => name !== 'help').sort(),
    );
  });
});

describe('docs/errors.md', () => {
  test('has every code, and no other', () => {
    const pattern = /ERR_DAEMON_[A-Z_]+/g;
    expect(found(errors, pattern)).toEqual(found(source('error.ts'), pattern));
  });

  test('has every step', () => {
    const steps = [...source('failure.ts').matchAll(/^ {2}(\w+): \{ code: '/gm)].map(
      ([, step = '']) => step.replaceAll('_', '-'),
    );
    expect(steps.length).toBeGreaterThan(20);
    for (const step of [...steps, 'support', 'log']) expect(errors).toContain(`\`${step}\``);
  });
});

test('the exit statuses of the README are those of errors', () => {
  const readme = read('README.md');
  const statuses: [DaemonErrorCode, object, number][] = [
    ['ERR_DAEMON_CHDIR', { errno: 'ENOENT' }, 1],
    ['ERR_DAEMON_NO_SCRIPT', {}, 2],
    ['ERR_DAEMON_RUNNING', {}, 3],
    ['ERR_DAEMON_LOG', { errno: 'EACCES' }, 4],
  ];
  for (const [code, context, status] of statuses) {
    expect(exitStatusOf(new DaemonError(code, context))).toBe(status);
    for (const document of [readme, api])
      expect(document).toMatch(new RegExp(`^\\| ${status} \\| `, 'm'));
  }
});

test('the links of the documents lead somewhere', () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  const anchors = (path: string): string[] =>
    [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      slug(heading),
    );
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)]
      .filter(([, path = '', anchor = '']) => {
        const target =
          path === '' ? join(project, document) : join(project, dirname(document), path);
        return !existsSync(target) || (anchor !== '' && !anchors(target).includes(anchor));
      })
      .map(([link]) => `${document}: ${link}`),
  );
  expect(broken).toEqual([]);
});
