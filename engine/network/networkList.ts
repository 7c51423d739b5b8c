import { Fault } from "../../errors/fault.ts";
import type { NetworkRequest } from "./podNetwork.ts";

/** What no network may be called, because `--net` means something else by it. */
const withoutArguments = ["all", "host"];

/**
 * The value of `--net`: names with commas between, each with arguments of its own after a colon, such as
 * `default,db:IP=172.16.28.9;FOO=bar`. Given more than once, the values count as if joined by a comma.
 */
export function parseNetworks(text: string): NetworkRequest["networks"] {
  const networks: NetworkRequest["networks"][number][] = [];
  for (const item of text.split(",")) {
    const colon = item.indexOf(":");
    const name = colon === -1 ? item : item.slice(0, colon);
    if (name === "") throw new Fault({ what: "netname must not be empty" });
    if (networks.some((other) => other.name === name)) {
      throw new Fault({ what: `found duplicate netname ${JSON.stringify(name)}` });
    }
    if (colon !== -1 && withoutArguments.includes(name)) {
      throw new Fault({ what: `arguments are not supported by special netname ${JSON.stringify(name)}` });
    }
    networks.push({ name, arguments: colon === -1 ? {} : parseArguments(name, item.slice(colon + 1)) });
  }
  return networks;
}

/** `IP=172.16.28.9;FOO=bar`; nothing at all is no argument. */
function parseArguments(network: string, text: string): Readonly<Record<string, string>> {
  const pairs = text.split(";").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const sign = pair.indexOf("=");
      if (sign < 1) {
        throw new Fault({
          what: `network ${JSON.stringify(network)} provided with invalid arguments: [${text.replaceAll(":", " ")}]`,
          allowed: "KEY=VALUE, several with semicolons between",
        });
      }
      return [pair.slice(0, sign), pair.slice(sign + 1)];
    }),
  );
}

/** The same arguments as CNI and net-info.json write them. */
export function renderArguments(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join(";");
}
