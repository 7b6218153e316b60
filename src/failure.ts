import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

import type { NativeFailure, NativeStep, Obstacle } from './binding.js';
import { DaemonError, type DaemonErrorCode, type ErrorContext } from './error.js';
import { show } from './option-rules.js';
import type { Settings } from './settings.js';
import { signalName } from './signal-names.js';

interface StepFacts {
  code: DaemonErrorCode;
  syscall?: string;
  /** The option that names the file. */
  option?:
    | 'cwd'
    | 'pidFile'
    | 'stdin'
    | 'stdout'
    | 'stderr'
    | 'user'
    | 'group'
    | 'groups'
    | 'limits'
    | 'oomScoreAdj'
    | 'nice'
    | 'chroot';
}

const steps: Record<Exclude<NativeStep, 'support'>, StepFacts> = {
  children: { code: 'ERR_DAEMON_UNFORKABLE' },
  user: { code: 'ERR_DAEMON_USER', option: 'user' },
  group: { code: 'ERR_DAEMON_GROUP', option: 'group' },
  groups: { code: 'ERR_DAEMON_GROUPS', option: 'groups' },
  limits: { code: 'ERR_DAEMON_LIMITS', syscall: 'prlimit', option: 'limits' },
  pid_file: { code: 'ERR_DAEMON_PID_FILE', syscall: 'open', option: 'pidFile' },
  lock: { code: 'ERR_DAEMON_LOCK', syscall: 'flock', option: 'pidFile' },
  stdin: { code: 'ERR_DAEMON_STDIN', syscall: 'open', option: 'stdin' },
  stdout: { code: 'ERR_DAEMON_LOG', syscall: 'open', option: 'stdout' },
  stderr: { code: 'ERR_DAEMON_LOG', syscall: 'open', option: 'stderr' },
  prepare: { code: 'ERR_DAEMON_PREPARE' },
  freeze: { code: 'ERR_DAEMON_FREEZE' },
  survey: { code: 'ERR_DAEMON_SURVEY' },
  fork: { code: 'ERR_DAEMON_FORK', syscall: 'clone' },
  oom_score_adj: { code: 'ERR_DAEMON_OOM_SCORE_ADJ', syscall: 'write', option: 'oomScoreAdj' },
  chroot: { code: 'ERR_DAEMON_CHROOT', syscall: 'chroot', option: 'chroot' },
  chdir: { code: 'ERR_DAEMON_CHDIR', syscall: 'chdir', option: 'cwd' },
  nice: { code: 'ERR_DAEMON_NICE', syscall: 'setpriority', option: 'nice' },
  credentials: { code: 'ERR_DAEMON_CREDENTIALS', syscall: 'setresuid' },
  revive: { code: 'ERR_DAEMON_REVIVE', syscall: 'clone' },
  write_pid: { code: 'ERR_DAEMON_WRITE_PID', syscall: 'write', option: 'pidFile' },
  exec: { code: 'ERR_DAEMON_EXEC', syscall: 'execve' },
  handover: { code: 'ERR_DAEMON_HANDOVER' },
};

/** What keeps glibc from asking for a shadow stack, whatever the program was built for. */
const noShadowStack =
  process.arch === 'arm64' ? 'glibc.cpu.aarch64_gcs=0' : 'glibc.cpu.x86_shstk=off';

/** In words, why a process cannot be forked with its threads. */
export const obstacles: Record<Exclude<Obstacle, 'none'>, string> = {
  'proc-missing': '/proc is not mounted, or does not tell of this process',
  tracer: 'a debugger or strace is attached to it; detach it first',
  'shadow-stack': `the processor keeps a shadow stack for it; start it with GLIBC_TUNABLES=${noShadowStack}`,
  'thread-block': 'its C library keeps the ids of threads where they were not found',
  'tid-address': 'the kernel does not tell what a thread clears when it ends (PR_GET_TID_ADDRESS)',
  'lock-layout': 'the locks of its C library do not look as expected',
  'kernel-poller':
    'it has an io_uring ring with a poller in the kernel; start it without UV_USE_IO_URING=1',
};

const unforkable: readonly Obstacle[] = ['tracer', 'shadow-stack', 'kernel-poller'];

