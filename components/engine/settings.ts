/** What a host's engine is told, as plain data; credentials stand in it by name only. */

export interface EngineSettings {
  /** Registries (`registries`) or sites of ACIs (`domains`) that ask who comes. */
  readonly credentials: readonly {
    readonly domains: readonly string[];
    readonly registries: readonly string[];
    /** Names the references `engine-user:NAME` and `engine-password:NAME`, whose values are parts of JSON. */
    readonly name: string;
  }[];
  readonly trustedKeys: readonly TrustedKey[];
  readonly networks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly stage1?: { readonly name?: string; readonly version?: string; readonly location?: string };
  readonly data?: string;
  readonly collectGarbage: boolean;
}

export interface TrustedKey {
  /** Armored. */
  readonly key: string;
  /** Lower case; the name of its file. */
  readonly fingerprint: string;
  /** Of the images that it may sign; absent for all. */
  readonly prefix?: string;
}
