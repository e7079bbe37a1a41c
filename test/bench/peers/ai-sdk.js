import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, Output } from 'ai';
import pLimit from 'p-limit';
import { answerSchema } from './answer.js';

/**
 * `generateText` with `Output.object`, which retries as it does by default: twice, after 2 s and 4 s. It has no limit
 * of calls at once of its own.
 */
export function openAiSdk(baseURL) {
  const service = createOpenAICompatible({
    name: 'bench',
    apiKey: 'bench',
    baseURL,
    supportsStructuredOutputs: true,
  });
  const model = service('bench-model');
  return (calls, atOnce) => {
    const limit = pLimit(atOnce);
    return Promise.all(calls.map((call) => limit(() => answerTo(model, call))));
  };
}

async function answerTo(model, { instruction, message, pages }) {
  try {
    const { output } = await generateText({
      model,
      system: instruction,
      prompt: message,
      output: Output.object({ schema: answerSchema(pages) }),
    });
    return output;
  } catch {
    // The document's other pages are read all the same.
    return undefined;
  }
}
