import { readFileSync } from 'node:fs';
import { descriptors, status, threads } from '../helpers/proc.mjs';

/**
 * What a process holds, memory in kB.
 * @param {number} pid @returns {Record<string, number>}
 */
export function figuresOf(pid) {
  const { VmRSS, RssAnon, VmSize } = status(pid) ?? {};
  return {
    resident: Number.parseInt(VmRSS ?? '', 10),
    anonymous: Number.parseInt(RssAnon ?? '', 10),
    virtual: Number.parseInt(VmSize ?? '', 10),
    descriptors: Object.keys(descriptors(pid)).length,
    threads: threads(pid).length,
    mappings: readFileSync(`/proc/${pid}/maps`, 'latin1').trimEnd().split('\n').length,
  };
}

/** What may come on top in a half of the time without being a leak: the rest of what a warm program settles to. */
const allowance = {
  resident: { part: 0.08, more: 4096 },
  anonymous: { part: 0.08, more: 4096 },
  virtual: { part: 0.02, more: 0 },
  heap: { part: 0.08, more: 1024 },
  external: { part: 0.08, more: 1024 },
  mappings: { part: 0.05, more: 20 },
  descriptors: { part: 0, more: 0 },
  threads: { part: 0, more: 0 },
};

/** @param {number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Compares the second quarter of the samples with the last: the first one is that of a program that is still warming up.
 *
 * @param {Record<string, number>[]} samples at even distances
 * @returns {{problems: string[], table: Record<string, Record<string, number>>}}
 */
export function judge(samples) {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) throw new Error(`${samples.length} samples are too few to be compared`);
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const problems = [];
  /** @type {Record<string, Record<string, number>>} */
  const table = {};
  for (const [name, { part, more }] of Object.entries(allowance)) {
    const of = (/** @type {Record<string, number>[]} */ some) =>
      some.map((sample) => Number(sample[name]));
    if (samples[0]?.[name] === undefined) continue;
    const [before, after] = [median(of(early)), median(of(late))];
    table[name] = {
      'at the start': Number(samples[0]?.[name]),
      'second quarter': before,
      'last quarter': after,
      'at the end': Number(samples.at(-1)?.[name]),
      most: Math.max(...of(samples)),
    };
    if (!(after <= before * (1 + part) + more))
      problems.push(`${name} has grown from ${before} to ${after}`);
  }
  return { problems, table };
}
