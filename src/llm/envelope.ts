import { z } from 'zod';
import type { FailureReason } from './failure-reason.js';

/** What an answer holds: its text, or why there is none that can be used. */
export type Content = { text: string } | { fault: FailureReason } | { error: unknown };

const textual = z.string().nullish().catch(undefined);
const call = z.object({ function: z.object({ arguments: z.string() }) });
const message = z.object({
  content: z.unknown().optional(),
  refusal: textual,
  reasoning_content: textual,
  reasoning: textual,
  tool_calls: z.array(z.unknown()).nullish().catch(undefined),
  function_call: z.object({ arguments: z.string() }).nullish().catch(undefined),
});
const choice = z.object({
  finish_reason: textual,
  error: z.unknown().optional(),
  message: message.optional(),
});
const completion = z.object({
  error: z.unknown().optional(),
  choices: z.array(z.unknown()).nullish().catch(undefined),
  usage: z
    .object({
      completion_tokens_details: z.object({ reasoning_tokens: z.number() }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
});

/** The names under which services say that an answer is whole; all others, unknown ones too, say that it is not. */
const COMPLETE: ReadonlySet<string> = new Set(['stop', 'eos', 'end_turn', 'tool_calls', 'function_call', '']);
const AT_LIMIT: ReadonlySet<string> = new Set(['length', 'max_tokens', 'model_length']);

/**
 * Finds the text of an answer, wherever compatible services put it: in `content` as text or in parts, in a lone
 * tool call, beside an empty content as reasoning. An answer that is not called complete never counts as complete.
 */
export function contentOf(envelope: unknown): Content {
  const parsed = completion.safeParse(envelope);
  if (!parsed.success) return { fault: 'broken_envelope' };
  const { error, choices, usage } = parsed.data;
  const first = choice.safeParse(choices?.[0]).data;
  if (!first) return isError(error) ? { error } : { fault: 'broken_envelope' };
  if (isError(first.error)) return { error: first.error };
  if (!first.message) return { fault: 'broken_envelope' };
  if (first.message.refusal) return { fault: 'refused' };
  const finish = first.finish_reason?.toLowerCase() ?? '';
  if (finish === 'content_filter') return { fault: 'content_filter' };
  const text = textOf(first.message.content);
  if (AT_LIMIT.has(finish)) {
    const thought = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    const hasThought = thought > 0 || Boolean(first.message.reasoning_content ?? first.message.reasoning);
    return { fault: text.trim() === '' && hasThought ? 'reasoning_limit' : 'cut_off' };
  }
  if (!COMPLETE.has(finish)) return { fault: 'incomplete' };
  const found = [text, callArguments(first.message), reasoningOf(first.message)].find(
    (one) => one.trim() !== '',
  );
  return found === undefined ? { fault: 'broken_envelope' } : { text: found };
}

function isError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== '' && error !== false;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map(partText).join('');
}

/** Reasoning comes in parts of its own type, which are no answer. */
function partText(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
  const isAnswer = type === undefined || type === 'text' || type === 'output_text';
  return isAnswer && typeof text === 'string' ? text : '';
}

type Message = z.infer<typeof message>;

function callArguments({ tool_calls: calls, function_call: single }: Message): string {
  if (single) return single.arguments;
  const [only, ...more] = calls ?? [];
  return only !== undefined && more.length === 0 ? (call.safeParse(only).data?.function.arguments ?? '') : '';
}

function reasoningOf({ reasoning_content: content, reasoning }: Message): string {
  return content ?? reasoning ?? '';
}
