require('tsdaemon').daemonize();
require(process.argv[2]);
