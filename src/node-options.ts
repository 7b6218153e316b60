/**
 * The words of a Node command line, and of `NODE_OPTIONS`.
 */

/** Node's own rule: words are parted by spaces; within double quotes a backslash escapes. */
export function splitNodeOptions(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"|[^ "])+/g) ?? [];
  return words.map(unquote);
}

export function joinNodeOptions(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/** The flag of a word, as Node knows it: it takes `_` for `-`. */
export function flagOf(word: string): string {
  const [flag = ''] = splitAtEquals(word);
  return flag.replace(/^--.*/s, (name) => `--${name.slice(2).replaceAll('_', '-')}`);
}

/** The words with the value of each of `flags` replaced, or left out with its flag. */
export function mapValues(
  words: readonly string[],
  flags: readonly string[],
  map: (value: string, flag: string) => string | undefined,
): string[] {
  const mapped: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const flag = flagOf(word);
    const [asWritten, inline] = splitAtEquals(word);
    const next = words[i + 1];
    if (!flags.includes(flag)) {
      mapped.push(word);
    } else if (inline !== undefined) {
      const value = map(inline, flag);
      if (value !== undefined) mapped.push(`${asWritten}=${value}`);
    } else if (next !== undefined) {
      const value = map(next, flag);
      if (value !== undefined) mapped.push(word, value);
      i++;
    }
  }
  return mapped;
}

function splitAtEquals(word: string): [string, string?] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function unquote(word: string): string {
  return word.replace(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) =>
    quoted.replace(/\\(.)/g, '$1'),
  );
}

function quote(word: string): string {
  return /[ "\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
