const daemon = require('daemonize2').setup({
  main: process.argv[2],
  name: 'bench',
  pidfile: process.argv[3],
  silent: true,
});
daemon.start();
