// An HTTP server that knows nothing of daemons:
//
//   node examples/http-server.cjs                                      stays in the foreground
//   TSDAEMON_LOG=server.log node --require tsdaemon/early examples/http-server.cjs    goes to the background
//
// PORT is the port to listen on, 8080 by default, 0 for any that is free. SIGTERM ends it.
const http = require('node:http');

const server = http.createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(
    `${JSON.stringify({ pid: process.pid, ppid: process.ppid, uptime: process.uptime() })}\n`,
  );
});

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.once('SIGTERM', () => {
  console.log('ending');
  server.close();
  server.closeIdleConnections();
});
