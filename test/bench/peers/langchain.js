import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { RunnableLambda } from '@langchain/core/runnables';
import { ChatOpenAI } from '@langchain/openai';
import { answerSchema } from './answer.js';

/**
 * `withStructuredOutput(...).batch(...)`, which retries as it does by default: failed requests and answers that its
 * client cannot read, six times; an empty answer never.
 *
 * @param attempts how often a call is made in all, by `withRetry`, which asks again for an empty answer,
 *   too. Default: `withRetry` is left out.
 */
export function openLangchain(baseURL, attempts) {
  const model = new ChatOpenAI({ model: 'bench-model', apiKey: 'bench', configuration: { baseURL } });
  const made = new Map();
  const readerOf = (pages) => {
    const reader = made.get(pages) ?? structured(model, pages, attempts);
    made.set(pages, reader);
    return reader;
  };
  return async (calls, atOnce) => {
    // The document's other pages are read all the same.
    const given = [{ maxConcurrency: atOnce }, { returnExceptions: true }];
    const [first] = calls;
    const isEven = calls.every(({ pages }) => pages === first?.pages);
    const answers = isEven
      ? await readerOf(first?.pages).batch(calls.map(messagesOf), ...given)
      : // Calls about one page and about two have different schemas.
        await RunnableLambda.from((call) => readerOf(call.pages).invoke(messagesOf(call))).batch(
          calls,
          ...given,
        );
    return answers.map((answer) => (answer instanceof Error ? undefined : answer));
  };
}

function messagesOf({ instruction, message }) {
  return [new SystemMessage(instruction), new HumanMessage(message)];
}

function structured(model, pages, attempts) {
  const reader = model.withStructuredOutput(answerSchema(pages), { name: 'page_fields', strict: true });
  return attempts === undefined ? reader : reader.withRetry({ stopAfterAttempt: attempts });
}
