/**
 * Durations and sizes, as people write and read them.
 */

const steps = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3_600 },
  { unit: 'min', seconds: 60 },
  { unit: 's', seconds: 1 },
];

/** Milliseconds as `3 d 4 h`: the two largest units. */
export function inWords(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return 'some time';
  let left = Math.floor(milliseconds / 1000);
  const first = steps.findIndex(({ seconds }) => left >= seconds);
  if (first < 0) return '0 s';
  const words: string[] = [];
  for (const { unit, seconds } of steps.slice(first, first + 2)) {
    const count = Math.floor(left / seconds);
    left -= count * seconds;
    if (count > 0) words.push(`${count} ${unit}`);
  }
  return words.join(' ');
}

/** Bytes as `51 MB`. */
export function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

const factors: Record<string, number> = { ms: 1, s: 1000, min: 60_000, m: 60_000 };

/**
 * `1500ms`, `20s`, `5m` or `0` in milliseconds; what is none of these, as it is. A number without a unit
 * is seconds to timeout(1), and milliseconds to a program.
 */
export function milliseconds(text: string): number | string {
  if (text === '0') return 0;
  const [, digits, unit = ''] = /^(\d+)(ms|s|min|m)$/.exec(text) ?? [];
  return digits === undefined ? text : Number(digits) * (factors[unit] ?? 1);
}
