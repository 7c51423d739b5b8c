/** A stack's configuration of the engine, its credentials kept apart as secrets. */
import * as pulumi from "@pulumi/pulumi";
import type { EngineConfig } from "../../config/schema.ts";
import type { PackageSource } from "./EnginePackage.ts";
import type { EngineSettings } from "./settings.ts";

export interface ConfiguredEngine {
  readonly source: PackageSource;
  /** What the package calls itself. */
  readonly packageName: string;
  readonly settings: EngineSettings;
  readonly texts: Readonly<Record<string, pulumi.Output<string>>>;
}

/** Undefined where no engine is to be installed. `builtPackages` is the folder of `make package`. */
export function configuredEngine(config: EngineConfig, builtPackages: string): ConfiguredEngine | undefined {
  if (!config.install) return undefined;
  const { package: source, credentials, trustedKeys, networks, stage1, data, collectGarbage } = config;
  const texts: Record<string, pulumi.Output<string>> = {};
  for (const { name, username, password } of credentials) {
    texts[`engine-user:${name}`] = pulumi.secret(JSON.stringify(username));
    texts[`engine-password:${name}`] = pulumi.secret(JSON.stringify(password));
  }
  return {
    source: source === undefined ? { build: builtPackages } : given(source),
    packageName: source?.historical === true ? "rkt" : "rktnetes-engine",
    settings: {
      credentials: credentials.map(({ name, domains, registries }) => ({ name, domains, registries })),
      trustedKeys: trustedKeys.map(({ key, fingerprint, prefix }) => ({
        key,
        fingerprint: fingerprint.toLowerCase(),
        ...(prefix === undefined ? {} : { prefix }),
      })),
      networks,
      collectGarbage,
      ...(stage1 === undefined ? {} : { stage1: given(stage1) }),
      ...(data === undefined ? {} : { data }),
    },
    texts,
  };
}

/** Without what was not given: an undefined input is not the same as none. */
function given<T extends object>(fields: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
