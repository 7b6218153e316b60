/**
 * A document of the project, as its tests read it: the fenced blocks, and what of them is typed and shown.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './install.mjs';

/** From the project's directory. */
export const documents = [
  '.',
  'docs',
  'docs/recipes',
  'docs/decisions',
  'examples',
  'examples/mount-tool',
]
  .flatMap((folder) => readdirSync(join(project, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'));

/** A fenced block. */
export interface Block {
  language: string;
  /** What stands behind the language. */
  mark: string;
  text: string;
  /** Of its fence, from 1. */
  line: number;
}

/** What is typed at a prompt, and what is shown until the next one. */
export interface Exchange {
  /** `#` is root's. */
  prompt: '$' | '#';
  command: string;
  output: string;
}

export function read(document: string): string {
  return readFileSync(join(project, document), 'utf8');
}

export function blocksOf(document: string): Block[] {
  const text = read(document);
  const blocks = [...text.matchAll(/^( *)```(\w+) ?(.*)\n([\s\S]*?)^\1```$/gm)];
  if (text.match(/^ *```/gm)?.length !== blocks.length * 2 && text.includes('```'))
    throw new Error(`${document} has a block of no language`);
  return blocks.map(
    ({ index, input, 1: indent, 2: language = '', 3: mark = '', 4: text = '' }) => ({
      language,
      mark,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      line: input.slice(0, index).split('\n').length,
    }),
  );
}

/** The file that a block is, by the comment in its first line. */
export function fileOf({ text }: Block): string | undefined {
  return /^(?:\/\/|#) (\S+)\n/.exec(text)?.[1];
}

export function exchangesOf({ text }: Block): Exchange[] {
  return text.split(/^(?=[$#] )/m).map((part) => {
    const [, prompt, command = '', output = ''] =
      /^([$#]) ((?:.*\\\n)*.*\n)([\s\S]*)$/.exec(part) ?? [];
    if (prompt !== '$' && prompt !== '#') throw new Error(`no prompt in ${JSON.stringify(part)}`);
    return { prompt, command, output };
  });
}

const escapeCode = String.fromCharCode(27);
const colour = new RegExp(`${escapeCode}\\[\\d*m`, 'g');
const clearedLine = new RegExp(`[^\\n]*\\r${escapeCode}\\[K`, 'g');

/** The order in which the processes of a document were first named. */
export type Named = Map<string, string>;

/** What is different each time, in words that are not. */
export function normalised(text: string, named: Named): string {
  const name = (pid: string): string => {
    if (!named.has(pid)) named.set(pid, `PID-${named.size + 1}`);
    return named.get(pid) ?? pid;
  };
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(clearedLine, '')
    .replaceAll(colour, '')
    .replaceAll(/(?<=\b(?:pid|process|daemon|PID)\b[" :]*)\d+/gi, name)
    .replaceAll(/(?<=^\S+ +)\d+(?= +running )/gm, name)
    .replaceAll(/\d+(?= (?:s|MB)\b)|(?<="uptime":)\d+/g, 'N')
    .replaceAll(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d/g, 'DATE')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'DATE')
    .replaceAll(/\d+m?s ago/g, 'N ago')
    .replaceAll(/ {2,}/g, '  ')
    .replaceAll(/ +$/gm, '');
}

/** Whether the output is what was written, in which `…` stands for anything in a line, or for lines. */
export function matches(output: string, written: string): boolean {
  const pattern = written
    .split(/(^…\n|…)/m)
    .map((part) => {
      if (part === '…\n') return '(?:.*\n)*';
      return part === '…' ? '.*' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${pattern}$`).test(output);
}
