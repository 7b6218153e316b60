import { cleanEnvironment } from '../helpers/environment.mjs';
import { reap } from '../helpers/reaper.mjs';

/**
 * Starts processes that do nothing but spin. They end with us, whatever becomes of us.
 *
 * @param {string} root @param {number} count
 * @returns {Promise<() => Promise<void>>} which ends them
 */
export async function keepBusy(root, count) {
  const busy = Array.from({ length: count }, () =>
    reap(root, ['sh', '-c', 'while :; do :; done'], { cwd: root, env: cleanEnvironment() }),
  );
  await Promise.all(busy.map(({ started }) => started));
  return async () => {
    for (const { kill } of busy) kill();
    await Promise.all(busy.map(({ allEnded }) => allEnded));
  };
}
