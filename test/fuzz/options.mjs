// Whatever is given as options is an error of ours that says what was expected, before anything is changed:
//
//   node test/fuzz/options.mjs SECONDS
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { daemonize } from '../../dist/index.js';

const names =
  `core nofile cwd umask log stdin stdout stderr name pidFile ifRunning closeFds keepFds env user group groups chroot
  limits oomScoreAdj nice title force detach strategy ready readyTimeout shutdownTimeout`.split(
    /\s+/,
  );
const values = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
});
const nearlyRight = fc.constantFrom(
  ...[
    'auto',
    'fork',
    'inherit',
    'null',
    '/',
    '.',
    '',
    'a\0b',
    '-1',
    0,
    -1,
    1.5,
    2 ** 31,
    Infinity,
    NaN,
    true,
    [],
    [1],
    {},
  ],
);
const options = fc.dictionary(
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.string()),
  fc.oneof(values, nearlyRight),
);

const before = { directory: process.cwd(), umask: process.umask(), pid: process.pid };
const report = fc.check(
  fc.property(options, (given) => {
    // The last that is looked at is wrong in any case, so that nothing is ever begun.
    const wrong = Object.assign(Object.create(null), given, { '~': true });
    let thrown;
    try {
      daemonize(wrong);
    } catch (error) {
      thrown = error;
    }
    assert.ok(thrown instanceof Error, 'something is thrown');
    assert.equal(
      /** @type {NodeJS.ErrnoException} */ (thrown).code,
      'ERR_DAEMON_OPTION',
      String(thrown.stack),
    );
    assert.ok(thrown.message.length < 1000, thrown.message);
    const now = { directory: process.cwd(), umask: process.umask(), pid: process.pid };
    assert.deepEqual(now, before);
  }),
  {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Number(process.argv[2]) * 1000,
    markInterruptAsFailure: false,
  },
);
console.log(`options: ${report.numRuns} runs, seed ${report.seed}`);
if (report.failed) console.error(fc.defaultReportMessage(report));
process.exitCode = report.failed ? 1 : 0;
