/** How requests become connections of SPDY or WebSocket, and how they are refused. */
import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { handshakeAnswer, handshakeMistake } from "./websocket/handshake.ts";

export function isSpdyRequest({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase().includes("spdy/3.1") === true;
}

/**
 * The protocol that client and server agree on: the client's best of those that are spoken here. Undefined where there
 * is none, and the client has been told.
 */
export function acceptSpdy(
  { headers }: IncomingMessage,
  socket: Duplex,
  spoken: readonly string[],
): string | undefined {
  if (!isSpdyRequest(headers)) {
    refuse(socket, 400, "streams are carried by SPDY/3.1 or a WebSocket");
    return undefined;
  }
  const offered = [headers["x-stream-protocol-version"] ?? ""].flat().join(",").split(",");
  const names = offered.map((name) => name.trim()).filter((name) => name !== "");
  if (names.length === 0) {
    refuse(socket, 400, "the header X-Stream-Protocol-Version names no protocol");
    return undefined;
  }
  const chosen = names.find((name) => spoken.includes(name));
  if (chosen === undefined) {
    const accepted = spoken.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`);
    refuse(socket, 403, `none of these protocols is spoken here: ${names.join(", ")}`, accepted);
    return undefined;
  }
  socket.write(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Connection: Upgrade",
      "Upgrade: SPDY/3.1",
      `X-Stream-Protocol-Version: ${chosen}`,
      "\r\n",
    ].join("\r\n"),
  );
  return chosen;
}

/** False where the request was none of a WebSocket's, and the client has been told. */
export function acceptWebSocket(
  { method, headers }: IncomingMessage,
  socket: Duplex,
  protocol: string | undefined,
): boolean {
  const mistake = handshakeMistake(method, headers);
  if (mistake !== undefined) {
    refuse(socket, 400, mistake);
    return false;
  }
  socket.write(handshakeAnswer(headers, protocol));
  return true;
}

export function refuse(socket: Duplex, status: number, why: string, headers: readonly string[] = []): void {
  const body = `${why}\n`;
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      ...headers,
      `\r\n${body}`,
    ].join("\r\n"),
  );
}
