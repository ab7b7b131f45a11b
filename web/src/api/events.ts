/** The events of a job, continued where the last connection ended. */
import { ask, Refused } from "./client";

export interface JobEvent {
  number: number | null;
  kind: string;
  data: Record<string, unknown>;
}

const WAIT_MS = [300, 1000, 2000];

/**
 * Call `heard` for every event until the job has ended, and reconnect if the connection breaks.
 * @param connected is called with whether the service answers.
 */
export async function follow(
  job: string,
  heard: (event: JobEvent) => void,
  connected: (answers: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = 0;
  let tries = 0;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = last ? { "last-event-id": String(last) } : {};
      const answer = await ask(`jobs/${job}/events`, { headers, signal });
      connected(true);
      tries = 0;
      if (answer.status === 204 || !answer.body) return;
      let ended = false;
      for await (const event of events(answer.body as ReadableStream<Uint8Array<ArrayBuffer>>)) {
        last = event.number ?? last;
        ended = ["done", "failed", "cancelled"].includes(event.kind);
        heard(event);
      }
      if (ended) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status < 500) throw error;
      connected(false);
    }
    await new Promise((done) => setTimeout(done, WAIT_MS[Math.min(tries++, 2)]));
  }
}

async function* events(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<JobEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r\n", "\n");
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data:"));
      if (data) yield JSON.parse(data.slice(5)) as JobEvent;
    }
  }
}
