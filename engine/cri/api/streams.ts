/** Exec, attach and port-forward: what they ask for, and where they are then streamed. */
import { bytes, flag, int32, int32List, int64, text, textList } from "../protobuf/fields.ts";
import { message, type ValueOf } from "../protobuf/message.ts";

export const execSyncRequest = message({ containerId: text(1), cmd: textList(2), timeout: int64(3) });
export const execSyncResponse = message({ stdout: bytes(1), stderr: bytes(2), exitCode: int32(3) });

export const execRequest = message({
  containerId: text(1),
  cmd: textList(2),
  tty: flag(3),
  stdin: flag(4),
  stdout: flag(5),
  stderr: flag(6),
});
export const execResponse = message({ url: text(1) });
export type ExecRequest = ValueOf<typeof execRequest>;

export const attachRequest = message({
  containerId: text(1),
  stdin: flag(2),
  tty: flag(3),
  stdout: flag(4),
  stderr: flag(5),
});
export const attachResponse = message({ url: text(1) });
export type AttachRequest = ValueOf<typeof attachRequest>;

export const portForwardRequest = message({ podSandboxId: text(1), port: int32List(2) });
export const portForwardResponse = message({ url: text(1) });
export type PortForwardRequest = ValueOf<typeof portForwardRequest>;
