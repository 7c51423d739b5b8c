/** Where no private key, token or password may be. */
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { exportedText } from "../../support/exported-state.ts";
import { failed, saidBy, succeeded } from "../../support/process.ts";
import { leaksIn, needlesOf, type Needle } from "../../support/secrets.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";
import { morePods, oneNode } from "./settings.ts";

/** What was said and seen while the cluster came up. */
export interface FirstRun {
  readonly said: string;
  readonly commandLines: readonly string[];
}

export function keepsSecrets(stack: StackUnderTest, firstRun: () => FirstRun): void {
  describe("keeps its secrets", () => {
    let needles: readonly Needle[] = [];

    before(async () => {
      needles = needlesOf(JSON.parse(await exportedText(stack.checkout, stack.name, "--show-secrets")));
    });

    it("has some, so that these tests can fail", async () => {
      const whats = needles.map(({ what }) => what).join("\n");
      for (const word of [/privateKey/, /kubeconfig/, /base64|encryption/i]) assert.match(whats, word);
      const clear = await exportedText(stack.checkout, stack.name, "--show-secrets");
      assert.ok(leaksIn("the state in the clear", clear.replaceAll("\\\\n", "\n"), needles).length > 10);
    });

    it("shows none in the state: neither exported nor as it lies on the disk", async () => {
      const exported = await exportedText(stack.checkout, stack.name);
      assert.deepEqual(leaksIn("the export", exported, needles), []);
      const files = await textsBelow(join(stack.checkout.folder, ".rktnetes", "state"));
      assert.ok(files.length > 0);
      assert.deepEqual(
        files.flatMap(({ path, text }) => leaksIn(path, text, needles)),
        [],
      );
    });

    it("showed none while the cluster came up, and put none on any command line", () => {
      const { said, commandLines } = firstRun();
      assert.deepEqual(leaksIn("the output of up", said, needles), []);
      assert.ok(
        commandLines.some((line) => line.includes("kube-apiserver")),
        "the watch saw nothing",
      );
      assert.deepEqual(leaksIn("a command line", commandLines.join("\n"), needles), []);
    });

    it("shows none in a preview with all its differences", async () => {
      await stack.configure(morePods);
      try {
        const text = saidBy(await stack.pulumi(["preview", "--diff"]));
        assert.match(text, /maxPods/);
        assert.deepEqual(leaksIn("the preview", text, needles), []);
      } finally {
        await stack.configure(oneNode);
      }
    });

    it("shows none in an error", async () => {
      // A file where a directory has to be: the role cannot be brought to its state.
      const host = stack.host("one");
      await host.run(
        "mv /etc/kubernetes/kubelet /etc/kubernetes/kubelet.away; touch /etc/kubernetes/kubelet",
      );
      try {
        succeeded(await stack.pulumi(["refresh", "--yes", "--skip-preview"]), "a refresh");
        const text = failed(
          await stack.pulumi(["up", "--yes", "--skip-preview"]),
          "up over a file in the way",
        );
        assert.match(text, /\/etc\/kubernetes\/kubelet/);
        assert.deepEqual(leaksIn("the error", text, needles), []);
      } finally {
        await host.run("rm /etc/kubernetes/kubelet; mv /etc/kubernetes/kubelet.away /etc/kubernetes/kubelet");
      }
      succeeded(await stack.pulumi(["refresh", "--yes", "--skip-preview"]), "a refresh");
      succeeded(await stack.pulumi(["up", "--yes", "--skip-preview"]), "up with the way free again");
    });

    it("wrote none to any log: the host's journal, the pods' logs, the gathered ones", async () => {
      const journal = await stack
        .host("one")
        .run("journalctl --boot --no-pager --output=cat; cat /var/log/kubernetes/*.log");
      assert.deepEqual(leaksIn("the journal", journal, needles), []);
      const folder = succeeded(await stack.checkout.command("logs", stack.name), "make logs")
        .trim()
        .split("\n")
        .at(-1);
      const gathered = await textsBelow(join(stack.checkout.folder, folder ?? ""));
      assert.ok(gathered.some(({ path, text }) => path.endsWith("journal.txt") && text.includes("kubelet")));
      assert.deepEqual(
        gathered.flatMap(({ path, text }) => leaksIn(path, text, needles)),
        [],
      );
    });

    it("keeps them for root's eyes on the host, and for the operator's on this machine", async () => {
      const open = await stack
        .host("one")
        .run(
          "find / -xdev \\( -name '*.key' -o -name '*kubeconfig*' \\) -type f -perm /o=r -exec grep -l 'PRIVATE KEY\\|client-key-data' {} +; true",
        );
      assert.deepEqual(open, "");
      const kubeconfig = await stat(join(stack.checkout.folder, ".rktnetes", `kubeconfig-${stack.name}`));
      assert.equal(kubeconfig.mode & 0o777, 0o600);
    });
  });
}

interface FileText {
  readonly path: string;
  readonly text: string;
}

async function textsBelow(folder: string): Promise<readonly FileText[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path, text: await readFile(path, "latin1") };
      }),
  );
}
