/** Why a request got no reply, and whether to try again. */
import { Fault } from "../../../errors/fault.ts";
import { Interruption } from "./interruption.ts";
import { shownUrl } from "./shownUrl.ts";

const temporary = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "HPE_INVALID_EOF_STATE",
]);

/** The server answers in the clear where TLS was expected. */
export class NoTls extends Fault {}

export function explainFailure(url: URL, method: string, error: Error): Error {
  const code = "code" in error ? String(error.code) : "";
  if (code === "EPROTO" && /wrong version number|packet length too long/.test(error.message)) {
    const verb = `${method.charAt(0)}${method.slice(1).toLowerCase()}`;
    return new NoTls({
      what: `${verb} "${shownUrl(url).replace(/^([^/]*\/\/[^/]*\/v2\/).*$/, "$1")}": http: server gave HTTP response to HTTPS client`,
      remedy: "if that network is yours, allow plain HTTP with --insecure-options=http",
    });
  }
  // A server whose identity cannot be verified is not tried again; it would not be another one.
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL/.test(code)) {
    return new Fault({
      what: "the server's certificate is not trusted",
      where: shownUrl(url),
      cause: error,
      remedy:
        "give its authority to this host (/usr/local/share/ca-certificates and update-ca-certificates); " +
        "--insecure-options=tls trusts anybody",
    });
  }
  if (code === "ENOTFOUND") {
    return new Fault({
      what: `the host ${url.hostname} is not known`,
      where: shownUrl(url),
      cause: error,
      remedy: "look for a mistake in its name, and at this host's resolv.conf",
    });
  }
  const said = error.message === "" ? code : error.message;
  if (temporary.has(code) || said === "socket hang up")
    return new Interruption(`${url.host}: ${said}`, { cause: error });
  return new Fault({ what: "the request failed", where: shownUrl(url), cause: error });
}
