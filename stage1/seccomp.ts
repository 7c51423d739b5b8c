import { seccompSet } from "../engine/appc/isolators.ts";
import type { App } from "../engine/appc/imageManifest.ts";
import { Fault } from "../errors/fault.ts";

/** A filter as a flavour enforces it: all calls but these, or none but these. */
export interface SeccompFilter {
  readonly mode: "retain" | "remove";
  readonly syscalls: readonly string[];
  /** What a call that is not allowed gets; the process is ended where there is none. */
  readonly errno: string;
}

/** Calls that change the machine and not the app: what an app may not do where nobody says anything. */
const machineCalls: readonly string[] = [
  ..."acct add_key bpf clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module delete_module".split(
    " ",
  ),
  ..."finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter".split(
    " ",
  ),
  ..."io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie".split(
    " ",
  ),
  ..."mbind migrate_pages mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl".split(" "),
  ..."open_by_handle_at open_tree perf_event_open personality pivot_root process_madvise process_vm_readv".split(
    " ",
  ),
  ..."process_vm_writev ptrace query_module quotactl quotactl_fd reboot request_key set_mempolicy setns".split(
    " ",
  ),
  ..."settimeofday stime swapoff swapon _sysctl sysfs umount umount2 unshare uselib userfaultfd ustat".split(
    " ",
  ),
  ..."vm86 vm86old".split(" "),
];

/** Sets that have a name. `@…/all` has no list: it stands for every call there is. */
const namedSets: Readonly<Record<string, readonly string[]>> = {
  "@rkt/default-blacklist": machineCalls,
  "@rktnetes/machine": machineCalls,
  "@appc.io/empty": [],
};

const everything: ReadonlySet<string> = new Set(["@appc.io/all"]);

const DEFAULT_ERRNO = "EPERM";

/** The filter that an app's isolators ask for; undefined for no filter. */
export function seccompFilterOf(app: App, unrestricted: boolean): SeccompFilter | undefined {
  if (unrestricted) return undefined;
  const asked = seccompSet(app.isolators);
  if (asked === undefined) return { mode: "remove", syscalls: machineCalls, errno: DEFAULT_ERRNO };
  const { mode, set, errno } = asked;
  const where = `os/linux/seccomp-${mode}-set`;
  const syscalls = new Set<string>();
  for (const name of set) {
    if (everything.has(name)) {
      // To keep every call is no filter; to remove every call would leave nothing that could start.
      if (mode === "retain") return undefined;
      throw new Fault({ what: "no app can start without any system call", where, got: name });
    }
    if (!name.startsWith("@")) {
      syscalls.add(name);
      continue;
    }
    const named = namedSets[name];
    if (named === undefined) {
      throw new Fault({
        what: "unknown set of system calls",
        where,
        got: name,
        allowed: [...Object.keys(namedSets), ...everything].join(", "),
        remedy: "name the system calls one by one, or one of the sets above",
      });
    }
    for (const call of named) syscalls.add(call);
  }
  if (mode === "remove" && syscalls.size === 0) return undefined;
  return { mode, syscalls: [...syscalls].sort(), errno: errno ?? DEFAULT_ERRNO };
}
