/** What a client is let in by: once, and only for a minute after it was given out. */
import { randomBytes } from "node:crypto";
import { CriFault } from "../server/CriFault.ts";

const LIFETIME_MILLISECONDS = 60_000;
const MOST_OUTSTANDING = 1000;

export class Tokens<Request> {
  readonly #outstanding = new Map<string, { readonly request: Request; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  give(request: Request): string {
    this.#forgetOld();
    if (this.#outstanding.size >= MOST_OUTSTANDING) {
      throw new CriFault("RESOURCE_EXHAUSTED", {
        what: `${MOST_OUTSTANDING} requests wait for their clients already`,
      });
    }
    const token = randomBytes(24).toString("base64url");
    this.#outstanding.set(token, { request, until: this.#now() + LIFETIME_MILLISECONDS });
    return token;
  }

  /** Undefined for a token that was never given, is too old, or was used. */
  take(token: string): Request | undefined {
    const found = this.#outstanding.get(token);
    this.#outstanding.delete(token);
    return found !== undefined && found.until > this.#now() ? found.request : undefined;
  }

  /** They stand in the order in which they were given. */
  #forgetOld(): void {
    for (const [token, { until }] of this.#outstanding) {
      if (until > this.#now()) return;
      this.#outstanding.delete(token);
    }
  }
}
