import { isIPv6 } from "node:net";
import { Fault, messageOf } from "../../errors/fault.ts";
import { isObject, objectsIn, stringIn, type JsonObject } from "./json.ts";

/** One network as a file of net.d, or the engine itself, describes it. */
export interface NetworkConfiguration {
  readonly name: string;
  /** The file's name without its folder; networks are joined in this order. */
  readonly file: string;
  readonly text: string;
  readonly cniVersion: string;
  /** A `.conf` file has one. */
  readonly plugins: readonly PluginConfiguration[];
  /** Ranges whose traffic to elsewhere the engine masquerades, because the plugins were relieved of it. */
  readonly masquerades: readonly string[];
  /** Whether packets to another pod of the network pass through the host. */
  readonly routed: boolean;
}

export interface PluginConfiguration {
  readonly type: string;
  /** As the plugin is to be told, without name and version of the network. */
  readonly fields: JsonObject;
  /** It forwards ports itself when it is told which. */
  readonly forwardsPorts: boolean;
}

/** What CNI takes as a configuration's version when it names none. */
const FIRST_VERSION = "0.1.0";
/** The plugins whose masquerading is nothing but a rule for a range. */
const RELIEVED = ["ptp", "bridge"];

export function parseNetworkConfiguration(path: string, text: string): NetworkConfiguration {
  const refuse = (what: string, cause?: unknown): Fault =>
    new Fault({
      what: `failed to setup network: error loading ${path}: ${what}`,
      allowed: "a CNI network configuration (.conf) or list of them (.conflist)",
      ...(cause === undefined ? {} : { cause }),
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  if (!isObject(parsed)) throw refuse("it is no JSON object");
  const name = stringIn(parsed.name);
  if (name === undefined) throw refuse("it has no name");
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) {
    throw refuse(`${JSON.stringify(name)} is no name for a network: letters, digits and _ . - are`);
  }
  const list = path.endsWith(".conflist");
  const asked = list ? objectsIn(parsed.plugins) : [withoutIdentity(parsed)];
  if (asked.length === 0) throw refuse("it has no plugins");
  const plugins = asked.map((fields) => {
    const type = stringIn(fields.type);
    if (type === undefined || type.includes("/")) throw refuse("a plugin in it has no type");
    return {
      type,
      fields,
      forwardsPorts: isObject(fields.capabilities) && fields.capabilities.portMappings === true,
    };
  });
  const relieved = plugins.map(relieve);
  return {
    name,
    file: path.slice(path.lastIndexOf("/") + 1),
    text,
    cniVersion: stringIn(parsed.cniVersion) ?? FIRST_VERSION,
    plugins: relieved.map(({ plugin }) => plugin),
    masquerades: relieved.flatMap(({ ranges }) => ranges),
    routed: plugins[0]?.type === "ptp",
  };
}

/** What a plugin is told on its standard input. */
export function pluginInput(
  network: NetworkConfiguration,
  plugin: PluginConfiguration,
  more: { readonly runtimeConfig?: JsonObject; readonly prevResult?: unknown },
): string {
  return JSON.stringify({
    ...plugin.fields,
    cniVersion: network.cniVersion,
    name: network.name,
    ...(more.runtimeConfig === undefined ? {} : { runtimeConfig: more.runtimeConfig }),
    ...(more.prevResult === undefined ? {} : { prevResult: more.prevResult }),
  });
}

function withoutIdentity(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== "name" && key !== "cniVersion"));
}

/**
 * Takes masquerading off a plugin where one rule for the whole range says the same: plugins add and remove rules for
 * each pod, which takes longer than all the rest of joining and leaving.
 */
function relieve(plugin: PluginConfiguration): {
  readonly plugin: PluginConfiguration;
  readonly ranges: readonly string[];
} {
  const ranges = rangesOf(plugin.fields.ipam);
  if (plugin.fields.ipMasq !== true || !RELIEVED.includes(plugin.type) || ranges.length === 0) {
    return { plugin, ranges: [] };
  }
  return { plugin: { ...plugin, fields: { ...plugin.fields, ipMasq: false } }, ranges };
}

/** The ranges out of which host-local gives addresses; other ways to get an address do not tell beforehand. */
function rangesOf(ipam: unknown): readonly string[] {
  if (!isObject(ipam) || ipam.type !== "host-local") return [];
  const sets = Array.isArray(ipam.ranges) ? ipam.ranges.flatMap((set: unknown) => objectsIn(set)) : [];
  return [ipam, ...sets].flatMap((range) => stringIn(range.subnet) ?? []);
}

/** Splits `172.16.28.0/24,fd00::/64` by kind, for rules are of one kind or the other. */
export function byFamily(ranges: readonly string[]): {
  readonly ip: readonly string[];
  readonly ip6: readonly string[];
} {
  const isSix = (range: string): boolean => isIPv6(range.split("/")[0] ?? "");
  return { ip: ranges.filter((range) => !isSix(range)), ip6: ranges.filter(isSix) };
}
