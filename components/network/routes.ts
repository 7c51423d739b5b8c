/** Routes to the other nodes' pods: the one thing on a host that a further host changes. */
import { NEVER_GIVE_UP } from "../host/hardening.ts";
import type { RoleState } from "../host/role-state.ts";
import { LAYOUT } from "../node/layout.ts";
import type { ClusterPlan, NodePlan } from "../cluster/plan.ts";

const ROUTES = "/etc/rktnetes/routes";
const SCRIPT = `${LAYOUT.libexec}/pod-routes`;
/** Marks our routes, so that those of a node that left are found. */
const PROTOCOL = 152;

/** Undefined when there is no other node. */
export function routesState(plan: ClusterPlan, node: NodePlan): RoleState | undefined {
  const others = plan.nodes.filter((other) => other.name !== node.name);
  if (others.length === 0) return undefined;
  return {
    files: {
      [ROUTES]: { content: others.map((other) => `${other.podCidr} via ${other.address}\n`).join("") },
      [SCRIPT]: { content: script(), mode: "0755" },
    },
    units: {
      "rktnetes-routes.service": {
        sections: {
          Unit: {
            Description: "Routes to the pods of the other nodes",
            After: "network-online.target",
            Wants: "network-online.target",
            ...NEVER_GIVE_UP,
          },
          Service: {
            Type: "oneshot",
            RemainAfterExit: true,
            ExecStart: `${SCRIPT} set`,
            ExecStop: `${SCRIPT} clear`,
            Restart: "on-failure",
            RestartSec: 2,
          },
          Install: { WantedBy: "multi-user.target" },
        },
        state: "ran",
        restartOn: [ROUTES, SCRIPT],
      },
    },
  };
}

function script(): string {
  return `#!/bin/bash
# Sets or clears the routes listed in ${ROUTES}.
set -eu
ip route flush proto ${PROTOCOL}
if [ "$1" = set ]; then
  while read -r route; do
    # shellcheck disable=SC2086 # the words of a route
    ip route replace $route proto ${PROTOCOL}
  done < ${ROUTES}
fi
`;
}
