/** What the workloads serve, asked for like any client would. */
import { request } from "node:http";

/** A request over a connection of its own, so that every one is placed anew. */
export function fetchText(url: string, milliseconds = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: milliseconds }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8").trim();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url} answered ${String(response.statusCode)}: ${text}`));
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`${url} did not answer in ${milliseconds} ms`)));
    asked.on("error", reject);
    asked.end();
  });
}

/** How often each answer came, over so many requests. */
export async function tally(url: string, requests: number, atOnce = 10): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const answer = await fetchText(url);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return answers;
}
