/** An Unleash client whose flags are flipped in the process, without a server. */
export class SwitchedFlags {
  readonly #payloads = new Map<string, string>();

  /** @param payload undefined turns it off */
  flip(flag: string, payload: object | undefined): void {
    if (payload) this.#payloads.set(flag, JSON.stringify(payload));
    else this.#payloads.delete(flag);
  }

  getVariant(flag: string) {
    const payload = this.#payloads.get(flag);
    return payload === undefined
      ? { enabled: false, feature_enabled: false }
      : { enabled: true, feature_enabled: true, payload: { type: 'json', value: payload } };
  }

  getFeatureToggleDefinition(flag: string) {
    const payload = this.#payloads.get(flag);
    const variants =
      payload === undefined ? [] : [{ name: 'batch', payload: { type: 'json', value: payload } }];
    const strategies = [{ name: 'flexibleRollout', parameters: { rollout: '100' }, variants }];
    return { name: flag, enabled: payload !== undefined, strategies };
  }

  isSynchronized(): boolean {
    return true;
  }

  on(): this {
    return this;
  }

  off(): this {
    return this;
  }
}
