// Whatever stands in the environment, it is a setting that daemonize() takes, or an error of ours that names the
// variable:
//
//   node test/fuzz/environment.mjs SECONDS
import assert from 'node:assert/strict';
import fc from 'fast-check';
import load from '../../dist/modules.js';
import { environments } from './environments.mjs';

const { optionsFromEnvironment } = load('environment');
const { daemonize } = load('daemonize');

/** What it throws is ours, and short. @param {() => unknown} work @returns {string | undefined} */
function refusalOf(work) {
  try {
    work();
  } catch (error) {
    assert.equal(error.code, 'ERR_DAEMON_OPTION', error.stack);
    assert.ok(error.message.length < 1000, error.message);
    return error.message;
  }
}

let taken = 0;
const report = fc.check(
  fc.property(environments('/tmp'), (given) => {
    let options;
    const refusal = refusalOf(() => {
      options = optionsFromEnvironment(given);
    });
    const names = Object.keys(given);
    if (refusal !== undefined) {
      assert.ok(
        names.some((name) => refusal.startsWith(`Expected ${name} to be `)),
        refusal,
      );
      return;
    }
    taken++;
    assert.equal(Object.keys(options).length, names.length);
    // An option that there is not, the last that is looked at, so that nothing is ever begun.
    assert.match(
      refusalOf(() => daemonize({ ...options, '~': true })) ?? '',
      /^Unknown option `~`/,
    );
  }),
  {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Number(process.argv[2]) * 1000,
    markInterruptAsFailure: false,
  },
);
console.log(`environment: ${report.numRuns} runs, ${taken} taken, seed ${report.seed}`);
if (report.failed) console.error(fc.defaultReportMessage(report));
process.exitCode = report.failed ? 1 : 0;
