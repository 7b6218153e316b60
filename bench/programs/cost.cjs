// Fills memory, becomes a daemon, and prints what that took: KIND MEGABYTES
const { readFileSync, readdirSync, stat } = require('node:fs');
const { daemonize } = require('tsdaemon');
const addon = require('./node_modules/tsdaemon/build/Release/tsdaemon.node');
const memory = require('./memory.cjs');

const [, , kind, megabytes] = process.argv;
globalThis.kept = memory[kind](Number(megabytes));
globalThis.gc();
whenAtRest(() => {
  compile();
  // The first use of libuv's pool starts all of its threads.
  stat('/', measure);
});

// Behind a collection V8 goes on to sweep every page of its heap, beside the program.
function whenAtRest(then) {
  const before = process.cpuUsage();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    if (user + system < 2000) then();
    else whenAtRest(then);
  }, 50);
}

// Then the first objects of the old generation, as functions are, have it collect what is free in
// each of these pages, which writes to every one of them.
function compile() {
  for (let i = 0; i < 2000; i++) new Function(`return ${i}`)();
}

function measure() {
  const anonymous = Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  const threads = readdirSync('/proc/self/task').length;
  const begin = now();
  daemonize({ stdout: 'inherit' });
  const end = now();
  console.log(JSON.stringify({ begin, end, anonymous, threads, timeline: addon.timeline() }));
}

function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
