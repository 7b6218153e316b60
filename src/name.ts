/** What a daemon may be called: a file name, and a word of a command line, that nobody has to quote. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9][\w.-]{0,99}$/.test(value);
