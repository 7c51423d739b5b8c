/** Work on one host over one connection: root shells, the host's lock, and what must not happen at once. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { Connection } from "../connection.ts";
import { ConnectionLost, type Channel, type Transport } from "./channel.ts";
import { Driver, DriverRefused, type StepResult } from "./driver.ts";
import { HELD, lockScript } from "./lock.ts";
import { BlobUses } from "./blob-uses.ts";
import { Coalesced } from "./coalesced.ts";
import { Mutexes } from "./mutex.ts";

/** More steps than these at once wait for a free shell; the other channels are for uploads. */
const MOST_DRIVERS = 7;

const LOCK_WAIT_SECONDS = 2;

/** Files of one host that several resources change: each is held while it is read, changed and written. */
export type SharedThing = "ledger" | "packages";

/** What this process shares over all its connections to one host. */
export class HostShare {
  /** Tells this provider process from every other in the lock file. */
  readonly token = randomBytes(16).toString("hex");
  readonly mutexes = new Mutexes<SharedThing>();
  readonly blobUses = new BlobUses();
  readonly reloads = new Coalesced();
}

export class HostSession {
  readonly host: string;
  readonly connection: Connection;
  readonly transport: Transport;
  readonly #share: HostShare;
  readonly #idle: Driver[] = [];
  readonly #locked = new WeakSet<Driver>();
  readonly #waiting: (() => void)[] = [];
  #drivers = 0;
  #lockHolder: string | undefined;
  #locking: Promise<void> | undefined;

  constructor(host: string, connection: Connection, transport: Transport, share = new HostShare()) {
    this.#share = share;
    this.host = host;
    this.connection = connection;
    this.transport = transport;
    void transport.lost.then(() => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  get reloads(): Coalesced {
    return this.#share.reloads;
  }

  get blobUses(): BlobUses {
    return this.#share.blobUses;
  }

  get usable(): boolean {
    return !this.transport.isLost;
  }

  /** Runs one step in a root shell. Its exit code is the caller's to judge. */
  async run(script: string, onOutput?: (chunk: string) => void): Promise<StepResult> {
    return this.#withDriver(async (driver) => driver.run(script, onOutput));
  }

  /** A root shell of its own that takes its program, and after it whatever the program reads, on stdin. */
  async openShell(): Promise<Channel> {
    return this.transport.open(shellCommand(this.connection.user));
  }

  async exclusive<T>(thing: SharedThing, work: () => Promise<T>): Promise<T> {
    return this.#share.mutexes.hold(thing, work);
  }

  /** Makes this process the host's only writer until the session ends; waits for another one to finish. */
  async lock(writer: string, deadlineSeconds: number, progress: (line: string) => void): Promise<void> {
    this.#locking ??= this.#takeLock(writer, deadlineSeconds, progress).catch((error: unknown) => {
      this.#locking = undefined;
      throw error;
    });
    return this.#locking;
  }

  close(): void {
    for (const driver of this.#idle.splice(0)) driver.close();
    this.transport.close();
  }

  async #takeLock(writer: string, deadlineSeconds: number, progress: (line: string) => void): Promise<void> {
    const holder = `${writer} from ${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
    const deadline = Date.now() + deadlineSeconds * 1000;
    await this.#withDriver(async (driver) => {
      for (;;) {
        const taken = await driver.runInDriver(lockScript(this.#share.token, holder, LOCK_WAIT_SECONDS));
        if (taken.code === 0) break;
        if (taken.code !== HELD) throw this.#lockFault(taken.stderr.trim());
        const other = taken.stdout.toString("utf8").trim();
        if (Date.now() > deadline) throw this.#heldFault(other, deadlineSeconds);
        progress(`${this.host}: waits for another run to end (${other})`);
      }
      this.#locked.add(driver);
    });
    this.#lockHolder = holder;
  }

  async #withDriver<T>(work: (driver: Driver) => Promise<T>): Promise<T> {
    const driver = await this.#borrow();
    try {
      return await work(driver);
    } finally {
      if (driver.usable) this.#idle.push(driver);
      else this.#drivers -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #borrow(): Promise<Driver> {
    while (this.#idle.length === 0 && this.#drivers >= MOST_DRIVERS && this.usable) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    let driver = this.#idle.pop();
    if (driver !== undefined && !driver.usable) {
      this.#drivers -= 1;
      driver = undefined;
    }
    if (driver === undefined) {
      this.#drivers += 1;
      try {
        driver = await this.#startDriver();
      } catch (error) {
        this.#drivers -= 1;
        this.#waiting.shift()?.();
        throw error;
      }
    }
    if (this.#lockHolder === undefined || this.#locked.has(driver)) return driver;
    const joined = await driver.runInDriver(
      lockScript(this.#share.token, this.#lockHolder, LOCK_WAIT_SECONDS),
    );
    if (joined.code !== 0) {
      driver.close();
      this.#drivers -= 1;
      throw this.#heldFault(joined.stdout.toString("utf8").trim(), LOCK_WAIT_SECONDS);
    }
    this.#locked.add(driver);
    return driver;
  }

  async #startDriver(): Promise<Driver> {
    const channel = await this.openShell();
    try {
      return await Driver.start(channel);
    } catch (error) {
      if (!(error instanceof DriverRefused)) throw error;
      if (this.transport.isLost) throw new ConnectionLost(error);
      throw refusalFault(this.host, this.connection.user, error);
    }
  }

  #heldFault(holder: string, waitedSeconds: number): Fault {
    return new Fault({
      what: `another run is working on the host, and did not end within ${waitedSeconds} s`,
      where: this.host,
      got: `held by ${holder === "" ? "an unnamed process" : holder}`,
      remedy:
        "wait for that run, or stop it where it runs; on the host, `fuser /run/lock/rktnetes.lock` names the processes that hold the lock",
    });
  }

  #lockFault(said: string): Fault {
    return new Fault({ what: "the host's lock could not be taken", where: this.host, cause: said });
  }
}

/** Plain words, so that bash, dash, zsh, fish and csh all understand it. */
function shellCommand(user: string): string {
  const shell = "/bin/bash --noprofile --norc";
  return user === "root" ? `exec ${shell}` : `exec sudo -n -- ${shell}`;
}

function refusalFault(host: string, user: string, refused: DriverRefused): Fault {
  if (user === "root") {
    return new Fault({
      what: "no root shell could be started",
      where: host,
      cause: messageOf(refused),
      remedy: "bash must be installed, and root's login shell must let `ssh host command` run",
    });
  }
  const wantsTerminal = /terminal is required|must have a tty|no tty/i.test(refused.said);
  const wantsPassword = /password/i.test(refused.said);
  return new Fault({
    what: wantsTerminal
      ? `sudo wants a terminal or a password from "${user}"`
      : wantsPassword
        ? `sudo wants a password from "${user}"`
        : `"${user}" cannot become root with sudo`,
    where: host,
    cause: messageOf(refused),
    remedy: `as root on the host: echo '${user} ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/${user} && chmod 0440 /etc/sudoers.d/${user} (and no requiretty), or log in as root`,
  });
}
