import { plausibleErrnos } from './errnos.mjs';

/** @typedef {import('./record.mjs').Call} Call */

/**
 * What becomes of one call: an errno, or the end of its process; or nothing, and all calls are recorded. `text` tells
 * what the call is about.
 * @typedef {{role: string, call: string, nth: number, action: string, text?: string}} Fault
 */

/** @type {Fault} */
export const noFault = { role: 'nobody', call: 'none', nth: 0, action: 'none' };

/** @param {Fault} fault */
export const nameOf = ({ role, call, nth, action }) => `${role}:${call}:${nth}:${action}`;

/** What calls have in common that do the same to different things. @param {Call} call */
function kindOf({ role, call, b, c, text }) {
  const command = { ioctl: b, prlimit64: b, mmap: c }[call];
  const what = text.replaceAll(/\d+/g, 'N').replace(/[^/]+\.(js|cjs|json)$/, 'FILE');
  return [role, call, command, what].join(' ');
}

/** Of calls of one kind the first, the last, and the one between them. @param {Call[]} calls */
export function withoutTheLike(calls) {
  /** @type {Map<string, Call[]>} */
  const kinds = new Map();
  for (const call of calls) kinds.set(kindOf(call), [...(kinds.get(kindOf(call)) ?? []), call]);
  return [...kinds.values()].flatMap((alike) => {
    const places = new Set([0, alike.length >> 1, alike.length - 1]);
    return alike.filter((_, at) => places.has(at));
  });
}

/** Every fault that there may be. @param {Call[]} calls @returns {Fault[]} */
export function faultsAt(calls) {
  return calls.flatMap((one) => {
    const { role, call, nth, text } = one;
    return [...plausibleErrnos(one), 'kill'].map((action) => ({ role, call, nth, action, text }));
  });
}

/** Those of a name, or of a pattern of names, in which `*` is anything. @param {Fault[]} faults @param {string} name */
export function named(faults, name) {
  if (name.includes('*')) {
    const pattern = new RegExp(`^${name.replaceAll('.', String.raw`\.`).replaceAll('*', '.*')}$`);
    return faults.filter((fault) => pattern.test(nameOf(fault)));
  }
  const [role = '', call = '', nth, action = ''] = name.split(':');
  return [{ role, call, nth: Number(nth), action }];
}

/** So many of them, the same for the same seed. @template T @param {T[]} all @param {number} count @param {number} seed */
export function choose(all, count, seed) {
  const left = [...all];
  const chosen = [];
  let state = seed >>> 0;
  while (left.length > 0 && chosen.length < count) {
    // The generator of Numerical Recipes; its high bits are the good ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    chosen.push(...left.splice(Math.floor((state / 2 ** 32) * left.length), 1));
  }
  return chosen;
}
