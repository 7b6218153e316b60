// The Node lines that are tested. The running Node stands for its own line; the others come from
// npm, one exact version each, without install scripts, into .nodes/<major>/.
//
//   node scripts/node-lines.mjs          installs what is missing and prints the table
//   NODE_LINES=20,24 npm test            limits a run to some of them
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = import.meta.dirname ?? fileURLToPath(new URL('.', import.meta.url));
const nodesDirectory = join(here, '..', '.nodes');
const packageName = `node-linux-${process.arch}`;
const runningMajor = Number(process.versions.node.split('.')[0]);

/** @returns {{ major: number, version: string, execPath: string }[]} oldest first */
export function nodeLines() {
  const lines = selectedLines();
  const missing = lines.filter((line) => !existsSync(line.execPath));
  if (missing.length > 0) {
    const majors = missing.map((line) => line.major).join(', ');
    throw new Error(`Node ${majors} is not installed; run "npm run node-lines"`);
  }
  return lines;
}

function selectedLines() {
  const wanted = process.env.NODE_LINES?.split(',').map(Number);
  const lines = Object.entries(pinnedVersions()).map(([major, version]) =>
    lineOf(Number(major), version),
  );
  const selected = lines.filter((line) => wanted === undefined || wanted.includes(line.major));
  if (selected.length === 0) {
    throw new Error(`NODE_LINES=${process.env.NODE_LINES} names none of the tested lines`);
  }
  return selected;
}

export function pinnedVersions() {
  return JSON.parse(readFileSync(join(here, 'node-lines.json'), 'utf8'));
}

function lineOf(major, version) {
  if (major === runningMajor) {
    return { major, version: process.versions.node, execPath: process.execPath };
  }
  const root = join(nodesDirectory, String(major), 'node_modules', packageName);
  return { major, version, execPath: join(root, 'bin', 'node') };
}

function install(line) {
  if (line.execPath === process.execPath || runs(line)) return;
  mkdirSync(nodesDirectory, { recursive: true });
  // Installed beside its place and then renamed: an interrupted install is never taken for a whole one.
  const staging = mkdtempSync(join(nodesDirectory, 'staging-'));
  try {
    const spec = `${packageName}@${line.version}`;
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
    execFileSync('npm', ['install', ...quiet, '--prefix', staging, spec], { stdio: 'inherit' });
    const place = join(nodesDirectory, String(line.major));
    rmSync(place, { recursive: true, force: true });
    renameSync(staging, place);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  if (!runs(line)) throw new Error(`${line.execPath} does not run as Node ${line.version}`);
}

function runs(line) {
  if (!existsSync(line.execPath)) return false;
  const answer = execFileSync(line.execPath, ['--version'], { encoding: 'utf8', env: {} });
  return answer.trim() === `v${line.version}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const line of selectedLines()) {
    install(line);
    console.log(`Node ${line.version.padEnd(8)}  ${line.execPath}`);
  }
}
