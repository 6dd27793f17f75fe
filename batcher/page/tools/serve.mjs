// Serves dist as the service does, and hands everything else to a service: for work on the page.
//   node tools/serve.mjs http://127.0.0.1:8650 8700

import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("..", import.meta.url));
const FILES = { "/": "index.html", "/page.js": "page.js", "/page.css": "page.css" };
const KINDS = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };

/** The policy as the service sends it: it is written down once. */
async function policy() {
  const source = await readFile(`${page}../src/api/page.rs`, "utf8");
  const found = /const POLICY: &str = "([^"]+)"/.exec(source);
  if (!found) throw new Error("batcher/src/api/page.rs has no POLICY any more: tools/serve.mjs reads it there");
  return found[1].replace(/\\\n\s*/g, "");
}

/** Serves on a port (0 for any), and gives the server when it listens. */
export async function serve(target, port = 0) {
  const { hostname, port: targetPort } = new URL(target);
  const csp = await policy();
  const server = createServer(async (asked, answer) => {
    const path = asked.url.split("?")[0];
    const name = asked.method === "GET" ? FILES[path] : undefined;
    if (name) {
      const kind = KINDS[name.split(".").pop()];
      answer.writeHead(200, { "content-type": kind, "content-security-policy": csp, "cache-control": "no-store" });
      answer.end(await readFile(`${page}dist/${name}`));
      return;
    }
    const { method, url: path_, headers } = asked;
    const onward = request({ hostname, port: targetPort, method, path: path_, headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    onward.on("error", () => answer.writeHead(502).end());
    asked.pipe(onward);
  });
  // A WebSocket: the bytes as they come, both ways.
  server.on("upgrade", (asked, socket, first) => {
    const onward = connect(targetPort, hostname, () => {
      const lines = asked.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []));
      onward.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      onward.write(first);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on("error", () => (onward.destroy(), socket.destroy()));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return server;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , target, port = "8700"] = process.argv;
  if (!target) {
    console.error("usage: node tools/serve.mjs URL-OF-A-SERVICE [PORT]");
    process.exit(2);
  }
  await serve(target, Number(port));
  console.log(`http://127.0.0.1:${port}/`);
}
