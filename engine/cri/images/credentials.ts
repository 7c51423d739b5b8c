import type { BasicCredentials } from "../../configuration/configuration.ts";
import { canonicalRegistry } from "../../images/reference.ts";
import type { AuthConfig } from "../api/images.ts";
import { CriFault } from "../server/CriFault.ts";

/** What the kubelet gives along for a registry; undefined where it gives nothing, or something for another one. */
export function credentialsIn(auth: AuthConfig | undefined, registry: string): BasicCredentials | undefined {
  if (auth === undefined) return undefined;
  const { serverAddress } = auth;
  if (serverAddress !== "" && canonicalRegistry(serverAddress) !== registry) return undefined;
  if (auth.username !== "") return { user: auth.username, password: auth.password };
  if (auth.auth !== "") {
    const decoded = Buffer.from(auth.auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = decoded.indexOf(":");
    if (colon > 0) return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
    throw new CriFault("INVALID_ARGUMENT", {
      what: "the credentials are not a user and a password",
      allowed: "base64 of user:password",
    });
  }
  if (auth.identityToken !== "" || auth.registryToken !== "") {
    throw new CriFault("INVALID_ARGUMENT", {
      what: `the registry ${registry} would have to be asked with a token`,
      allowed: "a user and a password",
    });
  }
  return undefined;
}
