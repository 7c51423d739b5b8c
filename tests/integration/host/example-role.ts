/** A role that has something of every kind, small enough to come and go in a second. */
import { Secret, type Properties } from "../../../provider/protocol/value.ts";

export const SECRET_TEXT = "kept-private-0f3a9c\n";

export function exampleRole(host: string, connection: Properties, claim: string): Properties {
  return {
    host,
    role: "example",
    connection,
    claim,
    packages: { tree: "" },
    users: { example: { home: "/var/lib/example", groups: ["adm"] } },
    directories: {
      "/var/lib/example": { mode: "0700", owner: "example", group: "example", removeContents: true },
      "/etc/example": {},
    },
    files: {
      "/etc/example/one.conf": { content: "maxPods: 110\nother: 1\n" },
      "/etc/example/two.conf": { content: "two\n", mode: "0640", group: "example" },
      "/etc/example/deep/er/three.conf": { content: "three\n" },
      "/etc/example/secret": { content: new Secret(SECRET_TEXT), mode: "0600", owner: "example" },
      "/usr/local/bin/example": { target: "/usr/bin/sleep" },
      // Was there before: comes back when the role goes.
      "/etc/motd": { content: "This host serves an example.\n" },
    },
    sysctls: { "net.ipv4.conf.all.rp_filter": "2" },
    units: {
      "example-one.service": service("one", ["/etc/example/one.conf"]),
      "example-two.service": service("two", []),
      "example-once.service": {
        sections: {
          Unit: { Description: "Runs once" },
          Service: {
            Type: "oneshot",
            RemainAfterExit: true,
            ExecStart: "/bin/sh -c 'echo made >/var/lib/example/made'",
          },
          Install: { WantedBy: "multi-user.target" },
        },
        state: "ran",
      },
    },
    probes: { made: { command: ["test", "-e", "/var/lib/example/made"], unit: "example-once.service" } },
    teardown: [["rm", "-f", "/var/lib/example/made"]],
  };
}

function service(name: string, restartOn: readonly string[]): Properties {
  return {
    sections: {
      Unit: { Description: `Example ${name}` },
      Service: { ExecStart: "/usr/local/bin/example 100000", User: "example", Restart: "on-failure" },
      Install: { WantedBy: "multi-user.target" },
    },
    restartOn,
  };
}
