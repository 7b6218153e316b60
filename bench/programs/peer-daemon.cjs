require('daemon')({ cwd: process.cwd() });
require(process.argv[2]);
