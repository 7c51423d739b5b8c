/** The package's units, each with the subcommand that it runs: a unit is shipped when there is one. */
interface ShippedUnit {
  readonly name: string;
  readonly subcommand: string;
}

export const units: readonly ShippedUnit[] = [
  { name: "rkt-gc.timer", subcommand: "gc" },
  { name: "rkt-gc.service", subcommand: "gc" },
  { name: "rkt-metadata.socket", subcommand: "metadata-service" },
  { name: "rkt-metadata.service", subcommand: "metadata-service" },
  { name: "rkt-api-tcp.socket", subcommand: "api-service" },
  { name: "rkt-api.service", subcommand: "api-service" },
];
