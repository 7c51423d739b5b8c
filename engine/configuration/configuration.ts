/** What the configuration folders say together; a later folder overrides an earlier one entry by entry. */
export interface EngineConfiguration {
  /** Credentials for ACI discovery and download, by domain. */
  readonly auth: ReadonlyMap<string, DomainCredentials>;
  /** Credentials for OCI registries, by registry. */
  readonly dockerAuth: ReadonlyMap<string, BasicCredentials>;
  readonly paths: { readonly data?: string; readonly stage1Images?: string };
  readonly stage1: { readonly name?: string; readonly version?: string; readonly location?: string };
}

export type DomainCredentials =
  | ({ readonly type: "basic" } & BasicCredentials)
  | { readonly type: "oauth"; readonly token: string }
  | {
      readonly type: "aws";
      readonly accessKeyID: string;
      readonly secretAccessKey: string;
      readonly awsRegion?: string;
    };

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}
