/** A scratch home of the real gpg: makes keys and signatures as a signer would. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess, succeeded } from "../../support/process.ts";

export interface KeyWish {
  readonly algorithm?: string;
  readonly usage?: string;
  /** As gpg takes it: `0`, `1y`, an ISO date. */
  readonly expires?: string;
  /** What gpg believes the time to be: `20200101T000000`. */
  readonly at?: string;
  readonly options?: readonly string[];
}

export interface SignatureWish {
  readonly by: readonly string[];
  readonly armor?: boolean;
  readonly at?: string;
  readonly options?: readonly string[];
}

export class GpgHome {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<GpgHome> {
    const home = new GpgHome(await mkdtemp(join(tmpdir(), "trust-gpg-")));
    // Keys made for tests need no randomness that takes long to gather.
    await writeFile(
      join(home.folder, "gpg.conf"),
      "pinentry-mode loopback\nbatch\nno-tty\nquiet\nallow-weak-digest-algos\n",
    );
    return home;
  }

  async remove(): Promise<void> {
    await runProcess("gpgconf", ["--homedir", this.folder, "--kill", "all"]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async run(args: readonly string[], at?: string): Promise<string> {
    const faked = at === undefined ? [] : ["--faked-system-time", `${at}!`];
    const all = ["--homedir", this.folder, "--passphrase", "", "--yes", ...faked, ...args];
    return succeeded(await runProcess("gpg", all, { env: { LC_ALL: "C" } }), `gpg ${args.join(" ")}`);
  }

  /** Runs gpg and gives it these answers to what it asks. */
  async answer(args: readonly string[], answers: readonly string[]): Promise<void> {
    const all = [
      "--homedir",
      this.folder,
      "--passphrase",
      "",
      "--yes",
      "--no-batch",
      "--command-fd",
      "0",
      ...args,
    ];
    const stdin = `${answers.join("\n")}\n`;
    succeeded(await runProcess("gpg", all, { env: { LC_ALL: "C" }, stdin }), `gpg ${args.join(" ")}`);
  }

  async edit(fingerprint: string, answers: readonly string[]): Promise<void> {
    await this.answer(["--expert", "--edit-key", fingerprint], answers);
  }

  /** Makes a key and returns its fingerprint in lower case. */
  async makeKey(userId: string, wish: KeyWish = {}): Promise<string> {
    const { algorithm = "ed25519", usage = "sign", expires = "0", at, options = [] } = wish;
    await this.run([...options, "--quick-generate-key", userId, algorithm, usage, expires], at);
    const listed = await this.run(["--with-colons", "--list-keys", `=${userId}`]);
    return (/^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? "").toLowerCase();
  }

  async export(userId: string, armor = true): Promise<Buffer> {
    const file = join(this.folder, "exported");
    await this.run([...(armor ? ["--armor"] : []), "--output", file, "--export", exactly(userId)]);
    return readFile(file);
  }

  async sign(content: Uint8Array, wish: SignatureWish): Promise<Buffer> {
    return this.signing(content, "--detach-sign", wish);
  }

  /** The content and its signature in one message, as simple signing has it. */
  async signMessage(content: Uint8Array, wish: SignatureWish): Promise<Buffer> {
    return this.signing(content, "--sign", wish);
  }

  private async signing(content: Uint8Array, how: string, wish: SignatureWish): Promise<Buffer> {
    const file = join(this.folder, "content");
    const signature = join(this.folder, "signature");
    await writeFile(file, content);
    const users = wish.by.flatMap((user) => ["--local-user", exactly(user)]);
    const armor = wish.armor === true ? ["--armor"] : [];
    await this.run([...(wish.options ?? []), ...users, ...armor, "--output", signature, how, file], wish.at);
    return readFile(signature);
  }
}

/** Without the brackets gpg takes every address that ends alike. */
function exactly(address: string): string {
  return `<${address}>`;
}
