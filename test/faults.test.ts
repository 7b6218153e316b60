import { describe, expect } from 'vitest';
import { cases } from './faults/cases.mjs';
import { choose, type Fault, faultsAt, nameOf, noFault, withoutTheLike } from './faults/plan.mjs';
import type { Call } from './faults/record.mjs';
import { type Outcome, Start } from './faults/start.mjs';
import { lines } from './helpers/lines.ts';
import type { Scene } from './helpers/scene.ts';
import { test } from './helpers/test.ts';

/** Of a start without a fault, in which the calls are recorded. */
type Whole = { calls: Call[]; run: (fault: Fault) => Promise<Outcome> };

/** The newest and the oldest Node have the most in which they differ. */
const [line = lines[0]] = lines.slice(-1);

/** For the sample of each start. */
const patience = 3000;

async function whole(scene: Scene, name: string): Promise<Whole> {
  const start = cases.find((one) => one.name === name);
  if (start === undefined || line === undefined) throw new Error(`no start ${name}`);
  const { TEST_SCENE: id = '' } = scene.environment();
  const same = { root: scene.root, dir: scene.dir, execPath: line.execPath, start, id };
  const { calls, daemon: expected } = await new Start({ ...same, fault: noFault }).run();
  return { calls, run: (fault) => new Start({ ...same, fault, expected }).run() };
}

/** A call that fails and one that kills, by chance. */
function inTurns(faults: Fault[]): Fault[] {
  const mixed = choose(faults, faults.length, 1);
  const kills = mixed.filter(({ action }) => action === 'kill');
  const errnos = mixed.filter(({ action }) => action !== 'kill');
  return errnos.flatMap((fault, at) => [fault, ...kills.slice(at, at + 1)]);
}

describe('a start with a fault at a system call', () => {
  // A large heap is for the whole run: it takes as long as all the others.
  for (const { name } of cases.filter(({ name }) => name !== 'large-heap'))
    test(`by ${name} throws, tells its end, or makes a whole daemon`, async ({ scene }) => {
      const { calls, run } = await whole(scene, name);
      const begun = Date.now();
      const faults = inTurns(faultsAt(withoutTheLike(calls)));
      let reached = 0;
      // As far as it gets: each is another one, and the same ones come first every time.
      for (const fault of faults) {
        if (reached > 0 && Date.now() - begun > patience) break;
        const { isHit } = await run(fault);
        if (isHit) reached++;
      }
      expect(reached).toBeGreaterThan(0);
      await scene.nothingLeft();
    });
});

