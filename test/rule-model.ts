import type { readLabelledValues } from '../src/embedded-model/rules.js';
import { Provider, type Call, type Fault, type Field, type ReceivedPage } from './provider.js';

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

  private constructor(provider: Provider) {
    this.provider = provider;
  }

  static async start(read: typeof readLabelledValues): Promise<RuleModel> {
    const model: RuleModel = new RuleModel(
      await Provider.start({
        read: (page, call) => model.errs(read(page.text), page, call),
        fault: (call) => model.fails(call),
        delay: (call) => model.waits(call),
      }),
    );
    return model;
  }
}
