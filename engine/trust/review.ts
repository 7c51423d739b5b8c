import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { Fault } from "../../errors/fault.ts";
import type { PublicKey } from "./openpgp/publicKeys.ts";
import { spacedFingerprint } from "./openpgp/publicKeys.ts";

/** Puts a line before a person and gives back what they typed; undefined when they left. */
export type Ask = (line: string) => Promise<string | undefined>;

/** Asks on a terminal, or gives nothing where there is none: both ends have to be one, as in rkt. */
export function askOnTerminal(
  input: Readable & { readonly isTTY?: boolean },
  output: Writable & { readonly isTTY?: boolean },
): Ask | undefined {
  if (input.isTTY !== true || output.isTTY !== true) return undefined;
  return (line) => {
    output.write(`${line}\n`);
    const lines = createInterface({ input });
    return new Promise((resolve) => {
      lines.once("line", (answer) => {
        resolve(answer);
        lines.close();
      });
      lines.once("close", () => {
        resolve(undefined);
      });
    });
  };
}

/** What a person compares with what the signer told them by another way. */
export function describeKey(key: PublicKey): readonly string[] {
  return [
    `gpg key fingerprint is: ${spacedFingerprint(key.fingerprint)}`,
    ...key.subkeyFingerprints.map((subkey) => `    Subkey fingerprint: ${spacedFingerprint(subkey)}`),
    ...key.identities.map((identity) => `\t${identity}`),
  ];
}

/** Asks until the answer is yes or no. */
export async function acceptsKey(ask: Ask, print: (line: string) => void): Promise<boolean> {
  for (;;) {
    const answer = await ask("Are you sure you want to trust this key (yes/no)?");
    if (answer === undefined) throw new Fault({ what: "error reviewing key: error reading input: EOF" });
    if (answer === "yes") return true;
    if (answer === "no") return false;
    print("Please enter 'yes' or 'no'");
  }
}
