import { createRequire } from 'node:module';
import { daemonizeProcess } from 'daemonize-process';

daemonizeProcess();
createRequire(import.meta.url)(process.argv[2]);
