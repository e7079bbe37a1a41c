/** An event as a client gets it. */
export interface SentEvent {
  number: number;
  at: string;
  type: string;
  [field: string]: unknown;
}

/** Reads server-sent events until the stream ends, or `most` of them have come: then the client hangs up. */
export async function streamed(
  url: string,
  {
    headers = {},
    after = 0,
    most = Infinity,
  }: { headers?: Record<string, string>; after?: number | undefined; most?: number } = {},
): Promise<{ status: number; events: SentEvent[]; hasEnded: boolean }> {
  const seen: Record<string, string> = after > 0 ? { 'last-event-id': String(after) } : {};
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...seen, ...headers },
  });
  const events: SentEvent[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data === undefined) continue;
      const event = JSON.parse(data) as SentEvent;
      if (!message.startsWith(`id: ${event.number}\nevent: ${event.type}\n`))
        throw new Error(`Wrong: ${message}`);
      events.push(event);
      // Leaving the loop ends the connection.
      if (events.length >= most) return { status: response.status, events, hasEnded: false };
    }
  }
  return { status: response.status, events, hasEnded: true };
}
