import type { EngineConfiguration } from "./configuration.ts";

/** The configuration as files of it would say it: an entry for each domain and registry, in their order. */
export function showConfiguration(configuration: EngineConfiguration, indent?: string): string {
  const head = (rktKind: string): object => ({ rktVersion: "v1", rktKind });
  const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1);
  const { paths, stage1 } = configuration;
  const stage0 = [
    ...[...configuration.auth].sort(byName).map(([domain, { type, ...credentials }]) => ({
      ...head("auth"),
      domains: [domain],
      type,
      credentials,
    })),
    ...[...configuration.dockerAuth].sort(byName).map(([registry, credentials]) => ({
      ...head("dockerAuth"),
      registries: [registry],
      credentials,
    })),
    { ...head("paths"), data: paths.data ?? "", "stage1-images": paths.stage1Images ?? "" },
    {
      ...head("stage1"),
      name: stage1.name ?? "",
      version: stage1.version ?? "",
      location: stage1.location ?? "",
    },
  ];
  return JSON.stringify({ stage0 }, undefined, indent);
}
