/** What a unit of a state would run. */
import assert from "node:assert/strict";
import type { RoleState } from "../../components/host/role-state.ts";

export function commandOf(state: RoleState, unit: string): string {
  const command = state.units?.[unit]?.sections?.["Service"]?.["ExecStart"];
  assert.ok(typeof command === "string", `${unit} has no ExecStart`);
  return command;
}

/** The value of an option written as --name=value. */
export function optionOf(command: string, name: string): string | undefined {
  return command
    .split(/\s+/)
    .find((word) => word.startsWith(`--${name}=`))
    ?.slice(name.length + 3);
}
