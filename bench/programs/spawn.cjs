// What one writes by hand.
const { spawn } = require('node:child_process');

spawn(process.execPath, process.argv.slice(2), { detached: true, stdio: 'ignore' }).unref();
