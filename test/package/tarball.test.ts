import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pack, project } from './managers.ts';

let directory: string;
let packed: ReturnType<typeof pack>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsdaemon-tarball-'));
  packed = pack(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What git has of some folders. */
function tracked(...folders: string[]): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...folders], {
    cwd: project,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((path) => path !== '');
}

test('the tarball has these files and no others', () => {
  const modules = tracked('src').map((path) => path.replace(/^src\/(.*)\.ts$/, 'dist/$1'));
  // All others of src/ itself are in modules.js.
  const files = [
    'dist/cli',
    'dist/early',
    'dist/index',
    ...modules.filter((path) => path.startsWith('dist/cli/')),
  ];
  expect(packed.files).toEqual(
    [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'SUPPORTED_PLATFORMS.md',
      'package.json',
      'prebuilds/linux-arm64/tsdaemon.glibc.node',
      'prebuilds/linux-x64/tsdaemon.glibc.node',
      'dist/modules.js',
      ...files.map((file) => `${file}.js`),
      ...modules.map((module) => `${module}.d.ts`),
      ...tracked('docs').filter((path) => !path.startsWith('docs/decisions/')),
    ].sort(),
  );
});

test('the tarball is smaller than 500 kB', () => {
  expect(packed.size).toBeLessThan(500_000);
});

test('nothing runs when the tarball is installed', () => {
  const text = execFileSync('tar', ['-xOf', packed.tarball, 'package/package.json'], {
    encoding: 'utf8',
  });
  const { scripts } = JSON.parse(text);
  const atInstallation = ['preinstall', 'install', 'postinstall', 'prepublish', 'prepare'];
  expect(Object.keys(scripts).filter((name) => atInstallation.includes(name))).toEqual([]);
  // Yarn 1 builds where it sees one, whatever "gypfile" says.
  expect(packed.files).not.toContain('binding.gyp');
});

describe('the check of the prebuilt addons', () => {
  function check(...files: string[]) {
    const script = join(project, 'scripts', 'check-prebuilds.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...files], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }

  function compile(...args: string[]) {
    execFileSync(process.env['CC'] ?? 'cc', ['-shared', '-fPIC', '-nostdlib', ...args], {
      cwd: directory,
      stdio: 'inherit',
    });
  }

  /** An addon with all that Node looks for, and with what is said in `c`. */
  function addon(name: string, c: string, ...args: string[]): string {
    const source = join(project, 'test', 'package', 'fixtures', 'addon.c');
    const file = join(directory, `${name}.node`);
    compile('-s', '-Wl,-z,now', `-DBODY=${c}`, '-o', file, source, ...args);
    return file;
  }

  test('passes what is in the tarball', () => {
    const { status, stderr } = check();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('passes an addon that asks for nothing', () => {
    expect(check(addon('plain', '')).stderr).toBe('');
  });

  test('finds a symbol that nobody is to see', () => {
    const { status, stderr } = check(addon('seen', 'int seen;'));
    expect(status).toBe(1);
    expect(stderr).toContain('seen is exported');
  });

  test('finds that what Node looks for is missing', () => {
    compile('-s', '-Wl,-z,now', '-o', 'empty.node', '-x', 'c', '/dev/null');
    const { status, stderr } = check(join(directory, 'empty.node'));
    expect(status).toBe(1);
    expect(stderr).toContain('napi_register_module_v1 is not exported');
  });

  test('finds a function of a libc, and of a C++ library, that is too new', () => {
    const source = join(project, 'test', 'package', 'fixtures', 'future.c');
    const versions = join(project, 'test', 'package', 'fixtures', 'future.map');
    compile(
      '-Wl,-soname,libc.so.6',
      `-Wl,--version-script=${versions}`,
      '-o',
      'libfuture.so',
      source,
    );
    const { status, stderr } = check(
      addon(
        'new',
        'int a(void), b(void), c(void); int use(void) { return a() + b() + c(); }',
        'libfuture.so',
      ),
    );
    expect(status).toBe(1);
    expect(stderr).toContain('a needs GLIBC_2.29, newer than GLIBC_2.28');
    expect(stderr).toContain('b needs GLIBCXX_3.4.22, newer than GLIBCXX_3.4.21');
    expect(stderr).not.toContain('c needs');
  });

  test('finds a library that Node does not bring along', () => {
    compile('-Wl,-soname,libfuture.so.1', '-o', 'other.so', '-x', 'c', '/dev/null');
    const { status, stderr } = check(addon('needy', '', '-Wl,--no-as-needed', 'other.so'));
    expect(status).toBe(1);
    expect(stderr).toContain('it needs libfuture.so.1');
  });

  test('finds a function that no library is linked for', () => {
    const { status, stderr } = check(
      addon('loose', 'int loose(void); int use(void) { return loose(); }'),
    );
    expect(status).toBe(1);
    expect(stderr).toContain('loose is of no library that is linked');
  });
});
