/** What Debian is told of the package. */
import type { Architecture } from "./architecture.ts";

export const packageName = "rktnetes-engine";

/** Each with what it is called for; what is essential (coreutils, gzip, tar, util-linux) is not named. */
const depends = [
  "adduser", // groups rkt and rkt-admin
  "attr", // capabilities of images' programs
  "bzip2", // images that are compressed so
  "conmon", // keeps an app's terminal and exit code
  "containernetworking-plugins", // pods' networks
  "crun", // runs an app
  "dbus", // a pod's scope under systemd
  "iproute2", // network namespaces
  "libc6 (>= 2.28)",
  "libgcc-s1",
  "libstdc++6",
  "mount",
  "nftables | iptables", // masquerading and forwarded ports
  "procps",
  "systemd",
  "xz-utils", // images that are compressed so
];
const recommends = [
  "ca-certificates", // images over https
  "systemd-container", // the host flavour
];
const suggests = [
  "qemu-system-x86 | qemu-system-arm", // the kvm flavour
];

export function controlText(version: string, architecture: Architecture): string {
  return `Package: ${packageName}
Version: ${version}
Architecture: ${architecture}
Maintainer: Rktnetes <rktnetes@localhost.localdomain>
Section: admin
Priority: optional
Depends: ${depends.join(", ")}
Recommends: ${recommends.join(", ")}
Suggests: ${suggests.join(", ")}
Provides: rkt
Conflicts: rkt
Replaces: rkt
Description: rkt-compatible container engine for pods of signed images
 An engine of the rkt model, made for current systemd, cgroups v1 and v2 and
 current Kubernetes: images run only when somebody trusted has signed them,
 pods are plain children of the process that ran them, and each pod chooses
 its isolation. It takes rkt's commands, flags and configuration files.
 .
 This is not upstream's rkt, which is archived, and shares no code with it. It
 brings along its own Node.js.
`;
}

export function copyrightText(notice: string): string {
  return `${notice.trim()}

On Debian systems, the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.

/usr/lib/rkt/bin/node is Node.js as its project publishes it; its licence is in
node-licence.gz beside this file. /usr/lib/rkt/engine holds code of other
projects too; theirs are in bundled-licences.gz.

Among them is OpenPGP.js (https://openpgpjs.org), unchanged, which is used under
the GNU Lesser General Public License, version 3 or any later version; on Debian
systems the licences are in /usr/share/common-licenses/LGPL-3 and GPL-3. Its
version stands in package-lock.json of the project's tree. With another version,
or with your own, in node_modules there, "make package" builds this package anew:
whoever has this package may change that library in it, and may take the engine
apart to see what goes wrong with such a change.
`;
}

export function changelogText(version: string, time: number): string {
  return `${packageName} (${version}) unstable; urgency=medium

  * Built from the project's tree; its CHANGELOG.md tells what users notice.

 -- Rktnetes <rktnetes@localhost.localdomain>  ${new Date(time * 1000).toUTCString().replace("GMT", "+0000")}
`;
}
