import { map, text } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";

export const imageSpec = message({
  image: text(1),
  annotations: map(2),
  userSpecifiedImage: text(18),
  runtimeHandler: text(19),
  imageRef: text(20),
});
