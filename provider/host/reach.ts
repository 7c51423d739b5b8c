/** How a resource's operation gets to its host: pinned keys, the choice to let a lost host go, and its errors. */
import type { OperationContext } from "../protocol/resource.ts";
import { isList, isMap, type Properties } from "../protocol/value.ts";
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
  const dialling = {
    signal: context.signal,
    progress: (line: string) => {
      context.log.progress(line);
    },
  };
  return connections.work(target.host, target.connection, dialling, (session) =>
    work(new HostWork(session, target.host, context.log, redactor, context.signal)),
  );
}

/** The parts of recorded inputs that say which host a resource is on. */
export function namedHost(inputs: Properties): string {
  const host = isMap(inputs) ? inputs["host"] : undefined;
  return typeof host === "string" ? host : "";
}
