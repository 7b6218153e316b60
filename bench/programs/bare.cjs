const { createServer } = require('node:http');

createServer((_, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
