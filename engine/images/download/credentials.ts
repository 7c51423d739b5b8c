/** What auth.d holds for a domain, as headers. Only over TLS: in the clear a credential belongs to everybody. */
import type { DomainCredentials } from "../../configuration/configuration.ts";
import { signForAws } from "./awsSignature.ts";
import type { Wish } from "./transport.ts";

export function domainCredentials(
  byDomain: ReadonlyMap<string, DomainCredentials>,
  now: () => Date = () => new Date(),
): NonNullable<Wish["credentials"]> {
  return (url, method) => {
    const credentials = byDomain.get(url.host);
    if (credentials === undefined || url.protocol !== "https:") return {};
    switch (credentials.type) {
      case "basic":
        return { authorization: basicAuthorization(credentials.user, credentials.password) };
      case "oauth":
        return { authorization: `Bearer ${credentials.token}` };
      case "aws":
        return signForAws({ url, method, at: now() }, credentials);
    }
  };
}

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
