import { statSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { ChosenNetwork } from "./chooseNetworks.ts";
import { parseResult, pluginComplaint, type CniResult } from "./cniResult.ts";
import { pluginInput, type PluginConfiguration } from "./networkConfiguration.ts";
import type { PortForward } from "./podNetwork.ts";
import { run } from "./program.ts";

/** What plugins are told of the pod. */
export interface PluginCall {
  readonly uuid: string;
  /** The pod's namespace; empty once it is gone. */
  readonly namespace: string;
  readonly pluginFolders: readonly string[];
  readonly ports: readonly PortForward[];
}

/** The environment variable by which the plugins of a pod, and the programs beside them, are known to be its. */
export const POD_VARIABLE = "CNI_CONTAINERID";

export function findPlugin(folders: readonly string[], type: string): string {
  const path = folders
    .map((folder) => join(folder, type))
    .find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true);
  if (path !== undefined) return path;
  throw new Fault({
    what: `failed to setup network: Could not find plugin ${JSON.stringify(type)}`,
    where: folders.join(", "),
    remedy: "install the package containernetworking-plugins, or put the plugin into one of these folders",
  });
}

/** Joins a pod to a network: each plugin is told what the one before it did. */
export async function attach(network: ChosenNetwork, call: PluginCall): Promise<CniResult | undefined> {
  let result: CniResult | undefined;
  for (const plugin of network.configuration.plugins) {
    const said = await speak("ADD", network, plugin, call, result?.said);
    result = parseResult(network.configuration.name, said) ?? result;
  }
  return result;
}

/** Takes a pod off a network, with the plugins in reverse. */
export async function detach(network: ChosenNetwork, call: PluginCall, result: unknown): Promise<void> {
  for (const plugin of network.configuration.plugins.toReversed()) {
    await speak("DEL", network, plugin, call, result);
  }
}

async function speak(
  command: "ADD" | "DEL",
  network: ChosenNetwork,
  plugin: PluginConfiguration,
  call: PluginCall,
  prevResult: unknown,
): Promise<string> {
  const { name } = network.configuration;
  const portMappings = call.ports.map(({ protocol, podPort, hostPort, hostIP }) => ({
    protocol,
    containerPort: podPort,
    hostPort,
    ...(hostIP === undefined ? {} : { hostIP }),
  }));
  const ended = await run(findPlugin(call.pluginFolders, plugin.type), [], {
    stdin: pluginInput(network.configuration, plugin, {
      ...(plugin.forwardsPorts ? { runtimeConfig: { portMappings } } : {}),
      ...(prevResult === undefined ? {} : { prevResult }),
    }),
    env: {
      CNI_COMMAND: command,
      [POD_VARIABLE]: call.uuid,
      CNI_NETNS: call.namespace,
      CNI_IFNAME: network.interfaceName,
      CNI_ARGS: cniArguments(network.arguments),
      CNI_PATH: call.pluginFolders.join(":"),
    },
  });
  if (ended.code === 0) return ended.stdout;
  const verb = command === "ADD" ? "adding" : "deleting";
  throw new Fault({
    what: `failed to setup network: error ${verb} network ${JSON.stringify(name)}: ${pluginComplaint(ended.stdout, ended.stderr)}`,
  });
}

/** An argument is meant for one plugin of several; the others are asked to overlook it. */
function cniArguments(text: string): string {
  return text === "" || text.includes("IgnoreUnknown=") ? text : `IgnoreUnknown=1;${text}`;
}
