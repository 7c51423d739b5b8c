/** What is behind the entry points of our stage1 images, for a stage0 that is not ours: FLAVOUR ENTRY-POINT ARGUMENTS… */
import { openFlavour } from "../engine/pods/openFlavour.ts";
import { openNetworking } from "../engine/network/openNetworking.ts";
import { parseNetworks } from "../engine/network/networkList.ts";
import { forwardedPorts } from "../engine/network/ports.ts";
import type { EngineContext } from "../engine/context.ts";
import { nothingInsecure } from "../engine/insecureOptions.ts";
import type { PodManifest } from "../engine/appc/podManifest.ts";
import type { Networking, PodNetwork } from "../engine/network/podNetwork.ts";
import { Fault, messageOf } from "../errors/fault.ts";
import type { Flavour } from "./contract.ts";
import { enforceable } from "./enforcement.ts";
import { handoverScript } from "./interface/handoverScript.ts";
import { manifestIn, podInFolder, takeNameFiles } from "./interface/podInFolder.ts";
import { readArguments, runArguments, uuidOf, type RunArguments } from "./interface/runArguments.ts";

const couldNotRun = 254;

async function main([flavourName = "", entryPoint = "", ...given]: readonly string[]): Promise<void> {
  // As stage0 promises it.
  const folder = process.cwd();
  const report = {
    line: say,
    warn(text: string) {
      say(`warning: ${text}`);
    },
    debug() {},
    progress() {},
  };
  const flavour = await openFlavour(nameOf(flavourName), { report });
  switch (entryPoint) {
    case "run": {
      const args = runArguments(given);
      if (args.mutable) throw new Fault({ what: "stage1 does not support mutable pods" });
      const manifest = manifestIn(folder);
      takeNameFiles(folder);
      const network = await networkFor(flavour, folder, manifest, args, report);
      const { apps, warnings } = enforceable(manifest.apps, flavour.name);
      for (const warning of warnings) report.warn(warning);
      const pod = podInFolder(folder, { ...manifest, apps }, args, network);
      process.stdout.write(handoverScript(await flavour.run(pod)));
      return;
    }
    case "enter": {
      const { options, words } = readArguments(given);
      const app = options.get("appname");
      if (app === undefined) throw new Fault({ what: "--appname is missing" });
      const uuid = uuidIn(folder);
      process.stdout.write(handoverScript(await flavour.enter({ folder, uuid }, app, words)));
      return;
    }
    case "stop": {
      const read = readArguments(given);
      await flavour.stop({ folder, uuid: uuidOf(read) }, read.options.has("force"));
      return;
    }
    case "gc": {
      const read = readArguments(given);
      const uuid = uuidOf(read);
      const local = read.options.get("local-config") ?? "/etc/rkt";
      await networkingWith(folder, local, report).tearDown(folder, uuid);
      await flavour.collect({ folder, uuid, apps: manifestIn(folder).apps.map(({ name }) => name) });
      return;
    }
    default:
      throw new Fault({ what: "unknown entry point", got: entryPoint, allowed: "run, enter, stop, gc" });
  }
}

function nameOf(text: string): Flavour["name"] {
  const names = ["oci", "host", "fly", "kvm"] as const;
  const name = names.find((each) => each === text);
  if (name === undefined) throw new Fault({ what: "unknown flavour", got: text, allowed: names.join(", ") });
  return name;
}

/** Fly has the host's network, whatever it is told, as rkt's has. */
async function networkFor(
  flavour: Flavour,
  folder: string,
  manifest: PodManifest,
  args: RunArguments,
  report: EngineContext["report"],
): Promise<PodNetwork> {
  if (flavour.name === "fly" || args.net === "host") return { kind: "host" };
  return networkingWith(folder, args.localConfiguration, report).setUp(folder, args.uuid, {
    networks: parseNetworks(args.net === "" || args.net === "true" ? "default" : args.net),
    ports: forwardedPorts(manifest),
  });
}

function networkingWith(folder: string, local: string, report: EngineContext["report"]): Networking {
  return openNetworking({
    // <data>/pods/run/<uuid>
    folders: { data: `${folder}/../../..`, system: "/usr/lib/rkt", local, library: "/usr/lib/rkt" },
    configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1: {} },
    insecure: nothingInsecure,
    trustKeysFromHttps: false,
    debug: false,
    report,
  });
}

function uuidIn(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}

function say(text: string): void {
  process.stderr.write(`stage1: ${text}\n`);
}

// No await at the top of the file: it is bundled as CommonJS, which knows none.
main(process.argv.slice(2)).catch((error: unknown) => {
  say(error instanceof Fault ? error.message : messageOf(error));
  process.exitCode = couldNotRun;
});
