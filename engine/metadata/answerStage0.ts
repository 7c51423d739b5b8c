/** What a stage0 says, as upstream's does: PUT and DELETE /pods/UUID, PUT /pods/UUID/APP. Only root reaches it. */
import { messageOf } from "../../errors/fault.ts";
import { parseImageManifest } from "../appc/parseImageManifest.ts";
import { parsePodManifest } from "../appc/parsePodManifest.ts";
import type { Answer, Asked } from "./exchange.ts";
import { portHeader } from "./places.ts";
import type { Registrations } from "./Registrations.ts";

export function answerStage0(registrations: Registrations, port: number, asked: Asked): Answer {
  const [subject, uuid = "", app, ...rest] = asked.path;
  if (subject !== "pods" || rest.length > 0) return { status: 404, body: "there is nothing here\n" };
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid))
    return mistake("UUID is missing or malformed");
  if (asked.method === "DELETE" && app === undefined) {
    return registrations.remove(uuid) ? { status: 200 } : { status: 404, body: "pod not found\n" };
  }
  if (asked.method !== "PUT")
    return { status: 405, body: "only by PUT or DELETE\n", headers: { allow: "PUT, DELETE" } };
  try {
    return app === undefined
      ? addPod(registrations, uuid, port, asked)
      : addApp(registrations, uuid, app, asked);
  } catch (error) {
    return mistake(messageOf(error));
  }
}

function addPod(registrations: Registrations, uuid: string, port: number, { query, body }: Asked): Answer {
  const said = new URLSearchParams(query);
  const token = said.get("token") ?? "";
  const owner = said.get("owner");
  if (token === "") return mistake("token missing");
  const manifest = parsePodManifest(body.toString("utf8"));
  registrations.sweep();
  registrations.add({ uuid, token, manifest, ...(owner === null ? {} : { owner }) });
  return { status: 200, headers: { [portHeader]: String(port) } };
}

function addApp(registrations: Registrations, uuid: string, app: string, { body }: Asked): Answer {
  const image = parseImageManifest(body.toString("utf8"));
  return registrations.addImage(uuid, app, image)
    ? { status: 200 }
    : { status: 404, body: "Pod with given UUID not found, or it has no such app\n" };
}

function mistake(body: string): Answer {
  return { status: 400, body: `${body}\n` };
}
