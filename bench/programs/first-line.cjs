const firstLine = Number(process.hrtime.bigint()) / 1e6;
const addon = require('./node_modules/tsdaemon/build/Release/tsdaemon.node');
const { begin, thaw } = addon.timeline();
console.log(JSON.stringify([begin - globalThis.preloaded, thaw - begin, firstLine - thaw]));
