import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { stat, status, threads } from './proc.mjs';

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (error) {
    return `(${error instanceof Error ? error.message : error})`;
  }
}

/**
 * Where every thread of a process stands, as the kernel sees it.
 * @param {number} pid @returns {string}
 */
export function threadDump(pid) {
  const now = stat(pid);
  if (now === undefined) return `process ${pid}: gone`;
  const lines = [`process ${pid}: state ${now.state}, parent ${now.ppid}, session ${now.session}`];
  lines.push(`  ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
  for (const tid of threads(pid)) {
    const at = `/proc/${pid}/task/${tid}`;
    const { Name, State, SigBlk, SigPnd } = status(pid, tid) ?? {};
    lines.push(`  thread ${tid} ${Name}: ${State}, blocked ${SigBlk}, pending ${SigPnd}`);
    lines.push(`    wchan ${read(`${at}/wchan`)}, syscall ${read(`${at}/syscall`)}`);
    const stack = read(`${at}/stack`).split('\n');
    lines.push(...stack.slice(0, 4).map((line) => `    ${line}`));
  }
  return lines.join('\n');
}

/**
 * The user-space stacks, where a debugger is installed. What else goes on is not kept waiting.
 * @param {number} pid @returns {Promise<string | undefined>}
 */
export async function backtraces(pid) {
  try {
    const args = ['-p', String(pid), '-batch', '-ex', 'thread apply all bt'];
    const limits = { timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 };
    return (await promisify(execFile)('gdb', args, limits)).stdout;
  } catch {
    return undefined;
  }
}
