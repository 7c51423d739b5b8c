/** Runs a command on another machine over ssh. The ssh library is loaded when it is first needed. */
import { createHash, timingSafeEqual } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { ClientChannel, ConnectConfig } from "ssh2";
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { OperationContext } from "../../../provider/protocol/resource.ts";
import { parseConnection, type RemoteConnection } from "./connection.ts";
import type { RunSettings } from "./inputs.ts";
import { Output } from "./local.ts";
import { failureOf, trimmed, type Ending, type Outcome } from "./outcome.ts";

type Ssh = typeof import("ssh2");
type SshClient = InstanceType<Ssh["Client"]>;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export async function runRemotely(
  command: string,
  settings: RunSettings,
  context: OperationContext,
): Promise<Outcome> {
  const connection = parseConnection(settings.connection);
  const ssh = (await import("ssh2")).default;
  const client = await dial(ssh, connection, context);
  try {
    const ending = await execute(client, command, settings, context);
    if (ending.code !== 0) throw failureOf(ending, command, titleOf(connection), settings.secrets);
    return { stdout: trimmed(ending.stdout), stderr: trimmed(ending.stderr) };
  } finally {
    client.end();
  }
}

async function dial(ssh: Ssh, connection: RemoteConnection, context: OperationContext): Promise<SshClient> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connect(ssh, connection, context.signal);
    } catch (error) {
      const isLast = connection.dialErrorLimit >= 0 && attempt > connection.dialErrorLimit;
      if (isLast || context.signal.aborted || error instanceof WrongHostKey)
        throw dialFault(connection, attempt, error);
      context.log.progress(`${titleOf(connection)}: attempt ${attempt}: ${messageOf(error)}`);
      await pause(pauseMs, undefined, { signal: context.signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

class WrongHostKey extends Error {}

function connect(ssh: Ssh, connection: RemoteConnection, signal: AbortSignal): Promise<SshClient> {
  const client = new ssh.Client();
  let isForeign = false;
  const config: ConnectConfig = {
    host: connection.host,
    port: connection.port,
    username: connection.user,
    readyTimeout: connection.perDialTimeoutSeconds * 1000,
    tryKeyboard: connection.password !== undefined,
    hostVerifier: (key: Buffer) => {
      isForeign = connection.hostKey !== undefined && !sameKey(key, connection.hostKey);
      return !isForeign;
    },
    ...(connection.password === undefined ? {} : { password: connection.password }),
    ...(connection.privateKey === undefined ? {} : { privateKey: connection.privateKey }),
    ...(connection.passphrase === undefined ? {} : { passphrase: connection.passphrase }),
    ...(connection.agent === undefined ? {} : { agent: connection.agent }),
  };
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      client.destroy();
      reject(new Error("the run was interrupted"));
    };
    signal.addEventListener("abort", interrupt, { once: true });
    client.once("ready", () => {
      signal.removeEventListener("abort", interrupt);
      resolve(client);
    });
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) => {
      answer(prompts.map(() => connection.password ?? ""));
    });
    client.on("error", (error) => {
      signal.removeEventListener("abort", interrupt);
      reject(isForeign ? new WrongHostKey("the host shows another key than `hostKey`") : error);
    });
    client.connect(config);
  });
}

function execute(
  client: SshClient,
  command: string,
  settings: RunSettings,
  context: OperationContext,
): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const output = new Output(settings, context);
    const interrupt = (): void => {
      client.destroy();
      reject(new Error("the run was interrupted"));
    };
    context.signal.addEventListener("abort", interrupt, { once: true });
    client.on("error", reject);
    client.on("close", () => {
      reject(new Error("the connection was lost"));
    });
    client.exec(withEnvironment(command, settings), (error, channel) => {
      if (error) reject(error);
      else follow(channel);
    });
    const follow = (channel: ClientChannel): void => {
      let ended: [number | null, string | null] = [null, null];
      channel.on("data", (chunk: Buffer) => {
        output.stdout(chunk);
      });
      channel.stderr.on("data", (chunk: Buffer) => {
        output.stderr(chunk);
      });
      channel.on("exit", (code: number | null, signal?: string) => {
        ended = [code, signal ?? null];
      });
      channel.on("close", () => {
        context.signal.removeEventListener("abort", interrupt);
        resolve(output.ending(...ended));
      });
      const lead = stdinLead(settings);
      channel.end(lead + (settings.stdin ?? ""));
    };
  });
}

/**
 * The environment travels ahead of standard input and not on the command line, where every user of that
 * machine could read it.
 */
export function withEnvironment(command: string, settings: Pick<RunSettings, "environment">): string {
  const count = Object.keys(settings.environment).length;
  if (count === 0) return command;
  const read = `i=${count}; while [ "$i" -gt 0 ]; do IFS= read -r line || exit 125; `;
  const set = `name=\${line%%=*}; value=$(printf %s "\${line#*=}" | base64 -d; echo x); export "$name=\${value%x}"; i=$((i-1)); done; `;
  return `${read}${set}unset i line name value\n${command}`;
}

export function stdinLead(settings: Pick<RunSettings, "environment">): string {
  return Object.entries(settings.environment)
    .map(([name, value]) => `${name}=${Buffer.from(value).toString("base64")}\n`)
    .join("");
}

function sameKey(key: Buffer, expected: Buffer): boolean {
  const digest = (data: Buffer): Buffer => createHash("sha256").update(data).digest();
  return timingSafeEqual(digest(key), digest(expected));
}

function dialFault(connection: RemoteConnection, attempts: number, cause: unknown): Fault {
  return new Fault({
    what: `no ssh connection after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}`,
    where: titleOf(connection),
    cause,
    remedy: "check address, port, user and key of `connection`, and that sshd runs there",
  });
}

function titleOf(connection: RemoteConnection): string {
  return `${connection.user}@${connection.host}:${connection.port}`;
}
