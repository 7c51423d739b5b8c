import { Duplex } from "node:stream";
import type { WebSocketConnection } from "./WebSocketConnection.ts";

/** Bytes in both directions, carried by binary messages whose bounds mean nothing: what SPDY is tunnelled through. */
export function tunnelThrough(connection: WebSocketConnection): Duplex {
  const messages = connection.messages();
  return new Duplex({
    read() {
      messages.next().then(
        ({ done, value }) => {
          // A message of no bytes is no end.
          if (done === true) this.push(null);
          else if (value.data.length > 0) this.push(value.data);
          else this._read(0);
        },
        (error: unknown) => {
          this.destroy(error instanceof Error ? error : new Error(String(error)));
        },
      );
    },
    write(chunk: Buffer, _encoding, callback) {
      connection.send(chunk, true).then(() => {
        callback();
      }, callback);
    },
    final(callback) {
      connection.close();
      callback();
    },
    destroy(error, callback) {
      connection.close();
      callback(error);
    },
  });
}
