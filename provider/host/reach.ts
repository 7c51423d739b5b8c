/** How a resource's operation gets to its host: pinned keys, the choice to let a lost host go, and its errors. */
import { Fault } from "../../errors/fault.ts";
import type { OperationContext } from "../protocol/resource.ts";
import { isList, type Properties } from "../protocol/value.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./remote/connections.ts";
import { Redactor } from "./remote/redact.ts";
import { HostWork } from "./remote/work.ts";

export interface HostTarget {
  readonly host: string;
  readonly connection: Connection;
  readonly abandon: boolean;
}

/** A key that was seen at first use is pinned from then on, by the outputs that recorded it. */
export function withRecordedKeys(connection: Connection, outputs: Properties): Connection {
  if (connection.hostKeys.length > 0) return connection;
  const recorded = outputs["hostKeys"] ?? null;
  const keys = isList(recorded) ? recorded.filter((key) => typeof key === "string") : [];
  return { ...connection, hostKeys: keys };
}

/** Whether the user has said that this machine is gone for good. */
export function isAbandoned(target: HostTarget): boolean {
  const named = (process.env["RKTNETES_ABANDON"] ?? "").split(",").map((name) => name.trim());
  return target.abandon || named.includes(target.host);
}

/** Does work on the host; text that goes to people has none of the inputs' secrets in it. */
export async function workOn<T>(
  connections: Connections,
  target: HostTarget,
  secrets: readonly Properties[],
  context: OperationContext,
  work: (work: HostWork) => Promise<T>,
): Promise<T> {
  const redactor = new Redactor(secrets);
  const limit = timeLimit(target.host, context);
  const dialling = {
    signal: context.signal,
    progress: (line: string) => {
      context.log.progress(line);
    },
  };
  return connections.work(target.host, target.connection, dialling, (session) =>
    work(new HostWork(session, target.host, context.log, redactor, AbortSignal.any([context.signal, limit]))),
  );
}

/** Aborts when the resource's customTimeouts allow no more. */
function timeLimit(host: string, context: OperationContext): AbortSignal {
  const seconds = context.timeoutSeconds;
  const controller = new AbortController();
  if (seconds > 0) {
    const expire = (): void => {
      controller.abort(
        new Fault({
          what: `the work took longer than its customTimeouts allow (${seconds} s)`,
          where: host,
          remedy: "see the last progress line for what was under way; allow more time, or correct what hangs",
        }),
      );
    };
    setTimeout(expire, seconds * 1000).unref();
  }
  return controller.signal;
}
