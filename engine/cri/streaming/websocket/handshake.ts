/** How a request becomes a WebSocket: RFC 6455, section 4. */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export function isWebSocketRequest(headers: IncomingHttpHeaders): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** The protocols that a client offers, the one it likes best first. */
export function offeredProtocols(headers: IncomingHttpHeaders): readonly string[] {
  return (headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** What is wrong with a request; undefined where nothing is. */
export function handshakeMistake(
  method: string | undefined,
  headers: IncomingHttpHeaders,
): string | undefined {
  if (method !== "GET") return "a WebSocket is asked for by GET";
  if (headers["sec-websocket-version"] !== "13") return "this is WebSocket of version 13";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers["sec-websocket-key"] ?? "")) return "the WebSocket's key is none";
  return undefined;
}

/** The head of the answer that makes the connection a WebSocket. */
export function handshakeAnswer(headers: IncomingHttpHeaders, protocol: string | undefined): string {
  const key = headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    "\r\n",
  ].join("\r\n");
}
