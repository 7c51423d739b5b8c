/** Reaches a host that may be away: tries again, less and less often, until a deadline. */
import { setTimeout as pause } from "node:timers/promises";
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { Connection } from "../connection.ts";
import { orAborted } from "../remote/abort.ts";
import type { Transport } from "../remote/channel.ts";
import { credentialsOf } from "./credentials.ts";
import { connectOnce } from "./transport.ts";

const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 8_000;

export interface Dialling {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export async function dial(host: string, connection: Connection, dialling: Dialling): Promise<Transport> {
  const credentials = await credentialsOf(host, connection);
  const deadline = Date.now() + connection.deadlineSeconds * 1000;
  for (let attempt = 1, wait = FIRST_PAUSE_MILLISECONDS; ; attempt += 1) {
    try {
      return await connectOnce(host, connection, credentials, dialling.signal);
    } catch (error) {
      dialling.signal.throwIfAborted();
      if (error instanceof Fault) throw error;
      if (isLoginRefusal(error)) throw loginRefused(host, connection, error);
      if (isDisagreement(error)) throw noCommonAlgorithm(host, connection, error);
      const left = deadline - Date.now();
      if (left <= 0) throw unreachable(host, connection, attempt, error);
      const next = Math.min(wait, left);
      dialling.progress(
        `${host} is away (${messageOf(error)}), attempt ${attempt}; again in ${(next / 1000).toFixed(1)} s, for ${Math.ceil(left / 1000)} s more`,
      );
      await orAborted(dialling.signal, pause(next));
      wait = Math.min(wait * 2, LONGEST_PAUSE_MILLISECONDS);
    }
  }
}

/** The library marks errors with the level at which they arose. */
function levelOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("level" in error)) return undefined;
  return typeof error.level === "string" ? error.level : undefined;
}

function isLoginRefusal(error: unknown): boolean {
  const level = levelOf(error);
  return level === "client-authentication" || level === "agent";
}

/** The two sides share no algorithm: trying again changes nothing. */
function isDisagreement(error: unknown): boolean {
  return /no matching/i.test(messageOf(error));
}

function noCommonAlgorithm(host: string, connection: Connection, cause: unknown): Fault {
  const types = connection.hostKeys.map((key) => key.trim().split(/\s+/)[0]).join(", ");
  return new Fault({
    what: "the host offers no algorithm that is accepted",
    where: `${host} (${connection.address}:${connection.port})`,
    ...(types === "" ? {} : { allowed: `host keys of type ${types}, because those are pinned` }),
    cause,
    remedy:
      "pin a key of a type that the host has (cat /etc/ssh/ssh_host_*_key.pub), or let its sshd offer current algorithms",
  });
}

function loginRefused(host: string, connection: Connection, cause: unknown): Fault {
  return new Fault({
    what: `login as "${connection.user}" was refused`,
    where: `${host} (${connection.address}:${connection.port})`,
    cause,
    remedy: `add the public half of the key to ~${connection.user}/.ssh/authorized_keys on the host, or correct connection.user or the key`,
  });
}

function unreachable(host: string, connection: Connection, attempts: number, cause: unknown): Fault {
  return new Fault({
    what: `the host could not be reached within ${connection.deadlineSeconds} s (${attempts} attempts)`,
    where: `${host} (${connection.address}:${connection.port})`,
    cause,
    remedy: `see that it is switched on and that ssh answers at that address; a host that is gone for good is let go of with RKTNETES_ABANDON=${host} or abandon: true`,
  });
}
