// What a control-tier http_request is sent to in the benches: it answers every request at once.
// Listens on a free port of 127.0.0.1, prints one line of JSON and ends when its standard input closes.
import { createServer } from 'node:http';

let served = 0;
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    if (request.url === '/served') return response.end(JSON.stringify({ served }));
    ++served;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 13 });
    response.end('{"done":true}');
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.resume().on('end', () => process.exit(0));
