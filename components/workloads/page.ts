/** The walk-through's page: a file on a host that is there after every boot, /tmp or not. */
import type { RoleState } from "../host/role-state.ts";

export const PAGE_DIRECTORY = "/tmp/prueba";
export const PAGE_TEXT = "Hello world";
const KEPT = "/usr/local/share/rktnetes/index.html";
const TMPFILES = "/etc/tmpfiles.d/rktnetes-page.conf";

/** /tmp is emptied at boot and aged: the page is kept elsewhere, and put back by systemd-tmpfiles. */
export function pageState(): RoleState {
  return {
    directories: { "/usr/local/share/rktnetes": {}, [PAGE_DIRECTORY]: { removeContents: true } },
    files: {
      [KEPT]: { content: `${PAGE_TEXT}\n` },
      [`${PAGE_DIRECTORY}/index.html`]: { content: `${PAGE_TEXT}\n` },
      [TMPFILES]: {
        content: [
          `d ${PAGE_DIRECTORY} 0755 root root -`,
          `C ${PAGE_DIRECTORY}/index.html 0644 root root - ${KEPT}`,
          "",
        ].join("\n"),
      },
    },
  };
}