/** Each was once a daemon that was not what it was to be, or an error that named something else. */
const mended: {
  title: string;
  start: string;
  is: (call: Call) => boolean;
  action: string;
  outcome: string;
}[] = [
  {
    title: 'a descriptor that cannot be looked at is not taken for one that was inherited',
    start: 'early',
    is: ({ role, call, text }) =>
      role === 'launcher' && call === 'readlinkat' && /^\d+$/.test(text),
    action: 'EACCES',
    outcome: 'exit 4 ERR_DAEMON_PREPARE',
  },
  {
    title: 'an epoll set that cannot be read does not make its pipes inherited ones',
    start: 'early',
    is: ({ role, call, text }) => role === 'launcher' && call === 'read' && /fdinfo/.test(text),
    action: 'EIO',
    outcome: 'exit 1 ERR_DAEMON_PREPARE',
  },
  {
    title: 'an inherited descriptor that cannot be told from another is not kept',
    start: 'early',
    is: ({ role, call, text }) => role === 'daemon' && call === 'fstat' && text === '/',
    action: 'EIO',
    outcome: 'exit 1 ERR_DAEMON_PREPARE',
  },
  {
    title: 'want of descriptors is no reason to run the program twice',
    start: 'call',
    is: ({ role, call, text }) =>
      role === 'launcher' && call === 'openat' && text === '/proc/self/status',
    action: 'EMFILE',
    outcome: 'thrown ERR_DAEMON_PREPARE prepare EMFILE',
  },
  {
    title: 'want of memory to look at /proc is no reason to run the program twice',
    start: 'call',
    is: ({ role, call, text }) =>
      role === 'launcher' && call === 'readlinkat' && text === '/proc/self',
    action: 'ENOMEM',
    outcome: 'thrown ERR_DAEMON_PREPARE prepare ENOMEM',
  },
  {
    title: 'a pid file that cannot be looked at is not one that was replaced',
    start: 'call',
    is: ({ role, call, text }) => role === 'launcher' && call === 'newfstatat' && text === 'pid',
    action: 'ENOMEM',
    outcome: 'thrown ERR_DAEMON_PID_FILE pid-file ENOMEM',
  },
  {
    title: 'a log that would be left without blocking is not taken',
    start: 'call',
    is: ({ role, call, text }) => role === 'launcher' && call === 'fcntl.4' && /log$/.test(text),
    action: 'EPERM',
    outcome: 'thrown ERR_DAEMON_LOG log EPERM',
  },
  {
    title: 'what the daemon writes to stderr can be shown, or the start fails',
    start: 'early',
    is: ({ role, call, text }) => role === 'launcher' && call === 'fcntl.38' && /memfd/.test(text),
    action: 'EMFILE',
    outcome: 'exit 1 ERR_DAEMON_PREPARE',
  },
  {
    title: 'a limit is set or the step fails',
    start: 'call',
    is: ({ role, call }) => role === 'daemon' && call === 'prlimit64',
    action: 'EPERM',
    outcome: 'thrown ERR_DAEMON_LIMITS limits EPERM',
  },
  {
    title: 'a thread whose end could not be seen is not carried over',
    start: 'call',
    is: ({ role, call }) => role === 'parked' && call === 'prctl.40',
    action: 'EINVAL',
    outcome: 'thrown ERR_DAEMON_FREEZE freeze ENOTSUP',
  },
  {
    title: 'what fails behind the steps ends the process, in which nobody could go on',
    start: 'foreground',
    is: ({ role, call, text }) => role === 'launcher' && call === 'chdir' && text === '.',
    action: 'ENOMEM',
    outcome: 'exit 1 ERR_DAEMON_CHDIR',
  },
  {
    title: 'a descriptor that another thread is about to open is asked for again',
    start: 'call',
    is: ({ role, call }) => role === 'daemon' && call === 'dup3',
    action: 'EBUSY',
    outcome: 'daemon',
  },
  {
    title: 'an addon that cannot be loaded is an error of ours',
    start: 'call',
    is: ({ role, call, text }) =>
      role === 'launcher' && call === 'openat' && /tsdaemon\.node$/.test(text),
    action: 'EACCES',
    outcome: 'thrown ERR_DAEMON_PLATFORM',
  },
  {
    title: 'what is handed to the second run arrives there, or the start fails',
    start: 'call-by-exec',
    // The directory of the pid file.
    is: ({ role, call, b, c, text }) =>
      role === 'daemon' &&
      call === 'fcntl.2' &&
      b === '2' &&
      c === '0' &&
      !/\/(log|pid|null)$/.test(text) &&
      text.startsWith('/'),
    action: 'EPERM',
    outcome: 'thrown ERR_DAEMON_EXEC exec EPERM',
  },
  {
    title: 'a daemon that cannot tell that it is complete does not go on',
    start: 'call',
    is: ({ role, call, text }) => role === 'daemon' && call === 'write' && /^pipe:/.test(text),
    action: 'EAGAIN',
    outcome: 'thrown ERR_DAEMON_HANDOVER handover',
  },
];

describe('of a start', () => {
  for (const { title, start, is, action, outcome } of mended)
    test(title, async ({ scene }) => {
      const { calls, run } = await whole(scene, start);
      const call = calls.find(is);
      if (call === undefined) throw new Error(`no such call in ${calls.length}`);
      const fault = { role: call.role, call: call.call, nth: call.nth, action };
      const result = await run(fault);
      expect({ fault: nameOf(fault), ...result }).toMatchObject({ isHit: true, outcome });
    });
});
