/** The units of a pod beside its apps': what starts them all, and how the pod ends. */
import { unitText, type Setting } from "./unitText.ts";

const alone: Setting = ["DefaultDependencies", "no"];

/**
 * Files of /etc/systemd/system, without the apps' own. systemd reads no others in a pod. Services have a name that no app
 * can have.
 */
export function podUnits(apps: readonly string[]): ReadonlyMap<string, string> {
  const services = apps.map((app) => `${app}.service`).join(" ");
  const end: readonly Setting[] = [
    alone,
    ["Requires", "rkt_end.service"],
    ["After", "rkt_end.service"],
    ["AllowIsolate", "yes"],
  ];
  return new Map([
    [
      "pod.target",
      unitText({ Unit: [alone, ["Wants", `${services} rkt_ready.service rkt_finished.service`]] }),
    ],
    // In one transaction with the apps, and after none of them: it tells that they were started.
    [
      "rkt_ready.service",
      unitText({
        Unit: [alone],
        Service: [
          ["Type", "oneshot"],
          ["ExecStart", "/bin/ln -sfn ready /rkt/supervisor-status"],
          // There is no journal, and systemd would say so where the apps talk.
          ["StandardOutput", "null"],
          ["StandardError", "null"],
        ],
      }),
    ],
    // Starts when every app has ended, and ends the pod. Without a failure that is with code 0.
    [
      "rkt_finished.service",
      unitText({
        Unit: [
          alone,
          ["After", services],
          ["Conflicts", "shutdown.target"],
          ["Before", "shutdown.target"],
          ["SuccessAction", "exit-force"],
        ],
      }),
    ],
    ["shutdown.target", unitText({ Unit: [alone, ["RefuseManualStart", "yes"]] })],
    // Whoever asks the pod to halt, and an app that fails, comes here: first the apps are stopped.
    [
      "rkt_end.service",
      unitText({
        Unit: [
          alone,
          ["Requires", "shutdown.target"],
          ["After", "shutdown.target"],
          ["SuccessAction", "exit-force"],
        ],
      }),
    ],
    ...["exit", "halt", "poweroff", "reboot"].map((name): [string, string] => [
      `${name}.target`,
      unitText({ Unit: end }),
    ]),
  ]);
}

/**
 * What runs when an app has ended: writes its exit code where the published interface wants it, and ends the pod with
 * the code of the first app that failed.
 */
export const recordScript = `#!/bin/sh
# usage: record APP, with EXIT_CODE, EXIT_STATUS and SERVICE_RESULT as systemd sets them
if [ "$EXIT_CODE" = exited ]; then
  code=$EXIT_STATUS
else
  code=$((128 + $(/bin/kill -l "\${EXIT_STATUS:-TERM}")))
fi
case $EXIT_CODE-$code in
  exited-200) echo "stage1: app \\"$1\\": its working directory cannot be used" >/dev/console ;;
  exited-203) echo "stage1: app \\"$1\\": its program cannot be executed" >/dev/console ;;
esac
if [ "$SERVICE_RESULT" = oom-kill ]; then
  echo "stage1: app \\"$1\\": ended by the kernel, since it has used up its memory" >/dev/console
fi
printf '%s' "$code" >"/rkt/status/.$1" && mv "/rkt/status/.$1" "/rkt/status/$1"
if [ "$code" != 0 ] && ln -s "$code" /rkt/failed 2>/dev/null; then
  systemctl --no-block exit "$code" 2>/dev/null
fi
exit 0
`;
