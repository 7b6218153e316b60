// A preload before ours: what comes from here on is ours.
globalThis.preloaded = Number(process.hrtime.bigint()) / 1e6;
