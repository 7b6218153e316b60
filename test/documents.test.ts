/**
 * What the documents have their readers type, typed: every file is written, every command run, and what is
 * shown compared.
 */
import { describe, expect } from 'vitest';
import {
  type Block,
  blocksOf,
  documents,
  exchangesOf,
  fileOf,
  matches,
  type Named,
  normalised,
} from './helpers/document.ts';
import { lines } from './helpers/lines.ts';
import { Machine } from './helpers/machine.ts';
import { test } from './helpers/test.ts';

// What was measured, in hours: to do it again is what the commands of package.json are for.
const reports = ['SUPPORTED_PLATFORMS.md', 'docs/performance.md', 'docs/trust.md'];

const followed = documents.filter((document) => !reports.includes(document));

/** The blocks that are marked as not run, and why they are not. */
const notRun: Record<string, string> = {
  'README.md: npm install tsdaemon                   # nothing is compiled: the addon is in the package':
    'is what test/package does, with the tarball; the rest of the document runs what follows',
  'README.md: npm ci && npm run demo   # installs, builds, and sends a real HTTP server to the background and ends it':
    'is what .ci/run does, in a clone',
  'docs/recipes/containers.md: # Dockerfile':
    'needs a container engine; what that does with it is run below it, and the commands are compared',
};

const mark = 'not-run';

// A document shows what is the same on all of them; between these two lies what could be different.
for (const line of new Set([lines[0], lines.at(-1)])) {
  if (line === undefined) continue;
  describe(`on Node ${line.major}`, () => {
    for (const document of followed) {
      const blocks = blocksOf(document).filter((block) => block.mark !== mark);
      if (blocks.length === 0) continue;
      test(`${document} tells what is so`, async ({ scene }) => {
        const machine = await Machine.boot(scene, line);
        try {
          const named = { inText: new Map(), inOutput: new Map() };
          for (const block of blocks) await follow(machine, block, named);
        } finally {
          await machine.halt();
        }
      });
    }
  });
}

test('the command of the container is the one that is run as pid 1', () => {
  const [dockerfile, ...rest] = blocksOf('docs/recipes/containers.md');
  const [, words = ''] = /^CMD (.*)$/m.exec(dockerfile?.text ?? '') ?? [];
  expect(rest.at(-1)?.text).toContain(` ${JSON.parse(words).join(' ')} >`);
});

test('the blocks that are not run are these', () => {
  const marked = followed.flatMap((document) =>
    blocksOf(document)
      .filter((block) => block.mark === mark)
      .map(({ text }) => `${document}: ${text.split('\n', 1)}`),
  );
  expect(marked.sort()).toEqual(Object.keys(notRun).sort());
});

async function follow(
  machine: Machine,
  block: Block,
  named: { inText: Named; inOutput: Named },
): Promise<void> {
  const file = fileOf(block);
  if (block.language !== 'console') {
    if (file === undefined) throw new Error(`the block in line ${block.line} names no file`);
    await machine.write(file, block.text);
    return;
  }
  const exchanges = exchangesOf(block);
  const outputs = await machine.type(exchanges);
  const transcript = (names: Named, outputOf: (at: number) => string): string =>
    exchanges
      .map(({ prompt, command }, at) => `${prompt} ${command}${normalised(outputOf(at), names)}`)
      .join('');
  const wanted = transcript(named.inText, (at) => exchanges[at]?.output ?? '');
  const got = transcript(named.inOutput, (at) => outputs[at] ?? '(nothing more)\n');
  if (!matches(got, wanted)) expect.soft(got, `line ${block.line}`).toBe(wanted);
}
