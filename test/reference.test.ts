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
import { exitStatusOf } from '../src/error-status.ts';
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

const inOrder = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([word]) => word)),
];

const found = (text: string, pattern: RegExp): string[] => inOrder(text, pattern).sort();

const escaped = (text: string): string => text.replaceAll(/[^\w]/g, '\\$&');

const helpOf = (...words: string[]): string =>
  execFileSync(process.execPath, [join(project, 'dist/cli.js'), ...words, '--help'], {
    encoding: 'utf8',
  });

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
    for (const limits of [undefined, { core: undefined }])
      expect(resolveOptions({ limits }, { directory: '/', isRoot: true }).limits).toEqual({
        core: 0,
      });
  });

  test('has every command, and no other, and every flag', () => {
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

describe('the fields of --json', () => {
  const documented = (command: string): string[] => {
    const row = api.split('\n').find((line) => line.startsWith(`| \`${command}\` |`)) ?? '';
    return /`--json`: (?:an array of )?`\{ (.*?) \}`/.exec(row)?.[1]?.split(', ') ?? [];
  };
  const fieldsOf = (file: string, head: string): string[] => {
    const [, fields = ''] = source(file).split(`interface ${head} {\n`);
    const [body = ''] = fields.split('\n}');
    return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name = '']) => name);
  };

  test('of status are in docs/api.md', () => {
    const [, fields = ''] =
      /JSON\.stringify\(\{ (.*) \}\)/.exec(source('cli/status-text.ts')) ?? [];
    expect(documented('status').sort()).toEqual(fields.split(', ').sort());
  });

  test('of list are in docs/api.md', () => {
    const fields = [
      ...fieldsOf('cli/list.ts', 'Entry extends DaemonStatus'),
      ...fieldsOf('status.ts', 'DaemonStatus'),
    ];
    expect(documented('list').sort()).toEqual(fields.sort());
    expect(fields.length).toBe(8);
  });
});

describe('docs/errors.md', () => {
  test('has every code, and no other', () => {
    const pattern = /ERR_DAEMON_[A-Z_]+/g;
    expect(found(errors, pattern)).toEqual(found(source('error.ts'), pattern));
  });

  test('has every step, in the order of native/core/result.h', () => {
    const header = readFileSync(join(project, 'native/core/result.h'), 'utf8');
    const steps = [...header.matchAll(/^ {2}STEP\((?!none)(\w+)\)/gm)].map(([, step = '']) =>
      step.replaceAll('_', '-'),
    );
    expect(steps.length).toBeGreaterThan(20);
    const table = errors.split('| code | step | usual cause | remedy |\n')[1]?.split('\n\n')[0];
    const cells = table?.split('\n').map((row) => row.split(' | ')[1]) ?? [];
    const documented = cells.flatMap((cell = '') => inOrder(cell, /(?<=`)[a-z-]+(?=`)/g));
    // What `log` says is of stdout and of stderr.
    expect([...new Set(documented)].filter((step) => step !== 'log')).toEqual(steps);
    expect(documented).toContain('log');
  });
});

describe('docs/recipes/migrating.md', () => {
  const spans = read('docs/recipes/migrating.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.endsWith(' |'))
    .flatMap((row) => [...(row.split(' | ')[1] ?? '').matchAll(/`([^`]+)`/g)])
    .map(([, span = '']) => span);
  /** Without what the shell does, and what is left out. */
  const wordsOf = (span: string): string[] => span.replace(/ (?:>|…).*/, '').split(' ');
  const commands = spans
    .map((span) =>
      span.startsWith('--') ? ['tsdaemon', 'start', ...wordsOf(span)] : wordsOf(span),
    )
    .filter(([program]) => program === 'tsdaemon');

  test('has commands and options', () => {
    expect(commands.length).toBeGreaterThan(15);
    expect(new Set(commands.map(([, command]) => command))).toEqual(
      new Set(['start', 'stop', 'restart', 'list', 'logs', 'unit']),
    );
  });

  for (const [, ...words] of commands)
    test(`names what there is: tsdaemon ${words.join(' ')}`, () => {
      const [command = '', ...given] = words;
      const lines = helpOf(command).split('\n');
      const options: string[] = [];
      while (given[0]?.startsWith('-')) {
        const flag = given.shift() ?? '';
        const line = lines.find((text) => new RegExp(`^ {2}(?:-\\w, )?${flag}[, ]`).test(text));
        expect(line, flag).toBeDefined();
        const takesValue = /^ {2}(?:-\w, )?--[\w-]+ </.test(line ?? '');
        if (!takesValue) options.push(flag);
        // An option may be named alone, whatever its value.
        else if (given.length > 0 && !given[0]?.startsWith('-'))
          options.push(flag, given.shift() ?? '');
      }
      // A value that is none of its choices would be refused before the help is shown.
      expect(helpOf(command, ...options)).toMatch(new RegExp(`^Usage: tsdaemon ${command}\\b`));
    });

  test('names options of daemonize() that there are', () => {
    const named = spans.flatMap(
      (span) => /^daemonize\(\{ (.*) \}\)$/.exec(span)?.[1]?.split(', ') ?? [],
    );
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(Object.keys(rules)).toContain(name);
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
