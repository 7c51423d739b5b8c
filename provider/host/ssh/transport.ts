/** One ssh connection to a host, with as many channels on it as the host's sshd admits. */
import ssh2 from "ssh2";
import type { Client, ClientChannel } from "ssh2";
import { messageOf } from "../../../errors/fault.ts";
import type { Channel, Exit, Transport } from "../remote/channel.ts";
import { ConnectionLost } from "../remote/channel.ts";
import type { Connection } from "../connection.ts";
import type { Credentials } from "./credentials.ts";
import { assertAccepted, hostKeyAlgorithms, hostKeyText } from "./host-key.ts";

/** sshd's MaxSessions, unless the host's owner chose otherwise. */
const MOST_CHANNELS = 10;

const READY_TIMEOUT_MILLISECONDS = 20_000;

/** Dials once. Rejects with a Fault for a wrong host key, with the library's error otherwise. */
export async function connectOnce(
  host: string,
  connection: Connection,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<Transport> {
  signal.throwIfAborted();
  const client = new ssh2.Client();
  let shown = "";
  let refusal: Error | undefined;
  const verify = (key: Buffer): boolean => {
    shown = hostKeyText(key);
    try {
      assertAccepted(host, shown, connection);
      return true;
    } catch (error) {
      refusal = error instanceof Error ? error : new Error(String(error));
      return false;
    }
  };
  const abort = (): void => {
    client.destroy();
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("ready", resolve);
      client.once("error", (error) => {
        reject(refusal ?? error);
      });
      client.once("close", () => {
        reject(refusal ?? new Error("the host closed the connection before the login was done"));
      });
      client.connect({
        ...credentials,
        host: connection.address,
        port: connection.port,
        username: connection.user,
        hostVerifier: verify,
        algorithms: { serverHostKey: hostKeyAlgorithms(connection.hostKeys) },
        keepaliveInterval: 10_000,
        keepaliveCountMax: 3,
        readyTimeout: READY_TIMEOUT_MILLISECONDS,
      });
    });
  } catch (error) {
    client.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  client.setNoDelay(true);
  return new SshTransport(client, shown);
}

class SshTransport implements Transport {
  readonly lost: Promise<Error>;
  readonly hostKey: string;
  readonly #client: Client;
  #isLost = false;
  #open = 0;
  #most = MOST_CHANNELS;
  readonly #waiting: (() => void)[] = [];

  constructor(client: Client, hostKey: string) {
    this.#client = client;
    this.hostKey = hostKey;
    this.lost = new Promise((resolve) => {
      let cause: Error | undefined;
      client.on("error", (error) => {
        cause ??= error;
      });
      client.once("close", () => {
        this.#isLost = true;
        for (const wake of this.#waiting.splice(0)) wake();
        resolve(new ConnectionLost(cause));
      });
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async open(command: string): Promise<Channel> {
    while (this.#open >= this.#most && !this.#isLost) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#isLost) throw await this.lost;
    this.#open += 1;
    try {
      const stream = await new Promise<ClientChannel>((resolve, reject) => {
        this.#client.exec(command, (error, opened) => {
          if (error) reject(this.#isLost ? new ConnectionLost(error) : error);
          else resolve(opened);
        });
      });
      const channel = new SshChannel(stream);
      void channel.closed.then(() => {
        this.#release();
      });
      return channel;
    } catch (error) {
      this.#release();
      // A smaller MaxSessions: what is open stays open, and this one waits for it.
      if (this.#open < 2 || this.isLost || !/open failed/i.test(messageOf(error))) throw error;
      this.#most = this.#open;
      return this.open(command);
    }
  }

  close(): void {
    this.#isLost = true;
    this.#client.end();
    this.#client.destroy();
  }

  #release(): void {
    this.#open -= 1;
    this.#waiting.shift()?.();
  }
}

class SshChannel implements Channel {
  readonly closed: Promise<Exit>;
  readonly #stream: ClientChannel;
  #over = false;

  constructor(stream: ClientChannel) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      let code: number | undefined;
      stream.on("exit", (exitCode: unknown) => {
        if (typeof exitCode === "number") code = exitCode;
      });
      // The channel's own errors come with its end; what waits for it learns of them there.
      stream.on("error", () => undefined);
      stream.once("close", () => {
        this.#over = true;
        resolve({ code });
      });
    });
  }

  async write(chunk: string | Buffer): Promise<void> {
    if (this.#over) throw new ConnectionLost(undefined);
    await new Promise<void>((resolve, reject) => {
      const gone = (): void => {
        reject(new ConnectionLost(undefined));
      };
      this.#stream.once("close", gone);
      this.#stream.write(chunk, (error) => {
        this.#stream.off("close", gone);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  end(): void {
    this.#stream.end();
  }

  onStdout(listener: (chunk: Buffer) => void): void {
    this.#stream.on("data", listener);
  }

  onStderr(listener: (chunk: Buffer) => void): void {
    this.#stream.stderr.on("data", listener);
  }

  close(): void {
    this.#stream.close();
  }
}
