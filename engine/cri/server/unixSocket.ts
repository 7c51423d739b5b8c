/** The file of a socket that a server is about to listen at. */
import { lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { hasCode } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";

/** Makes way: a socket at which nobody listens any more goes, one with a server behind it is left alone. */
export async function clearSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new Fault({ what: "what is there is no socket", where: path });
  if (await answers(path)) {
    throw new Fault({
      what: "another server listens there",
      where: path,
      remedy: "stop it, or choose another path",
    });
  }
  unlinkSync(path);
}

async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      if (hasCode(error, "ECONNREFUSED", "ENOENT")) resolve(false);
      else reject(error);
    });
  });
}
