import type { EngineContext } from "../context.ts";
import { insecureOptionNames, type InsecureOptions } from "../insecureOptions.ts";
import { appcVersion } from "../pods/manifestOfPod.ts";
import type { ApiInfo } from "./replies.ts";

/** Whose model the engine carries on: clients ask for a least version of it. */
const MODEL = "1.30.0";
const API = "1.0.0-alpha";

/** What a client calls `rkt` with, to mean the same pods and images as this service. */
export function apiInfo(context: EngineContext, engineVersion: string): ApiInfo {
  const { folders, insecure, trustKeysFromHttps } = context;
  return {
    // Behind the plus stands who it is; a version's precedence does not depend on it.
    rktVersion: `${MODEL}+rktnetes.${engineVersion.replace(/[^0-9A-Za-z.-]/g, ".")}`,
    appcVersion,
    apiVersion: API,
    globalFlags: {
      dir: folders.data,
      systemConfigDir: folders.system,
      localConfigDir: folders.local,
      userConfigDir: folders.user ?? "",
      insecureFlags: namesOf(insecure),
      trustKeysFromHttps,
    },
  };
}

function namesOf(insecure: InsecureOptions): string {
  const off = insecureOptionNames.filter((name) => isOption(insecure, name) && insecure[name]);
  return off.length === 0 ? "none" : off.join(",");
}

function isOption(insecure: InsecureOptions, name: string): name is keyof InsecureOptions {
  return Object.hasOwn(insecure, name);
}
