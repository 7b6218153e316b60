import { nodeLines } from '../../scripts/node-lines.mjs';

/**
 * @param {Record<string, string | undefined>} values of the command line
 * @returns {(name: string) => number} the one of that name, which is a number of times
 */
export function countOf(values) {
  return (name) => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 0)
      throw new Error(`--${name} is to be a number of times, not ${values[name]}`);
    return number;
  };
}

/** @param {string | undefined} wanted as 20,22; every line if it is not given */
export function linesOf(wanted) {
  const majors = wanted?.split(',').map(Number);
  const lines = nodeLines().filter(({ major }) => majors === undefined || majors.includes(major));
  if (lines.length === 0) throw new Error(`--lines ${wanted} names no Node that is installed`);
  return lines;
}
