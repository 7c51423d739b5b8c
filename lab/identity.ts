/** What every new host gets that no other has. */
import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HostIdentity } from "./host-files.ts";
import { run } from "./program.ts";

export function newMachineId(): string {
  return randomBytes(16).toString("hex");
}

export async function newHostKey(folder: string, host: string): Promise<HostIdentity["hostKey"]> {
  const file = join(folder, "host-key");
  await rm(file, { force: true });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `root@${host}`, "-f", file]);
  const key = {
    privateKey: await readFile(file, "utf8"),
    publicKey: (await readFile(`${file}.pub`, "utf8")).trim(),
  };
  await rm(file);
  await rm(`${file}.pub`);
  return key;
}
