/**
 * What is written on the command line, as the values of the library's options.
 */
import { OptionError } from '../error.js';
import { show } from '../option-rules.js';

export const number = (text: string): string | number =>
  /^-?\d+$/.test(text) ? Number(text) : text;

export const octal = (text: string): string | number =>
  /^(0o)?[0-7]+$/.test(text) ? Number.parseInt(text.replace('0o', ''), 8) : text;

/** `3,4` */
export const commaSeparated = (text: string): unknown[] => text.split(',').map(number);

/** `NAME=VALUE`, added to those before. */
export const variable = (text: string, previous: unknown): unknown => ({
  ...(previous as object | undefined),
  ...pair('--env', text, (value) => value),
});

/** `nofile=65536,core=0` */
export const limits = (text: string): unknown =>
  Object.assign({}, ...text.split(',').map((one) => pair('--limits', one, number)));

function pair(flag: string, text: string, parse: (value: string) => unknown): object {
  const equals = text.indexOf('=');
  if (equals < 0) throw new OptionError(`Expected ${flag} to be NAME=VALUE, got ${show(text)}`);
  return { [text.slice(0, equals)]: parse(text.slice(equals + 1)) };
}