/** The error for a step that the native side could not do. */
export function failureError(failure: NativeFailure, settings: Settings): DaemonError {
  const { step, obstacle, errno } = failure;
  if (step === 'support' && obstacle !== 'none')
    return new DaemonError(
      unforkable.includes(obstacle) ? 'ERR_DAEMON_UNFORKABLE' : 'ERR_DAEMON_UNSUPPORTED',
      { step, what: obstacles[obstacle] },
    );
  if (step === 'lock' && isHeldElsewhere(errno))
    return new DaemonError('ERR_DAEMON_RUNNING', {
      step,
      path: settings.pidFile,
      pid: failure.pid === 0 ? undefined : failure.pid,
    });
  const facts = steps[step as keyof typeof steps];
  const target = facts.option === undefined ? undefined : settings[facts.option];
  return new DaemonError(facts.code, {
    step: isLog(facts.code, target, settings) ? 'log' : step.replaceAll('_', '-'),
    syscall: facts.syscall,
    ...(isPathOption(facts.option)
      ? { path: typeof target === 'number' ? `descriptor ${target}` : (target as string) }
      : {}),
    ...systemError(errno),
    ...details(failure, settings, target),
  });
}

/** The part of the message that only this failure has. */
function details(
  { step, thread, pid, waitStatus }: NativeFailure,
  settings: Settings,
  target: unknown,
): ErrorContext {
  if (step === 'freeze' && thread !== 0)
    return { what: `the thread ${thread} could not be stopped` };
  if (step === 'handover') return { pid, ...howItEnded(pid, waitStatus) };
  if (step === 'children') return liveChild(pid);
  if (step === 'exec') return { path: process.execPath };
  if (target === undefined && (step === 'group' || step === 'groups'))
    return { what: whose(step, settings) };
  return target === undefined ? {} : { what: show(target) };
}

/** Groups that were not named, but follow from what was. */
function whose(step: 'group' | 'groups', { user, group }: Settings): string {
  if (step === 'group') return show(user);
  return group === undefined ? `of the user ${show(user)}` : `of the group ${show(group)}`;
}

function liveChild(pid: number): ErrorContext {
  const child = pid === 0 ? 'a child process' : `the child process ${pid}${nameOfProcess(pid)}`;
  return {
    ...(pid === 0 ? {} : { pid }),
    what: `${child} would stay the launcher's; start it after daemonize(), or set \`force\``,
  };
}

/** proc_pid_comm(5): a loader may have started it, of which the program knows nothing. */
function nameOfProcess(pid: number): string {
  try {
    return ` (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`;
  } catch {
    return '';
  }
}

/** Whether an output leads where `log` says, of which it is said then. */
function isLog(code: DaemonErrorCode, target: unknown, { log }: Settings): boolean {
  return code === 'ERR_DAEMON_LOG' && target === log;
}

const pathOptions: readonly unknown[] = ['cwd', 'pidFile', 'stdin', 'stdout', 'stderr', 'chroot'];

function isPathOption(option: unknown): boolean {
  return pathOptions.includes(option);
}

/** Of an error that libuv does not know. */
function nameOf(errno: number): string {
  const known = Object.entries(constants.errno).find(([, number]) => number === errno);
  return known?.[0] ?? `errno ${errno}`;
}

function isHeldElsewhere(errno: number): boolean {
  return errno === constants.errno.EWOULDBLOCK;
}

/** What the system calls an error, and what it says of it. */
export function systemError(errno: number): Pick<ErrorContext, 'errno' | 'reason'> {
  if (errno === 0) return {};
  const [name, reason] = getSystemErrorMap().get(-errno) ?? [nameOf(errno), undefined];
  return { errno: name, reason };
}

/** wait(2): the signal is in the low seven bits, the exit code above the eighth. */
function howItEnded(pid: number, waitStatus: number): ErrorContext {
  if (waitStatus === 0) return { what: `the daemon ${pid} did not answer` };
  const signal = signalName(waitStatus & 0x7f);
  if (signal !== undefined) return { signal, what: `the daemon ${pid} was ended by ${signal}` };
  const exitCode = (waitStatus >> 8) & 0xff;
  return { exitCode, what: `the daemon ${pid} exited with ${exitCode}` };
}
