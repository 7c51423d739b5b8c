import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { LabHost } from "../../../lab/hosts.ts";
import { reveal, type Properties } from "../../../provider/protocol/value.ts";
import { exampleRole } from "./example-role.ts";
import {
  connectionTo,
  endLab,
  HostLayer,
  onHost,
  quietContext,
  STACK,
  startLabHost,
  textOf,
} from "./lab-host.ts";
import { differences, snapshotOf } from "./snapshot.ts";

const SEED = Number(process.env["RKTNETES_KILL_SEED"] ?? 20261121);
/** `make ordeal` asks for more. */
const KILLS = Number(process.env["RKTNETES_KILLS"] ?? 3);

/** Both ways of becoming root end with their connection. */
type Login = "root" | "operator";

after(endLab);

describe("a run that is killed", function () {
  this.timeout(300_000);
  const name = "killed";
  let host: LabHost;
  let connections: Record<Login, Properties>;
  let pristine: string[];

  before(async () => {
    host = await startLabHost(name);
    connections = { root: await connectionTo(host), operator: await connectionTo(host, "operator") };
    // Fresh lists, so that most moments fall into the work and not into fetching them.
    await onHost(host, "apt-get -qq update");
    pristine = await snapshotOf(host);
  });

  for (const { step, milliseconds, user } of moments(SEED, KILLS)) {
    const when = `${milliseconds} ms into step ${step}, as ${user},`;
    it(`${when} is completed by the next one, and destroyed without a trace`, async () => {
      const connection = connections[user];
      const last = await killedRun(name, connection, step, milliseconds);
      const layer = new HostLayer();
      try {
        const claimInputs = { host: name, connection, stack: STACK };
        const claim = await layer.claims.create(claimInputs, quietContext());
        const inputs = exampleRole(name, connection, textOf(claim.outputs, "claim"));
        const created = await layer.states.create(inputs, quietContext());
        const { outputs } = created;
        const again = { id: created.id, olds: outputs, oldInputs: inputs, news: inputs, ignoreChanges: [] };
        const difference = await layer.states.diff(again);
        assert.deepEqual(difference.changes, {}, `killed in: ${last}`);
        await layer.states.delete({ id: created.id, outputs, inputs }, quietContext());
        await layer.claims.delete(
          { id: claim.id, outputs: claim.outputs, inputs: claimInputs },
          quietContext(),
        );
      } finally {
        layer.close();
      }
      assert.deepEqual(differences(pristine, await snapshotOf(host)), [], `killed in: ${last}`);
    });

    it(`${when} is swept with the claim alone`, async () => {
      const connection = connections[user];
      const last = await killedRun(name, connection, step, milliseconds);
      const layer = new HostLayer();
      try {
        const claimInputs = { host: name, connection, stack: STACK };
        const claim = await layer.claims.create(claimInputs, quietContext());
        await layer.claims.delete(
          { id: claim.id, outputs: claim.outputs, inputs: claimInputs },
          quietContext(),
        );
      } finally {
        layer.close();
      }
      assert.deepEqual(differences(pristine, await snapshotOf(host)), [], `killed in: ${last}`);
    });
  }
});

/** Kills a provider process a little after its n-th progress line; gives that line. */
async function killedRun(
  host: string,
  connection: Properties,
  step: number,
  milliseconds: number,
): Promise<string> {
  const program = new URL("./provider-run.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, host], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(reveal(connection)));
  const ended = new Promise<void>((resolve) =>
    child.once("close", () => {
      resolve();
    }),
  );
  let seen = 0;
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    seen += 1;
    if (seen < step && line !== "done") continue;
    await pause(milliseconds);
    child.kill("SIGKILL");
    break;
  }
  await ended;
  return last;
}

/** Moments spread over the whole run: the same seed gives the same ones. */
function moments(seed: number, count: number): { step: number; milliseconds: number; user: Login }[] {
  let state = seed >>> 0;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, (_, index) => ({
    step: 3 + next(26),
    milliseconds: next(150),
    user: index % 2 === 0 ? "root" : "operator",
  }));
}
