import type { App } from "../engine/appc/imageManifest.ts";
import type { AppUser } from "./appUser.ts";

export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What an app finds in its environment: what appc promises every app, below what image and person set. */
export function environmentOf(app: {
  readonly name: string;
  readonly app: App;
  readonly user: AppUser;
  readonly metadataUrl?: string;
  readonly terminal: boolean;
}): ReadonlyMap<string, string> {
  return new Map<string, string>([
    ["PATH", defaultPath],
    ["SHELL", app.user.shell],
    ["USER", app.user.name],
    ["LOGNAME", app.user.name],
    ["HOME", app.user.home],
    ...(app.terminal ? ([["TERM", "xterm"]] as const) : []),
    ["container", "rkt"],
    ["AC_APP_NAME", app.name],
    ...(app.metadataUrl === undefined ? [] : ([["AC_METADATA_URL", app.metadataUrl]] as const)),
    ...app.app.environment.map(({ name, value }) => [name, value] as const),
  ]);
}
