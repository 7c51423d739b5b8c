/** One connection for each host in the life of the provider process, shared by everything that works there. */
import { createHash } from "node:crypto";
import { Fault } from "../../../errors/fault.ts";
import type { Connection } from "../connection.ts";
import { dial, type Dialling } from "../ssh/dial.ts";
import { ConnectionLost, type Transport } from "./channel.ts";
import { assertAccepted } from "../ssh/host-key.ts";
import { HostSession, HostShare } from "./session.ts";

/** How often work is begun again after its connection broke. */
const MOST_ATTEMPTS = 4;

export type Dial = (host: string, connection: Connection, dialling: Dialling) => Promise<Transport>;

export class Connections {
  readonly #dial: Dial;
  readonly #sessions = new Map<string, Promise<HostSession>>();
  readonly #shares = new Map<string, HostShare>();
  readonly #closing = new AbortController();

  constructor(dialHost: Dial = dial) {
    this.#dial = dialHost;
  }

  /**
   * Does work on a host, reaching it first if need be. When the connection breaks under the work, it is
   * begun again: everything the host layer does may be repeated.
   */
  async work<T>(
    host: string,
    connection: Connection,
    dialling: Dialling,
    work: (session: HostSession) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const session = await this.#session(host, connection, dialling);
      try {
        return await work(session);
      } catch (error) {
        dialling.signal.throwIfAborted();
        this.#closing.signal.throwIfAborted();
        if (!(error instanceof ConnectionLost)) throw error;
        if (attempt >= MOST_ATTEMPTS) throw keepsBreaking(host, connection, attempt, error);
        dialling.progress(`${host}: the connection broke (${error.message}), dials again`);
      }
    }
  }

  /** Ends every connection; running work fails. */
  close(): void {
    this.#closing.abort(new Error("the run was interrupted"));
    for (const session of this.#sessions.values()) {
      session.then(
        (opened) => {
          opened.close();
        },
        // One that never came up has nothing to close, and told its caller why.
        () => undefined,
      );
    }
    this.#sessions.clear();
  }

  async #session(host: string, connection: Connection, dialling: Dialling): Promise<HostSession> {
    const identity = identityOf(connection);
    const known = this.#sessions.get(identity);
    if (known !== undefined) {
      const session = await known;
      if (session.usable) {
        // Another resource may pin other keys than the one that opened the connection.
        assertAccepted(host, session.transport.hostKey, connection);
        return session;
      }
      if (this.#sessions.get(identity) === known) this.#sessions.delete(identity);
      return this.#session(host, connection, dialling);
    }
    const share = this.#shares.get(host) ?? new HostShare();
    this.#shares.set(host, share);
    const signal = AbortSignal.any([dialling.signal, this.#closing.signal]);
    const fresh = this.#dial(host, connection, { ...dialling, signal }).then(
      (transport) => new HostSession(host, connection, transport, share),
    );
    this.#sessions.set(identity, fresh);
    try {
      return await fresh;
    } catch (error) {
      this.#sessions.delete(identity);
      throw error;
    }
  }
}

/** What makes two connections the same way to the same host. Hashed, because it covers the key. */
function identityOf(connection: Connection): string {
  const { address, port, user, privateKey, keyFile, passphrase, agent } = connection;
  const identity = [address, port, user, privateKey, keyFile, passphrase, agent];
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex");
}

function keepsBreaking(host: string, connection: Connection, attempts: number, cause: Error): Fault {
  return new Fault({
    what: `the connection broke ${attempts} times under the same work`,
    where: `${host} (${connection.address}:${connection.port})`,
    cause,
    remedy:
      "look for a reboot loop, a full disk or a flaky link on the host (journalctl -b -1), then run again: what was half done is adopted",
  });
}
