// A service that answers as a test says, over real connections.

import { once } from 'node:events';
import { createServer } from 'node:http';

import { WebSocketServer } from 'ws';

/** Port of a server that listens. */
async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

/**
 * An HTTP service: `answer(call, request)` gives a result, `{ error }`, or `{ status, body }` for
 * what is no JSON-RPC. All calls are in `calls`.
 */
export async function httpService(test, answer) {
  const calls = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const call = JSON.parse(text);
    calls.push({ ...call, headers: request.headers });
    const given = await answer(call, calls.length);
    if (given === undefined) return;
    const { status = 200, body, ...rest } = given;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body ?? JSON.stringify({ jsonrpc: '2.0', id: call.id, ...rest }));
  });
  const port = await listen(server);
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, calls };
}

/** The same over WebSockets: `answer(call, send, socket)` sends messages itself. */
export async function webSocketService(test, answer) {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const calls = [];
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const call = JSON.parse(data.toString());
      calls.push(call);
      const send = (message) => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
      answer(call, send, socket);
    });
  });
  const port = await listen(server);
  test.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.close();
  });
  return { url: `ws://127.0.0.1:${port}`, calls, sockets: sockets.clients };
}
