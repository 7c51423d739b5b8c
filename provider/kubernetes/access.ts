/** How to reach one API server as one user. */
export interface ClusterAccess {
  readonly server: URL;
  /** PEM of the authorities that may sign the server's certificate; the system's when undefined. */
  readonly authority: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
  readonly token: string | undefined;
  readonly basic: { readonly username: string; readonly password: string } | undefined;
  /** The name to expect in the server's certificate instead of the address's. */
  readonly serverName: string | undefined;
  readonly insecure: boolean;
  /** The namespace of the kubeconfig's context. */
  readonly namespace: string | undefined;
}
