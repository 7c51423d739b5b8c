/** The kinds under a clock that a test sets, and what reads their outputs. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { pkiKinds } from "../../../provider/pki/index.ts";
import { partOf, type Properties, type Value } from "../../../provider/protocol/value.ts";
import { Lifecycle } from "../protocol/lifecycle.ts";

export class TestClock {
  now: Date;

  constructor(now = "2026-11-21T12:00:00Z") {
    this.now = new Date(now);
  }

  passDays(days: number): void {
    this.now = new Date(this.now.getTime() + days * 24 * 60 * 60 * 1000);
  }
}

export function resourceOf(token: string, clock = new TestClock()): Lifecycle {
  const kind = pkiKinds(() => clock.now).find((one) => one.token === token);
  assert.ok(kind, `there is a kind ${token}`);
  return new Lifecycle(kind);
}

/** A text among the outputs, out of its envelope. */
export function text(value: Value, ...path: string[]): string {
  const found = path.reduce<Value>((at, key) => partOf(at, key), value);
  assert.ok(typeof found === "string", `${path.join(".")} is a text`);
  return found;
}

export function certificateIn(value: Value, ...path: string[]): X509Certificate {
  return new X509Certificate(text(value, ...path, "certificate"));
}

/** An authority as leaves take it. */
export async function newAuthority(clock: TestClock, program: Properties = {}): Promise<Lifecycle> {
  const authority = resourceOf("rktnetes:pki:Authority", clock);
  const run = await authority.up({ commonName: "cluster", ...program });
  assert.equal(run.operation, "create");
  return authority;
}

export function signerOf(authority: Lifecycle): Properties {
  const { certificate, privateKey } = authority.outputs;
  return { certificate: certificate ?? null, privateKey: privateKey ?? null };
}
