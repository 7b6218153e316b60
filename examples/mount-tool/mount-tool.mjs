#!/usr/bin/env node
// Serves a directory by HTTP until it is unmounted. With -d it goes to the background, and comes back to the prompt
// when the first request would be answered, not before; what goes wrong until then is seen at the prompt.
//
//   mount-tool mount DIRECTORY [-d] [--port PORT] [--log FILE]
//   mount-tool status [--port PORT]
//   mount-tool umount [--port PORT]
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { daemonize, status, stop } from 'tsdaemon';

const usage = 'usage: mount-tool mount DIRECTORY [-d] [--port PORT] [--log FILE] | status | umount';

async function mount(directory, { port, log, background, pidFile }) {
  // First of all: a second one is refused here, before it does any work. In the foreground the same pid file lets
  // `status` and `umount` find it.
  const daemon = daemonize({ detach: background, pidFile, cwd: 'keep', log, ready: 'manual' });

  const files = await index(directory);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url.slice(1));
    if (path === '') return response.end(`${[...files.keys()].join('\n')}\n`);
    if (!files.has(path)) return response.writeHead(404).end('there is no such file\n');
    createReadStream(files.get(path))
      .on('error', (error) => response.destroy(error))
      .pipe(response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  daemon.on('stopping', async () => {
    console.log('ending');
    server.close();
    server.closeIdleConnections();
    await once(server, 'close');
  });
  console.log(`${files.size} files on http://127.0.0.1:${port}/`);
  daemon.ready(); // Only now is the prompt back.
}

async function index(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .map((path) => [path.slice(resolve(directory).length + 1), path]),
  );
}

function showStatus({ port, pidFile }) {
  const { state, pid } = status(pidFile);
  console.log(state === 'running' ? `mounted on port ${port}, pid ${pid}` : 'not mounted');
  process.exitCode = state === 'running' ? 0 : 3;
}

async function umount({ pidFile }) {
  const { outcome } = await stop(pidFile, { timeout: 10_000 });
  console.log(outcome === 'not-running' ? 'was not mounted' : 'unmounted');
}

function settings() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      background: { type: 'boolean', short: 'd', default: false },
      port: { type: 'string', default: '8088' },
      log: { type: 'string' },
    },
  });
  // In a directory that nobody else may write.
  const directory = process.env.XDG_RUNTIME_DIR ?? homedir();
  const pidFile = join(directory, `mount-tool-${values.port}.pid`);
  return { ...values, pidFile, command: positionals[0], directory: positionals[1] };
}

try {
  const { command, directory, ...rest } = settings();
  if (command === 'mount' && directory !== undefined) await mount(resolve(directory), rest);
  else if (command === 'status') showStatus(rest);
  else if (command === 'umount') await umount(rest);
  else throw new Error(usage);
} catch (error) {
  console.error(`mount-tool: ${error.message}`);
  process.exit(error.exitStatus ?? 1);
}
