/** Users, directories and kernel settings of a role. */
import { sh } from "../../remote/quote.ts";
import type { HostWork } from "../../remote/work.ts";
import type { Plan, Removal, UserStep } from "../plan.ts";
import { sysctlPath } from "../survey.ts";

export async function makeUsers(work: HostWork, users: readonly UserStep[]): Promise<void> {
  if (users.length === 0) return;
  await work.step(
    `makes users ${users.map((user) => user.name).join(", ")}`,
    users.map(userScript).join("\n"),
    { remedy: "supplementary groups must exist on the host, or come with a package of the role" },
  );
}

function userScript(user: UserStep): string {
  const script: string[] = [];
  if (user.createGroup)
    script.push(sh`getent group ${user.name} >/dev/null || groupadd --system ${user.name}`);
  if (user.create) {
    script.push(
      sh`getent passwd ${user.name} >/dev/null || useradd --system --gid ${user.name} --home-dir ${user.home} --no-create-home --shell ${user.shell} ${user.name}`,
    );
  } else {
    script.push(sh`usermod --home ${user.home} --shell ${user.shell} ${user.name}`);
  }
  if (user.groups.length > 0)
    script.push(sh`usermod --append --groups ${user.groups.join(",")} ${user.name}`);
  return script.join("\n");
}

export function removeUsersScript(users: Removal["users"]): string[] {
  return users.flatMap(({ name, entry }) => {
    const script: string[] = [];
    if (entry.created) {
      // userdel also removes the user's own group when nobody else is in it.
      script.push(sh`if getent passwd ${name} >/dev/null; then userdel --force ${name} 2>/dev/null; fi`);
    } else if (entry.before !== undefined) {
      const { home, shell, groups } = entry.before;
      script.push(sh`usermod --home ${home} --shell ${shell} --groups ${groups.join(",")} ${name}`);
    }
    if (entry.groupCreated) script.push(sh`if getent group ${name} >/dev/null; then groupdel ${name}; fi`);
    return script;
  });
}

export async function makeDirectories(work: HostWork, directories: Plan["directories"]): Promise<void> {
  if (directories.length === 0) return;
  const script = directories.map(
    ({ path, mode, owner, group }) =>
      sh`if [ -d ${path} ]; then chown ${`${owner}:${group}`} ${path}; chmod ${mode} ${path}; else install -d -m ${mode} -o ${owner} -g ${group} -- ${path}; fi`,
  );
  await work.step(`makes ${counted(directories.length, "directory", "directories")}`, script.join("\n"), {
    remedy:
      "owners must be users of the host or of the role; a file in a directory's place must be moved away",
  });
}

export async function setSysctls(work: HostWork, sysctls: Plan["sysctls"]): Promise<void> {
  if (sysctls.length === 0) return;
  await work.step(`sets ${sysctls.map(({ key }) => key).join(", ")}`, sysctls.map(sysctlScript).join("\n"), {
    remedy:
      "the setting may need a kernel module (modprobe br_netfilter for net.bridge.*), or be read-only in a container",
  });
}

export function sysctlScript({ key, value }: { readonly key: string; readonly value: string }): string {
  return sh`printf '%s\\n' ${value} >${sysctlPath(key)} || { printf 'cannot set %s to %s\\n' ${key} ${value} >&2; exit 1; }`;
}

export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
