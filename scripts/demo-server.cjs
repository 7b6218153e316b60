// An ordinary HTTP server. It knows nothing of tsdaemon.
const { createServer } = require('node:http');

const server = createServer((_request, response) => {
  response.setHeader('connection', 'close');
  response.end(`Hello from process ${process.pid}, in ${process.cwd()}`);
});

server.listen(0, '127.0.0.1', () => {
  console.log(`process ${process.pid} listens on http://127.0.0.1:${server.address().port}`);
});

process.on('SIGTERM', () => {
  server.close(() => console.log('ended on request'));
});
