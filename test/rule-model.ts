import type { readLabelledValues } from '../src/embedded-model/rules.js';
import type { QuireOptions } from '../src/index.js';
import { Provider, type Call, type Fault, type Field, type ReceivedPage } from './provider.js';

/** The name it is asked for by. */
export const RULE_MODEL = 'example-model';

/**
 * A model service that reads labelled values by rule, as the embedded model does, and fails, waits and errs as it is
 * told.
 */
export class RuleModel {
  readonly provider: Provider;
  /** What it makes of a page's fields instead. */
  errs: (fields: Field[], page: ReceivedPage, call: Call) => Field[] = (fields) => fields;
  fails: (call: Call) => Fault | undefined = () => undefined;
  /** Milliseconds until an answer, or what is waited for before it. */
  waits: (call: Call) => number | Promise<unknown> = () => 0;

  private constructor(provider: Provider, read: typeof readLabelledValues) {
    this.provider = provider;
    provider.behaviour = {
      read: (page, call) => this.errs(read(page.text), page, call),
      fault: (call) => this.fails(call),
      delay: (call) => this.waits(call),
    };
  }

  /** @param read of the build, or of the sources, whichever runs */
  static async start(read: typeof readLabelledValues): Promise<RuleModel> {
    return new RuleModel(await Provider.start({ read: () => [] }), read);
  }

  get calls(): readonly Call[] {
    return this.provider.calls;
  }

  /** What Quire is given to ask it. */
  get options(): Required<Pick<QuireOptions, 'openai' | 'model'>> {
    const { completions } = this.provider.client().chat;
    const create = (request: object, options?: object) =>
      completions.create({ ...request, model: 'test-model' } as never, options);
    return { openai: { chat: { completions: { create } } }, model: RULE_MODEL };
  }

  close(): Promise<void> {
    return this.provider.close();
  }
}
