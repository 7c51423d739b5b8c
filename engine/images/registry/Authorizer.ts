/** Proves to one registry who asks, in the way in which the registry wants it proven. */
import { z } from "zod";
import { Fault } from "../../../errors/fault.ts";
import type { BasicCredentials } from "../../configuration/configuration.ts";
import { basicAuthorization } from "../download/credentials.ts";
import { fetchDocument } from "../download/document.ts";
import type { Patience } from "../download/patience.ts";
import { shownUrl } from "../download/shownUrl.ts";
import type { Transport } from "../download/transport.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";

const LARGEST_TOKEN = 256 << 10;

const tokenSchema = z
  .object({ token: z.string().optional(), access_token: z.string().optional() })
  .transform(({ token, access_token }) => token ?? access_token ?? "");

export interface Access {
  readonly transport: Transport;
  readonly patience: Patience;
  readonly credentials: BasicCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Authorizer {
  readonly #base: URL;
  readonly #defaultScope: string;
  readonly #access: Access;
  #authorization: string | undefined;
  /** Several layers may learn at once that a token has run out. */
  #underWay: Promise<void> | undefined;

  constructor(base: URL, repository: string, access: Access) {
    this.#base = base;
    this.#defaultScope = `repository:${repository}:pull`;
    this.#access = access;
  }

  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** Meets a refusal of `used`; does nothing when somebody else has met it meanwhile. */
  async meet(header: string | undefined, used: string | undefined): Promise<void> {
    if (this.#authorization !== used) return;
    this.#underWay ??= this.#meet(parseChallenges(header ?? "")).finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  async #meet(challenges: readonly Challenge[]): Promise<void> {
    const { credentials } = this.#access;
    const bearer = challenges.find((challenge) => challenge.scheme === "bearer");
    if (bearer !== undefined) {
      this.#authorization = `Bearer ${await this.#token(bearer)}`;
      return;
    }
    if (!challenges.some(({ scheme }) => scheme === "basic")) {
      throw new Fault({
        what: `the registry ${this.#base.host} refuses access and does not say what it wants`,
        allowed: "Bearer or Basic authentication",
      });
    }
    if (credentials === undefined) throw this.#wantsCredentials();
    const authorization = basicAuthorization(credentials.user, credentials.password);
    if (authorization === this.#authorization) throw this.#refusesCredentials();
    this.#authorization = authorization;
  }

  async #token({ realm, service, scope }: Challenge & { readonly scheme: "bearer" }): Promise<string> {
    const { transport, patience, credentials, signal } = this.#access;
    const url = this.#realm(realm);
    if (service !== undefined) url.searchParams.set("service", service);
    for (const each of (scope ?? this.#defaultScope).split(" ")) url.searchParams.append("scope", each);
    const proof =
      credentials === undefined
        ? {}
        : { authorization: basicAuthorization(credentials.user, credentials.password) };
    const wish = { url, credentials: () => proof, signal };
    const { status, bytes } = await fetchDocument(transport, wish, { largest: LARGEST_TOKEN, patience });
    if (status === 401 || status === 403) {
      throw credentials === undefined ? this.#wantsCredentials() : this.#refusesCredentials();
    }
    if (status !== 200) {
      throw new Fault({
        what: `the registry ${this.#base.host} gave no token`,
        got: `${status} from ${shownUrl(url)}`,
      });
    }
    const token = tokenIn(bytes);
    if (token === "" || /[^\x21-\x7e]/.test(token)) {
      throw new Fault({
        what: `the registry ${this.#base.host} gave what is no token`,
        where: shownUrl(url),
      });
    }
    return token;
  }

  /** A registry in the clear may name a place in the clear; a secured one must not. */
  #realm(realm: string): URL {
    const url = URL.parse(realm);
    const allowed = this.#base.protocol === "http:" ? /^https?:$/ : /^https:$/;
    if (url !== null && allowed.test(url.protocol) && url.username === "") return url;
    throw new Fault({
      what: `the registry ${this.#base.host} wants a token from a place that is not to be trusted with one`,
      got: url === null ? "no URL" : shownUrl(url),
      allowed: "an address with https",
    });
  }

  #wantsCredentials(): Fault {
    return new Fault({
      what: `the registry ${this.#base.host} wants credentials`,
      remedy: `give them for "${this.#base.host}" in a file of kind "dockerAuth" in auth.d of the configuration; or the image is not there`,
    });
  }

  #refusesCredentials(): Fault {
    return new Fault({
      what: `the registry ${this.#base.host} refuses the credentials`,
      remedy:
        'look at the file of kind "dockerAuth" in auth.d of the configuration; the user may lack the right to this image',
    });
  }
}

function tokenIn(bytes: Buffer): string {
  try {
    return tokenSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    // Not shown: what is no token by its form may still hold one.
    return "";
  }
}
