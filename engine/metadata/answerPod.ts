/** What pods may ask, as the App Container specification has it: /TOKEN/acMetadata/v1/… */
import type { Annotation, ImageManifest } from "../appc/imageManifest.ts";
import { serializeImageManifest, serializePodManifest } from "../appc/serialize.ts";
import type { Answer, Asked } from "./exchange.ts";
import { formFields } from "./form.ts";
import type { Identities } from "./Identities.ts";
import type { Registration, Registrations } from "./Registrations.ts";

export interface MetadataParts {
  readonly registrations: Registrations;
  readonly identities: Identities;
}

export function answerPod({ registrations, identities }: MetadataParts, asked: Asked): Answer {
  const [token = "", api, version, ...rest] = asked.path;
  if (api !== "acMetadata" || version !== "v1") return nothingThere;
  const pod = registrations.ofToken(token);
  if (pod === undefined) return { status: 401, body: "pod not found\n" };
  const [subject, ...what] = rest;
  if (subject === "pod" && what[0] === "hmac") {
    if (what.length !== 2 || (what[1] !== "sign" && what[1] !== "verify")) return nothingThere;
    if (asked.method !== "POST") return onlyBy("POST");
    return what[1] === "sign" ? signed(pod, identities, asked) : verified(identities, asked);
  }
  const answer =
    subject === "pod" ? aboutPod(pod, what) : subject === "apps" ? aboutApp(pod, what) : nothingThere;
  return answer !== nothingThere && asked.method !== "GET" ? onlyBy("GET") : answer;
}

const nothingThere: Answer = { status: 404, body: "there is nothing here\n" };

function onlyBy(method: string): Answer {
  return { status: 405, body: `only by ${method}\n`, headers: { allow: method } };
}

function aboutPod({ uuid, manifest }: Registration, [what, ...name]: readonly string[]): Answer {
  if (what === "annotations") return annotations(manifest.annotations, name, "Pod");
  if (name.length > 0) return nothingThere;
  if (what === "manifest") return json(serializePodManifest(manifest));
  return what === "uuid" ? text(uuid) : nothingThere;
}

function aboutApp({ manifest, images }: Registration, [appName, what, ...name]: readonly string[]): Answer {
  const app = manifest.apps.find((each) => each.name === appName);
  const image = app === undefined ? undefined : images.get(app.name);
  if (app === undefined || image === undefined) return { status: 404, body: "app not found\n" };
  if (what === "annotations") return annotations(merged(image, app.annotations), name, "App");
  if (what !== "image" || name.length !== 1) return nothingThere;
  if (name[0] === "manifest") return json(serializeImageManifest(image));
  return name[0] === "id" ? text(app.image.id) : nothingThere;
}

/** All of them, or the value of the one whose name the path goes on with; names have slashes. */
function annotations(list: readonly Annotation[], rest: readonly string[], whose: "Pod" | "App"): Answer {
  if (rest.length === 0) return json(JSON.stringify(list.map(({ name, value }) => ({ name, value }))));
  const wanted = rest.join("/");
  const found = list.find(({ name }) => name === wanted);
  return found === undefined
    ? { status: 404, body: `${whose} annotation ${JSON.stringify(wanted)} not found\n` }
    : text(found.value);
}

/** The app's own win over the image's. */
function merged(image: ImageManifest, own: readonly Annotation[]): readonly Annotation[] {
  const values = new Map([...image.annotations, ...own].map(({ name, value }) => [name, value]));
  return [...values].map(([name, value]) => ({ name, value }));
}

function signed({ uuid }: Registration, identities: Identities, asked: Asked): Answer {
  const content = fieldsOf(asked)?.get("content");
  if (content === undefined || content.length === 0) return mistake("content form value not found");
  return text(identities.sign(uuid, content).toString("base64"));
}

function verified(identities: Identities, asked: Asked): Answer {
  const fields = fieldsOf(asked);
  const uuid = fields?.get("uuid")?.toString("latin1") ?? "";
  const content = fields?.get("content");
  const signature = fields?.get("signature")?.toString("latin1") ?? "";
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) {
    return mistake("uuid field missing or malformed");
  }
  if (content === undefined || content.length === 0) return mistake("content field missing");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return mistake("signature field missing or corrupt");
  return { status: identities.verify(uuid, content, Buffer.from(signature, "base64")) ? 200 : 403 };
}

/** Of the body, and of the address where the body lacks them. */
function fieldsOf({ type, body, query }: Asked): ReadonlyMap<string, Buffer> | undefined {
  const isForm = /^application\/x-www-form-urlencoded *(;|$)/i.test(type);
  return formFields([...(isForm ? [body.toString("latin1")] : []), query].join("&"));
}

function mistake(body: string): Answer {
  return { status: 400, body: `${body}\n` };
}

function text(body: string): Answer {
  return { status: 200, type: "text/plain; charset=us-ascii", body };
}

function json(body: string): Answer {
  return { status: 200, type: "application/json", body };
}
