import { z } from 'zod';
import type { ChatRequest } from './client.js';

/** Fewer tokens are too few to tell. */
const TELLING_TOKENS = 256;
/** No tokenizer needs fewer than one token for so many bytes of text. */
const MOST_BYTES_A_TOKEN = 8;

const count = z.number().nonnegative().nullish().catch(undefined);
const billed = z.object({
  usage: z.object({
    prompt_tokens: z.number().nonnegative(),
    // Some services count what was in their cache beside it.
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    prompt_tokens_details: z.object({ cached_tokens: count }).nullish().catch(undefined),
  }),
});

/**
 * Whether the service read only a part of what it was sent, as servers with a small context do without a word: it
 * counted far fewer tokens than the messages have. A run of one character is a token or two.
 */
export function isCut(envelope: unknown, { messages }: ChatRequest): boolean {
  const usage = billed.safeParse(envelope).data?.usage;
  if (!usage) return false;
  const cached = Math.max(
    (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    usage.prompt_tokens_details?.cached_tokens ?? 0,
  );
  const tokens = usage.prompt_tokens + (cached > usage.prompt_tokens ? cached : 0);
  if (tokens < TELLING_TOKENS) return false;
  const isFarBelow = (form: (text: string) => string) =>
    tokens * MOST_BYTES_A_TOKEN <
    messages.reduce((sum, { content }) => sum + Buffer.byteLength(form(content)), 0);
  // Runs are taken out only where that can matter: nearly every call is well without.
  return isFarBelow((text) => text) && isFarBelow(withoutRuns);
}

function withoutRuns(text: string): string {
  return text.replace(/(.)\1{2,}/gsu, '$1');
}
