import type { ImageRecord } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import type { Command } from "../command.ts";
import type { imageListFields, imageSortFields } from "../grammar/imageCommands.ts";
import { alignColumns } from "../output/columns.ts";
import { columnId } from "../output/imageId.ts";
import { jsonFormat, printJson } from "../output/json.ts";
import { sizeText } from "../output/size.ts";
import { timeAgo, wholeTime } from "../output/time.ts";
import { openStoreFor } from "../permissions.ts";

type Field = (typeof imageListFields)[number];
type SortField = (typeof imageSortFields)[number];

interface ListedImage {
  readonly id: string;
  /** With its version. */
  readonly name: string;
  readonly size: number;
  readonly importtime: number;
  readonly lastused: number;
}

const titles: Readonly<Record<Field, string>> = {
  id: "ID",
  name: "NAME",
  size: "SIZE",
  importtime: "IMPORT TIME",
  lastused: "LAST USED",
};

export const imageList: Command = async ({ flags, context, print, report }) => {
  const store = await openStoreFor(context());
  const listed: ListedImage[] = [];
  for (const record of await store.list()) {
    try {
      listed.push(await listedImage(store, record));
    } catch (error) {
      // One that cannot be read keeps none of the others from being listed.
      report.warn(error instanceof Error ? error.message : String(error));
    }
  }
  const images = sorted(
    listed,
    (flags.text("sort") ?? "importtime").split(","),
    flags.text("order") === "desc",
  );
  const format = jsonFormat(flags);
  if (format !== undefined) {
    print(printJson(images.map(imageJson), format));
    return 0;
  }
  const fields = (flags.text("fields")?.split(",") ?? Object.keys(titles)).filter(isField);
  const full = flags.flag("full");
  const rows = images.map((image) => fields.map((field) => cell(image, field, full)));
  const lines = alignColumns(
    flags.flag("no-legend") ? rows : [fields.map((field) => titles[field]), ...rows],
  );
  for (const line of lines) print(line);
  return 0;
};

async function listedImage(store: Store, record: ImageRecord): Promise<ListedImage> {
  const labels = record.kind === "aci" ? (await store.manifest(record.id)).labels : [];
  const version = labels.find(({ name }) => name === "version")?.value;
  return {
    id: record.id,
    name: version === undefined ? record.name : `${record.name}:${version}`,
    size: record.size,
    importtime: Date.parse(record.importTime),
    lastused: Date.parse(record.lastUsed),
  };
}

/** By the first field that tells two images apart. */
function sorted(
  images: readonly ListedImage[],
  fields: readonly string[],
  descending: boolean,
): readonly ListedImage[] {
  const keys = fields.filter(isSortField);
  return images.toSorted((one, other) => {
    const field = keys.find((each) => one[each] !== other[each]);
    if (field === undefined) return 0;
    return one[field] < other[field] === descending ? 1 : -1;
  });
}

function cell(image: ListedImage, field: Field, full: boolean): string {
  switch (field) {
    case "id":
      return full ? image.id : columnId(image.id);
    case "name":
      return image.name;
    case "size":
      return full ? String(image.size) : sizeText(image.size);
    case "importtime":
    case "lastused":
      return full ? wholeTime(image[field]) : timeAgo(image[field]);
  }
}

function imageJson({ id, name, size, importtime, lastused }: ListedImage): object {
  return { id, name, import_time: importtime * 1e6, last_used_time: lastused * 1e6, size };
}

function isField(text: string): text is Field {
  return Object.hasOwn(titles, text);
}

function isSortField(text: string): text is SortField {
  return text !== "id" && isField(text);
}
